/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/signatures.h"

#include <string.h>

enum { MAX_PARAMETERS = 64, MAX_LIFETIMES = 32 };

struct range {
    size_t first, end;
};

/* A lifetime in a signature. */
struct lifetime {
    enum {
        LIFETIME_NAMED,
        LIFETIME_ELIDED, /* that of a reference without one, which the return type gets by elision
                          */
        LIFETIME_SELF,   /* whatever lifetimes the impl's type has */
    } kind;
    const struct token *name; /* LIFETIME_NAMED */
};

struct signature {
    const struct source *source;
    struct range header;   /* of the impl or trait around the function; empty when there is none */
    struct range generics; /* of the function */
    struct range where;
    struct range result;
    struct range parameters[MAX_PARAMETERS]; /* their types; `self` and `&self` as they stand */
    size_t count;
    bool too_long; /* more parameters than there is room for */
};

static bool same_name(const struct token *a, const struct token *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static bool is_lifetime(const struct token *token, const char *name)
{
    return token->kind == TOKEN_LIFETIME && token->length == strlen(name) &&
           memcmp(token->text, name, token->length) == 0;
}

static bool has_lifetime_name(const struct source *source, struct range range,
                              const struct token *name)
{
    for (size_t i = range.first; i < range.end; i++)
        if (source_at(source, i)->kind == TOKEN_LIFETIME && same_name(source_at(source, i), name))
            return true;
    return false;
}

static bool has_any_lifetime(const struct source *source, struct range range)
{
    for (size_t i = range.first; i < range.end; i++)
        if (source_at(source, i)->kind == TOKEN_LIFETIME)
            return true;
    return false;
}

/* Does the range name Self, or a type parameter of the impl around the function? Then it may have
 * the impl's lifetimes in it. */
static bool mentions_self(const struct signature *signature, struct range range)
{
    const struct source *source = signature->source;
    for (size_t i = range.first; i < range.end; i++) {
        const struct token *token = source_at(source, i);
        if (token_is_keyword(token, "Self") || token_is_keyword(token, "self"))
            return true;
        if (!token_is_identifier(token) ||
            !token_is(source_at(source, signature->header.first), '<'))
            continue;
        size_t end = source_after_generics(source, signature->header.first);
        for (size_t j = signature->header.first; j < end; j++)
            if ((token_is(source_at(source, j), '<') || token_is(source_at(source, j), ',')) &&
                token_is_identifier(source_at(source, j + 1)) &&
                same_name(source_at(source, j + 1), token))
                return true;
    }
    return false;
}

/* Does the token at index declare a parameter in the function's generics, as the first word of one?
 */
static bool is_declared_at(const struct signature *signature, size_t index)
{
    const struct source *source = signature->source;
    size_t depth = 0;
    for (size_t i = signature->generics.first; i < index; i++) {
        depth += token_is(source_at(source, i), '<');
        depth -= token_is(source_at(source, i), '>') && !source_is_pair(source, i - 1, "->");
    }
    return depth == 1 && (token_is(source_at(source, index - 1), '<') ||
                          token_is(source_at(source, index - 1), ','));
}

/* is_declared_at() of any place where the lifetime stands, in one pass. */
static bool declares(const struct signature *signature, const struct token *name)
{
    const struct source *source = signature->source;
    size_t depth = 0;
    for (size_t i = signature->generics.first; i < signature->generics.end; i++) {
        const struct token *token = source_at(source, i);
        if (depth == 1 && token->kind == TOKEN_LIFETIME && same_name(token, name) &&
            (token_is(source_at(source, i - 1), '<') || token_is(source_at(source, i - 1), ',')))
            return true;
        depth += token_is(token, '<');
        depth -= token_is(token, '>') && !source_is_pair(source, i - 1, "->");
    }
    return false;
}

/* Is the lifetime one of the impl, and so fixed before the function becomes a pointer? */
static bool is_of_header(const struct signature *signature, struct lifetime lifetime)
{
    if (lifetime.kind != LIFETIME_NAMED)
        return lifetime.kind == LIFETIME_SELF;
    return has_lifetime_name(signature->source, signature->header, lifetime.name) &&
           !declares(signature, lifetime.name);
}

static bool mentions(const struct signature *signature, struct range range,
                     struct lifetime lifetime)
{
    switch (lifetime.kind) {
    case LIFETIME_NAMED:
        return has_lifetime_name(signature->source, range, lifetime.name) ||
               (mentions_self(signature, range) && is_of_header(signature, lifetime));
    case LIFETIME_ELIDED:
        return false;
    case LIFETIME_SELF:
        if (mentions_self(signature, range))
            return true;
        for (size_t i = range.first; i < range.end; i++)
            if (source_at(signature->source, i)->kind == TOKEN_LIFETIME &&
                has_lifetime_name(signature->source, signature->header,
                                  source_at(signature->source, i)))
                return true;
        return false;
    }
    return false;
}

/* What stands behind the & and lifetime of a reference. */
static struct range behind_reference(const struct source *source, struct range range)
{
    range.first++;
    if (source_at(source, range.first)->kind == TOKEN_LIFETIME)
        range.first++;
    if (token_is_keyword(source_at(source, range.first), "mut"))
        range.first++;
    return range;
}

static bool is_reference(const struct source *source, struct range range)
{
    return range.first < range.end && token_is(source_at(source, range.first), '&');
}

/* Is the type a reference with this lifetime? */
static bool is_reference_of(const struct source *source, struct range range,
                            struct lifetime lifetime)
{
    if (!is_reference(source, range))
        return false;
    const struct token *next = source_at(source, range.first + 1);
    if (lifetime.kind == LIFETIME_ELIDED)
        return next->kind != TOKEN_LIFETIME || is_lifetime(next, "_");
    return lifetime.kind == LIFETIME_NAMED && next->kind == TOKEN_LIFETIME &&
           same_name(next, lifetime.name);
}

/* The next part between commas of the list that ends at end. */
static struct range next_part(const struct source *source, size_t first, size_t end)
{
    struct range part = {first, first};
    while (part.end < end && !token_is(source_at(source, part.end), ',')) {
        const struct token *token = source_at(source, part.end);
        if (token_is(token, '<'))
            part.end = source_after_generics(source, part.end);
        else if (token_is(token, '(') || token_is(token, '[') || token_is(token, '{'))
            part.end = source_closing(source, part.end) + 1;
        else
            part.end++;
    }
    if (part.end > end)
        part.end = end;
    return part;
}

/* Can a value with lifetime `inner` come in through a type, other than where `outer` bounds it? */
static bool carries(const struct signature *signature, struct range type, struct lifetime inner,
                    struct lifetime outer, unsigned depth)
{
    const struct source *source = signature->source;
    if (depth > 16)
        return true;
    if (!mentions(signature, type, inner))
        return false;
    if (outer.kind == LIFETIME_ELIDED || !mentions(signature, type, outer))
        return true;
    if (is_reference_of(source, type, outer))
        return false;
    if (is_reference(source, type))
        return carries(signature, behind_reference(source, type), inner, outer, depth + 1);

    /* Both stand in it: look at the parts of a tuple, or at the type arguments. */
    size_t open = type.first;
    while (open < type.end && !token_is(source_at(source, open), '(') &&
           !token_is(source_at(source, open), '<'))
        open++;
    size_t end = open >= type.end                         ? type.end
                 : token_is(source_at(source, open), '(') ? source_closing(source, open)
                                                          : source_after_generics(source, open) - 1;
    for (size_t first = open + 1; first < end;) {
        struct range part = next_part(source, first, end);
        bool lifetime_alone =
            part.end == part.first + 1 && source_at(source, part.first)->kind == TOKEN_LIFETIME;
        if (!lifetime_alone && carries(signature, part, inner, outer, depth + 1))
            return true;
        first = part.end + 1;
    }
    return false;
}

/* `'a: 'b` or `'b: 'a`, or `Self: 'a`, in the function's generics or where clause. */
static bool has_bound(const struct signature *signature, struct lifetime a, struct lifetime b)
{
    const struct source *source = signature->source;
    const struct range places[] = {signature->generics, signature->where};
    for (size_t p = 0; p < 2; p++)
        for (size_t i = places[p].first; i < places[p].end; i++) {
            const struct range subject = {i, i + 1};
            bool of_a = mentions(signature, subject, a), of_b = mentions(signature, subject, b);
            if ((!of_a && !of_b) || !token_is(source_at(source, i + 1), ':'))
                continue;
            for (size_t j = i + 2; j < places[p].end; j++) {
                const struct range bound = {j, j + 1};
                if (source_at(source, j)->kind != TOKEN_LIFETIME &&
                    !token_is(source_at(source, j), '+'))
                    break;
                if ((of_a && mentions(signature, bound, b)) ||
                    (of_b && mentions(signature, bound, a)))
                    return true;
            }
        }
    return false;
}

/* Does the return type have a reference without a lifetime, or '_? */
static bool result_is_elided(const struct signature *signature)
{
    const struct source *source = signature->source;
    for (size_t i = signature->result.first; i < signature->result.end; i++) {
        const struct token *token = source_at(source, i), *next = source_at(source, i + 1);
        if (is_lifetime(token, "_") || (token_is(token, '&') && next->kind != TOKEN_LIFETIME))
            return true;
    }
    return false;
}

/* Can a value with this lifetime leave the function: as its result, or through a place inside a
 * parameter? */
static bool gets_out(const struct signature *signature, struct lifetime lifetime)
{
    const struct source *source = signature->source;
    if (lifetime.kind == LIFETIME_ELIDED)
        return result_is_elided(signature);
    if (mentions(signature, signature->result, lifetime))
        return true;
    for (size_t i = 0; i < signature->count; i++) {
        struct range type = signature->parameters[i];
        if (is_reference_of(source, type, lifetime))
            type = behind_reference(source, type);
        if (mentions(signature, type, lifetime))
            return true;
    }
    return false;
}

static bool is_mentioned_in_bounds(const struct signature *signature, struct lifetime lifetime)
{
    for (size_t i = signature->generics.first; i < signature->generics.end; i++) {
        const struct range one = {i, i + 1};
        if (mentions(signature, one, lifetime) && !is_declared_at(signature, i))
            return true;
    }
    return mentions(signature, signature->where, lifetime);
}

/* `promise` is the index of the parameter that relates the two. */
static bool comes_in(const struct signature *signature, size_t promise, struct lifetime inner,
                     struct lifetime outer)
{
    for (size_t i = 0; i < signature->count; i++)
        if (!(i == promise && outer.kind == LIFETIME_ELIDED) &&
            carries(signature, signature->parameters[i], inner, outer, 0))
            return true;
    return is_mentioned_in_bounds(signature, inner);
}

/* Collects the lifetimes that stand in a type; more than MAX_LIFETIMES when there is no room for
 * them. */
static size_t lifetimes_of(const struct signature *signature, struct range type,
                           struct lifetime list[MAX_LIFETIMES])
{
    const struct source *source = signature->source;
    size_t count = 0;
    for (size_t i = type.first; i < type.end; i++) {
        const struct token *token = source_at(source, i);
        if (token->kind != TOKEN_LIFETIME || is_lifetime(token, "static") ||
            is_lifetime(token, "_"))
            continue;
        if (count + 1 == MAX_LIFETIMES)
            return MAX_LIFETIMES + 1;
        list[count++] = (struct lifetime){LIFETIME_NAMED, token};
    }
    if (mentions_self(signature, type) && has_any_lifetime(source, signature->header))
        list[count++] = (struct lifetime){.kind = LIFETIME_SELF};
    return count;
}

static bool is_same(struct lifetime a, struct lifetime b)
{
    return a.kind == b.kind && (a.kind != LIFETIME_NAMED || same_name(a.name, b.name));
}

/* Is there a promise in the type that inner outlives outer, and a way to use it? */
static bool can_forge(const struct signature *signature, size_t promise, struct lifetime inner,
                      struct lifetime outer)
{
    return !is_same(inner, outer) &&
           !(is_of_header(signature, inner) && is_of_header(signature, outer)) &&
           !has_bound(signature, inner, outer) && gets_out(signature, outer) &&
           comes_in(signature, promise, inner, outer);
}

static bool parameter_can_forge(const struct signature *signature, size_t index)
{
    const struct source *source = signature->source;
    struct range type = signature->parameters[index];
    struct lifetime inside[MAX_LIFETIMES];
    const struct token *next = source_at(source, type.first + 1);
    struct lifetime outer = {.kind = LIFETIME_ELIDED};
    bool reference = is_reference(source, type);
    if (reference && next->kind == TOKEN_LIFETIME && !is_lifetime(next, "_"))
        outer = (struct lifetime){LIFETIME_NAMED, next};
    size_t count =
        lifetimes_of(signature, reference ? behind_reference(source, type) : type, inside);
    if (count > MAX_LIFETIMES)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (reference && can_forge(signature, index, inside[i], outer))
            return true;
        for (size_t j = 0; j < count; j++)
            if (can_forge(signature, index, inside[i], inside[j]))
                return true;
    }
    return false;
}

