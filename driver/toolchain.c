/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/toolchain.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APT_RUST "apt-get install rustc-web rust-web-src rust-web-clippy cargo-web"
#define REINSTALL "install rexc again as a whole"

static const struct {
    const char *name;
    const char *remedy;
} tool_table[TOOL_COUNT] = {
    [TOOL_RUSTC] = {"rustc", APT_RUST},
    [TOOL_RUST_SRC] = {"rust sources", "apt-get install rust-web-src"},
    [TOOL_CLIPPY] = {"clippy-driver", "apt-get install rust-web-clippy"},
    [TOOL_CARGO] = {"cargo", "apt-get install cargo-web"},
    [TOOL_LLD] = {"ld.lld", "apt-get install lld-22"},
    [TOOL_PASS] = {"rexc pass", REINSTALL},
    [TOOL_CRATE] = {"rex crate", REINSTALL},
};

void toolchain_environment(struct strings *environment)
{
    strings_add(environment, "RUSTC_BOOTSTRAP=1");
    strings_add(environment, "LC_ALL=C");
    strings_add(environment, "PATH=/usr/bin:/bin");
}

char *cache_directory(void)
{
    const char *cache = getenv("REXC_CACHE_DIR");
    if (cache && *cache)
        return must_copy(cache);
    cache = getenv("XDG_CACHE_HOME");
    if (cache && cache[0] == '/')
        return path_join(cache, "rexc");
    const char *home = getenv("HOME");
    if (!home || home[0] != '/') {
        const struct passwd *user = getpwuid(getuid());
        home = user ? user->pw_dir : "/";
    }
    return path_join(home, ".cache/rexc");
}

/*
 * Asking a tool.
 *
 * What a tool answers depends on its file alone, so answers are remembered with the file's
 * identity: a build that has nothing to do starts no process, not even `rustc -vV`.
 */
struct memory {
    json_t *answers; /* "path arguments" -> {"identity": ..., "answer": ...} */
    bool changed;
    bool verbose;
    bool dry_run;    /* questions are printed and not asked */
    bool unanswered; /*   and there was one */
};

