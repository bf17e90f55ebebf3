// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Limits what each IPv4 address may send of protocols that do not slow down by themselves (all but TCP), with a token
//! bucket for each source. A lock in the map's value keeps CPUs from spending the same token twice.

// There is no standard library in the kernel, and no main function. Tests run on the machine that builds, with both.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

mod bucket;

use bucket::{Rate, TokenBucket};
use rex::map::{RexArrayMap, RexHashMap};
use rex::sched_cls::{__sk_buff, TC_ACT_OK, TC_ACT_SHOT, sched_cls};
use rex::spinlock::{bpf_spin_lock, rex_spinlock_guard};
use rex::utils::{read_at, zeroed};
use rex::{Result, rex_map, rex_tc};

/// What is kept of one source. Everything but the lock is touched only while it is held.
#[derive(Clone, Copy)]
#[repr(C)]
struct Source {
    lock: bpf_spin_lock,
    _pad: u32,
    bucket: TokenBucket,
    passed: u64,
    dropped: u64,
}

/// By address, as it stands in a packet.
#[rex_map]
static SOURCES: RexHashMap<[u8; 4], Source> = RexHashMap::new(4096, 0);

/// One bucket for all sources that SOURCES has no room for: forged addresses fill the map, and must neither lock honest
/// senders out nor get around the limit.
#[rex_map]
static OTHERS: RexArrayMap<Source> = RexArrayMap::new(1, 0);

/// The limit: one element. User space writes it; while the interval is 0, DEFAULT_RATE holds.
#[rex_map]
static RATE: RexArrayMap<Rate> = RexArrayMap::new(1, 0);

const DEFAULT_RATE: Rate = Rate { burst: 8, interval: 1_000_000_000 };

const ETHERNET: usize = 14;
const TCP: u8 = 6;

/// The source of an IPv4 packet that is limited; None for all others. A packet may be shorter than it should be, so
/// nothing here reads beyond what `get` has found to be there.
fn limited_source(packet: &[u8]) -> Option<[u8; 4]> {
    const IPV4: [u8; 2] = [0x08, 0x00];
    if packet.get(12..ETHERNET)? != IPV4 {
        return None;
    }
    let ip: &[u8] = packet.get(ETHERNET..ETHERNET + 20)?;
    if ip[9] == TCP { None } else { Some(read_at(ip, 12)) }
}

fn rate() -> Rate {
    match RATE.get(&0) {
        Some(rate) if rate.interval != 0 => rate,
        _ => DEFAULT_RATE,
    }
}

/// The source's element, made when it is the first time.
fn find<'a>(source: &'a [u8; 4], rate: &Rate, now: u64) -> Option<&'a mut Source> {
    if let Some(found) = SOURCES.get_mut(source) {
        return Some(found);
    }
    let mut new: Source = zeroed();
    new.bucket = TokenBucket::full(rate, now);
    // Only if it is still absent: another CPU may have made it, and spent of it.
    let _ = SOURCES.insert_new(source, &new);
    SOURCES.get_mut(source).or_else(|| OTHERS.get_mut(&0))
}

impl Source {
    /// Whether one more packet may pass. The guard unlocks when it is dropped, and if the run were ended while it
    /// is held, the runtime would.
    fn admit(&mut self, rate: &Rate, now: u64) -> bool {
        let _guard = rex_spinlock_guard::new(&mut self.lock);
        let allowed = self.bucket.take(rate, now);
        if allowed {
            self.passed += 1;
        } else {
            self.dropped += 1;
        }
        allowed
    }
}

/// The program: called for each packet that comes to the device's queue. Its value is the verdict.
#[rex_tc]
fn ratelimit(program: &sched_cls, skb: &mut __sk_buff) -> Result {
    let Some(address) = limited_source(&skb.data_slice) else {
        return Ok(TC_ACT_OK as i32);
    };
    let (rate, now) = (rate(), program.bpf_ktime_get_ns());
    let allowed = match find(&address, &rate, now) {
        Some(source) => source.admit(&rate, now),
        None => true, // OTHERS has its element from the start
    };
    Ok(if allowed { TC_ACT_OK } else { TC_ACT_SHOT } as i32)
}

/// Run with `rexc test`: plain functions need no kernel. Those of the bucket are in its module.
#[cfg(test)]
mod tests {
    use super::*;

    fn packet(protocol: u8) -> [u8; 34] {
        let mut packet = [0; 34];
        packet[12] = 0x08;
        packet[14] = 0x45;
        packet[23] = protocol;
        packet[26..30].copy_from_slice(&[192, 0, 2, 1]);
        packet
    }

    #[test]
    fn who_is_limited() {
        assert_eq!(limited_source(&packet(17)), Some([192, 0, 2, 1]));
        assert_eq!(limited_source(&packet(1)), Some([192, 0, 2, 1]));
        assert_eq!(limited_source(&packet(TCP)), None);
        let mut arp = packet(17);
        arp[13] = 0x06;
        assert_eq!(limited_source(&arp), None);
    }

    #[test]
    fn packets_of_every_length() {
        let packet = packet(17);
        for length in 0..packet.len() {
            assert_eq!(limited_source(&packet[..length]), None);
        }
    }

    #[test]
    fn values_have_no_padding() {
        assert_eq!(size_of::<Source>(), 40);
    }
}
