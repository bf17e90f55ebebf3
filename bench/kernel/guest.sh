# SPDX-License-Identifier: Apache-2.0
# In the machine: loads both objects and prints "KIND PROGRAM DEPTH INSTRUCTIONS" for runs of their programs.
# shellcheck shell=sh
set -e
pins=/sys/fs/bpf
runs=20000
head -c 64 /dev/zero >packet

# The kernel's own average of all runs, in nanoseconds: one for each instruction.
measure()
{
    bpftool prog run pinned "$1" data_in packet repeat "$runs" | sed -n 's/.*duration (average): \([0-9]*\)ns.*/\1/p'
}

# bpftool wants numbers byte by byte.
bpftool prog loadall twin.bpf.o $pins/ebpf pinmaps $pins/ebpf_maps
rexc load bench_kernel.rex --pin $pins/rex
for maps in ebpf_maps rex; do
    bpftool map update pinned $pins/$maps/HASH key 1 0 0 0 value 0 0 0 0 0 0 0 0
done
for kind in ebpf rex; do
    for program in empty array hash lock; do
        echo "$kind $program 0 $(measure $pins/$kind/$program)"
    done
    maps=$pins/$kind
    [ $kind = rex ] || maps=$pins/ebpf_maps
    for depth in 1 2 4 8 16 32; do
        bpftool map update pinned $maps/DEPTH key 0 0 0 0 value $depth 0 0 0
        echo "$kind recursion $depth $(measure $pins/$kind/recursion)"
    done
done
rm -r $pins/rex $pins/ebpf $pins/ebpf_maps
rexc unload bench_kernel 2>/dev/null || true
for round in 1 2 3; do
    echo "ebpf load $round $(./clocked bpftool prog loadall twin.bpf.o $pins/e$round)"
    echo "rex load $round $(./clocked rexc load bench_kernel.rex --pin $pins/r$round)"
done
