// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! The ring buffer: records of any size for user space.

use super::handle::{NO_MAP, RexMapHandle};
use crate::generated::functions;
use crate::linux::bpf::*;
use crate::utils::{Result, result};
use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

/// A ring buffer of `max_entries` bytes: a power of two and a multiple of the page size.
pub type RexRingBuf = RexMapHandle<BPF_MAP_TYPE_RINGBUF, (), ()>;

impl RexRingBuf {
    /// Room for a record of `size` bytes; `None` when there is not enough. The runtime discards the
    /// record if the run ends before it is submitted.
    #[inline]
    pub fn reserve<'a>(&'static self, size: usize) -> Option<RexRingBufEntry<'a>> {
        let map = self.map()?;
        // SAFETY: the map exists and is a ring buffer.
        let record = unsafe { functions::rex_ringbuf_reserve(map, size as u64, 0) };
        if record.is_null() {
            return None;
        }
        // SAFETY: the record has `size` bytes, which are nobody else's until it is submitted. They hold
        // what was in the ring before (zeroes at first), which user space has seen.
        let bytes = unsafe { core::slice::from_raw_parts_mut(record.cast::<u8>(), size) };
        Some(RexRingBufEntry { bytes, written: 0, record: PhantomData })
    }

    /// Copies the bytes into a record and submits it. Flags: BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP.
    ///
    /// # Errors
    /// `-EAGAIN` when there is no room, `-EINVAL` for unknown flags.
    #[inline]
    pub fn output(&'static self, data: &[u8], flags: u64) -> Result {
        let Some(map) = self.map() else { return NO_MAP };
        // SAFETY: the map exists and is a ring buffer; the slice is readable.
        result(unsafe {
            functions::bpf_ringbuf_output(map, data.as_ptr().cast(), data.len() as u64, flags)
        })
    }

    /// Bytes that user space has not read yet.
    #[inline]
    pub fn available_bytes(&'static self) -> Option<u64> {
        self.query(BPF_RB_AVAIL_DATA)
    }

    /// The buffer's size in bytes.
    #[inline]
    pub fn size(&'static self) -> Option<u64> {
        self.query(BPF_RB_RING_SIZE)
    }

    /// Bytes that user space has read since the buffer was made.
    #[inline]
    pub fn consumer_position(&'static self) -> Option<u64> {
        self.query(BPF_RB_CONS_POS)
    }

    /// Bytes that were reserved since the buffer was made.
    #[inline]
    pub fn producer_position(&'static self) -> Option<u64> {
        self.query(BPF_RB_PROD_POS)
    }

    #[inline]
    fn query(&'static self, what: u32) -> Option<u64> {
        let map = self.map()?;
        // SAFETY: the map exists and is a ring buffer.
        Some(unsafe { functions::bpf_ringbuf_query(map, u64::from(what)) })
    }
}

/// A record of a ring buffer that is being written: its bytes, and text as with `write!`, which is
/// appended from the start and NUL-terminated. Dropping it discards it.
#[must_use = "a record that is not submitted is discarded"]
pub struct RexRingBufEntry<'a> {
    bytes: &'a mut [u8],
    /// Bytes of text written.
    written: usize,
    /// Not Send, not Sync: it is of this run.
    record: PhantomData<*mut u8>,
}

impl RexRingBufEntry<'_> {
    /// Hands the record to user space. Flags: BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP.
    #[inline]
    pub fn submit(self, flags: u64) {
        let mut entry = ManuallyDrop::new(self);
        // SAFETY: the record was reserved and neither submitted nor discarded: both take the entry.
        unsafe { functions::rex_ringbuf_submit(entry.record(), flags) };
    }

    /// Gives the room back; user space does not see the record.
    #[inline]
    pub fn discard(self, flags: u64) {
        let mut entry = ManuallyDrop::new(self);
        // SAFETY: as for `submit`.
        unsafe { functions::rex_ringbuf_discard(entry.record(), flags) };
    }

    #[inline(always)]
    fn record(&mut self) -> *mut c_void {
        self.bytes.as_mut_ptr().cast()
    }
}

impl Deref for RexRingBufEntry<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

impl DerefMut for RexRingBufEntry<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.bytes
    }
}

impl Drop for RexRingBufEntry<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the record was reserved and neither submitted nor discarded: both forget the entry.
        unsafe { functions::rex_ringbuf_discard(self.record(), 0) };
    }
}

impl fmt::Write for RexRingBufEntry<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.written..];
        // One byte stays for the NUL.
        if text.len() >= room.len() {
            return Err(fmt::Error);
        }
        let (place, rest) = room.split_at_mut(text.len());
        place.copy_from_slice(text.as_bytes());
        rest[0] = 0;
        self.written += text.len();
        Ok(())
    }
}
