// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Constants and types of the kernel's interface to user space, by header (linux/bpf.h is `bpf`).

pub use crate::generated::uapi::{errno, if_ether, r#in, perf_event, pkt_cls, ptrace, unistd};

/// linux/bpf.h.
pub mod bpf {
    pub use crate::generated::kernel::{bpf_perf_event_value, bpf_spin_lock};
    pub use crate::generated::uapi::bpf::*;
}

/// linux/seccomp.h.
pub mod seccomp {
    pub use crate::generated::kernel::seccomp_data;
    pub use crate::generated::uapi::seccomp::*;
}
