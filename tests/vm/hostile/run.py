#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile input for the kernel: mutated objects, signed with a trusted key, through the module's loader and through the
rules of `rexc verify`; and random sequences of ioctl calls.

What the kernel takes, rexc verify has to take, but for what the kernel leaves to the signer: rules about what instructions
mean (LEFT_TO_SIGNER). Any splat, hang or leak of the kernel's fails.
"""
import argparse
import collections
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from harness import kernels, machine, module, splat  # noqa: E402  pylint: disable=wrong-import-position

# The kernel decodes no instructions; and .BTF it reads when a loader passes it with BPF_BTF_LOAD, apart from the object.
LEFT_TO_SIGNER = {
    "decode", "padding", "branch-targets", "indirect-branches", "kcfi-checks", "returns", "instructions", "stack-pointer",
    "gs-accesses", "slots", "memory", "traps", "fall-through", "addresses", "endbr", "kcfi-ids", "import-types",
    "stack-bounds", "return-sites", "btf",
}
CASES_A_MACHINE = 2500


def build_guest(temporary, name):
    program = pathlib.Path(temporary) / name
    done = subprocess.run(["cc", "-static", "-O2", "-Wall", "-Wextra", "-pthread", f"-I{module.ROOT}", "-o", str(program),
                           str(HERE / f"{name}.c")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    if done.returncode != 0:
        raise module.BuildFailed(done.stdout)
    return program


def make_cases(arguments, first, count, cases):
    """What rexc verify says of each case: its number and the rules that it breaks, none when it is good."""
    made = subprocess.run([str(arguments.build / "tests/vm/hostile/hostile_make_cases"), arguments.key, arguments.cert,
                           str(first), str(count), str(cases), *arguments.objects],
                          stdout=subprocess.PIPE, check=True, text=True).stdout
    verdicts = {}
    for line in made.splitlines():
        number, *rules = line.split()
        verdicts[int(number)] = set() if rules == ["ok"] else set(rules)
    return verdicts


def run_machine(arguments, kernel, files, commands, timeout):
    request = machine.Request(kernel=kernel, commands=commands, memory=512, timeout=timeout, trust=(arguments.cert,),
                              files=tuple(files), build=arguments.build)
    # On a busy host a processor of the machine may wait for its turn long enough for the kernel to call that a lockup. One
    # that did so before the module was there says nothing about the module.
    for _ in range(3):
        result = machine.run(request)
        before_module = result.console.partition("rex: ")[0]
        if result.status != machine.SPLAT or not splat.splats(before_module):
            break
        print(f"{kernel}: the machine stalled while it booted; once more", flush=True)
    if result.status != 0:
        said = "\n".join(result.output.splitlines()[-30:])
        raise SystemExit(f"{kernel}: status {result.status}\n{machine.describe(request)}\n{said}\n{result.explain()}")
    return result


# What the last process held is given back a moment after it has ended.
REMOVE = "{ rmmod rex 2>/dev/null || { sleep 5; rmmod rex; }; }"


def load_cases(arguments, kernel, temporary, program, cases):
    names = [f"base{number}.rex" for number in range(len(arguments.objects))]
    files = [(program, "/root/load_cases"), (cases, "/root/cases")]
    files += [(source, f"/root/{name}") for source, name in zip(arguments.objects, names)]
    bases = " ".join(names)
    # Slab and vmalloc memory before and after: what a refused object leaves behind adds up.
    commands = (f"load_cases cases 0 2 {bases} >/tmp/0 & load_cases cases 1 2 {bases} >/tmp/1; first=$?; wait $! && "
                f"[ $first = 0 ] && cat /tmp/0 /tmp/1 && {REMOVE} && echo removed")
    result = run_machine(arguments, kernel, files, commands, arguments.timeout)
    lines = result.output.splitlines()
    if lines.count("done") != 2 or "removed" not in lines:
        raise SystemExit(f"{kernel}: the loader did not end:\n{result.output}")
    loaded = {int(line.split()[1]) for line in lines if line.startswith("loaded ")}
    reasons = collections.Counter()
    for line in lines:
        if line.startswith("refused "):
            _, count, reason = line.split(" ", 2)
            reasons[reason] += int(count)
    return loaded, reasons


def compare(kernel, verdicts, loaded, say):
    """Whether the kernel took nothing that breaks a rule which it answers for."""
    wrong = {number: verdicts[number] - LEFT_TO_SIGNER for number in loaded if verdicts[number] - LEFT_TO_SIGNER}
    for number, rules in sorted(wrong.items())[:50]:
        say(f"{kernel}: case {number} was loaded, and breaks {' '.join(sorted(rules))}")
    return len(wrong)


def objects(arguments, kernel, temporary, program):
    totals = collections.Counter()
    reasons = collections.Counter()
    for first in range(arguments.first, arguments.first + arguments.count, CASES_A_MACHINE):
        count = min(CASES_A_MACHINE, arguments.first + arguments.count - first)
        cases = pathlib.Path(temporary) / "cases"
        verdicts = make_cases(arguments, first, count, cases)
        loaded, refusals = load_cases(arguments, kernel, temporary, program, cases)
        reasons.update(refusals)
        totals["cases"] += count
        totals["good"] += sum(not rules for rules in verdicts.values())
        totals["loaded"] += len(loaded)
        totals["left to the signer"] += sum(bool(verdicts[number]) for number in loaded)
        totals["refused though good"] += sum(not rules and number not in loaded for number, rules in verdicts.items())
        totals["wrong"] += compare(kernel, verdicts, loaded, print)
        print(f"{kernel}: " + ", ".join(f"{value} {name}" for name, value in totals.items()), flush=True)
    print(f"{kernel}: refused: " + ", ".join(f"{count} {reason}" for reason, count in reasons.most_common()))
    return totals["wrong"] == 0


def ioctls(arguments, kernel, program):
    files = [(program, "/root/random_ioctls"), (arguments.objects[0], "/root/base.rex")]
    commands = f"random_ioctls {arguments.seed} {arguments.ioctls} base.rex && {REMOVE} && echo removed"
    result = run_machine(arguments, kernel, files, commands, arguments.timeout)
    print(f"{kernel}: {result.output.strip()}".replace("\n", f"\n{kernel}: "), flush=True)
    return result.output.splitlines()[-1:] == ["removed"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", choices=kernels.SERIES, action="append", help="only on this one")
    parser.add_argument("--build", type=pathlib.Path, default=machine.default_build(), help="build directory of rexc")
    parser.add_argument("--key", required=True, help="of the signer")
    parser.add_argument("--cert", required=True, help="of the signer, which the module is to trust")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first case: it decides what is changed")
    parser.add_argument("--count", type=int, default=400, metavar="N", help="mutated objects (400)")
    parser.add_argument("--ioctls", type=int, default=20000, metavar="N", help="random calls (20000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the random calls")
    parser.add_argument("--timeout", type=float, default=900, metavar="S", help="seconds until a machine counts as hung (900)")
    parser.add_argument("objects", nargs="+", metavar="BASE.rex", help="signed objects to begin with")
    arguments = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(prefix="rexc-hostile-") as temporary:
        loader = build_guest(temporary, "load_cases")
        caller = build_guest(temporary, "random_ioctls")
        for kernel in arguments.kernel or kernels.SERIES:
            if arguments.count:
                good = objects(arguments, kernel, temporary, loader) and good
            if arguments.ioctls:
                good = ioctls(arguments, kernel, caller) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
