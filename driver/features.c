/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/features.h"
#include "base/buffer.h"
#include "base/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/*
 * The sets only grow, so the order in which requests are followed does not matter but for weak ones
 * ("key?/feature"), which wait until the dependency is turned on by somebody else: they are looked
 * at again until a whole round changes nothing.
 */
struct resolver {
    struct diag *diag;
    const struct feature_request *request;
    feature_find find;
    void *data;
    struct package *root;
    struct package_list reached; /* not owned */
    bool changed;
};

__attribute__((format(printf, 4, 5))) static int
refuse(const struct resolver *resolver, const char *file, const char *help, const char *format, ...)
{
    va_list arguments;
    struct buffer text = {0};
    va_start(arguments, format);
    buffer_vformat(&text, format, arguments);
    va_end(arguments);
    struct diag_message message = {.code = DIAG_FEATURES, .at = {.file = file}, .help = help};
    diag_report(resolver->diag, &message, "%s", text.data ? text.data : format);
    buffer_free(&text);
    return -1;
}

static bool is_reached(const struct resolver *resolver, const struct package *package)
{
    for (size_t i = 0; i < resolver->reached.count; i++) {
        if (resolver->reached.items[i] == package)
            return true;
    }
    return false;
}

static int enable(struct resolver *resolver, struct package *package, const char *feature);
static int reach(struct resolver *resolver, struct package *package);

/* Turns a dependency on, with the features that its line in the manifest asks for. */
static int activate(struct resolver *resolver, struct package *package,
                    struct dependency *dependency)
{
    if (dependency->active)
        return 0;
    if (resolver->find(resolver->diag, package, dependency, resolver->data))
        return -1;
    dependency->active = true;
    resolver->changed = true;
    if (dependency->place != PLACE_PACKAGE)
        return 0;
    if (reach(resolver, dependency->package))
        return -1;
    if (dependency->default_features && package_feature(dependency->package, "default") &&
        enable(resolver, dependency->package, "default"))
        return -1;
    for (size_t i = 0; i < dependency->features.count; i++) {
        if (enable(resolver, dependency->package, dependency->features.items[i]))
            return -1;
    }
    return 0;
}

/* 1 when the dependency counts for this build, 0 when not, -1 after a report. */
static int applies(struct resolver *resolver, const struct package *package,
                   const struct dependency *dependency)
{
    if (dependency->kind == DEPENDENCY_BUILD)
        return 0; /* a package with a build script is refused anyway */
    if (dependency->kind == DEPENDENCY_DEV &&
        (!resolver->request->development || package != resolver->root))
        return 0;
    if (!dependency->target)
        return 1;
    switch (cfg_evaluate(resolver->request->target, dependency->target)) {
    case CFG_YES:
        return 1;
    case CFG_NO:
        return 0;
    case CFG_UNKNOWN:
        break;
    }
    struct diag_message message = {
        .code = DIAG_TARGET_CFG,
        .at = {.file = package->manifest},
        .help =
            "use target_arch, target_os and their like, or move the dependency to [dependencies]",
    };
    diag_report(resolver->diag, &message, "cannot tell whether dependency '%s' applies: '%s'",
                dependency->key, dependency->target);
    return -1;
}

static int reach(struct resolver *resolver, struct package *package)
{
    if (is_reached(resolver, package))
        return 0;
    package_list_add(&resolver->reached, package);
    resolver->changed = true;
    for (size_t i = 0; i < package->dependency_count; i++) {
        struct dependency *dependency = &package->dependencies[i];
        if (dependency->optional)
            continue;
        int answer = applies(resolver, package, dependency);
        if (answer < 0 || (answer > 0 && activate(resolver, package, dependency)))
            return -1;
    }
    return 0;
}

/* All dependencies of that key: a manifest may have one for each of several targets. */
static int activate_key(struct resolver *resolver, struct package *package, const char *key)
{
    for (size_t i = 0; i < package->dependency_count; i++) {
        struct dependency *dependency = &package->dependencies[i];
        if (strcmp(dependency->key, key) != 0 || !dependency->optional)
            continue;
        int answer = applies(resolver, package, dependency);
        if (answer < 0 || (answer > 0 && activate(resolver, package, dependency)))
            return -1;
    }
    return 0;
}

