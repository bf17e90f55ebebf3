// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Tracepoint programs: they run when the kernel reports an event, and get its record.

use crate::base_helper::{base_helpers, tracing_helpers};
use crate::generated::functions;
use crate::map::RexPerfEventArray;
use crate::program::Marker;
use crate::utils::{PerfEventMaskedCPU, PerfEventStreamer, Plain, Result, result};
use core::ffi::c_void;
use core::marker::PhantomData;

/// The program object of tracepoint programs for events with records of type C.
#[allow(non_camel_case_types)]
pub struct tracepoint<C: TracepointContext + 'static> {
    context: PhantomData<C>,
}

mod sealed {
    pub trait Sealed: Copy {
        /// Where programs with this context attach.
        const SECTION: &'static str;
        /// Undoes differences between kernels.
        fn normalise(&mut self) {}
    }
}

/// Records of events, each of one event that the kernel has. Sealed: which record an event has is the
/// kernel's to say.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the record of an event",
    note = "the records are the types `Syscalls*Ctx` and `RawSyscalls*Ctx` in `rex::tracepoint`"
)]
pub trait TracepointContext: sealed::Sealed {}

/// What comes first in an event's record. The kernel puts a pointer to the registers here, which
/// `bpf_perf_event_output` follows; so nobody may make one up.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Common(#[allow(dead_code)] *const c_void);

macro_rules! records {
    ($($(#[$attribute:meta])* $name:ident, $section:literal $(, int $number:ident)? {
        $($(#[$field_attribute:meta])* $field:ident: $type:ty,)*
    })*) => {
        $(
            $(#[$attribute])*
            #[derive(Clone, Copy)]
            #[repr(C)]
            pub struct $name {
                _common: Common,
                $($(#[$field_attribute])* pub $field: $type,)*
            }

            impl sealed::Sealed for $name {
                const SECTION: &'static str = $section;

                $(
                    #[inline(always)]
                    fn normalise(&mut self) {
                        self.$number = i64::from(self.$number as i32);
                    }
                )?
            }
            impl TracepointContext for $name {}
        )*
    };
}

// `int FIELD`: in some kernels the field is an int, and the four bytes behind it were never written
// (perf_call_bpf_enter() of kernel/trace/trace_syscalls.c, from Linux 6.6 on).
records! {
    /// A call of open(2).
    SyscallsEnterOpenCtx, "tracepoint/syscalls/sys_enter_open", int syscall_nr {
        /// The system call's number.
        syscall_nr: i64,
        /// Address of the path in user space.
        filename_ptr: i64,
        /// Flags.
        flags: i64,
        /// Mode.
        mode: i64,
    }
    /// A call of openat(2).
    SyscallsEnterOpenatCtx, "tracepoint/syscalls/sys_enter_openat", int syscall_nr {
        /// The system call's number.
        syscall_nr: i64,
        /// Directory file descriptor.
        dfd: i64,
        /// Address of the path in user space.
        filename_ptr: i64,
        /// Flags.
        flags: i64,
        /// Mode.
        mode: i64,
    }
    /// A return from open(2).
    SyscallsExitOpenCtx, "tracepoint/syscalls/sys_exit_open", int syscall_nr {
        /// The system call's number.
        syscall_nr: i64,
        /// What it returns.
        ret: i64,
    }
    /// A return from openat(2).
    SyscallsExitOpenatCtx, "tracepoint/syscalls/sys_exit_openat", int syscall_nr {
        /// The system call's number.
        syscall_nr: i64,
        /// What it returns.
        ret: i64,
    }
    /// A call of dup(2).
    SyscallsEnterDupCtx, "tracepoint/syscalls/sys_enter_dup", int syscall_nr {
        /// The system call's number.
        syscall_nr: i64,
        /// File descriptor.
        fildes: u64,
    }
    /// A call of any system call.
    RawSyscallsEnterCtx, "tracepoint/raw_syscalls/sys_enter" {
        /// The system call's number.
        id: i64,
        /// Its arguments.
        args: [u64; 6],
    }
    /// A return from any system call.
    RawSyscallsExitCtx, "tracepoint/raw_syscalls/sys_exit" {
        /// The system call's number.
        id: i64,
        /// What it returns.
        ret: i64,
    }
}

impl<C: TracepointContext + 'static> tracepoint<C> {
    pub(crate) const NEW: Self = tracepoint { context: PhantomData };
}

/// What `#[rex_tracepoint]` registers.
#[doc(hidden)]
pub const fn program<C, F>(name: &'static str, function: F) -> Marker
where
    C: TracepointContext + 'static,
    F: Fn(&tracepoint<C>, &'static C) -> Result + Copy + 'static,
{
    let _ = function;
    Marker::new(name, C::SECTION, entry::<C, F>)
}

unsafe extern "C" fn entry<C, F>(context: *mut c_void) -> u32
where
    C: TracepointContext + 'static,
    F: Fn(&tracepoint<C>, &'static C) -> Result + Copy + 'static,
{
    // SAFETY: `program` took a value of `F`.
    let function = unsafe { crate::program::conjure::<F>() };
    // SAFETY: the runtime runs a program of this section with the event's record.
    let mut record = unsafe { crate::opaque::read(context.cast_const().cast::<C>()) };
    record.normalise();
    // SAFETY: the copy lives until the run ends, which nothing of a program outlives: there is no safe place
    // to keep a reference in.
    let record: &'static C = unsafe { &*(&raw const record) };
    crate::program::verdict(function(&tracepoint::<C>::NEW, record))
}

base_helpers!(tracepoint<C>, pointers: true, C: TracepointContext + 'static);
tracing_helpers!(tracepoint<C>, C: TracepointContext + 'static);

impl<C: TracepointContext + 'static> crate::utils::sealed::PerfEventStreamer for tracepoint<C> {}

impl<C: TracepointContext + 'static> PerfEventStreamer for tracepoint<C> {
    type Context = C;

    #[inline]
    fn output_event<T: Copy + Plain>(
        &self,
        context: &C,
        map: &'static RexPerfEventArray<T>,
        data: &T,
        cpu: PerfEventMaskedCPU,
    ) -> Result {
        let Some(map) = map.map() else { return crate::map::NO_MAP };
        // SAFETY: the record of an event or a copy of one, of this run; the map exists; `data` has the
        // size that is given.
        result(unsafe {
            functions::bpf_perf_event_output_tp(
                core::ptr::from_ref(context).cast_mut().cast(),
                map,
                cpu.flags(),
                core::ptr::from_ref(data).cast(),
                size_of::<T>() as u64,
            )
        })
    }
}
