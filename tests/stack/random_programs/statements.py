# SPDX-License-Identifier: Apache-2.0
"""The statements of random functions. Each works on `s` (the input), and on `a`, `b` and `c`, which are u64."""

from tree import Statement

ARITHMETIC = [
    "a = a.wrapping_mul(0x9e37_79b9).wrapping_add(b);",
    "b ^= a.rotate_right(11);",
    "c = c.wrapping_add(s.take());",
    "a = a.wrapping_sub(c) ^ (b >> 5);",
    "b = b.swap_bytes() | 1;",
    "a ^= u64::from(b.count_ones() * c.leading_zeros());",
    "c = a / (b | 1) + a % (c | 3);",
    "if a > b {\n    core::mem::swap(&mut a, &mut b);\n}",
    "a ^= (i64::from(b as i32) >> 3) as u64;",
    "c = c.saturating_mul(3).min(a.max(b));",
]

WIDE = [
    "a ^= (u128::from(a).wrapping_mul(u128::from(b) << 40) >> 33) as u64;",
    "a ^= ((u128::from(a) << 64 | u128::from(c)) / (u128::from(b) << 9 | 1)) as u64;",
    "b ^= ((u128::from(b) << 50) % (u128::from(c) << 3 | 5)) as u64;",
    "c ^= (((i128::from(a as i64) << 40) / (i128::from(b as i32) | 1)) >> 2) as u64;",
    "a = ((u128::from(a) << (b & 63)) >> (c & 31)) as u64;",
]

SORTS = ["list.sort_unstable();", "list.sort_unstable_by(|x, y| y.cmp(x));", "list.reverse();", "list.rotate_left(3);",
         "b ^= list.binary_search(&a).unwrap_or_else(|at| at) as u64;", "list.sort_unstable_by_key(|x| x ^ 0x55);"]

# What panics, with the chance decided by the input. {v} is a small number.
PANICS = [
    'if s.take() & 15 == {v} {{\n    panic!("explicit");\n}}',
    'if s.take() & 15 == {v} {{\n    panic!("{{}} and {{:x}}", a, b);\n}}',
    'if s.take() & 15 == {v} {{\n    panic!("{{:+#b}} {{:>50}}", a, u128::from(a) << 70);\n}}',
    "a = a / s.take();",
    "b = b % (s.take() & 7);",
    "a ^= u64::from([1u32, 2, 3, 4, 5, 6, 7, 8, 9][(s.take() & 15) as usize]);",
    "a = a.wrapping_add((s.take() & 31).checked_sub({v}).unwrap());",
    "{{\n    let list = [a, b, c, 1, 2];\n    let low = (s.take() & 3) as usize;\n    let high = (s.take() & 7) as usize;\n    a ^= list[low..high].iter().sum::<u64>() & 1;\n}}",
    'assert!(s.take() & 31 != {v}, "a is {{a}}");',
    "if s.take() & 15 == {v} {{\n    unreachable!();\n}}",
    "{{\n    let cell = RefCell::new(a);\n    let held = (s.take() & 15 == {v}).then(|| cell.borrow_mut());\n    a ^= *black_box(&cell).borrow();\n    drop(held);\n}}",
    "c ^= u64::from(s.take().ilog2());",
    "{{\n    let mut list = [a, b, c];\n    list.swap(1, (s.take() & 3) as usize);\n    a ^= list[1];\n}}",
    "{{\n    let list = [a; 4];\n    let mut to = [b; 4];\n    to[..(s.take() & 7) as usize].copy_from_slice(&list[1..]);\n    a ^= to[2];\n}}",
    "a ^= [a, b, c].chunks((s.take() & 3) as usize).count() as u64;",
    'let _ = core::result::Result::<u64, i32>::Err(s.take() as i32 & 7).or_else(|e| if e == {v} {{ Err(e) }} else {{ Ok(a) }}).unwrap();',
    "b = b.wrapping_add(1 << s.take().checked_rem(s.take()).unwrap_or(0) % 64);",
    "a ^= (a as i64).rem_euclid((s.take() & 15) as i64) as u64;",
]

# Their messages show values whose Debug calls that of others.
DEBUG_PANICS = [
    'if s.take() & 15 == {v} {{\n    panic!("{{:?}}", (a, c as u8, "text"));\n}}',
    'b ^= u64::from(u8::try_from(s.take() << 1).expect("small"));',
    "assert_eq!(s.take() & 31 == {v}, false);",
]

