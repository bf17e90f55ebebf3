// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! This CPU's state (struct rex_cpu of runtime/abi/rex_abi.h), at `gs:[rex_cpu + offset]`.
//!
//! Each access is one asm block of the two instructions that the object contract allows: the load of
//! the GOT slot directly before the access.

#[cfg(not(rexc_host))]
mod access {
    use crate::generated::abi;
    use core::arch::asm;

    #[inline(always)]
    fn read_u32<const OFFSET: usize>() -> u32 {
        let value: u32;
        // SAFETY: reads four bytes of the visible per-CPU state. Not `pure`: another run of the same
        // code may be on another CPU.
        unsafe {
            asm!("mov {cpu}, qword ptr [rip + rex_cpu@GOTPCREL]",
                 "mov {value:e}, dword ptr gs:[{cpu} + {offset}]",
                 cpu = out(reg) _, value = lateout(reg) value,
                 offset = const OFFSET,
                 options(nostack, preserves_flags, readonly));
        }
        value
    }

    #[inline]
    pub(crate) fn cpu_number() -> u32 {
        read_u32::<{ abi::CPU_NUMBER }>()
    }

    #[inline]
    pub(crate) fn numa_node() -> u32 {
        read_u32::<{ abi::CPU_NUMA_NODE }>()
    }
}

#[cfg(rexc_host)]
mod access {
    use crate::import::unavailable;

    pub(crate) fn cpu_number() -> u32 {
        unavailable("the number of the CPU")
    }

    pub(crate) fn numa_node() -> u32 {
        unavailable("the number of the NUMA node")
    }
}

pub(crate) use access::*;
