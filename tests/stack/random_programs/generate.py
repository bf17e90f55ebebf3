#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random programs within the safe subset. The same seed and profile give the same program.

usage: generate.py PROFILE SEED... > FILE.rs

Profiles:
  plain      calls and frames of every shape; nothing that panics, no calls through pointers, no formatting
  ordinary   with panics, trait objects, function pointers, closures, formatting of numbers and text, maps
  debug      with derive(Debug) and Display by write! as well: core's own recursion
  recursive  and functions of every kind call each other in circles, and sort
"""

import random
import sys

import statements
from tree import Item, Program, Statement, crate

INPUT_SIZE = 192

STATE = """pub struct S {
    bytes: [u8; INPUT],
    at: usize,
    fuel: u32,
}
impl S {
    #[inline]
    fn take(&mut self) -> u64 {
        let byte = self.bytes[self.at % INPUT];
        self.at = self.at.wrapping_add(1);
        u64::from(byte)
    }
    #[inline]
    fn spend(&mut self) -> bool {
        let left = self.fuel != 0;
        self.fuel = self.fuel.saturating_sub(1);
        left
    }
}""".replace("INPUT", str(INPUT_SIZE))

SINK = """pub struct Sink(u64);
impl Write for Sink {
    INLINE
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = self.0.rotate_left(5) ^ u64::from(byte);
        }
        Ok(())
    }
}"""

SHAPES = """pub trait Shape: Copy {
    fn weight(&self) -> u64;
}
impl Shape for u8 {
    fn weight(&self) -> u64 { u64::from(*self) }
}
impl Shape for u128 {
    fn weight(&self) -> u64 { (*self >> 7) as u64 }
}
impl Shape for [u64; 5] {
    fn weight(&self) -> u64 { self.iter().fold(0, |sum, one| sum ^ one) }
}
impl Shape for (u64, [u32; 9]) {
    fn weight(&self) -> u64 { self.0 ^ u64::from(self.1[3]) }
}"""

SHAPE_VALUES = ["(VALUE) as u8", "u128::from(VALUE) * 3", "[VALUE; 5]", "(VALUE, [7u32; 9])"]

ALIGNED = """#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Aligned([u64; 8]);"""

BIG = """#[derive(Clone, Copy)]
pub struct Big([u64; SIZE]);"""


class Function:
    """A function that others may call."""

    def __init__(self, name, kind, size, rank):
        self.name = name
        self.kind = kind
        self.size = size  # of its array
        self.rank = rank  # calls go to higher ranks, where nothing recurses


