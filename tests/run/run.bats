#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rexc run: objects from the real pipeline, on the recorded capture and on events.

bats_require_minimum_version 1.5.0

setup_file() {
    export XDG_CONFIG_HOME=$BATS_FILE_TMPDIR/config
    export CAPTURE=$BATS_TEST_DIRNAME/../captures/traffic.pcap
    export COUNTS=$BATS_TEST_DIRNAME/../captures/counts.json
    export FOUR=$BATS_TEST_DIRNAME/../fuzz/corpus/pcap/vlan.pcap # four packets
    local name
    cp -r "$BATS_TEST_DIRNAME"/{misbehave,events,recursion,endless} "$BATS_FILE_TMPDIR"
    for name in misbehave events recursion endless; do
        rexc build "$BATS_FILE_TMPDIR/$name" -o "$BATS_FILE_TMPDIR/$name.rex" \
            >"$BATS_FILE_TMPDIR/$name.log" 2>&1 || cat "$BATS_FILE_TMPDIR/$name.log" >&2
    done
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    misbehave=$BATS_FILE_TMPDIR/misbehave.rex
    events=$BATS_FILE_TMPDIR/events.rex
    recursion=$BATS_FILE_TMPDIR/recursion.rex
    endless=$BATS_FILE_TMPDIR/endless.rex
}

# truth NAME: a number of counts.json.
truth() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$COUNTS" "$1"; }

# ask EXPRESSION ARGUMENT...: evaluates a Python expression on r, what rexc run --json says.
ask() {
    local expression=$1
    shift
    rexc run --json "$@" 2>/dev/null | python3 -c '
import json, sys
r = json.load(sys.stdin)
maps = {m["name"]: m for m in r["maps"]}
def number(map, index):
    return int.from_bytes(bytes.fromhex(maps[map]["entries"][index]["value"]), "little")
print(eval(sys.argv[1]))' "$expression"
}

# ends PROGRAM KIND WORDS: each of four packets ends in that way, with the default verdict, a report with these words and
# status 0.
ends() {
    run --separate-stderr rexc run "$misbehave" --prog "$1" --pcap "$FOUR" --timeout 20 --json
    [ "$status" -eq 0 ]
    [ "$(python3 -c 'import json, sys; r = json.loads(sys.argv[1]); print(r["verdicts"], r[sys.argv[2]])' "$output" "$2")" = \
        "{'aborted': 4} 4" ]
    # shellcheck disable=SC2154 # run --separate-stderr sets it
    [[ "$stderr" == *"$3"* ]] || { echo "$stderr"; false; }
}

@test "verdicts and map contents are those of the capture" {
    for file in "$CAPTURE" "${CAPTURE}ng"; do
        run ask '[number("COUNTS", i) for i in (0, 1, 2, 3, 4, 5, 6, 7)]' "$misbehave" --prog classify --pcap "$file"
        [ "$output" = "[$(truth arp), $(truth ipv4), $(truth ipv6), $(truth vlan), $(truth other), $(truth ipv4_tcp), $(truth ipv4_udp), $(truth ipv4_icmp)]" ]
        run ask '(r["runs"], r["verdicts"]["drop"], r["verdicts"]["pass"], r["truncated"])' "$misbehave" --prog classify --pcap "$file"
        [ "$output" = "($(truth frames), $(truth arp), $(($(truth frames) - $(truth arp))), $(truth truncated))" ]
    done
}

@test "the summary for people" {
    run rexc run "$misbehave" --prog classify --pcap "$CAPTURE" --map-dump
    [ "$status" -eq 0 ]
    [[ "$output" == *"program classify (xdp): 202 runs over 202 packets (89 truncated in the capture)"* ]]
    [[ "$output" =~ drop\ +4 ]]
    [[ "$output" =~ pass\ +198 ]]
    [[ "$output" == *"time per run: "*" ns on average"* ]]
    [[ "$output" == *"map COUNTS (array, 8 entries at most)"* ]]
    [[ "$output" == *"    2054: Size { packets: 4, largest: 42, bytes: 168 }"* ]]
    run rexc run "$misbehave" --prog classify --pcap "$CAPTURE"
    [[ "$output" != *"map COUNTS"* ]]
}