FORMATS = ["{a}", "{:x}", "{:>12}", "{:#010x}", "{:?}", "{b} {c:o}", "{:<5}|", "{a:?} {b:#b}"]
FORMAT_ARGUMENTS = {
    "plain": ["a", "c as i8", "b as u16"],
    "simple": ["u128::from(a) << 70", "a > b", "'x'", "c as i64"],
    "debug": ["[a as u8, 2]", "(a, b as i32)", "Some(a & 3)", '"text"', "&[a, b][..]",
              "core::result::Result::<u8, u64>::Err(a)", "u128::from(a) << 70"],
}


def body(generator, depth):
    return [statement(generator, depth) for _ in range(generator.random.randrange(1, 5 if depth == 2 else 3))]


def statement(generator, depth):
    makers = [arithmetic] * 3 + [call] * 6 + [array] * 3 + [wide, leave, table]
    if generator.panics:
        makers += [panics] * 3 + [through_table] * 2 + [through_trait] * 2 + [taker] * 3 + [formatted, sorts, shown_panic, use_map]
    if depth > 0:
        makers += [branch] * 2 + [loop, choice, block]
        if any(kind == "ringbuf" for _, kind in generator.maps):
            makers += [record]
    return generator.pick(makers)(generator, depth)


def arithmetic(generator, _):
    return Statement(generator.pick(ARITHMETIC))


def wide(generator, _):
    return Statement(generator.pick(WIDE))


def call(generator, _):
    others = [f for f in generator.functions if not f.kind.startswith("taker") and generator.may_call(f)]
    return generator.call(generator.pick(others)) if others else Statement(generator.pick(ARITHMETIC))


def array(generator, _):
    size = generator.pick([4, 8, 8, 16, 16, 32, 32, 64, 128] + ([256] if generator.chance(10) else []))
    if generator.chance(12):
        return Statement("{\n    let mut list = Aligned([a; 8]);\n    black_box(&mut list);\n    a ^= list.0[3];\n}", needs=frozenset(["Aligned"]))
    kind = generator.pick(["u64", "u64", "u32", "u8"])
    fill = generator.pick(["", "    list[(b as usize) & MASK] = c as KIND;\n", "    for one in &mut list {\n        *one ^= s.take() as KIND;\n    }\n"])
    text = f"{{\n    let mut list = [a as KIND; {size}];\n{fill}    black_box(&mut list);\n    a ^= list[(c as usize) & MASK] as u64;\n}}"
    return Statement(text.replace("MASK", str(size - 1)).replace("KIND", kind))


def table(generator, _):
    """Iterators and small closures that the compiler sees through, or not."""
    return Statement(generator.pick([
        "b ^= [a, b, c].iter().map(|x| x.wrapping_mul(3)).filter(|x| x & 1 == 0).fold(7, |x, y| x ^ y);",
        "c = (0..(a & 15)).zip(1..).map(|(x, y)| x ^ y).sum::<u64>();",
        "a ^= s.bytes.iter().take(9).map(|x| u64::from(*x)).max().unwrap_or(1);",
        "a ^= s.bytes.windows(3).filter(|w| w[0] < w[2]).count() as u64;",
    ]))


def leave(generator, _):
    if generator.kind == "array" or not hasattr(generator, "early"):
        return Statement(generator.pick(ARITHMETIC))
    return Statement(f"if s.take() & 31 == {generator.random.randrange(32)} {{\n    return {generator.early};\n}}",
                     needs=frozenset(["Big"] if generator.kind == "big" else []))


def panics(generator, _):
    choices = PANICS + (DEBUG_PANICS * 2 if generator.debugging else [])
    return Statement(generator.pick(choices).format(v=generator.random.randrange(1, 4)))


def shown_panic(generator, depth):
    """A panic whose message shows a type of the author's."""
    value = generator.random.randrange(16)
    if generator.displays and generator.chance(70):
        name = generator.pick(generator.displays)
        return Statement(f'if s.take() & 15 == {value} {{\n    panic!("shown: {{}}", {name}(a));\n}}', needs=frozenset([name]))
    if generator.debugs:
        name = generator.pick(generator.debugs)
        return Statement(f'if s.take() & 15 == {value} {{\n    panic!("{{:?}}", make_{name}(a));\n}}', needs=frozenset([name]))
    return panics(generator, depth)


def through_table(generator, depth):
    tables = [t for t in generator.tables if generator.reaches(t[2])]
    if not tables:
        return call(generator, depth)
    name, members, _ = generator.pick(tables)
    return Statement(f"a ^= {name}[(s.take() % {len(members)}) as usize](s, b);", needs=frozenset([name]))


def through_trait(generator, depth):
    traits = [t for t in generator.traits if generator.reaches(t[2])]
    if not traits:
        return call(generator, depth)
    name = generator.pick(traits)[0]
    method = generator.pick(["go", "go", "more"])
    return Statement(f"{{\n    let which = s.take();\n    a ^= pick_{name}(which).{method}(s, a);\n}}", needs=frozenset([f"pick_{name}", name]))


