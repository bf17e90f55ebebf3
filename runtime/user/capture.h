/* SPDX-License-Identifier: Apache-2.0 */
/* Captures of Ethernet frames, pcap and pcapng in, pcap out, by libpcap. */
#ifndef REXC_RUNTIME_USER_CAPTURE_H
#define REXC_RUNTIME_USER_CAPTURE_H

#include "runtime/user/packet.h"

#include <stdio.h>

struct diag;
struct pcap_functions; /* runtime/pcap/functions.h */

struct capture {
    struct frame *frames; /* in the file's order */
    size_t count;
    size_t truncated; /* frames of which the capture has only the start */
};

/* Reads a whole capture before anything runs. An unreadable file, another link type than Ethernet,
 * and a damaged or cut record (named by its number) are errors: -1 with a diagnostic and an empty
 * capture. */
int capture_read(struct diag *diag, const struct pcap_functions *libpcap, const char *path,
                 struct capture *capture);
/* The same from a stream, which it closes; name is for messages. */
int capture_read_stream(struct diag *diag, const struct pcap_functions *libpcap, const char *name,
                        FILE *stream, struct capture *capture);
void capture_free(struct capture *capture);

/* A capture being written: in memory until it is finished, then as a whole or not at all. */
struct capture_writer;

/* Timestamps have nanoseconds when one of the input's needs them, else microseconds as most
 * captures. NULL with a diagnostic. */
struct capture_writer *capture_writer_open(struct diag *diag, const struct pcap_functions *libpcap,
                                           const char *path, const struct capture *input);
void capture_writer_add(struct capture_writer *writer, const struct frame *frame);
/* Writes the file and frees the writer. Returns 0; -1 with a diagnostic. */
int capture_writer_finish(struct diag *diag, struct capture_writer *writer);
/* Frees it without writing. NULL is nothing. */
void capture_writer_discard(struct capture_writer *writer);

#endif
