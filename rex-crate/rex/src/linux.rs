// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Constants and types of the kernel's interface to user space (linux/*.h), by header.

pub use crate::generated::uapi::*;
