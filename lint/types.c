/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/types.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum declared {
    DECLARED_PLAIN,     /* struct, enum or union without generics */
    DECLARED_GENERIC,   /* with type or const parameters only */
    DECLARED_LIFETIMES, /* with a lifetime parameter */
    DECLARED_ALIAS,     /* type NAME = ...; the type is at `target` */
    DECLARED_OTHER,     /* generic parameter, associated type, renamed import, generic alias */
};

struct declaration {
    const char *name;
    size_t length;
    enum declared as;
    const struct source *source;
    size_t target;
};

struct types {
    struct declaration *list;
    size_t count;
    size_t capacity;
};

/* Types of the language, core and rex that have no lifetime. WRAPPER: none but those of their arguments. */
enum known { KNOWN_NOT, KNOWN_PLAIN, KNOWN_WRAPPER, KNOWN_BEHIND_MUT };
static const struct {
    const char *name;
    enum known as;
} known_types[] = {
    {"bool", KNOWN_PLAIN},       {"char", KNOWN_PLAIN},        {"str", KNOWN_PLAIN},
    {"u8", KNOWN_PLAIN},         {"u16", KNOWN_PLAIN},         {"u32", KNOWN_PLAIN},
    {"u64", KNOWN_PLAIN},        {"u128", KNOWN_PLAIN},        {"usize", KNOWN_PLAIN},
    {"i8", KNOWN_PLAIN},         {"i16", KNOWN_PLAIN},         {"i32", KNOWN_PLAIN},
    {"i64", KNOWN_PLAIN},        {"i128", KNOWN_PLAIN},        {"isize", KNOWN_PLAIN},
    {"c_int", KNOWN_PLAIN},      {"c_uint", KNOWN_PLAIN},      {"c_long", KNOWN_PLAIN},
    {"c_ulong", KNOWN_PLAIN},    {"c_void", KNOWN_PLAIN},      {"CStr", KNOWN_PLAIN},
    {"Duration", KNOWN_PLAIN},   {"Ordering", KNOWN_PLAIN},    {"Infallible", KNOWN_PLAIN},
    {"Ipv4Addr", KNOWN_PLAIN},   {"Ipv6Addr", KNOWN_PLAIN},    {"NonZeroU8", KNOWN_PLAIN},
    {"NonZeroU16", KNOWN_PLAIN}, {"NonZeroU32", KNOWN_PLAIN},  {"NonZeroU64", KNOWN_PLAIN},
    {"AtomicBool", KNOWN_PLAIN}, {"AtomicU32", KNOWN_PLAIN},   {"AtomicU64", KNOWN_PLAIN},
    {"Option", KNOWN_WRAPPER},   {"Result", KNOWN_WRAPPER},    {"Wrapping", KNOWN_WRAPPER},
    {"Range", KNOWN_WRAPPER},    {"xdp", KNOWN_PLAIN},         {"sched_cls", KNOWN_PLAIN},
    {"kprobe", KNOWN_PLAIN},     {"perf_event", KNOWN_PLAIN},  {"PtRegs", KNOWN_PLAIN},
    {"TaskStruct", KNOWN_PLAIN}, {"bpf_perf_event_data", KNOWN_PLAIN},
    {"ethhdr", KNOWN_PLAIN},     {"iphdr", KNOWN_PLAIN},       {"tcphdr", KNOWN_PLAIN},
    {"udphdr", KNOWN_PLAIN},
    /* These have a lifetime, which nothing can shorten or lengthen behind &mut (it is invariant there). */
    {"xdp_md", KNOWN_BEHIND_MUT}, {"__sk_buff", KNOWN_BEHIND_MUT},
};

/* Aliases of aliases, and types in types, to this depth. */
enum { MAX_DEPTH = 32 };

struct types *types_new(void)
{
    return must_alloc(1, sizeof(struct types));
}

void types_free(struct types *types)
{
    if (types)
        free(types->list);
    free(types);
}

static void declare(struct types *types, const struct source *source, size_t name, enum declared as,
                    size_t target)
{
    const struct token *token = source_at(source, name);
    if (!token_is_identifier(token))
        return;
    if (types->count == types->capacity) {
        types->capacity = types->capacity ? 2 * types->capacity : 64;
        types->list = must_grow(types->list, types->capacity, sizeof(struct declaration));
    }
    types->list[types->count++] = (struct declaration){.name = token->text,
                                                       .length = token->length,
                                                       .as = as,
                                                       .source = source,
                                                       .target = target};
}

/* Declares the parameters of the generics that begin with the < at open. Returns whether one is a lifetime. */
static bool collect_parameters(struct types *types, const struct source *source, size_t open)
{
    bool lifetimes = false, expected = true;
    size_t end = source_after_generics(source, open), depth = 0;
    for (size_t i = open; i + 1 < end; i++) {
        const struct token *token = source_at(source, i);
        if (token_is(token, '(') || token_is(token, '[') || token_is(token, '{')) {
            i = source_closing(source, i);
            continue;
        }
        if (source_is_pair(source, i, "->")) {
            i++;
            continue;
        }
        if (token_is(token, '<'))
            depth++;
        else if (token_is(token, '>'))
            depth--;
        else if (depth == 1 && token_is(token, ','))
            expected = true;
        else if (depth == 1 && expected && token->kind == TOKEN_LIFETIME)
            lifetimes = true;
        if (depth != 1 || !expected || !token_is_identifier(token))
            continue;
        if (token_is_keyword(token, "const"))
            continue;
        declare(types, source, i, DECLARED_OTHER, 0);
        expected = false;
    }
    return lifetimes;
}

