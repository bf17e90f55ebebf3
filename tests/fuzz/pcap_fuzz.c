/* SPDX-License-Identifier: Apache-2.0 */
/* Captures come from anywhere; each frame is then made into both kinds of packet. */
#include "base/diag.h"
#include "runtime/user/capture.h"
#include "runtime/user/pcap_part.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    struct capture capture;
    struct packet packet = {0};
    struct frame result;

    if (!sink)
        sink = fopen("/dev/null", "w");
    if (size == 0)
        return 0;
    FILE *stream = fmemopen((void *)(uintptr_t)data, size, "rb");
    struct diag *diag = diag_new(&(struct diag_options){.stream = sink});
    if (stream && capture_read_stream(diag, &rexc_libpcap, "fuzz", stream, &capture) == 0) {
        for (size_t i = 0; i < capture.count; i++) {
            struct xdp_buff *xdp = packet_for_xdp(&packet, &capture.frames[i]);
            if (xdp && packet_adjust_tail(xdp, (int64_t)capture.frames[i].length % 97 - 48) == 0)
                packet_of_xdp(&packet, &capture.frames[i], &result);
            if (packet_for_tc(&packet, &capture.frames[i]))
                packet_of_tc(&packet, &capture.frames[i], &result);
        }
        packet_free(&packet);
        capture_free(&capture);
    }
    diag_free(diag);
    return 0;
}
