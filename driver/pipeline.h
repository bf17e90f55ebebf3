/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a program through the tool, as one table of stages (pipeline.c). A stage takes what
 * the stages before it left in struct pipeline, and adds its own; nothing moves back, but that a
 * program with a circle of calls is compiled and linked once more, with the stack checks that cut
 * it (checks.h).
 */
#ifndef REXC_DRIVER_PIPELINE_H
#define REXC_DRIVER_PIPELINE_H

#include "base/buffer.h"
#include "driver/crates.h"
#include "linker/keys.h"
#include "linker/stack.h"

struct diag;
struct object;

enum pipeline_signing {
    SIGN_DEVELOPMENT, /* with the user's development key, which is made when there is none */
    SIGN_GIVEN,       /* with sign_key and sign_certificate */
    SIGN_NOT,
};

struct pipeline_options {
    enum pipeline_signing signing;
    const char *sign_key; /* paths */
    const char *sign_certificate;
    uint32_t stack_limit; /* bytes; 0: REX_STACK_PROGRAM */
    bool strip;
    bool check_only;  /* stop after policy and types */
    bool errors_only; /* warnings are shown by somebody else */
    bool verbose, dry_run, quiet;
    unsigned jobs;
    const char *optimisation;
    bool debug;
};

/* Everything that is known of a build, in the order in which it becomes known. */
struct pipeline {
    /* In. */
    struct diag *diag;
    const struct pipeline_options *options;
    const struct installation *installation;
    const struct toolchain *toolchain;
    const struct record_key *key;
    struct digests *digests;
    const char *name;   /* of the program */
    const char *build;  /* directory for records and intermediate files; exists */
    const char *output; /* path of the object to make */
    /* Makes what must stand before the output does; returns -1 after a report. NULL: nothing. */
    int (*before_output)(struct pipeline *pipeline);
    const void *data;       /* for it */
    const char *license;    /* as the kernel gets it */
    struct crate_job *jobs; /* in order; the program is the last */
    size_t job_count;
    const struct strings
        *search; /* directories with the jobs' outputs and libraries of `rexc -c` */
    const struct strings *libraries;            /* those libraries, in link order */
    const struct strings *library_declarations; /* as in struct crate_context */
    const struct inputs
        *origins; /* INPUT_VALUE: what goes into the note about where it all comes from */

    /* Stage by stage. */
    struct sysroot sysroot;      /* sysroot; as it is when the caller has prepared one already */
    struct inputs object_values; /* crates: what the object is made from */
    struct record object_record; /*   and the record of the one that is there, if it holds */
    struct buffer image_bytes;   /* link */
    struct object *image;
    struct code *code; /* analyse */
    struct stack_result *stack;
    struct sysroot checked_sysroot; /* cut: only for a program with a circle of calls */
    struct inputs provenance;       /* note */
    struct buffer note;
    struct buffer btf;               /* btf */
    struct buffer object;            /* finish: unsigned, then signed */
    struct buffer debug;             /*   with options->strip */
    struct signing_key *signing_key; /* sign */

    /* Out. */
    bool was_fresh;         /* nothing had to be made */
    bool refused;           /* the program is at fault, and neither key nor machine */
    struct inputs programs; /* INPUT_VALUE: "TYPE NAME" and "BOUND[ checked]" */
    size_t size;            /* of the object at output, bytes */
};

/* One line of the table. */
enum stage_when {
    STAGE_ALWAYS, /* decides itself what it can leave alone */
    STAGE_OBJECT, /* not when the unsigned object of the last build is still right */
    STAGE_OUTPUT, /* not when the output is still right */
};
struct stage {
    const char *name;
    const char *takes;
    const char *gives;
    enum stage_when when;
    bool judges; /* it can find that the program is at fault */
    int (*run)(struct pipeline *pipeline);
};
/* Terminated by a NULL name. */
extern const struct stage pipeline_stages[];

/* Runs the stages in order. Reports what is wrong and returns -1; the output is then as it was. */
int pipeline_run(struct pipeline *pipeline);
/* Frees what the stages made. */
void pipeline_free(struct pipeline *pipeline);

/* Links the jobs' outputs against a sysroot, with these needs, and reads the image and its code:
 * the end of `link`, and of each further link of checks.c. Replaces what an earlier link left. */
int pipeline_link(struct pipeline *pipeline, const struct sysroot *sysroot,
                  const struct stack_need *needs, size_t need_count);
/* The context of crates_build. */
struct crate_context pipeline_crate_context(const struct pipeline *pipeline);

#endif
