// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! The token bucket: a source has at most so many tokens, gets one at a time, and pays one for each packet.

/// How many packets at once, and how many in the long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Rate {
    /// Most tokens that a bucket can hold: packets at once after a pause.
    pub burst: u64,
    /// Nanoseconds until a bucket gets another token.
    pub interval: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct TokenBucket {
    pub tokens: u64,
    /// When the last token came, in nanoseconds.
    pub refilled: u64,
}

impl TokenBucket {
    pub fn full(rate: &Rate, now: u64) -> TokenBucket {
        TokenBucket { tokens: rate.burst, refilled: now }
    }

    /// Adds what has come since the last time.
    fn refill(&mut self, rate: &Rate, now: u64) {
        // Another CPU may have been here with a later time than this one's.
        let elapsed = now.saturating_sub(self.refilled);
        let earned = elapsed.checked_div(rate.interval).unwrap_or(u64::MAX);
        if earned == 0 {
            return;
        }
        self.tokens = self.tokens.saturating_add(earned).min(rate.burst);
        // What is left of an interval counts for the next token, or a source that sends often would get fewer.
        self.refilled = now - elapsed.checked_rem(rate.interval).unwrap_or(0);
    }

    /// Takes a token; false when there is none.
    pub fn take(&mut self, rate: &Rate, now: u64) -> bool {
        self.refill(rate, now);
        let allowed = self.tokens > 0;
        self.tokens -= u64::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, interval: 100 };

    #[test]
    fn a_burst_and_no_more() {
        let mut bucket = TokenBucket::full(&RATE, 1000);
        let taken = [(); 5].map(|()| bucket.take(&RATE, 1000));
        assert_eq!(taken, [true, true, true, false, false]);
    }

    #[test]
    fn tokens_come_back_one_by_one() {
        let mut bucket = TokenBucket { tokens: 0, refilled: 1000 };
        assert!(!bucket.take(&RATE, 1099));
        assert!(bucket.take(&RATE, 1100));
        assert!(!bucket.take(&RATE, 1199));
        // Two and a half intervals: the half is kept.
        assert!(bucket.take(&RATE, 1350));
        assert!(bucket.take(&RATE, 1350));
        assert!(!bucket.take(&RATE, 1399));
        assert!(bucket.take(&RATE, 1400));
    }

    #[test]
    fn the_long_run() {
        let mut bucket = TokenBucket::full(&RATE, 0);
        let passed = (0..100_000).step_by(7).filter(|&now| bucket.take(&RATE, now)).count();
        assert_eq!(passed, 3 + 999); // 99,995 / 100 came back
    }

    #[test]
    fn a_pause_fills_up_to_the_burst() {
        let mut bucket = TokenBucket { tokens: 1, refilled: 0 };
        bucket.refill(&RATE, u64::MAX);
        assert_eq!(bucket.tokens, 3);
    }

    #[test]
    fn clocks_of_other_cpus() {
        let mut bucket = TokenBucket { tokens: 1, refilled: 500 };
        assert!(bucket.take(&RATE, 400));
        assert_eq!(bucket, TokenBucket { tokens: 0, refilled: 500 });
    }

    #[test]
    fn no_interval_is_no_limit() {
        let rate = Rate { burst: 1, interval: 0 };
        let mut bucket = TokenBucket::full(&rate, 7);
        assert!((0..10).all(|_| bucket.take(&rate, 7)));
    }
}
