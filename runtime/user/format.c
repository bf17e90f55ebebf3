/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/format.h"

#include "base/buffer.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Widest field (FIELD_WIDTH_MAX of lib/vsprintf.c). */
enum { WIDTH_MAX = (1 << 23) - 1 };

/* What the arguments of one call take up while they wait to be formatted (MAX_BPRINTF_BIN_ARGS). */
enum { ARGUMENTS_BYTES = 512 };

/* A conversion: "%", then flags, width, length and the letter. */
struct conversion {
    bool left, zero, plus, space; /* flags - 0 + and blank */
    bool wide;                    /* a width is given */
    uint32_t width;
    unsigned longs;
    char letter;
    char detail[4]; /* what follows %p: "x", "K", "s", "S", "B", "i4", "I6" ... */
};

/* A string somewhere in the process, cut to the size of text; what cannot be read is empty. */
static void read_string(uint64_t address, char *text, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++) {
        const struct iovec local = {.iov_base = text + i, .iov_len = 1};
        const struct iovec remote = {.iov_base = (void *)(uintptr_t)(address + i), .iov_len = 1};
        if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 1) {
            text[0] = '\0';
            return;
        }
        if (text[i] == '\0')
            return;
    }
    text[size - 1] = '\0';
}

static void put_address(struct buffer *out, const struct conversion *conversion, uint64_t address)
{
    uint8_t bytes[16] = {0};
    const size_t size = conversion->detail[1] == '4' ? 4 : 16;
    const struct iovec local = {.iov_base = bytes, .iov_len = size};
    const struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};

    if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)size)
        memset(bytes, 0, sizeof(bytes));
    if (size == 4 && conversion->detail[0] == 'i') {
        buffer_format(out, "%03u.%03u.%03u.%03u", bytes[0], bytes[1], bytes[2], bytes[3]);
    } else if (size == 4) {
        buffer_format(out, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
    } else {
        for (size_t i = 0; i < 16; i += 2)
            buffer_format(out, "%s%02x%02x", i > 0 && conversion->detail[0] == 'I' ? ":" : "",
                          bytes[i], bytes[i + 1]);
    }
}

/* Whether a string's conversion may be followed by this (bpf_bprintf_prepare()). */
static bool ends_conversion(char c)
{
    return c == '\0' || isspace((unsigned char)c) || ispunct((unsigned char)c);
}

static const char *parse_flags_and_width(const char *format, struct conversion *conversion)
{
    for (; *format && strchr("0+- ", *format); format++) {
        conversion->left |= *format == '-';
        conversion->zero |= *format == '0';
        conversion->plus |= *format == '+';
        conversion->space |= *format == ' ';
    }
    for (; isdigit((unsigned char)*format); format++) {
        conversion->wide = true;
        conversion->width = conversion->width * 10 + (uint32_t)(*format - '0');
        if (conversion->width > WIDTH_MAX)
            conversion->width = WIDTH_MAX;
    }
    return format;
}

/* What follows %p. */
static const char *parse_pointer(const char *format, struct conversion *conversion)
{
    conversion->letter = 'p';
    if ((format[0] == 'k' || format[0] == 'u') && format[1] == 's') {
        conversion->letter = 's';
        return ends_conversion(format[2]) ? format + 2 : NULL;
    }
    if ((format[0] == 'i' || format[0] == 'I') && (format[1] == '4' || format[1] == '6')) {
        memcpy(conversion->detail, format, 2);
        return format + 2;
    }
    if (*format && strchr("xKsSB", *format)) {
        conversion->detail[0] = *format;
        return format + 1;
    }
    return ends_conversion(*format) ? format : NULL;
}

/* Reads one conversion after "%"; returns what follows it, or NULL when the kernel refuses it
 * (bpf_bprintf_prepare() of kernel/bpf/helpers.c). */
static const char *parse(const char *format, struct conversion *conversion)
{
    *conversion = (struct conversion){.letter = '\0'};
    format = parse_flags_and_width(format, conversion);
    if (*format == 'p')
        return parse_pointer(format + 1, conversion);
    conversion->letter = *format;
    if (*format == 's')
        return ends_conversion(format[1]) ? format + 1 : NULL;
    if (*format == 'c')
        return format + 1;
    while (*format == 'l' && conversion->longs < 2) {
        conversion->longs++;
        format++;
    }
    if (!*format || !strchr("diuxX", *format))
        return NULL;
    conversion->letter = *format;
    return format + 1;
}

static void put_repeated(struct buffer *out, char c, uint32_t count)
{
    char chunk[256];

    memset(chunk, c, sizeof(chunk));
    while (count > 0 && !out->failed) {
        const uint32_t now = count < sizeof(chunk) ? count : (uint32_t)sizeof(chunk);
        buffer_append(out, chunk, now);
        count -= now;
    }
}

