// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Fields of kernel structures. Where a field lies is not compiled in: its offset is in a GOT slot
//! that the loader fills from the running kernel's BTF (`rex_off.STRUCTURE.FIELD`).

/// Declares the function that reads a field of the structure at an address.
macro_rules! field {
    ($structure:ident.$field:ident: $type:ty) => {
        /// # Safety
        /// `base` is the address of such a structure.
        #[allow(dead_code)] // the list is the object contract, not what this crate happens to read
        #[inline(always)]
        pub(crate) unsafe fn $field(base: *const u8) -> $type {
            // SAFETY: the loader checked that the structure has a field of this type there; any bytes
            // are a value of it.
            unsafe { $crate::opaque::read_at::<$type>(base, offset!($structure, $field)) }
        }
    };
}

/// The offset of a field in the running kernel, in bytes. Opaque to the compiler: it would believe
/// that the address of a symbol is not small.
#[cfg(not(rexc_host))]
macro_rules! offset {
    ($structure:ident, $field:ident) => {{
        let offset: usize;
        // SAFETY: loads a GOT slot, constant once the object is loaded.
        unsafe {
            core::arch::asm!(
                concat!(
                    "movq rex_off.", stringify!($structure), ".", stringify!($field),
                    "@GOTPCREL(%rip), {}"
                ),
                out(reg) offset,
                options(att_syntax, pure, nomem, nostack, preserves_flags)
            );
        }
        offset
    }};
}

#[cfg(rexc_host)]
macro_rules! offset {
    ($structure:ident, $field:ident) => {
        $crate::field::unavailable(concat!(stringify!($structure), ".", stringify!($field)))
    };
}

/// An offset that is not known: the host has no kernel structures.
#[cfg(rexc_host)]
pub(crate) fn unavailable(field: &str) -> usize {
    crate::import::unavailable(field)
}
