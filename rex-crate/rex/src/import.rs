// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Calls out of the object, by the termination protocol of runtime/abi/rex_abi.h.
//!
//! While an import runs, the termination byte says HELPER, so that the watchdog lets it finish. When
//! it returns and the byte has become EXPIRED, the run has used up its time and ends here. During the
//! panic body the byte says EXITING and stays so: a `Display` of the author's may call imports.

#[cfg(not(rexc_host))]
use crate::generated::abi;
#[cfg(not(rexc_host))]
use crate::per_cpu;

/// Calls an import. `call` does nothing but that.
#[cfg(not(rexc_host))]
#[inline(always)]
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> T {
    if per_cpu::termination() != abi::TERMINATION_EXITING {
        per_cpu::set_termination::<{ abi::TERMINATION_HELPER }>();
    }
    let result = call();
    let state = per_cpu::termination();
    if state == abi::TERMINATION_HELPER {
        per_cpu::set_termination::<{ abi::TERMINATION_PROGRAM }>();
    } else if state == abi::TERMINATION_EXPIRED {
        crate::panic::timeout();
    }
    result
}

/// What stands for every import on the host.
#[cfg(rexc_host)]
#[cold]
pub(crate) fn unavailable(name: &str) -> ! {
    panic!("{name} is not available on the host")
}

/// Declares an import that returns, and the function that calls it.
macro_rules! import {
    (fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $symbol:literal;) => {
        #[cfg(not(rexc_host))]
        #[inline(always)]
        pub(crate) unsafe fn $name($($argument: $type),*) -> $result {
            unsafe extern "C" {
                #[link_name = $symbol]
                fn import($($argument: $type),*) -> $result;
            }
            // SAFETY: the caller's promise; the declaration is that of imports.def.
            $crate::import::guarded(|| unsafe { import($($argument),*) })
        }

        #[cfg(rexc_host)]
        pub(crate) unsafe fn $name($(_: $type),*) -> $result {
            $crate::import::unavailable(stringify!($name))
        }
    };
}

/// Declares an import that does not return. No protocol: the runtime does not come back.
macro_rules! import_noreturn {
    (fn $name:ident($($argument:ident: $type:ty),*) = $symbol:literal;) => {
        #[cfg(not(rexc_host))]
        #[allow(dead_code)]
        #[inline(always)]
        pub(crate) unsafe fn $name($($argument: $type),*) -> ! {
            unsafe extern "C" {
                #[link_name = $symbol]
                fn import($($argument: $type),*) -> !;
            }
            // SAFETY: the caller's promise; the declaration is that of imports.def.
            unsafe { import($($argument),*) }
        }
    };
}
