/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much stack a program of an object may use, from the machine code. docs/safety.md ("The
 * stack") has the argument that the bounds hold. Its steps are these files: code.h and decode.h
 * (1, instructions and where branches lead), returns.h (2, who returns), frame.h and probe.h (3,
 * one function; cfi.h and stack_sizes.h compare), callee.h, callgraph.h and tables.h (4, who calls
 * whom), depth.h (5, longest paths), cuts.h and check_site.h (6, recursion), and this one (7, and
 * what is promised of an object).
 */
#ifndef REXC_LINKER_STACK_H
#define REXC_LINKER_STACK_H

#include "linker/callgraph.h"
#include "linker/code.h"
#include "linker/depth.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/* What the caller is going to do with an object that has a circle of calls. */
enum stack_round {
    /* The object is as it will be run: circles must be cut, and every check must demand enough. */
    STACK_FINAL,
    /* Only a look: if there is a circle, the result says so and has neither bounds nor checks;
     * without one it is as for STACK_FINAL. */
    STACK_LOOK,
    /* Built without checks: if there is a circle, the result says where to cut, and has no bounds.
     */
    STACK_PLAN,
    /* Built with the checks of a plan, linked with any needs: the result says the right needs. */
    STACK_NEEDS,
};

struct stack_options {
    /* Compare with the compiler's own table of frames, when the object has one. It is as
     * trustworthy as who made the object, so the verifier does without. */
    bool cross_check;
    /* Compare with the compiler's sizes of frames, too: the object comes from the linker, and has
     * them. */
    bool sizes;
    uint32_t limit; /* bytes for each program; 0, or at most REX_STACK_PROGRAM */
    enum stack_round round;
    /* STACK_PLAN: symbols that the compiler can put a check into (the program's own functions), and
     * symbols that will have one anyway (those of a core built with checks). Both sorted by strcmp.
     */
    const char *const *may_check;
    size_t may_check_count;
    const char *const *checked;
    size_t checked_count;
};

/* One frame of a deepest path. */
struct stack_frame {
    uint32_t function; /* index in code->functions */
    uint32_t
        bytes; /* used here, up to and with the return address of the call that the path takes */
    uint32_t instruction; /* that call or jump; CODE_NONE in the last frame */
    uint32_t set; /* the callee_set that it calls through, when it is indirect; else CODE_NONE */
    bool tail;    /* it jumps, so the next frame takes this one's place */
};

/* A root of the analysis: a program, or the panic body. */
struct stack_root {
    const char *name; /* symbol */
    uint32_t function;
    int type;       /* enum rex_program_type; -1 for the panic body */
    bool checked;   /* reaches a circle that checks cut */
    uint32_t bound; /* bytes below rsp at the entry; when checked: down to the first check on the
                       deepest path */
    uint32_t limit;
    /* The bytes add up to bound. An object of very many or very long paths has them for its first
     * roots only; path_length is 0 for the others. */
    struct stack_frame *path;
    size_t path_length;
};

/* A function with a check (in a plan: one that is to have one). */
struct stack_check {
    const char *name; /* symbol */
    uint32_t function;
    bool planned;         /* STACK_PLAN: to be put there; false: it has one, or core has one */
    uint32_t need;        /* bytes below rsp at its entry, down to the next checks; 0 in a plan */
    uint32_t encoded;     /* what the code demands */
    uint32_t *circle;     /* functions of a shortest circle through it, itself first */
    size_t circle_length; /* 0: it is on no circle, or the object has too many to look at */
};

/* Needs by symbol, as the link step wants them: functions of one name share the greatest. */
struct stack_need {
    const char *name;
    uint32_t bytes;
};

struct stack_result {
    struct callgraph *graph;     /* its code is not owned */
    bool circular;               /* some root reaches a circle of calls */
    struct stack_root *programs; /* by address */
    size_t program_count;
    struct stack_root panic;
    struct stack_check *checks; /* by address */
    size_t check_count;
    struct stack_need *needs; /* by name; every check of the object, reachable or not */
    size_t need_count;
    /* Functions whose id no reachable call demands, or whose address nothing takes: to be
     * overwritten. Indices in code->functions, all with a prefix. */
    uint32_t *unused_ids;
    size_t unused_id_count;
    size_t cross_checked; /* instructions whose frame is as the compiler says (cross_check) */
    size_t sizes_checked; /* functions whose frame is (sizes) */
    uint32_t *reachable;  /* functions that control may reach, by address */
    size_t reachable_count;
};

/* Analyses the object; code must be object's and outlive the result. Reports what is wrong and
 * returns -1 with *result NULL when something is not understood, a bound is over its limit, a
 * circle is not cut, or a check demands too little. */
int stack_analyse(struct diag *diag, const struct object *object, const struct code *code,
                  const struct stack_options *options, struct stack_result **result);
void stack_result_free(struct stack_result *result);

#endif
