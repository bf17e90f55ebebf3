// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Locks in map values.

use crate::generated::functions;
use crate::linux::errno::EDEADLK;
use core::marker::PhantomData;

pub use crate::linux::bpf::bpf_spin_lock;

/// Holds a lock until it is dropped; if the run ends before, the runtime unlocks it.
///
/// It borrows the lock only, so that the fields beside it can be used meanwhile.
#[allow(non_camel_case_types)]
#[must_use = "the lock is held only as long as the guard lives"]
pub struct rex_spinlock_guard<'a> {
    lock: *mut bpf_spin_lock,
    /// A mutable borrow of the lock. A raw pointer: not Send, not Sync.
    borrow: PhantomData<(&'a mut bpf_spin_lock, *mut u8)>,
}

impl<'a> rex_spinlock_guard<'a> {
    /// Waits for the lock and takes it.
    ///
    /// # Panics
    /// When the runtime refuses, as it would be a deadlock: the run holds a lock already, or a run outside it holds this
    /// one, or nobody has given it up by the end of the run's time.
    #[inline]
    #[track_caller]
    pub fn new(lock: &'a mut bpf_spin_lock) -> Self {
        let lock = core::ptr::from_mut(lock);
        // SAFETY: the lock is borrowed for as long as it is held. The runtime's lock takes any content.
        let status = unsafe { functions::rex_spin_lock(lock.cast()) };
        if status < 0 {
            refused(status);
        }
        rex_spinlock_guard { lock, borrow: PhantomData }
    }
}

#[cold]
#[track_caller]
fn refused(status: i64) -> ! {
    if status == -i64::from(EDEADLK) {
        panic!("the lock cannot be taken: this run holds one already, or whoever holds it does not give it up");
    }
    panic!("the lock cannot be taken: this run holds too much already")
}

impl Drop for rex_spinlock_guard<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the lock was taken by `new` and is released once.
        unsafe { functions::rex_spin_unlock(self.lock.cast()) };
    }
}
