/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/verify.h"
#include "base/demangle.h"
#include "base/diag.h"
#include "base/file.h"
#include "cmd/command.h"
#include "cmd/print_json.h"
#include "linker/keys.h"
#include "linker/object.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct choice {
    const char *certificate;
    bool integrity_only, explain, json;
};

static const char *verdict_name(enum verify_verdict verdict)
{
    static const char *const names[] = {
        [VERIFY_UNCHECKED] = "unchecked",
        [VERIFY_HOLDS] = "holds",
        [VERIFY_BROKEN] = "broken",
    };
    return names[verdict];
}

/* What can be said of the signature in a word. */
static const char *signature_state(const struct verify_report *report, const struct choice *choice)
{
    if (!report->is_signed)
        return "unsigned";
    if (report->verdicts[VERIFY_SIGNATURE] != VERIFY_HOLDS)
        return "broken";
    if (report->verdicts[VERIFY_SIGNED_BY] != VERIFY_HOLDS)
        return "untrusted";
    return choice->certificate ? "trusted" : "intact";
}

static void print_code(char text[8], enum verify_rule rule)
{
    snprintf(text, 8, "REX%04u", (unsigned)verify_rule_code(rule));
}

/* Format 1; docs/object-format.md, "rexc verify --json". */
static json_t *report_as_json(const char *path, const struct verify_report *report,
                              const struct choice *choice, bool verified)
{
    json_t *rules = json_array(), *violations = json_array();
    char code[8];

    for (enum verify_rule rule = 0; rule < VERIFY_RULES; rule++) {
        print_code(code, rule);
        json_array_append_new(rules, json_pack("{s:s, s:s, s:s, s:s}", "rule", verify_rule_id(rule),
                                               "code", code, "verdict",
                                               verdict_name(report->verdicts[rule]), "line",
                                               verify_rule_line(rule)));
    }
    for (size_t i = 0; i < report->count; i++) {
        const struct verify_violation *violation = &report->violations[i];
        char *symbol = violation->symbol ? demangle(violation->symbol) : NULL;
        print_code(code, violation->rule);
        json_t *entry = json_pack("{s:s, s:s, s:s, s:s?}", "rule", verify_rule_id(violation->rule),
                                  "code", code, "text", violation->text, "symbol", symbol);
        if (violation->has_address)
            json_object_set_new(entry, "address", json_integer((json_int_t)violation->address));
        json_array_append_new(violations, entry);
        free(symbol);
    }
    return json_pack("{s:i, s:s, s:b, s:s, s:s?, s:I, s:o, s:o}", "format", 1, "file", path,
                     "verified", (int)verified, "signature", signature_state(report, choice),
                     "signer", report->signer, "violation_count", (json_int_t)report->total,
                     "rules", rules, "violations", violations);
}

static void print_rules(const struct verify_report *report)
{
    char code[8];
    for (enum verify_rule rule = 0; rule < VERIFY_RULES; rule++) {
        print_code(code, rule);
        printf("%-9s  %s  %-18s %s\n", verdict_name(report->verdicts[rule]), code,
               verify_rule_id(rule), verify_rule_line(rule));
    }
}

static void print_verdict(const char *path, const struct verify_report *report,
                          const struct choice *choice, bool verified)
{
    const char *state = signature_state(report, choice);
    bool signature_only = true;

    for (enum verify_rule rule = 0; rule < VERIFY_SIGNATURE; rule++)
        signature_only = signature_only && report->verdicts[rule] == VERIFY_HOLDS;
    if (verified && choice->certificate)
        printf("%s: verified, signed by %s\n", path, report->signer);
    else if (verified)
        printf("%s: obeys the object contract, intact; signer %s not asked for\n", path,
               report->signer);
    else if (signature_only)
        printf("%s: obeys the object contract; signature: %s\n", path, state);
    else
        printf("%s: refused, %zu violation%s\n", path, report->total,
               report->total == 1 ? "" : "s");
}

static int verify_file(const struct command_options *options, const char *path,
                       const struct choice *choice)
{
    struct certificate *trusted = NULL, *development = NULL;
    struct verify_report report = {0};
    char *bytes = NULL;
    size_t size;
    int status = 1;

    /* The development certificate is trusted by nothing; it tells an intact object from a damaged
     * one. */
    if ((choice->certificate &&
         certificate_load(options->diag, choice->certificate, &trusted) != 0) ||
        development_certificate_load(options->diag, &development) != 0 ||
        file_read(options->diag, path, OBJECT_FILE_MAX, &bytes, &size) != 0)
        goto out;
    struct verify_options verify = {
        .name = path,
        .trust = choice->integrity_only ? VERIFY_INTEGRITY : VERIFY_SIGNER,
        .trusted = (const struct certificate *const *)&trusted,
        .trusted_count = trusted != NULL,
        .known = (const struct certificate *const *)&development,
        .known_count = development != NULL,
    };
    int result = verify_object(options->diag, &verify, (const uint8_t *)bytes, size, &report);
    if (result < 0)
        goto out;
    status = result;
    if (choice->json) {
        if (print_json(options->diag, report_as_json(path, &report, choice, result == 0),
                       JSON_INDENT(2)) &&
            status == 0)
            status = 3;
    } else {
        verify_report_show(options->diag, path, &report);
        if (choice->explain)
            print_rules(&report);
        print_verdict(path, &report, choice, result == 0);
    }
out:
    if (status && diag_exit_status(options->diag) > status)
        status = diag_exit_status(options->diag);
    verify_report_free(&report);
    free(bytes);
    certificate_free(trusted);
    certificate_free(development);
    return status;
}

int command_verify(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {
        {"cert", required_argument, NULL, 'c'},
        {"integrity-only", no_argument, NULL, 'i'},
        {"explain", no_argument, NULL, 'e'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    struct choice choice = {0};

    for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        switch (c) {
        case 'c':
            choice.certificate = optarg;
            break;
        case 'i':
            choice.integrity_only = true;
            break;
        case 'e':
            choice.explain = true;
            break;
        case 'j':
            choice.json = true;
            break;
        default:
            return command_bad_option(options, "verify", argv, known);
        }
    }
    if (optind + 1 != argc)
        return command_usage_error(options, "verify", "verify takes one object file");
    if (choice.certificate && choice.integrity_only)
        return command_usage_error(options, "verify",
                                   "--cert and --integrity-only ask for different things");
    return verify_file(options, argv[optind], &choice);
}
