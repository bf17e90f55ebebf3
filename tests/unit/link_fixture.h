/* SPDX-License-Identifier: Apache-2.0 */
/* A directory, a diagnostics sink and an assembler, for tests that link small programs. */
#ifndef REXC_TESTS_LINK_FIXTURE_H
#define REXC_TESTS_LINK_FIXTURE_H

#include "base/buffer.h"
#include "base/diag.h"
#include "linker/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FIXTURE_LLD "/usr/bin/ld.lld-22"

struct fixture {
    char directory[64];
    struct diag *diag;
    FILE *stream;
    char *text; /* what was reported, after fixture_says() or fixture_flush() */
    size_t text_size;
};

/* For cmocka_unit_test_setup_teardown. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Assembles a source of GNU as to directory/NAME.o, whose path is returned (static buffers, at most
 * 4 at a time). Fails the test when that fails. */
const char *fixture_assemble(struct fixture *fixture, const char *name, const char *source);

/* A program as small as the contract allows: programs, a map, both required functions, kcfi
 * prefixes. */
extern const char fixture_program[];

/* Links these objects without libraries and needs. */
int fixture_link(struct fixture *fixture, const char *const *objects, struct buffer *image);
/* Links fixture_program and more (may be NULL). */
int fixture_link_program(struct fixture *fixture, const char *more, struct buffer *image);

/* Asserts that exactly one error was reported, with that code, and that the text contains part. */
void fixture_says(struct fixture *fixture, enum diag_code code, const char *part);
/* Whether an error of that code is in what was reported. */
bool fixture_said(struct fixture *fixture, enum diag_code code);

#endif
