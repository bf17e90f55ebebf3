// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A stack and a queue of recent process numbers.
#![no_std]
#![no_main]
use rex::map::*;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_printk, rex_tracepoint};

#[rex_map]
static RECENT: RexStack<i64> = RexStack::new(16, 0);
#[rex_map]
static WAITING: RexQueue<[u32; 2]> = RexQueue::new(16, 0);

#[rex_tracepoint]
fn map_stack_queue(
    obj: &tracepoint<SyscallsEnterDupCtx>,
    ctx: &'static SyscallsEnterDupCtx,
) -> Result {
    let pid = obj.bpf_get_current_task().map_or(0, |task| task.get_pid());
    RECENT.force_push(&i64::from(pid))?;
    if WAITING.push(&[pid as u32, ctx.fildes as u32]).is_err() {
        let oldest = WAITING.pop().ok_or(0)?;
        rex_printk!("dropped {} {}", oldest[0], oldest[1])?;
    }
    obj.bpf_map_push_elem(&RECENT, &-1, 0).ok();
    match (RECENT.pop(), RECENT.peek(), obj.bpf_map_peek_elem(&WAITING)) {
        (Some(top), Some(below), Some(front)) => {
            rex_printk!("top {} below {} front {:?}", top, below, front)
        }
        _ => Ok(0),
    }
}
