// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! LLVM believes that the addresses of two local variables differ, also when the one is gone before the other begins
//! (rust-lang/rust issue 107975). In one place they would make a number that is zero and not zero: a value of any
//! type in safe code. The verdict says how many pairs were in one place.
#![no_std]
#![no_main]

use core::hash::{Hash, Hasher};
use core::hint::black_box;
use core::num::NonZeroUsize;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, Ordering};
use rex::xdp::*;
use rex::{Result, rex_xdp};

#[inline(never)]
fn touch(bytes: &[u8; 64]) -> u8 {
    black_box(bytes[3])
}

/// The last number that it was given.
struct Last(usize);

impl Hasher for Last {
    fn finish(&self) -> u64 {
        self.0 as u64
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_usize(&mut self, number: usize) {
        self.0 = number;
    }
}

fn hashed(pointer: *const [u8; 64]) -> usize {
    let mut last = Last(0);
    pointer.hash(&mut last);
    last.0
}

/// Where an argument is, of a function that becomes part of its caller.
#[inline(always)]
fn passed(bytes: [u8; 64]) -> usize {
    touch(&bytes);
    (&raw const bytes).addr()
}

/// What must not be: a number that is 0, and of a type that has no 0.
pub enum Value<'a> {
    Number(NonZeroUsize, u64),
    Reference(&'a u64),
}

#[inline(never)]
fn read(value: &Value) -> u64 {
    match value {
        Value::Number(_, number) => *number,
        Value::Reference(reference) => **reference,
    }
}

#[inline(never)]
fn make<'a>(number: NonZeroUsize) -> Value<'a> {
    Value::Number(number, 0x4141_4141_4141)
}

/// Adds one when the variables lie in one place; else `read`s, and the number must not have been 0.
macro_rules! compare {
    ($together:ident, $byte:expr, $($pointer:ident => $number:expr;)*) => {
        $({
            let first: usize = {
                let bytes = [$byte; 64];
                touch(&bytes);
                let $pointer = &raw const bytes;
                $number
            };
            let second: usize = {
                let bytes = [$byte; 64];
                touch(&bytes);
                let $pointer = &raw const bytes;
                $number
            };
            match NonZeroUsize::new(first.wrapping_sub(second)) {
                Some(distance) => _ = black_box(read(&make(distance))),
                None => $together += 1,
            }
        })*
    };
}

#[rex_xdp]
fn addresses(_: &xdp, ctx: &mut xdp_md) -> Result {
    let byte = ctx.data_length() as u8;
    let mut together = 0;
    compare! { together, byte,
        pointer => pointer as usize;
        pointer => pointer.addr();
        pointer => pointer.expose_provenance();
        pointer => pointer as u64 as usize;
        pointer => pointer as u32 as usize;
        pointer => pointer as u128 as usize;
        pointer => pointer as isize as usize;
        pointer => pointer.map_addr(|address| address).addr();
        pointer => pointer.cast_mut().addr();
        pointer => NonNull::new(pointer.cast_mut()).map_or(0, |pointer| pointer.addr().get());
        pointer => AtomicPtr::new(pointer.cast_mut()).load(Ordering::Relaxed).addr();
        pointer => hashed(pointer);
        pointer => pointer.wrapping_byte_add(8) as usize;
        _pointer => passed([byte; 64]);
    }
    Ok(together)
}
