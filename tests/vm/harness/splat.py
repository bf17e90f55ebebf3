# SPDX-License-Identifier: Apache-2.0
"""Tells from a kernel's log whether the kernel complained about itself."""
import re

# What the kernel prints for an oops, a warning, a bug, a lock-order or locking complaint, a stall, corrupted memory. What it
# says about crashed user processes ("segfault at", "traps: name[pid] general protection fault ip:") is not among them.
PATTERNS = (
    r"\bBUG: ",
    r"\bBUG \S+ .*: ",  # slub: BUG kmalloc-64 (Tainted: ...): Poison overwritten
    r"kernel BUG at ",
    r"\bWARNING: ",
    r"\bOops\b",
    r"\[#\d+\]",  # the count that every die() prints
    r"general protection fault[,:]",
    r"Kernel panic",
    r"double fault",
    r"INFO: (?:task .* blocked for more|lockdep|possible|trying to register)",
    r"INFO: rcu\S* (?:self-)?detected",
    r"rcu: .*detected (?:expedited )?stalls?",
    r"soft lockup",
    r"hard LOCKUP",
    r"inconsistent lock state",
    r"suspicious RCU usage",
    r"scheduling while atomic",
    r"sleeping function called from invalid context",
    r"unchecked MSR access",
    r"Bad page state",
    r"list_(?:add|del) corruption",
    r"refcount_t: ",
    r"UBSAN: ",
    r"KASAN: ",
    r"unregister_netdevice: waiting for",
    r"kmemleak: \d+ new suspected",
    r"NMI received for unknown reason",
)
SPLAT = re.compile("|".join(PATTERNS))


def splats(log, expected=()):
    """The lines of a log that begin a splat, but for those that match one of the expected expressions."""
    allowed = [re.compile(expression) for expression in expected]
    return [line for line in log.splitlines()
            if SPLAT.search(line) and not any(expression.search(line) for expression in allowed)]
