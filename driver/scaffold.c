/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/scaffold.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "driver/project.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_LENGTH 64

const char *const scaffold_types[] = {"kprobe", "tracepoint", "perf_event", "xdp", "tc", NULL};

/* Files of a template and where they go. A template has no hidden files, so that nothing overlooks
 * them. */
static const struct template_file {
    const char *from;
    const char *to;
    bool optional; /* not every type has one */
} template_files[] = {
    {"Cargo.toml", "Cargo.toml", false},
    {"main.rs", "src/main.rs", false},
    {"README.md", "README.md", false},
    {"gitignore", ".gitignore", false},
    {"cargo-config.toml", ".cargo/config.toml", false},
    {"ctx.json", "ctx.json", true},
};

/* Keywords of every edition, strict and reserved (Rust reference, "Keywords"). */
static const char *const keywords[] = {
    "Self",     "abstract", "as",     "async",   "await",    "become", "box",    "break", "const",
    "continue", "crate",    "do",     "dyn",     "else",     "enum",   "extern", "false", "final",
    "fn",       "for",      "gen",    "if",      "impl",     "in",     "let",    "loop",  "macro",
    "match",    "mod",      "move",   "mut",     "override", "priv",   "pub",    "ref",   "return",
    "self",     "static",   "struct", "super",   "trait",    "true",   "try",    "type",  "typeof",
    "unsafe",   "unsized",  "use",    "virtual", "where",    "while",  "yield",  NULL,
};

/* Directories that Cargo makes beside programs, and names that some file systems refuse. */
static const char *const taken[] = {"aux",         "build", "con", "deps", "examples",
                                    "incremental", "nul",   "prn", NULL};

static bool is_one_of(const char *name, const char *const *list)
{
    for (size_t i = 0; list[i]; i++) {
        if (strcmp(list[i], name) == 0)
            return true;
    }
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The crate's identifier: '-' becomes '_', as Cargo does. */
static char *crate_name(const char *name)
{
    char *copy = must_copy(name);
    for (char *c = copy; *c; c++) {
        if (*c == '-')
            *c = '_';
    }
    return copy;
}

const char *scaffold_name_problem(const char *name)
{
    if (name[0] == '\0')
        return "it is empty";
    if (strlen(name) > NAME_MAX_LENGTH)
        return "it has more than 64 characters";
    if (strchr(name, '/'))
        return "it is a path; say where to make the package with --path";
    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c >= 0x80)
            return "it has characters beyond ASCII";
        if (!is_letter(*c) && !is_digit(*c) && *c != '-' && *c != '_')
            return "it has characters other than letters, digits, - and _";
    }
    if (is_digit(name[0]))
        return "it begins with a digit";
    if (!is_letter(name[0]))
        return "it does not begin with a letter";
    if (is_one_of(name, keywords))
        return "it is a Rust keyword";
    char *crate = crate_name(name);
    bool reserved = project_name_is_taken(crate) || strcmp(crate, "rexc") == 0;
    free(crate);
    if (reserved)
        return "it is the name of a crate that comes with the compiler or with rexc";
    if (is_one_of(name, taken))
        return "it is a name that Cargo or a file system keeps for itself";
    return NULL;
}

/* --- substitution --- */

struct words {
    const char *name;
    char *crate;
    const char *rex;   /* directory of the rex crate's package */
    const char *rustc; /* path of the compiler that the crate is for */
};

/* Copies text, replacing {{name}}, {{crate}}, {{rex}} and {{rustc}}. Returns NULL on an unknown
 * word. */
static char *substitute(const char *text, const struct words *words)
{
    struct buffer out = {0};
    for (;;) {
        const char *open = strstr(text, "{{");
        const char *close = open ? strstr(open, "}}") : NULL;
        if (!close) {
            buffer_string(&out, text);
            return buffer_take(&out);
        }
        buffer_append(&out, text, (size_t)(open - text));
        size_t length = (size_t)(close - open) - 2;
        const char *word = NULL;
        if (length == 4 && memcmp(open + 2, "name", 4) == 0)
            word = words->name;
        else if (length == 5 && memcmp(open + 2, "crate", 5) == 0)
            word = words->crate;
        else if (length == 3 && memcmp(open + 2, "rex", 3) == 0)
            word = words->rex;
        else if (length == 5 && memcmp(open + 2, "rustc", 5) == 0)
            word = words->rustc;
        if (!word) {
            buffer_free(&out);
            return NULL;
        }
        buffer_string(&out, word);
        text = close + 2;
    }
}

