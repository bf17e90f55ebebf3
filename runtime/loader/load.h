/* SPDX-License-Identifier: Apache-2.0 */
/* `rexc load`: an object with its pins and attachments, or nothing of them. */
#ifndef REXC_LOADER_LOAD_H
#define REXC_LOADER_LOAD_H

#include <stddef.h>
#include <stdint.h>

struct diag;

/* The BPF file system, and where objects are pinned that are to be pinned nowhere else. */
#define LOAD_BPF_FILE_SYSTEM "/sys/fs/bpf"
#define LOAD_PIN_DIRECTORY "/sys/fs/bpf/rexc"

struct load_attach {
    const char *program;
    const char *target; /* NULL: what the program's section says */
};

struct load_request {
    const char *path;
    const char *directory; /* for the pins; NULL: LOAD_PIN_DIRECTORY/NAME */
    const struct load_attach *attach;
    size_t attach_count;
    uint32_t timeout_ms; /* 0: the module's default */
    uint32_t flags;      /* REX_LOAD_* */
};

struct load_result {
    uint32_t id;
    char *name, *directory; /* to free() */
    size_t programs, maps;
};

/* Loads, pins each program as DIRECTORY/PROGRAM and each map as DIRECTORY/MAP, and attaches. What
 * is pinned or attached keeps the object in the kernel. On failure reports, leaves nothing behind,
 * and returns -1. */
int load_object(struct diag *diag, const struct load_request *request, struct load_result *result);
void load_result_free(struct load_result *result);

#endif
