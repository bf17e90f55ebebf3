/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/project.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "driver/compile.h"
#include "driver/version.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

struct loader {
    struct diag *diag;
    const struct project_options *options;
    struct project *project;
    bool rex_noted; /* DIAG_OTHER_REX was reported */
};

bool project_name_is_reserved(const char *name)
{
    static const char *const reserved[] = {"alloc",
                                           "compiler_builtins",
                                           "core",
                                           "panic_abort",
                                           "panic_unwind",
                                           "proc_macro",
                                           "std",
                                           "sysroot",
                                           "test",
                                           "unwind",
                                           NULL};
    for (size_t i = 0; reserved[i]; i++) {
        if (strcmp(name, reserved[i]) == 0)
            return true;
    }
    return false;
}

bool project_name_is_taken(const char *name)
{
    return project_name_is_reserved(name) || strcmp(name, "rex") == 0 ||
           strcmp(name, "rex_macros") == 0;
}

/* "a-b" and "a_b" are the same identifier. */
static char *identifier(const char *name)
{
    char *copy = must_copy(name);
    for (char *c = copy; *c; c++) {
        if (*c == '-')
            *c = '_';
    }
    return copy;
}

static enum dependency_place place_of_name(const char *name)
{
    char *word = identifier(name);
    enum dependency_place place = PLACE_PACKAGE;
    if (strcmp(word, "rex") == 0)
        place = PLACE_REX;
    else if (strcmp(word, "rex_macros") == 0)
        place = PLACE_REX_MACROS;
    free(word);
    return place;
}

__attribute__((format(printf, 5, 6))) static int refuse(const struct loader *loader,
                                                        enum diag_code code, const char *file,
                                                        const char *help, const char *format, ...)
{
    va_list arguments;
    struct buffer text = {0};
    va_start(arguments, format);
    buffer_vformat(&text, format, arguments);
    va_end(arguments);
    struct diag_message message = {.code = code, .at = {.file = file}, .help = help};
    diag_report(loader->diag, &message, "%s", text.data ? text.data : format);
    buffer_free(&text);
    return -1;
}

static int ask_cargo(struct loader *loader, const char *manifest)
{
    const struct toolchain *toolchain = loader->options->toolchain;
    struct cargo_question question = {
        .cargo = toolchain->tools[TOOL_CARGO].path,
        .rustc = toolchain->tools[TOOL_RUSTC].path,
        .identity = toolchain->identity,
        .manifest = manifest,
        .cache = loader->project->build,
        .key = loader->options->key,
        .digests = loader->options->digests,
        .verbose = loader->options->verbose,
        .dry_run = loader->options->dry_run,
    };
    return cargo_metadata(loader->diag, &question, &loader->project->packages);
}

/* The package of that manifest, from an earlier answer or a new one; NULL after a report. */
static struct package *load_manifest(struct loader *loader, const char *path)
{
    struct package *package = NULL;
    char *manifest = path_resolve(path);
    if (!manifest) {
        refuse(loader, DIAG_MANIFEST, NULL, "correct the path, or add the package",
               "there is no '%s'", path);
        return NULL;
    }
    package = package_by_manifest(&loader->project->packages, manifest);
    if (!package) {
        if (ask_cargo(loader, manifest))
            goto done;
        package = package_by_manifest(&loader->project->packages, manifest);
        if (!package)
            refuse(loader, DIAG_MANIFEST, manifest,
                   "give the path of the package itself, not of its workspace",
                   "'%s' is not the manifest of a package", manifest);
    }
done:
    free(manifest);
    return package;
}

/* --- dependencies --- */

/* A package that others use: nothing of it may run on this machine, and it must be compiled by us.
 */
