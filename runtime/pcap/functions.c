/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pcap/functions.h"
#include "runtime/user/pcap_part.h"

__attribute__((visibility("default"))) const struct pcap_functions rexc_libpcap = {
    .fopen_offline_with_tstamp_precision = pcap_fopen_offline_with_tstamp_precision,
    .open_dead_with_tstamp_precision = pcap_open_dead_with_tstamp_precision,
    .close = pcap_close,
    .datalink = pcap_datalink,
    .datalink_val_to_name = pcap_datalink_val_to_name,
    .next_ex = pcap_next_ex,
    .geterr = pcap_geterr,
    .dump_fopen = pcap_dump_fopen,
    .dump = pcap_dump,
    .dump_flush = pcap_dump_flush,
    .dump_file = pcap_dump_file,
    .dump_close = pcap_dump_close,
};
