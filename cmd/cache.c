/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/file.h"
#include "cmd/command.h"
#include "driver/sysroot.h"

#include <stdlib.h>
#include <string.h>

static int show(const struct command_options *options)
{
    struct sysroot_entry *entries;
    size_t count;
    char *cache = cache_directory();
    int result = sysroot_list(options->diag, false, &entries, &count);
    printf("%s\n", cache);
    for (size_t i = 0; i < count; i++)
        printf("%-8s %.12s  %-7s  %4llu MB  %s%s\n", entries[i].level, entries[i].key,
               entries[i].variant, entries[i].size >> 20, entries[i].rustc,
               entries[i].intact ? "" : "  (damaged)");
    if (count == 0)
        printf("empty\n");
    sysroot_entries_free(entries, count);
    free(cache);
    return result ? diag_exit_status(options->diag) : 0;
}

/* Removes what rexc put there and nothing else: the directory may be one that the user named. */
static int clean(const struct command_options *options)
{
    static const char *const ours[] = {"compiler", "sysroot", "tools.json"};
    char *cache = cache_directory();
    int result = 0;
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        char *path = path_join(cache, ours[i]);
        if (file_remove_tree(options->diag, path))
            result = -1;
        free(path);
    }
    if (result == 0 && !options->quiet)
        fprintf(stderr, "%s is empty\n", cache);
    free(cache);
    return result ? diag_exit_status(options->diag) : 0;
}

int command_cache(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {{NULL, 0, NULL, 0}};
    if (getopt_long(argc, argv, ":", known, NULL) != -1)
        return command_bad_option(options, "cache", argv, known);
    if (argc - optind > 1)
        return command_usage_error(options, "cache", "cache takes one word, show or clean");
    const char *what = optind < argc ? argv[optind] : "show";
    if (strcmp(what, "show") == 0)
        return show(options);
    if (strcmp(what, "clean") == 0)
        return clean(options);
    static const char *const words[] = {"show", "clean", NULL};
    const char *near = command_nearest(what, words);
    return command_usage_error(options, "cache", "cache takes show or clean, not '%s'%s%s", what,
                               near ? "; did you mean " : "", near ? near : "");
}
