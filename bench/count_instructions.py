#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions that a program runs per packet: `rexc run`, stepped through one instruction at a time whenever it is
inside the object. Counters of the processor are not available in most virtual machines, and would count the runtime
as well. usage: count_instructions.py REXC OBJECT CAPTURE"""
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

TRACEME, PEEKTEXT, POKETEXT, CONT, SINGLESTEP, GETREGS, SETREGS, SETOPTIONS = 0, 1, 4, 7, 9, 12, 13, 0x4200
TRACECLONE, EXITKILL = 0x8, 0x100000
WALL = 0x40000000  # threads too
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es "
         "fs gs").split()

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


def ptrace(request, thread, address=0, data=0):
    ctypes.set_errno(0)
    result = libc.ptrace(request, thread, address, data)
    if ctypes.get_errno():
        raise OSError(ctypes.get_errno(), f"ptrace({request})")
    return result


def symbol(path, name):
    for line in subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout.splitlines():
        fields = line.split()
        if fields[-1] == name:
            return int(fields[0], 16)
    sys.exit(f"{path} has no symbol {name}: count with an unstripped build")


class Tracer:
    """A breakpoint where the runtime calls into the object (runtime/user/stack_call.S), then steps until it is back."""

    def __init__(self, command):
        self.child = os.fork()
        if self.child == 0:
            ptrace(TRACEME, 0)
            os.execv(command[0], command)
        os.waitpid(self.child, 0)
        ptrace(SETOPTIONS, self.child, 0, TRACECLONE | EXITKILL)
        # The first mapping of the executable is where its addresses begin.
        maps = pathlib.Path(f"/proc/{self.child}/maps").read_text()
        base = int(maps.split("-", 1)[0], 16)
        self.enter = base + symbol(command[0], "stack_call")
        self.back = base + symbol(command[0], "stack_return")
        self.original = ptrace(PEEKTEXT, self.child, self.enter)
        self.set_breakpoint(self.child, True)
        self.inside = 0  # instructions of the object
        self.text = None  # its executable memory
        self.exit_status = None

    def set_breakpoint(self, thread, on):
        word = (self.original & ~0xFF) | 0xCC if on else self.original
        ptrace(POKETEXT, thread, self.enter, word & (2**64 - 1))

    def wait(self, thread):
        """The signal that stopped the thread, 0 for an event, or None when it has ended."""
        pid, status = os.waitpid(thread, WALL)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if pid == self.child:
                self.exit_status = os.waitstatus_to_exitcode(status)
            return pid, None
        return pid, 0 if status >> 16 else os.WSTOPSIG(status)

    def find_text(self, thread):
        """Executable memory that belongs to no file."""
        lines = pathlib.Path(f"/proc/{thread}/maps").read_text().splitlines()
        ranges = [line.split() for line in lines]
        return [tuple(int(end, 16) for end in r[0].split("-")) for r in ranges if "x" in r[1] and len(r) == 5]

    def step_through(self, thread):
        """From the breakpoint until the program has returned."""
        registers = Registers()
        here = ctypes.addressof(registers)
        ptrace(GETREGS, thread, 0, here)
        registers.rip = self.enter
        ptrace(SETREGS, thread, 0, here)
        self.set_breakpoint(thread, False)
        self.text = self.text or self.find_text(thread)
        forward = 0
        while True:
            ptrace(SINGLESTEP, thread, 0, forward)
            _, stopped = self.wait(thread)
            if stopped is None:
                sys.exit("the runtime ended inside the program")
            forward = stopped if stopped != signal.SIGTRAP else 0
            ptrace(GETREGS, thread, 0, here)
            if registers.rip == self.back:
                break
            self.inside += any(low <= registers.rip < high for low, high in self.text)
        self.set_breakpoint(thread, True)

    def run(self):
        ptrace(CONT, self.child)
        while self.exit_status is None:
            thread, stopped = self.wait(-1)
            if stopped is None:
                continue
            if stopped == signal.SIGTRAP:
                registers = Registers()
                ptrace(GETREGS, thread, 0, ctypes.addressof(registers))
                if registers.rip == self.enter + 1:
                    self.step_through(thread)
            # A new thread's first stop is for the tracer; what else stops it is its own business.
            own = stopped if stopped not in (0, signal.SIGTRAP, signal.SIGSTOP) else 0
            ptrace(CONT, thread, 0, own)


def count(rexc, program, capture):
    """(instructions, runs, what the run said)"""
    with tempfile.TemporaryDirectory() as directory:
        said = pathlib.Path(directory) / "said"
        saved, output = os.dup(1), os.open(said, os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        try:
            # A step takes microseconds: the watchdog must not see it.
            tracer = Tracer([rexc, "run", program, "--pcap", capture, "--json", "--timeout", "60000"])
        finally:
            os.dup2(saved, 1)
            os.close(saved)
            os.close(output)
        tracer.run()
        if tracer.exit_status:
            sys.exit(f"{program}: rexc run ended with {tracer.exit_status}")
        result = json.loads(said.read_text())
        return tracer.inside, result["runs"], result


if __name__ == "__main__":
    instructions, runs, _ = count(*sys.argv[1:4])
    print(f"{instructions} instructions, {runs} runs, {instructions / runs:.2f} a run")
