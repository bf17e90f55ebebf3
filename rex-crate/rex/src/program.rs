// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! How a program in the source becomes a program of the object.
//!
//! An attribute macro leaves a static of type [`Marker`] with `#[used]`. The compiler pass looks for
//! the marker's magic in the module's constants, turns its trampoline into the external function
//! symbol NAME in section SECTION, and deletes the marker. Its layout, on x86-64 (llvm-pass/MARKER.md
//! repeats it for the pass):
//!
//! | offset | size | content |
//! |---|---|---|
//! | 0 | 16 | `REXPROGRAMv1` and four zero bytes |
//! | 16 | 8, 8 | address and length of the name, UTF-8, not NUL-terminated |
//! | 32 | 8, 8 | address and length of the section's name |
//! | 48 | 8 | address of the trampoline, `extern "C" fn(*mut c_void) -> u32` |
//!
//! A marker can be made by anybody, by [`crate::xdp::program`] and its like, and does no harm: the
//! trampoline is the crate's own and is made for one program type and one function of the right type;
//! name and section are checked here.

use crate::generated::names;
use crate::utils::Result;
use core::ffi::c_void;

/// The trampoline's type: what a runtime calls (rex_abi.h).
pub(crate) type Entry = unsafe extern "C" fn(*mut c_void) -> u32;

/// Tells the compiler pass of one program. See the module's documentation.
#[repr(C)]
pub struct Marker {
    magic: [u8; 16],
    name: *const u8,
    name_length: usize,
    section: *const u8,
    section_length: usize,
    entry: Entry,
}

// SAFETY: a marker is never changed, and its pointers are to constants.
unsafe impl Sync for Marker {}

impl Marker {
    /// Checks the strings; a bad one is an error at compile time.
    #[inline] // so that no function with the magic in it is compiled here, for the pass to find
    pub(crate) const fn new(name: &'static str, section: &'static str, entry: Entry) -> Self {
        check_name(name);
        check_section(section.as_bytes());
        Marker {
            magic: *b"REXPROGRAMv1\0\0\0\0",
            name: name.as_ptr(),
            name_length: name.len(),
            section: section.as_ptr(),
            section_length: section.len(),
            entry,
        }
    }
}

/// Longest name of a program or a map, in bytes. The kernel shows the first 15 of them.
pub(crate) const NAME_MAX: usize = 63;

/// Names that the object's own parts have, or that the compiler believes to know.
const RESERVED: &[&str] = &[
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "bcmp",
    "strlen",
    "rust_eh_personality",
    "main",
    "rex_off",
];

/// Panics, at compile time, when the name cannot be one of a program or a map.
#[doc(hidden)]
pub const fn check_name(name: &str) {
    let bytes = name.as_bytes();
    assert!(!bytes.is_empty(), "the name is empty");
    assert!(bytes.len() <= NAME_MAX, "the name is longer than 63 bytes");
    assert!(!bytes[0].is_ascii_digit(), "the name begins with a digit");
    let mut i = 0;
    while i < bytes.len() {
        assert!(
            bytes[i].is_ascii_alphanumeric() || bytes[i] == b'_',
            "the name of a program or a map consists of ASCII letters, digits and `_`"
        );
        i += 1;
    }
    // As in C: `__rex_panic_body`, `_GLOBAL_OFFSET_TABLE_` and `_DYNAMIC`, which linkers make, and the
    // mangled names `_R...` and `_ZN...` are among them.
    assert!(
        !(bytes.len() >= 2
            && bytes[0] == b'_'
            && (bytes[1] == b'_' || bytes[1].is_ascii_uppercase())),
        "names that begin with `__`, or `_` and a capital letter, are reserved"
    );
    assert!(!contains(RESERVED, bytes), "the name is reserved");
    assert!(!contains(names::IMPORTS, bytes), "the name is that of a function of the runtime");
}

const fn check_section(bytes: &[u8]) {
    let mut i = 0;
    while i < bytes.len() {
        let good = bytes[i].is_ascii_alphanumeric() || matches!(bytes[i], b'_' | b'/' | b'.');
        assert!(good, "the name of an attach point consists of ASCII letters, digits, `_` and `.`");
        i += 1;
    }
}

/// Panics, at compile time, when a kprobe's section is neither `kprobe` nor `kprobe/SYMBOL`.
pub(crate) const fn check_kprobe_section(section: &str) {
    let bytes = section.as_bytes();
    let (prefix, symbol) = bytes.split_at(if bytes.len() < 6 { bytes.len() } else { 6 });
    assert!(equal(prefix, b"kprobe"), "a kprobe's section is `kprobe` or `kprobe/SYMBOL`");
    let mut i = 1;
    while i < symbol.len() {
        assert!(symbol[i] != b'/', "a kprobe's section is `kprobe` or `kprobe/SYMBOL`");
        i += 1;
    }
    assert!(
        symbol.is_empty() || (symbol[0] == b'/' && symbol.len() > 1),
        "a kprobe's section is `kprobe` or `kprobe/SYMBOL`"
    );
}

