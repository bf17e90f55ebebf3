#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs in NMIs: those by which one CPU asks the others for their registers (sysrq l). They come while CPU 1 runs an XDP
# program, most of the time. Whether the program runs there is a parameter of the module; when not, it is skipped and counted.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
expected=$(cat /sys/module/rex/parameters/run_in_nmi)

# asked MEMBER MORE: CPU 1 has been asked, and that has been counted more often than so.
asked()
{
    taskset -c 0 sh -c 'echo l >/proc/sysrq-trigger'
    [ "$(count asked "$1")" -gt "$2" ]
}

check "nmi: load" rexc load vm_nmi.rex --attach busy=lo:generic --attach asked
taskset -c 1 ping -q -i 0.01 -W 0.1 127.0.0.1 >/dev/null &
pings=$!
case $expected in
Y)
    check "nmi: the program runs" soon asked runs 0
    check "nmi: in the middle of another, on a stack of its own" soon asked nested 2
    # A breakpoint is no NMI: what an idle CPU says of itself comes otherwise.
    check "nmi: on CPU 1" between 1 1000000 "$(value $pins/vm_nmi/ASKED 1 4)"
    check "nmi: none was skipped" equal 0 "$(count asked skipped)"
    ;;
*)
    check "nmi: the program is skipped and counted" soon asked skipped 2
    check "nmi: it has not run" equal "0 0" "$(count asked runs) $(value $pins/vm_nmi/ASKED 1 4)"
    ;;
esac
check "nmi: the other has ended at its time, over and over" between 2 1000000 "$(count busy timeouts)"
kill $pings
check "nmi: unload" rexc unload vm_nmi
finish nmi.sh
