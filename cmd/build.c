/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/file.h"
#include "cmd/print_json.h"
#include "cmd/project_options.h"
#include "cmd/sign_options.h"
#include "runtime/abi/rex_abi.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_KEY = OPTION_OWN, OPTION_CERTIFICATE, OPTION_NO_SIGN, OPTION_LIMIT, OPTION_STRIP };

/* Paths are the caller's; the build goes on in the project's directory. */
static char *absolute(const char *path)
{
    char *here = getcwd(NULL, 0);
    char *result = here ? path_join(here, path) : must_copy(path);
    free(here);
    return result;
}

static int parse(int argc, char **argv, const struct command_options *options,
                 struct build_options *build)
{
    static const struct option known[] = {
        PROJECT_OPTIONS,
        {"output", required_argument, NULL, 'o'},
        {"sign-key", required_argument, NULL, OPTION_KEY},
        {"sign-cert", required_argument, NULL, OPTION_CERTIFICATE},
        {"no-sign", no_argument, NULL, OPTION_NO_SIGN},
        {"stack-limit", required_argument, NULL, OPTION_LIMIT},
        {"strip", no_argument, NULL, OPTION_STRIP},
        {NULL, 0, NULL, 0},
    };
    struct sign_options sign = {0};
    for (int c; (c = getopt_long(argc, argv, PROJECT_SHORT_OPTIONS "o:", known, NULL)) != -1;) {
        if (project_option(build, c, optarg))
            continue;
        if (c == 'o')
            build->output = optarg;
        else if (c == OPTION_KEY)
            sign.key = optarg;
        else if (c == OPTION_CERTIFICATE)
            sign.certificate = optarg;
        else if (c == OPTION_NO_SIGN)
            sign.none = true;
        else if (c == OPTION_STRIP)
            build->pipeline.strip = true;
        else if (c != OPTION_LIMIT)
            return command_bad_option(options, "build", argv, known);
        else if (sign_read_limit(&build->pipeline, optarg, "build", options))
            return 2;
    }
    if (project_directory(build, "build", argc, argv, options))
        return 2;
    if (build->output) {
        char *manifest = path_join(build->directory, "Cargo.toml");
        const char *const inputs[] = {manifest, sign.key ? sign.key : manifest,
                                      sign.certificate ? sign.certificate : manifest, NULL};
        int status = command_check_output(options, "build", build->output, inputs);
        free(manifest);
        if (status)
            return status;
    }
    return sign_choose(&build->pipeline, &sign, "build", options);
}

static const char *key_kind(const struct build_options *build)
{
    switch (build->pipeline.signing) {
    case SIGN_DEVELOPMENT:
        return "development key";
    case SIGN_GIVEN:
        return build->pipeline.sign_certificate;
    case SIGN_NOT:
        break;
    }
    return NULL;
}

static void print_human(const struct build_options *build, const struct build_result *result)
{
    const char *kind = key_kind(build);
    printf("%s: %zu bytes, %s%s%s\n", result->output, result->size,
           kind ? "signed: " : "not signed", kind ? kind : "",
           result->was_fresh ? " (nothing changed)" : "");
    for (size_t i = 0; i < result->programs.count; i++) {
        const char *bound = result->programs.items[i].value;
        int digits = (int)strspn(bound, "0123456789");
        printf("  %s: stack %s %.*s of %u bytes%s\n", result->programs.items[i].name,
               bound[digits] ? "up to" : "at most", digits, bound, REX_STACK_PROGRAM,
               bound[digits] ? ", checked as it runs" : "");
    }
}

static json_t *as_json(const struct build_options *build, const struct build_result *result)
{
    json_t *programs = json_array();
    for (size_t i = 0; i < result->programs.count; i++) {
        const char *name = result->programs.items[i].name;
        const char *bound = result->programs.items[i].value;
        const char *space = strchr(name, ' ');
        json_array_append_new(programs, json_pack("{s:s#,s:s,s:I,s:b}", "type", name,
                                                  (int)(space - name), "name", space + 1, "bound",
                                                  (json_int_t)strtoul(bound, NULL, 10), "checked",
                                                  strstr(bound, "checked") != NULL));
    }
    return json_pack("{s:i,s:s,s:s,s:I,s:b,s:s?,s:o}", "format", 1, "kind", "artifact", "path",
                     result->output, "size", (json_int_t)result->size, "fresh", result->was_fresh,
                     "signed", key_kind(build), "programs", programs);
}

int command_build(int argc, char **argv, const struct command_options *options)
{
    struct build_options build;
    struct build_result result = {0};
    project_options_begin(&build, options);
    int status = parse(argc, argv, options, &build);
    if (status == 0) {
        char *output = build.output ? absolute(build.output) : NULL;
        char *key = build.pipeline.sign_key ? absolute(build.pipeline.sign_key) : NULL;
        char *certificate =
            build.pipeline.sign_certificate ? absolute(build.pipeline.sign_certificate) : NULL;
        build.output = output;
        build.pipeline.sign_key = key;
        build.pipeline.sign_certificate = certificate;
        if (build_project(options->diag, &build, &result) == 0 && !options->dry_run) {
            if (diag_get_format(options->diag) == DIAG_JSON)
                print_json(options->diag, as_json(&build, &result), JSON_COMPACT);
            else if (!options->quiet)
                print_human(&build, &result);
        }
        status = diag_exit_status(options->diag);
        free(output);
        free(key);
        free(certificate);
    }
    build_result_free(&result);
    project_options_free(&build);
    return status;
}
