// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A table of functions, and one of their type that no reachable code refers to: forged.py puts it into the table.
#![no_std]
#![no_main]
#![allow(dead_code)]
use core::hint::black_box;
use rex::xdp::*;
use rex::{Result, rex_xdp};

type Step = fn(u32) -> u32;

#[inline(never)]
fn double(value: u32) -> u32 {
    black_box(value) * 2
}

#[inline(never)]
fn triple(value: u32) -> u32 {
    black_box(value) * 3
}

/// Deeper than the members of the table: its address is taken where control never comes.
#[inline(never)]
fn outsider(value: u32) -> u32 {
    let many = black_box([value; 256]);
    many[value as usize % 256] + 1000
}

trait Shape {
    fn sides(&self) -> u32;
    fn never_called(&self, unused: i64) -> Step;
}

struct Square;

impl Shape for Square {
    fn sides(&self) -> u32 {
        black_box(4)
    }
    fn never_called(&self, unused: i64) -> Step {
        black_box(unused);
        black_box(outsider as Step)
    }
}

static TABLE: [Step; 3] = [double, triple, triple];

#[rex_xdp]
fn forge(_: &xdp, ctx: &mut xdp_md) -> Result {
    let shape: &dyn Shape = black_box(&Square);
    let table = black_box(&TABLE);
    let length = ctx.data_slice.len();
    Ok(table[length % 3](shape.sides()) as i32)
}