static int check_dependency_package(struct loader *loader, const struct package *user,
                                    const struct package *package)
{
    for (size_t i = 0; i < package->target_count; i++) {
        const struct target *target = &package->targets[i];
        if (target->kind == TARGET_BUILD_SCRIPT)
            return refuse(loader, DIAG_BUILD_SCRIPT, target->source,
                          "take a version without a build script, or copy the part that you need",
                          "package '%s' has a build script", package->name);
        if (target->kind == TARGET_PROC_MACRO)
            return refuse(loader, DIAG_PROC_MACRO, package->manifest,
                          "write the code out, or use macro_rules!",
                          "dependency '%s' of '%s' is a procedural macro", package->name,
                          user->name);
    }
    const struct target *library = package_library(package);
    if (library) {
        if (project_name_is_taken(library->name))
            return refuse(loader, DIAG_RESERVED_CRATE, package->manifest,
                          "give the library another name in its [lib] section",
                          "the library of package '%s' calls itself '%s'", package->name,
                          library->name);
        return 0;
    }
    for (size_t i = 0; i < package->target_count; i++) {
        if (package->targets[i].kind == TARGET_FOREIGN)
            return refuse(loader, DIAG_FOREIGN_LIBRARY, package->manifest,
                          "remove crate-type from its [lib] section, or add \"rlib\"",
                          "dependency '%s' of '%s' is a library for other languages", package->name,
                          user->name);
    }
    return refuse(loader, DIAG_FOREIGN_LIBRARY, package->manifest,
                  "add src/lib.rs to it, or remove the dependency",
                  "dependency '%s' of '%s' has no library", package->name, user->name);
}

static int check_version(struct loader *loader, const struct package *user,
                         const struct dependency *dependency, const struct package *package)
{
    switch (version_match(dependency->requirement, package->version)) {
    case VERSION_MATCHES:
        return 0;
    case VERSION_DIFFERS:
        return refuse(loader, DIAG_VERSION_REQUIREMENT, user->manifest,
                      "correct the requirement, or use the version that it asks for",
                      "'%s' requires %s %s, but '%s' is version %s", user->name,
                      dependency->package_name, dependency->requirement, package->directory,
                      package->version);
    case VERSION_MALFORMED:
        break;
    }
    return refuse(loader, DIAG_VERSION_REQUIREMENT, user->manifest,
                  "write it as the Cargo book's \"Specifying Dependencies\" has it",
                  "the version requirement '%s' of dependency '%s' is malformed",
                  dependency->requirement, dependency->key);
}

/* Adds to candidates the directories NAME and NAME-* in a vendor directory. */
static void list_vendored(const char *root, const char *name, struct strings *candidates)
{
    char *vendor = path_join(root, "vendor");
    size_t length = strlen(name);
    DIR *listing = opendir(vendor);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        const char *rest = entry->d_name + length;
        if (strncmp(entry->d_name, name, length) != 0 ||
            !(rest[0] == '\0' || (rest[0] == '-' && rest[1] >= '0' && rest[1] <= '9')))
            continue;
        char *directory = path_join(vendor, entry->d_name);
        char *manifest = path_join(directory, "Cargo.toml");
        if (file_exists(manifest))
            strings_take(candidates, manifest);
        else
            free(manifest);
        free(directory);
    }
    if (listing)
        closedir(listing);
    free(vendor);
}

/* The newest vendored package that fits; NULL after a report. */
static struct package *find_vendored(struct loader *loader, const struct package *user,
                                     const struct dependency *dependency)
{
    const struct package *root = loader->project->root;
    struct strings candidates = {0};
    struct package *best = NULL;
    char *other = NULL;

    list_vendored(root->directory, dependency->package_name, &candidates);
    if (strcmp(root->workspace, root->directory) != 0)
        list_vendored(root->workspace, dependency->package_name, &candidates);
    for (size_t i = 0; i < candidates.count; i++) {
        struct package *package = load_manifest(loader, candidates.items[i]);
        if (!package)
            goto failed;
        if (strcmp(package->name, dependency->package_name) != 0)
            continue;
        if (version_match(dependency->requirement, package->version) != VERSION_MATCHES) {
            free(other);
            other = must_copy(package->version);
        } else if (!best || version_order(package->version, best->version) > 0) {
            best = package;
        }
    }
    if (!best && other)
        refuse(loader, DIAG_NOT_VENDORED, user->manifest,
               "vendor a version that fits: `cargo vendor` on a machine with a network",
               "dependency '%s' of '%s' must be %s; vendored is %s", dependency->package_name,
               user->name, dependency->requirement, other);
    else if (!best)
        refuse(loader, DIAG_NOT_VENDORED, user->manifest,
               "run `cargo vendor` on a machine with a network, or use a path dependency",
               "dependency '%s' of '%s' comes from a registry and is not in '%s/vendor'",
               dependency->package_name, user->name, root->directory);
failed:
    free(other);
    strings_free(&candidates);
    return best;
}