/* The range of a parameter's type; self parameters without one stand for themselves. */
static struct range type_of_parameter(const struct source *source, struct range parameter)
{
    for (size_t i = parameter.first; i < parameter.end; i++) {
        if (source_is_pair(source, i, "::")) {
            i++;
        } else if (token_is(source_at(source, i), ':')) {
            parameter.first = i + 1;
            break;
        } else if (token_is(source_at(source, i), '<')) {
            break;
        }
    }
    return parameter;
}

static void add_parameter(struct signature *signature, struct range type)
{
    if (signature->count == MAX_PARAMETERS)
        signature->too_long = true;
    else
        signature->parameters[signature->count++] = type;
}

/* Reads the signature at the `fn`. Returns false when there is none that can be checked. */
static bool read_signature(const struct source *source, size_t index, struct signature *signature)
{
    size_t i = index + 2;
    if (!token_is_identifier(source_at(source, index + 1)))
        return false;
    if (token_is(source_at(source, i), '<')) {
        signature->generics = (struct range){i, source_after_generics(source, i)};
        i = signature->generics.end;
    }
    if (!token_is(source_at(source, i), '('))
        return false;
    size_t close = source_closing(source, i);
    for (size_t first = i + 1; first < close;) {
        struct range parameter = next_part(source, first, close);
        first = parameter.end + 1;
        if (parameter.end > parameter.first)
            add_parameter(signature, type_of_parameter(source, parameter));
    }
    i = close + 1;
    if (source_is_pair(source, i, "->"))
        signature->result = (struct range){i + 2, i + 2};
    for (; i < source->count; i++) {
        const struct token *token = source_at(source, i);
        if (token_is(token, '{') || token_is(token, ';'))
            break;
        if (token_is_keyword(token, "where"))
            signature->where.first = i + 1;
        /* Braces may stand in there: they are no body. */
        if (token_is(token, '<'))
            i = source_after_generics(source, i) - 1;
        else if (token_is(token, '(') || token_is(token, '['))
            i = source_closing(source, i);
        if (signature->where.first)
            signature->where.end = i + 1;
        else if (signature->result.first && i >= signature->result.first)
            signature->result.end = i + 1;
    }
    return true;
}

