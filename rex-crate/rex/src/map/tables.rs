// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! The kinds of maps and their methods. Results are the kernel's: `Err` holds a negative errno.

use super::handle::{self, RexMapHandle};
use crate::linux::bpf::*;
use crate::utils::{NoRef, PerfEventMaskedCPU, PerfEventStreamer, Plain, Result};

/// A hash table.
pub type RexHashMap<K, V> = RexMapHandle<BPF_MAP_TYPE_HASH, K, V>;
/// An array; elements exist from the start, as zeroes.
pub type RexArrayMap<V> = RexMapHandle<BPF_MAP_TYPE_ARRAY, u32, V>;
/// An array of which each CPU has its own.
pub type RexPerCPUArrayMap<V> = RexMapHandle<BPF_MAP_TYPE_PERCPU_ARRAY, u32, V>;
/// Buffers by which events of type V go to user space.
pub type RexPerfEventArray<V> = RexMapHandle<BPF_MAP_TYPE_PERF_EVENT_ARRAY, u32, V>;
/// Call stacks by number; K is `u32`, V is `[u64; N]`.
pub type RexStackTrace<K, V> = RexMapHandle<BPF_MAP_TYPE_STACK_TRACE, K, V>;
/// Values, last in first out.
pub type RexStack<V> = RexMapHandle<BPF_MAP_TYPE_STACK, (), V>;
/// Values, first in first out.
pub type RexQueue<V> = RexMapHandle<BPF_MAP_TYPE_QUEUE, (), V>;

impl<K, V: Copy + NoRef> RexHashMap<K, V> {
    /// Sets the element.
    ///
    /// # Errors
    /// `-E2BIG` when the map is full, `-ENOMEM`, `-EBUSY`.
    #[inline]
    pub fn insert(&'static self, key: &K, value: &V) -> Result {
        handle::update(self, key, value, u64::from(BPF_ANY))
    }

    /// Sets the element if there is none.
    ///
    /// # Errors
    /// `-EEXIST`, and as for [`insert`](Self::insert).
    #[inline]
    pub fn insert_new(&'static self, key: &K, value: &V) -> Result {
        handle::update(self, key, value, u64::from(BPF_NOEXIST))
    }

    /// Sets the element if there is one.
    ///
    /// # Errors
    /// `-ENOENT`, and as for [`insert`](Self::insert).
    #[inline]
    pub fn update(&'static self, key: &K, value: &V) -> Result {
        handle::update(self, key, value, u64::from(BPF_EXIST))
    }

    /// The element in place.
    #[inline]
    pub fn get_mut<'a>(&'static self, key: &'a K) -> Option<&'a mut V> {
        handle::lookup(self, key)
    }

    /// A copy of the element.
    #[inline]
    pub fn get(&'static self, key: &K) -> Option<V> {
        handle::lookup_copy(self, key)
    }

    /// Removes the element.
    ///
    /// # Errors
    /// `-ENOENT`, `-EBUSY`.
    #[inline]
    pub fn delete(&'static self, key: &K) -> Result {
        handle::delete(self, key)
    }
}

impl<V: Copy + NoRef> RexArrayMap<V> {
    /// Sets the element.
    ///
    /// # Errors
    /// `-E2BIG` when the index is not below the number of elements.
    #[inline]
    pub fn insert(&'static self, key: &u32, value: &V) -> Result {
        handle::update(self, key, value, u64::from(BPF_ANY))
    }

    /// The element in place.
    #[inline]
    pub fn get_mut<'a>(&'static self, key: &'a u32) -> Option<&'a mut V> {
        handle::lookup(self, key)
    }

    /// A copy of the element.
    #[inline]
    pub fn get(&'static self, key: &u32) -> Option<V> {
        handle::lookup_copy(self, key)
    }

    /// The kernel's answer to deleting from an array.
    ///
    /// # Errors
    /// `-EINVAL`, always.
    #[inline]
    pub fn delete(&'static self, key: &u32) -> Result {
        handle::delete(self, key)
    }
}

impl<V: Copy + NoRef> RexPerCPUArrayMap<V> {
    /// This CPU's element in place.
    #[inline]
    pub fn get_mut<'a>(&'static self, key: &'a u32) -> Option<&'a mut V> {
        handle::lookup(self, key)
    }

    /// A copy of this CPU's element.
    #[inline]
    pub fn get(&'static self, key: &u32) -> Option<V> {
        handle::lookup_copy(self, key)
    }
}

impl<V: Copy + Plain> RexPerfEventArray<V> {
    /// Sends an event to user space.
    ///
    /// # Errors
    /// As [`PerfEventStreamer::output_event`].
    #[inline]
    pub fn output<P: PerfEventStreamer>(
        &'static self,
        program: &P,
        context: &P::Context,
        data: &V,
        cpu: PerfEventMaskedCPU,
    ) -> Result {
        program.output_event(context, self, data, cpu)
    }
}

macro_rules! push_and_pop {
    ($type:ident) => {
        impl<V: Copy + NoRef> $type<V> {
            /// Adds a value.
            ///
            /// # Errors
            /// `-E2BIG` when the map is full.
            #[inline]
            pub fn push(&'static self, value: &V) -> Result {
                handle::push(self, value, u64::from(BPF_ANY))
            }

            /// Adds a value, in place of the oldest when the map is full.
            ///
            /// # Errors
            /// A negative errno.
            #[inline]
            pub fn force_push(&'static self, value: &V) -> Result {
                handle::push(self, value, u64::from(BPF_EXIST))
            }

            /// Takes the next value; `None` when there is none.
            #[inline]
            pub fn pop(&'static self) -> Option<V> {
                handle::pop(self)
            }

            /// The next value, which stays; `None` when there is none.
            #[inline]
            pub fn peek(&'static self) -> Option<V> {
                handle::peek(self)
            }
        }
    };
}

push_and_pop!(RexStack);
push_and_pop!(RexQueue);
