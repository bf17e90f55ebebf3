// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A lock in a map value keeps two counters in step.
#![no_std]
#![no_main]
use rex::map::*;
use rex::spinlock::*;
use rex::xdp::*;
use rex::{Result, rex_map, rex_xdp};

#[derive(Clone, Copy)]
#[repr(C)]
struct Account {
    lock: bpf_spin_lock,
    tokens: u32,
    last: u64,
}

#[rex_map]
static ACCOUNTS: RexArrayMap<Account> = RexArrayMap::new(256, 0);

#[rex_xdp]
fn spin_lock(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let index = ctx.data_slice.first().copied().map_or(0, u32::from);
    let now = obj.bpf_ktime_get_coarse_ns();
    let Some(account) = obj.bpf_map_lookup_elem(&ACCOUNTS, &index) else {
        return Ok(XDP_PASS as i32);
    };
    let allowed = {
        let _guard = rex_spinlock_guard::new(&mut account.lock);
        let earned = (now.saturating_sub(account.last) / 1_000_000).min(100) as u32;
        account.tokens = (account.tokens + earned).min(100);
        account.last = now;
        let allowed = account.tokens > 0;
        account.tokens -= u32::from(allowed);
        allowed
    };
    Ok(if allowed { XDP_PASS } else { XDP_DROP } as i32)
}
