/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/license.h"
#include "base/memory.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct license_words {
    bool gpl2; /* one of the choices is GPL version 2, by itself */
    bool mit, bsd, mpl;
    bool other; /* "AND", "WITH" or parentheses: not a plain list of choices */
};

static bool is_word(const char *word, size_t length, const char *text)
{
    return strlen(text) == length && strncasecmp(word, text, length) == 0;
}

static bool is_gpl2(const char *word, size_t length)
{
    static const char *const names[] = {"GPL-2.0-only", "GPL-2.0-or-later", "GPL-2.0", "GPL-2.0+"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (is_word(word, length, names[i]))
            return true;
    }
    return false;
}

/* Words and what they mean; "/" is the old way to write OR (Cargo book, "The license field"). */
static struct license_words read_words(const char *spdx)
{
    struct license_words words = {0};
    for (const char *at = spdx; *at;) {
        at += strspn(at, " \t/");
        size_t length = strcspn(at, " \t/");
        if (length == 0)
            break;
        if (is_gpl2(at, length))
            words.gpl2 = true;
        else if (is_word(at, length, "MIT"))
            words.mit = true;
        else if (is_word(at, length, "BSD-2-Clause") || is_word(at, length, "BSD-3-Clause"))
            words.bsd = true;
        else if (is_word(at, length, "MPL-2.0") || is_word(at, length, "MPL-1.1"))
            words.mpl = true;
        else if (is_word(at, length, "AND") || is_word(at, length, "WITH") ||
                 memchr(at, '(', length) || memchr(at, ')', length))
            words.other = true;
        at += length;
    }
    return words;
}

char *license_for_kernel(const char *spdx)
{
    if (!spdx || spdx[strspn(spdx, " \t")] == '\0')
        return must_copy("Proprietary");
    struct license_words words = read_words(spdx);
    if (!words.gpl2 || words.other)
        return must_copy(spdx);
    if (words.mit)
        return must_copy("Dual MIT/GPL");
    if (words.bsd)
        return must_copy("Dual BSD/GPL");
    if (words.mpl)
        return must_copy("Dual MPL/GPL");
    return must_copy("GPL");
}