/* Reads `for<'a, 'b> Fn(A, B) -> C`, at the `for`: what a closure is checked against becomes its
 * signature. */
static bool read_bound(const struct source *source, size_t index, struct signature *signature)
{
    signature->generics = (struct range){index + 1, source_after_generics(source, index + 1)};
    size_t i = signature->generics.end;
    while (token_is_identifier(source_at(source, i)) && source_is_pair(source, i + 1, "::"))
        i += 3;
    const struct token *name = source_at(source, i);
    if ((!token_is_name(name, "Fn") && !token_is_name(name, "FnMut") &&
         !token_is_name(name, "FnOnce")) ||
        !token_is(source_at(source, i + 1), '('))
        return false;
    size_t close = source_closing(source, i + 1);
    for (size_t first = i + 2; first < close;) {
        struct range type = next_part(source, first, close);
        first = type.end + 1;
        if (type.end > type.first)
            add_parameter(signature, type);
    }
    if (!source_is_pair(source, close + 1, "->"))
        return true;
    signature->result = (struct range){close + 3, close + 3};
    while (signature->result.end < source->count) {
        const struct token *token = source_at(source, signature->result.end);
        if (token_is(token, ',') || token_is(token, ';') || token_is(token, '{') ||
            token_is(token, '+') || token_is(token, ')') || token_is(token, '>') ||
            token_is(token, '='))
            break;
        bool bracket = token_is(token, '(') || token_is(token, '[');
        signature->result.end = token_is(token, '<')
                                    ? source_after_generics(source, signature->result.end)
                                : bracket ? source_closing(source, signature->result.end) + 1
                                          : signature->result.end + 1;
    }
    return true;
}