class Generator:
    KINDS = {
        "plain": ["plain"] * 4 + ["many", "array", "wide", "slice", "result", "option", "generic", "big"],
        "ordinary": ["plain"] * 3 + ["many", "array", "wide", "slice", "result", "option", "generic", "big", "taker",
                                     "taker_mut", "taker_static"],
    }
    KINDS["debug"] = KINDS["recursive"] = KINDS["ordinary"]

    def __init__(self, profile, seed):
        self.profile = profile
        self.seed = seed
        self.random = random.Random(f"{profile} {seed}")
        self.items = []
        self.functions = []
        self.tables = []  # (name, length, lowest rank)
        self.traits = []  # (name, length, lowest rank)
        self.displays = []  # names of types with Display
        self.debugs = []  # of derive(Debug)
        self.maps = []
        self.rank = 0  # of the function that is being written
        self.kind = "plain"
        self.names = 0

    # Choices.
    def chance(self, percent):
        return self.random.randrange(100) < percent

    def pick(self, choices):
        return self.random.choice(choices)

    def fresh(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    @property
    def recursive(self):
        return self.profile == "recursive"

    @property
    def debugging(self):
        return self.profile in ("debug", "recursive")

    @property
    def panics(self):
        return self.profile != "plain"

    def reaches(self, rank):
        """Whether the function that is being written may call one of that rank."""
        return rank > self.rank or (self.recursive and rank >= 0 and self.chance(60))

    # Items.
    def item(self, name, head, body=(), tail="", needs=(), essential=False):
        self.items.append(Item(name, head, list(body), tail, frozenset(needs), essential))

    def attribute(self):
        return self.pick(["#[inline(never)]\n"] * 6 + ["#[inline]\n", "#[inline(always)]\n", "#[cold]\n#[inline(never)]\n", ""])

    def plan(self):
        """Decides what there is, so that bodies can mention any of it."""
        count = self.random.randrange(3, 11)
        for number in range(count):
            kind = "plain" if number == 0 else self.pick(self.KINDS[self.profile])
            size = self.pick([2, 4, 4, 8, 8, 16, 16, 32, 64])
            self.functions.append(Function(f"f{number}", kind, size, number))
        if self.profile == "plain":
            return
        plain = [f for f in self.functions[1:] if f.kind == "plain"]
        for number in range(self.random.randrange(0, 3)):
            members = self.random.sample(plain, min(len(plain), self.random.randrange(1, 4)))
            if members:
                self.tables.append((f"TABLE{number}", [m.name for m in members], min(m.rank for m in members)))
        for number in range(self.random.randrange(0, 3)):
            rank = self.random.randrange(1, count + 1)
            self.traits.append((f"T{number}", self.random.randrange(1, 4), rank))
        if self.debugging:
            for number in range(self.random.randrange(0, 3)):
                self.debugs.append(f"G{number}")
            for number in range(self.random.randrange(0, 4)):
                self.displays.append(f"D{number}")
        for number in range(self.random.randrange(0, 3)):
            self.maps.append((f"M{number}_{self.seed}", self.pick(["hash", "array", "ringbuf"])))

    def program(self):
        self.plan()
        self.item("S", STATE, essential=True)
        if self.profile != "plain":
            self.item("Sink", SINK.replace("INLINE", self.pick(["#[inline(never)]", "#[inline]"])))
        if any(f.kind == "generic" for f in self.functions):
            self.item("Shape", SHAPES)
        self.item("Aligned", ALIGNED)
        self.big = self.pick([3, 12, 40])
        self.item("Big", BIG.replace("SIZE", str(self.big)))
        self.write_entry()
        for function in self.functions:
            self.write_function(function)
        for name, members, _ in self.tables:
            self.item(name, f"static {name}: [fn(&mut S, u64) -> u64; {len(members)}] = [{', '.join(members)}];",
                      needs=members)
        for trait in self.traits:
            self.write_trait(*trait)
        for name in self.debugs:
            self.write_debug(name)
        for number, name in enumerate(self.displays):
            self.write_display(number, name)
        for name, kind in self.maps:
            made = {"hash": "RexHashMap<u64, u64> = RexHashMap::new(64, 0)",
                    "array": "RexArrayMap<u64> = RexArrayMap::new(16, 0)",
                    "ringbuf": "RexRingBuf = RexRingBuf::new(4096, 0)"}[kind]
            self.item(name, f"#[rex_map]\nstatic {name}: {made};")
        return Program(self.seed, self.profile, self.items)

    def write_entry(self):
        # How many calls a run may make in all.
        fuel = self.pick(["u32::from(bytes[0])", "u32::from(bytes[0]) * 3" if self.recursive else "u32::from(bytes[0] / 2)"])
        name = f"prog{self.seed}"
        self.item("entry", f"""#[rex_xdp]
fn {name}(_: &xdp, ctx: &mut xdp_md) -> Result {{
    let mut bytes = [0u8; {INPUT_SIZE}];
    for (to, from) in bytes.iter_mut().zip(ctx.data_slice.iter()) {{
        *to = *from;
    }}
    let mut state = S {{ bytes, at: 1, fuel: {fuel} }};
    let s = &mut state;
    let mut a = s.take();
    let b = a >> 1;
    let c = 1u64;""", self.entry_body(), """    Ok(if a & 1 == 0 { XDP_PASS } else { XDP_DROP } as i32)
}""", essential=True)

    def entry_body(self):
        self.rank = -1
        self.kind = "entry"
        return [self.call(self.functions[0]), *[self.some_call() for _ in range(self.random.randrange(0, 3))]]

    def call(self, function):
        return Statement(self.call_text(function), needs=self.call_needs(function))

    def some_call(self):
        callable_ones = [f for f in self.functions if self.may_call(f)]
        return self.call(self.pick(callable_ones)) if callable_ones else Statement("a = a.wrapping_add(1);")

    def may_call(self, function):
        # Instances of generic functions must not multiply without end; and the entry has no closures.
        if self.kind in ("taker_static", "generic", "entry") and function.kind in ("taker_static", "taker", "taker_mut"):
            return False
        return self.reaches(function.rank)

    def call_needs(self, function):
        return frozenset([function.name] + (["Shape"] if function.kind == "generic" else [])
                         + (["Big"] if function.kind == "big" else []))

    def closure(self):
        """A closure of the type that takers want, and what it mentions."""
        plain = [f for f in self.functions if f.kind == "plain" and self.reaches(f.rank)]
        if plain and self.chance(70):
            inner = self.pick(plain)
            return f"|s: &mut S, y: u64| {inner.name}(s, y ^ c).rotate_left(3)", {inner.name}
        return "|s: &mut S, y: u64| y.wrapping_mul(b | 1) ^ s.take()", set()

    def call_text(self, function):
        value = self.pick(["a", "b ^ a", "c.wrapping_add(a)", "a >> 1"])
        name = function.name
        if function.kind == "plain":
            return f"a ^= {name}(s, {value});"
        if function.kind == "many":
            return f"a = {name}(s, a, b, c, {value}, a ^ b, b ^ c, a | c, 7);"
        if function.kind == "array":
            return f"a ^= {name}(s, [{value}; {function.size}])[{self.random.randrange(function.size)}];"
        if function.kind == "wide":
            return f"a ^= {name}(s, u128::from({value}) << 31) as u64;"
        if function.kind == "slice":
            return f"{{\n    let list = [a, b, c, {value}];\n    a ^= {name}(s, &list[..]);\n}}"
        if function.kind == "result":
            if self.kind == "result" and self.chance(50):
                return f"a ^= {name}(s, {value})?;"
            return f"match {name}(s, {value}) {{\n    Ok(good) => a ^= good,\n    Err(bad) => a = a.wrapping_sub(u64::from(bad)),\n}}"
        if function.kind == "option":
            if self.kind == "option" and self.chance(50):
                return f"a ^= {name}(s, {value})?;"
            return f"if let Some(some) = {name}(s, {value}) {{\n    a = a.wrapping_add(some);\n}}"
        if function.kind == "generic":
            return f"a ^= {name}(s, {self.pick(SHAPE_VALUES).replace('VALUE', value)});"
        if function.kind == "big":
            return f"a ^= {name}(s, {value}).0[1];"
        raise AssertionError(function.kind)

    SIGNATURES = {
        "plain": ("(s: &mut S, x: u64) -> u64", "x", "x", "a ^ b.rotate_left(9) ^ c"),
        "many": ("(s: &mut S, x: u64, p: u64, q: u64, r: u64, t: u64, u: u64, v: u64, w: u64) -> u64",
                 "x ^ w.rotate_left(3) ^ v", "p ^ q ^ r ^ t ^ u", "a.wrapping_sub(b) ^ c ^ w"),
        "array": ("(s: &mut S, x: [u64; SIZE]) -> [u64; SIZE]", "x[0]", "x", "{\n        let mut y = x;\n        y[0] = a ^ b;\n        y[1] = c;\n        y\n    }"),
        "wide": ("(s: &mut S, x: u128) -> u128", "(x >> 3) as u64", "x", "x.wrapping_mul(u128::from(a)) ^ u128::from(b ^ c)"),
        "slice": ("(s: &mut S, x: &[u64]) -> u64", "x.first().copied().unwrap_or(1)", "0", "a ^ b ^ c ^ x.len() as u64"),
        "result": ("(s: &mut S, x: u64) -> core::result::Result<u64, u32>", "x", "Ok(x)", "if a & 3 == 2 { Err((b ^ c) as u32) } else { Ok(a ^ b) }"),
        "option": ("(s: &mut S, x: u64) -> Option<u64>", "x", "None", "(a & 7 != 5).then_some(a ^ b ^ c)"),
        "generic": ("<T: Shape>(s: &mut S, x: T) -> u64", "x.weight()", "1", "a ^ b ^ c ^ black_box(x).weight()"),
        "big": ("(s: &mut S, x: u64) -> Big", "x", "Big([x; BIG])", "{\n        let mut y = Big([a; BIG]);\n        y.0[1] = b ^ c;\n        y\n    }"),
        "taker": ("(s: &mut S, g: &dyn Fn(&mut S, u64) -> u64, x: u64) -> u64", "x", "x", "a ^ b ^ c"),
        "taker_mut": ("(s: &mut S, g: &mut dyn FnMut(u64) -> u64, x: u64) -> u64", "x", "x", "g(a ^ b ^ c)"),
        "taker_static": ("<F: Fn(&mut S, u64) -> u64>(s: &mut S, g: F, x: u64) -> u64", "x", "x", "g(s, a ^ b ^ c)"),
    }
    EARLY = {"many": "p ^ q ^ r ^ t ^ u", "slice": "0", "result": "Ok(x)", "option": "None", "generic": "1"}

    def write_function(self, function):
        self.rank = function.rank
        self.kind = function.kind
        self.function = function
        signature, begin, early, result = (
            text.replace("SIZE", str(function.size)).replace("BIG", str(self.big)) for text in self.SIGNATURES[function.kind])
        if function.kind == "plain" and self.chance(25):  # a call in tail position
            targets = [f for f in self.functions if f.kind == "plain" and self.reaches(f.rank)]
            if targets:
                result = f"{self.pick(targets).name}(s, a ^ b ^ c)"
        self.early = early
        head = f"""{self.attribute()}fn {function.name}{signature} {{
    if !s.spend() {{
        return {early};
    }}
    let mut a = {begin};
    let mut b = a.rotate_left({self.random.randrange(1, 60)});
    let mut c = {self.random.randrange(1 << 16)}u64;"""
        body = statements.body(self, 2)
        if function.kind in ("taker", "taker_static"):
            body.insert(self.random.randrange(len(body) + 1), Statement("b ^= g(s, a);"))
        if function.kind == "taker_mut":
            body.insert(self.random.randrange(len(body) + 1), Statement("b ^= g(a);"))
        needs = [f.name for f in self.functions if f"{f.name}(" in result]
        needs += {"generic": ["Shape"], "big": ["Big"]}.get(function.kind, [])
        self.item(function.name, head, body, f"    {result}\n}}", needs)

    def write_trait(self, name, members, rank):
        self.kind = "plain"
        self.early = "x"
        self.item(name, f"""pub trait {name} {{
    fn go(&self, s: &mut S, x: u64) -> u64;
    fn more(&self, s: &mut S, x: u64) -> u64 {{
        self.go(s, x ^ 1).wrapping_add(2)
    }}
}}""")
        for number in range(members):
            self.rank = rank
            self.item(f"{name}{number}", f"""pub struct {name}Of{number}(u64);
impl {name} for {name}Of{number} {{
fn go(&self, s: &mut S, x: u64) -> u64 {{
    if !s.spend() {{
        return x;
    }}
    let mut a = x ^ self.0;
    let mut b = x.rotate_left(7);
    let mut c = {self.random.randrange(1 << 16)}u64;""", statements.body(self, 2), "    a ^ b ^ c\n}\n}", needs=[name])
        arms = "".join(f"        {n} => &{name}Of{n}({self.random.randrange(99)}),\n" for n in range(1, members))
        self.item(f"pick_{name}", f"""{self.attribute()}fn pick_{name}(x: u64) -> &'static dyn {name} {{
    match x % {members} {{
{arms}        _ => &{name}Of0(5),
    }}
}}""", needs=[name, *[f"{name}{n}" for n in range(members)]])

    def write_debug(self, name):
        inner = self.pick(["u64", "[u8; 3]", "Option<u32>", "(i8, bool)", "&'static str"])
        value = {"u64": "x", "[u8; 3]": "[x as u8; 3]", "Option<u32>": "(x & 1 == 0).then_some(x as u32)",
                 "(i8, bool)": "(x as i8, x & 2 == 0)", "&'static str": '"text"'}[inner]
        self.item(name, f"""#[derive(Debug, Clone, Copy, PartialEq)]
pub enum {name} {{
    Empty,
    One({inner}),
    Named {{ first: u64, second: {inner} }},
}}
fn make_{name}(x: u64) -> {name} {{
    match x % 3 {{
        0 => {name}::Empty,
        1 => {name}::One({value}),
        _ => {name}::Named {{ first: x, second: {value} }},
    }}
}}""")

    def write_display(self, number, name):
        """Display with write!; a type shows the next, itself, or one before it."""
        others = self.displays if self.chance(40) else self.displays[number + 1:]
        other = self.pick(others) if others else None
        pieces = []
        for _ in range(self.random.randrange(1, 4)):
            pieces.append(self.pick(['write!(f, "<{}>", self.0)?;', 'write!(f, "{:#x}", self.0 >> 3)?;', 'f.write_str("text")?;',
                                     'f.pad("padded")?;', 'write!(f, "{:>12}", self.0 as i8)?;',
                                     'f.debug_list().entries([self.0, 1]).finish()?;']))
        if self.chance(20):
            pieces.append('if self.0 & 15 == 9 {\n            panic!("in Display");\n        }')
        needs = []
        if other:
            pieces.insert(self.random.randrange(len(pieces) + 1),
                          f'if self.0 > 3 {{\n            write!(f, "({{}})", {other}(self.0 >> 2))?;\n        }}')
            needs.append(other)
        lines = "\n        ".join(pieces)
        self.item(name, f"""#[derive(Clone, Copy)]
pub struct {name}(u64);
impl fmt::Display for {name} {{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{
        {lines}
        Ok(())
    }}
}}""", needs=[n for n in needs if n != name])


def generate(profile, seed):
    return Generator(profile, seed).program()


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in Generator.KINDS:
        sys.exit(__doc__)
    print(crate([generate(sys.argv[1], int(seed)) for seed in sys.argv[2:]]), end="")


if __name__ == "__main__":
    main()
