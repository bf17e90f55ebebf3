// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! What is made at the tool's build from runtime/abi and from the kernel's BTF.

#[cfg_attr(rexc_host, allow(dead_code))]
pub(crate) mod abi;
pub(crate) mod fields;
pub(crate) mod functions;
pub(crate) mod names;
