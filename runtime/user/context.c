/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/context.h"

#include "base/diag.h"
#include "base/file.h"
#include "runtime/user/context_value.h"
#include "runtime/user/task.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (64u << 20) /* bytes of a context file */

static const struct {
    const char *name;
    size_t offset;
} registers[] = {
#define REGISTER(name, member)                                                                     \
    {                                                                                              \
        name, offsetof(struct pt_regs, member)                                                     \
    }
    REGISTER("r15", r15),       REGISTER("r14", r14),
    REGISTER("r13", r13),       REGISTER("r12", r12),
    REGISTER("rbp", rbp),       REGISTER("rbx", rbx),
    REGISTER("r11", r11),       REGISTER("r10", r10),
    REGISTER("r9", r9),         REGISTER("r8", r8),
    REGISTER("rax", rax),       REGISTER("rcx", rcx),
    REGISTER("rdx", rdx),       REGISTER("rsi", rsi),
    REGISTER("rdi", rdi),       REGISTER("orig_rax", orig_rax),
    REGISTER("rip", rip),       REGISTER("cs", cs),
    REGISTER("eflags", eflags), REGISTER("rsp", rsp),
    REGISTER("ss", ss),
#undef REGISTER
};

static int parse_registers(struct context_parser *parser, const json_t *object,
                           struct pt_regs *target)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return context_refuse(parser, "not an object of register names and values");
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const size_t count = sizeof(registers) / sizeof(registers[0]);
        size_t length = context_enter_key(parser, key), i = 0;
        uint64_t number = 0;
        while (i < count && strcmp(registers[i].name, key) != 0)
            i++;
        if (i == count)
            return context_refuse(parser, "there is no register of this name");
        if (context_number(parser, value, &number) != 0)
            return -1;
        memcpy((uint8_t *)target + registers[i].offset, &number, sizeof(number));
        context_leave(parser, length);
    }
    return 0;
}

/* Keeps a copy of a string for as long as the file; its address is what a field gets. */
static int keep_text(struct context_parser *parser, const char *text, uint64_t *address)
{
    struct context_file *file = parser->file;
    char **grown = reallocarray(file->texts, file->text_count + 1, sizeof(*grown));

    if (!grown)
        return context_no_memory(parser);
    file->texts = grown;
    grown[file->text_count] = strdup(text);
    if (!grown[file->text_count])
        return context_no_memory(parser);
    *address = (uint64_t)grown[file->text_count++];
    return 0;
}

/* --- an event --- */

static int event_registers(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;

    event->members |= CONTEXT_REGISTERS;
    return parse_registers(parser, value, &event->registers);
}

static int event_record(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;
    size_t size = 0;

    event->members |= CONTEXT_RECORD;
    return context_hex(parser, value, event->record, CONTEXT_RECORD_MAX, &size);
}

/* The 64-bit words after the record's 8 bytes of common fields; {"text": "..."} is a pointer to a
 * string. */
static int event_fields(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;
    const size_t limit = (CONTEXT_RECORD_MAX - 8) / 8;

    event->members |= CONTEXT_FIELDS;
    if (!json_is_array(value))
        return context_refuse(parser, "not an array of 64-bit words");
    if (json_array_size(value) > limit)
        return context_refuse(parser, "more than %zu words", limit);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        size_t length = context_enter_index(parser, i);
        uint64_t word = 0;
        const char *text = json_string_value(json_object_get(item, "text"));
        if (text && json_object_size(item) == 1) {
            if (keep_text(parser, text, &word) != 0)
                return -1;
        } else if (context_number(parser, item, &word) != 0) {
            return -1;
        }
        memcpy(event->record + 8 + i * 8, &word, sizeof(word));
        context_leave(parser, length);
    }
    return 0;
}

static int event_common_pid(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;
    uint64_t number = 0;

    event->members |= CONTEXT_COMMON_PID;
    if (context_bounded(parser, value, 0, INT32_MAX, &number) != 0)
        return -1;
    const int32_t pid = (int32_t)number;
    memcpy(event->record + 4, &pid, sizeof(pid));
    return 0;
}

static int parse_sample(struct context_parser *parser, const json_t *value,
                        struct context_event *event, uint64_t *number)
{
    event->members |= CONTEXT_SAMPLE;
    return context_number(parser, value, number);
}

