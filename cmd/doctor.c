/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/file.h"
#include "cmd/command.h"
#include "cmd/print_json.h"
#include "driver/sysroot.h"
#include "driver/toolchain.h"
#include "runtime/loader/fitness.h"
#include "runtime/user/pcap_part.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdicts[] = {"ok", "missing", "mismatch"};

/* Building needs no kernel, so a kernel that does not fit is no error. */
static void print_kernel(const struct fitness *kernel, const char *good, const char *reset)
{
    printf("\n%s%-8s%s %-13s %s\n", kernel->fits ? good : "", kernel->fits ? "ok" : "no",
           kernel->fits ? reset : "", "kernel", kernel->release);
    if (kernel->problem)
        printf("%23s%s\n", "", kernel->problem);
    if (!kernel->fits)
        printf("%23srexc load does not work here; rexc run does\n", "");
    else
        printf("%23s%s\n", "",
               kernel->loaded ? "the module is loaded" : "it can take the module: modprobe rex");
}

static void print_text(const struct command_options *options,
                       const struct installation *installation, const struct toolchain *toolchain,
                       const struct fitness *kernel, const struct sysroot_entry *entries,
                       size_t count)
{
    const char *good = "", *bad = "", *reset = "";
    if (diag_uses_color(options->diag)) {
        good = "\033[1;32m";
        bad = "\033[1;31m";
        reset = "\033[0m";
    }
    printf("rexc %s: %s\n\n", REXC_VERSION, installation->executable);
    for (int i = 0; i < TOOL_COUNT; i++) {
        const struct tool *tool = &toolchain->tools[i];
        printf("%s%-8s%s %-13s %s\n", tool->verdict == TOOL_FITS ? good : bad,
               verdicts[tool->verdict], reset, tool->name, tool->path ? tool->path : "-");
        if (tool->version)
            printf("%23s%s\n", "", tool->version);
        if (tool->problem)
            printf("%23s%s\n%23sfix: %s\n", "", tool->problem, "", tool->remedy);
    }
    print_kernel(kernel, good, reset);
    char *cache = cache_directory();
    printf("\ncache: %s\n", cache);
    free(cache);
    for (size_t i = 0; i < count; i++)
        printf("%s%-8s%s %-8s %.12s  %-7s  %4llu MB  %s\n", entries[i].intact ? good : bad,
               entries[i].intact ? "ok" : "damaged", reset, entries[i].level, entries[i].key,
               entries[i].variant, entries[i].size >> 20, entries[i].rustc);
    if (count == 0)
        printf("         no sysroot yet: the first build makes it\n");
    for (size_t i = 0; i < count; i++)
        if (!entries[i].intact)
            printf("%23sfix: none needed, the next build makes it again; or rexc cache clean\n",
                   "");
}

static json_t *as_json(const struct toolchain *toolchain, const struct fitness *kernel,
                       const struct sysroot_entry *entries, size_t count)
{
    json_t *tools = json_array(), *sysroots = json_array();
    for (int i = 0; i < TOOL_COUNT; i++) {
        const struct tool *tool = &toolchain->tools[i];
        json_array_append_new(tools,
                              json_pack("{s:s,s:s?,s:s?,s:s,s:s?,s:s?}", "name", tool->name, "path",
                                        tool->path, "version", tool->version, "verdict",
                                        verdicts[tool->verdict], "problem", tool->problem, "fix",
                                        tool->verdict == TOOL_FITS ? NULL : tool->remedy));
    }
    for (size_t i = 0; i < count; i++)
        json_array_append_new(sysroots,
                              json_pack("{s:s,s:s,s:s,s:s,s:I,s:b}", "level", entries[i].level,
                                        "key", entries[i].key, "variant", entries[i].variant,
                                        "rustc", entries[i].rustc, "size",
                                        (json_int_t)entries[i].size, "intact", entries[i].intact));
    char *cache = cache_directory();
    json_t *all = json_pack("{s:i,s:s,s:o,s:{s:s,s:b,s:b,s:s?},s:s,s:o}", "format", 1, "rexc",
                            REXC_VERSION, "tools", tools, "kernel", "release", kernel->release,
                            "fits", kernel->fits, "loaded", kernel->loaded, "problem",
                            kernel->problem, "cache", cache, "sysroots", sysroots);
    free(cache);
    return all;
}

int command_doctor(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
    bool json = false;
    for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        if (c != 'j')
            return command_bad_option(options, "doctor", argv, known);
        json = true;
    }
    if (optind != argc)
        return command_usage_error(options, "doctor", "doctor takes no arguments, not '%s'",
                                   argv[optind]);

    struct installation installation;
    struct toolchain toolchain = {0};
    struct fitness kernel = {0};
    struct sysroot_entry *entries = NULL;
    size_t count = 0;
    int status = 0;
    /* Whether what librexpcap.so needs is there is told by loading it, and by nothing less. */
    if (installation_find(options->diag, &installation) ||
        !pcap_part_load(options->diag, installation.pcap)) {
        installation_free(&installation);
        return diag_exit_status(options->diag);
    }
    toolchain_probe(options->diag, &installation, options->verbose, options->dry_run, &toolchain);
    if (toolchain.unknown)
        goto done;
    if (sysroot_list(options->diag, true, &entries, &count))
        status = 3;
    fitness_find(&kernel);
    if (!json)
        print_text(options, &installation, &toolchain, &kernel, entries, count);
    else if (print_json(options->diag, as_json(&toolchain, &kernel, entries, count),
                        JSON_INDENT(2) | JSON_PRESERVE_ORDER))
        status = 3;
    for (int i = 0; i < TOOL_COUNT; i++)
        if (toolchain.tools[i].verdict != TOOL_FITS)
            status = 3;
done:
    fitness_free(&kernel);
    sysroot_entries_free(entries, count);
    toolchain_free(&toolchain);
    installation_free(&installation);
    return status;
}
