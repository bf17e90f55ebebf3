// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Programs of three types in one object, in modules, sharing a map and functions.
#![no_std]
#![no_main]
use rex::map::RexHashMap;
use rex::rex_map;

#[rex_map]
static SEEN: RexHashMap<u32, u64> = RexHashMap::new(128, 0);

fn note(key: u32) -> u64 {
    match SEEN.get_mut(&key) {
        Some(count) => {
            *count += 1;
            *count
        }
        None => {
            SEEN.insert(&key, &1).ok();
            1
        }
    }
}

mod packets {
    use rex::sched_cls::{__sk_buff, TC_ACT_OK, TC_ACT_SHOT, sched_cls};
    use rex::{rex_tc, rex_xdp};

    #[rex_xdp]
    fn on_receive(_: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result {
        let seen = super::note(ctx.ingress_ifindex());
        Ok(if seen.is_multiple_of(2) { rex::xdp::XDP_DROP } else { rex::xdp::XDP_PASS } as i32)
    }

    #[rex_tc]
    pub(crate) fn on_send(_: &sched_cls, skb: &mut __sk_buff) -> rex::Result {
        let seen = super::note(0x1_0000 | skb.ifindex());
        Ok(if seen > 1_000_000 { TC_ACT_SHOT } else { TC_ACT_OK } as i32)
    }
}

mod processes {
    use rex::tracepoint::{RawSyscallsExitCtx, tracepoint};

    #[rex::rex_tracepoint]
    fn on_exit(
        _: &tracepoint<RawSyscallsExitCtx>,
        ctx: &'static RawSyscallsExitCtx,
    ) -> rex::Result {
        super::note(if ctx.ret < 0 { 0x2_0000 } else { 0x3_0000 });
        Ok(0)
    }
}
