/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Rust constants of the kernel's interface headers:
 *   echo '#include <linux/bpf.h>' | cc -E -dD - | uapi linux/bpf.h linux/bpf_common.h
 * writes every enumerator and every macro that is an integer constant, of the headers whose paths
 * end with the arguments. Types: an enumeration's constants have the smallest of u32, i32, u64, i64
 * that holds all of them; a macro's the smallest that holds its value.
 */
#include "base/memory.h"
#include "rex-crate/generate/expression.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct macro {
    char *name;
    char *body;
    bool wanted; /* of one of the headers that were asked for */
    bool active; /* being evaluated */
};

struct enumerator {
    char *name;
    struct value value;
    size_t enumeration; /* which one it belongs to */
    bool wanted;
};

struct enumeration {
    char *name; /* NULL: anonymous */
    bool wanted;
};

struct headers {
    struct macro *macros;
    size_t macro_count;
    struct enumerator *enumerators;
    size_t enumerator_count;
    struct enumeration *enumerations;
    size_t enumeration_count;
};

static const char *const keywords[] = {
    "as",   "break",  "const", "continue", "crate", "dyn",    "else",   "enum",  "extern", "false",
    "fn",   "for",    "if",    "impl",     "in",    "let",    "loop",   "match", "mod",    "move",
    "mut",  "pub",    "ref",   "return",   "self",  "static", "struct", "super", "trait",  "true",
    "type", "unsafe", "use",   "where",    "while", "async",  "await",  "gen",   "try",    "_",
};

static bool is_keyword(const char *name)
{
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (strcmp(keywords[i], name) == 0)
            return true;
    }
    return false;
}

static struct macro *find_macro(const struct headers *headers, const char *name, size_t length)
{
    for (size_t i = 0; i < headers->macro_count; i++) {
        struct macro *macro = &headers->macros[i];
        if (strncmp(macro->name, name, length) == 0 && macro->name[length] == '\0')
            return macro;
    }
    return NULL;
}

static struct enumerator *find_enumerator(const struct headers *headers, const char *name,
                                          size_t length)
{
    for (size_t i = 0; i < headers->enumerator_count; i++) {
        struct enumerator *enumerator = &headers->enumerators[i];
        if (strncmp(enumerator->name, name, length) == 0 && enumerator->name[length] == '\0')
            return enumerator;
    }
    return NULL;
}

static bool lookup(const char *name, size_t length, struct value *value, void *data)
{
    const struct headers *headers = data;
    const struct enumerator *enumerator = find_enumerator(headers, name, length);
    if (enumerator) {
        *value = enumerator->value;
        return true;
    }
    struct macro *macro = find_macro(headers, name, length);
    if (!macro || macro->active)
        return false;
    macro->active = true;
    bool found = expression_evaluate(macro->body, strlen(macro->body), lookup, data, value);
    macro->active = false;
    return found;
}

static size_t word(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_')
        length++;
    return length;
}

/* "#define NAME BODY", "#undef NAME": text begins behind "#define " or "#undef ". */
static void define(struct headers *headers, const char *text, bool wanted)
{
    size_t length = word(text);
    if (text[length] == '(') /* takes arguments */
        return;
    const char *body = text + length + strspn(text + length, " \t");
    struct macro *macro = find_macro(headers, text, length);
    if (!macro) {
        headers->macros = must_grow(headers->macros, headers->macro_count + 1, sizeof(*macro));
        macro = &headers->macros[headers->macro_count++];
        *macro = (struct macro){.name = must_copy_length(text, length)};
    }
    free(macro->body);
    macro->body = must_copy(body);
    macro->wanted = wanted;
}

static void undefine(struct headers *headers, const char *text)
{
    struct macro *macro = find_macro(headers, text, word(text));
    if (!macro)
        return;
    free(macro->name);
    free(macro->body);
    *macro = headers->macros[--headers->macro_count];
}

