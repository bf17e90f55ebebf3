// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A stateless IPv4 firewall: an ordered list of rules in a map, of which the first that matches decides, and a
//! counter for each rule and each other reason for a verdict.

// There is no standard library in the kernel, and no main function. Tests run on the machine that builds, with both.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

mod packet;
mod rules;

use packet::{Error, Fragment, Packet};
use rex::map::{RexArrayMap, RexPerCPUArrayMap};
use rex::xdp::{XDP_DROP, XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_map, rex_xdp};
use rules::{ALLOW, BUILT_IN, DENY, END, Rule};

const RULES_MAX: u32 = 32;

/// The list, up to the first element that is zero. User space may change it at any time.
#[rex_map]
static RULES: RexArrayMap<Rule> = RexArrayMap::new(RULES_MAX, 0);

/// What is to be done where no rule decides. One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Config {
    /// Not 0 once RULES and this are written; user space sets it last.
    loaded: u32,
    /// 0: drop fragments. Else judge them; later fragments have addresses and a protocol only.
    judge_fragments: u32,
    /// ALLOW or DENY, for packets that no rule matches.
    default_action: u32,
}

#[rex_map]
static CONFIG: RexArrayMap<Config> = RexArrayMap::new(1, 0);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Count {
    packets: u64,
    bytes: u64,
}

/// By rule. Each CPU has elements of its own, so that no packet waits for another CPU and no count is lost; user space
/// adds them up.
#[rex_map]
static RULE_COUNTS: RexPerCPUArrayMap<Count> = RexPerCPUArrayMap::new(RULES_MAX, 0);

/// By [`Reason`].
#[rex_map]
static OTHER_COUNTS: RexPerCPUArrayMap<Count> = RexPerCPUArrayMap::new(4, 0);

/// Verdicts that are not a rule's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    NoRule = 0,
    Fragment = 1,
    Malformed = 2,
    NotIpv4 = 3,
}

const BUILT_IN_CONFIG: Config =
    Config { loaded: 1, judge_fragments: 0, default_action: DENY as u32 };

/// Writes the rules that hold until user space has others. Two CPUs may do so at once: they write the same.
#[cold]
fn load() -> Config {
    for (index, rule) in (0..RULES_MAX).zip(&BUILT_IN) {
        // The elements of an array are always there.
        let _ = RULES.insert(&index, rule);
    }
    let _ = CONFIG.insert(&0, &BUILT_IN_CONFIG);
    BUILT_IN_CONFIG
}

fn config() -> Config {
    match CONFIG.get(&0) {
        Some(config) if config.loaded != 0 => config,
        _ => load(),
    }
}

/// The first rule that matches, with its number.
fn find(packet: &Packet) -> Option<(u32, Rule)> {
    for index in 0..RULES_MAX {
        // A copy: what was compared cannot change before it is acted upon.
        let rule = RULES.get(&index)?;
        if rule.action == END {
            return None;
        }
        if rule.matches(packet) {
            return Some((index, rule));
        }
    }
    None
}

fn count(counts: &'static RexPerCPUArrayMap<Count>, index: u32, length: usize) {
    if let Some(count) = counts.get_mut(&index) {
        count.packets += 1;
        count.bytes += length as u64;
    }
}

fn verdict(allowed: bool) -> Result {
    Ok(if allowed { XDP_PASS } else { XDP_DROP } as i32)
}

/// Counts and decides what no rule decides. Malformed packets are dropped: nobody knows what a receiver would see
/// in them. Other protocols (ARP, IPv6) are not this firewall's business.
fn judge_otherwise(reason: Reason, config: &Config, length: usize) -> Result {
    count(&OTHER_COUNTS, reason as u32, length);
    verdict(match reason {
        Reason::NoRule => config.default_action == u32::from(ALLOW),
        Reason::Fragment | Reason::Malformed => false,
        Reason::NotIpv4 => true,
    })
}

/// The program: called for each packet that a network device receives, before the kernel has looked at it.
#[rex_xdp]
fn firewall(_: &xdp, ctx: &mut xdp_md) -> Result {
    let length = ctx.data_length();
    let config = config();
    let packet = match packet::parse(&ctx.data_slice) {
        Ok(packet) => packet,
        Err(Error::NotIpv4) => return judge_otherwise(Reason::NotIpv4, &config, length),
        Err(Error::Malformed) => return judge_otherwise(Reason::Malformed, &config, length),
    };
    if packet.fragment != Fragment::Whole && config.judge_fragments == 0 {
        return judge_otherwise(Reason::Fragment, &config, length);
    }
    let Some((index, rule)) = find(&packet) else {
        return judge_otherwise(Reason::NoRule, &config, length);
    };
    count(&RULE_COUNTS, index, length);
    verdict(rule.action == ALLOW)
}

/// Run with `rexc test`: plain functions need no kernel. Those of packets and rules are in their modules.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_rules_fit() {
        assert!(BUILT_IN.len() < RULES_MAX as usize);
        assert!(BUILT_IN.iter().all(|rule| rule.action == ALLOW || rule.action == DENY));
    }

    #[test]
    fn verdicts() {
        assert_eq!(verdict(true), Ok(2));
        assert_eq!(verdict(false), Ok(1));
    }
}
