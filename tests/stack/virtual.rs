// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Virtual calls by slot: methods of one trait with the same parameters, which call each other; traits with two
//! supertraits; methods as function pointers. Each program passes the packet when it computed what it should.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::xdp::*;
use rex::{Result, rex_xdp};

fn verdict(good: bool) -> Result {
    Ok(if good { XDP_PASS } else { XDP_DROP } as i32)
}

// `depth` calls `value`, and `value` calls nothing: no recursion, though both have one type.
trait Node {
    fn depth(&self, n: u32) -> u32;
    fn value(&self, n: u32) -> u32;
}

struct Leaf(u32);
struct Branch<'a>(&'a dyn Node);

impl Node for Leaf {
    #[inline(never)]
    fn depth(&self, n: u32) -> u32 {
        n + self.0
    }
    #[inline(never)]
    fn value(&self, n: u32) -> u32 {
        n * self.0
    }
}

impl Node for Branch<'_> {
    #[inline(never)]
    fn depth(&self, n: u32) -> u32 {
        self.0.value(n) + 1
    }
    #[inline(never)]
    fn value(&self, n: u32) -> u32 {
        n + 100
    }
}

#[rex_xdp]
fn slots(_: &xdp, _: &mut xdp_md) -> Result {
    let leaf = Leaf(black_box(7));
    let branch = Branch(black_box(&leaf));
    let nodes: [&dyn Node; 2] = black_box([&leaf, &branch]);
    let sum: u32 = nodes.iter().map(|node| node.depth(10) * 1000 + node.value(20)).sum();
    verdict(sum == 17_000 + 140 + 71_000 + 120)
}

trait Name {
    fn name(&self, n: u64) -> u64;
}

trait Size {
    fn size(&self, n: u64) -> u64;
    fn weight(&self, n: u64) -> u64 {
        self.size(n) * 10
    }
}

trait Thing: Name + Size {
    fn thing(&self, n: u64) -> u64;
}

struct Stone(u64);

impl Name for Stone {
    fn name(&self, n: u64) -> u64 {
        n + self.0
    }
}

impl Size for Stone {
    fn size(&self, n: u64) -> u64 {
        n + self.0 * 2
    }
}

impl Thing for Stone {
    fn thing(&self, n: u64) -> u64 {
        n + self.0 * 3
    }
}

// A method of the second supertrait is at one slot of its own table and at another of the whole trait's.
#[rex_xdp]
fn supertraits(_: &xdp, _: &mut xdp_md) -> Result {
    let thing: &dyn Thing = black_box(&Stone(5));
    let name: &dyn Name = black_box(thing);
    let size: &dyn Size = black_box(thing);
    let whole = thing.name(1) + thing.size(2) * 100 + thing.thing(3) * 10_000 + thing.weight(1) * 1_000_000;
    let parts = name.name(1) + size.size(2) * 100 + size.weight(1) * 1_000_000;
    verdict(whole == 6 + 1_200 + 180_000 + 110_000_000 && parts == 6 + 1_200 + 110_000_000)
}

trait Step {
    fn up(&self, n: i32) -> i32;
    fn down(&self, n: i32) -> i32;
}

struct By(i32);

impl Step for By {
    fn up(&self, n: i32) -> i32 {
        n + self.0
    }
    fn down(&self, n: i32) -> i32 {
        n - self.0
    }
}

// Pointers to methods beside virtual calls of them.
#[rex_xdp]
fn pointers(_: &xdp, _: &mut xdp_md) -> Result {
    let by: &dyn Step = black_box(&By(3));
    let concrete: &[fn(&By, i32) -> i32; 2] = black_box(&[By::up, <By as Step>::down]);
    let sum: i32 = concrete.iter().map(|step| step(black_box(&By(1)), 7)).sum();
    verdict(sum == 8 + 6 && by.up(1) == 4 && by.down(1) == -2)
}

// The table is known where it is called through, so its slot is a constant expression, without optimisation too.
#[rex_xdp]
fn known(_: &xdp, _: &mut xdp_md) -> Result {
    let by = By(black_box(3));
    let step: &dyn Step = &by;
    verdict(step.up(1) == 4 && (&by as &dyn Step).down(1) == -2)
}

// The only one that comes back from `go` is in a table to which nothing refers that is called.
trait Way {
    fn go(&self) -> u32;
    #[allow(dead_code)]
    fn next(&self) -> &dyn Way;
}

struct Blind(u32);
struct Open(u32);

impl Way for Blind {
    fn go(&self) -> u32 {
        panic!("no way: {}", self.0)
    }
    #[inline(never)]
    fn next(&self) -> &dyn Way {
        &Open(3)
    }
}

impl Way for Open {
    fn go(&self) -> u32 {
        self.0
    }
    fn next(&self) -> &dyn Way {
        self
    }
}

#[inline(never)]
fn large(n: u32) -> u32 {
    black_box([n; 200])[(n % 200) as usize]
}

#[inline(never)]
fn went(way: &dyn Way) -> u32 {
    large(way.go())
}

#[rex_xdp]
fn blind(_: &xdp, _: &mut xdp_md) -> Result {
    let way: &dyn Way = black_box(&Blind(1));
    verdict(black_box(true) || went(way) == 3)
}
