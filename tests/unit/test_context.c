/* SPDX-License-Identifier: Apache-2.0 */
/* The context file: what it means, and what is refused, with the place. */
#include "base/diag.h"
#include "runtime/user/context.h"
#include "runtime/user/format.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct context_file *parse(const char *text)
{
    struct context_file *context = NULL;

    assert_int_equal(context_parse(NULL, "c.json", text, strlen(text), &context), 0);
    return context;
}

/* Text that must be refused with these words. */
static void check_refused(const char *text, const char *words)
{
    struct context_file *context = NULL;
    char *said = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&said, &size);
    struct diag *diag =
        diag_new(&(struct diag_options){.color = DIAG_COLOR_NEVER, .stream = stream});

    assert_int_equal(context_parse(diag, "c.json", text, strlen(text), &context), -1);
    assert_null(context);
    assert_int_equal(diag_exit_status(diag), 1);
    diag_free(diag);
    fclose(stream);
    if (!strstr(said, words))
        fail_msg("\"%s\" is not in:\n%s", words, said);
    free(said);
}

static void test_registers(void **state)
{
    (void)state;
    struct context_file *context =
        parse("{\"events\": [{\"registers\": {\"rdi\": 5, \"rsi\": \"0xffffffff81000000\","
              " \"rip\": -1, \"rsp\": \"-2\", \"orig_rax\": \"010\"}}]}");
    const struct pt_regs *registers = &context->events[0].registers;

    assert_int_equal(context->event_count, 1);
    assert_int_equal(registers->rdi, 5);
    assert_true(registers->rsi == 0xffffffff81000000u);
    assert_true(registers->rip == UINT64_MAX);
    assert_true(registers->rsp == UINT64_MAX - 1);
    assert_int_equal(registers->orig_rax, 8);
    assert_int_equal(registers->rax, 0);
    assert_int_equal(context->events[0].repeat, 1);
    assert_int_equal(context->events[0].task, 0);
    context_free(context);
}

static void test_tracepoint(void **state)
{
    (void)state;
    struct context_file *context = parse(
        "{\"events\": [{\"common_pid\": 77, \"fields\": [257, -100, {\"text\": \"/etc/passwd\"}],"
        " \"repeat\": 4}, {\"record\": \"01 02 03ff\"}]}");
    uint64_t words[4];
    int32_t pid;

    memcpy(words, context->events[0].record, sizeof(words));
    memcpy(&pid, context->events[0].record + 4, sizeof(pid));
    assert_int_equal(pid, 77);
    assert_int_equal(words[1], 257);
    assert_true(words[2] == (uint64_t)-100);
    assert_string_equal((const char *)words[3], "/etc/passwd");
    assert_int_equal(context->events[0].repeat, 4);
    assert_memory_equal(context->events[1].record, "\x01\x02\x03\xff\0\0\0\0", 8);
    context_free(context);
}

/* What is at an address; NULL: not all of it. */
static void check_memory(const struct context_file *context, uint64_t address, const char *expected,
                         size_t size)
{
    uint8_t bytes[16] = {0};

    assert_true(size <= sizeof(bytes));
    assert_int_equal(
        context_memory_read(context->memory, context->memory_count, address, bytes, size),
        expected != NULL);
    if (expected)
        assert_memory_equal(bytes, expected, size);
}

static void test_perf_event(void **state)
{
    (void)state;
    struct context_file *context =
        parse("{\"tasks\": [{\"pid\": 7, \"tgid\": 6, \"comm\": \"seven\", \"utime\": 8, "
              "\"registers\": {\"rax\": 1}}],"
              " \"memory\": [{\"address\": 4096, \"bytes\": \"00112233\"}],"
              " \"events\": [{\"period\": 1000, \"addr\": 16, \"counter\": 1, \"enabled\": 2, "
              "\"running\": 3,"
              " \"stack\": [1, 2], \"user_stack\": [3], \"task\": 7}]}");
    const struct context_event *event = &context->events[0];

    assert_int_equal(event->sample.period, 1000);
    assert_int_equal(event->sample.addr, 16);
    assert_int_equal(event->counter + event->enabled + event->running, 6);
    assert_int_equal(event->kernel_stack.count, 2);
    assert_int_equal(event->user_stack.addresses[0], 3);
    assert_int_equal(event->task, 1);
    assert_int_equal(context->tasks[1].tgid, 6);
    assert_string_equal(context->tasks[1].comm, "seven");
    assert_int_equal(context->tasks[1].has_registers, 1);
    check_memory(context, 4098, "\x22\x33", 2);
    check_memory(context, 4098, NULL, 3);
    check_memory(context, 4095, NULL, 1);
    check_memory(context, UINT64_MAX, NULL, 2);
    context_free(context);
}

