/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier: does a file obey the object contract (docs/object-format.md, "The contract, line by
 * line")? It believes nothing that the build said. Each line is one rule of verify_rules.def, one
 * function, one REX07xx code. It uses the object, code and note readers, the imports list, the
 * signature check, and, as the last rule of the code, the stack analysis run anew on the same
 * bytes.
 */
#ifndef REXC_LINKER_VERIFY_H
#define REXC_LINKER_VERIFY_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verify_rule {
#define VERIFY_RULE(name, function, id, needs, line) VERIFY_##name,
#include "linker/verify_rules.def"
#undef VERIFY_RULE
    VERIFY_RULES
};

/* What is demanded of the signature. One that is malformed, or known not to be of these bytes, is
 * never well. */
enum verify_trust {
    VERIFY_SIGNER,    /* made by the key of a trusted certificate */
    VERIFY_INTEGRITY, /* intact, whoever made it */
    VERIFY_UNSIGNED,  /* nothing: none at all is well, and so is one whose signer is not at hand */
};

struct certificate;

struct verify_options {
    const char *name; /* of the file, for messages */
    enum verify_trust trust;
    /* Certificates to trust, and further ones that only tell an intact object from a damaged one (a
     * signature does not carry its own; see signature.h). */
    const struct certificate *const *trusted;
    size_t trusted_count;
    const struct certificate *const *known;
    size_t known_count;
};

enum verify_verdict {
    VERIFY_UNCHECKED, /* what the rule needs to hold first does not */
    VERIFY_HOLDS,
    VERIFY_BROKEN,
};

struct verify_violation {
    enum verify_rule rule;
    char *text;   /* what is wrong, one line */
    char *symbol; /* mangled name of the function or variable it is in; NULL when none is known */
    uint64_t address; /* image address, when has_address */
    bool has_address;
};

#define VERIFY_VIOLATIONS_MAX 1000u /* kept; further ones are only counted */

struct verify_report {
    enum verify_verdict verdicts[VERIFY_RULES];
    struct verify_violation *violations;
    size_t count;   /* kept in violations */
    size_t total;   /* found */
    bool is_signed; /* the object carries a signature */
    char
        *signer; /* name in the signature, when it could be read; untrusted unless its rule holds */
};

/* Checks all bytes of a file. Returns 0 when every rule holds, 1 when one does not (the report has
 * all violations found), -1 when it could not be checked: not readable as an object at all, or
 * memory ran out (reported to diag). The report is to be freed in all cases. */
int verify_object(struct diag *diag, const struct verify_options *options, const uint8_t *bytes,
                  size_t size, struct verify_report *report);
void verify_report_free(struct verify_report *report);

/* Passes each violation to diag as an error with its rule's code, address and symbol. */
void verify_report_show(struct diag *diag, const char *name, const struct verify_report *report);

/* The rule's id ("w-xor-x"), its line of the contract, and its code. */
const char *verify_rule_id(enum verify_rule rule);
const char *verify_rule_line(enum verify_rule rule);
enum diag_code verify_rule_code(enum verify_rule rule);

#endif
