/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/package.h"

#include <stdlib.h>
#include <string.h>

void package_list_add(struct package_list *list, struct package *package)
{
    list->items = must_grow(list->items, list->count + 1, sizeof(struct package *));
    list->items[list->count++] = package;
}

struct package *package_by_manifest(const struct package_list *list, const char *manifest)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i]->manifest, manifest) == 0)
            return list->items[i];
    }
    return NULL;
}

struct package *package_by_name(const struct package_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i]->name, name) == 0)
            return list->items[i];
    }
    return NULL;
}

static void dependency_clear(struct dependency *dependency)
{
    free(dependency->package_name);
    free(dependency->key);
    free(dependency->requirement);
    free(dependency->path);
    free(dependency->source);
    free(dependency->target);
    strings_free(&dependency->features);
}

void package_free(struct package *package)
{
    if (!package)
        return;
    for (size_t i = 0; i < package->dependency_count; i++)
        dependency_clear(&package->dependencies[i]);
    for (size_t i = 0; i < package->feature_count; i++) {
        free(package->features[i].name);
        strings_free(&package->features[i].values);
    }
    for (size_t i = 0; i < package->target_count; i++) {
        free(package->targets[i].name);
        free(package->targets[i].source);
        free(package->targets[i].edition);
        strings_free(&package->targets[i].required);
    }
    free(package->dependencies);
    free(package->features);
    free(package->targets);
    free(package->name);
    free(package->version);
    free(package->license);
    free(package->default_run);
    free(package->manifest);
    free(package->directory);
    free(package->workspace);
    strings_free(&package->enabled);
    free(package);
}

void package_list_free(struct package_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        package_free(list->items[i]);
    free(list->items);
    *list = (struct package_list){0};
}

const struct target *package_library(const struct package *package)
{
    for (size_t i = 0; i < package->target_count; i++) {
        if (package->targets[i].kind == TARGET_LIBRARY)
            return &package->targets[i];
    }
    return NULL;
}

const struct feature *package_feature(const struct package *package, const char *name)
{
    for (size_t i = 0; i < package->feature_count; i++) {
        if (strcmp(package->features[i].name, name) == 0)
            return &package->features[i];
    }
    return NULL;
}

bool package_enabled(const struct package *package, const char *feature)
{
    for (size_t i = 0; i < package->enabled.count; i++) {
        if (strcmp(package->enabled.items[i], feature) == 0)
            return true;
    }
    return false;
}

bool package_has(const struct package *package, const char *feature)
{
    const char *slash = strchr(feature, '/');
    if (!slash)
        return package_enabled(package, feature);
    for (size_t i = 0; i < package->dependency_count; i++) {
        const struct dependency *dependency = &package->dependencies[i];
        if (strlen(dependency->key) == (size_t)(slash - feature) &&
            strncmp(dependency->key, feature, (size_t)(slash - feature)) == 0 &&
            dependency->active && dependency->package &&
            package_enabled(dependency->package, slash + 1))
            return true;
    }
    return false;
}
