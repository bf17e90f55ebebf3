/* SPDX-License-Identifier: Apache-2.0 */
/* Loading the part of rexc that has libpcap (runtime/pcap). */
#ifndef REXC_RUNTIME_USER_PCAP_PART_H
#define REXC_RUNTIME_USER_PCAP_PART_H

struct diag;
struct pcap_functions;

/* Loads the library at that path, an absolute one, for as long as the process lives. NULL with a
 * diagnostic (exit status 3) when it, or libpcap, cannot be loaded. */
const struct pcap_functions *pcap_part_load(struct diag *diag, const char *path);

/* The library's one symbol, for tests, which have it linked in and load nothing. */
extern const struct pcap_functions rexc_libpcap;

#endif
