// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A packet's linear bytes, as a field `data_slice` that derefs to a slice. The slices that it gives
//! out borrow the context, so none is left when a helper moves or shortens the packet.

use crate::generated::{fields, functions};
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

/// The bytes of an XDP program's packet.
pub struct XdpData<'a> {
    bytes: &'a mut [u8],
}

impl XdpData<'_> {
    /// # Safety
    /// `buffer` is a struct xdp_buff that stays alive and unshared for as long as the result.
    #[inline(always)]
    pub(crate) unsafe fn new(buffer: *mut u8) -> Self {
        // SAFETY: the caller's promise; the kernel keeps data_end at or above data, and all between
        // them readable and writable.
        let bytes = unsafe {
            let start = fields::xdp_buff::data(buffer);
            let end = fields::xdp_buff::data_end(buffer);
            let length = (end as usize).saturating_sub(start as usize);
            core::slice::from_raw_parts_mut(start.cast_mut(), length)
        };
        XdpData { bytes }
    }
}

impl Deref for XdpData<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

impl DerefMut for XdpData<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.bytes
    }
}

/// The linear part of a socket buffer, and whether it may be written: a clone shares it with others,
/// so the first write asks the kernel for a copy of the program's own.
pub(crate) struct SocketBuffer {
    buffer: *mut u8,
    start: *mut u8,
    length: usize,
    writable: bool,
}

impl SocketBuffer {
    /// # Safety
    /// `buffer` is a struct sk_buff that stays alive for as long as the result.
    #[inline(always)]
    pub(crate) unsafe fn new(buffer: *mut u8) -> Self {
        let mut this =
            SocketBuffer { buffer, start: core::ptr::null_mut(), length: 0, writable: false };
        this.reload();
        this
    }

    /// The kernel's struct sk_buff.
    #[inline(always)]
    pub(crate) fn kernel(&self) -> *mut u8 {
        self.buffer
    }

    /// Looks up where the bytes are, and forgets that they are the program's own: after each helper
    /// that may move or share them.
    #[inline(always)]
    pub(crate) fn reload(&mut self) {
        // SAFETY: `new`'s caller says that it is a struct sk_buff.
        unsafe {
            let total = fields::sk_buff::len(self.buffer);
            let paged = fields::sk_buff::data_len(self.buffer);
            self.length = total.saturating_sub(paged) as usize;
            self.start = fields::sk_buff::data(self.buffer).cast_mut();
        }
        self.writable = false;
    }

    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the linear part of a socket buffer, which `reload` follows.
        unsafe { core::slice::from_raw_parts(self.start, self.length) }
    }

    /// Makes the linear part the program's own.
    ///
    /// # Errors
    /// A negative errno: `-ENOMEM`, or `-EBUSY` while the run holds a lock.
    #[inline]
    pub(crate) fn try_make_writable(&mut self) -> core::result::Result<(), i32> {
        if self.writable {
            return Ok(());
        }
        // SAFETY: it is a struct sk_buff, and no slice of its bytes is borrowed.
        let status = unsafe { functions::rex_skb_writable(self.buffer.cast(), self.length as u64) };
        self.reload();
        if status < 0 {
            return Err(status as i32);
        }
        self.writable = true;
        Ok(())
    }

    #[inline]
    #[track_caller]
    pub(crate) fn make_writable(&mut self) {
        if let Err(error) = self.try_make_writable() {
            not_writable(error);
        }
    }

    /// The bytes, after `try_make_writable` has succeeded.
    #[inline(always)]
    fn own_bytes(&mut self) -> &mut [u8] {
        // SAFETY: as for `bytes`; and the bytes are not shared with another socket buffer now.
        unsafe { core::slice::from_raw_parts_mut(self.start, self.length) }
    }

    /// # Errors
    /// As of `try_make_writable`.
    #[inline]
    pub(crate) fn try_bytes_mut(&mut self) -> core::result::Result<&mut [u8], i32> {
        self.try_make_writable()?;
        Ok(self.own_bytes())
    }

    /// # Panics
    /// When there is no memory for a copy of a shared packet, or the run holds a lock.
    #[inline]
    #[track_caller]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.make_writable();
        self.own_bytes()
    }
}

#[cold]
#[track_caller]
fn not_writable(error: i32) -> ! {
    panic!("the packet cannot be made writable: error {error}")
}

/// Where a header of a traffic control program's packet lies. The packet is made writable when the header is
/// first changed.
pub struct PacketPlace<'a> {
    buffer: &'a mut SocketBuffer,
    offset: usize,
}

impl<'a> PacketPlace<'a> {
    #[inline(always)]
    pub(crate) fn new(buffer: &'a mut SocketBuffer, offset: usize) -> Self {
        PacketPlace { buffer, offset }
    }
}

impl crate::view::Place for PacketPlace<'_> {
    #[inline]
    #[track_caller]
    fn prepare(&mut self) {
        self.buffer.make_writable();
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.buffer.bytes_mut()[self.offset..][..bytes.len()].copy_from_slice(bytes);
    }
}

/// The linear bytes of a traffic control program's packet. To write to it may need a copy, for which
/// memory may be short: that is a panic, or an error of [`try_mut`](SkbData::try_mut).
pub struct SkbData<'a> {
    pub(crate) buffer: SocketBuffer,
    lifetime: PhantomData<&'a mut [u8]>,
}

impl SkbData<'_> {
    /// # Safety
    /// `buffer` is a struct sk_buff that stays alive for as long as the result.
    #[inline(always)]
    pub(crate) unsafe fn new(buffer: *mut u8) -> Self {
        // SAFETY: the caller's promise.
        SkbData { buffer: unsafe { SocketBuffer::new(buffer) }, lifetime: PhantomData }
    }

    /// The bytes, writable.
    ///
    /// # Errors
    /// A negative errno, `-ENOMEM` above all, when the packet is shared and cannot be copied.
    #[inline]
    pub fn try_mut(&mut self) -> core::result::Result<&mut [u8], i32> {
        self.buffer.try_bytes_mut()
    }
}

impl Deref for SkbData<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        self.buffer.bytes()
    }
}

impl DerefMut for SkbData<'_> {
    #[inline]
    #[track_caller]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.buffer.bytes_mut()
    }
}