static int make_file(struct diag *diag, const char *template, const struct template_file *file,
                     const struct words *words, const char *directory)
{
    char *from = path_join(template, file->from);
    char *to = path_join(directory, file->to);
    char *parent = path_dirname(to);
    char *text = NULL, *made = NULL;
    size_t size;
    int result = -1;
    if (file->optional && !file_exists(from)) {
        result = 0;
        goto done;
    }
    if (file_read(diag, from, 0, &text, &size))
        goto done;
    made = substitute(text, words);
    if (!made) {
        diag_error(diag, DIAG_TEMPLATE, "install rexc again",
                   "'%s' has a word in {{ }} that this rexc does not know", from);
        goto done;
    }
    if (file_make_directories(diag, parent, 0777) ||
        file_write_atomic(diag, to, made, strlen(made), 0666))
        goto done;
    result = 0;
done:
    free(made);
    free(text);
    free(parent);
    free(to);
    free(from);
    return result;
}

/* --- the directory --- */

/* The user's umask, which can only be asked for by setting it. */
static mode_t file_mask(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return mask;
}

/* Makes everything under a name that nobody looks at, then renames: all or nothing. */
static int make_directory(struct diag *diag, const char *template, const struct words *words,
                          const char *destination)
{
    char *parent = path_dirname(destination);
    char *temporary = path_join(parent, ".rexc-new.XXXXXX");
    sigset_t stopping, before;
    bool made = false;
    int result = -1;

    /* A signal in these few milliseconds waits until the directory is whole. */
    sigemptyset(&stopping);
    sigaddset(&stopping, SIGINT);
    sigaddset(&stopping, SIGTERM);
    sigaddset(&stopping, SIGHUP);
    sigprocmask(SIG_BLOCK, &stopping, &before);

    if (file_make_directories(diag, parent, 0777))
        goto done;
    if (!mkdtemp(temporary)) {
        diag_error(diag, DIAG_CANNOT_WRITE, NULL, "cannot make a directory in '%s': %s", parent,
                   strerror(errno));
        goto done;
    }
    made = true;
    for (size_t i = 0; i < sizeof(template_files) / sizeof(template_files[0]); i++) {
        if (make_file(diag, template, &template_files[i], words, temporary))
            goto done;
    }
    if (chmod(temporary, 0777 & ~file_mask()) ||
        renameat2(AT_FDCWD, temporary, AT_FDCWD, destination, RENAME_NOREPLACE)) {
        if (errno == EEXIST)
            diag_error(diag, DIAG_DESTINATION_EXISTS, "choose another name, or --path",
                       "'%s' exists already", destination);
        else
            diag_error(diag, DIAG_CANNOT_WRITE, NULL, "cannot make '%s': %s", destination,
                       strerror(errno));
        goto done;
    }
    made = false;
    result = 0;
done:
    if (made)
        file_remove_tree(diag, temporary);
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(temporary);
    free(parent);
    return result;
}

int scaffold_make(struct diag *diag, const struct scaffold_options *options, char **made)
{
    struct words words = {.name = options->name, .rustc = options->rustc};
    const char *problem = scaffold_name_problem(options->name);
    char *template = NULL, *destination = NULL, *rex = NULL;
    int result = -1;

    *made = NULL;
    if (!is_one_of(options->type, scaffold_types))
        return diag_error(diag, DIAG_UNKNOWN_TYPE, "use kprobe, tracepoint, perf_event, xdp or tc",
                          "'%s' is not a program type", options->type);
    if (problem)
        return diag_error(diag, DIAG_BAD_NAME, "`rexc new xdp packet_filter` would do",
                          "a package cannot be named '%s': %s", options->name, problem);
    destination = must_copy(options->path ? options->path : options->name);
    /* A trailing slash would make the last component empty. */
    for (size_t length = strlen(destination); length > 1 && destination[length - 1] == '/';)
        destination[--length] = '\0';
    template = path_join(options->templates, options->type);
    rex = path_join(options->crates, "rex");
    words.crate = crate_name(options->name);
    words.rex = rex;
    if (destination[0] == '\0') {
        diag_error(diag, DIAG_USAGE, "--path DIR names the directory to make", "--path is empty");
    } else if (file_exists(destination)) {
        diag_error(diag, DIAG_DESTINATION_EXISTS, "choose another name, or another --path",
                   "'%s' exists already", destination);
    } else if (make_directory(diag, template, &words, destination) == 0) {
        *made = destination;
        destination = NULL;
        result = 0;
    }
    free(words.crate);
    free(rex);
    free(template);
    free(destination);
    return result;
}
