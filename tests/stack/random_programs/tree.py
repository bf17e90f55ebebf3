# SPDX-License-Identifier: Apache-2.0
"""Random programs as trees, so that parts of one can be left out and the rest still compiles.

Every function begins with the declaration of its variables and ends with its result; what lies between is a
list of statements, each of which compiles without the others. What a statement declares lives within it.
"""

import copy
import dataclasses


@dataclasses.dataclass
class Statement:
    """Text, then bodies with text after each: an if has two bodies, a call has none."""

    text: str
    bodies: list = dataclasses.field(default_factory=list)  # of (list of Statement, text after it)
    needs: frozenset = frozenset()  # names of the items that the text mentions

    def render(self, indent):
        lines = [indent + line for line in self.text.split("\n")]
        for body, after in self.bodies:
            for statement in body:
                lines += statement.render(indent + "    ")
            lines += [indent + line for line in after.split("\n")]
        return lines


@dataclasses.dataclass
class Item:
    """A function, an implementation, a table: head, statements, tail."""

    name: str
    head: str
    body: list
    tail: str
    needs: frozenset = frozenset()  # what head and tail mention
    essential: bool = False

    def render(self, indent):
        lines = [indent + line for line in self.head.split("\n")]
        for statement in self.body:
            lines += statement.render(indent + "    ")
        return lines + [indent + line for line in self.tail.split("\n")]


@dataclasses.dataclass
class Program:
    seed: int
    profile: str
    items: list

    @property
    def name(self):
        return f"prog{self.seed}"

    def render(self):
        lines = [f"mod {self.name} {{", "    #![allow(unused, unconditional_recursion, unconditional_panic)]", "    use super::*;"]
        for item in self.items:
            lines += ["", *item.render("    ")]
        return "\n".join([*lines, "}", ""])

    def copy(self):
        return copy.deepcopy(self)


PRELUDE = """// SPDX-License-Identifier: Apache-2.0
//! Random programs: SEEDS
#![no_std]
#![no_main]
#![allow(unused, nonstandard_style, clippy::all)]
use core::cell::RefCell;
use core::fmt::{self, Write};
use core::hint::black_box;
use rex::map::*;
use rex::xdp::*;
use rex::{Result, rex_map, rex_printk, rex_xdp};

"""


def crate(programs):
    seeds = ", ".join(f"{program.profile} {program.seed}" for program in programs)
    return PRELUDE.replace("SEEDS", seeds) + "\n".join(program.render() for program in programs)


def statements(body):
    """Every (list, index) of a statement in a body, outermost and last first."""
    for index in reversed(range(len(body))):
        yield body, index
        for inner, _ in body[index].bodies:
            yield from statements(inner)


def without(program, name):
    """The program without an item and without whatever mentions it."""
    program = program.copy()
    gone = {name}
    while gone:
        program.items = [item for item in program.items if item.name not in gone]
        kept = {item.name for item in program.items}
        for item in program.items:
            drop_mentions(item.body, gone)
        dangling = {item.name for item in program.items if item.needs & gone}
        if any(item.essential for item in program.items if item.name in dangling):
            return None
        gone = dangling & kept
    return program


def drop_mentions(body, gone):
    body[:] = [statement for statement in body if not statement.needs & gone]
    for statement in body:
        for inner, _ in statement.bodies:
            drop_mentions(inner, gone)
