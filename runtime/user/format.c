/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/format.h"

#include "base/buffer.h"
#include "runtime/abi/rex_abi.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* A conversion: "%", then flags, width, length and the letter. */
struct conversion {
    char flags[16]; /* with the width, for printf */
    unsigned longs;
    char letter;
    char detail[4]; /* what follows %p: "x", "K", "s", "S", "B", "i4", "I6" ... */
};

/* A string somewhere in the process, of at most REX_LOG_MAX bytes; what cannot be read is empty. */
static void read_string(uint64_t address, char text[REX_LOG_MAX])
{
    for (size_t i = 0; i + 1 < REX_LOG_MAX; i++) {
        const struct iovec local = {.iov_base = text + i, .iov_len = 1};
        const struct iovec remote = {.iov_base = (void *)(uintptr_t)(address + i), .iov_len = 1};
        if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 1) {
            text[0] = '\0';
            return;
        }
        if (text[i] == '\0')
            return;
    }
    text[REX_LOG_MAX - 1] = '\0';
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

/* Reads one conversion after "%"; returns what follows it, or NULL when the kernel refuses it. */
static const char *parse(const char *format, struct conversion *conversion)
{
    size_t length = 0;

    *conversion = (struct conversion){.longs = 0};
    while (*format && strchr("0+- #123456789", *format)) {
        if (length + 1 >= sizeof(conversion->flags))
            return NULL;
        conversion->flags[length++] = *format++;
    }
    if (*format == 'p') {
        conversion->letter = *format++;
        if (*format == 'k' || *format == 'u') { /* %pks, %pus */
            if (format[1] != 's')
                return NULL;
            conversion->letter = 's';
            return format + 2;
        }
        if (*format == 'i' || *format == 'I') {
            if (format[1] != '4' && format[1] != '6')
                return NULL;
            memcpy(conversion->detail, format, 2);
            return format + 2;
        }
        if (*format && strchr("xKsSB", *format))
            conversion->detail[0] = *format++;
        return *format && (isalnum((unsigned char)*format)) ? NULL : format;
    }
    while (*format == 'l' && conversion->longs < 2) {
        conversion->longs++;
        format++;
    }
    if (!*format || !strchr("diuxXsc", *format) || (conversion->longs > 0 && strchr("sc", *format)))
        return NULL;
    conversion->letter = *format;
    return format + 1;
}

static void put_number(struct buffer *out, const struct conversion *conversion, uint64_t value)
{
    char format[32], text[64];

    if (conversion->longs == 0 && (conversion->letter == 'd' || conversion->letter == 'i'))
        value = (uint64_t)(int64_t)(int32_t)value;
    else if (conversion->longs == 0)
        value = (uint32_t)value;
    snprintf(format, sizeof(format), "%%%sll%c", conversion->flags, conversion->letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof(text), format, (unsigned long long)value);
#pragma GCC diagnostic pop
    buffer_string(out, text);
}

static void put(struct buffer *out, const struct conversion *conversion, uint64_t value)
{
    char text[REX_LOG_MAX];

    switch (conversion->letter) {
    case 'c':
        buffer_char(out, (char)value);
        break;
    case 's':
        read_string(value, text);
        buffer_string(out, text);
        break;
    case 'p':
        if (conversion->detail[0] == 'i' || conversion->detail[0] == 'I')
            put_address(out, conversion, value);
        else if (conversion->detail[0] == 's' || conversion->detail[0] == 'S' ||
                 conversion->detail[0] == 'B')
            buffer_format(out, "0x%llx",
                          (unsigned long long)value); /* no symbol has this address */
        else
            buffer_format(out, "%016llx", (unsigned long long)value);
        break;
    default:
        put_number(out, conversion, value);
        break;
    }
}

static int format_all(struct buffer *out, const char *format, const uint64_t *data, uint64_t count)
{
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
        put(out, &conversion, data[used++]);
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
