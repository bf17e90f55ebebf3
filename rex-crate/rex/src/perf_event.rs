// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Perf event programs: they run when a counter overflows.

use crate::base_helper::{base_helpers, tracing_helpers};
use crate::generated::{fields, functions};
use crate::linux::bpf::bpf_perf_event_value;
use crate::map::RexStackTrace;
use crate::program::program_constructor;
use crate::pt_regs::PtRegs;
use crate::utils::{NoRef, Result, result};
use core::marker::{PhantomData, PhantomPinned};

/// The program object of perf event programs.
#[allow(non_camel_case_types)]
pub struct perf_event {
    _private: (),
}

/// The context of perf event programs: the kernel's struct bpf_perf_event_data_kern, by reference only.
#[allow(non_camel_case_types)]
#[repr(C)]
pub struct bpf_perf_event_data {
    _private: [u8; 0],
    /// Not Send, not Sync, not to be moved: it stands for something larger.
    address: PhantomData<(*mut u8, PhantomPinned)>,
}

impl perf_event {
    pub(crate) const NEW: Self = perf_event { _private: () };
}

program_constructor! {
    /// What `#[rex_perf_event]` registers.
    perf_event, "perf_event", &bpf_perf_event_data, |function, context| {
        // SAFETY: the runtime runs a perf event program with a struct bpf_perf_event_data_kern, alive
        // during the run.
        function(&perf_event::NEW, unsafe { &*context.cast_const().cast::<bpf_perf_event_data>() })
    }
}

base_helpers!(perf_event, pointers: true);
tracing_helpers!(perf_event);

impl perf_event {
    /// Reads the counter's value.
    ///
    /// # Errors
    /// A negative errno; `value` is all zeroes then.
    #[inline]
    pub fn bpf_perf_prog_read_value(
        &self,
        ctx: &bpf_perf_event_data,
        value: &mut bpf_perf_event_value,
    ) -> Result {
        // SAFETY: the context is the kernel's; the buffer has the size that is given, and any bytes are
        // a value of its type.
        result(unsafe {
            functions::bpf_perf_prog_read_value(
                ctx.kernel().cast_mut().cast(),
                core::ptr::from_mut(value).cast(),
                size_of::<bpf_perf_event_value>() as u64,
            )
        })
    }

    /// Stores the call stack in a map and returns its number. Flags: BPF_F_USER_STACK,
    /// BPF_F_FAST_STACK_CMP, BPF_F_REUSE_STACKID, and how many frames to skip.
    ///
    /// # Errors
    /// `-EEXIST` when another stack has that number, `-EFAULT`, `-EINVAL`.
    #[inline]
    pub fn bpf_get_stackid_pe<K, V: Copy + NoRef>(
        &self,
        ctx: &bpf_perf_event_data,
        map: &'static RexStackTrace<K, V>,
        flags: u64,
    ) -> Result {
        let Some(map) = map.map() else { return crate::map::NO_MAP };
        // SAFETY: the context is the kernel's; the map exists and is a stack trace map.
        result(unsafe { functions::bpf_get_stackid_pe(ctx.kernel().cast_mut().cast(), map, flags) })
    }
}

impl bpf_perf_event_data {
    #[inline(always)]
    fn kernel(&self) -> *const u8 {
        core::ptr::from_ref(self).cast()
    }

    /// The registers when the counter overflowed.
    #[inline]
    pub fn regs(&self) -> &PtRegs {
        // SAFETY: the context's registers live as long as it does. The kernel always has some.
        unsafe { &*fields::bpf_perf_event_data_kern::regs(self.kernel()).cast::<PtRegs>() }
    }

    /// Events from one overflow to the next.
    #[inline]
    pub fn sample_period(&self) -> u64 {
        // SAFETY: the context's sample lives as long as it does.
        unsafe {
            fields::perf_sample_data::period(fields::bpf_perf_event_data_kern::data(self.kernel()))
        }
    }

    /// The address that the sample is about; 0 when it was not asked for.
    #[inline]
    pub fn addr(&self) -> u64 {
        // SAFETY: the context's sample lives as long as it does.
        unsafe {
            fields::perf_sample_data::addr(fields::bpf_perf_event_data_kern::data(self.kernel()))
        }
    }
}