static int event_period(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;

    return parse_sample(parser, value, event, &event->sample.period);
}

static int event_addr(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;

    return parse_sample(parser, value, event, &event->sample.addr);
}

static int event_counter(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;

    return parse_sample(parser, value, event, &event->counter);
}

static int event_enabled(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;

    return parse_sample(parser, value, event, &event->enabled);
}

static int event_running(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;

    return parse_sample(parser, value, event, &event->running);
}

static int parse_stack(struct context_parser *parser, const json_t *value,
                       struct context_stack *stack)
{
    if (!json_is_array(value))
        return context_refuse(parser, "not an array of addresses");
    if (json_array_size(value) > CONTEXT_STACK_MAX)
        return context_refuse(parser, "more than %u addresses", CONTEXT_STACK_MAX);
    stack->addresses = calloc(json_array_size(value) + 1, sizeof(*stack->addresses));
    if (!stack->addresses)
        return context_no_memory(parser);
    for (; stack->count < json_array_size(value); stack->count++) {
        size_t length = context_enter_index(parser, stack->count);
        if (context_number(parser, json_array_get(value, stack->count),
                           &stack->addresses[stack->count]) != 0)
            return -1;
        context_leave(parser, length);
    }
    return 0;
}

static int event_kernel_stack(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;

    event->members |= CONTEXT_SAMPLE;
    return parse_stack(parser, value, &event->kernel_stack);
}

static int event_user_stack(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;

    event->members |= CONTEXT_SAMPLE;
    return parse_stack(parser, value, &event->user_stack);
}

/* The current task, by its pid. */
static int event_task(struct context_parser *parser, const json_t *value, void *target)
{
    const struct context_file *file = parser->file;
    uint64_t pid = 0;

    if (context_bounded(parser, value, 0, INT32_MAX, &pid) != 0)
        return -1;
    for (size_t i = 1; i < file->task_count; i++) {
        if (file->tasks[i].pid == (int32_t)pid) {
            ((struct context_event *)target)->task = i;
            return 0;
        }
    }
    return context_refuse(parser, "the file's tasks have none with this pid");
}

static int event_repeat(struct context_parser *parser, const json_t *value, void *target)
{
    return context_bounded(parser, value, 1, UINT32_MAX, &((struct context_event *)target)->repeat);
}

static int event_program(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_event *event = target;
    uint64_t address = 0;

    if (json_string_length(value) == 0)
        return context_refuse(parser, "not the name of a program or of an attach point");
    if (keep_text(parser, json_string_value(value), &address) != 0)
        return -1;
    event->program = (const char *)address;
    return 0;
}

static const struct context_member event_members[] = {
    {"registers", event_registers},   {"record", event_record},         {"fields", event_fields},
    {"common_pid", event_common_pid}, {"period", event_period},         {"addr", event_addr},
    {"counter", event_counter},       {"enabled", event_enabled},       {"running", event_running},
    {"stack", event_kernel_stack},    {"user_stack", event_user_stack}, {"task", event_task},
    {"repeat", event_repeat},         {"program", event_program},       {NULL, NULL},
};

/* --- a task --- */

static int task_pid(struct context_parser *parser, const json_t *value, void *target)
{
    uint64_t number = 0;

    if (context_bounded(parser, value, 0, INT32_MAX, &number) != 0)
        return -1;
    ((struct task_struct *)target)->pid = (int32_t)number;
    return 0;
}

static int task_tgid(struct context_parser *parser, const json_t *value, void *target)
{
    uint64_t number = 0;

    if (context_bounded(parser, value, 0, INT32_MAX, &number) != 0)
        return -1;
    ((struct task_struct *)target)->tgid = (int32_t)number;
    return 0;
}

static int task_utime(struct context_parser *parser, const json_t *value, void *target)
{
    return context_number(parser, value, &((struct task_struct *)target)->utime);
}

static int task_comm(struct context_parser *parser, const json_t *value, void *target)
{
    struct task_struct *task = target;

    if (!json_is_string(value) || json_string_length(value) >= sizeof(task->comm))
        return context_refuse(parser, "not a string of at most %zu bytes", sizeof(task->comm) - 1);
    memcpy(task->comm, json_string_value(value), json_string_length(value));
    return 0;
}