const fn contains(list: &[&str], name: &[u8]) -> bool {
    let mut i = 0;
    while i < list.len() {
        if equal(list[i].as_bytes(), name) {
            return true;
        }
        i += 1;
    }
    false
}

/// Slices' `==` is not available in constants.
pub(crate) const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// A value of a program's function type, out of nothing. A program is named by the type of its
/// function, as a trampoline has nowhere to keep a value.
///
/// # Safety
/// A value of type `F` was given away as a program.
#[inline(always)]
pub(crate) unsafe fn conjure<F: Copy + 'static>() -> F {
    const { assert!(size_of::<F>() == 0, "a program is a function, not a closure with captures") };
    // SAFETY: the type has no bytes, and the caller says that there is a value, to copy.
    unsafe { core::ptr::NonNull::<F>::dangling().as_ptr().read() }
}

/// The program's return value as the runtime takes it: what is in either arm.
#[inline(always)]
pub(crate) fn verdict(result: Result) -> u32 {
    match result {
        Ok(value) | Err(value) => value as u32,
    }
}

/// Defines `program`, by which an attribute macro makes a function a program of one type. The last
/// argument turns the runtime's context into the program's, and runs the function with it.
macro_rules! program_constructor {
    (
        $(#[$attribute:meta])*
        $object:ident, $section:literal, $argument:ty, |$function:ident, $context:ident| $run:block
    ) => {
        $(#[$attribute])*
        #[doc(hidden)]
        pub const fn program<F>(name: &'static str, function: F) -> $crate::program::Marker
        where
            F: Fn(&$object, $argument) -> $crate::Result + Copy + 'static,
        {
            let _ = function;
            $crate::program::Marker::new(name, $section, entry::<F>)
        }

        unsafe extern "C" fn entry<F>($context: *mut core::ffi::c_void) -> u32
        where
            F: Fn(&$object, $argument) -> $crate::Result + Copy + 'static,
        {
            // SAFETY: `program` took a value of `F`.
            let $function = unsafe { $crate::program::conjure::<F>() };
            $crate::program::verdict($run)
        }
    };
}
pub(crate) use program_constructor;

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;
    use std::string::String;

    #[test]
    fn good_names() {
        for name in ["p", "_p", "xdp_1", "Upper"] {
            check_name(name);
        }
        check_name(core::str::from_utf8(&[b'a'; NAME_MAX]).unwrap());
        for section in ["kprobe", "kprobe/ksys_read", "kprobe/foo.isra.0"] {
            check_kprobe_section(section);
            check_section(section.as_bytes());
        }
    }

    #[test]
    fn bad_names() {
        let long = String::from_utf8([b'a'; NAME_MAX + 1].to_vec()).unwrap();
        for name in [
            "",
            "1p",
            "a-b",
            "a.b",
            "\u{e9}",
            "__p",
            "_GLOBAL_OFFSET_TABLE_",
            "_DYNAMIC",
            "_RNvC1p",
            "_ZN1p",
            "memcpy",
            "bpf_ktime_get_ns",
            "rex_cpu",
            &long,
        ] {
            assert!(catch_unwind(|| check_name(name)).is_err(), "{name}");
        }
        for section in ["", "kprob", "kprobe/", "kprobes", "kprobe/a/b", "xdp"] {
            assert!(catch_unwind(|| check_kprobe_section(section)).is_err(), "{section}");
        }
        for section in ["xdp\0", "a b", "tc\n"] {
            assert!(catch_unwind(|| check_section(section.as_bytes())).is_err(), "{section}");
        }
    }

    #[test]
    fn marker_layout() {
        fn program(_: &crate::xdp::xdp, _: &mut crate::xdp::xdp_md) -> Result {
            Ok(0)
        }
        static MARKER: Marker = crate::xdp::program("name", program);
        assert_eq!(size_of::<Marker>(), 56);
        assert_eq!(core::mem::offset_of!(Marker, name), 16);
        assert_eq!(core::mem::offset_of!(Marker, section), 32);
        assert_eq!(core::mem::offset_of!(Marker, entry), 48);
        assert_eq!(&MARKER.magic, b"REXPROGRAMv1\0\0\0\0");
        assert_eq!((MARKER.name_length, MARKER.section_length), (4, 3));
    }

    #[test]
    fn verdicts() {
        assert_eq!(verdict(Ok(2)), 2);
        assert_eq!(verdict(Err(1)), 1);
        assert_eq!(verdict(Err(-22)), 4_294_967_274);
    }
}