/* Text in a field of the conversion's width; zeroes come between the sign and the rest. */
static void put_field(struct buffer *out, const struct conversion *conversion, const char *sign,
                      const char *text, size_t length)
{
    const size_t used = strlen(sign) + length;
    const uint32_t rest = conversion->width > used ? conversion->width - (uint32_t)used : 0;
    const bool zeroes = conversion->zero && !conversion->left;

    if (!conversion->left && !zeroes)
        put_repeated(out, ' ', rest);
    buffer_string(out, sign);
    if (zeroes)
        put_repeated(out, '0', rest);
    buffer_append(out, text, length);
    if (conversion->left)
        put_repeated(out, ' ', rest);
}

/* As put_field(), of what is no number: it is never filled up with zeroes. */
static void put_text(struct buffer *out, const struct conversion *conversion, const char *text,
                     size_t length)
{
    struct conversion plain = *conversion;

    plain.zero = false;
    put_field(out, &plain, "", text, length);
}

static void put_number(struct buffer *out, const struct conversion *conversion, uint64_t value)
{
    const bool is_signed = conversion->letter == 'd' || conversion->letter == 'i';
    const char *sign = "";
    char text[32];

    if (conversion->longs == 0)
        value = is_signed ? (uint64_t)(int64_t)(int32_t)value : (uint32_t)value;
    if (is_signed && (int64_t)value < 0) {
        sign = "-";
        value = 0 - value;
    } else if (is_signed && (conversion->plus || conversion->space)) {
        sign = conversion->plus ? "+" : " ";
    }
    const int length = conversion->letter == 'x'
                           ? snprintf(text, sizeof(text), "%llx", (unsigned long long)value)
                       : conversion->letter == 'X'
                           ? snprintf(text, sizeof(text), "%llX", (unsigned long long)value)
                           : snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    put_field(out, conversion, sign, text, (size_t)length);
}

static void put_pointer(struct buffer *out, const struct conversion *conversion, uint64_t value)
{
    struct conversion number = *conversion;

    switch (conversion->detail[0]) {
    case 'i':
    case 'I':
        put_address(out, conversion, value);
        break;
    case 's':
    case 'S':
    case 'B': { /* no symbol has this address */
        char text[32];
        const int length = snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
        if (conversion->detail[0] == 'B') /* made before the field is */
            buffer_append(out, text, (size_t)length);
        else
            put_text(out, conversion, text, (size_t)length);
        break;
    }
    default: /* pointer_string() */
        if (!number.wide) {
            number.width = 2 * sizeof(value);
            number.zero = true;
        }
        number.letter = 'x';
        number.longs = 2;
        put_number(out, &number, value);
        break;
    }
}

/* Appends one conversion's text. *room is what is left for arguments. Returns 0 or -errno. */
static int put(struct buffer *out, const struct conversion *conversion, uint64_t value,
               size_t *room)
{
    char text[ARGUMENTS_BYTES];
    size_t used = 0;

    switch (conversion->letter) {
    case 'c':
        text[0] = (char)value;
        used = 1;
        if (*room < used)
            return -ENOSPC;
        put_text(out, conversion, text, 1);
        break;
    case 's':
        if (*room == 0)
            return -ENOSPC;
        read_string(value, text, *room);
        used = strlen(text) + 1;
        put_text(out, conversion, text, used - 1);
        break;
    default:
        *room -= *room % sizeof(uint32_t);
        used = conversion->letter == 'p' || conversion->longs > 0 ? sizeof(uint64_t)
                                                                  : sizeof(uint32_t);
        if (*room < used)
            return -ENOSPC;
        if (conversion->letter == 'p')
            put_pointer(out, conversion, value);
        else
            put_number(out, conversion, value);
        break;
    }
    *room -= used;
    return 0;
}

static int format_all(struct buffer *out, const char *format, const uint64_t *data, uint64_t count)
{
    size_t room = ARGUMENTS_BYTES;
    uint64_t used = 0;

    while (*format) {
        struct conversion conversion;
        if ((unsigned char)*format >= 0x80 ||
            (!isprint((unsigned char)*format) && !isspace((unsigned char)*format)))
            return -EINVAL;
        if (*format != '%') {
            buffer_char(out, *format++);
            continue;
        }
        if (format[1] == '%') {
            buffer_char(out, '%');
            format += 2;
            continue;
        }
        format = parse(format + 1, &conversion);
        if (!format || used == count)
            return -EINVAL;
        const int error = put(out, &conversion, data[used++], &room);
        if (error != 0)
            return error;
    }
    return out->failed ? -ENOMEM : 0;
}

int64_t format_bprintf(char *text, uint64_t size, const char *format, const uint64_t *data,
                       uint64_t data_size)
{
    struct buffer out = {0};

    if (data_size % 8 != 0 || data_size / 8 > FORMAT_ARGUMENTS_MAX || (data_size != 0 && !data))
        return -EINVAL;
    int64_t result = format_all(&out, format, data, data_size / 8);
    if (result == 0) {
        result = (int64_t)out.length + 1;
        if (size > 0) {
            const size_t copied = out.length < size ? out.length : (size_t)size - 1;
            if (copied > 0)
                memcpy(text, out.data, copied);
            text[copied] = '\0';
        }
    }
    buffer_free(&out);
    return result;
}
