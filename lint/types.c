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
    DECLARED_TRAIT,     /* its bounds begin at `target` */
    DECLARED_OTHER,     /* generic parameter, associated type, renamed import; generic alias, with
                           `target` */
};

struct declaration {
    const char *name;
    size_t length;
    enum declared as;
    const struct source *source;
    size_t target;
    bool plain[2]; /* an alias that was found to be plain, by reader.fixed */
};

struct types {
    struct declaration *list;
    size_t count;
    size_t capacity;
};

/* Types of the language, core and rex that have no lifetime. WRAPPER: none but those of their
 * arguments. */
enum known { KNOWN_NOT, KNOWN_PLAIN, KNOWN_WRAPPER, KNOWN_BEHIND_MUT };
static const struct {
    const char *name;
    enum known as;
} known_types[] = {
    {"bool", KNOWN_PLAIN},
    {"char", KNOWN_PLAIN},
    {"str", KNOWN_PLAIN},
    {"u8", KNOWN_PLAIN},
    {"u16", KNOWN_PLAIN},
    {"u32", KNOWN_PLAIN},
    {"u64", KNOWN_PLAIN},
    {"u128", KNOWN_PLAIN},
    {"usize", KNOWN_PLAIN},
    {"i8", KNOWN_PLAIN},
    {"i16", KNOWN_PLAIN},
    {"i32", KNOWN_PLAIN},
    {"i64", KNOWN_PLAIN},
    {"i128", KNOWN_PLAIN},
    {"isize", KNOWN_PLAIN},
    {"c_int", KNOWN_PLAIN},
    {"c_uint", KNOWN_PLAIN},
    {"c_long", KNOWN_PLAIN},
    {"c_ulong", KNOWN_PLAIN},
    {"c_void", KNOWN_PLAIN},
    {"CStr", KNOWN_PLAIN},
    {"Duration", KNOWN_PLAIN},
    {"Ordering", KNOWN_PLAIN},
    {"Infallible", KNOWN_PLAIN},
    {"Ipv4Addr", KNOWN_PLAIN},
    {"Ipv6Addr", KNOWN_PLAIN},
    {"NonZeroU8", KNOWN_PLAIN},
    {"NonZeroU16", KNOWN_PLAIN},
    {"NonZeroU32", KNOWN_PLAIN},
    {"NonZeroU64", KNOWN_PLAIN},
    {"AtomicBool", KNOWN_PLAIN},
    {"AtomicU32", KNOWN_PLAIN},
    {"AtomicU64", KNOWN_PLAIN},
    {"Option", KNOWN_WRAPPER},
    {"Result", KNOWN_WRAPPER},
    {"Wrapping", KNOWN_WRAPPER},
    {"Range", KNOWN_WRAPPER},
    {"xdp", KNOWN_PLAIN},
    {"sched_cls", KNOWN_PLAIN},
    {"kprobe", KNOWN_PLAIN},
    {"perf_event", KNOWN_PLAIN},
    {"PtRegs", KNOWN_PLAIN},
    {"TaskStruct", KNOWN_PLAIN},
    {"bpf_perf_event_data", KNOWN_PLAIN},
    {"ethhdr", KNOWN_PLAIN},
    {"iphdr", KNOWN_PLAIN},
    {"tcphdr", KNOWN_PLAIN},
    {"udphdr", KNOWN_PLAIN},
    /* These have a lifetime, which nothing can shorten or lengthen behind &mut (it is invariant
       there). */
    {"xdp_md", KNOWN_BEHIND_MUT},
    {"__sk_buff", KNOWN_BEHIND_MUT},
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
    types->list[types->count++] = (struct declaration){
        .name = token->text, .length = token->length, .as = as, .source = source, .target = target};
}

/* Declares the parameters of the generics that begin with the < at open. Returns whether one is a
 * lifetime. */
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
            bool generic = token_is(source_at(source, i + 2), '<');
            size_t equals = generic ? source_after_generics(source, i + 2) : i + 2;
            bool alias = token_is(source_at(source, equals), '=');
            declare(types, source, i + 1, alias && !generic ? DECLARED_ALIAS : DECLARED_OTHER,
                    alias ? equals + 1 : 0);
            if (generic)
                collect_parameters(types, source, i + 2);
        } else if (token_is_keyword(token, "trait")) {
            bool generic = token_is(source_at(source, i + 2), '<');
            if (generic)
                collect_parameters(types, source, i + 2);
            declare(types, source, i + 1, DECLARED_TRAIT,
                    generic ? source_after_generics(source, i + 2) : i + 2);
        } else if (token_is_keyword(token, "use")) {
            in_use = true;
        } else if (token_is(token, ';')) {
            in_use = false;
        } else if (in_use && token_is_keyword(token, "as")) {
            declare(types, source, i + 1, DECLARED_OTHER, i - 1);
        } else if (token_is_keyword(token, "impl") && token_is(source_at(source, i + 1), '<')) {
            collect_parameters(types, source, i + 1);
        } else if (token_is_keyword(token, "fn") && token_is(source_at(source, i + 2), '<')) {
            collect_parameters(types, source, i + 2);
        }
    }
}

