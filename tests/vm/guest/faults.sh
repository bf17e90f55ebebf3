#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Objects with an instruction that faults, which only a hole in the toolchain could bring about. The module takes them
# because it was told to take unsigned objects, and said what that means.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh

check "unsigned objects are announced" logged "rex: allow_unsigned=1: objects are loaded without a trusted signature"
check "and taint the kernel" test $(($(cat /proc/sys/kernel/tainted) & 64)) != 0
# The last two write to what is read-only once everything is in it.
for fault in divide opcode protection breakpoint page code definition; do
    check "$fault: load" rexc load fault-$fault.rex --pin /sys/fs/bpf/fault --attach vm_fault
    check "$fault: the call goes on" ./dup
    check "$fault: counted" between 1 1 "$(count vm_fault faults)"
    case $fault in
    divide) text="divide error" ;;
    opcode) text="invalid opcode" ;;
    protection) text="general protection fault" ;;
    breakpoint) text="breakpoint" ;;
    page | code | definition) text="page fault" ;;
    esac
    check "$fault: reported as what it is" soon logged "rex:   $text"
    quarantined()
    {
        equal quarantined "$(count vm_fault state)"
    }
    check "$fault: the object is out of service" soon quarantined
    ./dup >/dev/null
    check "$fault: and does not run again" equal 1 "$(count vm_fault runs)"
    check "$fault: the lock is free" equal 1 "$(./locked /sys/fs/bpf/fault/LOCKED)"
    check "$fault: unload" rexc unload vm_fault
done
check "an object whose signature is nobody's" rexc load unsigned.rex
check "unload it" rexc unload vm_xdp
finish faults.sh
