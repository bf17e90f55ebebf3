// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Kprobe programs: they run when the kernel reaches an instruction, a function's first above all.

use crate::base_helper::{base_helpers, tracing_helpers};
use crate::generated::functions;
use crate::program::{Marker, check_kprobe_section};
use crate::pt_regs::PtRegs;
use crate::utils::Result;
use core::ffi::c_void;

/// The program object of kprobe programs.
#[allow(non_camel_case_types)]
pub struct kprobe {
    _private: (),
}

impl kprobe {
    pub(crate) const NEW: Self = kprobe { _private: () };
}

/// What `#[rex_kprobe]` registers.
#[doc(hidden)]
pub const fn program<F>(name: &'static str, section: &'static str, function: F) -> Marker
where
    F: Fn(&kprobe, &mut PtRegs) -> Result + Copy + 'static,
{
    let _ = function;
    check_kprobe_section(section);
    Marker::new(name, section, entry::<F>)
}

unsafe extern "C" fn entry<F>(context: *mut c_void) -> u32
where
    F: Fn(&kprobe, &mut PtRegs) -> Result + Copy + 'static,
{
    // SAFETY: `program` took a value of `F`.
    let function = unsafe { crate::program::conjure::<F>() };
    // SAFETY: the runtime runs a kprobe program with the probed context's struct pt_regs, which is the
    // program's for this run.
    let registers = unsafe { &mut *context.cast::<PtRegs>() };
    crate::program::verdict(function(&kprobe::NEW, registers))
}

base_helpers!(kprobe, pointers: true);
tracing_helpers!(kprobe);

impl kprobe {
    /// Makes the probed function return `value` at once, without running. Only at the start of functions
    /// that the kernel allows it for (ALLOW_ERROR_INJECTION), in kernels with CONFIG_BPF_KPROBE_OVERRIDE.
    ///
    /// 0, or a negative errno.
    #[inline]
    pub fn bpf_override_return(&self, registers: &mut PtRegs, value: u64) -> i32 {
        // SAFETY: a struct pt_regs; what the runtime writes there are registers.
        unsafe {
            functions::rex_override_return(core::ptr::from_mut(registers).cast(), value) as i32
        }
    }
}