@test "the shape of the JSON" {
    run ask 'sorted(r.keys() & {"format", "program", "runs", "verdicts", "panics", "timeouts", "overflows", "maps"}), r["format"], r["program"], sorted(maps["SIZES"].keys()), maps["SIZES"]["type"], maps["SIZES"]["entries"][0]["formatted"]' \
        "$misbehave" --prog classify --pcap "$CAPTURE"
    [ "$output" = "(['format', 'maps', 'overflows', 'panics', 'program', 'runs', 'timeouts', 'verdicts'], 1, 'classify', ['entries', 'max_entries', 'name', 'type'], 'hash', {'key': 2048, 'value': {'packets': 104, 'largest': 256, 'bytes': 18319}})" ]
}

@test "--repeat and --cpus" {
    run ask '(r["runs"], number("COUNTS", 0))' "$misbehave" --prog classify --pcap "$CAPTURE" --repeat 50
    [ "$output" = "($((50 * 202)), $((50 * $(truth arp))))" ]
    run ask '(r["runs"], r["verdicts"]["pass"])' "$misbehave" --prog counts_with_lock --pcap "$CAPTURE" --repeat 20 --cpus 4
    [ "$output" = "(4040, 4040)" ]
    run ask 'maps["LOCKED"]["entries"][0]["formatted"]["value"]' "$misbehave" --prog counts_with_lock --pcap "$CAPTURE" --repeat 20 --cpus 4
    [ "$output" = "{'value': 4040, 'lock': {'val': 0}, 'reserved': 0}" ]
}

