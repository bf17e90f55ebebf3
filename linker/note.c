/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/note.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/object.h"
#include "runtime/abi/rex_text.h"

#include <elf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* "Rex" and its NUL fill the note's name without padding, so the descriptor is 8-byte aligned when
 * the section is. */
#define PREFIX_SIZE (sizeof(Elf64_Nhdr) + sizeof(REX_NOTE_NAME))

_Static_assert(PREFIX_SIZE == 16, "the descriptor is 8-byte aligned");
_Static_assert(sizeof(struct rex_note_header) == 104, "no padding in the header");
_Static_assert(sizeof(struct rex_note_program) == 32, "no padding in a program");
_Static_assert(sizeof(struct rex_note_map) == 16, "no padding in a map");
_Static_assert(sizeof(struct rex_note_import) == 16, "no padding in an import");
_Static_assert(sizeof(struct rex_note_field) == 24, "no padding in a field");
_Static_assert(sizeof(struct rex_note_check) == 16, "no padding in a check");
_Static_assert(sizeof(struct rex_note_pair) == 8, "no padding in a pair");

/* A note as read owns its strings. */
struct owned_note {
    struct note note; /* first: note_free gets its address */
    char *strings;
};

struct context {
    struct diag *diag;
    const char *name;
};

__attribute__((format(printf, 2, 3))) static int malformed(const struct context *context,
                                                           const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct diag_message message = {
        .code = DIAG_NOTE_MALFORMED,
        .at = {.file = context->name},
        .help = "build the object again with `rexc build`",
    };
    diag_report(context->diag, &message, "%s", text);
    return -1;
}

static int out_of_memory(const struct context *context)
{
    diag_error(context->diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the note of %s",
               context->name);
    return -1;
}

