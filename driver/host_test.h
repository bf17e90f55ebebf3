/* SPDX-License-Identifier: Apache-2.0 */
/* `rexc test`: a package's unit tests, compiled for and run on the machine that builds. */
#ifndef REXC_DRIVER_HOST_TEST_H
#define REXC_DRIVER_HOST_TEST_H

#include "driver/build.h"

/*
 * Compiles the package's library and program, each with --test, against the rex crate's form for
 * the host, and runs them one after the other with the caller's stdin, stdout, stderr and
 * environment. arguments: for the test programs, NULL-terminated. Returns 0 when all tests passed,
 * -1 after a report.
 */
int host_test(struct diag *diag, const struct build_options *options, char *const *arguments);

#endif
