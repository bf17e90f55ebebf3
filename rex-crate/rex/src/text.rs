// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Text that nobody else can change.

use crate::opaque;
use core::fmt;
use core::ops::Deref;

/// Up to N bytes of UTF-8, as a copy.
///
/// Bytes in a map or a packet can change at any time, through another reference, on another CPU, in user
/// space. A `&str` that refers to them would be valid UTF-8 only when it was made, and functions of `str`
/// read beyond its end when it no longer is. So text is made of a copy; the functions of core that make a
/// `&str` of borrowed bytes are not allowed in programs.
///
/// Also text to append to, with `write!`.
pub struct Text<const N: usize> {
    bytes: [u8; N],
    /// How many of them are text. At most N, and UTF-8.
    length: usize,
}

impl<const N: usize> Text<N> {
    /// Empty text.
    #[inline]
    pub const fn new() -> Self {
        Text { bytes: [0; N], length: 0 }
    }

    /// All of the bytes; `None` when they are more than N or not UTF-8.
    #[inline]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let text = Self::prefix_of(bytes);
        // Not `bytes.len()`, which is what was there; what counts is the copy.
        if text.length == bytes.len() { Some(text) } else { None }
    }

    /// As many of the bytes, from the first on, as there is room for and as are UTF-8.
    #[inline]
    pub fn prefix_of(bytes: &[u8]) -> Self {
        let mut text = Self::new();
        let taken = bytes.len().min(N);
        // SAFETY: both have as many bytes; the text's are its own. What is found to be UTF-8 must be this
        // copy, and not the bytes that it is made of, so it is no ordinary one.
        unsafe { opaque::copy(bytes.as_ptr(), text.bytes.as_mut_ptr(), taken) };
        text.length = match core::str::from_utf8(&text.bytes[..taken]) {
            Ok(valid) => valid.len(),
            Err(error) => error.valid_up_to(),
        };
        text
    }

    /// The bytes up to the first NUL, or all, as [`prefix_of`](Self::prefix_of).
    #[inline]
    pub fn until_nul(bytes: &[u8]) -> Self {
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        Self::prefix_of(&bytes[..end])
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: the first `length` bytes were found to be UTF-8 in this copy, or appended from a `str`;
        // nothing else writes them.
        unsafe { core::str::from_utf8_unchecked(self.bytes.get_unchecked(..self.length)) }
    }

    /// Appends text; an error, and nothing is appended, when there is no room for all of it.
    #[inline]
    pub fn push(&mut self, text: &str) -> fmt::Result {
        let place = self.bytes[self.length..].get_mut(..text.len()).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Deref for Text<N> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> AsRef<str> for Text<N> {
    #[inline]
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text)
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt::Write;
    use std::format;

    #[test]
    fn copies_of_bytes() {
        assert_eq!(Text::<8>::from_bytes(b"abc").unwrap().as_str(), "abc");
        assert_eq!(&*Text::<3>::from_bytes("\u{20ac}".as_bytes()).unwrap(), "\u{20ac}");
        assert!(Text::<2>::from_bytes(b"abc").is_none());
        assert!(Text::<8>::from_bytes(b"ab\xff").is_none());
        assert_eq!(&*Text::<8>::prefix_of(b"ab\xffcd"), "ab");
        assert_eq!(&*Text::<4>::prefix_of("ab\u{20ac}".as_bytes()), "ab");
        assert_eq!(&*Text::<0>::prefix_of(b"ab"), "");
        assert_eq!(&*Text::<16>::until_nul(b"comm\0\0\xff\xff"), "comm");
        assert_eq!(&*Text::<16>::until_nul(b"comm"), "comm");
    }

    #[test]
    fn appending() {
        let mut text = Text::<8>::new();
        write!(text, "{}-{}", 12, "ab").unwrap();
        assert!(text.push("\u{20ac}x").is_err());
        assert_eq!(&*text, "12-ab");
        text.push("\u{20ac}").unwrap();
        assert_eq!(text.len(), 8);
        assert!(text.push("x").is_err() && text.push("").is_ok());
        assert_eq!(format!("{:>10}|{:?}", text, text), "    12-ab\u{20ac}|\"12-ab\u{20ac}\"");
    }
}
