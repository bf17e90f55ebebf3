// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Calls out of the object. They are plain calls: that an import finishes, and that a run whose time is up ends
//! after it, is the runtime's business (runtime/abi/rex_abi.h, Termination).

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
            unsafe { import($($argument),*) }
        }

        #[cfg(rexc_host)]
        pub(crate) unsafe fn $name($(_: $type),*) -> $result {
            $crate::import::unavailable(stringify!($name))
        }
    };
}

/// Declares an import that does not return.
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