/* Reads a type. */
struct reader {
    const struct types *types;
    const struct source *source;
    size_t index;
    bool fixed; /* all lifetimes are fixed: nested ones and parameters are harmless, hidden ones are
                   not */
    unsigned depth;
};

static char *refuse(struct reader *reader, bool in_reference);

static const struct token *here(const struct reader *reader, size_t ahead)
{
    return source_at(reader->source, reader->index + ahead);
}

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

/* The generic arguments at the reader's place, if there are any. */
static char *refuse_arguments(struct reader *reader, bool in_reference)
{
    if (source_is_pair(reader->source, reader->index, "::") && token_is(here(reader, 2), '<'))
        reader->index += 2;
    if (!token_is(here(reader, 0), '<'))
        return NULL;
    size_t end = source_after_generics(reader->source, reader->index);
    reader->index++;
    while (reader->index + 1 < end) {
        const struct token *token = here(reader, 0);
        bool lifetime = token->kind == TOKEN_LIFETIME;
        if (lifetime && !reader->fixed)
            return refusal(token, "is a lifetime inside another type");
        if (lifetime || token_is(token, ',') || token->kind == TOKEN_INTEGER) {
            reader->index++;
            continue;
        }
        char *refused = refuse(reader, in_reference);
        if (refused)
            return refused;
    }
    reader->index = end;
    return NULL;
}

/* What an alias stands for: its own lifetimes are named or 'static. */
static bool alias_is_plain(const struct reader *reader, struct declaration *alias)
{
    if (alias->plain[reader->fixed])
        return true;
    struct reader target = {.types = reader->types,
                            .source = alias->source,
                            .index = alias->target,
                            .fixed = reader->fixed,
                            .depth = reader->depth + 1};
    char *refused = refuse(&target, true);
    free(refused);
    /* That it is not plain may be said because the way to it was long, and ends the reading. */
    alias->plain[reader->fixed] = !refused;
    return !refused;
}

/* The last name of a path, by what is declared of it. */
static char *refuse_name(struct reader *reader, const struct token *name, bool in_reference,
                         bool behind_mut)
{
    const struct types *types = reader->types;
    enum known known = find_known(name);
    bool declared = false, generic = false, arguments = token_is(here(reader, 0), '<');
    for (size_t i = 0; i < types->count; i++) {
        struct declaration *found = &types->list[i];
        if (!has_name(found, name) || found->as == DECLARED_TRAIT)
            continue;
        declared = true;
        if (found->as == DECLARED_LIFETIMES && !(reader->fixed && arguments))
            return refusal(name, "has a lifetime of its own");
        if (found->as == DECLARED_OTHER && !(reader->fixed && !arguments))
            return refusal(name,
                           "is a type parameter, an associated type or another name of a type");
        if (found->as == DECLARED_ALIAS && !alias_is_plain(reader, found))
            return refusal(name, "is a type alias that has references in it");
        generic = generic || found->as == DECLARED_GENERIC;
    }
    if (!declared && known == KNOWN_BEHIND_MUT && !behind_mut)
        return refusal(name, "is taken behind &mut only");
    if (!declared && known == KNOWN_NOT)
        return refusal(name, "is a type that rexc does not know, and may have lifetimes");
    /* An argument of core's wrappers stands for itself; a struct of the program may put it behind a
     * reference. */
    return refuse_arguments(reader, in_reference || generic);
}

static char *refuse_path(struct reader *reader, bool in_reference, bool behind_mut)
{
    const struct source *source = reader->source;
    if (token_is(here(reader, 0), '$'))
        reader->index++;
    if (source_is_pair(source, reader->index, "::"))
        reader->index += 2;
    while (token_is_identifier(here(reader, 0)) &&
           source_is_pair(source, reader->index + 1, "::") &&
           token_is_identifier(here(reader, 3))) {
        if (is_declared(reader->types, here(reader, 0), DECLARED_OTHER))
            return refusal(here(reader, 0), "is a type parameter or another name");
        reader->index += 3;
    }
    const struct token *name = here(reader, 0);
    if (!token_is_identifier(name))
        return must_copy("the type cannot be read");
    reader->index++;
    return refuse_name(reader, name, in_reference, behind_mut);
}

