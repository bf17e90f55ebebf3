// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A histogram whose buckets are powers of two.

/// Bucket 39 begins at 2^39 ns, nine minutes; longer calls are counted there too.
pub const BUCKETS: usize = 40;

/// What is known of one system call. It is a map's value: integers only, and no padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Latency {
    pub calls: u64,
    /// Calls that returned an error.
    pub errors: u64,
    /// Sum of all times, in nanoseconds.
    pub total: u64,
    /// Bucket n counts calls of 2^n to 2^(n+1) - 1 nanoseconds; bucket 0 those of none as well.
    pub buckets: [u64; BUCKETS],
}

/// The bucket of a time; always less than BUCKETS.
pub fn bucket(nanoseconds: u64) -> usize {
    match nanoseconds.checked_ilog2() {
        Some(power) => (power as usize).min(BUCKETS - 1),
        None => 0,
    }
}

/// Whether a system call's result says that it failed (the kernel's IS_ERR_VALUE). Large negative numbers are
/// addresses, which mmap(2) returns.
pub fn is_error(result: i64) -> bool {
    const MAX_ERRNO: i64 = 4095;
    (-MAX_ERRNO..0).contains(&result)
}

impl Latency {
    pub fn add(&mut self, nanoseconds: u64, result: i64) {
        self.calls += 1;
        self.errors += u64::from(is_error(result));
        self.total = self.total.saturating_add(nanoseconds);
        // Indexing with a number that the compiler can see to be in range has no check and no panic.
        self.buckets[bucket(nanoseconds)] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: Latency = Latency { calls: 0, errors: 0, total: 0, buckets: [0; BUCKETS] };

    #[test]
    fn buckets_are_powers_of_two() {
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(1), 0);
        for power in 1..BUCKETS {
            assert_eq!(bucket((1 << power) - 1), power - 1);
            assert_eq!(bucket(1 << power), power);
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn calls_add_up() {
        let mut latency = EMPTY;
        for (time, result) in [(0, 0), (5, 3), (7, -2), (1000, 100), (u64::MAX, -4)] {
            latency.add(time, result);
        }
        assert_eq!((latency.calls, latency.errors), (5, 2));
        assert_eq!(latency.total, u64::MAX);
        assert_eq!((latency.buckets[0], latency.buckets[2], latency.buckets[9]), (1, 2, 1));
        assert_eq!(latency.buckets.iter().sum::<u64>(), 5);
    }

    #[test]
    fn errors_are_small_negative_numbers() {
        assert!(is_error(-1) && is_error(-4095));
        assert!(!is_error(0) && !is_error(12) && !is_error(-4096) && !is_error(i64::MIN));
    }
}
