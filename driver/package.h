/* SPDX-License-Identifier: Apache-2.0 */
/* Cargo packages as data: what `cargo metadata` says of them, and what the resolver makes of it. */
#ifndef REXC_DRIVER_PACKAGE_H
#define REXC_DRIVER_PACKAGE_H

#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>

enum dependency_kind { DEPENDENCY_NORMAL, DEPENDENCY_DEV, DEPENDENCY_BUILD };

/* Where a dependency's crate comes from. */
enum dependency_place {
    PLACE_PACKAGE,    /* another package, compiled by this build */
    PLACE_REX,        /* our crate, whatever the manifest says about it */
    PLACE_REX_MACROS, /* our attribute macros */
};

struct package;

struct dependency {
    char *package_name; /* the name in the other package's manifest */
    char *key; /* how this manifest and its features call it: the new name of a renamed one */
    char *requirement; /* version requirement, "*" when there is none */
    char *path;        /* absolute directory of a path dependency; NULL */
    char *source;      /* "registry+URL", "git+URL"; NULL for path dependencies */
    char *target;      /* triple or cfg(...) it is limited to; NULL */
    enum dependency_kind kind;
    bool renamed;
    bool optional;
    bool default_features;
    struct strings features; /* that it asks for */
    /* By the resolver. */
    enum dependency_place place;
    bool active;
    struct package *package; /* PLACE_PACKAGE and active */
};

struct feature {
    char *name;
    struct strings values; /* "feature", "dep:key", "key/feature", "key?/feature" */
};

enum target_kind {
    TARGET_LIBRARY, /* has "lib" or "rlib" among its crate types */
    TARGET_PROGRAM, /* "bin" */
    TARGET_PROC_MACRO,
    TARGET_BUILD_SCRIPT,
    TARGET_FOREIGN, /* a library of C's kinds alone: cdylib, staticlib, dylib */
    TARGET_OTHER,   /* example, test, bench */
};

struct target {
    enum target_kind kind;
    char *name;              /* of the crate, '-' as '_' in libraries */
    char *source;            /* absolute path of its root file */
    char *edition;           /* "2015" ... "2024" */
    struct strings required; /* features without which it is not built */
};

struct package {
    char *name;
    char *version;
    char *license;     /* SPDX expression; NULL */
    char *default_run; /* NULL */
    char *manifest;    /* absolute path of its Cargo.toml */
    char *directory;   /* of the manifest */
    char *workspace;   /* root directory of its workspace, or its own directory */
    struct dependency *dependencies;
    size_t dependency_count;
    struct feature *features;
    size_t feature_count;
    struct target *targets;
    size_t target_count;
    /* By the resolver: the features that are on. */
    struct strings enabled;
};

/* How one crate names another. */
struct crate_use {
    char *name; /* the identifier in the source */
    enum dependency_place place;
    size_t crate;     /* PLACE_PACKAGE: index in the project's crates */
    bool development; /* a dev-dependency: only for tests */
};

/* Packages stay where they are when more are added. */
struct package_list {
    struct package **items;
    size_t count;
};

void package_list_add(struct package_list *list, struct package *package);
struct package *package_by_manifest(const struct package_list *list, const char *manifest);
struct package *package_by_name(const struct package_list *list, const char *name);
void package_free(struct package *package);
/* Frees the packages as well. */
void package_list_free(struct package_list *list);

const struct target *package_library(const struct package *package);
const struct feature *package_feature(const struct package *package, const char *name);
bool package_enabled(const struct package *package, const char *feature);
/* The same of "feature" or "dependency/feature", by the key of an active dependency. */
bool package_has(const struct package *package, const char *feature);

#endif