/* Turns a feature of the dependency's package on; weak: only when the dependency is on already. */
static int enable_in(struct resolver *resolver, struct package *package, const char *key,
                     const char *feature, bool weak)
{
    if (!weak && activate_key(resolver, package, key))
        return -1;
    /* "key/feature" of an optional dependency also turns on the feature of its name, if there is
     * one. */
    if (!weak && package_feature(package, key)) {
        for (size_t i = 0; i < package->dependency_count; i++) {
            if (package->dependencies[i].optional &&
                strcmp(package->dependencies[i].key, key) == 0 && enable(resolver, package, key))
                return -1;
        }
    }
    for (size_t i = 0; i < package->dependency_count; i++) {
        struct dependency *dependency = &package->dependencies[i];
        if (strcmp(dependency->key, key) == 0 && dependency->active &&
            dependency->place == PLACE_PACKAGE && enable(resolver, dependency->package, feature))
            return -1;
    }
    return 0;
}

static int follow(struct resolver *resolver, struct package *package, const char *value)
{
    if (strncmp(value, "dep:", 4) == 0)
        return activate_key(resolver, package, value + 4);
    const char *slash = strchr(value, '/');
    if (!slash)
        return enable(resolver, package, value);
    bool weak = slash > value && slash[-1] == '?';
    char *key = must_copy_length(value, (size_t)(slash - value) - (weak ? 1 : 0));
    int result = enable_in(resolver, package, key, slash + 1, weak);
    free(key);
    return result;
}

static int enable(struct resolver *resolver, struct package *package, const char *name)
{
    if (package_enabled(package, name))
        return 0;
    const struct feature *feature = package_feature(package, name);
    if (!feature)
        return refuse(resolver, package->manifest,
                      "correct the name, or add it to [features] there",
                      "package '%s' has no feature '%s'", package->name, name);
    strings_add(&package->enabled, name);
    resolver->changed = true;
    for (size_t i = 0; i < feature->values.count; i++) {
        if (follow(resolver, package, feature->values.items[i]))
            return -1;
    }
    return 0;
}

/* What a person asks for: in a manifest, Cargo has already refused what names nothing. */
static int follow_request(struct resolver *resolver, const char *value)
{
    struct package *root = resolver->root;
    const char *slash = strchr(value, '/');
    size_t length = slash ? (size_t)(slash - value) : 0;
    if (strncmp(value, "dep:", 4) == 0 || (length > 0 && slash[-1] == '?'))
        return refuse(resolver, root->manifest, "name a feature, or DEPENDENCY/FEATURE",
                      "'%s' has a meaning in a manifest's [features] only", value);
    if (!slash)
        return enable(resolver, root, value);
    for (size_t i = 0; i < root->dependency_count; i++) {
        const char *key = root->dependencies[i].key;
        if (strlen(key) == length && strncmp(key, value, length) == 0)
            return follow(resolver, root, value);
    }
    if (strlen(root->name) == length && strncmp(root->name, value, length) == 0)
        return enable(resolver, root, slash + 1);
    return refuse(resolver, root->manifest, "correct the name, or add it to [dependencies] there",
                  "package '%s' has no dependency '%.*s'", root->name, (int)length, value);
}

/* Weak requests of features that are on, for dependencies that came on later. */
static int follow_weak(struct resolver *resolver, struct package *package)
{
    for (size_t i = 0; i < package->enabled.count; i++) {
        const struct feature *feature = package_feature(package, package->enabled.items[i]);
        for (size_t j = 0; feature && j < feature->values.count; j++) {
            if (strstr(feature->values.items[j], "?/") &&
                follow(resolver, package, feature->values.items[j]))
                return -1;
        }
    }
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int features_resolve(struct diag *diag, struct package *root, const struct feature_request *request,
                     feature_find find, void *data)
{
    struct resolver resolver = {
        .diag = diag, .request = request, .find = find, .data = data, .root = root};
    int result = -1;
    if (reach(&resolver, root))
        goto done;
    if (!request->no_default && package_feature(root, "default") &&
        enable(&resolver, root, "default"))
        goto done;
    for (size_t i = 0; i < request->features.count; i++) {
        if (follow_request(&resolver, request->features.items[i]))
            goto done;
    }
    do {
        resolver.changed = false;
        for (size_t i = 0; i < resolver.reached.count; i++) {
            if (follow_weak(&resolver, resolver.reached.items[i]))
                goto done;
        }
    } while (resolver.changed);
    /* In name order, so that flags and fingerprints do not depend on the order of requests. */
    for (size_t i = 0; i < resolver.reached.count; i++) {
        struct strings *enabled = &resolver.reached.items[i]->enabled;
        if (enabled->count > 1)
            qsort(enabled->items, enabled->count, sizeof(*enabled->items), compare_names);
    }
    result = 0;
done:
    free(resolver.reached.items);
    return result;
}
