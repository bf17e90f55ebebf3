/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which optional dependencies and features are on: Cargo's rules (Cargo book, "Features" and
 * "Feature resolver version 2"), for one target. A package has one set of features, the union of
 * what everybody asks of it.
 */
#ifndef REXC_DRIVER_FEATURES_H
#define REXC_DRIVER_FEATURES_H

#include "driver/cfg.h"
#include "driver/package.h"

struct diag;

struct feature_request {
    struct strings features; /* of the root package; "NAME/FEATURE" as well */
    bool no_default;         /* without its default features */
    bool development;        /* the root's dev-dependencies count */
    enum cfg_target target;
};

/*
 * Finds the package of an active dependency, loading it when need be, and sets dependency->place
 * and, for PLACE_PACKAGE, dependency->package. Reports what is wrong and returns -1 when it cannot
 * be had.
 */
typedef int (*feature_find)(struct diag *diag, const struct package *package,
                            struct dependency *dependency, void *data);

/* Sets `enabled` of every package that is reached from root and `active` of their dependencies.
 * Reports DIAG_FEATURES and DIAG_TARGET_CFG. */
int features_resolve(struct diag *diag, struct package *root, const struct feature_request *request,
                     feature_find find, void *data);

#endif