/* Parts that follow each other are one piece of memory, whatever their order in the file. */
static void test_memory(void **state)
{
    struct context_file *context = NULL;
    const char text[] = "{\"memory\": [{\"address\": 20, \"bytes\": \"04 05\"}, "
                        "{\"address\": 16, \"bytes\": \"00010203\"}, {\"address\": 18}, "
                        "{\"address\": 30, \"bytes\": \"09\"}, "
                        "{\"address\": -1, \"bytes\": \"ff\"}], \"events\": [{}]}";

    (void)state;
    assert_int_equal(context_parse(NULL, "c.json", text, strlen(text), &context), 0);
    check_memory(context, 16, "\0\1\2\3\4\5", 6);
    check_memory(context, 19, "\3\4", 2);
    check_memory(context, 16, NULL, 7);
    check_memory(context, 15, NULL, 2);
    check_memory(context, 21, NULL, 10);
    check_memory(context, UINT64_MAX, "\xff", 1);
    check_memory(context, UINT64_MAX, NULL, 2);
    context_free(context);
}

static void test_refused(void **state)
{
    (void)state;
    check_refused("", "c.json:1");
    check_refused("{\n\"events\": [}", "c.json:2:12");
    check_refused("{\"events\": [{}], \"events\": []}", "not JSON");
    check_refused("[]", "not a JSON object");
    check_refused("{}", "events: missing");
    check_refused("{\"events\": []}", "events: there is no event");
    check_refused("{\"events\": {}}", "events: not an array");
    check_refused("{\"events\": [1]}", "events[0]: not an object");
    check_refused("{\"event\": []}", "event: there is no member");
    check_refused("{\"events\": [{\"regs\": {}}]}", "events[0].regs: there is no member");
    check_refused("{\"events\": [{}, {\"registers\": {\"edi\": 1}}]}",
                  "events[1].registers.edi: there is no register");
    check_refused("{\"events\": [{\"registers\": {\"rdi\": 1.5}}]}",
                  "events[0].registers.rdi: not a number");
    check_refused("{\"events\": [{\"registers\": {\"rdi\": \"0xg\"}}]}", "rdi: not a number");
    check_refused("{\"events\": [{\"registers\": {\"rdi\": \"0x10000000000000000\"}}]}",
                  "rdi: not a number");
    check_refused("{\"events\": [{\"registers\": {\"rdi\": \" 1\"}}]}", "rdi: not a number");
    check_refused("{\"events\": [{\"registers\": []}]}", "registers: not an object");
    check_refused("{\"events\": [{\"record\": \"123\"}]}", "record: not a string of hexadecimal");
    check_refused("{\"events\": [{\"record\": 5}]}", "record: not a string");
    check_refused("{\"events\": [{\"fields\": [1, {\"text\": 5}]}]}", "fields[1]: not a number");
    check_refused("{\"events\": [{\"repeat\": 0}]}", "repeat: the number must be from 1");
    check_refused("{\"events\": [{\"task\": 9}]}", "task: the file's tasks have none");
    check_refused("{\"tasks\": [{\"comm\": \"sixteen-bytes-ab\"}], \"events\": [{}]}",
                  "tasks[0].comm");
    check_refused("{\"tasks\": [{\"pid\": -1}], \"events\": [{}]}",
                  "tasks[0].pid: the number must be");
    check_refused("{\"memory\": [{\"bytes\": \"0\"}], \"events\": [{}]}", "memory[0].bytes");
    check_refused("{\"tasks\": [{\"pid\": 7}, {\"pid\": 8}, {\"pid\": 7}], \"events\": [{}]}",
                  "tasks: two of them have pid 7");
    check_refused("{\"events\": [{}, {\"fields\": [1], \"record\": \"00\"}]}",
                  "events[1]: a record is the whole record, and the event has fields besides");
    check_refused("{\"events\": [{\"record\": \"00\", \"common_pid\": 1}]}",
                  "has common_pid besides");
    check_refused("{\"memory\": [{\"address\": 20, \"bytes\": \"00\"}, "
                  "{\"address\": 16, \"bytes\": \"0001020304\"}], \"events\": [{}]}",
                  "memory: the bytes at 0x14 overlap others");
    check_refused("{\"memory\": [{\"address\": -1, \"bytes\": \"0001\"}], \"events\": [{}]}",
                  "beyond the end of the address space");
}

static void test_large_record_refused(void **state)
{
    (void)state;
    char *text = calloc(1, 40000);

    strcpy(text, "{\"events\": [{\"record\": \"");
    memset(text + strlen(text), '0', (size_t)2 * (CONTEXT_RECORD_MAX + 1));
    strcat(text, "\"}]}");
    check_refused(text, "more than 8192 bytes");
    free(text);
}

static void test_default(void **state)
{
    (void)state;
    struct context_file *context = context_default(NULL);

    assert_int_equal(context->event_count, 1);
    assert_int_equal(context->task_count, 1);
    assert_true(context->tasks[0].pid > 0);
    context_free(context);
}

static void check_format(int64_t result, const char *expected, const char *format, size_t count,
                         const uint64_t *data)
{
    char text[64] = "unchanged";

    assert_int_equal(format_bprintf(text, sizeof(text), format, data, count * 8), result);
    assert_string_equal(text, expected);
}

