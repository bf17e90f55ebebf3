/* SPDX-License-Identifier: Apache-2.0 */
/* Which `[target.'cfg(...)'.dependencies]` of a manifest apply. */
#ifndef REXC_DRIVER_CFG_H
#define REXC_DRIVER_CFG_H

enum cfg_target {
    CFG_KERNEL, /* x86_64-unknown-none: what programs are compiled for */
    CFG_HOST,   /* x86_64-unknown-linux-gnu: what `rexc test` compiles for */
};

enum cfg_answer {
    CFG_NO,
    CFG_YES,
    CFG_UNKNOWN, /* malformed, or it asks for something whose value cannot be said */
};

/*
 * Evaluates a manifest's target: a triple, or cfg(PREDICATE) with all(), any(), not(), true, false,
 * names and name = "value" pairs (Rust reference, "Conditional compilation"). A name that neither
 * target defines, such as one that only a compiler flag could set, is CFG_UNKNOWN: guessing would
 * add or drop a dependency in silence.
 */
enum cfg_answer cfg_evaluate(enum cfg_target target, const char *text);

#endif
