/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics: what is wrong, where, why it matters, what to do next, with a stable code.
 *
 * A `struct diag` is passed to whatever may fail. A function that fails reports once, where the
 * cause is known, and returns a negative value; its callers pass the failure on without a second
 * report. Reports to a NULL diag go nowhere: for attempts whose failure does not matter.
 */
#ifndef REXC_BASE_DIAG_H
#define REXC_BASE_DIAG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* REX0301 is written DIAG_<NAME> in the source; its value is its number, 301. */
enum diag_code {
#define REX_CODE(number, name, exit_status, title, explanation) DIAG_##name = (number),
#include "base/codes.def"
#undef REX_CODE
};

enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };
enum diag_format { DIAG_HUMAN, DIAG_JSON };
enum diag_color { DIAG_COLOR_AUTO, DIAG_COLOR_ALWAYS, DIAG_COLOR_NEVER };

/* Where. Members that are not known stay zero; a file with a line shows the source line. */
struct diag_location {
    const char *file;
    unsigned line;       /* from 1 */
    unsigned column;     /* from 1, in bytes */
    unsigned end_column; /* one past the last byte; 0: a single caret */
    const char *symbol;  /* shown demangled */
    uint64_t address;    /* image address; shown when has_address */
    bool has_address;
};

struct diag_message {
    enum diag_code code;
    enum diag_severity severity; /* DIAG_ERROR by default */
    struct diag_location at;
    const char *why;          /* why it matters; NULL: nothing beyond the code's title */
    const char *help;         /* what to do next */
    const char *const *notes; /* further lines, NULL-terminated, or NULL */
};

struct diag_options {
    enum diag_format format;
    enum diag_color color;
    bool quiet;   /* notes and warnings are not shown; errors are */
    FILE *stream; /* NULL: stderr */
};

struct diag;

/* Ends the process with exit status 3 when there is no memory for it. */
struct diag *diag_new(const struct diag_options *options);
void diag_free(struct diag *diag);

/* Reports one message; the format is its "what", one line without a full stop. */
void diag_report(struct diag *diag, const struct diag_message *message, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Shorthand without location. help may be NULL. Always returns -1, so that `return
 * diag_error(...)`. */
int diag_error(struct diag *diag, enum diag_code code, const char *help, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Passes a child's text on as it came (human format), or in a JSON line of kind "output". */
void diag_forward(struct diag *diag, const char *tool, const char *text, size_t length);

/* Reports so far, by severity. */
unsigned diag_count(const struct diag *diag, enum diag_severity severity);
/* 0 without errors, else the highest exit status of the errors reported. */
int diag_exit_status(const struct diag *diag);
enum diag_format diag_get_format(const struct diag *diag);
bool diag_uses_color(const struct diag *diag);

/* The table behind the codes. NULL for a number without an entry. */
const char *diag_code_title(unsigned number);
const char *diag_code_explanation(unsigned number);
/* Calls visit for each code in number order. */
void diag_each_code(void (*visit)(unsigned number, const char *title, void *data), void *data);

#endif