static void collect_type(struct types *types, const struct source *source, size_t name)
{
    size_t next = name + 1;
    if (!token_is(source_at(source, next), '<')) {
        declare(types, source, name, DECLARED_PLAIN, 0);
        return;
    }
    bool lifetimes = collect_parameters(types, source, next);
    declare(types, source, name, lifetimes ? DECLARED_LIFETIMES : DECLARED_GENERIC, 0);
}

void types_collect(struct types *types, const struct source *source)
{
    bool in_use = false;
    for (size_t i = 0; i < source->count; i++) {
        const struct token *token = &source->tokens[i];
        if (token_is_keyword(token, "struct") || token_is_keyword(token, "enum") ||
            (token_is_keyword(token, "union") && token_is_identifier(source_at(source, i + 1)))) {
            collect_type(types, source, i + 1);
        } else if (token_is_keyword(token, "type")) {
            bool alias = token_is(source_at(source, i + 2), '=');
            declare(types, source, i + 1, alias ? DECLARED_ALIAS : DECLARED_OTHER, i + 3);
            if (token_is(source_at(source, i + 2), '<'))
                collect_parameters(types, source, i + 2);
        } else if (token_is_keyword(token, "use")) {
            in_use = true;
        } else if (token_is(token, ';')) {
            in_use = false;
        } else if (in_use && token_is_keyword(token, "as")) {
            declare(types, source, i + 1, DECLARED_OTHER, 0);
        } else if (token_is_keyword(token, "impl") && token_is(source_at(source, i + 1), '<')) {
            collect_parameters(types, source, i + 1);
        } else if ((token_is_keyword(token, "fn") || token_is_keyword(token, "trait")) &&
                   token_is(source_at(source, i + 2), '<')) {
            collect_parameters(types, source, i + 2);
        }
    }
}

static char *refuse(const struct types *types, const struct source *source, size_t *index,
                    bool in_reference, unsigned depth);

static char *refusal(const struct token *name, const char *because)
{
    return must_format("`%.*s` %s", (int)name->length, name->text, because);
}

static enum known find_known(const struct token *name)
{
    for (size_t i = 0; i < sizeof(known_types) / sizeof(known_types[0]); i++)
        if (token_is_name(name, known_types[i].name))
            return known_types[i].as;
    return KNOWN_NOT;
}

/* The generic arguments at *index, if there are any: types only. */
static char *refuse_arguments(const struct types *types, const struct source *source, size_t *index,
                              bool in_reference, unsigned depth)
{
    if (source_is_pair(source, *index, "::") && token_is(source_at(source, *index + 2), '<'))
        *index += 2;
    if (!token_is(source_at(source, *index), '<'))
        return NULL;
    size_t end = source_after_generics(source, *index);
    (*index)++;
    while (*index + 1 < end) {
        const struct token *token = source_at(source, *index);
        if (token_is(token, ',') || token->kind == TOKEN_INTEGER) {
            (*index)++;
            continue;
        }
        if (token->kind == TOKEN_LIFETIME)
            return refusal(token, "is a lifetime inside another type");
        char *refused = refuse(types, source, index, in_reference, depth);
        if (refused)
            return refused;
    }
    *index = end;
    return NULL;
}

static bool has_name(const struct declaration *declaration, const struct token *name)
{
    return declaration->length == name->length &&
           memcmp(declaration->name, name->text, name->length) == 0;
}

static bool is_declared(const struct types *types, const struct token *name, enum declared as)
{
    for (size_t i = 0; i < types->count; i++)
        if (types->list[i].as == as && has_name(&types->list[i], name))
            return true;
    return false;
}

