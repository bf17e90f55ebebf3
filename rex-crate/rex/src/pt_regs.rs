// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Registers.

use crate::generated::kernel::pt_regs;

/// The registers of an interrupted context (struct pt_regs). Only the kernel makes them: nobody else can
/// have a value of this type to put in their place, which would be to jump anywhere.
#[repr(transparent)]
pub struct PtRegs {
    registers: pt_regs,
}

macro_rules! registers {
    ($($method:ident: $field:ident,)*) => {
        $(
            #[doc = concat!("Register ", stringify!($method), ".")]
            #[inline(always)]
            pub fn $method(&self) -> u64 {
                u64::from(self.registers.$field)
            }
        )*
    };
}

impl PtRegs {
    /// All zeroes: no registers are known.
    #[inline]
    pub(crate) fn unknown() -> Self {
        PtRegs { registers: crate::utils::zeroed() }
    }

    registers! {
        r15: r15, r14: r14, r13: r13, r12: r12, r11: r11, r10: r10, r9: r9, r8: r8,
        rbp: bp, rbx: bx, rax: ax, rcx: cx, rdx: dx, rsi: si, rdi: di, rip: ip, rsp: sp,
        orig_rax: orig_ax, cs: cs, eflags: flags, ss: ss,
    }
}
