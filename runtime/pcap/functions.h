/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rexc uses of libpcap, as one table. libpcap brings libdbus, libsystemd, libgcrypt and more
 * into a process, and only `rexc run` on a capture has a use for it: the table is in a library of
 * its own, which runtime/user/pcap_part.h loads. Tests have it linked in.
 */
#ifndef REXC_RUNTIME_PCAP_FUNCTIONS_H
#define REXC_RUNTIME_PCAP_FUNCTIONS_H

#include <pcap/pcap.h>
#include <stdio.h>

/* As pcap(3PCAP) describes pcap_NAME. */
struct pcap_functions {
    pcap_t *(*fopen_offline_with_tstamp_precision)(FILE *stream, u_int precision, char *message);
    pcap_t *(*open_dead_with_tstamp_precision)(int link_type, int snapshot, u_int precision);
    void (*close)(pcap_t *pcap);
    int (*datalink)(pcap_t *pcap);
    const char *(*datalink_val_to_name)(int link_type);
    int (*next_ex)(pcap_t *pcap, struct pcap_pkthdr **header, const u_char **data);
    char *(*geterr)(pcap_t *pcap);
    pcap_dumper_t *(*dump_fopen)(pcap_t *pcap, FILE *stream);
    void (*dump)(u_char *dumper, const struct pcap_pkthdr *header, const u_char *data);
    int (*dump_flush)(pcap_dumper_t *dumper);
    FILE *(*dump_file)(pcap_dumper_t *dumper);
    void (*dump_close)(pcap_dumper_t *dumper);
};

#endif
