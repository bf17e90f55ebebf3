// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A file's path, as far as there is room for it.

/// Bytes of a path that are kept. Longer ones are cut.
pub const PATH_SIZE: usize = 128;

/// Bytes that are copied at a time: a path is most often short, and what lies behind it need not be read.
pub const STEP: usize = 32;

/// Where the text in a block of bytes ends; None when it goes on in the next.
pub fn end(block: &[u8; STEP]) -> Option<usize> {
    block.iter().position(|&byte| byte == 0)
}

/// Sets what lies behind the text to zero: it is the kernel's memory, and none of user space's business.
pub fn clear_from(block: &mut [u8; STEP], end: usize) {
    for byte in block.iter_mut().skip(end) {
        *byte = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_texts() {
        let mut block = [b'a'; STEP];
        assert_eq!(end(&block), None);
        block[31] = 0;
        assert_eq!(end(&block), Some(31));
        block[0] = 0;
        assert_eq!(end(&block), Some(0));
    }

    #[test]
    fn nothing_behind_the_text_is_left() {
        for length in 0..=STEP {
            let mut block = [b'x'; STEP];
            clear_from(&mut block, length);
            assert!(block.iter().take(length).all(|&byte| byte == b'x'));
            assert!(block.iter().skip(length).all(|&byte| byte == 0));
        }
    }

    #[test]
    fn steps_fill_a_path() {
        assert_eq!(PATH_SIZE % STEP, 0);
    }
}
