// SPDX-License-Identifier: Apache-2.0
//! Recurses as deeply as DEPTH says, on each dup(), in small frames and in large ones: a check has to stop it.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::map::*;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_tracepoint};

#[rex_map]
static DEPTH: RexArrayMap<u64> = RexArrayMap::new(2, 0);
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

/// Its check demands more than the kernel takes for near the limit (REX_STACK_NEAR).
#[inline(never)]
fn descend_wide(left: u64, seed: &[u64; 160]) -> u64 {
    let mut own = *seed;
    own[(left % 160) as usize] ^= left;
    black_box(&mut own);
    if left == 0 { own[0] } else { descend_wide(left - 1, &own) + own[1] }
}

#[rex_tracepoint]
fn vm_recursion(_: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let depth = |index| DEPTH.get_mut(&index).map_or(0, |depth| *depth);
    match depth(1) {
        0 => black_box(descend(depth(0), &[1; 16])),
        wide => black_box(descend_wide(wide, &[1; 160])),
    };
    if let Some(bottom) = BOTTOM.get_mut(&0) {
        *bottom += 1;
    }
    Ok(0)
}