def taker(generator, depth):
    takers = [f for f in generator.functions if f.kind.startswith("taker") and generator.may_call(f)]
    if not takers:
        return through_table(generator, depth)
    function = generator.pick(takers)
    if function.kind == "taker_mut":
        return Statement(f"{{\n    let mut sum = c;\n    a ^= {function.name}(s, &mut |y| {{\n        sum = sum.wrapping_add(y);\n        sum ^ b\n    }}, b);\n    c ^= sum;\n}}",
                         needs=frozenset([function.name]))
    closure, needs = generator.closure()
    reference = "&" if function.kind == "taker" else ""
    return Statement(f"a ^= {function.name}(s, {reference}{closure}, b);", needs=frozenset([function.name, *needs]))


def formatted(generator, _):
    form = generator.pick(FORMATS)
    arguments = ""
    needs = {"Sink"}
    if "{:" in form or form == "{:?}":
        argument = generator.pick(FORMAT_ARGUMENTS["plain"])
        if form == "{:?}":
            argument = generator.pick(FORMAT_ARGUMENTS["debug" if generator.debugging else "simple"])
            if generator.debugs and generator.chance(50):
                name = generator.pick(generator.debugs)
                argument = f"make_{name}(a)"
                needs.add(name)
        arguments = ", " + argument
    if generator.displays and generator.chance(40):
        name = generator.pick(generator.displays)
        form, arguments = "{}", f", {name}(b)"
        needs.add(name)
    if generator.chance(20):
        return Statement(f'let _ = rex_printk!("{form}"{arguments});', needs=frozenset(needs - {"Sink"}))
    return Statement(f'{{\n    let mut sink = Sink(c);\n    let _ = write!(sink, "{form}"{arguments});\n    a ^= sink.0;\n}}', needs=frozenset(needs))


def sorts(generator, depth):
    # Sorting recurses, so it is for programs that may.
    if not generator.recursive:
        return array(generator, depth)
    size = generator.pick([6, 16, 24, 40])
    return Statement(f"{{\n    let mut list = [0u64; {size}];\n    for one in &mut list {{\n        *one = s.take();\n    }}\n    {generator.pick(SORTS)}\n    a ^= list[2];\n}}")


def use_map(generator, depth):
    maps = [m for m in generator.maps if m[1] != "ringbuf"]
    if not maps:
        return panics(generator, depth)
    name, kind = generator.pick(maps)
    key = {"hash": "u64", "array": "u32"}[kind]
    return Statement(generator.pick([
        f"let _ = {name}.insert(&((a & 15) as {key}), &b);",
        f"if let Some(value) = {name}.get(&((b & 15) as {key})) {{\n    a ^= value;\n}}",
        f"{{\n    let key = (c & 15) as {key};\n    if let Some(value) = {name}.get_mut(&key) {{\n        *value ^= a;\n    }}\n}}",
    ]), needs=frozenset([name]))


# With bodies.
def branch(generator, depth):
    condition = generator.pick(["s.take() & 1 == 0", "a & 4 == 0", "s.take() > 100", "b > c", "s.take() & 7 == 3"])
    if generator.chance(40):
        return Statement(f"if {condition} {{", [(body(generator, depth - 1), "}")])
    return Statement(f"if {condition} {{", [(body(generator, depth - 1), "} else {"), (body(generator, depth - 1), "}")])


def loop(generator, depth):
    if generator.chance(50):
        return Statement("for i in 0..(s.take() & 3) {\n    c ^= i;", [(body(generator, depth - 1), "}")])
    return Statement("while s.take() & 3 == 1 && s.spend() {", [(body(generator, depth - 1), "}")])


def choice(generator, depth):
    count = generator.random.randrange(2, 5)
    bodies = []
    for number in range(count):
        after = f"}}\n{number + 1} => {{" if number + 2 < count else "}\n_ => {" if number + 1 < count else "}\n}"
        bodies.append((body(generator, depth - 1), after))
    return Statement(f"match s.take() & 3 {{\n0 => {{", bodies)


def block(generator, depth):
    size = generator.pick([4, 16, 48])
    return Statement(f"{{\n    let mut list = [a; {size}];\n    black_box(&mut list);", [(body(generator, depth - 1), "    a ^= list[1];\n}")])


def record(generator, depth):
    name = generator.pick([name for name, kind in generator.maps if kind == "ringbuf"])
    return Statement(f"if let Some(record) = {name}.reserve(16) {{", [(body(generator, depth - 1), "    record.submit(0);\n}")], frozenset([name]))
