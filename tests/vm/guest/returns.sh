#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Returns are in their places what the kernel's own are on this machine; and a note that says wrongly where they are is refused.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
# The kernel's thunk is known since the module was loaded.
echo 'p:lookup kallsyms_lookup_name' >>$trace/kprobe_events
echo 1 >$trace/events/kprobes/lookup/enable
check "load" rexc load vm_recursion.rex --attach vm_recursion
echo 0 >$trace/events/kprobes/lookup/enable
lookups=$(awk '$1 == "lookup" { print $2 }' $trace/kprobe_profile)
check "no symbol is looked up for each return: $lookups for $(wc -l <vm_recursion.returns)" [ "$lookups" -lt "$(wc -l <vm_recursion.returns)" ]
echo '-:lookup' >>$trace/kprobe_events
./returns vm_recursion.returns >/tmp/returns
check "the kernel's return and all of the object's can be read" equal "$(wc -l <vm_recursion.returns)" "$(wc -l </tmp/returns)"
check "they are all the same: $(head -n 1 /tmp/returns)" equal 1 "$(sort -u /tmp/returns | wc -l)"
set_word $pins/vm_recursion/DEPTH 0 20 8
./dup >/dev/null
check "recursion comes back through them" equal 1 "$(value $pins/vm_recursion/BOTTOM 0 4)"
check "unload" rexc unload vm_recursion
for forged in moved jump outside; do
    check "a forged table of returns is refused: $forged" refused "where no jump to __x86_return_thunk is" rexc load returns-$forged.rex
done
check "nothing of them is left" equal "" "$(rexc list)"
finish returns.sh
