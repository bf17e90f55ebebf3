/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/sysroot.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/process.h"
#include "driver/rust_flags.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Changes when entries of an older layout must not be used any more. */
#define LAYOUT "rexc sysroot 4"

/* What is compiled, in dependency order. Sources are below one of the toolchain's directories. */
enum step_kind {
    STEP_TARGET, /* for programs, with rust_flags */
    STEP_MACROS, /* the macros: a shared object that rustc loads */
    STEP_TEST,   /* the crate for the host, for `rexc test` */
};

struct step {
    const char *crate;
    enum step_kind kind;
    int tool; /* TOOL_RUST_SRC or TOOL_CRATE */
    const char *source;
    const char *edition;
    const char *options[3]; /* NULL-terminated */
};

static const struct step core_step = {
    "core", STEP_TARGET, TOOL_RUST_SRC, "core/src/lib.rs", "2024", {"--cap-lints=allow", NULL},
};

static const struct step crate_steps[] = {
    {"rex_macros",
     STEP_MACROS,
     TOOL_CRATE,
     "rex-macros/src/lib.rs",
     "2024",
     {"--extern=proc_macro", NULL}},
    {"compiler_builtins", STEP_TARGET, TOOL_CRATE, "builtins/src/lib.rs", "2024", {NULL}},
    {"rex", STEP_TARGET, TOOL_CRATE, "rex/src/lib.rs", "2024", {"--extern=rex_macros", NULL}},
};

static const struct step test_step = {
    "rex",      STEP_TEST,
    TOOL_CRATE, "rex/src/lib.rs",
    "2024",     {"--cfg=rexc_host", "--extern=rex_macros", NULL},
};

/* An entry of the sysroot links to files of the compiler's, so that a change of the crate does not
 * compile core again. */
enum level { LEVEL_COMPILER, LEVEL_SYSROOT };

static const char *const level_names[] = {"compiler", "sysroot"};

/* Everything one preparation works with. */
struct preparation {
    enum level level;
    struct diag *diag;
    const struct toolchain *toolchain;
    const struct sysroot_options *options;
    char *directory;            /* being made */
    struct strings environment; /* of every child */
    char *pass_config;          /* for core with checks; NULL otherwise */
    struct timespec begun;
    bool on_terminal;
};

static const char *variant_name(enum sysroot_variant variant)
{
    return variant == SYSROOT_CHECKED ? "checked" : "plain";
}

static char *entries_directory(enum level level)
{
    char *cache = cache_directory();
    char *path = path_join(cache, level_names[level]);
    free(cache);
    return path;
}

static void entry_key(const struct toolchain *toolchain, enum sysroot_variant variant,
                      enum level level, char hex[HASH_HEX_SIZE])
{
    struct hash *hash = hash_begin();
    hash_add_string(hash, LAYOUT);
    hash_add_string(hash, variant_name(variant));
    hash_add_string(hash, toolchain->compiler_identity);
    hash_add_string(hash, toolchain->pass_hash);
    if (level == LEVEL_SYSROOT)
        hash_add_string(hash, toolchain->crate_hash);
    for (const struct rust_flag *flag = rust_flags; flag->flag; flag++)
        hash_add_string(hash, flag->flag);
    hash_end(hash, hex);
}

/*
 * Manifest: what an entry holds. A file whose identity (inode, size, times) is as recorded is taken
 * as is; another identity means that it is hashed again. ctime cannot be set by a program, so an
 * edit does not go unnoticed.
 */