/* Our crate is used whatever the manifest says; say so when it says something else. */
static void note_other_rex(struct loader *loader, const struct package *user,
                           const struct dependency *dependency)
{
    if (!dependency->path || loader->rex_noted)
        return;
    char *named = path_resolve(dependency->path);
    char *ours = path_resolve(loader->options->installation->crates);
    bool same = !named || (ours && strncmp(named, ours, strlen(ours)) == 0);
    free(named);
    free(ours);
    if (same)
        return;
    loader->rex_noted = true;
    struct diag_message message = {
        .code = DIAG_OTHER_REX,
        .severity = DIAG_WARNING,
        .at = {.file = user->manifest},
        .help = "nothing to do; `rex = \"*\"` says the same without a path",
    };
    diag_report(loader->diag, &message,
                "dependency '%s' means the crate that comes with rexc, not '%s'", dependency->key,
                dependency->path);
}

static int find_dependency(struct diag *diag, const struct package *user,
                           struct dependency *dependency, void *data)
{
    (void)diag;
    struct loader *loader = data;
    dependency->place = place_of_name(dependency->package_name);
    if (dependency->place == PLACE_PACKAGE)
        dependency->place = place_of_name(dependency->key);
    if (dependency->place != PLACE_PACKAGE) {
        note_other_rex(loader, user, dependency);
        return 0;
    }
    char *name = identifier(dependency->key);
    bool reserved = project_name_is_reserved(name);
    free(name);
    if (reserved)
        return refuse(loader, DIAG_RESERVED_CRATE, user->manifest,
                      "rename it: other = { package = \"...\" }",
                      "dependency '%s' of '%s' has a name of the compiler's own crates",
                      dependency->key, user->name);
    if (dependency->path) {
        char *manifest = path_join(dependency->path, "Cargo.toml");
        dependency->package = load_manifest(loader, manifest);
        free(manifest);
        if (!dependency->package)
            return -1;
        if (strcmp(dependency->package->name, dependency->package_name) != 0)
            return refuse(loader, DIAG_MANIFEST, user->manifest,
                          "correct the name, or add package = \"...\" to the dependency",
                          "the package in '%s' is '%s', not '%s'", dependency->path,
                          dependency->package->name, dependency->package_name);
        if (check_version(loader, user, dependency, dependency->package))
            return -1;
    } else if (dependency->source && strncmp(dependency->source, "git+", 4) == 0) {
        return refuse(loader, DIAG_GIT_DEPENDENCY, user->manifest,
                      "check it out beside your package and name it by path",
                      "dependency '%s' of '%s' is a git repository: %s", dependency->key,
                      user->name, dependency->source + 4);
    } else {
        dependency->package = find_vendored(loader, user, dependency);
        if (!dependency->package)
            return -1;
    }
    return check_dependency_package(loader, user, dependency->package);
}

/* --- the crates in order --- */

enum mark { UNSEEN, ON_PATH, DONE };

struct visit {
    const struct package *package;
    enum mark mark;
    size_t crate;
};

struct order {
    struct loader *loader;
    struct visit *visits;
    size_t visit_count;
};

static size_t add_crate(struct project *project, const struct package *package,
                        const struct target *target)
{
    project->crates =
        must_grow(project->crates, project->crate_count + 1, sizeof(*project->crates));
    struct crate *crate = &project->crates[project->crate_count];
    *crate = (struct crate){.package = package, .target = target};
    crate->name = identifier(target->name);
    return project->crate_count++;
}

static void add_use(struct crate *crate, const char *name, enum dependency_place place, size_t used,
                    bool development)
{
    crate->uses = must_grow(crate->uses, crate->use_count + 1, sizeof(*crate->uses));
    crate->uses[crate->use_count++] = (struct crate_use){
        .name = identifier(name), .place = place, .crate = used, .development = development};
}

