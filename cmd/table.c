/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/table.h"

#include <stddef.h>

const struct command command_table[] = {
    {"new", "TYPE NAME [--path DIR]", "make a project; TYPE: kprobe tracepoint perf_event xdp tc",
     "  --path DIR   make it in DIR instead of ./NAME\n\n"
     "example: rexc new xdp myprog\n",
     command_new, false},
    {"build", "[DIR] [-o FILE] [options]", "compile, check, sign: DIR/target/rex/NAME.rex",
     "  -o, --output FILE      where the object goes\n"
     "  -p, --package PACKAGE  which package of a workspace\n"
     "  --bin NAME             which program, when the package has several\n"
     "  --features LIST        features to build with\n"
     "  --no-default-features\n"
     "  --sign-key KEY         private key, PEM (REXC_SIGN_KEY)\n"
     "  --sign-cert CERT       its certificate, PEM or DER (REXC_SIGN_CERT)\n"
     "  --no-sign              leave the object unsigned\n"
     "  --stack-limit N        bytes; only lower than the 16384 that a program may have\n"
     "  --strip                debug sections go to FILE.debug\n\n"
     "Without a key, a development key is made for this user; nothing trusts it.\n\n"
     "example: rexc build myprog --sign-key release.key --sign-cert release.crt\n",
     command_build, true},
    {"compile", "[-c] FILE.rs... -o OUT [options]",
     "as a cross-compiler is called; the word may be left out",
     "  -c                     libraries only: libNAME.rlib with its record NAME.rlib.rexc\n"
     "  -o OUT                 the object; with -c, libNAME.rlib (default: in this directory)\n"
     "  -MD, -MF DEP           write what OUT was made from, for make and ninja (OUT's name with "
     ".d)\n"
     "  -L DIR                 look for libraries in DIR\n"
     "  --extern NAME[=PATH]   a library made by `rexc -c`, and how the source names it\n"
     "  -g                     debug information: lines for messages, types for maps\n"
     "  -O0 to -O3             optimisation (-O2)\n"
     "  --edition E            2015, 2018, 2021 or 2024 (2024)\n"
     "  --license L            SPDX expression; without one the kernel takes it as proprietary\n"
     "  --sign-key, --sign-cert, --no-sign, --stack-limit, --strip   as for build\n\n"
     "Of several FILE.rs the last is the program, and each may name those before it by their "
     "file's name.\n\n"
     "example: rexc -c util.rs && rexc main.rs --extern util=libutil.rlib -g -MD -o main.rex\n",
     command_compile, true},
    {"check", "[DIR] [options]", "policy and types only, no code",
     "  -p, --package PACKAGE  which package of a workspace\n"
     "  --bin NAME             which program, when the package has several\n"
     "  --features LIST        features to check with\n"
     "  --no-default-features\n\n"
     "example: rexc check myprog\n",
     command_check, true},
    {"test", "[DIR] [options] [-- ARGUMENTS]", "the program's unit tests, on this machine",
     "  -p, --package PACKAGE  which package of a workspace\n"
     "  --bin NAME             which program, when the package has several\n"
     "  --features LIST        features to test with\n"
     "  --no-default-features\n"
     "  ARGUMENTS              for the test program, as with cargo test\n\n"
     "example: rexc test myprog\n",
     command_test, true},
    {"run", "FILE.rex [options]", "run an object on packets or events, without a kernel",
     "  --prog NAME            which program, when the object has several; may be given again\n"
     "  --pcap IN              packets for xdp and tc: pcap or pcapng\n"
     "  --write OUT.pcap       write the packets that go on\n"
     "  --ctx FILE             events for kprobe, tracepoint, perf_event: JSON (docs/run.md)\n"
     "  --repeat N             run the whole input N times\n"
     "  --map-dump             print the maps at the end\n"
     "  --timeout MS           stop a run after so long (100)\n"
     "  --cpus N               spread the packets over N CPUs, threads of their own (1)\n"
     "  --json                 the result as JSON\n\n"
     "example: rexc run target/rex/myprog.rex --pcap traffic.pcap --map-dump\n",
     command_run, false},
    {"stack", "FILE.rex [options] | --diff OLD NEW", "stack bounds and the deepest paths",
     "  --format text|json|svg how to print it; svg draws the call graph\n"
     "  -o, --output OUT       to a file\n"
     "  --diff OLD NEW         what grew from one object to another (text, json)\n\n"
     "example: rexc stack target/rex/myprog.rex\n",
     command_stack, false},
    {"inspect", "FILE.rex [--json]", "programs, maps, imports, sections, provenance, signature",
     "  --json                 for machines\n\n"
     "example: rexc inspect target/rex/myprog.rex\n",
     command_inspect, false},
    {"verify", "FILE.rex [--cert CERT | --integrity-only] [options]",
     "does an object obey the contract",
     "  --cert CERT            the signer's certificate: trust is decided by it alone\n"
     "  --integrity-only       do not ask who signed it\n"
     "  --explain              every rule with its verdict\n"
     "  --json                 for machines\n\n"
     "example: rexc verify target/rex/myprog.rex --cert release.crt\n",
     command_verify, false},
    {"sign", "FILE.rex --key KEY --cert CERT", "sign an object, or sign it again",
     "  --key KEY              private key, PEM\n"
     "  --cert CERT            its certificate, PEM or DER\n\n"
     "example: rexc sign myprog.rex --key release.key --cert release.crt\n",
     command_sign, false},
    {"keygen", "NAME", "make NAME.key and NAME.crt for signing", "example: rexc keygen release\n",
     command_keygen, false},
    {"load", "FILE.rex [options]", "put an object into the running kernel, pinned and attached",
     "  --pin DIR              pin programs and maps there (/sys/fs/bpf/rexc/NAME)\n"
     "  --attach PROGRAM[=TARGET]\n"
     "                         attach a program; may be given several times. TARGET for xdp:\n"
     "                         INTERFACE[:native|:generic]; tc: INTERFACE:ingress|egress; kprobe:\n"
     "                         FUNCTION[+OFFSET]; tracepoint: CATEGORY/EVENT; perf_event: "
     "[EVENT@]HZ\n"
     "  --timeout MS           stop a run after so long, up to 10000 (100)\n"
     "  --detach-on-panic      a program of which a run panics, or is stopped, does nothing from\n"
     "                         then on: packets pass\n\n"
     "What is pinned or attached stays when rexc has ended; `rexc unload` takes it back.\n\n"
     "example: rexc load firewall.rex --attach firewall=eth0\n",
     command_load, false},
    {"unload", "NAME|ID", "take an object out of the kernel, with its pins and attachments",
     "example: rexc unload firewall\n", command_unload, false},
    {"list", "[--json]", "the objects in the kernel: programs, runs, panics, timeouts",
     "  --json                 for machines\n\n"
     "example: rexc list\n",
     command_list, false},
    {"trust", "[CERT...] [--seal]", "whose objects the kernel takes, until its module is removed",
     "  --seal                 and nobody else's: no more certificates are taken\n\n"
     "example: rexc trust release.crt --seal\n",
     command_trust, false},
    {"bindgen", "[--btf FILE] TYPE...", "Rust bindings of kernel types from BTF",
     "  --btf FILE             a BTF file or a vmlinux; default: /sys/kernel/btf/vmlinux\n"
     "  -o, --output OUT       to a file\n\n"
     "example: rexc bindgen --btf vmlinux task_struct\n",
     command_bindgen, false},
    {"cache", "[show|clean]", "the compiled core libraries", "example: rexc cache show\n",
     command_cache, false},
    {"doctor", "[--json]", "every tool: path, version, verdict, and the command that fixes it",
     "  --json                 for machines\n\n"
     "example: rexc doctor\n",
     command_doctor, true},
    {"explain", "CODE | --list", "what a diagnostic code means and what to do",
     "  --list                 every code with its title\n\nexample: rexc explain REX0301\n",
     command_explain, false},
    {NULL, NULL, NULL, NULL, NULL, false},
};
