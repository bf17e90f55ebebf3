// SPDX-License-Identifier: Apache-2.0
//! Recurses as deeply as DEPTH says, on each dup(): a check has to stop it.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::map::*;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_tracepoint};

#[rex_map]
static DEPTH: RexArrayMap<u64> = RexArrayMap::new(1, 0);
/// How often the bottom was reached.
#[rex_map]
static BOTTOM: RexArrayMap<u64> = RexArrayMap::new(1, 0);

#[inline(never)]
fn descend(left: u64, seed: &[u64; 16]) -> u64 {
    let mut own = *seed;
    own[(left % 16) as usize] ^= left;
    black_box(&mut own);
    if left == 0 { own[0] } else { descend(left - 1, &own) + own[1] }
}

#[rex_tracepoint]
fn vm_recursion(_: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let depth = DEPTH.get_mut(&0).map_or(0, |depth| *depth);
    black_box(descend(depth, &[1; 16]));
    if let Some(bottom) = BOTTOM.get_mut(&0) {
        *bottom += 1;
    }
    Ok(0)
}
