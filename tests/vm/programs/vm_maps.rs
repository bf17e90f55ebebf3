// SPDX-License-Identifier: Apache-2.0
//! Every kind of map, written by the program and by user space: on each dup() of the descriptor 0 whatever user space
//! put into one map is moved into the next.
#![no_std]
#![no_main]
use rex::map::*;
use rex::tracepoint::*;
use rex::utils::*;
use rex::{Result, rex_map, rex_tracepoint};

#[rex_map]
static HASH: RexHashMap<u32, u64> = RexHashMap::new(16, 0);
#[rex_map]
static ARRAY: RexArrayMap<u64> = RexArrayMap::new(4, 0);
#[rex_map]
static PER_CPU: RexPerCPUArrayMap<u64> = RexPerCPUArrayMap::new(1, 0);
#[rex_map]
static STACK: RexStack<u64> = RexStack::new(8, 0);
#[rex_map]
static QUEUE: RexQueue<u64> = RexQueue::new(8, 0);
#[rex_map]
static RING: RexRingBuf = RexRingBuf::new(4096, 0);
#[rex_map]
static EVENTS: RexPerfEventArray<u64> = RexPerfEventArray::new(64, 0);

#[rex_tracepoint]
fn vm_maps(obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
    if ctx.fildes != 0 {
        return Ok(0);
    }
    let number = HASH.get_mut(&7).map_or(0, |number| *number);
    HASH.insert(&8, &(number + 1))?;
    ARRAY.insert(&1, &(number + 2))?;
    if let Some(mine) = obj.bpf_map_lookup_elem(&PER_CPU, &0) {
        *mine += number;
    }
    // What user space pushed last, and queued first, goes to the other.
    let (top, front) = (STACK.pop().unwrap_or(0), QUEUE.pop().unwrap_or(0));
    STACK.push(&(front + 3))?;
    QUEUE.push(&(top + 4))?;
    if let Some(mut record) = RING.reserve(16) {
        record[..8].copy_from_slice(&number.to_le_bytes());
        record[8..].copy_from_slice(&(number + 5).to_le_bytes());
        record.submit(0);
    }
    EVENTS.output(obj, ctx, &(number + 6), PerfEventMaskedCPU::current_cpu())
}
