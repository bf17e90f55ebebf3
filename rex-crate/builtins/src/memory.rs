// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! memcpy, memmove, memset, memcmp, bcmp: the five that LLVM assumes to exist.

use core::arch::asm;

/// From this size on `rep movsb`/`rep stosb` beat a loop of 8-byte moves on processors with fast
/// string operations (Intel optimization manual, 3.7.6).
const REP_THRESHOLD: usize = 256;

const WORD: usize = size_of::<u64>();

/// Copies upwards: words, then the bytes that are left.
///
/// # Safety
/// As memcpy; or, for overlapping ranges, `destination` lies below `source`.
#[inline(always)]
unsafe fn copy_up(destination: *mut u8, source: *const u8, size: usize) {
    if size >= REP_THRESHOLD {
        // SAFETY: both ranges are valid for `size` bytes; DF is clear as the ABI demands.
        unsafe {
            asm!("rep movsb",
                 inout("rcx") size => _, inout("rdi") destination => _, inout("rsi") source => _,
                 options(nostack, preserves_flags));
        }
        return;
    }
    let mut at = 0;
    // SAFETY: every access is at an offset below `size` by the loops' conditions.
    unsafe {
        while size - at >= WORD {
            let word = source.add(at).cast::<u64>().read_unaligned();
            destination.add(at).cast::<u64>().write_unaligned(word);
            at += WORD;
        }
        while at < size {
            destination.add(at).write(source.add(at).read());
            at += 1;
        }
    }
}

/// Copies downwards, for overlapping ranges with `destination` above `source`.
///
/// # Safety
/// Both ranges are valid for `size` bytes.
#[inline(always)]
unsafe fn copy_down(destination: *mut u8, source: *const u8, size: usize) {
    let mut left = size;
    // SAFETY: every access is at an offset below `size` by the loops' conditions. A word is read as
    // a whole before it is written, so ranges that overlap by less than a word copy right as well.
    unsafe {
        while left >= WORD {
            left -= WORD;
            let word = source.add(left).cast::<u64>().read_unaligned();
            destination.add(left).cast::<u64>().write_unaligned(word);
        }
        while left > 0 {
            left -= 1;
            destination.add(left).write(source.add(left).read());
        }
    }
}

/// # Safety
/// As C's memcpy.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn memcpy(destination: *mut u8, source: *const u8, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise is this one's.
    unsafe { copy_up(destination, source, size) };
    destination
}

/// # Safety
/// As C's memmove.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn memmove(destination: *mut u8, source: *const u8, size: usize) -> *mut u8 {
    let distance = (destination as usize).wrapping_sub(source as usize);
    // SAFETY: `distance >= size` says that the destination starts below the source (the subtraction
    // wrapped) or after the source's end; both are fine upwards. Otherwise it starts inside.
    unsafe {
        if distance >= size {
            copy_up(destination, source, size);
        } else {
            copy_down(destination, source, size);
        }
    }
    destination
}

/// # Safety
/// As C's memset.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn memset(destination: *mut u8, value: i32, size: usize) -> *mut u8 {
    let byte = value as u8;
    if size >= REP_THRESHOLD {
        // SAFETY: the range is valid for `size` bytes; DF is clear as the ABI demands.
        unsafe {
            asm!("rep stosb",
                 inout("rcx") size => _, inout("rdi") destination => _, in("al") byte,
                 options(nostack, preserves_flags));
        }
        return destination;
    }
    let word = u64::from_ne_bytes([byte; WORD]);
    let mut at = 0;
    // SAFETY: every access is at an offset below `size` by the loops' conditions.
    unsafe {
        while size - at >= WORD {
            destination.add(at).cast::<u64>().write_unaligned(word);
            at += WORD;
        }
        while at < size {
            destination.add(at).write(byte);
            at += 1;
        }
    }
    destination
}

/// # Safety
/// As C's memcmp.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, size: usize) -> i32 {
    let mut at = 0;
    // SAFETY: every access is at an offset below `size` by the loops' conditions.
    unsafe {
        while size - at >= WORD {
            let a = left.add(at).cast::<u64>().read_unaligned();
            let b = right.add(at).cast::<u64>().read_unaligned();
            if a != b {
                // Big-endian order is the order of the bytes.
                return if a.swap_bytes() < b.swap_bytes() { -1 } else { 1 };
            }
            at += WORD;
        }
        while at < size {
            let a = left.add(at).read();
            let b = right.add(at).read();
            if a != b {
                return i32::from(a) - i32::from(b);
            }
            at += 1;
        }
    }
    0
}

/// # Safety
/// As memcmp; only zero and not zero are told apart.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, size: usize) -> i32 {
    // SAFETY: the caller's promise is this one's.
    unsafe { memcmp(left, right, size) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 14] = [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 255, 256, 257, 300];

    fn pattern() -> Vec<u8> {
        (0..1024u32).map(|i| (i.wrapping_mul(167) >> 2) as u8).collect()
    }

    #[test]
    fn memcpy_copies_exactly() {
        for size in SIZES {
            for offset in 0..9 {
                let source = pattern();
                let mut destination = vec![0xee; 1024];
                // SAFETY: both ranges lie in their vectors.
                let end = unsafe {
                    memcpy(destination[16..].as_mut_ptr(), source[offset..].as_ptr(), size)
                };
                assert_eq!(end, destination[16..].as_mut_ptr());
                assert_eq!(destination[16..16 + size], source[offset..offset + size]);
                assert!(destination[..16].iter().all(|&b| b == 0xee));
                assert!(destination[16 + size..].iter().all(|&b| b == 0xee));
            }
        }
    }

    #[test]
    fn memmove_handles_every_overlap() {
        for size in SIZES {
            for from in [300, 301, 307, 308, 309, 320] {
                for to in (280..340).chain([0, 620, 640]) {
                    let mut ours = pattern();
                    let mut expected = pattern();
                    expected.copy_within(from..from + size, to);
                    let start = ours.as_mut_ptr();
                    // SAFETY: both ranges lie in the vector.
                    unsafe { memmove(start.add(to), start.add(from), size) };
                    assert_eq!(ours, expected, "size {size} from {from} to {to}");
                }
            }
        }
    }

    #[test]
    fn memset_fills_exactly() {
        for size in SIZES {
            let mut ours = pattern();
            let mut expected = pattern();
            expected[10..10 + size].fill(0xa5);
            // SAFETY: the range lies in the vector.
            unsafe { memset(ours[10..].as_mut_ptr(), 0x12_a5, size) };
            assert_eq!(ours, expected);
        }
    }

    #[test]
    fn memcmp_orders_as_bytes() {
        for size in SIZES {
            let left = pattern();
            // SAFETY: all ranges lie in their vectors.
            unsafe {
                assert_eq!(memcmp(left.as_ptr(), left.as_ptr(), size), 0);
                for at in 0..size {
                    for (change, sign) in [(1u8, -1), (255, 1)] {
                        let mut right = left.clone();
                        let Some(changed) = right[at].checked_add_signed(-(sign as i8)) else {
                            continue;
                        };
                        right[at] = changed;
                        // A later difference must not count.
                        if at + 1 < size {
                            right[at + 1] = right[at + 1].wrapping_add(change);
                        }
                        let order = memcmp(left.as_ptr(), right.as_ptr(), size);
                        assert_eq!(order.signum(), sign, "size {size} at {at}");
                        assert_ne!(bcmp(left.as_ptr(), right.as_ptr(), size), 0);
                        assert_eq!(memcmp(left.as_ptr(), right.as_ptr(), at), 0);
                    }
                }
            }
        }
    }
}
