// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Reading memory that others may write at the same time: maps, packets, the kernel's structures.
//!
//! An ordinary copy of such memory is, to the compiler, as good as the original for as long as the program
//! itself writes neither: it passes the original's address where a copy was wanted, and may read a value
//! twice. Then what was checked is not what is used. Here the bytes go through `asm`, of which the compiler
//! knows nothing: the result is one value, whatever becomes of the memory.

use core::arch::asm;
use core::intrinsics::is_val_statically_known;
use core::mem::MaybeUninit;

/// Up to this many bytes a value is read in words, each by one instruction, and those of words that nobody
/// uses are left out.
const WORDS_MAX: usize = 64;

/// One word of a value: a load that happens at most once.
macro_rules! load {
    ($type:ty, $instruction:literal, $address:literal, $($operands:tt)*) => {{
        let word: u64;
        // SAFETY: the caller has as many readable bytes there. `pure` lets the compiler do it once for two
        // readers or not at all, never twice for one.
        unsafe {
            asm!(concat!($instruction, $address), $($operands)*, word = lateout(reg) word,
                 options(pure, readonly, nostack, preserves_flags));
        }
        word as $type
    }};
}

/// Reads a value, aligned or not. It can be looked at as often as one likes.
///
/// # Safety
/// There are `size_of::<T>()` readable bytes, which are a `T`, whatever others write to them meanwhile.
#[inline(always)]
pub(crate) unsafe fn read<T: Copy>(from: *const T) -> T {
    let mut value = MaybeUninit::<T>::uninit();
    let (from, to) = (from.cast::<u8>(), value.as_mut_ptr().cast::<u8>());
    macro_rules! word {
        ($at:expr, $type:ty, $instruction:literal) => {
            let word = load!($type, $instruction, " [{from} + {at}]", from = in(reg) from, at = const $at);
            // SAFETY: the word lies within the value.
            unsafe { to.add($at).cast::<$type>().write_unaligned(word) };
        };
    }
    macro_rules! words {
        ($($at:literal)*) => {
            $(if size_of::<T>() >= $at + 8 {
                word!($at, u64, "mov {word}, qword ptr");
            })*
        };
    }
    if size_of::<T>() > WORDS_MAX {
        // SAFETY: the caller's promise; the value is nobody else's.
        unsafe { copy(from, to, size_of::<T>()) };
    } else {
        words!(0 8 16 24 32 40 48 56);
        if size_of::<T>() & 4 != 0 {
            word!(const { size_of::<T>() & !7 }, u32, "mov {word:e}, dword ptr");
        }
        if size_of::<T>() & 2 != 0 {
            word!(const { size_of::<T>() & !3 }, u16, "movzx {word:e}, word ptr");
        }
        if size_of::<T>() & 1 != 0 {
            word!(const { size_of::<T>() & !1 }, u8, "movzx {word:e}, byte ptr");
        }
    }
    // SAFETY: all of its bytes were written, and the caller says that they are a `T`.
    unsafe { value.assume_init() }
}

/// As [`read`], at an offset in bytes: one instruction where the value is a word.
///
/// # Safety
/// As of [`read`].
#[inline(always)]
pub(crate) unsafe fn read_at<T: Copy>(base: *const u8, offset: usize) -> T {
    macro_rules! word {
        ($type:ty, $instruction:literal) => {{
            let word = load!($type, $instruction, " [{base} + {offset}]",
                             base = in(reg) base, offset = in(reg) offset);
            // SAFETY: types of the same size; the caller says that the bytes are a `T`.
            unsafe { core::mem::transmute_copy::<$type, T>(&word) }
        }};
    }
    match size_of::<T>() {
        8 => word!(u64, "mov {word}, qword ptr"),
        4 => word!(u32, "mov {word:e}, dword ptr"),
        2 => word!(u16, "movzx {word:e}, word ptr"),
        1 => word!(u8, "movzx {word:e}, byte ptr"),
        // SAFETY: the caller's promise.
        _ => unsafe { read(base.wrapping_add(offset).cast::<T>()) },
    }
}

/// A number that has been read, as one that the compiler cannot read again: it may be checked and then used.
#[inline(always)]
pub(crate) fn settled(number: u32) -> u32 {
    // One that the program's text says was never read.
    if is_val_statically_known(number) {
        return number;
    }
    let settled: u32;
    // SAFETY: does nothing. The number is in a register, and what comes out has no other place.
    unsafe {
        asm!("/* {number:e} */", number = inlateout(reg) number => settled,
             options(pure, nomem, nostack, preserves_flags));
    }
    settled
}

/// Copies bytes that others may write into memory of the program's own.
///
/// # Safety
/// `size` bytes are readable at `from` and writable at `to`, and do not overlap.
#[inline(always)]
pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, size: usize) {
    let source: *const u8;
    // SAFETY: does nothing. What it gives is not known to be memory that a reference promises not to change.
    unsafe {
        asm!("/* {source} */", source = inlateout(reg) from => source,
             options(pure, nomem, nostack, preserves_flags));
    }
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy_nonoverlapping(source, to, size) };
    // SAFETY: does nothing. Without `nomem` and `readonly` the compiler has to believe that it changes the
    // source, so from here on the copy is not the same.
    unsafe { asm!("/* {source} */", source = in(reg) source, options(nostack, preserves_flags)) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_at_every_alignment() {
        fn check<const N: usize>(bytes: &[u8; 256]) {
            for at in 0..16 {
                // SAFETY: within the array; any bytes are such a value.
                let value = unsafe { read(bytes[at..].as_ptr().cast::<[u8; N]>()) };
                assert_eq!(value, bytes[at..at + N]);
            }
        }
        let mut bytes = [0; 256];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = (i * 7 + 1) as u8;
        }
        macro_rules! sizes {
            ($($size:literal)*) => { $(check::<$size>(&bytes);)* };
        }
        sizes!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 19 20 23 24 31 32 33 40 48 55 56 57 60 62 63
               64 65 66 71 72 100 127 128 200 240);
    }

    #[test]
    fn fields() {
        let bytes = [1u8, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        // SAFETY: within the array; any bytes are such values.
        unsafe {
            assert_eq!(read_at::<u8>(bytes.as_ptr(), 3), 4);
            assert_eq!(read_at::<u16>(bytes.as_ptr(), 3).to_ne_bytes(), [4, 5]);
            assert_eq!(read_at::<u32>(bytes.as_ptr(), 3).to_ne_bytes(), [4, 5, 6, 7]);
            assert_eq!(read_at::<u64>(bytes.as_ptr(), 3).to_ne_bytes(), bytes[3..11]);
            assert_eq!(read_at::<[u8; 5]>(bytes.as_ptr(), 3), bytes[3..8]);
        }
    }

    #[test]
    fn pointers() {
        let number = 0x1234_5678_9abc_def0u64;
        let pointer = &raw const number;
        // SAFETY: a pointer to a number that is still there.
        assert_eq!(unsafe { *read(&raw const pointer) }, number);
    }
}
