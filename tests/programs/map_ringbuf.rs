// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Records for user space: structured, textual, and copied; one is thrown away.
#![no_std]
#![no_main]
use core::fmt::Write;
use rex::linux::bpf::BPF_RB_NO_WAKEUP;
use rex::map::*;
use rex::utils::*;
use rex::xdp::*;
use rex::{Result, rex_map, rex_xdp};

#[rex_map]
static EVENTS: RexRingBuf = RexRingBuf::new(65_536, 0);

#[derive(Clone, Copy)]
#[repr(C)]
struct Event {
    time: u64,
    length: u32,
    cpu: u32,
    head: [u8; 16],
}

#[rex_xdp]
fn map_ringbuf(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let mut head = [0; 16];
    let taken = ctx.data_slice.len().min(16);
    head[..taken].copy_from_slice(&ctx.data_slice[..taken]);
    if let Some(mut entry) = EVENTS.reserve(size_of::<Event>()) {
        let mut event = convert_slice_to_struct_mut::<Event>(&mut entry);
        event.time = obj.bpf_ktime_get_ns();
        event.length = ctx.data_length() as u32;
        event.cpu = obj.bpf_get_smp_processor_id() as u32;
        event.head = head;
        drop(event);
        entry.submit(0);
    }
    if let Some(mut text) = EVENTS.reserve(32) {
        match write!(text, "{} bytes", ctx.data_length()) {
            Ok(()) => text.submit(u64::from(BPF_RB_NO_WAKEUP)),
            Err(_) => text.discard(0),
        }
    }
    if EVENTS.available_bytes() > EVENTS.size().map(|size| size / 2) {
        drop(EVENTS.reserve(8));
        return Ok(XDP_DROP as i32);
    }
    EVENTS.output(&head, 0)?;
    Ok(XDP_PASS as i32)
}