static struct visit *visit_of(struct order *order, const struct package *package)
{
    for (size_t i = 0; i < order->visit_count; i++) {
        if (order->visits[i].package == package)
            return &order->visits[i];
    }
    order->visits[order->visit_count] = (struct visit){.package = package};
    return &order->visits[order->visit_count++];
}

static int order_library(struct order *order, const struct package *package);

/* Orders what the package uses, and lists it. */
static int collect_uses(struct order *order, const struct package *package, struct crate *uses)
{
    for (size_t i = 0; i < package->dependency_count; i++) {
        const struct dependency *dependency = &package->dependencies[i];
        if (!dependency->active)
            continue;
        bool development = dependency->kind == DEPENDENCY_DEV;
        if (dependency->place != PLACE_PACKAGE) {
            add_use(uses, dependency->key, dependency->place, 0, development);
            continue;
        }
        if (order_library(order, dependency->package))
            return -1;
        /* Without a rename the code says the library's name, which [lib] may have set. */
        const char *name =
            dependency->renamed ? dependency->key : package_library(dependency->package)->name;
        add_use(uses, name, PLACE_PACKAGE, visit_of(order, dependency->package)->crate,
                development);
    }
    return 0;
}

/* Gives the collected uses to a new crate. Every crate may name `rex`: it is the language's library
 * here. */
static size_t finish_crate(struct order *order, const struct package *package,
                           const struct target *target, struct crate *uses)
{
    struct project *project = order->loader->project;
    size_t index = add_crate(project, package, target);
    struct crate *crate = &project->crates[index];
    crate->uses = uses->uses;
    crate->use_count = uses->use_count;
    *uses = (struct crate){0};
    return index;
}

static void free_uses(struct crate *crate)
{
    for (size_t i = 0; i < crate->use_count; i++)
        free(crate->uses[i].name);
    free(crate->uses);
}

static int order_library(struct order *order, const struct package *package)
{
    struct visit *visit = visit_of(order, package);
    if (visit->mark == DONE)
        return 0;
    if (visit->mark == ON_PATH)
        return refuse(order->loader, DIAG_DEPENDENCY_CYCLE, package->manifest,
                      "move what both need into a third package",
                      "package '%s' depends on itself through others", package->name);
    visit->mark = ON_PATH;
    struct crate uses = {0};
    if (collect_uses(order, package, &uses)) {
        free_uses(&uses);
        return -1;
    }
    visit->crate = finish_crate(order, package, package_library(package), &uses);
    visit->mark = DONE;
    return 0;
}

/* The program comes after its own package's library, which it may name, when there is one. */
static int order_root(struct order *order, const struct target *program)
{
    struct project *project = order->loader->project;
    const struct package *root = project->root;
    const struct target *library = package_library(root);
    struct crate uses = {0};

    if (library && order_library(order, root))
        return -1;
    if (!program)
        return 0;
    if (collect_uses(order, root, &uses)) {
        free_uses(&uses);
        return -1;
    }
    if (library)
        add_use(&uses, library->name, PLACE_PACKAGE, visit_of(order, root)->crate, false);
    finish_crate(order, root, program, &uses);
    return 0;
}

/*
 * Names a crate without naming where it lies: package, version, features, kind, and the path from
 * the project's directory only when two packages would be the same without it.
 */
static void identify_crates(struct project *project)
{
    for (size_t i = 0; i < project->crate_count; i++) {
        struct crate *crate = &project->crates[i];
        struct buffer text = {0};
        size_t same = 0;
        for (size_t j = 0; j < i; j++) {
            const struct package *other = project->crates[j].package;
            if (other != crate->package && strcmp(other->name, crate->package->name) == 0 &&
                strcmp(other->version, crate->package->version) == 0)
                same++;
        }
        buffer_format(&text, "%s %s %s", crate->package->name, crate->package->version,
                      crate->target->kind == TARGET_PROGRAM ? "program" : "library");
        for (size_t j = 0; j < crate->package->enabled.count; j++)
            buffer_format(&text, " %s", crate->package->enabled.items[j]);
        if (same)
            buffer_format(&text, " #%zu", same);
        crate->identity = buffer_take(&text);
        if (!crate->identity)
            crate->identity = must_copy(crate->name);
    }
}

