/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/capture.h"

#include "base/diag.h"
#include "base/file.h"
#include "runtime/pcap/functions.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPSHOT = 262144 }; /* libpcap's MAXIMUM_SNAPLEN */
#define NANOSECONDS 1000000000u

static int add_frame(struct capture *capture, size_t *capacity, const struct pcap_pkthdr *header,
                     const uint8_t *data)
{
    uint8_t *copy = NULL;

    if (capture->count == *capacity) {
        size_t wanted = *capacity ? *capacity * 2 : 64;
        struct frame *grown = reallocarray(capture->frames, wanted, sizeof(*grown));
        if (!grown)
            return -1;
        capture->frames = grown;
        *capacity = wanted;
    }
    copy = malloc((size_t)header->caplen + 1);
    if (!copy)
        return -1;
    memcpy(copy, data, header->caplen);
    capture->frames[capture->count++] = (struct frame){
        .data = copy,
        .captured = header->caplen,
        /* A header that says that more was captured than there was is not to be believed. */
        .length = header->len < header->caplen ? header->caplen : header->len,
        .time = (uint64_t)header->ts.tv_sec * NANOSECONDS + (uint64_t)header->ts.tv_usec,
    };
    if (header->len > header->caplen)
        capture->truncated++;
    return 0;
}

static int read_frames(struct diag *diag, const struct pcap_functions *libpcap, const char *name,
                       pcap_t *pcap, struct capture *capture)
{
    size_t capacity = 0;

    for (;;) {
        struct pcap_pkthdr *header = NULL;
        const uint8_t *data = NULL;
        int result = libpcap->next_ex(pcap, &header, &data);
        if (result == PCAP_ERROR_BREAK) /* the end of the file */
            return 0;
        if (result != 1) {
            /* libpcap has one link type and one snapshot length for all interfaces of a file. */
            const bool differ = strstr(libpcap->geterr(pcap), "of the first interface") != NULL;
            return diag_error(
                diag, DIAG_RUN_CAPTURE,
                differ ? "`editcap -F pcap IN OUT` makes one snapshot length of several; "
                         "interfaces of "
                         "different types go into captures of their own"
                       : "the file is damaged or was cut off; record it again, or repair it with "
                         "`editcap` or `pcapfix`",
                "%s: packet %zu cannot be read: %s", name, capture->count + 1,
                libpcap->geterr(pcap));
        }
        if (add_frame(capture, &capacity, header, data) != 0)
            return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "%s: no memory for packet %zu", name,
                              capture->count + 1);
    }
}

int capture_read_stream(struct diag *diag, const struct pcap_functions *libpcap, const char *name,
                        FILE *stream, struct capture *capture)
{
    char message[PCAP_ERRBUF_SIZE] = "";
    pcap_t *pcap =
        libpcap->fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, message);
    int result = -1;

    *capture = (struct capture){0};
    if (!pcap) {
        fclose(stream);
        return diag_error(diag, DIAG_RUN_CAPTURE, "--pcap takes a pcap or pcapng file",
                          "%s is not a capture: %s", name, message);
    }
    if (libpcap->datalink(pcap) != DLT_EN10MB) {
        const char *type = libpcap->datalink_val_to_name(libpcap->datalink(pcap));
        diag_error(diag, DIAG_RUN_LINK_TYPE,
                   "record on an Ethernet interface; `tcpdump -i any` and tunnels make other types",
                   "%s: the link type is %s (%d), not Ethernet (EN10MB, 1)", name,
                   type ? type : "unknown", libpcap->datalink(pcap));
    } else {
        result = read_frames(diag, libpcap, name, pcap, capture);
    }
    libpcap->close(pcap);
    if (result != 0)
        capture_free(capture);
    return result;
}

int capture_read(struct diag *diag, const struct pcap_functions *libpcap, const char *path,
                 struct capture *capture)
{
    FILE *stream = fopen(path, "rbe");

    *capture = (struct capture){0};
    if (!stream)
        return diag_error(diag, DIAG_CANNOT_READ, NULL, "%s cannot be read: %s", path,
                          strerror(errno));
    /* NOLINTNEXTLINE(clang-analyzer-unix.Stream): libpcap closes it */
    return capture_read_stream(diag, libpcap, path, stream, capture);
}

void capture_free(struct capture *capture)
{
    for (size_t i = 0; i < capture->count; i++)
        free((void *)(uintptr_t)capture->frames[i].data);
    free(capture->frames);
    *capture = (struct capture){0};
}

struct capture_writer {
    const struct pcap_functions *libpcap;
    char *path;
    pcap_t *pcap;
    pcap_dumper_t *dumper;
    char *bytes; /* what the dumper has written, once it is closed */
    size_t size;
    bool nanoseconds;
    pthread_mutex_t lock;
};

struct capture_writer *capture_writer_open(struct diag *diag, const struct pcap_functions *libpcap,
                                           const char *path, const struct capture *input)
{
    struct capture_writer *writer = calloc(1, sizeof(*writer));
    FILE *stream = NULL;

    if (!writer)
        goto fail;
    writer->libpcap = libpcap;
    for (size_t i = 0; i < input->count; i++)
        writer->nanoseconds = writer->nanoseconds || input->frames[i].time % 1000 != 0;
    if (pthread_mutex_init(&writer->lock, NULL) != 0) {
        free(writer);
        writer = NULL;
        goto fail;
    }
    writer->path = strdup(path);
    writer->pcap = libpcap->open_dead_with_tstamp_precision(
        DLT_EN10MB, SNAPSHOT,
        writer->nanoseconds ? PCAP_TSTAMP_PRECISION_NANO : PCAP_TSTAMP_PRECISION_MICRO);
    stream = open_memstream(&writer->bytes, &writer->size);
    if (!writer->path || !writer->pcap || !stream)
        goto fail;
    writer->dumper = libpcap->dump_fopen(writer->pcap, stream);
    if (!writer->dumper)
        goto fail;
    return writer;
fail:
    if (stream)
        fclose(stream);
    capture_writer_discard(writer);
    diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the output capture");
    return NULL;
}

void capture_writer_add(struct capture_writer *writer, const struct frame *frame)
{
    const uint32_t fraction = (uint32_t)(frame->time % NANOSECONDS);
    struct pcap_pkthdr header = {.caplen = frame->captured, .len = frame->length};

    header.ts.tv_sec = (time_t)(frame->time / NANOSECONDS);
    header.ts.tv_usec = (suseconds_t)(writer->nanoseconds ? fraction : fraction / 1000);
    pthread_mutex_lock(&writer->lock);
    writer->libpcap->dump((uint8_t *)writer->dumper, &header, frame->data);
    pthread_mutex_unlock(&writer->lock);
}

int capture_writer_finish(struct diag *diag, struct capture_writer *writer)
{
    int result = -1;

    if (writer->libpcap->dump_flush(writer->dumper) != 0 ||
        ferror(writer->libpcap->dump_file(writer->dumper))) {
        diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the output capture");
    } else {
        writer->libpcap->dump_close(writer->dumper);
        writer->dumper = NULL;
        result = file_write_atomic(diag, writer->path, writer->bytes, writer->size, 0644);
    }
    capture_writer_discard(writer);
    return result;
}

void capture_writer_discard(struct capture_writer *writer)
{
    if (!writer)
        return;
    if (writer->dumper)
        writer->libpcap->dump_close(writer->dumper);
    if (writer->pcap)
        writer->libpcap->close(writer->pcap);
    pthread_mutex_destroy(&writer->lock);
    free(writer->bytes);
    free(writer->path);
    free(writer);
}