static bool can_forge_any(const struct signature *signature)
{
    bool forges = signature->too_long;
    for (size_t i = 0; i < signature->count && !forges; i++)
        forges = parameter_can_forge(signature, i);
    return forges;
}

/* An `impl` that begins an item, and not a type. */
static bool is_item(const struct source *source, size_t index)
{
    const struct token *before = index ? source_at(source, index - 1) : NULL;
    return token_is_keyword(source_at(source, index), "trait") || !before ||
           token_is(before, '}') || token_is(before, ';') || token_is(before, '{') ||
           token_is_name(before, "default");
}

/* The header of an impl or trait at index, up to its block, and the block's end in *end. */
static bool read_header(const struct source *source, size_t index, struct range *header,
                        size_t *end)
{
    size_t first = index + 1;
    if (token_is_keyword(source_at(source, index), "trait"))
        first++; /* its name */
    for (size_t i = first; i < source->count; i++) {
        const struct token *token = source_at(source, i);
        if (token_is(token, ';'))
            return false;
        if (token_is(token, '{')) {
            *header = (struct range){first, i};
            *end = source_closing(source, i);
            return true;
        }
        if (token_is(token, '<'))
            i = source_after_generics(source, i) - 1;
        else if (token_is(token, '(') || token_is(token, '['))
            i = source_closing(source, i);
    }
    return false;
}

