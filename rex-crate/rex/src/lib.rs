// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Kernel extensions in safe Rust.
//!
//! A program is a function with one of the attributes [`rex_kprobe`], [`rex_tracepoint`],
//! [`rex_perf_event`], [`rex_xdp`] and [`rex_tc`]; a map is a static with [`rex_map`]:
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//! use rex::map::RexHashMap;
//! use rex::xdp::{XDP_PASS, xdp, xdp_md};
//! use rex::{Result, rex_map, rex_xdp};
//!
//! #[rex_map]
//! static SIZES: RexHashMap<u32, u64> = RexHashMap::new(1024, 0);
//!
//! #[rex_xdp]
//! fn count(_: &xdp, ctx: &mut xdp_md) -> Result {
//!     let size = ctx.data_length() as u32;
//!     match SIZES.get_mut(&size) {
//!         Some(seen) => *seen += 1,
//!         None => _ = SIZES.insert(&size, &1),
//!     }
//!     Ok(XDP_PASS as i32)
//! }
//! ```
//!
//! The crate is the one place with unsafe code; what it offers is meant to be harmless in any hands.
//! Names and signatures follow the public API of the Rex project where that holds.
//!
//! With `--cfg rexc_host` the crate compiles for the host, for unit tests of a program's pure logic:
//! everything is there, and what would need the kernel panics, saying so.

#![no_std]
#![cfg_attr(not(rexc_host), feature(allow_internal_unsafe))]
#![cfg_attr(not(rexc_host), feature(formatting_options))]
#![feature(core_intrinsics)]
#![feature(marker_trait_attr)]
#![feature(transmutability)]
#![allow(internal_features)]
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]

extern crate self as rex;
// A program has no panic handler of its own; on the host it is std's.
#[cfg(rexc_host)]
extern crate std;

#[macro_use]
mod field;
#[macro_use]
mod import;
mod base_helper;
mod generated;
mod header;
mod log;
mod opaque;
mod packet;
#[cfg(not(rexc_host))]
mod panic;
mod per_cpu;
mod text;
mod view;

pub mod kprobe;
pub mod linux;
pub mod map;
pub mod perf_event;
pub mod program;
pub mod pt_regs;
pub mod sched_cls;
pub mod spinlock;
pub mod task_struct;
pub mod tracepoint;
pub mod utils;
pub mod xdp;

pub use log::{rex_trace_printk, rex_trace_printk_from};
pub use rex_macros::{
    rex_kprobe, rex_map, rex_perf_event, rex_tc, rex_tracepoint, rex_xdp,
};
pub use utils::Result;