static void test_bpf_snprintf(void **state)
{
    (void)state;
    const uint64_t data[] = {(uint64_t)-5, 255, (uint64_t) "text", 0xffffffff81000000u};
    const uint8_t address[] = {192, 0, 2, 1};
    const uint64_t pointer[] = {(uint64_t)address};

    check_format(6, "plain", "plain", 0, NULL);
    check_format(3, "-5", "%d", 1, data);
    check_format(11, "4294967291", "%u", 1, data);
    check_format(21, "18446744073709551611", "%lu", 1, data);
    check_format(11, "-5 ff text", "%lld %x %s", 3, data);
    check_format(7, "    ff", "%6x", 1, data + 1);
    check_format(17, "ffffffff81000000", "%px", 1, data + 3);
    check_format(10, "192.0.2.1", "%pI4", 1, pointer);
    check_format(2, "%", "%%", 0, NULL);
    check_format(-EINVAL, "unchanged", "%d", 0, NULL);
    check_format(-EINVAL, "unchanged", "%n", 1, data);
    check_format(-EINVAL, "unchanged", "%llld", 1, data);
    check_format(-EINVAL, "unchanged", "%f", 1, data);
    check_format(-EINVAL, "unchanged", "%", 1, data);
    check_format(-EINVAL, "unchanged", "\x01", 0, NULL);
    char text[4] = "";
    assert_int_equal(format_bprintf(text, sizeof(text), "%d and more", data, 8), 12);
    assert_string_equal(text, "-5 ");
    assert_int_equal(format_bprintf(text, sizeof(text), "%d", data, 7), -EINVAL);
    assert_int_equal(format_bprintf(text, sizeof(text), "", data, 104), -EINVAL);
    assert_int_equal(format_bprintf(NULL, 0, "%d", data, 8), 3);
}

/* What bpf_bprintf_prepare() takes and refuses, and how bstr_printf() fills fields up. */
static void test_bpf_snprintf_fields(void **state)
{
    (void)state;
    const uint64_t data[] = {(uint64_t)-5, 255, (uint64_t) "text", 'c'};

    check_format(8, "   -5|-", "%5d|-", 1, data);
    check_format(8, "-5   |-", "%-5d|-", 1, data);
    check_format(8, "-0005|-", "%05d|-", 1, data);
    check_format(8, "-5   |-", "%0-5d|-", 1, data);
    check_format(8, "+255|FF", "%+d|%X", 2, (uint64_t[]){255, 255});
    check_format(5, " 255", "% d", 1, data + 1);
    check_format(4, "255", "%+ u", 1, data + 1);
    check_format(8, "  text|", "%6s|", 1, data + 2);
    check_format(8, "  text|", "%06s|", 1, data + 2);
    check_format(8, "text  |", "%-6s|", 1, data + 2);
    check_format(6, "  c|d", "%3c|d", 1, data + 3);
    check_format(3, "cd", "%cd", 1, data + 3);
    check_format(17, "00000000000000ff", "%p", 1, data + 1);
    check_format(7, "    ff", "%6px", 1, data + 1);
    check_format(4, "ffa", "%2pxa", 1, data + 1);
    check_format(7, "  0xff", "%6ps", 1, data + 1);
    check_format(5, "0xff", "%6pB", 1, data + 1);
    check_format(-EINVAL, "unchanged", "%#x", 1, data);
    check_format(-EINVAL, "unchanged", "%5-d", 1, data);
    check_format(-EINVAL, "unchanged", "%5 d", 1, data);
    check_format(-EINVAL, "unchanged", "%.3d", 1, data);
    check_format(-EINVAL, "unchanged", "%sx", 1, data + 2);
    check_format(-EINVAL, "unchanged", "%pksx", 1, data + 2);
    check_format(-EINVAL, "unchanged", "%pz", 1, data);
    check_format(-EINVAL, "unchanged", "%pi5", 1, data);
    check_format(-EINVAL, "unchanged", "%lc", 1, data + 3);
    check_format(-EINVAL, "unchanged", "%hd", 1, data);
    /* A field wider than the buffer, and than the kernel's widest. */
    char text[4] = "";
    assert_int_equal(format_bprintf(text, sizeof(text), "%100d", data, 8), 101);
    assert_string_equal(text, "   ");
    assert_int_equal(format_bprintf(text, sizeof(text), "%99999999999999999999d", data, 8),
                     1 << 23);
    /* Arguments take up to 512 bytes: strings are cut, what follows has no room. */
    static char longest[2000];
    memset(longest, 'x', sizeof(longest) - 1);
    const uint64_t strings[] = {(uint64_t)longest, (uint64_t)longest};
    assert_int_equal(format_bprintf(text, sizeof(text), "%s", strings, 8), 512);
    assert_int_equal(format_bprintf(text, sizeof(text), "%s %s", strings, 16), -ENOSPC);
    assert_int_equal(format_bprintf(text, sizeof(text), "%s %d", strings, 16), -ENOSPC);
    assert_int_equal(format_bprintf(text, sizeof(text), "%s %c", strings, 16), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_tracepoint),
        cmocka_unit_test(test_perf_event),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_large_record_refused),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_bpf_snprintf),
        cmocka_unit_test(test_bpf_snprintf_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
