/* SPDX-License-Identifier: Apache-2.0 */
/* Captures in and out, and the packets that programs see of them. */
#include "base/diag.h"
#include "runtime/user/capture.h"
#include "runtime/user/pcap_part.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct talk {
    struct diag *diag;
    FILE *stream;
    char *text;
    size_t size;
};

static void begin(struct talk *talk)
{
    *talk = (struct talk){0};
    talk->stream = open_memstream(&talk->text, &talk->size);
    assert_non_null(talk->stream);
    talk->diag =
        diag_new(&(struct diag_options){.color = DIAG_COLOR_NEVER, .stream = talk->stream});
}

static void end(struct talk *talk)
{
    diag_free(talk->diag);
    fclose(talk->stream);
    free(talk->text);
}

/* Parses bytes that must be refused with these words, and leave nothing. */
static void check_refused(const void *bytes, size_t size, const char *words)
{
    struct talk talk;
    struct capture capture;
    FILE *stream = fmemopen((void *)(uintptr_t)bytes, size, "rb");

    begin(&talk);
    assert_non_null(stream);
    assert_int_equal(capture_read_stream(talk.diag, &rexc_libpcap, "x.pcap", stream, &capture), -1);
    assert_null(capture.frames);
    fflush(talk.stream);
    if (!strstr(talk.text, words))
        fail_msg("\"%s\" is not in:\n%s", words, talk.text);
    end(&talk);
}

struct file_header {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, digits, snapshot, link_type;
};

struct record_header {
    /* cppcheck-suppress unusedStructMember ; written to the file as a whole */
    uint32_t seconds, fraction, captured, length;
};

static const struct file_header ethernet = {0xa1b2c3d4, 2, 4, 0, 0, 65535, 1};

static void test_refused(void **state)
{
    (void)state;
    uint8_t bytes[128] = {0};
    struct file_header header = ethernet;
    struct record_header record = {1, 2, 60, 60};

    check_refused("hello, world, this is no capture", 32, "x.pcap is not a capture");
    check_refused(&ethernet, 10, "x.pcap is not a capture");
    header.link_type = 101;
    check_refused(&header, sizeof(header), "the link type is RAW");
    memcpy(bytes, &ethernet, sizeof(ethernet));
    memcpy(bytes + 24, &record, sizeof(record));
    check_refused(bytes, 24 + 16 + 59, "packet 1 cannot be read");
    check_refused(bytes, 24 + 15, "packet 1 cannot be read");
    memcpy(bytes + 24 + 16 + 60, &record, sizeof(record));
    check_refused(bytes, 24 + 16 + 60 + 16, "packet 2 cannot be read");
    record.captured = 0x7fffffff;
    memcpy(bytes + 24, &record, sizeof(record));
    check_refused(bytes, sizeof(bytes), "packet 1 cannot be read");
}

static void test_empty_and_missing(void **state)
{
    (void)state;
    struct talk talk;
    struct capture capture;

    begin(&talk);
    FILE *stream = fmemopen((void *)(uintptr_t)&ethernet, sizeof(ethernet), "rb");
    assert_int_equal(capture_read_stream(talk.diag, &rexc_libpcap, "x", stream, &capture), 0);
    assert_int_equal(capture.count, 0);
    capture_free(&capture);
    assert_int_equal(capture_read(talk.diag, &rexc_libpcap, "/nonexistent/x.pcap", &capture), -1);
    assert_int_equal(diag_exit_status(talk.diag), 1);
    end(&talk);
}

/* The recorded capture in both formats; the numbers are tests/captures/counts.json's. */
static void test_recorded(void **state)
{
    (void)state;
    static const char *const names[] = {CAPTURES "/traffic.pcap", CAPTURES "/traffic.pcapng"};

    for (size_t i = 0; i < 2; i++) {
        struct talk talk;
        struct capture capture;
        begin(&talk);
        assert_int_equal(capture_read(talk.diag, &rexc_libpcap, names[i], &capture), 0);
        assert_int_equal(capture.count, 202);
        assert_int_equal(capture.truncated, 89);
        for (size_t frame = 0; frame < capture.count; frame++) {
            assert_true(capture.frames[frame].captured <= 256);
            assert_true(capture.frames[frame].length >= capture.frames[frame].captured);
        }
        capture_free(&capture);
        end(&talk);
    }
}

