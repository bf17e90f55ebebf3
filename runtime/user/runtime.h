/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user-space runtime: one object, verified, mapped and ready to run on a number of CPUs.
 */
#ifndef REXC_RUNTIME_USER_RUNTIME_H
#define REXC_RUNTIME_USER_RUNTIME_H

#include "runtime/abi/rex_imports.h"
#include "runtime/user/cpu.h"
#include "runtime/user/image.h"
#include "runtime/user/map.h"
#include "runtime/user/report.h"
#include "runtime/user/signals.h"

#include <stddef.h>
#include <stdint.h>

struct diag;
struct object;
struct context_file;
struct debug_info;

#define RUNTIME_CPUS_MAX 64
#define RUNTIME_TIMEOUT_MAX_MS 60000u

struct program {
    const char *name;    /* the symbol */
    const char *section; /* where it attaches */
    enum rex_program_type type;
    uint64_t entry; /* image address */
};

struct runtime {
    struct diag *diag;
    const char *name; /* of the object's file, for messages */
    struct object *object;
    struct image image;
    struct map **maps; /* in the order of their addresses in the image */
    size_t map_count;
    struct program *programs; /* by entry */
    size_t program_count;
    unsigned timeout_ms;
    struct cpu *cpus;
    unsigned cpu_count;
    struct reports reports;
    struct debug_info *debug_info; /* read when first needed */
    bool debug_info_read;
    struct signals signals;
    const struct context_file *context; /* of tracing programs; NULL: none */
    struct task_struct *tasks;
    size_t task_count;
};

struct runtime_options {
    const char *name;    /* of the file, for messages; stays until runtime_close() */
    unsigned timeout_ms; /* 1 to RUNTIME_TIMEOUT_MAX_MS */
    unsigned cpus;       /* 1 to RUNTIME_CPUS_MAX */
};

/* Verifies the bytes of an object file and makes it ready to run. There is no way to run an object
 * that the verifier refuses. Returns 0; -1 with diagnostics and *runtime NULL. */
int runtime_open(struct diag *diag, const struct runtime_options *options, const uint8_t *bytes,
                 size_t size, struct runtime **runtime);
void runtime_close(struct runtime *runtime);

/* The ring buffer whose data the address lies in; NULL when there is none. */
struct map *runtime_ringbuf_of(const struct runtime *runtime, const void *record);
/* The object's debug information; NULL when it has none. Only with the reports' lock held. */
const struct debug_info *runtime_debug_info(struct runtime *runtime);
/* The address in memory of a program's entry. */
uint64_t runtime_entry(const struct runtime *runtime, const struct program *program);

#endif
