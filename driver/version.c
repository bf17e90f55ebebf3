/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/version.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A version, or a comparator's partial one: parts says how many of the three numbers are given. */
struct version {
    uint64_t numbers[3];
    unsigned parts;
    bool wildcard;   /* the first part that is not given is a * */
    const char *pre; /* pre-release identifiers, not terminated */
    size_t pre_length;
};

struct cursor {
    const char *at;
    const char *end;
};

static void skip_spaces(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at == ' ')
        cursor->at++;
}

static bool take(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

static bool take_number(struct cursor *cursor, uint64_t *number)
{
    const char *start = cursor->at;
    *number = 0;
    while (cursor->at < cursor->end && isdigit((unsigned char)*cursor->at)) {
        unsigned digit = (unsigned)(*cursor->at++ - '0');
        if (*number > (UINT64_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    size_t length = (size_t)(cursor->at - start);
    return length > 0 && (length == 1 || *start != '0');
}

/* Identifiers separated by dots, as pre-releases and build metadata have them. */
static bool take_identifiers(struct cursor *cursor, const char **text, size_t *length)
{
    *text = cursor->at;
    while (cursor->at < cursor->end &&
           (isalnum((unsigned char)*cursor->at) || *cursor->at == '-' || *cursor->at == '.'))
        cursor->at++;
    *length = (size_t)(cursor->at - *text);
    return *length > 0;
}

/* Reads MAJOR[.MINOR[.PATCH[-PRE][+BUILD]]]; a part may be a wildcard, which ends the given parts.
 */
static bool take_version(struct cursor *cursor, struct version *version)
{
    *version = (struct version){0};
    for (unsigned part = 0; part < 3; part++) {
        if (part > 0 && !take(cursor, '.'))
            return true;
        if (take(cursor, '*') || take(cursor, 'x') || take(cursor, 'X')) {
            version->wildcard = true;
        } else if (version->wildcard || !take_number(cursor, &version->numbers[part])) {
            return false;
        } else {
            version->parts = part + 1;
        }
    }
    if (take(cursor, '-') && !take_identifiers(cursor, &version->pre, &version->pre_length))
        return false;
    const char *build;
    size_t build_length;
    return !take(cursor, '+') || take_identifiers(cursor, &build, &build_length);
}

/* Semver rule 11.4: identifier by identifier; numbers by value and below words; fewer identifiers
 * are less. */
static int compare_pre(const struct version *a, const struct version *b)
{
    if (a->pre_length == 0 || b->pre_length == 0)
        return (a->pre_length == 0) - (b->pre_length == 0);
    struct cursor left = {a->pre, a->pre + a->pre_length};
    struct cursor right = {b->pre, b->pre + b->pre_length};
    for (;;) {
        size_t n = 0, m = 0;
        bool left_number = true, right_number = true;
        for (; left.at + n < left.end && left.at[n] != '.'; n++)
            left_number = left_number && isdigit((unsigned char)left.at[n]);
        for (; right.at + m < right.end && right.at[m] != '.'; m++)
            right_number = right_number && isdigit((unsigned char)right.at[m]);
        if (left_number != right_number)
            return left_number ? -1 : 1;
        if (left_number && n != m)
            return n < m ? -1 : 1;
        int order = memcmp(left.at, right.at, n < m ? n : m);
        if (order != 0)
            return order;
        if (n != m)
            return n < m ? -1 : 1;
        left.at += n;
        right.at += m;
        bool left_more = take(&left, '.'), right_more = take(&right, '.');
        if (!left_more || !right_more)
            return (int)left_more - (int)right_more;
    }
}

static int compare(const struct version *a, const struct version *b)
{
    for (unsigned part = 0; part < 3; part++) {
        if (a->numbers[part] != b->numbers[part])
            return a->numbers[part] < b->numbers[part] ? -1 : 1;
    }
    return compare_pre(a, b);
}

enum operator{ CARET, TILDE, EXACT, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL };

static enum operator take_operator(struct cursor *cursor)
{
    if (take(cursor, '^'))
        return CARET;
    if (take(cursor, '~'))
        return TILDE;
    if (take(cursor, '='))
        return EXACT;
    if (take(cursor, '>'))
        return take(cursor, '=') ? GREATER_EQUAL : GREATER;
    if (take(cursor, '<'))
        return take(cursor, '=') ? LESS_EQUAL : LESS;
    return CARET;
}

static bool same_parts(const struct version *a, const struct version *b, unsigned parts)
{
    return memcmp(a->numbers, b->numbers, parts * sizeof(a->numbers[0])) == 0;
}

/* How many leading numbers must be equal for "compatible": up to the first one that is not zero. */
static unsigned caret_parts(const struct version *wanted)
{
    for (unsigned part = 0; part < wanted->parts; part++) {
        if (wanted->numbers[part] != 0)
            return part + 1;
    }
    return wanted->parts;
}

static bool comparator_matches(enum operator operator, const struct version * wanted,
                               const struct version *version)
{
    int order = compare(version, wanted);
    switch (operator) {
    case CARET:
        return same_parts(wanted, version, caret_parts(wanted)) && order >= 0;
    case TILDE:
        return same_parts(wanted, version, wanted->parts < 2 ? wanted->parts : 2) && order >= 0;
    case EXACT:
        return wanted->parts < 3 ? same_parts(wanted, version, wanted->parts) : order == 0;
    case GREATER:
        return wanted->parts < 3 ? order > 0 && !same_parts(wanted, version, wanted->parts)
                                 : order > 0;
    case GREATER_EQUAL:
        return order >= 0;
    case LESS:
        return order < 0;
    case LESS_EQUAL:
        return order <= 0 || (wanted->parts < 3 && same_parts(wanted, version, wanted->parts));
    }
    return false;
}

/* A whole version and nothing else. */
static bool parse(const char *text, struct version *version)
{
    struct cursor cursor = {text, text + strlen(text)};
    return take_version(&cursor, version) && version->parts == 3 && cursor.at == cursor.end;
}

int version_order(const char *a, const char *b)
{
    struct version left, right;
    bool left_good = parse(a, &left), right_good = parse(b, &right);
    if (!left_good || !right_good)
        return (int)left_good - (int)right_good;
    return compare(&left, &right);
}

enum version_match version_match(const char *requirement, const char *version)
{
    struct version found;
    if (!parse(version, &found))
        return VERSION_MALFORMED;

    struct cursor cursor = {requirement, requirement + strlen(requirement)};
    bool matches = true;
    bool pre_allowed = found.pre_length == 0;
    do {
        struct version wanted;
        skip_spaces(&cursor);
        enum operator operator= take_operator(&cursor);
        skip_spaces(&cursor);
        if (!take_version(&cursor, &wanted))
            return VERSION_MALFORMED;
        if (wanted.wildcard && operator== CARET)
            operator= EXACT; /* 1.2.* is any patch of 1.2, and not 1.3 */
        skip_spaces(&cursor);
        if (!comparator_matches(operator, & wanted, &found))
            matches = false;
        if (wanted.pre_length != 0 && same_parts(&wanted, &found, 3))
            pre_allowed = true;
    } while (take(&cursor, ','));
    if (cursor.at != cursor.end)
        return VERSION_MALFORMED;
    return matches && pre_allowed ? VERSION_MATCHES : VERSION_DIFFERS;
}
