/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The text that an object may hold: what the linker puts into a note (rex_note.h) and the kernel
 * module takes from one.
 */
#ifndef REX_TEXT_H
#define REX_TEXT_H

/*
 * The length in bytes, 1 to 4, of the UTF-8 sequence at text (Unicode 15, table 3-7); 0 when it is
 * not well-formed or is a control character (NUL among them), which could fool a terminal or a log.
 * Reads no byte after one that cannot be in the sequence: of a string with its NUL none past it.
 */
static inline unsigned int rex_text_character_length(const unsigned char *text)
{
    const unsigned char first = text[0];
    unsigned char low = 0x80, high = 0xbf;
    unsigned int length, i;

    if (first < 0x80)
        return first >= 0x20 && first != 0x7f;
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
        if (first == 0xc2)
            low = 0xa0; /* U+0080 to U+009F are control characters */
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        if (first == 0xe0)
            low = 0xa0;
        if (first == 0xed)
            high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        if (first == 0xf0)
            low = 0x90;
        if (first == 0xf4)
            high = 0x8f;
    } else {
        return 0;
    }
    if (text[1] < low || text[1] > high)
        return 0;
    for (i = 2; i < length; i++) {
        if (text[i] < 0x80 || text[i] > 0xbf)
            return 0;
    }
    return length;
}

#endif