static int task_registers(struct context_parser *parser, const json_t *value, void *target)
{
    struct task_struct *task = target;

    task->has_registers = 1;
    return parse_registers(parser, value, &task->registers);
}

static const struct context_member task_members[] = {
    {"pid", task_pid},   {"tgid", task_tgid},           {"utime", task_utime},
    {"comm", task_comm}, {"registers", task_registers}, {NULL, NULL},
};

/* --- memory --- */

static int memory_address(struct context_parser *parser, const json_t *value, void *target)
{
    return context_number(parser, value, &((struct context_memory *)target)->address);
}

static int memory_bytes(struct context_parser *parser, const json_t *value, void *target)
{
    struct context_memory *memory = target;
    const size_t limit = json_string_length(value) / 2 + 1;

    free(memory->bytes);
    memory->bytes = malloc(limit);
    return memory->bytes ? context_hex(parser, value, memory->bytes, limit, &memory->size)
                         : context_no_memory(parser);
}

static const struct context_member memory_members[] = {
    {"address", memory_address},
    {"bytes", memory_bytes},
    {NULL, NULL},
};

/* --- the file --- */

/* Parses each item of an array into the next element of array, which has room for all. */
static int parse_array(struct context_parser *parser, const json_t *value,
                       const struct context_member *members, uint8_t *array, size_t element_size)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        size_t length = context_enter_index(parser, i);
        if (context_members(parser, json_array_get(value, i), members, array + i * element_size) !=
            0)
            return -1;
        context_leave(parser, length);
    }
    return 0;
}

static int parse_tasks(struct context_parser *parser, const json_t *value)
{
    struct context_file *file = parser->file;
    const size_t count = json_array_size(value);
    struct task_struct *tasks = reallocarray(file->tasks, count + 1, sizeof(*tasks));

    if (!tasks)
        return context_no_memory(parser);
    memset(tasks + 1, 0, count * sizeof(*tasks));
    file->tasks = tasks;
    file->task_count = count + 1;
    if (parse_array(parser, value, task_members, (uint8_t *)(tasks + 1), sizeof(*tasks)) != 0)
        return -1;
    for (size_t i = 1; i <= count; i++) {
        for (size_t k = 1; k < i; k++) {
            if (tasks[i].pid == tasks[k].pid)
                return context_refuse(parser, "two of them have pid %d", tasks[i].pid);
        }
    }
    return 0;
}

static int parse_memory(struct context_parser *parser, const json_t *value)
{
    struct context_file *file = parser->file;
    uint64_t at = 0;

    file->memory = calloc(json_array_size(value) + 1, sizeof(*file->memory));
    if (!file->memory)
        return context_no_memory(parser);
    file->memory_count = json_array_size(value);
    if (parse_array(parser, value, memory_members, (uint8_t *)file->memory,
                    sizeof(*file->memory)) != 0)
        return -1;
    const char *trouble = context_memory_arrange(file->memory, file->memory_count, &at);
    if (trouble)
        return context_refuse(parser, "the bytes at 0x%llx %s", (unsigned long long)at, trouble);
    return 0;
}

static int create_events(struct context_parser *parser, size_t count)
{
    struct context_file *file = parser->file;

    file->events = calloc(count + 1, sizeof(*file->events));
    if (!file->events)
        return context_no_memory(parser);
    for (; file->event_count < count; file->event_count++) {
        struct context_event *event = &file->events[file->event_count];
        event->repeat = 1;
        event->record = calloc(1, CONTEXT_RECORD_MAX);
        if (!event->record)
            return context_no_memory(parser);
    }
    return 0;
}

static int parse_events(struct context_parser *parser, const json_t *value)
{
    struct context_file *file = parser->file;

    if (json_array_size(value) == 0)
        return context_refuse(parser, "there is no event");
    if (create_events(parser, json_array_size(value)) != 0)
        return -1;
    if (parse_array(parser, value, event_members, (uint8_t *)file->events, sizeof(*file->events)) !=
        0)
        return -1;
    for (size_t i = 0; i < file->event_count; i++) {
        const unsigned members = file->events[i].members;
        if ((members & CONTEXT_RECORD) && (members & (CONTEXT_FIELDS | CONTEXT_COMMON_PID))) {
            context_enter_index(parser, i);
            return context_refuse(parser,
                                  "a record is the whole record, and the event has %s besides",
                                  members & CONTEXT_FIELDS ? "fields" : "common_pid");
        }
    }
    return 0;
}