/* --- the root package --- */

static int choose_package(struct loader *loader, const char *manifest)
{
    struct project *project = loader->project;
    const char *wanted = loader->options->package;
    struct buffer names = {0};
    if (wanted)
        project->root = package_by_name(&project->packages, wanted);
    else
        project->root = package_by_manifest(&project->packages, manifest);
    /* A workspace without a package of its own, but with one member only. */
    if (!wanted && !project->root && project->packages.count == 1) {
        project->root = project->packages.items[0];
        return 0;
    }
    if (project->root)
        return 0;
    for (size_t i = 0; i < project->packages.count; i++)
        buffer_format(&names, "%s%s", i ? ", " : "", project->packages.items[i]->name);
    if (wanted)
        refuse(loader, DIAG_PACKAGE_CHOICE, manifest, "name one of them with -p",
               "there is no package '%s' in '%s': it has %s", wanted, project->directory,
               names.data ? names.data : "none");
    else
        refuse(loader, DIAG_PACKAGE_CHOICE, manifest, "name one of them with -p",
               "'%s' is a workspace of several packages: %s", project->directory,
               names.data ? names.data : "none");
    buffer_free(&names);
    return -1;
}

static int choose_program(struct loader *loader, const struct target **program)
{
    const struct package *root = loader->project->root;
    const char *wanted = loader->options->program;
    struct buffer names = {0};
    size_t count = 0;
    *program = NULL;
    for (size_t i = 0; i < root->target_count; i++) {
        const struct target *target = &root->targets[i];
        if (target->kind == TARGET_BUILD_SCRIPT)
            return refuse(loader, DIAG_BUILD_SCRIPT, target->source,
                          "remove build.rs, or move what it makes into the sources",
                          "package '%s' has a build script", root->name);
        if (target->kind == TARGET_PROC_MACRO)
            return refuse(loader, DIAG_PROC_MACRO, root->manifest,
                          "write the code out, or use macro_rules!",
                          "package '%s' is a procedural macro", root->name);
        if (target->kind != TARGET_PROGRAM)
            continue;
        buffer_format(&names, "%s%s", count++ ? ", " : "", target->name);
        if (wanted
                ? strcmp(wanted, target->name) == 0
                : count == 1 || (root->default_run && strcmp(root->default_run, target->name) == 0))
            *program = target;
    }
    int result = 0;
    if (wanted && !*program)
        result = refuse(loader, DIAG_PACKAGE_CHOICE, root->manifest, "name one of them with --bin",
                        "package '%s' has no program '%s': it has %s", root->name, wanted,
                        names.data ? names.data : "none");
    else if (!wanted && count > 1 && !root->default_run)
        result = refuse(loader, DIAG_PACKAGE_CHOICE, root->manifest, "name one of them with --bin",
                        "package '%s' has several programs: %s", root->name, names.data);
    else if (count == 0 && !(loader->options->library_is_enough && package_library(root)))
        result = refuse(loader, DIAG_NO_PROGRAM, root->manifest,
                        "add src/main.rs; `rexc new` shows what belongs in it",
                        "package '%s' has no program", root->name);
    buffer_free(&names);
    return result;
}

/* Cargo leaves out a program whose features are off. Here one program was asked for. */
static int check_required(struct loader *loader, const struct target **program)
{
    const struct package *root = loader->project->root;
    for (size_t i = 0; *program && i < (*program)->required.count; i++) {
        const char *feature = (*program)->required.items[i];
        if (package_has(root, feature))
            continue;
        if (loader->options->library_is_enough && !loader->options->program &&
            package_library(root)) {
            *program = NULL;
            break;
        }
        char *help = must_format("turn it on with --features %s", feature);
        refuse(loader, DIAG_FEATURES, root->manifest, help,
               "program '%s' requires the feature '%s', which is off", (*program)->name, feature);
        free(help);
        return -1;
    }
    return 0;
}