static char *refuse_list(struct reader *reader, bool in_reference, bool names)
{
    size_t close = source_closing(reader->source, reader->index);
    reader->index++;
    while (reader->index < close) {
        if (token_is(here(reader, 0), ',')) {
            reader->index++;
            continue;
        }
        if (names && token_is_identifier(here(reader, 0)) && token_is(here(reader, 1), ':') &&
            !source_is_pair(reader->source, reader->index + 1, "::"))
            reader->index += 2;
        char *refused = refuse(reader, in_reference);
        if (refused)
            return refused;
        if (reader->index < close && !token_is(here(reader, 0), ','))
            return must_copy("the type cannot be read");
    }
    reader->index = close + 1;
    return NULL;
}

/* fn(A, b: B) -> C, from the bracket on. */
static char *refuse_function(struct reader *reader, bool in_reference)
{
    char *refused = refuse_list(reader, in_reference, true);
    if (refused || !source_is_pair(reader->source, reader->index, "->"))
        return refused;
    reader->index += 2;
    return refuse(reader, in_reference);
}

static char *refuse_reference(struct reader *reader, bool in_reference)
{
    if (in_reference && !reader->fixed)
        return must_copy("a reference lies inside another reference or type");
    reader->index++;
    if (here(reader, 0)->kind == TOKEN_LIFETIME)
        reader->index++;
    else if (reader->fixed)
        return must_copy("a reference lies inside another reference or type");
    bool mut = token_is_keyword(here(reader, 0), "mut");
    reader->index += mut;
    const struct token *next = here(reader, 0);
    static const char *const words[] = {"fn", "dyn", "impl", "for", "Self", "_"};
    bool path = token_is_identifier(next);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        path = path && !token_is_keyword(next, words[i]);
    return path ? refuse_path(reader, true, mut) : refuse(reader, true);
}

static char *refuse_type(struct reader *reader, bool in_reference)
{
    const struct token *token = here(reader, 0);
    if (token_is(token, '&'))
        return refuse_reference(reader, in_reference);
    if (token_is(token, '*')) {
        reader->index += 2; /* *const or *mut */
        return refuse(reader, in_reference);
    }
    if (token_is(token, '('))
        return refuse_list(reader, in_reference, false);
    if (token_is(token, '[')) {
        size_t close = source_closing(reader->source, reader->index);
        reader->index++;
        char *refused = refuse(reader, in_reference);
        reader->index = close + 1; /* past the length of an array */
        return refused;
    }
    if (token_is(token, '!') ||
        (reader->fixed && (token_is_keyword(token, "_") ||
                           (token_is_keyword(token, "Self") &&
                            !source_is_pair(reader->source, reader->index + 1, "::"))))) {
        reader->index++;
        return NULL;
    }
    if (token_is_keyword(token, "fn") && token_is(here(reader, 1), '(')) {
        reader->index++;
        return refuse_function(reader, true);
    }
    if (token_is_keyword(token, "_"))
        return must_copy("a part of the type is left to be inferred");
    if (token_is_keyword(token, "dyn") || token_is_keyword(token, "impl") ||
        token_is_keyword(token, "for") || token_is_keyword(token, "Self"))
        return refusal(token, "hides lifetimes");
    return refuse_path(reader, in_reference, false);
}

static char *refuse(struct reader *reader, bool in_reference)
{
    if (reader->depth > MAX_DEPTH)
        return must_copy("the type is nested too deeply");
    reader->depth++;
    char *refused = refuse_type(reader, in_reference);
    reader->depth--;
    return refused;
}

/* Does the function pointer type have a reference without a lifetime, or '_? The end of a type
 * without brackets is not known; what stands behind it is looked at as well, up to where no type
 * can go on. */
static bool has_elided(const struct source *source, size_t index)
{
    size_t close = source_closing(source, index + 1);
    bool result = source_is_pair(source, close + 1, "->");
    for (size_t i = index + 2; i < source->count; i++) {
        const struct token *token = source_at(source, i);
        if (i >= close && (!result || token_is(token, ',') || token_is(token, ';') ||
                           token_is(token, '=') || token_is(token, '{') || token_is(token, '}')))
            return false;
        bool underscore =
            token->kind == TOKEN_LIFETIME && token->length == 1 && *token->text == '_';
        if (underscore ||
            (token_is(token, '&') && source_at(source, i + 1)->kind != TOKEN_LIFETIME) ||
            token_is_keyword(token, "for"))
            return true;
    }
    return false;
}

char *types_refuse(const struct types *types, const struct source *source, size_t index,
                   bool higher_ranked)
{
    struct reader reader = {.types = types,
                            .source = source,
                            .index = index + 1,
                            .fixed = !higher_ranked && !has_elided(source, index)};
    return refuse_function(&reader, false);
}

/* A walk over declarations by their names. Each declaration is looked at once, however many ways
 * lead to it: a name may be declared several times, so that the ways double with each step. */