static json_t *file_record(struct diag *diag, const char *path)
{
    struct stat status;
    char hex[HASH_HEX_SIZE];
    if (stat(path, &status) || hash_file(diag, path, hex))
        return NULL;
    return json_pack(
        "{s:I,s:I,s:I,s:I,s:s}", "size", (json_int_t)status.st_size, "inode",
        (json_int_t)status.st_ino, "modified",
        (json_int_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec, "changed",
        (json_int_t)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec, "sha256", hex);
}

static json_int_t number_of(const json_t *record, const char *key)
{
    return json_integer_value(json_object_get(record, key));
}

/* Is the file what the record says? With deep it is hashed in any case. */
static bool file_intact(struct diag *diag, const char *path, const json_t *record, bool deep)
{
    struct stat status;
    char hex[HASH_HEX_SIZE];
    if (stat(path, &status) || status.st_size != number_of(record, "size"))
        return false;
    bool same = (json_int_t)status.st_ino == number_of(record, "inode") &&
                (json_int_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec ==
                    number_of(record, "modified") &&
                (json_int_t)status.st_ctim.tv_sec * 1000000000 + status.st_ctim.tv_nsec ==
                    number_of(record, "changed");
    if (same && !deep)
        return true;
    const char *expected = json_string_value(json_object_get(record, "sha256"));
    return expected && hash_file(diag, path, hex) == 0 && strcmp(hex, expected) == 0;
}

static json_t *manifest_load(const char *directory)
{
    char *path = path_join(directory, "manifest.json");
    json_error_t error;
    json_t *manifest = json_load_file(path, 0, &error);
    free(path);
    return manifest;
}

static bool entry_intact(struct diag *diag, const char *directory, bool deep)
{
    json_t *manifest = manifest_load(directory);
    const char *name;
    json_t *record;
    json_t *files = json_object_get(manifest, "files");
    bool intact = json_object_size(files) > 0;
    json_object_foreach(files, name, record)
    {
        char *path = path_join(directory, name);
        intact = intact && file_intact(diag, path, record, deep);
        free(path);
    }
    json_decref(manifest);
    return intact;
}

/* Adds every regular file of directory/subdirectory to the files' records. */
static int record_directory(struct diag *diag, const char *directory, const char *subdirectory,
                            json_t *files)
{
    char *path = path_join(directory, subdirectory);
    int result = 0;
    DIR *listing = opendir(path);
    if (!listing)
        result =
            diag_error(diag, DIAG_CANNOT_READ, NULL, "cannot read '%s': %s", path, strerror(errno));
    for (struct dirent *entry; listing && result == 0 && (entry = readdir(listing));) {
        char *file = path_join(path, entry->d_name);
        struct stat status;
        if (entry->d_name[0] != '.' && stat(file, &status) == 0 && S_ISREG(status.st_mode) &&
            strcmp(entry->d_name, "manifest.json") != 0) {
            char *name =
                *subdirectory ? path_join(subdirectory, entry->d_name) : must_copy(entry->d_name);
            json_t *record = file_record(diag, file);
            if (!record || json_object_set_new(files, name, record))
                result = -1;
            free(name);
        }
        free(file);
    }
    if (listing)
        closedir(listing);
    free(path);
    return result;
}

static int manifest_write(struct preparation *preparation, const char *directory,
                          const struct toolchain *toolchain)
{
    json_t *files = json_object();
    int result = -1;
    char *path = path_join(directory, "manifest.json");
    char *text = NULL;
    json_t *manifest = json_pack("{s:i,s:s,s:s,s:o}", "format", 1, "variant",
                                 variant_name(preparation->options->variant), "rustc",
                                 toolchain->tools[TOOL_RUSTC].version, "files", files);
    if (record_directory(preparation->diag, directory, "", files) ||
        record_directory(preparation->diag, directory, "host", files))
        goto done;
    text = json_dumps(manifest, JSON_INDENT(1) | JSON_SORT_KEYS);
    if (text)
        result = file_write_atomic(preparation->diag, path, text, strlen(text), 0644);
done:
    free(text);
    json_decref(manifest);
    free(path);
    return result;
}

/* Compiling. */

static void step_arguments(const struct preparation *preparation, const struct step *step,
                           struct strings *arguments)
{
    const struct toolchain *toolchain = preparation->toolchain;
    const char *directory = preparation->directory;
    bool for_target = step->kind == STEP_TARGET;
    char *source = path_join(toolchain->tools[step->tool].path, step->source);

    strings_add(arguments, toolchain->tools[TOOL_RUSTC].path);
    strings_format(arguments, "--crate-name=%s", step->crate);
    strings_format(arguments, "--crate-type=%s", step->kind == STEP_MACROS ? "proc-macro" : "rlib");
    strings_format(arguments, "--edition=%s", step->edition);
    if (for_target) {
        rust_flags_add(arguments);
        strings_add(arguments, "-Copt-level=2");
        /* Core is found as any other crate, in -L: the sysroot itself is empty. */
        strings_format(arguments, "--sysroot=%s/empty", directory);
        strings_format(arguments, "-L%s", directory);
        strings_format(arguments, "-Zllvm-plugins=%s", toolchain->tools[TOOL_PASS].path);
    } else {
        strings_add(arguments, "-Copt-level=1");
        strings_format(arguments, "-Cmetadata=rexc-%s", step->kind == STEP_TEST ? "test" : "host");
    }
    strings_format(arguments, "-L%s/host", directory);
    strings_format(arguments, "--remap-path-prefix=%s=/rexc/%s", toolchain->tools[step->tool].path,
                   step->tool == TOOL_RUST_SRC ? "rust" : "crates");
    for (const char *const *option = step->options; *option; option++)
        strings_add(arguments, *option);
    strings_format(arguments, "--out-dir=%s%s", directory, for_target ? "" : "/host");
    strings_add(arguments, source);
    free(source);
}

static int step_start(struct preparation *preparation, const struct step *step,
                      struct strings *arguments, struct process *process)
{
    step_arguments(preparation, step, arguments);
    *process = (struct process){
        .arguments = (const char *const *)arguments->items,
        .environment = (const char *const *)preparation->environment.items,
        .directory = "/",
        .verbose = preparation->options->verbose,
    };
    return process_start(preparation->diag, process);
}

static int step_check(struct preparation *preparation, const struct step *step,
                      const struct process *process)
{
    if (process->exit_status == 0)
        return 0;
    diag_forward(preparation->diag, "rustc", process->err.data ? process->err.data : "",
                 process->err.length);
    return diag_error(preparation->diag, DIAG_SYSROOT_FAILED,
                      "run `rexc doctor`; if it is content, run with -v to see the command",
                      "'%s' could not be compiled for the sysroot", step->crate);
}

static void show_progress(void *data)
{
    const struct preparation *preparation = data;
    struct timespec now;
    if (!preparation->on_terminal)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(stderr, "\rpreparing the compiler sysroot: %lld s of about 40 ",
            (long long)(now.tv_sec - preparation->begun.tv_sec));
    fflush(stderr);
}

static int step_run(struct preparation *preparation, const struct step *step)
{
    struct strings arguments = {0};
    struct process process;
    int result = step_start(preparation, step, &arguments, &process);
    if (result == 0)
        result = process_wait_ticking(preparation->diag, (struct process *[]){&process}, 1, 500,
                                      show_progress, preparation);
    if (result == 0)
        result = step_check(preparation, step, &process);
    process_free(&process);
    strings_free(&arguments);
    return result;
}

/* The crate alone takes a second: nothing to announce. */
static bool shows_progress(const struct preparation *preparation)
{
    return preparation->options->progress && !preparation->options->verbose &&
           preparation->level == LEVEL_COMPILER;
}

static void progress_begin(struct preparation *preparation)
{
    clock_gettime(CLOCK_MONOTONIC, &preparation->begun);
    preparation->on_terminal = false;
    if (!shows_progress(preparation))
        return;
    fprintf(stderr, "preparing the compiler sysroot (%s): core for %s, once per compiler\n",
            variant_name(preparation->options->variant),
            preparation->toolchain->tools[TOOL_RUSTC].version);
    preparation->on_terminal = isatty(2);
}

static void progress_end(const struct preparation *preparation)
{
    struct timespec now;
    if (!shows_progress(preparation))
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(stderr, "%ssysroot ready after %lld s%s\n", preparation->on_terminal ? "\r" : "",
            (long long)(now.tv_sec - preparation->begun.tv_sec),
            preparation->on_terminal ? "                              " : "");
}

/* The link from an entry of the sysroot to the compiler's core. */
static int link_core(struct preparation *preparation, const char *compiler)
{
    /* Relative, so that a cache may be copied or moved as a whole. */
    char *target = must_format("../../%s/%s/libcore.rlib", level_names[LEVEL_COMPILER],
                               path_basename(compiler));
    char *path = path_join(preparation->directory, "libcore.rlib");
    int result = 0;
    if (symlink(target, path))
        result = diag_error(preparation->diag, DIAG_CANNOT_WRITE, NULL, "cannot write '%s': %s",
                            path, strerror(errno));
    free(path);
    free(target);
    return result;
}

static int prepare_level(struct diag *diag, const struct toolchain *toolchain,
                         const struct sysroot_options *options, enum level level, char **directory);

static int compile_sysroot_level(struct preparation *preparation)
{
    char *compiler = NULL;
    int result = prepare_level(preparation->diag, preparation->toolchain, preparation->options,
                               LEVEL_COMPILER, &compiler);
    if (result == 0)
        result = link_core(preparation, compiler);
    for (size_t i = 0; i < sizeof(crate_steps) / sizeof(crate_steps[0]) && result == 0; i++)
        result = step_run(preparation, &crate_steps[i]);
    free(compiler);
    return result;
}

/* The checked variant runs the pass over core, the builtins and the crate (llvm-pass/README.md:
 * mode core). */
static int write_pass_config(struct preparation *preparation)
{
    static const char text[] = "rexpass 1\nmode core\n";
    if (preparation->options->variant == SYSROOT_PLAIN)
        return 0;
    preparation->pass_config = path_join(preparation->directory, "pass.config");
    strings_format(&preparation->environment, "REXC_PASS_CONFIG=%s", preparation->pass_config);
    return file_write_atomic(preparation->diag, preparation->pass_config, text, sizeof(text) - 1,
                             0644);
}

static int make_entry(struct preparation *preparation, const char *final)
{
    int result = -1;
    char *empty = path_join(preparation->directory, "empty");
    char *host = path_join(preparation->directory, "host");
    if (file_remove_tree(preparation->diag, preparation->directory) ||
        file_make_directories(preparation->diag, empty, 0755) ||
        file_make_directories(preparation->diag, host, 0755) || write_pass_config(preparation))
        goto done;
    progress_begin(preparation);
    if ((preparation->level == LEVEL_COMPILER ? step_run(preparation, &core_step)
                                              : compile_sysroot_level(preparation)) ||
        manifest_write(preparation, preparation->directory, preparation->toolchain))
        goto done;
    if (file_remove_tree(preparation->diag, final))
        goto done;
    if (rename(preparation->directory, final)) {
        diag_error(preparation->diag, DIAG_CANNOT_WRITE, NULL, "cannot write '%s': %s", final,
                   strerror(errno));
        goto done;
    }
    progress_end(preparation);
    result = 0;
done:
    free(host);
    free(empty);
    return result;
}

/* Holds the entry's lock until the descriptor is closed, also by a crash. */
static int lock_entry(struct diag *diag, const char *final)
{
    char *path = must_format("%s.lock", final);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int locked;
    do
        locked = fd < 0 ? -1 : flock(fd, LOCK_EX);
    while (locked && fd >= 0 && errno == EINTR);
    if (locked) {
        diag_error(diag, DIAG_CANNOT_WRITE, NULL, "cannot lock '%s': %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    free(path);
    return fd;
}

/* -###: what make_entry would run, the missing entries below it included. */
static int print_entry(struct preparation *preparation)
{
    const struct step *steps = preparation->level == LEVEL_COMPILER ? &core_step : crate_steps;
    size_t count =
        preparation->level == LEVEL_COMPILER ? 1 : sizeof(crate_steps) / sizeof(crate_steps[0]);
    char *compiler = NULL;
    int result = preparation->level == LEVEL_COMPILER
                     ? 0
                     : prepare_level(preparation->diag, preparation->toolchain,
                                     preparation->options, LEVEL_COMPILER, &compiler);
    for (size_t i = 0; i < count && result == 0; i++) {
        struct strings arguments = {0};
        step_arguments(preparation, &steps[i], &arguments);
        struct process process = {.arguments = (const char *const *)arguments.items,
                                  .environment =
                                      (const char *const *)preparation->environment.items,
                                  .directory = "/"};
        process_print(&process);
        strings_free(&arguments);
    }
    free(compiler);
    return result;
}

/* Takes the directory over. */
static void fill(struct sysroot *sysroot, char *directory, const char *key)
{
    *sysroot = (struct sysroot){
        .directory = directory,
        .key = must_copy(key),
        .empty = path_join(directory, "empty"),
        .library = must_copy(directory),
        .core = path_join(directory, "libcore.rlib"),
        .builtins = path_join(directory, "libcompiler_builtins.rlib"),
        .rex = path_join(directory, "librex.rlib"),
        .rex_macros = path_join(directory, "host/librex_macros.so"),
        .host = path_join(directory, "host"),
    };
}

/* Finds or makes an entry; *directory is its path. */
static int prepare_level(struct diag *diag, const struct toolchain *toolchain,
                         const struct sysroot_options *options, enum level level, char **directory)
{
    char key[HASH_HEX_SIZE];
    int result = -1, lock = -1;
    struct preparation preparation = {
        .level = level, .diag = diag, .toolchain = toolchain, .options = options};
    char *entries = entries_directory(level);

    entry_key(toolchain, options->variant, level, key);
    char *final = path_join(entries, key);
    toolchain_environment(&preparation.environment);
    preparation.directory = must_format("%s/.making.%s", entries, key);

    if (entry_intact(diag, final, false)) {
        result = 0;
        goto done;
    }
    if (options->dry_run) {
        result = print_entry(&preparation);
        goto done;
    }
    if (file_make_directories(diag, entries, 0755) || (lock = lock_entry(diag, final)) < 0)
        goto done;
    /* Another process may have made it while this one waited. */
    if (entry_intact(diag, final, false)) {
        result = 0;
        goto done;
    }
    if (file_exists(final)) {
        struct diag_message message = {.code = DIAG_CACHE_DAMAGED, .severity = DIAG_WARNING};
        diag_report(diag, &message, "the cached sysroot '%s' is damaged and is made again", final);
    }
    result = make_entry(&preparation, final);
    if (result)
        file_remove_tree(NULL, preparation.directory);
done:
    if (lock >= 0)
        close(lock);
    *directory = result ? NULL : must_copy(final);
    strings_free(&preparation.environment);
    free(preparation.pass_config);
    free(preparation.directory);
    free(final);
    free(entries);
    return result;
}

int sysroot_prepare(struct diag *diag, const struct toolchain *toolchain,
                    const struct sysroot_options *options, struct sysroot *sysroot)
{
    char *directory;
    *sysroot = (struct sysroot){0};
    if (prepare_level(diag, toolchain, options, LEVEL_SYSROOT, &directory))
        return -1;
    fill(sysroot, directory, path_basename(directory));
    return 0;
}

int sysroot_prepare_host(struct diag *diag, const struct toolchain *toolchain,
                         const struct sysroot_options *options, struct sysroot *sysroot)
{
    int result = -1;
    struct preparation preparation = {
        .level = LEVEL_SYSROOT, .diag = diag, .toolchain = toolchain, .options = options};
    char *host_rex = path_join(sysroot->host, "librex.rlib");
    int lock = lock_entry(diag, sysroot->directory);
    if (lock < 0)
        goto done;
    if (file_exists(host_rex)) {
        result = 0;
        goto done;
    }
    toolchain_environment(&preparation.environment);
    preparation.directory = must_copy(sysroot->directory);
    result = options->dry_run ? 0 : step_run(&preparation, &test_step);
    if (result == 0 && !options->dry_run)
        result = manifest_write(&preparation, sysroot->directory, toolchain);
done:
    if (lock >= 0)
        close(lock);
    if (result == 0)
        sysroot->host_rex = must_copy(host_rex);
    strings_free(&preparation.environment);
    free(preparation.directory);
    free(host_rex);
    return result;
}

void sysroot_free(struct sysroot *sysroot)
{
    free(sysroot->directory);
    free(sysroot->key);
    free(sysroot->empty);
    free(sysroot->library);
    free(sysroot->core);
    free(sysroot->builtins);
    free(sysroot->rex);
    free(sysroot->rex_macros);
    free(sysroot->host);
    free(sysroot->host_rex);
    *sysroot = (struct sysroot){0};
}

static struct sysroot_entry describe_entry(struct diag *diag, enum level level, const char *path,
                                           bool deep)
{
    struct sysroot_entry entry = {.key = must_copy(path_basename(path)),
                                  .level = level_names[level]};
    json_t *manifest = manifest_load(path);
    const char *variant = json_string_value(json_object_get(manifest, "variant"));
    const char *rustc = json_string_value(json_object_get(manifest, "rustc"));
    const char *file;
    json_t *record;
    entry.variant = variant && strcmp(variant, "checked") == 0 ? "checked" : "plain";
    entry.rustc = must_copy(rustc ? rustc : "unknown");
    json_object_foreach(json_object_get(manifest, "files"), file, record)
    {
        struct stat status;
        char *name = path_join(path, file);
        if (lstat(name, &status) == 0)
            entry.size += (unsigned long long)status.st_size;
        free(name);
    }
    entry.intact = entry_intact(diag, path, deep);
    json_decref(manifest);
    return entry;
}

int sysroot_list(struct diag *diag, bool deep, struct sysroot_entry **entries, size_t *count)
{
    *entries = NULL;
    *count = 0;
    for (enum level level = LEVEL_COMPILER; level <= LEVEL_SYSROOT; level++) {
        char *directory = entries_directory(level);
        DIR *listing = opendir(directory);
        for (struct dirent *found; listing && (found = readdir(listing));) {
            char *path = path_join(directory, found->d_name);
            if (found->d_name[0] != '.' && file_is_directory(path)) {
                *entries = must_grow(*entries, *count + 1, sizeof(**entries));
                (*entries)[(*count)++] = describe_entry(diag, level, path, deep);
            }
            free(path);
        }
        if (listing)
            closedir(listing);
        free(directory);
    }
    return 0;
}

void sysroot_entries_free(struct sysroot_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(entries[i].key);
        free(entries[i].rustc);
    }
    free(entries);
}