/* The parts in the order in which they refer to each other. */
static int parse_file(struct context_parser *parser, const json_t *root)
{
    static const struct {
        const char *name;
        int (*parse)(struct context_parser *parser, const json_t *value);
    } parts[] = {{"tasks", parse_tasks}, {"memory", parse_memory}, {"events", parse_events}};
    const size_t count = sizeof(parts) / sizeof(parts[0]);
    const char *key;
    json_t *value;

    if (!json_is_object(root))
        return context_refuse(parser, "not a JSON object");
    json_object_foreach((json_t *)(uintptr_t)root, key, value)
    {
        size_t i = 0;
        while (i < count && strcmp(parts[i].name, key) != 0)
            i++;
        if (i == count) {
            context_enter_key(parser, key);
            return context_refuse(parser, "there is no member of this name");
        }
    }
    for (size_t i = 0; i < count; i++) {
        value = json_object_get(root, parts[i].name);
        if (!value && parts[i].parse != parse_events)
            continue;
        size_t length = context_enter_key(parser, parts[i].name);
        if (!json_is_array(value))
            return context_refuse(parser, value ? "not an array" : "missing");
        if (parts[i].parse(parser, value) != 0)
            return -1;
        context_leave(parser, length);
    }
    return 0;
}

/* A file with the process's own task and nothing else. */
static struct context_file *create(struct diag *diag, const char *name)
{
    struct context_file *file = calloc(1, sizeof(*file));

    if (file) {
        file->tasks = calloc(1, sizeof(*file->tasks));
        file->name = strdup(name);
    }
    if (!file || !file->tasks || !file->name) {
        context_free(file);
        diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the context");
        return NULL;
    }
    file->task_count = 1;
    task_of_process(&file->tasks[0]);
    return file;
}

int context_parse(struct diag *diag, const char *name, const char *text, size_t size,
                  struct context_file **context)
{
    struct context_parser parser = {.diag = diag, .name = name};
    json_error_t error;
    json_t *root = NULL;
    int result = -1;

    *context = NULL;
    root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        struct diag_message message = {
            .code = DIAG_RUN_CONTEXT,
            .at = {.file = name,
                   .line = error.line > 0 ? (unsigned)error.line : 0,
                   .column = error.column > 0 ? (unsigned)error.column : 0},
            .help = "docs/run.md describes the context file"};
        diag_report(diag, &message, "the context is not JSON: %s", error.text);
        return -1;
    }
    parser.file = create(diag, name);
    if (parser.file)
        result = parse_file(&parser, root);
    json_decref(root);
    if (result != 0) {
        context_free(parser.file);
        return -1;
    }
    *context = parser.file;
    return 0;
}

int context_read(struct diag *diag, const char *path, struct context_file **context)
{
    char *text = NULL;
    size_t size = 0;
    int result = -1;

    *context = NULL;
    if (file_read_input(diag, path, FILE_MAX, &text, &size) != 0)
        return -1;
    result = context_parse(diag, path, text, size, context);
    free(text);
    return result;
}

struct context_file *context_default(struct diag *diag)
{
    struct context_parser parser = {
        .diag = diag, .name = "the context", .file = create(diag, "the context")};

    if (!parser.file)
        return NULL;
    if (create_events(&parser, 1) != 0) {
        context_free(parser.file);
        return NULL;
    }
    return parser.file;
}

void context_free(struct context_file *context)
{
    if (!context)
        return;
    for (size_t i = 0; i < context->event_count; i++) {
        free(context->events[i].record);
        free(context->events[i].kernel_stack.addresses);
        free(context->events[i].user_stack.addresses);
    }
    for (size_t i = 0; i < context->memory_count; i++)
        free(context->memory[i].bytes);
    for (size_t i = 0; i < context->text_count; i++)
        free(context->texts[i]);
    free(context->texts);
    free(context->memory);
    free(context->events);
    free(context->tasks);
    free(context->name);
    free(context);
}
