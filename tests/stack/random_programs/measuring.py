# SPDX-License-Identifier: Apache-2.0
"""Builds random programs, several to an object, and has `measure` run them."""

import json
import os
import re
import subprocess

from tree import crate

# Refused because it needs too much stack, which random programs may: no failure of the analysis.
TOO_DEEP = {"REX0600", "REX0612"}
# What the compiler refuses is a mistake of the generator.
NOT_COMPILED = {"REX0400"}


class BadProgram(Exception):
    """The generator wrote what does not compile."""


class Bench:
    """Where programs are built and measured. options are those of `measure`."""

    def __init__(self, directory, measure, rexc="rexc", options=()):
        self.directory = directory
        self.measure_path = measure
        self.rexc = rexc
        self.options = list(options)

    def build(self, programs, name):
        """The object's path, or None and what rexc said."""
        source = os.path.join(self.directory, name + ".rs")
        target = os.path.join(self.directory, name + ".rex")
        with open(source, "w", encoding="utf-8") as file:
            file.write(crate(programs))
        command = [self.rexc, source, "-o", target, "--license", "GPL-2.0-only", "--no-sign"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        return (target, "") if done.returncode == 0 else (None, done.stdout + done.stderr)

    def build_all(self, programs, name):
        """Objects that together have every program that is not refused, and [(program, codes, text)] of the others."""
        target, said = self.build(programs, name)
        if target:
            return [target], []
        if len(programs) == 1:
            codes = set(re.findall(r"error\[(REX\d+)\]", said))
            if codes & NOT_COMPILED or not codes:
                raise BadProgram(f"{programs[0].profile} {programs[0].seed}:\n{said[:3000]}")
            return [], [(programs[0], codes, said)]
        half = len(programs) // 2
        first, refused_first = self.build_all(programs[:half], name + "a")
        second, refused_second = self.build_all(programs[half:], name + "b")
        return first + second, refused_first + refused_second

    def measure(self, target, *options):
        """One dictionary for each program of the object."""
        command = [self.measure_path, target, *self.options, *map(str, options)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout[-500:]}\n{done.stderr[-2000:]}")
        return [json.loads(line) for line in done.stdout.splitlines()]


def wrong(results):
    """Lines about everything that was found wrong."""
    return [f"{result['program']}: {one['what']}: {one['found']}, at most {one['allowed']} allowed (bound {result['bound']})"
            for result in results for one in result["wrong"]]
