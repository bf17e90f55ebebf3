/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/summary.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "linker/btf.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <linux/bpf.h>
#include <string.h>

/* A map's elements on their way out. */
struct dump {
    FILE *out;       /* text */
    json_t *entries; /* JSON */
    const struct map *map;
    const struct map_types *types;
    bool all; /* JSON: leave nothing out */
    size_t listed, left_out;
    /* Text: zero elements of an array, one after the other, that wait for their end. */
    struct buffer zero_line; /* of the first of them */
    uint32_t first_zero;
    size_t zeroes;
    bool failed; /* memory ran out */
};

static bool is_array(const struct map *map)
{
    return map->definition.type == BPF_MAP_TYPE_ARRAY ||
           map->definition.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_percpu(const struct map *map)
{
    return map->definition.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    while (size > 0 && bytes[size - 1] == 0)
        size--;
    return size == 0;
}

static bool leave_out(struct dump *dump, const void *value, size_t size)
{
    if (dump->all || !is_array(dump->map) || dump->map->definition.max_entries <= SUMMARY_ENTRIES ||
        !is_zero(value, size))
        return false;
    dump->left_out++;
    return true;
}

static void append_hex(struct buffer *out, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buffer_format(out, "%02x", ((const uint8_t *)bytes)[i]);
}

/* Names and fields when the object has types that fit, else hexadecimal bytes. */
static void append_part(struct buffer *out, const struct dump *dump, enum map_part part,
                        const void *bytes, size_t size)
{
    if (!dump->types || !map_types_format(dump->types, dump->map->name, part, bytes, size, out))
        append_hex(out, bytes, size);
}

/* A key that has no type of its own but is a number. */
static void append_key(struct buffer *out, const struct dump *dump, const void *key)
{
    uint32_t number;

    if (dump->map->definition.key_size == sizeof(number) &&
        dump->map->definition.type != BPF_MAP_TYPE_HASH) {
        memcpy(&number, key, sizeof(number));
        buffer_format(out, "%" PRIu32, number);
    } else {
        append_part(out, dump, MAP_KEY, key, dump->map->definition.key_size);
    }
}

/* A stack's addresses; zeroes fill the value up. */
static void append_stack(struct buffer *out, const uint8_t *value, size_t size)
{
    uint64_t address;

    for (size_t at = 0; at + sizeof(address) <= size; at += sizeof(address)) {
        memcpy(&address, value + at, sizeof(address));
        if (address == 0)
            return;
        buffer_format(out, "%s0x%" PRIx64, at > 0 ? " " : "", address);
    }
}

/* A line for one element. */
static void append_element(struct buffer *line, const struct dump *dump, const void *key,
                           const void *value, size_t size)
{
    buffer_string(line, "    ");
    if (key)
        append_key(line, dump, key);
    else
        buffer_format(line, "#%zu", dump->listed);
    buffer_string(line, ": ");
    if (is_percpu(dump->map)) {
        const size_t stride = map_value_stride(&dump->map->definition);
        for (unsigned cpu = 0; cpu < dump->map->cpus; cpu++) {
            buffer_format(line, "%scpu %u: ", cpu > 0 ? ", " : "", cpu);
            append_part(line, dump, MAP_VALUE, (const uint8_t *)value + cpu * stride,
                        dump->map->definition.value_size);
        }
    } else if (dump->map->definition.type == BPF_MAP_TYPE_STACK_TRACE) {
        append_stack(line, value, size);
    } else {
        append_part(line, dump, MAP_VALUE, value, size);
    }
}

static void put_line(struct dump *dump, struct buffer *line)
{
    buffer_char(line, '\n');
    dump->failed = dump->failed || line->failed;
    if (line->data)
        fwrite(line->data, 1, line->length, dump->out);
    buffer_free(line);
}

/* Ends a row of zero elements: one is shown as any other, of more the first and the last index. */
static void put_zeroes(struct dump *dump)
{
    if (dump->zeroes == 1)
        put_line(dump, &dump->zero_line);
    else if (dump->zeroes > 1)
        fprintf(dump->out, "    %" PRIu32 "..%" PRIu32 ": all zero\n", dump->first_zero,
                dump->first_zero + (uint32_t)dump->zeroes - 1);
    buffer_free(&dump->zero_line);
    dump->zeroes = 0;
}

static void visit_text(void *data, const void *key, const void *value, size_t size,
                       const char *note)
{
    struct dump *dump = data;
    struct buffer line = {0};

    if (is_array(dump->map) && is_zero(value, size)) {
        if (dump->zeroes++ == 0) {
            memcpy(&dump->first_zero, key, sizeof(dump->first_zero));
            append_element(&dump->zero_line, dump, key, value, size);
        }
        dump->listed++;
        return;
    }
    put_zeroes(dump);
    append_element(&line, dump, key, value, size);
    if (note)
        buffer_format(&line, " (%s)", note);
    dump->listed++;
    put_line(dump, &line);
}

static json_t *hex_string(const void *bytes, size_t size)
{
    struct buffer text = {0};
    json_t *string = NULL;

    append_hex(&text, bytes, size);
    if (!text.failed)
        string = json_string(text.data ? text.data : "");
    buffer_free(&text);
    return string;
}

/* Each CPU's copy of a per-CPU value. */
static json_t *percpu_values(const struct dump *dump, const uint8_t *value)
{
    const size_t stride = map_value_stride(&dump->map->definition);
    const size_t size = dump->map->definition.value_size;
    json_t *values = json_array();

    for (unsigned cpu = 0; cpu < dump->map->cpus; cpu++) {
        const uint8_t *copy = value + cpu * stride;
        json_t *item = json_pack("{s:i,s:o}", "cpu", (int)cpu, "value", hex_string(copy, size));
        json_t *typed = dump->types
                            ? map_types_json(dump->types, dump->map->name, MAP_VALUE, copy, size)
                            : NULL;
        if (typed)
            json_object_set_new(item, "formatted", typed);
        json_array_append_new(values, item);
    }
    return values;
}

static void visit_json(void *data, const void *key, const void *value, size_t size,
                       const char *note)
{
    struct dump *dump = data;
    const size_t key_size = dump->map->definition.key_size;
    json_t *entry = NULL, *typed_key = NULL, *typed_value = NULL;

    if (leave_out(dump, value, size))
        return;
    entry = json_pack("{s:o,s:o}", "key", hex_string(key, key ? key_size : 0), "value",
                      hex_string(value, size));
    if (dump->types) {
        if (key)
            typed_key = map_types_json(dump->types, dump->map->name, MAP_KEY, key, key_size);
        if (!is_percpu(dump->map))
            typed_value = map_types_json(dump->types, dump->map->name, MAP_VALUE, value, size);
    }
    if (typed_key || typed_value) {
        json_t *formatted = json_object();
        if (typed_key)
            json_object_set_new(formatted, "key", typed_key);
        if (typed_value)
            json_object_set_new(formatted, "value", typed_value);
        json_object_set_new(entry, "formatted", formatted);
    }
    if (is_percpu(dump->map))
        json_object_set_new(entry, "values", percpu_values(dump, value));
    if (note)
        json_object_set_new(entry, "state", json_string(note));
    if (!entry || json_array_append_new(dump->entries, entry) != 0)
        dump->failed = true;
    dump->listed++;
}

static int out_of_memory(const struct session *session)
{
    return diag_error(session->runtime->diag, DIAG_OUT_OF_MEMORY, NULL,
                      "no memory for the summary");
}

static int read_types(const struct session *session, struct map_types **types)
{
    *types = NULL;
    return map_types_read(session->runtime->diag, "the object", session->runtime->object, types);
}

static int dump_maps_text(FILE *out, const struct session *session)
{
    struct map_types *types = NULL;
    bool failed = false;

    if (read_types(session, &types) != 0)
        return -1;
    for (size_t i = 0; i < session->runtime->map_count; i++) {
        struct map *map = session->runtime->maps[i];
        struct dump dump = {.out = out, .map = map, .types = types};
        fprintf(out, "map %s (%s, %u entries at most)\n", map->name, map->operations->name,
                map->definition.max_entries);
        if (map_each(map, visit_text, &dump) != 0)
            dump.failed = true;
        put_zeroes(&dump);
        if (dump.listed == 0)
            fprintf(out, "    empty\n");
        failed = failed || dump.failed;
    }
    map_types_free(types);
    return failed ? out_of_memory(session) : 0;
}

static void put_count(FILE *out, const char *name, uint64_t count)
{
    if (count > 0)
        fprintf(out, "  %-12s %10" PRIu64 "\n", name, count);
}

static void put_program(FILE *out, const struct session *session, const struct program *program,
                        const struct statistics *statistics)
{
    fprintf(out, "program %s (%s): %" PRIu64 " run%s", program->name, program->section,
            statistics->runs, statistics->runs == 1 ? "" : "s");
    if (session->capture)
        fprintf(out, " over %zu packets", session->capture->count);
    if (session->capture && session->capture->truncated > 0)
        fprintf(out, " (%zu truncated in the capture)", session->capture->truncated);
    fprintf(out, "\nverdicts\n");
    for (unsigned i = 0; i < statistics->verdict_count; i++) {
        char number[12];
        put_count(out, verdict_name(program->type, statistics->verdicts[i].value, number),
                  statistics->verdicts[i].count);
    }
    put_count(out, "others", statistics->other_verdicts);
    if (statistics->panics + statistics->timeouts + statistics->overflows + statistics->faults +
            statistics->leaks + statistics->clones + statistics->overrides >
        0)
        fprintf(out, "besides\n");
    put_count(out, "panics", statistics->panics);
    put_count(out, "timeouts", statistics->timeouts);
    put_count(out, "overflows", statistics->overflows);
    put_count(out, "faults", statistics->faults);
    put_count(out, "leaks", statistics->leaks);
    put_count(out, "clones", statistics->clones);
    put_count(out, "overrides", statistics->overrides);
    if (statistics->timed > 0)
        fprintf(out, "time per run: %" PRIu64 " ns on average, %" PRIu64 " ns at best\n",
                statistics->nanoseconds / statistics->timed, statistics->fastest);
}

int summary_text(FILE *out, const struct session *session, bool dump_maps)
{
    for (size_t i = 0; i < session->selection.count; i++)
        put_program(out, session, session->selection.programs[i], &session->by_program[i]);
    return dump_maps ? dump_maps_text(out, session) : 0;
}

static json_t *maps_json(const struct session *session, bool all)
{
    struct map_types *types = NULL;
    json_t *maps = json_array();
    bool failed = false;

    if (read_types(session, &types) != 0) {
        json_decref(maps);
        return NULL;
    }
    for (size_t i = 0; maps && i < session->runtime->map_count; i++) {
        struct map *map = session->runtime->maps[i];
        struct dump dump = {.entries = json_array(), .map = map, .types = types, .all = all};
        if (map_each(map, visit_json, &dump) != 0)
            dump.failed = true;
        json_t *item =
            json_pack("{s:s,s:s,s:i,s:o}", "name", map->name, "type", map->operations->name,
                      "max_entries", (int)map->definition.max_entries, "entries", dump.entries);
        if (dump.left_out > 0)
            json_object_set_new(item, "zero_entries", json_integer((json_int_t)dump.left_out));
        failed = failed || dump.failed || !item || json_array_append_new(maps, item) != 0;
    }
    map_types_free(types);
    if (!maps || failed) {
        json_decref(maps);
        out_of_memory(session);
        return NULL;
    }
    return maps;
}

static json_t *integer(uint64_t number)
{
    return json_integer((json_int_t)number);
}

/* Adds a program's verdicts; programs of different types may have verdicts of the same name. */
static void add_verdicts(json_t *verdicts, const struct program *program,
                         const struct statistics *statistics)
{
    for (unsigned i = 0; i < statistics->verdict_count; i++) {
        char number[12];
        const char *name = verdict_name(program->type, statistics->verdicts[i].value, number);
        const json_int_t before = json_integer_value(json_object_get(verdicts, name));
        json_object_set_new(verdicts, name,
                            json_integer(before + (json_int_t)statistics->verdicts[i].count));
    }
    if (statistics->other_verdicts > 0) {
        const json_int_t before = json_integer_value(json_object_get(verdicts, "others"));
        json_object_set_new(verdicts, "others",
                            json_integer(before + (json_int_t)statistics->other_verdicts));
    }
}

/* What a program's runs came to, or all programs'. Takes verdicts. */
static void set_statistics(json_t *object, const struct statistics *statistics, json_t *verdicts)
{
    json_object_set_new(object, "runs", integer(statistics->runs));
    json_object_set_new(object, "verdicts", verdicts);
    json_object_set_new(object, "panics", integer(statistics->panics));
    json_object_set_new(object, "timeouts", integer(statistics->timeouts));
    json_object_set_new(object, "overflows", integer(statistics->overflows));
    json_object_set_new(object, "faults", integer(statistics->faults));
    json_object_set_new(object, "leaks", integer(statistics->leaks));
    json_object_set_new(object, "clones", integer(statistics->clones));
    json_object_set_new(object, "overrides", integer(statistics->overrides));
    json_object_set_new(
        object, "ns_per_run",
        integer(statistics->timed ? statistics->nanoseconds / statistics->timed : 0));
}

static json_t *programs_json(const struct session *session)
{
    json_t *programs = json_array();

    for (size_t i = 0; i < session->selection.count; i++) {
        const struct program *program = session->selection.programs[i];
        json_t *item =
            json_pack("{s:s,s:s}", "program", program->name, "section", program->section);
        json_t *verdicts = json_object();
        add_verdicts(verdicts, program, &session->by_program[i]);
        set_statistics(item, &session->by_program[i], verdicts);
        json_array_append_new(programs, item);
    }
    return programs;
}

/* The root's "program" and "section": of several programs, separated by commas. */
static void set_names(json_t *root, const struct session *session)
{
    struct buffer names = {0}, sections = {0};

    for (size_t i = 0; i < session->selection.count; i++) {
        const struct program *program = session->selection.programs[i];
        buffer_format(&names, "%s%s", i > 0 ? "," : "", program->name);
        buffer_format(&sections, "%s%s", i > 0 ? "," : "", program->section);
    }
    json_object_set_new(root, "program", json_string(names.data));
    json_object_set_new(root, "section", json_string(sections.data));
    buffer_free(&names);
    buffer_free(&sections);
}

static bool is_complete(const json_t *root)
{
    static const char *const members[] = {"format",   "program",    "section",  "runs",
                                          "verdicts", "ns_per_run", "programs", "maps"};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!json_object_get(root, members[i]))
            return false;
    }
    return true;
}

int summary_json(FILE *out, const struct session *session, bool dump_maps)
{
    json_t *maps = maps_json(session, dump_maps), *root = NULL, *verdicts = json_object();
    int result = -1;

    if (!maps) {
        json_decref(verdicts);
        return -1;
    }
    root = json_pack("{s:i}", "format", 1);
    set_names(root, session);
    for (size_t i = 0; i < session->selection.count; i++)
        add_verdicts(verdicts, session->selection.programs[i], &session->by_program[i]);
    set_statistics(root, &session->statistics, verdicts);
    json_object_set_new(root, "programs", programs_json(session));
    json_object_set_new(root, "maps", maps);
    if (session->capture) {
        json_object_set_new(root, "packets", integer(session->capture->count));
        json_object_set_new(root, "truncated", integer(session->capture->truncated));
    }
    if (!is_complete(root))
        out_of_memory(session);
    else if (json_dumpf(root, out, JSON_PRESERVE_ORDER | JSON_COMPACT) == 0 &&
             fputc('\n', out) != EOF)
        result = 0;
    else
        diag_error(session->runtime->diag, DIAG_CANNOT_WRITE, NULL, "the summary: %s",
                   strerror(errno));
    json_decref(root);
    return result;
}