static char *file_identity(const char *path)
{
    struct stat status;
    if (stat(path, &status))
        return NULL;
    return must_format("%llu:%llu %lld %lld.%09ld %lld.%09ld", (unsigned long long)status.st_dev,
                       (unsigned long long)status.st_ino, (long long)status.st_size,
                       (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                       (long long)status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

static char *memory_path(void)
{
    char *cache = cache_directory();
    char *path = path_join(cache, "tools.json");
    free(cache);
    return path;
}

static void memory_open(struct memory *memory)
{
    char *path = memory_path();
    json_error_t error;
    /* Unreadable or damaged: the tools are asked again. */
    memory->answers = json_load_file(path, 0, &error);
    if (!json_is_object(memory->answers)) {
        json_decref(memory->answers);
        memory->answers = json_object();
    }
    free(path);
}

static void memory_close(struct memory *memory)
{
    if (memory->changed) {
        char *path = memory_path();
        char *directory = path_dirname(path);
        char *text = json_dumps(memory->answers, JSON_INDENT(1) | JSON_SORT_KEYS);
        /* It is only a memory: where it cannot be kept, the next call asks again. */
        if (text && !file_make_directories(NULL, directory, 0777))
            file_write_atomic(NULL, path, text, strlen(text), 0666);
        free(text);
        free(directory);
        free(path);
    }
    json_decref(memory->answers);
}

/* stdout of `path argument1 [argument2]`, or NULL when it cannot be run or fails. To free(). */
static char *ask(struct diag *diag, struct memory *memory, const char *path, const char *argument1,
                 const char *argument2)
{
    char *key =
        must_format("%s %s%s%s", path, argument1, argument2 ? " " : "", argument2 ? argument2 : "");
    char *identity = file_identity(path);
    char *answer = NULL;
    struct strings environment = {0};

    if (!identity)
        goto done;
    json_t *known = json_object_get(memory->answers, key);
    const char *known_identity = json_string_value(json_object_get(known, "identity"));
    const char *known_answer = json_string_value(json_object_get(known, "answer"));
    if (known_identity && known_answer && strcmp(known_identity, identity) == 0) {
        answer = must_copy(known_answer);
        goto done;
    }
    toolchain_environment(&environment);
    const char *const arguments[] = {path, argument1, argument2, NULL};
    struct process process = {.arguments = arguments,
                              .environment = (const char *const *)environment.items,
                              .directory = "/",
                              .verbose = memory->verbose};
    if (memory->dry_run) {
        process_print(&process);
        memory->unanswered = true;
    } else if (process_run(diag, &process) == 0 && process.exit_status == 0) {
        answer = must_copy(process.out.data ? process.out.data : "");
        json_object_set_new(memory->answers, key,
                            json_pack("{s:s,s:s}", "identity", identity, "answer", answer));
        memory->changed = true;
    }
    process_free(&process);
done:
    strings_free(&environment);
    free(identity);
    free(key);
    return answer;
}

/* "KEY: value" of a multi-line text. To free(); NULL when there is none. */
static char *line_value(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line && *line;) {
        if (strncmp(line, key, length) == 0) {
            const char *value = line + length;
            return must_copy_length(value, strcspn(value, "\n"));
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return NULL;
}

static char *first_line(const char *text)
{
    return must_copy_length(text, strcspn(text, "\n"));
}

static bool is_executable(const char *path)
{
    return !file_is_directory(path) && access(path, X_OK) == 0;
}

/* Appends what PATH offers under that name, in order, each once. */
static void candidates(struct strings *list, const char *name)
{
    const char *path = getenv("PATH");
    struct strings directories = {0};
    while (path && *path) {
        size_t length = strcspn(path, ":");
        if (path[0] == '/')
            strings_take(&directories, must_copy_length(path, length));
        path += length + (path[length] == ':');
    }
    for (size_t i = 0; i < directories.count; i++) {
        char *file = path_join(directories.items[i], name);
        bool seen = false;
        for (size_t j = 0; j < list->count; j++)
            seen |= strcmp(list->items[j], file) == 0;
        if (!seen && is_executable(file))
            strings_add(list, file);
        free(file);
    }
    strings_free(&directories);
}

static void set_problem(struct tool *tool, enum tool_verdict verdict, char *problem)
{
    tool->verdict = verdict;
    free(tool->problem);
    tool->problem = problem;
}

static void set_missing(struct tool *tool, const char *where)
{
    set_problem(tool, TOOL_MISSING, must_format("%s was not found %s", tool->name, where));
}

/* What the user's environment says instead of PATH; NULL when it says nothing. */
static const char *overridden(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value ? value : NULL;
}

/* An override has to be the absolute path of a program: it is run from elsewhere. */
static bool check_override(struct tool *tool, const char *variable, const char *remedy)
{
    const char *value = overridden(variable);
    if (!value)
        return true;
    tool->remedy = remedy;
    if (value[0] == '/' && is_executable(value))
        return true;
    free(tool->path);
    tool->path = must_copy(value);
    set_problem(
        tool, TOOL_MISSING,
        must_format("%s is '%s', which is not the absolute path of a program", variable, value));
    return false;
}

/* The release number inside "rustc 1.96.0 (...)", "clippy 0.1.96 (...)". */
static char *release_of(const char *verbose)
{
    char *release = line_value(verbose, "release: ");
    return release ? release : must_copy("");
}

static char *find_sources(const char *sysroot, const char *release)
{
    const char *forced = overridden("REXC_RUST_SRC");
    if (forced)
        return must_copy(forced);
    char *places[] = {path_join(sysroot, "lib/rustlib/src/rust/library"),
                      must_format("/usr/src/rustc-%s/library", release)};
    char *found = NULL;
    for (size_t i = 0; i < 2; i++) {
        char *file = path_join(places[i], "core/src/lib.rs");
        if (!found && file_exists(file))
            found = must_copy(places[i]);
        free(file);
        free(places[i]);
    }
    return found;
}

/* A source tree says its version in src/version beside library/ (both Debian's and rustup's layouts
 * keep it there or nowhere); where it says none, its path must name the release. */
static void probe_sources(struct toolchain *toolchain, const char *sysroot, const char *release)
{
    struct tool *tool = &toolchain->tools[TOOL_RUST_SRC];
    const char *rustc = toolchain->tools[TOOL_RUSTC].path;
    tool->path = find_sources(sysroot, release);
    if (overridden("REXC_RUST_SRC"))
        tool->remedy = "correct or unset REXC_RUST_SRC";
    char *core = tool->path ? path_join(tool->path, "core/src/lib.rs") : NULL;
    if (!core || !file_exists(core)) {
        set_problem(tool, TOOL_MISSING,
                    must_format("the sources of core for %s (%s) were not found%s%s", rustc,
                                release, tool->path ? " in " : "", tool->path ? tool->path : ""));
        goto done;
    }
    char *version_path = path_join(tool->path, "../src/version");
    FILE *file = fopen(version_path, "re");
    free(version_path);
    char line[64] = "";
    if (file && fgets(line, sizeof(line), file))
        line[strcspn(line, " \r\n")] = '\0';
    if (file)
        fclose(file);
    bool under_sysroot = strncmp(tool->path, sysroot, strlen(sysroot)) == 0;
    tool->version = line[0]                                        ? must_copy(line)
                    : under_sysroot || strstr(tool->path, release) ? must_copy(release)
                                                                   : NULL;
    if (!tool->version || strcmp(tool->version, release) != 0)
        set_problem(tool, TOOL_MISMATCH,
                    must_format("the sources in %s are of version %s, but %s is %s", tool->path,
                                tool->version ? tool->version : "(unknown)", rustc, release));
done:
    free(core);
}

/* "clippy 0.1.96 (ac68faa20c 2026-05-25)", or without the commit, belongs to rustc 1.96.0. */
static void probe_clippy(struct diag *diag, struct memory *memory, struct toolchain *toolchain,
                         const char *release)
{
    struct tool *tool = &toolchain->tools[TOOL_CLIPPY];
    const char *rustc = toolchain->tools[TOOL_RUSTC].path;
    const char *forced = overridden("REXC_CLIPPY");
    char *directory = path_dirname(rustc);
    char *beside = path_join(directory, "clippy-driver");
    free(directory);
    if (!check_override(tool, "REXC_CLIPPY", "correct or unset REXC_CLIPPY"))
        goto done;
    if (forced)
        tool->path = must_copy(forced);
    else if (is_executable(beside))
        tool->path = must_copy(beside);
    if (!tool->path || !is_executable(tool->path)) {
        set_problem(tool, TOOL_MISSING,
                    must_format("clippy-driver was not found: %s does not exist",
                                tool->path ? tool->path : beside));
        goto done;
    }
    char *answer = ask(diag, memory, tool->path, "--version", NULL);
    tool->version = answer ? first_line(answer) : NULL;
    free(answer);
    unsigned minor = 0, patch = 0;
    sscanf(release, "1.%u.%u", &minor, &patch);
    char *expected = must_format("clippy 0.1.%u", minor);
    size_t length = strlen(expected);
    if (!tool->version || strncmp(tool->version, expected, length) != 0 ||
        (tool->version[length] != '\0' && tool->version[length] != ' '))
        set_problem(tool, TOOL_MISMATCH,
                    must_format("%s is \"%s\", but %s is %s", tool->path,
                                tool->version ? tool->version : "(says no version)", rustc,
                                release));
    free(expected);
done:
    free(beside);
}

static void probe_pass(struct toolchain *toolchain, const struct installation *installation)
{
    struct tool *tool = &toolchain->tools[TOOL_PASS];
    const struct tool *rustc = &toolchain->tools[TOOL_RUSTC];
    json_error_t error;
    tool->path = must_copy(installation->pass);
    char *directory = path_dirname(installation->pass);
    char *description = path_join(directory, "librexpass.json");
    json_t *json = json_load_file(description, 0, &error);
    const char *llvm = json_string_value(json_object_get(json, "llvm"));
    if (!llvm) {
        set_problem(tool, TOOL_MISSING,
                    must_format("%s does not say which LLVM the pass is for", description));
    } else {
        tool->version = must_format("for LLVM %s", llvm);
        if (toolchain->llvm_version && strcmp(llvm, toolchain->llvm_version) != 0) {
            tool->remedy = overridden("REXC_RUSTC") ? rustc->remedy : APT_RUST;
            set_problem(tool, TOOL_MISMATCH,
                        must_format("the pass %s is for LLVM %s, but %s has LLVM %s", tool->path,
                                    llvm, rustc->path, toolchain->llvm_version));
        }
    }
    json_decref(json);
    free(description);
    free(directory);
}

static void forget(struct toolchain *toolchain)
{
    for (int i = 0; i < TOOL_COUNT; i++) {
        struct tool *tool = &toolchain->tools[i];
        free(tool->path);
        free(tool->version);
        free(tool->problem);
        *tool = (struct tool){.name = tool_table[i].name, .remedy = tool_table[i].remedy};
    }
    free(toolchain->rustc_verbose);
    free(toolchain->rustc_host);
    free(toolchain->rustc_commit);
    free(toolchain->llvm_version);
    toolchain->rustc_verbose = toolchain->rustc_host = toolchain->rustc_commit = NULL;
    toolchain->llvm_version = NULL;
}

/* Fills what hangs on one rustc: its sources, its clippy, its LLVM against the pass. True when all
 * of it fits. */
static bool probe_rustc(struct diag *diag, struct memory *memory,
                        const struct installation *installation, const char *path,
                        struct toolchain *toolchain)
{
    struct tool *rustc = &toolchain->tools[TOOL_RUSTC];
    forget(toolchain);
    if (!check_override(rustc, "REXC_RUSTC", "correct or unset REXC_RUSTC")) {
        set_missing(&toolchain->tools[TOOL_RUST_SRC], "as there is no rustc");
        set_missing(&toolchain->tools[TOOL_CLIPPY], "as there is no rustc");
        toolchain->tools[TOOL_RUST_SRC].remedy = toolchain->tools[TOOL_CLIPPY].remedy =
            rustc->remedy;
        probe_pass(toolchain, installation);
        return false;
    }
    rustc->path = must_copy(path);

    char *sysroot_line = ask(diag, memory, path, "--print", "sysroot");
    char *sysroot = sysroot_line ? first_line(sysroot_line) : must_copy("");
    free(sysroot_line);
    /* A rustup proxy answers for the compiler behind it: call that one, and save the detour each
     * time. */
    char *real = path_join(sysroot, "bin/rustc");
    if (*sysroot && is_executable(real) && strcmp(real, path) != 0) {
        char *resolved_real = path_resolve(real), *resolved = path_resolve(path);
        if (resolved_real && resolved && strcmp(resolved_real, resolved) != 0) {
            free(rustc->path);
            rustc->path = must_copy(real);
        }
        free(resolved);
        free(resolved_real);
    }
    free(real);

    toolchain->rustc_verbose = ask(diag, memory, rustc->path, "-vV", NULL);
    if (!toolchain->rustc_verbose) {
        set_problem(rustc, TOOL_MISSING, must_format("%s does not run", rustc->path));
        free(sysroot);
        return false;
    }
    rustc->version = first_line(toolchain->rustc_verbose);
    toolchain->rustc_host = line_value(toolchain->rustc_verbose, "host: ");
    toolchain->rustc_commit = line_value(toolchain->rustc_verbose, "commit-hash: ");
    toolchain->llvm_version = line_value(toolchain->rustc_verbose, "LLVM version: ");
    if (!toolchain->llvm_version || !toolchain->rustc_host)
        set_problem(rustc, TOOL_MISMATCH,
                    must_format("%s does not say its host and LLVM version", rustc->path));

    char *release = release_of(toolchain->rustc_verbose);
    probe_sources(toolchain, sysroot, release);
    probe_clippy(diag, memory, toolchain, release);
    probe_pass(toolchain, installation);
    free(release);
    free(sysroot);
    return rustc->verdict == TOOL_FITS && toolchain->tools[TOOL_RUST_SRC].verdict == TOOL_FITS &&
           toolchain->tools[TOOL_CLIPPY].verdict == TOOL_FITS &&
           toolchain->tools[TOOL_PASS].verdict == TOOL_FITS;
}

static void probe_rust(struct diag *diag, struct memory *memory,
                       const struct installation *installation, struct toolchain *toolchain)
{
    struct strings list = {0};
    const char *forced = overridden("REXC_RUSTC");
    if (forced)
        strings_add(&list, forced);
    else
        candidates(&list, "rustc");
    bool fits = false;
    for (size_t i = 0; i < list.count && !fits && !memory->unanswered; i++)
        fits = probe_rustc(diag, memory, installation, list.items[i], toolchain);
    /* None fits: the verdicts to show are those of Debian's rustc, which the remedies are about, or
     * else of the first found. */
    if (!fits && !memory->unanswered && list.count > 1) {
        size_t shown = 0;
        for (size_t i = 0; i < list.count; i++)
            if (strcmp(list.items[i], "/usr/bin/rustc") == 0)
                shown = i;
        probe_rustc(diag, memory, installation, list.items[shown], toolchain);
    }
    if (list.count == 0) {
        forget(toolchain);
        set_missing(&toolchain->tools[TOOL_RUSTC], "on PATH");
        set_missing(&toolchain->tools[TOOL_RUST_SRC], "as there is no rustc");
        set_missing(&toolchain->tools[TOOL_CLIPPY], "as there is no rustc");
        probe_pass(toolchain, installation);
    }
    strings_free(&list);
}

static void probe_lld(struct diag *diag, struct memory *memory, struct toolchain *toolchain)
{
    struct tool *tool = &toolchain->tools[TOOL_LLD];
    const char *forced = overridden("REXC_LLD");
    struct strings list = {0};
    if (!check_override(tool, "REXC_LLD", "correct or unset REXC_LLD"))
        return;
    if (forced) {
        strings_add(&list, forced);
    } else {
        candidates(&list, "ld.lld-22");
        candidates(&list, "ld.lld");
    }
    for (size_t i = 0; i < list.count; i++) {
        char *answer = ask(diag, memory, list.items[i], "--version", NULL);
        const char *number = answer ? strstr(answer, "LLD ") : NULL;
        unsigned major = 0;
        if (!answer && memory->unanswered)
            break;
        if (number)
            sscanf(number, "LLD %u", &major);
        free(tool->path);
        free(tool->version);
        tool->path = must_copy(list.items[i]);
        tool->version = answer ? first_line(answer) : NULL;
        free(answer);
        if (major == 22) {
            set_problem(tool, TOOL_FITS, NULL);
            break;
        }
        /* What an undefined symbol of a PIE becomes has changed between versions of lld, up to no
         * relocation and no error at all: only the version that the link step is tested with is
         * used. */
        set_problem(tool, TOOL_MISMATCH,
                    must_format("%s is \"%s\", but the link step is made for LLD 22", tool->path,
                                tool->version ? tool->version : "(says no version)"));
    }
    if (list.count == 0)
        set_missing(tool, "as ld.lld-22 or ld.lld on PATH");
    strings_free(&list);
}

static void probe_cargo(struct diag *diag, struct memory *memory, struct toolchain *toolchain)
{
    struct tool *tool = &toolchain->tools[TOOL_CARGO];
    const char *rustc = toolchain->tools[TOOL_RUSTC].path;
    char *directory = rustc ? path_dirname(rustc) : must_copy("/usr/bin");
    char *beside = path_join(directory, "cargo");
    struct strings list = {0};
    if (is_executable(beside))
        strings_add(&list, beside);
    candidates(&list, "cargo");
    free(beside);
    free(directory);
    if (list.count == 0) {
        set_missing(tool, "on PATH");
    } else {
        tool->path = must_copy(list.items[0]);
        char *answer = ask(diag, memory, tool->path, "--version", NULL);
        tool->version = answer ? first_line(answer) : NULL;
        if (!answer)
            set_problem(tool, TOOL_MISSING, must_format("%s does not run", tool->path));
        free(answer);
    }
    strings_free(&list);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Digest over names and contents of all files below a directory. */
static int hash_tree(struct diag *diag, struct hash *hash, const char *directory)
{
    struct strings names = {0};
    int result = 0;
    DIR *listing = opendir(directory);
    if (!listing)
        return diag_error(diag, DIAG_CANNOT_READ, NULL, "cannot read '%s': %s", directory,
                          strerror(errno));
    for (struct dirent *entry; (entry = readdir(listing));)
        if (entry->d_name[0] != '.')
            strings_add(&names, entry->d_name);
    closedir(listing);
    if (names.count)
        qsort(names.items, names.count, sizeof(*names.items), by_name);
    for (size_t i = 0; i < names.count && result == 0; i++) {
        char *path = path_join(directory, names.items[i]);
        hash_add_string(hash, names.items[i]);
        if (file_is_directory(path)) {
            result = hash_tree(diag, hash, path);
        } else {
            char hex[HASH_HEX_SIZE];
            result = hash_file(diag, path, hex);
            if (result == 0)
                hash_add_string(hash, hex);
        }
        free(path);
    }
    strings_free(&names);
    return result;
}

static void probe_crates(struct diag *diag, const struct installation *installation,
                         struct toolchain *toolchain)
{
    struct tool *crate = &toolchain->tools[TOOL_CRATE];
    char hex[HASH_HEX_SIZE];
    crate->path = must_copy(installation->crates);
    struct hash *hash = hash_begin();
    int failed = hash_tree(diag, hash, crate->path);
    hash_end(hash, hex);
    free(toolchain->crate_hash);
    toolchain->crate_hash = must_copy(hex);
    crate->version = must_format("sha256 %.12s", hex);
    if (failed)
        set_missing(crate, "in the installation");
}

void toolchain_probe(struct diag *diag, const struct installation *installation, bool verbose,
                     bool dry_run, struct toolchain *toolchain)
{
    struct memory memory = {.verbose = verbose, .dry_run = dry_run};
    char hex[HASH_HEX_SIZE];
    *toolchain = (struct toolchain){0};
    forget(toolchain);
    memory_open(&memory);
    probe_rust(diag, &memory, installation, toolchain);
    probe_lld(diag, &memory, toolchain);
    probe_cargo(diag, &memory, toolchain);
    probe_crates(diag, installation, toolchain);
    toolchain->unknown = memory.unanswered;
    memory_close(&memory);

    /* rexc's own parts count by content, not by place: every build of the same sources shares a
     * cache. */
    struct hash *hash = hash_begin();
    for (int i = 0; i < TOOL_COUNT; i++) {
        const struct tool *tool = &toolchain->tools[i];
        if (!tool->path || i == TOOL_CRATE || i == TOOL_PASS)
            continue;
        char *identity = file_identity(tool->path);
        hash_add_string(hash, tool->path);
        hash_add_string(hash, tool->version ? tool->version : "");
        hash_add_string(hash, identity ? identity : "");
        free(identity);
    }
    hash_add_string(hash, toolchain->rustc_verbose ? toolchain->rustc_verbose : "");
    hash_end(hash, hex);
    toolchain->compiler_identity = must_copy(hex);

    const char *pass = toolchain->tools[TOOL_PASS].path;
    toolchain->pass_hash = must_copy(pass && hash_file(NULL, pass, hex) == 0 ? hex : "");

    hash = hash_begin();
    hash_add_string(hash, toolchain->compiler_identity);
    hash_add_string(hash, toolchain->pass_hash);
    hash_add_string(hash, toolchain->crate_hash);
    hash_end(hash, hex);
    toolchain->identity = must_copy(hex);
}

int toolchain_find(struct diag *diag, const struct installation *installation, bool verbose,
                   bool dry_run, struct toolchain *toolchain)
{
    int result = 0;
    toolchain_probe(diag, installation, verbose, dry_run, toolchain);
    if (toolchain->unknown) {
        fprintf(stderr, "# what follows depends on the answer; `rexc doctor` asks and remembers\n");
        return -1;
    }
    for (int i = 0; i < TOOL_COUNT; i++) {
        const struct tool *tool = &toolchain->tools[i];
        if (tool->verdict == TOOL_FITS)
            continue;
        struct diag_message message = {
            .code = tool->verdict == TOOL_MISSING ? DIAG_TOOL_MISSING : DIAG_TOOL_MISMATCH,
            .help = tool->remedy,
            .why = tool->verdict == TOOL_MISMATCH ? "tools of different versions miscompile, miss "
                                                    "lints or crash inside the compiler"
                                                  : NULL,
        };
        diag_report(diag, &message, "%s", tool->problem);
        result = -1;
    }
    return result;
}

void toolchain_free(struct toolchain *toolchain)
{
    forget(toolchain);
    free(toolchain->crate_hash);
    free(toolchain->pass_hash);
    free(toolchain->compiler_identity);
    free(toolchain->identity);
    *toolchain = (struct toolchain){0};
}
