/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_cases KEY CERT FIRST COUNT CASES BASE.rex...
 *
 * Makes cases FIRST to FIRST+COUNT-1 out of signed base objects: changes each, signs it with the
 * key, changes one in ten of the signatures too, and verifies it as `rexc verify --cert CERT`
 * would. What load_cases.c needs to have the same bytes goes to the file CASES; a line "NUMBER ok"
 * or "NUMBER rule..." for each goes to stdout.
 */
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/keys.h"
#include "linker/signature.h"
#include "linker/verify.h"
#include "tests/vm/hostile/cases.h"
#include "tests/vm/hostile/fail.h"
#include "tests/vm/hostile/mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct base {
    uint8_t *data;
    size_t size;
    size_t elf_size; /* without its signature */
};

static struct base read_base(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct base base = {0};

    if (!file || fseek(file, 0, SEEK_END) != 0)
        fail(path);
    base.size = (size_t)ftell(file);
    base.data = allocate(base.size);
    if (fseek(file, 0, SEEK_SET) != 0 || fread(base.data, 1, base.size, file) != base.size)
        fail(path);
    fclose(file);
    /* struct module_signature's last member, big-endian, before the magic of 28 bytes. */
    const uint8_t *length = base.data + base.size - 28 - 4;
    base.elf_size = base.size - 40 - ((size_t)length[2] << 8 | length[3]);
    return base;
}

/* Writes how the bytes differ from the base's. */
static void write_case(FILE *out, uint32_t number, uint32_t index, const struct base *base,
                       const struct bytes *object)
{
    static struct case_edit edits[CASE_EDITS_MAX];
    struct case_head head = {.number = number, .base = index, .size = (uint32_t)object->size};
    const size_t common = object->size < base->size ? object->size : base->size;

    for (size_t i = 0; i < object->size && head.edits < CASE_EDITS_MAX;) {
        size_t end = i;
        if (i < common && object->data[i] == base->data[i]) {
            i++;
            continue;
        }
        /* Up to eight equal bytes in a row; the last edit takes all that is left. */
        for (size_t j = i; j < object->size && (head.edits == CASE_EDITS_MAX - 1 || j < end + 8);
             j++) {
            if (j >= common || object->data[j] != base->data[j])
                end = j + 1;
        }
        edits[head.edits++] =
            (struct case_edit){.offset = (uint32_t)i, .size = (uint32_t)(end - i)};
        i = end;
    }
    fwrite(&head, sizeof(head), 1, out);
    for (uint32_t i = 0; i < head.edits; i++) {
        fwrite(&edits[i], sizeof(edits[i]), 1, out);
        fwrite(object->data + edits[i].offset, 1, edits[i].size, out);
    }
}

static void sign(struct diag *diag, const struct signing_key *key, struct bytes *object)
{
    struct buffer buffer = {0};

    buffer_append(&buffer, object->data, object->size);
    if (signature_append(diag, "case", key, &buffer) == 0 && buffer.length <= object->room) {
        memcpy(object->data, buffer.data, buffer.length);
        object->size = buffer.length;
    }
    buffer_free(&buffer);
}

static void print_verdict(struct diag *diag, const struct certificate *certificate, uint32_t number,
                          const struct bytes *object)
{
    const struct verify_options options = {
        .name = "case", .trust = VERIFY_SIGNER, .trusted = &certificate, .trusted_count = 1};
    struct verify_report report;
    /* A copy of its own size, for the sanitizers. */
    uint8_t *copy = allocate(object->size + 1);

    memcpy(copy, object->data, object->size);
    const int result = verify_object(diag, &options, copy, object->size, &report);
    printf("%u", number);
    if (result == 0)
        printf(" ok");
    else if (result < 0)
        printf(" unreadable");
    for (int i = 0; result > 0 && i < VERIFY_RULES; i++) {
        if (report.verdicts[i] == VERIFY_BROKEN)
            printf(" %s", verify_rule_id((enum verify_rule)i));
    }
    putchar('\n');
    verify_report_free(&report);
    free(copy);
}

int main(int argc, char **argv)
{
    struct base bases[BASES_MAX];
    struct certificate *certificate;
    struct signing_key *key;

    if (argc < 7 || argc - 6 > BASES_MAX) {
        fputs("usage: make_cases KEY CERT FIRST COUNT CASES BASE.rex...\n", stderr);
        return 2;
    }
    /* What is wrong with a case goes to stdout, rule by rule. */
    FILE *sink = fopen("/dev/null", "w");
    if (!sink)
        fail("/dev/null");
    struct diag *diag = diag_new(&(struct diag_options){.stream = sink});
    if (signing_key_load(diag, argv[1], argv[2], &key) < 0 ||
        certificate_load(diag, argv[2], &certificate) < 0) {
        fputs("make_cases: the key or the certificate cannot be read\n", stderr);
        fclose(sink);
        return 2;
    }
    const uint32_t first = (uint32_t)strtoul(argv[3], NULL, 10),
                   count = (uint32_t)strtoul(argv[4], NULL, 10);
    FILE *out = fopen(argv[5], "wb");
    if (!out)
        fail(argv[5]);
    const uint32_t base_count = (uint32_t)argc - 6;
    for (uint32_t i = 0; i < base_count; i++)
        bases[i] = read_base(argv[6 + i]);
    for (uint32_t number = first; number < first + count; number++) {
        struct random random = {.state = (uint64_t)number << 20};
        const uint32_t index = (uint32_t)random_below(&random, base_count);
        const struct base *base = &bases[index];
        struct bytes object = {.size = base->elf_size, .room = 4 * base->size + 65536};

        object.data = allocate(object.room);
        memcpy(object.data, base->data, base->elf_size);
        const bool tail = random_below(&random, 10) == 0;
        if (!tail || random_below(&random, 4) == 0)
            mutate_object(&random, &object);
        const size_t elf_size = object.size;
        sign(diag, key, &object);
        if (tail && object.size > elf_size)
            mutate_signature(&random, &object, elf_size);
        write_case(out, number, index, base, &object);
        print_verdict(diag, certificate, number, &object);
        free(object.data);
    }
    if (fclose(out) != 0 || fflush(stdout) != 0)
        fail("writing");
    for (uint32_t i = 0; i < base_count; i++)
        free(bases[i].data);
    signing_key_free(key);
    certificate_free(certificate);
    diag_free(diag);
    fclose(sink);
    return 0;
}