/* What the compiler pass takes an entry for, and what `::rex` and `core::` mean, goes by crate
 * names. */
static int check_name(const struct loader *loader, const char *what, const char *name)
{
    char *word = identifier(name);
    bool taken = project_name_is_taken(word);
    free(word);
    return taken ? refuse(loader, DIAG_RESERVED_CRATE, loader->project->root->manifest,
                          "give it another name", "the %s calls itself '%s'", what, name)
                 : 0;
}

static int check_names(const struct loader *loader, const struct target *program)
{
    const struct package *root = loader->project->root;
    const struct target *library = package_library(root);
    int result = check_name(loader, "package", root->name);
    if (result == 0 && library)
        result = check_name(loader, "package's library", library->name);
    if (result == 0 && program)
        result = check_name(loader, "program", program->name);
    return result;
}

/* Where the user may have meant, when a directory has no Cargo.toml. */
static char *manifest_above(const char *directory)
{
    char *at = must_copy(directory);
    while (strcmp(at, "/") != 0) {
        char *above = path_dirname(at);
        char *manifest = path_join(above, "Cargo.toml");
        bool there = file_exists(manifest);
        free(manifest);
        free(at);
        at = above;
        if (there)
            return at;
    }
    free(at);
    return NULL;
}

static int find_root(struct loader *loader)
{
    const char *named = loader->options->directory;
    struct project *project = loader->project;
    int result = -1;
    project->directory = path_resolve(named);
    if (!project->directory || !file_is_directory(project->directory))
        return refuse(loader, DIAG_NO_PACKAGE, NULL, "name a directory with a Cargo.toml",
                      "'%s' is not a directory", named);
    if (compile_check_path(loader->diag, project->directory))
        return -1;
    project->output = path_join(project->directory, "target/rex");
    project->build = path_join(project->output, ".build");
    char *manifest = path_join(project->directory, "Cargo.toml");
    if (!file_exists(manifest)) {
        char *above = manifest_above(project->directory);
        char *help = above ? must_format("run it in '%s'", above)
                           : must_copy("`rexc new xdp NAME` makes a package");
        refuse(loader, DIAG_NO_PACKAGE, NULL, help, "there is no Cargo.toml in '%s'",
               project->directory);
        free(help);
        free(above);
    } else if (ask_cargo(loader, manifest) == 0) {
        result = choose_package(loader, manifest);
    }
    free(manifest);
    return result;
}

int project_load(struct diag *diag, const struct project_options *options, struct project **project)
{
    struct loader loader = {.diag = diag, .options = options};
    struct order order = {.loader = &loader};
    const struct target *program;
    int result = -1;

    *project = NULL;
    loader.project = must_alloc(1, sizeof(*loader.project));
    if (find_root(&loader) || choose_program(&loader, &program) || check_names(&loader, program) ||
        features_resolve(diag, loader.project->root, options->features, find_dependency, &loader) ||
        check_required(&loader, &program))
        goto done;
    order.visits = must_alloc(loader.project->packages.count, sizeof(*order.visits));
    if (order_root(&order, program))
        goto done;
    identify_crates(loader.project);
    loader.project->has_program = program != NULL;
    *project = loader.project;
    loader.project = NULL;
    result = 0;
done:
    free(order.visits);
    project_free(loader.project);
    return result;
}

const char *project_shown(const struct project *project, const char *path)
{
    size_t length = strlen(project->directory);
    if (strncmp(path, project->directory, length) != 0 || path[length] != '/')
        return path;
    return path + length + 1;
}

const struct crate *project_program(const struct project *project)
{
    return &project->crates[project->crate_count - 1];
}

void project_free(struct project *project)
{
    if (!project)
        return;
    for (size_t i = 0; i < project->crate_count; i++) {
        free_uses(&project->crates[i]);
        free(project->crates[i].name);
        free(project->crates[i].identity);
    }
    free(project->crates);
    package_list_free(&project->packages);
    free(project->directory);
    free(project->build);
    free(project->output);
    free(project);
}