static void check_round_trip(uint64_t time, uint64_t expected)
{
    static const uint8_t bytes[60] = "some bytes";
    char path[] = "/tmp/rexc-test-XXXXXX";
    const int file = mkstemp(path);
    struct frame frame = {.data = bytes, .captured = 60, .length = 1500, .time = time};
    const struct capture input = {.frames = &frame, .count = 1};
    struct capture output;
    struct talk talk;

    assert_true(file >= 0);
    close(file);
    begin(&talk);
    struct capture_writer *writer = capture_writer_open(talk.diag, &rexc_libpcap, path, &input);
    assert_non_null(writer);
    capture_writer_add(writer, &frame);
    assert_int_equal(capture_writer_finish(talk.diag, writer), 0);
    assert_int_equal(capture_read(talk.diag, &rexc_libpcap, path, &output), 0);
    assert_int_equal(output.count, 1);
    assert_int_equal(output.frames[0].time, expected);
    assert_int_equal(output.frames[0].captured, 60);
    assert_int_equal(output.frames[0].length, 1500);
    assert_memory_equal(output.frames[0].data, bytes, 60);
    capture_free(&output);
    unlink(path);
    end(&talk);
}

static void test_round_trip(void **state)
{
    (void)state;
    check_round_trip(1700000000123456000u, 1700000000123456000u);
    check_round_trip(1700000000123456789u, 1700000000123456789u); /* nanoseconds are kept */
}

static void test_output_is_whole_or_not(void **state)
{
    (void)state;
    struct talk talk;
    const struct capture input = {0};

    begin(&talk);
    struct capture_writer *writer =
        capture_writer_open(talk.diag, &rexc_libpcap, "/nonexistent/out.pcap", &input);
    assert_non_null(writer);
    assert_int_equal(capture_writer_finish(talk.diag, writer), -1);
    writer = capture_writer_open(talk.diag, &rexc_libpcap, "/tmp/rexc-never-written.pcap", &input);
    capture_writer_discard(writer);
    assert_int_not_equal(access("/tmp/rexc-never-written.pcap", F_OK), 0);
    end(&talk);
}

/* --- packets --- */

static void test_xdp_packet(void **state)
{
    (void)state;
    uint8_t bytes[100] = {1, 2, 3};
    const struct frame frame = {.data = bytes, .captured = 100, .length = 100, .time = 5};
    struct packet packet = {0};
    struct xdp_buff *xdp = packet_for_xdp(&packet, &frame);

    assert_non_null(xdp);
    assert_int_equal(xdp->data_end - xdp->data, 100);
    assert_int_equal(xdp->data - xdp->data_hard_start, 256);
    assert_ptr_equal(xdp->data_meta, xdp->data);
    assert_int_equal(xdp->frame_sz, 4096);
    assert_int_equal(xdp->rxq->dev->ifindex, PACKET_IFINDEX);
    assert_memory_equal(xdp->data, bytes, 100);
    /* bpf_xdp_adjust_tail(): as far as the tailroom, and not into the Ethernet header. */
    const int64_t room = 4096 - 256 - 320 - 100;
    memset(xdp->data_end, 0xaa, 8);
    assert_int_equal(packet_adjust_tail(xdp, room + 1), -EINVAL);
    assert_int_equal(packet_adjust_tail(xdp, 8), 0);
    assert_int_equal(xdp->data[100] | xdp->data[107], 0);
    assert_int_equal(packet_adjust_tail(xdp, room - 8), 0);
    assert_int_equal(packet_adjust_tail(xdp, 1), -EINVAL);
    assert_int_equal(packet_adjust_tail(xdp, -(room + 100 - 13)), -EINVAL);
    assert_int_equal(packet_adjust_tail(xdp, -(room + 100 - 14)), 0);
    assert_int_equal(xdp->data_end - xdp->data, 14);
    assert_int_equal(packet_adjust_tail(xdp, INT32_MIN), -EINVAL);
    assert_int_equal(packet_adjust_tail(xdp, INT32_MAX), -EINVAL);
    assert_int_equal(packet_adjust_tail(xdp, 0), 0);
    packet_free(&packet);
}