/* Adds the enumerators of an enumeration's body, "A = 1, B, ...". Stops at the first that it cannot
 * evaluate, as the following ones depend on it. */
static void add_enumerators(struct headers *headers, const char *body, size_t length, bool wanted)
{
    struct value next = {0};
    const char *end = body + length;
    while (body < end) {
        body += strspn(body, " \t\n");
        size_t name_length = word(body);
        if (name_length == 0)
            return;
        const char *name = body;
        const char *stop = body;
        int depth = 0;
        while (stop < end && (depth > 0 || *stop != ',')) {
            depth += *stop == '(' ? 1 : *stop == ')' ? -1 : 0;
            stop++;
        }
        const char *equals = memchr(body, '=', (size_t)(stop - body));
        if (equals &&
            !expression_evaluate(equals + 1, (size_t)(stop - equals - 1), lookup, headers, &next))
            return;
        headers->enumerators = must_grow(headers->enumerators, headers->enumerator_count + 1,
                                         sizeof(*headers->enumerators));
        headers->enumerators[headers->enumerator_count++] = (struct enumerator){
            .name = must_copy_length(name, name_length),
            .value = next,
            .enumeration = headers->enumeration_count - 1,
            .wanted = wanted,
        };
        next.bits++;
        body = stop + 1;
    }
}

/* Finds "enum NAME { ... }" in the declarations of one header's stretch of lines. */
static void scan_enumerations(struct headers *headers, const char *text, bool wanted)
{
    for (const char *at = strstr(text, "enum"); at; at = strstr(at + 1, "enum")) {
        bool starts_word = at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
        const char *name = at + strlen("enum");
        if (!starts_word || isalnum((unsigned char)*name) || *name == '_')
            continue;
        name += strspn(name, " \t\n");
        size_t length = word(name);
        const char *open = name + length + strspn(name + length, " \t\n");
        const char *close = *open == '{' ? strchr(open, '}') : NULL;
        if (!close)
            continue;
        headers->enumerations = must_grow(headers->enumerations, headers->enumeration_count + 1,
                                          sizeof(*headers->enumerations));
        headers->enumerations[headers->enumeration_count++] = (struct enumeration){
            .name = length ? must_copy_length(name, length) : NULL,
            .wanted = wanted,
        };
        add_enumerators(headers, open + 1, (size_t)(close - open - 1), wanted);
    }
}

/* The path in a line marker, # LINE "PATH" FLAGS. */
static bool marker_wanted(const char *line, char **suffixes)
{
    const char *path = strchr(line, '"');
    const char *end = path ? strchr(path + 1, '"') : NULL;
    for (; end && *suffixes; suffixes++) {
        size_t length = strlen(*suffixes);
        if ((size_t)(end - path - 1) >= length && memcmp(end - length, *suffixes, length) == 0)
            return true;
    }
    return false;
}

/* Reads the preprocessor's output. Declarations are collected per header, as macros stand between
 * their lines. */
static void read_headers(struct headers *headers, FILE *input, char **suffixes)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    bool wanted = false;
    char *declarations = must_copy("");
    size_t size = 0;
    while ((length = getline(&line, &capacity, input)) >= 0) {
        if (length > 0 && line[length - 1] == '\n')
            line[--length] = '\0';
        if (strncmp(line, "#define ", 8) == 0) {
            define(headers, line + 8, wanted);
        } else if (strncmp(line, "#undef ", 7) == 0) {
            undefine(headers, line + 7);
        } else if (line[0] == '#') {
            bool now = marker_wanted(line, suffixes);
            if (now != wanted) {
                scan_enumerations(headers, declarations, wanted);
                declarations[size = 0] = '\0';
                wanted = now;
            }
        } else if (wanted) {
            declarations = must_grow(declarations, size + (size_t)length + 2, 1);
            memcpy(declarations + size, line, (size_t)length);
            size += (size_t)length;
            declarations[size++] = '\n';
            declarations[size] = '\0';
        }
    }
    scan_enumerations(headers, declarations, wanted);
    free(declarations);
    free(line);
}

