/* SPDX-License-Identifier: Apache-2.0 */
/* `rexc new`: a package of a program type, from the template of that type. */
#ifndef REXC_DRIVER_SCAFFOLD_H
#define REXC_DRIVER_SCAFFOLD_H

struct diag;

struct scaffold_options {
    const char *templates; /* directory with one template a program type */
    const char *crates;    /* directory of the rex crate, for tools that read Cargo.toml */
    const char *rustc;     /* path of the compiler that the crate is for, or "rustc" */
    const char *type;      /* "xdp" ... */
    const char *name;      /* of the package */
    const char *path;      /* directory to make; NULL: ./NAME */
};

/* Names of the program types, NULL-terminated. */
extern const char *const scaffold_types[];

/* Why a package cannot have that name, as a phrase ("it is empty"); NULL when it can. */
const char *scaffold_name_problem(const char *name);

/* Makes the whole directory or nothing. *made is its path, to free(). Reports and returns -1. */
int scaffold_make(struct diag *diag, const struct scaffold_options *options, char **made);

#endif
