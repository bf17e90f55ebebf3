// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! 128-bit division, remainder and overflowing multiplication, by the names LLVM calls them
//! (compiler-rt). Division by zero does not arrive here: Rust tests for it first.

use core::arch::asm;

/// (high * 2^64 + low) divided by `divisor`: quotient and remainder. `high` must be below
/// `divisor`, or the processor raises #DE.
#[inline(always)]
fn divide_word(high: u64, low: u64, divisor: u64) -> (u64, u64) {
    let quotient;
    let remainder;
    // SAFETY: the instruction reads and writes the named registers only.
    unsafe {
        asm!("div {divisor}", divisor = in(reg) divisor,
             inout("rax") low => quotient, inout("rdx") high => remainder,
             options(pure, nomem, nostack));
    }
    (quotient, remainder)
}

/// Quotient and remainder of unsigned 128-bit integers.
fn divide(dividend: u128, divisor: u128) -> (u128, u128) {
    let (high, low) = ((dividend >> 64) as u64, dividend as u64);
    let (divisor_high, divisor_low) = ((divisor >> 64) as u64, divisor as u64);
    if divisor_high == 0 {
        if divisor_low == 0 {
            return (0, dividend);
        }
        let (quotient_high, rest) = (high / divisor_low, high % divisor_low);
        let (quotient_low, remainder) = divide_word(rest, low, divisor_low);
        return (u128::from(quotient_high) << 64 | u128::from(quotient_low), u128::from(remainder));
    }
    // Warren, Hacker's Delight, 9-5: an estimate from the divisor's leading word that is at most
    // one too large; made one too small at most, then corrected.
    let shift = divisor_high.leading_zeros();
    let leading = ((divisor << shift) >> 64) as u64;
    let half = dividend >> 1;
    let (estimate, _) = divide_word((half >> 64) as u64, half as u64, leading);
    let mut quotient = (u128::from(estimate) << shift) >> 63;
    quotient = quotient.saturating_sub(1);
    let mut remainder = dividend.wrapping_sub(quotient.wrapping_mul(divisor));
    if remainder >= divisor {
        quotient += 1;
        remainder -= divisor;
    }
    (quotient, remainder)
}

#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn __udivti3(dividend: u128, divisor: u128) -> u128 {
    divide(dividend, divisor).0
}

#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn __umodti3(dividend: u128, divisor: u128) -> u128 {
    divide(dividend, divisor).1
}

#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn __divti3(dividend: i128, divisor: i128) -> i128 {
    let quotient = divide(dividend.unsigned_abs(), divisor.unsigned_abs()).0;
    if (dividend < 0) != (divisor < 0) {
        (quotient as i128).wrapping_neg()
    } else {
        quotient as i128
    }
}

#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn __modti3(dividend: i128, divisor: i128) -> i128 {
    let remainder = divide(dividend.unsigned_abs(), divisor.unsigned_abs()).1 as i128;
    if dividend < 0 { remainder.wrapping_neg() } else { remainder }
}

/// The product modulo 2^128, and in `*overflow` whether that is not the product.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn __muloti4(a: i128, b: i128, overflow: &mut i32) -> i128 {
    let negative = (a < 0) != (b < 0);
    let (magnitude, overflowed) = multiply(a.unsigned_abs(), b.unsigned_abs());
    let limit = i128::MAX as u128 + u128::from(negative);
    *overflow = i32::from(overflowed || magnitude > limit);
    if negative { (magnitude as i128).wrapping_neg() } else { magnitude as i128 }
}

/// The unsigned product modulo 2^128, and whether that is not the product; of 64-bit products, which
/// are machine instructions, as the compiler might make a call to `__muloti4` of anything wider.
fn multiply(a: u128, b: u128) -> (u128, bool) {
    let (a_high, a_low) = ((a >> 64) as u64, a as u64);
    let (b_high, b_low) = ((b >> 64) as u64, b as u64);
    let low = u128::from(a_low) * u128::from(b_low);
    let across_a = u128::from(a_high) * u128::from(b_low);
    let across_b = u128::from(a_low) * u128::from(b_high);
    let across = across_a.wrapping_add(across_b);
    let product = low.wrapping_add(across << 64);
    let overflowed = (a_high != 0 && b_high != 0)
        || (across_a >> 64) != 0
        || (across_b >> 64) != 0
        || product < low;
    (product, overflowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values at the edges of words, and a fixed sequence of mixed widths.
    fn samples() -> Vec<u128> {
        let mut values = vec![0, 1, 2, 3, 10, u128::MAX, u128::MAX - 1, i128::MAX as u128];
        for bit in 0..128 {
            let power = 1u128 << bit;
            values.extend([power, power - 1, power + 1]);
        }
        let mut state = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835u128;
        for i in 0..200 {
            state =
                state.wrapping_mul(0xda94_2042_e4dd_58b5_0000_0000_0000_0001).rotate_left(41) + 11;
            values.push(state >> (i * 7 % 128));
        }
        values
    }

    #[test]
    fn division_agrees_with_the_hosts() {
        for &a in &samples() {
            for &b in &samples() {
                if b == 0 {
                    continue;
                }
                assert_eq!(__udivti3(a, b), a / b, "{a} / {b}");
                assert_eq!(__umodti3(a, b), a % b, "{a} % {b}");
                let (c, d) = (a as i128, b as i128);
                assert_eq!(__divti3(c, d), c.wrapping_div(d), "{c} / {d}");
                assert_eq!(__modti3(c, d), c.wrapping_rem(d), "{c} % {d}");
            }
        }
    }

    #[test]
    fn multiplication_agrees_with_the_hosts() {
        for &a in &samples() {
            for &b in &samples() {
                let (a, b) = (a as i128, b as i128);
                let mut overflow = 7;
                let product = __muloti4(a, b, &mut overflow);
                assert_eq!((product, overflow != 0), a.overflowing_mul(b), "{a} * {b}");
            }
        }
    }

    #[test]
    fn division_by_zero_does_not_trap() {
        assert_eq!(__udivti3(5, 0), 0);
        assert_eq!(__umodti3(5, 0), 5);
    }
}