struct walk {
    const struct types *types;
    const struct token *first;
    bool *seen; /* of each declaration */
    const struct token **names;
    size_t count;
    size_t capacity;
};

static void walk_to(struct walk *walk, const struct token *name)
{
    if (walk->count == walk->capacity) {
        walk->capacity = walk->capacity ? 2 * walk->capacity : 16;
        walk->names = must_grow(walk->names, walk->capacity, sizeof(*walk->names));
    }
    walk->names[walk->count++] = name;
}

/* Is one of the declarations that a walk from that name reaches what `is_found` looks for? It adds
 * the names that a declaration leads to. */
static bool walk_finds(const struct types *types, const struct token *name,
                       bool (*is_found)(struct walk *, struct declaration *))
{
    struct walk walk = {
        .types = types, .first = name, .seen = must_alloc(types->count, sizeof(bool))};
    bool found = false;
    walk_to(&walk, name);
    while (walk.count > 0 && !found) {
        name = walk.names[--walk.count];
        for (size_t i = 0; i < types->count && !found; i++) {
            if (walk.seen[i] || !has_name(&types->list[i], name))
                continue;
            walk.seen[i] = true;
            found = is_found(&walk, &types->list[i]);
        }
    }
    free(walk.names);
    free(walk.seen);
    return found;
}

/* Goes on to the type that an alias or a renamed import names. Returns false when what stands there
 * is no name. */
static bool walk_to_target(struct walk *walk, const struct declaration *alias)
{
    size_t target = alias->target;
    if (source_is_pair(alias->source, target, "::"))
        target += 2;
    while (source_is_pair(alias->source, target + 1, "::"))
        target += 3;
    const struct token *name = source_at(alias->source, target);
    if (!token_is_identifier(name) || token_is_keyword(name, "dyn"))
        return false;
    walk_to(walk, name);
    return true;
}

static bool is_projection(struct walk *walk, struct declaration *alias)
{
    if (!alias->target || alias->as == DECLARED_TRAIT)
        return false;
    if (token_is(source_at(alias->source, alias->target), '<'))
        return true;
    walk_to_target(walk, alias);
    return false;
}

bool types_is_projection(const struct types *types, const struct token *name)
{
    return walk_finds(types, name, is_projection);
}

static bool is_alias(struct walk *walk, struct declaration *alias)
{
    const struct reader reader = {.types = walk->types};
    if (alias->as == DECLARED_ALIAS)
        return !alias_is_plain(&reader, alias);
    if (alias->as != DECLARED_OTHER)
        return false;
    /* A parameter of a generic alias, or what else nothing is known of, stands for any type. */
    if (!alias->target)
        return !has_name(alias, walk->first);
    return !walk_to_target(walk, alias);
}

bool types_is_alias(const struct types *types, const struct token *name)
{
    return walk_finds(types, name, is_alias);
}

static bool trait_outlives(struct walk *walk, struct declaration *trait)
{
    if (trait->as == DECLARED_OTHER)
        return true;
    if (trait->as != DECLARED_TRAIT)
        return false;
    for (size_t j = trait->target; j < trait->source->count; j++) {
        const struct token *token = source_at(trait->source, j);
        if (token_is(token, '{') || token_is(token, ';') || token_is(token, '='))
            break;
        if (token_is(token, '<'))
            j = source_after_generics(trait->source, j) - 1;
        else if (token_is(token, '('))
            j = source_closing(trait->source, j);
        else if (token->kind == TOKEN_LIFETIME)
            return true;
        else if (token_is_identifier(token) && !token_is_name(token, "Self") &&
                 !has_name(trait, token))
            walk_to(walk, token);
    }
    return false;
}

bool types_trait_outlives(const struct types *types, const struct token *name)
{
    return walk_finds(types, name, trait_outlives);
}

void types_export(const struct types *types, struct buffer *text)
{
    for (size_t i = 0; i < types->count; i++) {
        const struct declaration *declaration = &types->list[i];
        const struct token name = {.kind = TOKEN_IDENTIFIER,
                                   .text = declaration->name,
                                   .length = (uint32_t)declaration->length};
        const int length = (int)name.length;
        if (declaration->as == DECLARED_TRAIT) {
            if (types_trait_outlives(types, &name))
                buffer_format(text, "trait %.*s: 'static {} ", length, name.text);
        } else if (declaration->as == DECLARED_ALIAS ||
                   (declaration->as == DECLARED_OTHER && declaration->target)) {
            if (types_is_projection(types, &name))
                buffer_format(text, "type %.*s = <() as X>::Y; ", length, name.text);
            else if (types_is_alias(types, &name))
                buffer_format(text, "type %.*s = dyn X; ", length, name.text);
        }
    }
}