static void test_large_packet(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, 65536);
    const struct frame frame = {.data = bytes, .captured = 65536, .length = 65536};
    struct packet packet = {0};
    struct xdp_buff *xdp = packet_for_xdp(&packet, &frame);

    assert_non_null(xdp);
    assert_int_equal(xdp->data_end - xdp->data, 65536);
    assert_true(xdp->frame_sz >= 256 + 65536 + 320);
    free(bytes);
    packet_free(&packet);
}

static void test_tc_packet(void **state)
{
    (void)state;
    uint8_t bytes[60] = {9, 9, 9, 9, 9, 9, 8, 8, 8, 8, 8, 8, 0x08, 0x00, 0x45};
    const struct frame frame = {.data = bytes, .captured = 60, .length = 1400};
    struct packet packet = {0};
    struct frame result;
    struct sk_buff *skb = packet_for_tc(&packet, &frame);

    assert_non_null(skb);
    assert_int_equal(skb->len, 1400);
    assert_int_equal(skb->data_len, 1340); /* truncated: not in memory */
    assert_int_equal(skb->protocol, htons(0x0800));
    assert_int_equal(skb->vlan_proto, 0);
    assert_int_equal(packet_of_tc(&packet, &frame, &result), 0);
    assert_int_equal(result.captured, 60);
    assert_int_equal(result.length, 1400);
    bytes[12] = 0;
    /* cppcheck-suppress unreadVariable ; read through frame.data */
    bytes[13] = 40; /* a length: 802.2 */
    skb = packet_for_tc(&packet, &frame);
    assert_int_equal(skb->protocol, htons(0x0004));
    packet_free(&packet);
}

static void test_tc_vlan(void **state)
{
    (void)state;
    const uint8_t bytes[] = {9, 9, 9,    9,    9,    9,    8,    8,    8,    8,
                             8, 8, 0x81, 0x00, 0x60, 0x2a, 0x86, 0xdd, 0x60, 7};
    struct frame frame = {.data = bytes, .captured = sizeof(bytes), .length = sizeof(bytes)};
    struct packet packet = {0};
    struct frame result;
    struct sk_buff *skb = packet_for_tc(&packet, &frame);

    assert_int_equal(skb->vlan_proto, htons(0x8100));
    assert_int_equal(skb->vlan_tci, 0x602a);
    assert_int_equal(skb->protocol, htons(0x86dd));
    assert_int_equal(skb->len, sizeof(bytes) - 4);
    assert_memory_equal(skb->data, bytes, 12);
    assert_memory_equal(skb->data + 12, bytes + 16, 4);
    assert_int_equal(packet_of_tc(&packet, &frame, &result), 0);
    assert_int_equal(result.captured, sizeof(bytes));
    assert_memory_equal(result.data, bytes, sizeof(bytes));
    assert_memory_equal(skb->data, bytes, 12); /* as the program left it */
    /* Too short for a tag, and for a header. */
    frame.captured = 17;
    skb = packet_for_tc(&packet, &frame);
    assert_int_equal(skb->vlan_proto, 0);
    assert_int_equal(skb->protocol, htons(0x8100));
    frame.captured = 13;
    skb = packet_for_tc(&packet, &frame);
    assert_int_equal(skb->protocol, 0);
    packet_free(&packet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_empty_and_missing),
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_output_is_whole_or_not),
        cmocka_unit_test(test_xdp_packet),
        cmocka_unit_test(test_large_packet),
        cmocka_unit_test(test_tc_packet),
        cmocka_unit_test(test_tc_vlan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
