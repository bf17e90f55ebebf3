/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes: an environment built from nothing, output captured; they end with this process.
 */
#ifndef REXC_BASE_PROCESS_H
#define REXC_BASE_PROCESS_H

#include "base/buffer.h"
#include <stdbool.h>
#include <sys/types.h>

struct diag;

struct process {
    /* In. */
    const char *const *arguments; /* arguments[0] is the program's path; NULL-terminated */
    const char *const
        *environment;      /* NULL-terminated; NULL: an empty environment, never the caller's */
    const char *directory; /* working directory; NULL: the caller's */
    const char *input;     /* bytes for its stdin, or NULL for /dev/null */
    size_t input_length;
    bool verbose; /* the command is printed to stderr as run (-v) */
    /* Out. */
    struct buffer out; /* its stdout */
    struct buffer err; /* its stderr */
    int exit_status;   /* 0-255 */
    int signal;        /* not 0: it died of this signal */
    long max_rss_kib;  /* its peak memory */
    /* Private. */
    pid_t pid;
    int out_fd, err_fd, in_fd;
    size_t input_written;
};

/* Starts it. Reports DIAG_CANNOT_RUN. */
int process_start(struct diag *diag, struct process *process);
/* Waits for all of the processes, reading their output as it comes. Reports DIAG_CHILD_KILLED for
 * one that died of a signal. Returns 0 when all ended by exiting, whatever their status. Children
 * share the tool's process group, so a terminal's SIGINT reaches them too. */
int process_wait_all(struct diag *diag, struct process *const *processes, size_t count);
/* The same, and calls tick(data) about every interval_ms milliseconds meanwhile: for progress. */
int process_wait_ticking(struct diag *diag, struct process *const *processes, size_t count,
                         int interval_ms, void (*tick)(void *data), void *data);
/* process_start and process_wait_all of one. */
int process_run(struct diag *diag, struct process *process);
void process_free(struct process *process);

/* Prints the command to stderr as a line that can be pasted into a shell: what -v and -### show. */
void process_print(const struct process *process);

/* The command as a line for a POSIX shell, quoted, appended to the buffer. */
int process_quote(struct buffer *buffer, const char *const *arguments);

#endif
