// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Views of bytes as values.

use crate::utils::{NoRef, Plain, as_bytes, too_short, try_read};
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

/// A value read from bytes, wherever they lie.
pub struct Aligned<'a, T> {
    value: T,
    bytes: PhantomData<&'a [u8]>,
}

impl<T> Deref for Aligned<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

/// Where an [`AlignedMut`] writes to. Not to be named outside of the crate, and so sealed. A type and no enum:
/// what an XDP program does not do must not be in its code.
pub trait Place {
    /// Before the first change.
    fn prepare(&mut self);
    /// Writes the value's bytes, of which there are as many as were read.
    fn write(&mut self, bytes: &[u8]);
}

/// A slice that begins with the value.
pub struct Bytes<'a>(pub(crate) &'a mut [u8]);

impl Place for Bytes<'_> {
    #[inline(always)]
    fn prepare(&mut self) {}

    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) {
        self.0[..bytes.len()].copy_from_slice(bytes);
    }
}

/// A value read from bytes, wherever they lie, that is written back when it is dropped if it was
/// borrowed mutably.
pub struct AlignedMut<'a, T: Copy + Plain, P: Place = Bytes<'a>> {
    value: T,
    changed: bool,
    place: P,
    borrow: PhantomData<&'a mut [u8]>,
}

impl<T: Copy + Plain, P: Place> AlignedMut<'_, T, P> {
    /// The place is known to have room for a `T`, of which `value` is what lies there.
    #[inline(always)]
    pub(crate) fn new(value: T, place: P) -> Self {
        AlignedMut { value, changed: false, place, borrow: PhantomData }
    }
}

impl<T: Copy + Plain, P: Place> Deref for AlignedMut<'_, T, P> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Copy + Plain, P: Place> DerefMut for AlignedMut<'_, T, P> {
    #[inline(always)]
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        self.place.prepare();
        self.changed = true;
        &mut self.value
    }
}

impl<T: Copy + Plain, P: Place> Drop for AlignedMut<'_, T, P> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.changed {
            self.place.write(as_bytes(&self.value));
        }
    }
}

/// A view of the front of the bytes as a `T`.
///
/// # Panics
/// When there are fewer bytes than a `T` has; [`try_read`] does not.
#[inline]
#[track_caller]
pub fn convert_slice_to_struct<T: Copy + NoRef>(bytes: &[u8]) -> Aligned<'_, T> {
    match try_read(bytes) {
        Some(value) => Aligned { value, bytes: PhantomData },
        None => too_short(bytes.len(), size_of::<T>()),
    }
}

/// A view of the front of the bytes as a `T`, through which they can be changed.
///
/// # Panics
/// When there are fewer bytes than a `T` has.
#[inline]
#[track_caller]
pub fn convert_slice_to_struct_mut<T: Copy + Plain>(bytes: &mut [u8]) -> AlignedMut<'_, T> {
    match try_read(bytes) {
        Some(value) => AlignedMut::new(value, Bytes(bytes)),
        None => too_short(bytes.len(), size_of::<T>()),
    }
}