unsigned signatures_check(struct diag *diag, const struct source *source)
{
    unsigned found = 0;
    struct range header = {0, 0};
    size_t header_end = 0;
    for (size_t i = 0; i < source->count; i++) {
        const struct token *token = &source->tokens[i];
        if (i >= header_end)
            header = (struct range){0, 0};
        if (token_is_name(token, "macro_rules") && token_is(source_at(source, i + 1), '!')) {
            i = source_closing(source, i + 3);
        } else if (header_end <= i &&
                   (token_is_keyword(token, "impl") || token_is_keyword(token, "trait")) &&
                   is_item(source, i)) {
            if (!read_header(source, i, &header, &header_end))
                header_end = 0;
            else
                i = header.end;
        } else if (token_is_keyword(token, "fn")) {
            struct signature signature = {.source = source, .header = header};
            if (!read_signature(source, i, &signature) || !can_forge_any(&signature))
                continue;
            source_report(diag, source, POLICY_IMPLIED_LIFETIME, i, i + 1,
                          "the parameters of `%.*s` relate two lifetimes without saying so",
                          (int)source_at(source, i + 1)->length, source_at(source, i + 1)->text);
            found++;
        } else if (token_is_keyword(token, "for") && token_is(source_at(source, i + 1), '<') &&
                   source_at(source, i + 2)->kind == TOKEN_LIFETIME) {
            struct signature signature = {.source = source, .header = header};
            if (!read_bound(source, i, &signature) || !can_forge_any(&signature))
                continue;
            source_report(diag, source, POLICY_IMPLIED_LIFETIME, i, signature.generics.end - 1,
                          "the parameters of a closure relate two lifetimes");
            found++;
        }
    }
    return found;
}