/* A path at *index: the last name decides. */
static char *refuse_path(const struct types *types, const struct source *source, size_t *index,
                         bool in_reference, bool behind_mut, unsigned depth)
{
    size_t i = *index;
    if (token_is(source_at(source, i), '$'))
        i++;
    if (source_is_pair(source, i, "::"))
        i += 2;
    while (token_is_identifier(source_at(source, i)) && source_is_pair(source, i + 1, "::") &&
           token_is_identifier(source_at(source, i + 3))) {
        if (is_declared(types, source_at(source, i), DECLARED_OTHER))
            return refusal(source_at(source, i), "is a type parameter or another name");
        i += 3;
    }
    const struct token *name = source_at(source, i);
    if (!token_is_identifier(name))
        return must_copy("the type cannot be read");
    *index = i + 1;

    enum known known = find_known(name);
    bool declared = false, generic = false;
    for (size_t d = 0; d < types->count; d++) {
        const struct declaration *found = &types->list[d];
        if (!has_name(found, name))
            continue;
        declared = true;
        if (found->as == DECLARED_LIFETIMES)
            return refusal(name, "has a lifetime of its own");
        if (found->as == DECLARED_OTHER)
            return refusal(name, "is a type parameter, an associated type or another name of a type");
        generic = generic || found->as == DECLARED_GENERIC;
        if (found->as != DECLARED_ALIAS)
            continue;
        size_t target = found->target;
        char *refused = depth < MAX_DEPTH
                            ? refuse(types, found->source, &target, true, depth + 1)
                            : must_copy("");
        if (!refused)
            continue;
        free(refused);
        return refusal(name, "is a type alias that has references in it");
    }
    if (!declared && known == KNOWN_BEHIND_MUT && !behind_mut)
        return refusal(name, "is taken behind &mut only");
    if (!declared && known == KNOWN_NOT)
        return refusal(name, "is a type that rexc does not know, and may have lifetimes");
    /* An argument of core's wrappers stands for itself; a struct of the program may put it behind a reference. */
    return refuse_arguments(types, source, index, in_reference || generic, depth + 1);
}

static char *refuse_list(const struct types *types, const struct source *source, size_t *index,
                         bool in_reference, bool names, unsigned depth)
{
    size_t close = source_closing(source, *index);
    (*index)++;
    while (*index < close) {
        if (token_is(source_at(source, *index), ',')) {
            (*index)++;
            continue;
        }
        if (names && token_is_identifier(source_at(source, *index)) &&
            token_is(source_at(source, *index + 1), ':') &&
            !source_is_pair(source, *index + 1, "::"))
            *index += 2;
        char *refused = refuse(types, source, index, in_reference, depth);
        if (refused)
            return refused;
        if (*index < close && !token_is(source_at(source, *index), ','))
            return must_copy("the type cannot be read");
    }
    *index = close + 1;
    return NULL;
}

/* fn(A, b: B) -> C, from the bracket on. */
static char *refuse_function(const struct types *types, const struct source *source, size_t *index,
                             bool in_reference, unsigned depth)
{
    char *refused = refuse_list(types, source, index, in_reference, true, depth);
    if (refused || !source_is_pair(source, *index, "->"))
        return refused;
    *index += 2;
    return refuse(types, source, index, in_reference, depth);
}

static char *refuse(const struct types *types, const struct source *source, size_t *index,
                    bool in_reference, unsigned depth)
{
    const struct token *token = source_at(source, *index);
    if (depth > MAX_DEPTH)
        return must_copy("the type is nested too deeply");
    if (token_is(token, '&')) {
        if (in_reference)
            return must_copy("a reference lies inside another reference or type");
        (*index)++;
        if (source_at(source, *index)->kind == TOKEN_LIFETIME)
            (*index)++;
        bool mut = token_is_keyword(source_at(source, *index), "mut");
        if (mut)
            (*index)++;
        const struct token *next = source_at(source, *index);
        if (token_is_identifier(next) && !token_is_keyword(next, "fn"))
            return refuse_path(types, source, index, true, mut, depth + 1);
        return refuse(types, source, index, true, depth + 1);
    }
    if (token_is(token, '*')) {
        *index += 2; /* *const or *mut */
        return refuse(types, source, index, in_reference, depth + 1);
    }
    if (token_is(token, '('))
        return refuse_list(types, source, index, in_reference, false, depth + 1);
    if (token_is(token, '[')) {
        size_t close = source_closing(source, *index);
        (*index)++;
        char *refused = refuse(types, source, index, in_reference, depth + 1);
        *index = close + 1; /* past the length of an array */
        return refused;
    }
    if (token_is(token, '!')) {
        (*index)++;
        return NULL;
    }
    if (token_is_keyword(token, "fn") && token_is(source_at(source, *index + 1), '(')) {
        (*index)++;
        return refuse_function(types, source, index, true, depth + 1);
    }
    if (token_is_keyword(token, "_"))
        return must_copy("a part of the type is left to be inferred");
    if (token_is_keyword(token, "dyn") || token_is_keyword(token, "impl") ||
        token_is_keyword(token, "for") || token_is_keyword(token, "Self"))
        return refusal(token, "hides lifetimes");
    return refuse_path(types, source, index, in_reference, false, depth);
}

char *types_refuse(const struct types *types, const struct source *source, size_t *index)
{
    if (token_is_keyword(source_at(source, *index), "fn") &&
        token_is(source_at(source, *index + 1), '(')) {
        (*index)++;
        return refuse_function(types, source, index, false, 0);
    }
    return refuse(types, source, index, false, 0);
}

bool types_is_alias(const struct types *types, const struct token *name)
{
    for (size_t i = 0; i < types->count; i++) {
        const struct declaration *found = &types->list[i];
        if (!has_name(found, name) || found->as != DECLARED_ALIAS)
            continue;
        size_t target = found->target;
        char *refused = refuse(types, found->source, &target, false, 0);
        if (!refused)
            continue;
        free(refused);
        return true;
    }
    return false;
}
