// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! xdp programs that go wrong in every way that safe Rust allows, for tests/run/run.bats.
#![no_std]
#![no_main]

use core::cell::Cell;
use core::fmt;
use core::hint::black_box;
use rex::linux::bpf::bpf_spin_lock;
use rex::map::{RexArrayMap, RexHashMap, RexRingBuf, RexRingBufEntry};
use rex::spinlock::rex_spinlock_guard;
use rex::xdp::*;
use rex::{Result, rex_map, rex_xdp};

/// Packets by protocol: index 0 ARP, 1 IPv4, 2 IPv6, 3 VLAN, 4 others; of IPv4, 5 TCP, 6 UDP, 7 ICMP.
#[rex_map]
static COUNTS: RexArrayMap<u64> = RexArrayMap::new(8, 0);

#[repr(C)]
#[derive(Clone, Copy)]
struct Locked {
    value: u64,
    lock: bpf_spin_lock,
    reserved: u32,
}

#[rex_map]
static LOCKED: RexArrayMap<Locked> = RexArrayMap::new(2, 0);

#[rex_map]
static RING: RexRingBuf = RexRingBuf::new(4096, 0);

/// Sizes of packets by EtherType.
#[rex_map]
static SIZES: RexHashMap<u16, Size> = RexHashMap::new(16, 0);

#[repr(C)]
#[derive(Clone, Copy)]
struct Size {
    packets: u32,
    largest: u32,
    bytes: u64,
}

fn add(index: u32) {
    if let Some(count) = COUNTS.get_mut(&index) {
        *count += 1;
    }
}

fn ether_type(packet: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*packet.get(12)?, *packet.get(13)?]))
}

#[rex_xdp]
fn classify(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    let packet = &ctx.data_slice[..];
    let kind = ether_type(packet).unwrap_or(0);
    let length = packet.len() as u32;
    match kind {
        0x0806 => add(0),
        0x0800 => {
            add(1);
            match packet.get(23) {
                Some(6) => add(5),
                Some(17) => add(6),
                Some(1) => add(7),
                _ => {}
            }
        }
        0x86dd => add(2),
        0x8100 => add(3),
        _ => add(4),
    }
    if let Some(size) = SIZES.get_mut(&kind) {
        size.packets += 1;
        size.bytes += u64::from(length);
        size.largest = size.largest.max(length);
    } else {
        SIZES.insert(&kind, &Size { packets: 1, largest: length, bytes: u64::from(length) })?;
    }
    Ok(if kind == 0x0806 { XDP_DROP } else { XDP_PASS } as i32)
}

#[rex_xdp]
fn panics_on_arp(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    let kind = ether_type(&ctx.data_slice).unwrap_or(0);
    assert!(kind != 0x0806, "an ARP packet of {} bytes", ctx.data_length());
    Ok(XDP_PASS as i32)
}

#[rex_xdp]
fn indexes_too_far(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    let far = ctx.data_length() + 5;
    Ok(i32::from(ctx.data_slice[far]))
}

#[rex_xdp]
fn loops(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    let mut number = 0u64;
    loop {
        number = black_box(number + 1);
    }
}

#[rex_xdp]
fn copies_for_ever(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    let mut from = [1u8; 4096];
    let mut to = [0u8; 4096];
    loop {
        to.copy_from_slice(black_box(&from));
        from.copy_from_slice(black_box(&to));
    }
}

#[rex_xdp]
fn asks_for_ever(obj: &xdp, _ctx: &mut xdp_md) -> Result {
    loop {
        black_box(obj.bpf_ktime_get_ns());
    }
}

struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, _formatter: &mut fmt::Formatter) -> fmt::Result {
        let mut number = 0u64;
        loop {
            number = black_box(number + 1);
        }
    }
}

#[rex_xdp]
fn panics_for_ever(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    panic!("this message never ends: {}", black_box(Endless));
}

struct Bomb;

impl fmt::Display for Bomb {
    fn fmt(&self, _formatter: &mut fmt::Formatter) -> fmt::Result {
        panic!("a panic inside a panic");
    }
}

#[rex_xdp]
fn panics_twice(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    panic!("this message is a bomb: {}", black_box(Bomb));
}

#[rex_xdp]
fn loops_with_lock(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    let Some(entry) = LOCKED.get_mut(&0) else { return Ok(XDP_PASS as i32) };
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    loop {
        entry.value = black_box(entry.value + 1);
    }
}

#[rex_xdp]
fn panics_with_lock(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    let Some(entry) = LOCKED.get_mut(&0) else { return Ok(XDP_PASS as i32) };
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    entry.value += 1;
    let far = ctx.data_length();
    Ok(i32::from(ctx.data_slice[far]))
}

#[rex_xdp]
fn locks_twice(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    let Some(entry) = LOCKED.get_mut(&0) else { return Ok(XDP_PASS as i32) };
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    let Some(other) = LOCKED.get_mut(&1) else { return Ok(XDP_PASS as i32) };
    let _second = rex_spinlock_guard::new(&mut other.lock);
    Ok(XDP_DROP as i32)
}

#[rex_xdp]
fn counts_with_lock(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    let Some(entry) = LOCKED.get_mut(&0) else { return Ok(XDP_PASS as i32) };
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    entry.value += 1;
    Ok(XDP_PASS as i32)
}

#[rex_xdp]
fn panics_with_record(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    let Some(mut record) = RING.reserve(16) else { return Ok(XDP_PASS as i32) };
    record[0] = 1;
    let far = ctx.data_length();
    record[1] = ctx.data_slice[far];
    record.submit(0);
    Ok(XDP_PASS as i32)
}

/// Submits the record that it holds, while the panic message is made.
struct Submits<'a>(Cell<Option<RexRingBufEntry<'a>>>);

impl fmt::Display for Submits<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        if let Some(record) = self.0.take() {
            record.submit(0);
        }
        formatter.write_str("submitted")
    }
}

#[rex_xdp]
fn submits_in_message(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    let Some(record) = RING.reserve(16) else { return Ok(XDP_PASS as i32) };
    panic!("the record is {}", Submits(Cell::new(Some(record))));
}

#[rex_xdp]
fn rewrites(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    if let Some(byte) = ctx.data_slice.get_mut(5) {
        *byte = 0x55;
    }
    Ok(XDP_TX as i32)
}

#[rex_xdp]
fn strange_verdict(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    Ok(42)
}
