// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! What is made at the tool's build from runtime/abi, the kernel's BTF and its headers.

#[cfg_attr(rexc_host, allow(dead_code))]
pub(crate) mod abi;
#[cfg_attr(rexc_host, allow(dead_code))]
pub(crate) mod fields;
pub(crate) mod functions;
pub(crate) mod kernel;
pub(crate) mod names;
#[allow(missing_docs, non_camel_case_types, non_upper_case_globals)]
pub(crate) mod uapi {
    pub mod bpf;
    pub mod errno;
    pub mod if_ether;
    pub mod r#in;
    pub mod perf_event;
    pub mod pkt_cls;
    pub mod ptrace;
    pub mod seccomp;
    pub mod unistd;
}