static bool is_plain_text(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        size_t length = rex_text_character_length(at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

/* -- Order ------------------------------------------------------------------------------------ */

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_programs(const void *left, const void *right)
{
    const struct note_program *a = left, *b = right;
    int order = compare_numbers(a->entry, b->entry);
    return order ? order : strcmp(a->name, b->name);
}

static int compare_maps(const void *left, const void *right)
{
    const struct note_map *a = left, *b = right;
    int order = compare_numbers(a->address, b->address);
    return order ? order : strcmp(a->name, b->name);
}

static int compare_imports(const void *left, const void *right)
{
    const struct note_import *a = left, *b = right;
    return strcmp(a->name, b->name);
}

static int compare_fields(const void *left, const void *right)
{
    const struct note_field *a = left, *b = right;
    int order = strcmp(a->structure, b->structure);
    return order ? order : strcmp(a->field, b->field);
}

static int compare_checks(const void *left, const void *right)
{
    const struct note_check *a = left, *b = right;
    return compare_numbers(a->function, b->function);
}

static int compare_returns(const void *left, const void *right)
{
    return compare_numbers(*(const uint32_t *)left, *(const uint32_t *)right);
}

static int compare_pairs(const void *left, const void *right)
{
    const struct note_pair *a = left, *b = right;
    return strcmp(a->key, b->key);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Sorts an array and refuses two elements of the same place in the order. */
static int sort(const struct context *context, const char *what, void *array, size_t count,
                size_t size, int (*compare)(const void *, const void *))
{
    if (count < 2)
        return 0;
    qsort(array, count, size, compare);
    for (size_t i = 1; i < count; i++) {
        const char *element = (const char *)array + i * size;
        if (compare(element - size, element) == 0)
            return malformed(context, "two %s are the same", what);
    }
    return 0;
}

static int demand_unique_names(const struct context *context, const struct note *note)
{
    size_t most = note->program_count > note->map_count ? note->program_count : note->map_count;
    const char **names = calloc(most ? most : 1, sizeof(*names));
    if (!names)
        return out_of_memory(context);
    for (size_t i = 0; i < note->program_count; i++)
        names[i] = note->programs[i].name;
    int result =
        sort(context, "programs' names", names, note->program_count, sizeof(*names), compare_names);
    for (size_t i = 0; i < note->map_count; i++)
        names[i] = note->maps[i].name;
    if (result == 0)
        result =
            sort(context, "maps' names", names, note->map_count, sizeof(*names), compare_names);
    free(names);
    return result;
}

static int sort_tables(const struct context *context, struct note *note)
{
    if (sort(context, "programs", note->programs, note->program_count, sizeof(*note->programs),
             compare_programs) ||
        sort(context, "maps", note->maps, note->map_count, sizeof(*note->maps), compare_maps) ||
        sort(context, "imports", note->imports, note->import_count, sizeof(*note->imports),
             compare_imports) ||
        sort(context, "fields", note->fields, note->field_count, sizeof(*note->fields),
             compare_fields) ||
        sort(context, "checks", note->checks, note->check_count, sizeof(*note->checks),
             compare_checks) ||
        sort(context, "returns", note->returns, note->return_count, sizeof(*note->returns),
             compare_returns) ||
        sort(context, "provenance keys", note->provenance, note->provenance_count,
             sizeof(*note->provenance), compare_pairs))
        return -1;
    return demand_unique_names(context, note);
}

/* -- Writing ---------------------------------------------------------------------------------- */

/* Tables go to `tables` as they are written, their strings to `strings`: each use of a string
 * appends it, so that the order of the strings follows from the tables and nothing has to be
 * searched. */
struct writer {
    const struct context *context;
    struct buffer tables;
    struct buffer strings;
    bool bad; /* a string or number was refused, and reported */
};

static unsigned add_string(struct writer *writer, const char *text)
{
    if (text[0] == '\0')
        return 0;
    if (!writer->bad && !is_plain_text(text)) {
        writer->bad = true;
        malformed(writer->context, "a string is not UTF-8 or has control characters");
    }
    size_t offset = writer->strings.length;
    buffer_append(&writer->strings, text, strlen(text) + 1);
    return (unsigned)offset;
}

static struct rex_note_table begin_table(struct writer *writer, size_t count)
{
    buffer_align(&writer->tables, 8);
    return (struct rex_note_table){
        .offset = (unsigned)(sizeof(struct rex_note_header) + writer->tables.length),
        .count = (unsigned)count,
    };
}

static void refuse(struct writer *writer, const char *what)
{
    if (!writer->bad)
        malformed(writer->context, "%s", what);
    writer->bad = true;
}

static struct rex_note_table write_programs(struct writer *writer, const struct note *note)
{
    struct rex_note_table table = begin_table(writer, note->program_count);
    for (size_t i = 0; i < note->program_count; i++) {
        const struct note_program *program = &note->programs[i];
        unsigned name = add_string(writer, program->name);
        unsigned section = add_string(writer, program->section);
        struct rex_note_program entry = {
            .name = name,
            .section = section,
            .type = (unsigned)program->type,
            .flags = program->checked ? REX_NOTE_CHECKED : 0,
            .entry = program->entry,
            .stack_bound = program->stack_bound,
        };
        if (entry.type >= REX_PROGRAM_TYPES)
            refuse(writer, "a program has an unknown type");
        buffer_append(&writer->tables, &entry, sizeof(entry));
    }
    return table;
}

static struct rex_note_table write_maps(struct writer *writer, const struct note *note)
{
    struct rex_note_table table = begin_table(writer, note->map_count);
    for (size_t i = 0; i < note->map_count; i++) {
        struct rex_note_map entry = {
            .name = add_string(writer, note->maps[i].name),
            .address = note->maps[i].address,
        };
        buffer_append(&writer->tables, &entry, sizeof(entry));
    }
    return table;
}

static struct rex_note_table write_imports(struct writer *writer, const struct note *note)
{
    struct rex_note_table table = begin_table(writer, note->import_count);
    for (size_t i = 0; i < note->import_count; i++) {
        struct rex_note_import entry = {
            .name = add_string(writer, note->imports[i].name),
            .kind = (unsigned)note->imports[i].kind,
            .slot = note->imports[i].slot,
        };
        if (entry.kind != REX_IMPORT_IS_FUNCTION && entry.kind != REX_IMPORT_IS_PERCPU)
            refuse(writer, "an import has an unknown kind");
        buffer_append(&writer->tables, &entry, sizeof(entry));
    }
    return table;
}

static struct rex_note_table write_fields(struct writer *writer, const struct note *note)
{
    struct rex_note_table table = begin_table(writer, note->field_count);
    for (size_t i = 0; i < note->field_count; i++) {
        const struct note_field *field = &note->fields[i];
        unsigned structure = add_string(writer, field->structure);
        unsigned name = add_string(writer, field->field);
        struct rex_note_field entry = {
            .structure = structure,
            .field = name,
            .size = field->size,
            .kind = (unsigned)field->kind,
            .slot = field->slot,
        };
        if (entry.kind > REX_FIELD_BYTES)
            refuse(writer, "a field has an unknown kind");
        buffer_append(&writer->tables, &entry, sizeof(entry));
    }
    return table;
}

static struct rex_note_table write_checks(struct writer *writer, const struct note *note)
{
    struct rex_note_table table = begin_table(writer, note->check_count);
    for (size_t i = 0; i < note->check_count; i++) {
        struct rex_note_check entry = {
            .function = note->checks[i].function,
            .need = note->checks[i].need,
        };
        buffer_append(&writer->tables, &entry, sizeof(entry));
    }
    return table;
}

static struct rex_note_table write_returns(struct writer *writer, const struct note *note)
{
    struct rex_note_table table = begin_table(writer, note->return_count);
    buffer_append(&writer->tables, note->returns, note->return_count * sizeof(*note->returns));
    return table;
}

static struct rex_note_table write_provenance(struct writer *writer, const struct note *note)
{
    struct rex_note_table table = begin_table(writer, note->provenance_count);
    for (size_t i = 0; i < note->provenance_count; i++) {
        unsigned key = add_string(writer, note->provenance[i].key);
        unsigned value = add_string(writer, note->provenance[i].value);
        struct rex_note_pair entry = {.key = key, .value = value};
        buffer_append(&writer->tables, &entry, sizeof(entry));
    }
    return table;
}

/* Appends the one encoding of a note whose arrays are sorted. */
static int encode(const struct context *context, const struct note *note, struct buffer *out)
{
    struct writer writer = {.context = context};
    int result = -1;

    buffer_char(&writer.strings, '\0');
    struct rex_note_header header = {
        .version = REX_NOTE_VERSION,
        .abi = REX_ABI_VERSION,
        .license = add_string(&writer, note->license),
        .panic_body = note->panic_body,
        .handle_timeout = note->handle_timeout,
        .panic_bound = note->panic_bound,
        .panic_flags = note->panic_checked ? REX_NOTE_CHECKED : 0,
    };
    header.programs = write_programs(&writer, note);
    header.maps = write_maps(&writer, note);
    header.imports = write_imports(&writer, note);
    header.fields = write_fields(&writer, note);
    header.checks = write_checks(&writer, note);
    header.returns = write_returns(&writer, note);
    header.provenance = write_provenance(&writer, note);
    /* The string table takes the padding that makes the whole a multiple of 8. */
    buffer_align(&writer.strings, 8);
    header.strings = begin_table(&writer, writer.strings.length);
    if (writer.tables.failed || writer.strings.failed) {
        out_of_memory(context);
        goto out;
    }
    if (writer.bad)
        goto out;
    size_t size = sizeof(header) + writer.tables.length + writer.strings.length;
    if (size > NOTE_SIZE_MAX) {
        malformed(context, "%zu bytes are more than the %zu of the largest note", size,
                  (size_t)NOTE_SIZE_MAX);
        goto out;
    }
    header.size = (unsigned)size;
    Elf64_Nhdr prefix = {
        .n_namesz = sizeof(REX_NOTE_NAME),
        .n_descsz = header.size,
        .n_type = REX_NOTE_TYPE,
    };
    buffer_append(out, &prefix, sizeof(prefix));
    buffer_append(out, REX_NOTE_NAME, sizeof(REX_NOTE_NAME));
    buffer_append(out, &header, sizeof(header));
    buffer_append(out, writer.tables.data, writer.tables.length);
    buffer_append(out, writer.strings.data, writer.strings.length);
    if (out->failed) {
        out_of_memory(context);
        goto out;
    }
    result = 0;
out:
    buffer_free(&writer.tables);
    buffer_free(&writer.strings);
    return result;
}

int note_write(struct diag *diag, const char *name, struct note *note, struct buffer *out)
{
    struct context context = {.diag = diag, .name = name};
    return sort_tables(&context, note) ? -1 : encode(&context, note, out);
}

/* -- Reading ---------------------------------------------------------------------------------- */

struct reader {
    const struct context *context;
    const uint8_t *bytes; /* the descriptor */
    size_t size;
    struct owned_note *owned;
    size_t string_size;
    size_t next_string; /* where the next string has to be */
    bool bad;           /* some string was elsewhere */
};

/* A table's entries as they are in the file, and an array for them as C structures. */
static int open_table(struct reader *reader, const struct rex_note_table *table, size_t entry_size,
                      size_t element_size, const uint8_t **entries, void **array)
{
    if (table->offset > reader->size ||
        table->count > (reader->size - table->offset) / entry_size) {
        malformed(reader->context, "a table reaches beyond the end of the note");
        return -1;
    }
    *entries = reader->bytes + table->offset;
    *array = calloc(table->count ? table->count : 1, element_size);
    return *array ? 0 : out_of_memory(reader->context);
}

/* Strings stand one after the other in the order of their uses, so each byte of the table is looked
 * at once however hostile the tables are. */
static const char *get_string(struct reader *reader, unsigned offset)
{
    const char *text = reader->owned->strings;
    if (offset == 0)
        return text; /* read_strings saw that it is "" */
    if (offset != reader->next_string || offset >= reader->string_size) {
        reader->bad = true;
        return text;
    }
    text += offset;
    reader->next_string += strlen(text) + 1;
    return text;
}

static int read_strings(struct reader *reader, const struct rex_note_table *table)
{
    const uint8_t *bytes;
    void *copy;
    if (open_table(reader, table, 1, 1, &bytes, &copy))
        return -1;
    reader->owned->strings = copy;
    memcpy(copy, bytes, table->count);
    if (table->count == 0 || bytes[0] != 0 || bytes[table->count - 1] != 0)
        return malformed(reader->context, "the string table does not start and end with NUL");
    reader->string_size = table->count;
    reader->next_string = 1;
    return 0;
}

static int read_programs(struct reader *reader, const struct rex_note_table *table)
{
    struct note *note = &reader->owned->note;
    const uint8_t *entries;
    if (open_table(reader, table, sizeof(struct rex_note_program), sizeof(*note->programs),
                   &entries, (void **)&note->programs))
        return -1;
    for (; note->program_count < table->count; note->program_count++) {
        struct rex_note_program entry;
        memcpy(&entry, entries + note->program_count * sizeof(entry), sizeof(entry));
        note->programs[note->program_count] = (struct note_program){
            .name = get_string(reader, entry.name),
            .section = get_string(reader, entry.section),
            .type = (enum rex_program_type)entry.type,
            .checked = entry.flags & REX_NOTE_CHECKED,
            .entry = entry.entry,
            .stack_bound = entry.stack_bound,
        };
    }
    return 0;
}

static int read_maps(struct reader *reader, const struct rex_note_table *table)
{
    struct note *note = &reader->owned->note;
    const uint8_t *entries;
    if (open_table(reader, table, sizeof(struct rex_note_map), sizeof(*note->maps), &entries,
                   (void **)&note->maps))
        return -1;
    for (; note->map_count < table->count; note->map_count++) {
        struct rex_note_map entry;
        memcpy(&entry, entries + note->map_count * sizeof(entry), sizeof(entry));
        note->maps[note->map_count] = (struct note_map){
            .name = get_string(reader, entry.name),
            .address = entry.address,
        };
    }
    return 0;
}

static int read_imports(struct reader *reader, const struct rex_note_table *table)
{
    struct note *note = &reader->owned->note;
    const uint8_t *entries;
    if (open_table(reader, table, sizeof(struct rex_note_import), sizeof(*note->imports), &entries,
                   (void **)&note->imports))
        return -1;
    for (; note->import_count < table->count; note->import_count++) {
        struct rex_note_import entry;
        memcpy(&entry, entries + note->import_count * sizeof(entry), sizeof(entry));
        note->imports[note->import_count] = (struct note_import){
            .name = get_string(reader, entry.name),
            .kind = (enum rex_import_kind)entry.kind,
            .slot = entry.slot,
        };
    }
    return 0;
}

static int read_fields(struct reader *reader, const struct rex_note_table *table)
{
    struct note *note = &reader->owned->note;
    const uint8_t *entries;
    if (open_table(reader, table, sizeof(struct rex_note_field), sizeof(*note->fields), &entries,
                   (void **)&note->fields))
        return -1;
    for (; note->field_count < table->count; note->field_count++) {
        struct rex_note_field entry;
        memcpy(&entry, entries + note->field_count * sizeof(entry), sizeof(entry));
        note->fields[note->field_count] = (struct note_field){
            .structure = get_string(reader, entry.structure),
            .field = get_string(reader, entry.field),
            .size = entry.size,
            .kind = (enum rex_field_kind)entry.kind,
            .slot = entry.slot,
        };
    }
    return 0;
}

static int read_checks(struct reader *reader, const struct rex_note_table *table)
{
    struct note *note = &reader->owned->note;
    const uint8_t *entries;
    if (open_table(reader, table, sizeof(struct rex_note_check), sizeof(*note->checks), &entries,
                   (void **)&note->checks))
        return -1;
    for (; note->check_count < table->count; note->check_count++) {
        struct rex_note_check entry;
        memcpy(&entry, entries + note->check_count * sizeof(entry), sizeof(entry));
        note->checks[note->check_count] = (struct note_check){
            .function = entry.function,
            .need = entry.need,
        };
    }
    return 0;
}

static int read_returns(struct reader *reader, const struct rex_note_table *table)
{
    struct note *note = &reader->owned->note;
    const uint8_t *entries;
    if (open_table(reader, table, sizeof(*note->returns), sizeof(*note->returns), &entries,
                   (void **)&note->returns))
        return -1;
    note->return_count = table->count;
    memcpy(note->returns, entries, note->return_count * sizeof(*note->returns));
    return 0;
}

static int read_provenance(struct reader *reader, const struct rex_note_table *table)
{
    struct note *note = &reader->owned->note;
    const uint8_t *entries;
    if (open_table(reader, table, sizeof(struct rex_note_pair), sizeof(*note->provenance), &entries,
                   (void **)&note->provenance))
        return -1;
    for (; note->provenance_count < table->count; note->provenance_count++) {
        struct rex_note_pair entry;
        memcpy(&entry, entries + note->provenance_count * sizeof(entry), sizeof(entry));
        note->provenance[note->provenance_count] = (struct note_pair){
            .key = get_string(reader, entry.key),
            .value = get_string(reader, entry.value),
        };
    }
    return 0;
}

/* Everything that the reader did not look at (padding, reserved members, flags, order, shared
 * strings) is checked at once: the note is encoded anew and must give the same bytes. */
static int demand_canonical(const struct context *context, struct note *note, const uint8_t *bytes,
                            size_t size)
{
    struct buffer again = {0};
    int result = note_write(context->diag, context->name, note, &again);
    if (result == 0 && (again.length != size || memcmp(again.data, bytes, size) != 0))
        result = malformed(context, "not in its canonical encoding");
    buffer_free(&again);
    return result;
}

static int read_descriptor(struct reader *reader)
{
    struct rex_note_header header;
    if (reader->size < sizeof(header))
        return malformed(reader->context, "%zu bytes are too few for its header", reader->size);
    memcpy(&header, reader->bytes, sizeof(header));
    if (header.version != REX_NOTE_VERSION || header.abi != REX_ABI_VERSION) {
        struct diag_message message = {
            .code = DIAG_NOTE_VERSION,
            .at = {.file = reader->context->name},
            .help = "build the object again with this rexc",
        };
        diag_report(reader->context->diag, &message,
                    "the note has version %u and ABI %u; this rexc knows version %d and ABI %d",
                    header.version, header.abi, REX_NOTE_VERSION, REX_ABI_VERSION);
        return -1;
    }
    if (header.size != reader->size)
        return malformed(reader->context, "size %u in the header, %zu in the section", header.size,
                         reader->size);
    if (read_strings(reader, &header.strings))
        return -1;
    struct note *note = &reader->owned->note;
    note->license = get_string(reader, header.license);
    note->panic_body = header.panic_body;
    note->handle_timeout = header.handle_timeout;
    note->panic_bound = header.panic_bound;
    note->panic_checked = header.panic_flags & REX_NOTE_CHECKED;
    if (read_programs(reader, &header.programs) || read_maps(reader, &header.maps) ||
        read_imports(reader, &header.imports) || read_fields(reader, &header.fields) ||
        read_checks(reader, &header.checks) || read_returns(reader, &header.returns) ||
        read_provenance(reader, &header.provenance))
        return -1;
    if (reader->bad)
        return malformed(reader->context, "a string is not where the order of strings puts it");
    return 0;
}

int note_read(struct diag *diag, const char *name, const void *bytes, size_t size,
              struct note **note)
{
    struct context context = {.diag = diag, .name = name};
    struct reader reader = {.context = &context};
    Elf64_Nhdr prefix;

    *note = NULL;
    if (size < PREFIX_SIZE || size - PREFIX_SIZE > NOTE_SIZE_MAX)
        return malformed(&context, "%zu bytes cannot be a note", size);
    memcpy(&prefix, bytes, sizeof(prefix));
    if (prefix.n_namesz != sizeof(REX_NOTE_NAME) || prefix.n_type != REX_NOTE_TYPE ||
        prefix.n_descsz != size - PREFIX_SIZE)
        return malformed(&context, "its ELF note header is not that of one note \"%s\"",
                         REX_NOTE_NAME);
    reader.bytes = (const uint8_t *)bytes + PREFIX_SIZE;
    reader.size = size - PREFIX_SIZE;
    reader.owned = calloc(1, sizeof(*reader.owned));
    if (!reader.owned)
        return out_of_memory(&context);
    if (read_descriptor(&reader) || demand_canonical(&context, &reader.owned->note, bytes, size)) {
        note_free(&reader.owned->note);
        return -1;
    }
    *note = &reader.owned->note;
    return 0;
}

int note_read_object(struct diag *diag, const char *name, const struct object *object,
                     struct note **note)
{
    struct context context = {.diag = diag, .name = name};
    const struct object_section *section = object_section(object, REX_NOTE_SECTION);

    *note = NULL;
    if (!section || !object_section_bytes(object, section))
        return malformed(&context, "no section %s", REX_NOTE_SECTION);
    for (const struct object_section *other = section + 1;
         other < object->sections + object->section_count; other++) {
        if (strcmp(other->name, REX_NOTE_SECTION) == 0)
            return malformed(&context, "more than one section %s", REX_NOTE_SECTION);
    }
    return note_read(diag, name, object_section_bytes(object, section), section->size, note);
}

void note_free(struct note *note)
{
    if (!note)
        return;
    struct owned_note *owned = (struct owned_note *)note;
    free(note->programs);
    free(note->maps);
    free(note->imports);
    free(note->fields);
    free(note->checks);
    free(note->returns);
    free(note->provenance);
    free(owned->strings);
    free(owned);
}

const char *note_provenance(const struct note *note, const char *key)
{
    for (size_t i = 0; i < note->provenance_count; i++) {
        if (strcmp(note->provenance[i].key, key) == 0)
            return note->provenance[i].value;
    }
    return NULL;
}