@test "a panic: message, place, stack trace, and the run goes on" {
    run --separate-stderr rexc run "$misbehave" --prog panics_on_arp --pcap "$CAPTURE" --json
    [ "$status" -eq 0 ]
    [[ "$output" == *'"verdicts":{"aborted":4,"pass":198},"panics":4,'* ]]
    [[ "$stderr" == *"warning[REX0920]: the program panicked at src/main.rs:88:5:
an ARP packet of 42 bytes"* ]]
    [[ "$stderr" == *"misbehave::panics_on_arp at src/main.rs:88"* ]]
    ends indexes_too_far panics "index out of bounds: the len is 46 but the index is 51"
}

@test "many panics are counted, not all printed" {
    run --separate-stderr rexc run "$misbehave" --prog indexes_too_far --pcap "$CAPTURE" --repeat 100 --json
    [ "$status" -eq 0 ]
    [[ "$output" == *'"panics":20200,'* ]]
    [ "$(grep -c 'REX0920' <<<"$stderr")" -eq 5 ]
    [[ "$stderr" == *"20195 more reports"* ]]
}

@test "endless loops are stopped: plain, in a copy, around imports" {
    ends loops timeouts "misbehave::loops at src/main.rs"
    ends copies_for_ever timeouts "misbehave::copies_for_ever at src/main.rs"
    ends asks_for_ever timeouts "misbehave::asks_for_ever at src/main.rs"
}

@test "panic messages that loop or panic are cut short" {
    ends panics_for_ever panics "this message never ends: 
(it ran out of time while formatting this message)"
    ends panics_twice panics "this message is a bomb: 
(it panicked again while formatting this message)"
}

# stops PROGRAM VERDICT OPTION...: each of four runs is stopped, in helpers and out of them, with the type's default
# verdict and nothing held; and so says `rexc run` with several CPUs, which wait for each other's locks in vain if one stays.
stops() {
    local program=$1 verdict=$2 cpus
    shift 2
    for cpus in 1 3; do
        run ask '(r["runs"], r["verdicts"], r["timeouts"] + r["panics"], r["leaks"] + r["faults"], maps["LOCKED"]["entries"][0]["formatted"]["value"]["lock"]["val"], [e for e in maps["RING"]["entries"] if e.get("state") != "discarded"])' \
            "$endless" --prog "$program" --timeout 20 --cpus "$cpus" "$@"
        [ "$output" = "(4, {'$verdict': 4}, 4, 0, 0, [])" ] || { echo "$program: $output"; return 1; }
    done
}

@test "endless loops of every type: default verdict, nothing held, in helpers, copies and messages" {
    echo '{"tasks": [{"pid": 7}], "events": [{"task": 7, "registers": {"rdi": 7, "rip": 9}, "fields": [3], "repeat": 2}, {"task": 7, "registers": {"rdi": 7, "rip": 9}, "fields": [3], "repeat": 2}]}' >c.json
    stops tc_with_lock ok --pcap "$FOUR"
    stops tc_in_helper ok --pcap "$FOUR"
    stops kprobe_with_task 0 --ctx c.json
    stops kprobe_in_helper 0 --ctx c.json
    stops tracepoint_with_record 0 --ctx c.json
    stops tracepoint_in_message 0 --ctx c.json
    stops perf_event_in_helper 0 --ctx c.json
    stops perf_event_with_lock 0 --ctx c.json
    run --separate-stderr rexc run "$endless" --prog tracepoint_in_message --ctx c.json --timeout 20
    [[ "$stderr" == *"endless: call 3
(it ran out of time while formatting this message)"* ]]
}

# panics_in OUT ARGUMENT...: writes the result to a file; the peak of resident memory in KiB.
panics_in() {
    local out=$1
    shift
    python3 -c 'import resource, subprocess, sys
subprocess.run(["rexc", "run", "--json", *sys.argv[1:]], stderr=subprocess.DEVNULL, stdout=sys.stderr, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@" 2>"$out"
}

@test "100,000 panics with a lock, and with a task, leak no memory" {
    local few many
    few=$(panics_in few.json "$misbehave" --prog panics_with_lock --pcap "$FOUR" --repeat 250)
    many=$(panics_in many.json "$misbehave" --prog panics_with_lock --pcap "$FOUR" --repeat 25000)
    echo "with a lock: $few KiB, then $many KiB"
    [ "$many" -lt $((few + 1024)) ]
    [[ "$(<many.json)" == *'"panics":100000,'*'"leaks":0,'* ]]
    echo '{"tasks": [{"pid": 7}], "events": [{"registers": {"rdi": 7}}]}' >c.json
    few=$(panics_in few.json "$events" --prog panics_with_task --ctx c.json --repeat 1000)
    many=$(panics_in many.json "$events" --prog panics_with_task --ctx c.json --repeat 100000)
    echo "with a task: $few KiB, then $many KiB"
    [ "$many" -lt $((few + 1024)) ]
    [[ "$(<many.json)" == *'"panics":100000,'*'"leaks":0,'* ]]
}

@test "what a stopped run holds is given back" {
    ends loops_with_lock timeouts "misbehave::loops_with_lock"
    ends panics_with_lock panics "index out of bounds"
    ends locks_twice panics "the lock cannot be taken: this run holds one already"
    run ask '[(maps["LOCKED"]["entries"][i]["formatted"]["value"]["lock"]["val"]) for i in (0, 1)]' "$misbehave" --prog panics_with_lock --pcap "$FOUR"
    [ "$output" = "[0, 0]" ]
    run ask '[e["state"] for e in maps["RING"]["entries"]]' "$misbehave" --prog panics_with_record --pcap "$FOUR"
    [ "$output" = "['discarded', 'discarded', 'discarded', 'discarded']" ]
}

@test "a record is still there for the panic's message, and is given back after it" {
    ends submits_in_message panics "the record is submitted"
    run ask '[e.get("state") for e in maps["RING"]["entries"]]' "$misbehave" --prog submits_in_message --pcap "$FOUR"
    [ "$output" = "[None, None, None, None]" ]
}

@test "recursion that is too deep is stopped by a check" {
    run --separate-stderr rexc run "$recursion" --pcap "$CAPTURE" --json
    [ "$status" -eq 0 ]
    [[ "$output" == *'"verdicts":{"aborted":4,"pass":198},"panics":0,"timeouts":0,"overflows":4,"faults":0,'* ]]
    [[ "$stderr" == *"REX0922"*"recursion::depth"* ]]
}

@test "--write: what goes on, as the program left it" {
    rexc run "$misbehave" --prog classify --pcap "$CAPTURE" --write passed.pcap --repeat 2
    run "$BATS_TEST_DIRNAME/../captures/count.sh" passed.pcap
    [[ "$output" == *"\"frames\": 198,"*"\"arp\": 0,"* ]]
    rexc run "$misbehave" --prog rewrites --pcap "$FOUR" --write changed.pcap
    run rexc run "$misbehave" --prog rewrites --pcap changed.pcap
    [[ "$output" =~ tx\ +4 ]]
    [ "$(tcpdump -e -n -r changed.pcap 2>/dev/null | grep -c '> ..:..:..:..:..:55,')" -eq 4 ]
    run rexc run "$misbehave" --prog classify --pcap "$CAPTURE" --write /nonexistent/out.pcap
    [ "$status" -eq 3 ]
    [[ "$output" == *"REX0004"* ]]
}

@test "verdicts without a name are shown as numbers" {
    run ask 'r["verdicts"]' "$misbehave" --prog strange_verdict --pcap "$FOUR"
    [ "$output" = "{'42': 4}" ]
}

@test "tc: VLAN tags are beside the data, clones are counted and written" {
    run --separate-stderr rexc run "$events" --prog no_vlan --pcap "$CAPTURE" --write out.pcap --json
    [ "$status" -eq 0 ]
    [[ "$output" == *"\"verdicts\":{\"ok\":172,\"shot\":$(truth vlan)}"*'"clones":4,'* ]]
    run "$BATS_TEST_DIRNAME/../captures/count.sh" out.pcap
    [[ "$output" == *"\"frames\": 176,"*"\"arp\": 8,"*"\"vlan\": 0,"* ]]
}

@test "a format that follows an address is refused but in tracing programs" {
    run ask 'r["verdicts"]' "$events" --prog formats_addresses --pcap "$FOUR"
    [ "$output" = "{'192': 4}" ] || { echo "$output"; false; }
    echo '{"events": [{}]}' >c.json
    run ask 'r["verdicts"]' "$events" --prog traces_addresses --ctx c.json
    [ "$output" = "{'255': 1}" ] || { echo "$output"; false; }
}

@test "tc: a header that cannot be made writable is an error where it was asked for, and a panic where not" {
    # 132 packets are IPv4, those with a VLAN tag included.
    run ask 'r["verdicts"]' "$events" --prog tries_under_lock --pcap "$CAPTURE"
    [ "$output" = "{'101': 132, '102': 70}" ] || { echo "$output"; false; }
    run ask '(r["panics"], r["verdicts"])' "$events" --prog writes_under_lock --pcap "$CAPTURE"
    [ "$output" = "(132, {'ok': 132, '102': 70})" ] || { echo "$output"; false; }
    run --separate-stderr rexc run "$events" --prog writes_under_lock --pcap "$CAPTURE"
    [[ "$stderr" == *"the packet cannot be made writable: error -16"* ]]
    run ask '(r["panics"], r["verdicts"])' "$events" --prog changes_headers --pcap "$CAPTURE"
    [ "$output" = "(0, {'reclassify': 132, '102': 70})" ] || { echo "$output"; false; }
}

@test "a system call's number is an int with garbage behind it in some kernels" {
    for number in 20000000:32 ffffffff:-1 00000080:-2147483648; do
        echo "{\"events\": [{\"record\": \"0000000000000000 ${number%:*} efbeadde 0000000000000000\"}]}" >c.json
        run ask 'r["verdicts"]' "$events" --prog number_of_call --ctx c.json
        [ "$output" = "{'${number#*:}': 1}" ] || { echo "$output"; false; }
    done
}

@test "kprobe, tracepoint and perf_event on a context file" {
    cat >c.json <<'END'
{"tasks": [{"pid": 1, "tgid": 10, "comm": "one"}, {"pid": 2}, {"pid": 3}, {"pid": 4}, {"pid": 5}],
 "memory": [{"address": "0xffff888000000000", "bytes": "0a000000 20000000"}],
 "events": [{"task": 1, "repeat": 3, "registers": {"rdi": 1}}, {"task": 2, "registers": {"rdi": 77}},
            {"task": 3, "registers": {"rdi": "0xffff888000000000"}}, {"task": 4}, {"task": 5}, {"task": 5}]}
END
    run ask '(r["verdicts"], [e["formatted"] for e in maps["CALLS"]["entries"]])' "$events" --prog count_calls --ctx c.json
    [ "$output" = "({'0': 6, '-7': 2}, [{'key': 1, 'value': 3}, {'key': 2, 'value': 1}, {'key': 3, 'value': 1}, {'key': 4, 'value': 1}])" ]
    run ask 'r["verdicts"]' "$events" --prog find_task --ctx c.json
    [ "$output" = "{'10': 3, '-1': 5}" ]
    run ask 'r["verdicts"]' "$events" --prog reads_memory --ctx c.json
    [ "$output" = "{'42': 1, '-14': 7}" ]
    run ask '(r["verdicts"], r["panics"], r["leaks"])' "$events" --prog panics_with_task --ctx c.json --repeat 100
    [ "$output" = "({'0': 800}, 800, 0)" ]
    echo '{"events": [{"period": 100, "addr": 20, "registers": {"rip": 3}}]}' >s.json
    run ask 'r["verdicts"]' "$events" --prog reads_sample --ctx s.json --repeat 3
    [ "$output" = "{'123': 3}" ]
    run ask 'r["verdicts"]' "$events" --prog reads_sample
    [ "$output" = "{'0': 1}" ]
}

@test "several programs in one run share the maps" {
    echo '{"events": [{"program": "count_calls", "repeat": 3}, {"program": "kprobe/sum"}, {"registers": {"rdi": 1}}]}' >c.json
    run ask '([p["program"] for p in r["programs"]], [p["runs"] for p in r["programs"]], r["program"], r["section"], r["runs"], r["verdicts"])' \
        "$events" --prog find_task --prog count_calls --ctx c.json
    [ "$output" = "(['find_task', 'count_calls'], [1, 4], 'find_task,count_calls', 'kprobe/find_task,kprobe/vfs_read', 5, {'-1': 1, '0': 4})" ]
    run rexc run "$events" --ctx c.json
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0901"*"events[2] of c.json does not say for which it is"* ]]
    sed -i 's/, {"registers.*}}/, {"program": "kprobe\/find_task", "registers": {"rdi": 1}}/' c.json
    run ask 'sorted((p["program"], p["runs"]) for p in r["programs"])' "$events" --ctx c.json
    [ "$output" = "[('count_calls', 3), ('find_task', 1), ('panics_with_task', 1), ('reads_memory', 1)]" ]
    run rexc run "$events" --ctx c.json
    [[ "$output" == *"program count_calls (kprobe/vfs_read): 3 runs"* ]]
    [[ "$output" == *"program panics_with_task (kprobe/find_task): 1 run
verdicts
  0                     1
besides
  panics                1"* ]]
    echo '{"events": [{"program": "vfs_read"}]}' >c.json
    run rexc run "$events" --ctx c.json --prog count_calls
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0908"*"events[0].program: $events has no program and no attach point vfs_read"* ]]
    # Packets: each program gets what was captured.
    run ask '[(p["program"], p["runs"], p["verdicts"]) for p in r["programs"]]' "$misbehave" --prog rewrites --prog classify --pcap "$FOUR"
    [ "$output" = "[('rewrites', 4, {'tx': 4}), ('classify', 4, {'pass': 4})]" ]
    run rexc run "$misbehave" --prog rewrites --prog classify --pcap "$FOUR" --write out.pcap
    [ "$status" -eq 2 ]
    run rexc run "$events" --prog no_vlan --prog find_task --pcap "$FOUR"
    [ "$status" -eq 2 ]
    run rexc run "$misbehave" --prog classify --prog classify --pcap "$FOUR"
    [ "$status" -eq 1 ]
}

@test "arrays: every element in JSON, rows of zeroes on a line of text" {
    run ask '(len(maps["LARGE"]["entries"]), maps["LARGE"].get("zero_entries"))' "$events" --prog marks_array
    [ "$output" = "(3, 1997)" ]
    run ask '(len(maps["LARGE"]["entries"]), number("LARGE", 1000), maps["LARGE"].get("zero_entries"))' "$events" --prog marks_array --map-dump
    [ "$output" = "(2000, 7, None)" ]
    run rexc run "$events" --prog marks_array --map-dump
    [[ "$output" == *"
    0..9: all zero
    10: 7
    11: 0
    12: 7
    13..999: all zero
    1000: 7
    1001..1999: all zero
"* ]] || { echo "$output"; false; }
    [[ "$output" == *"map PER_CPU (percpu_array, 1 entries at most)
    0: cpu 0: 0"* ]]
}

@test "printing, queues, stacks, per-CPU arrays and perf events" {
    echo '{"events": [{"fields": [0, 5], "repeat": 2}, {"fields": [1, 50], "repeat": 2}]}' >c.json
    run rexc run "$events" --prog sends_events --ctx c.json --cpus 2 --map-dump
    [ "$status" -eq 0 ]
    [ "$(grep -c 'bpf_trace_printk: \[events::sends_events\] system call [01]$' <<<"$output")" -eq 4 ]
    [[ "$output" == *"0: cpu 0: 2, cpu 1: 2"* ]]
    run ask '[[int.from_bytes(bytes.fromhex(e["value"]), "little") for e in maps[m]["entries"]] for m in ("QUEUE", "STACK", "EVENTS")]' \
        "$events" --prog sends_events --ctx c.json
    [ "$output" = "[[5, 5, 50], [50, 50, 5], [5, 5, 50, 50]]" ]
    run ask '[(v["cpu"], v["formatted"]) for v in maps["PER_CPU"]["entries"][0]["values"]]' "$events" --prog sends_events --ctx c.json --cpus 2
    [ "$output" = "[(0, 2), (1, 2)]" ]
}

@test "an object that is damaged or no object is refused" {
    run rexc run Cargo.toml --pcap "$CAPTURE"
    [ "$status" -eq 1 ]
    cp "$misbehave" damaged.rex
    printf '\x06' | dd of=damaged.rex bs=1 seek=8192 conv=notrunc status=none
    run rexc run damaged.rex --prog classify --pcap "$CAPTURE"
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX07"* ]]
    [[ "$output" != *"verdicts"* ]]
    head -c 5000 "$misbehave" >cut.rex
    run rexc run cut.rex --prog classify --pcap "$CAPTURE"
    [ "$status" -eq 1 ]
    run rexc run "$misbehave" --allow-unverified --pcap "$CAPTURE"
    [ "$status" -eq 2 ]
}

@test "inputs that are missing, wrong or damaged" {
    run rexc run "$misbehave" --pcap "$CAPTURE"
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0901"*"--prog takes one or more of: "*"classify"* ]]
    run rexc run "$misbehave" --prog nothing --pcap "$CAPTURE"
    [ "$status" -eq 1 ]
    run rexc run "$misbehave" --prog classify
    [ "$status" -eq 2 ]
    [[ "$output" == *"REX0905"*"--pcap"* ]]
    run rexc run "$misbehave" --prog classify --ctx x.json
    [ "$status" -eq 2 ]
    run rexc run "$events" --prog find_task --pcap "$CAPTURE"
    [ "$status" -eq 2 ]
    run rexc run "$misbehave" --prog classify --pcap /nonexistent
    [ "$status" -eq 1 ]
    head -c 20000 "$CAPTURE" >cut.pcap
    run rexc run "$misbehave" --prog classify --pcap cut.pcap
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0906"*"cut.pcap: packet "*" cannot be read"* ]]
    [[ "$output" != *"verdicts"* ]]
    python3 -c 'import sys; b = bytearray(open(sys.argv[1], "rb").read()); b[20] = 113; open("sll.pcap", "wb").write(b)' "$CAPTURE"
    run rexc run "$misbehave" --prog classify --pcap sll.pcap
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0907"*"LINUX_SLL"* ]]
    echo '{"events": [{"registers": {"edi": 1}}]}' >c.json
    run rexc run "$events" --prog find_task --ctx c.json
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0908"*"events[0].registers.edi"* ]]
    # What no program that the event is for looks at would be zeroes without a word.
    echo '{"events": [{}, {"fields": [1], "program": "find_task"}]}' >c.json
    run rexc run "$events" --ctx c.json --prog find_task
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0908"*"events[1]: fields are for tracepoint programs, and this event is for none"* ]]
}

@test "a context from a pipe" {
    run rexc run "$events" --prog find_task --json --ctx <(echo '{"events": [{"repeat": 3}]}')
    [ "$status" -eq 0 ]
    [[ "$output" == *'"runs":3,'* ]]
    run rexc run "$events" --prog find_task --ctx <(head -c 70000000 /dev/zero)
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0003"*"over the limit of 67108864 bytes"* ]]
}

@test "a capture of interfaces that differ" {
    python3 - <<'END'
import struct
def block(kind, body):
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
with open("two.pcapng", "wb") as file:
    file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
    file.write(block(1, struct.pack("<HHI", 1, 0, 0)) + block(1, struct.pack("<HHI", 113, 0, 0)))
    file.write(block(6, struct.pack("<IIIII", 0, 0, 1, 60, 60) + bytes(60)))
END
    run rexc run "$misbehave" --prog classify --pcap two.pcapng
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0906"*"packet 1 cannot be read"*"captures of their own"* ]]
}

@test "wrong usage" {
    for arguments in "" "$misbehave $misbehave" "$misbehave --timeout 0" "$misbehave --timeout 60001" "$misbehave --repeat -1" \
        "$misbehave --repeat 1x" "$misbehave --cpus 65" "$misbehave --pcap" \
        "$misbehave --pcap a --pcap b" "$misbehave --write a --write b" "$misbehave --ctx a --ctx b"; do
        # shellcheck disable=SC2086 # words
        run rexc run $arguments
        [ "$status" -eq 2 ]
    done
}

@test "local variables have addresses of their own at every level" {
    for level in 0 1 2 3; do
        rexc -O$level "$BATS_TEST_DIRNAME/addresses.rs" -o "addresses$level.rex"
        run rexc run "addresses$level.rex" --pcap "$FOUR" --json
        [ "$status" -eq 0 ]
        [[ "$output" == *'"runs":4,"verdicts":{"aborted":4},'*'"faults":0'* ]]
    done
}

@test "under AddressSanitizer: panics, timeouts and maps leak nothing" {
    [ -x "$REXC_ASAN_BUILD/bin/rexc" ] || skip "there is no build with AddressSanitizer"
    for program in classify panics_on_arp panics_for_ever panics_twice loops_with_lock panics_with_record; do
        run "$REXC_ASAN_BUILD/bin/rexc" run "$misbehave" --prog "$program" --pcap "$FOUR" --timeout 20 --json
        [ "$status" -eq 0 ]
        [[ "$output" != *"Sanitizer"* ]]
    done
    run "$REXC_ASAN_BUILD/bin/rexc" run "$events" --prog no_vlan --pcap "$CAPTURE" --write out.pcap --cpus 3 --map-dump
    [ "$status" -eq 0 ]
}