/* Value ranges seen, and the type that holds them. */
struct range {
    bool negative;
    bool wide_unsigned; /* above UINT32_MAX */
    bool above_int;     /* above INT32_MAX */
    bool wide_signed;   /* below INT32_MIN */
};

static void widen(struct range *range, struct value value)
{
    if (!value.is_unsigned && (int64_t)value.bits < 0) {
        range->negative = true;
        range->wide_signed = range->wide_signed || (int64_t)value.bits < INT32_MIN;
        return;
    }
    range->wide_unsigned = range->wide_unsigned || value.bits > UINT32_MAX;
    range->above_int = range->above_int || value.bits > INT32_MAX;
}

static const char *range_type(const struct range *range)
{
    if (!range->negative)
        return range->wide_unsigned ? "u64" : "u32";
    return range->wide_signed || range->above_int ? "i64" : "i32";
}

static void write_constant(const char *name, const char *type, struct value value)
{
    if (type[0] == 'i')
        printf("pub const %s: %s = %" PRId64 ";\n", name, type, (int64_t)value.bits);
    else
        printf("pub const %s: %s = %" PRIu64 ";\n", name, type, value.bits);
}

static void write_enumerations(const struct headers *headers)
{
    for (size_t i = 0; i < headers->enumeration_count; i++) {
        const struct enumeration *enumeration = &headers->enumerations[i];
        struct range range = {0};
        if (!enumeration->wanted)
            continue;
        for (size_t j = 0; j < headers->enumerator_count; j++) {
            if (headers->enumerators[j].enumeration == i)
                widen(&range, headers->enumerators[j].value);
        }
        if (enumeration->name)
            printf("\npub type %s = %s;\n", enumeration->name, range_type(&range));
        else
            printf("\n");
        for (size_t j = 0; j < headers->enumerator_count; j++) {
            const struct enumerator *enumerator = &headers->enumerators[j];
            if (enumerator->enumeration == i && !is_keyword(enumerator->name))
                write_constant(enumerator->name, range_type(&range), enumerator->value);
        }
    }
}

static void write_macros(struct headers *headers)
{
    printf("\n");
    for (size_t i = 0; i < headers->macro_count; i++) {
        const struct macro *macro = &headers->macros[i];
        struct value value;
        size_t length = strlen(macro->name);
        if (!macro->wanted || is_keyword(macro->name) ||
            find_enumerator(headers, macro->name, length) ||
            !lookup(macro->name, length, &value, headers))
            continue;
        struct range range = {0};
        widen(&range, value);
        write_constant(macro->name, range_type(&range), value);
    }
}

static void free_headers(struct headers *headers)
{
    for (size_t i = 0; i < headers->macro_count; i++) {
        free(headers->macros[i].name);
        free(headers->macros[i].body);
    }
    for (size_t i = 0; i < headers->enumerator_count; i++)
        free(headers->enumerators[i].name);
    for (size_t i = 0; i < headers->enumeration_count; i++)
        free(headers->enumerations[i].name);
    free(headers->macros);
    free(headers->enumerators);
    free(headers->enumerations);
}

int main(int argc, char **argv)
{
    struct headers headers = {0};
    if (argc < 2) {
        fprintf(stderr, "usage: cc -E -dD HEADER | %s PATH...\n", argv[0]);
        return 2;
    }
    read_headers(&headers, stdin, argv + 1);
    printf("// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0\n// Made from");
    for (int i = 1; i < argc; i++)
        printf(" %s", argv[i]);
    printf(" by rex-crate/generate/uapi.c. Do not edit.\n");
    write_enumerations(&headers);
    write_macros(&headers);
    free_headers(&headers);
    return fflush(stdout) == 0 ? 0 : 1;
}
