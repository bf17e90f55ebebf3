// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A map's definition in section .maps, and the operations by its handle.

use super::kind::{self, Delete, Kind, Lookup, Stack, Update};
use crate::generated::{abi, functions};
use crate::linux::bpf::{BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH, bpf_map_type};
use crate::linux::errno::EINVAL;
use crate::opaque;
use crate::utils::{NoRef, Plain, Result, result, zeroed};
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::marker::PhantomData;

/// A map: what it is to be, and where the loader put it (struct rex_map_definition of rex_abi.h).
///
/// `MT` is its BPF_MAP_TYPE_*, `K` and `V` the types of its keys and values.
#[repr(C)]
pub struct RexMapHandle<const MT: bpf_map_type, K, V: Copy + NoRef> {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    flags: u32,
    reserved: u32,
    /// Filled by the loader before the first instruction runs; a cell, so that the static is in
    /// writable memory then.
    map: UnsafeCell<*mut c_void>,
    /// As `map`: where an array's elements begin; null for maps of other kinds.
    values: UnsafeCell<*mut u8>,
    types: PhantomData<(K, V)>,
}

const _: () = {
    assert!(size_of::<RexMapHandle<1, u32, u32>>() == abi::MAP_DEFINITION_SIZE);
    assert!(core::mem::offset_of!(RexMapHandle<1, u32, u32>, map) == abi::MAP_DEFINITION_MAP);
    assert!(core::mem::offset_of!(RexMapHandle<1, u32, u32>, values) == abi::MAP_DEFINITION_VALUES);
};

// SAFETY: the program only reads the definition, and nobody writes it while a program can run. What it
// stands for is shared by nature: plain data, through the kernel's own functions.
unsafe impl<const MT: bpf_map_type, K, V: Copy + NoRef> Sync for RexMapHandle<MT, K, V> {}

impl<const MT: bpf_map_type, K: Copy + Plain, V: Copy + Plain> RexMapHandle<MT, K, V> {
    /// A map with room for `max_entries` elements (bytes, for a ring buffer) and the flags BPF_F_* of
    /// `linux/bpf.h`.
    ///
    /// # Panics
    /// At compile time, for a static: on sizes, flags and alignments that this kind of map cannot have.
    #[must_use]
    pub const fn new(max_entries: u32, flags: u32) -> Self {
        let sizes = kind::check(
            MT,
            max_entries,
            flags,
            (size_of::<K>(), align_of::<K>()),
            (size_of::<V>(), align_of::<V>()),
        );
        RexMapHandle {
            map_type: MT,
            key_size: sizes.key,
            value_size: sizes.value,
            max_entries,
            flags,
            reserved: 0,
            map: UnsafeCell::new(core::ptr::null_mut()),
            values: UnsafeCell::new(core::ptr::null_mut()),
            types: PhantomData,
        }
    }
}

impl<const MT: bpf_map_type, K, V: Copy + NoRef> RexMapHandle<MT, K, V> {
    /// The kernel's map; `None` for a static without `#[rex_map]`, which no loader has filled.
    #[cfg(not(rexc_host))]
    #[inline(always)]
    pub(crate) fn map(&'static self) -> Option<*mut c_void> {
        // SAFETY: a field of a static. Volatile, as it was not the program who wrote it.
        let map = unsafe { self.map.get().read_volatile() };
        if map.is_null() { None } else { Some(map) }
    }

    /// The array's elements; `None` as for `map`.
    #[cfg(not(rexc_host))]
    #[inline(always)]
    fn values(&'static self) -> Option<*mut u8> {
        // SAFETY: as for `map`.
        let values = unsafe { self.values.get().read_volatile() };
        if values.is_null() { None } else { Some(values) }
    }

    /// On the host nobody makes maps.
    #[cfg(rexc_host)]
    fn values(&'static self) -> Option<*mut u8> {
        crate::import::unavailable("a map")
    }

    /// On the host nobody makes maps.
    #[cfg(rexc_host)]
    pub(crate) fn map(&'static self) -> Option<*mut c_void> {
        crate::import::unavailable("a map")
    }
}

/// What an operation on a map that does not exist says.
pub(crate) const NO_MAP: Result = Err(-(EINVAL as i32));

#[allow(clippy::mut_from_ref)] // the value is the map's, not the key's
#[inline(always)]
pub(crate) fn lookup<'a, const MT: bpf_map_type, K, V: Copy + NoRef>(
    map: &'static RexMapHandle<MT, K, V>,
    key: &'a K,
) -> Option<&'a mut V>
where
    Kind<MT>: Lookup,
{
    // SAFETY: the address is null or that of a value that stays readable until the run ends; any bytes are a
    // value of V. Others may hold a reference to it too: see the module's documentation, and
    // -Zmutable-noalias=no.
    unsafe { find(map, key)?.as_mut() }
}

/// Where the element is, or null. As the kernel's JIT compiler does it: an array's element needs no call, a hash
/// table's none through the table of the map's operations.
#[inline(always)]
fn find<const MT: bpf_map_type, K, V: Copy + NoRef>(
    map: &'static RexMapHandle<MT, K, V>,
    key: &K,
) -> Option<*mut V> {
    let key = core::ptr::from_ref(key);
    if MT == BPF_MAP_TYPE_ARRAY {
        // A key may lie where others write.
        // SAFETY: `kind::check` has seen that a key has four bytes, and they are plain data.
        let index = opaque::settled(unsafe { key.cast::<u32>().read_unaligned() });
        if index >= map.max_entries {
            return None;
        }
        let stride = const { size_of::<V>().next_multiple_of(kind::VALUE_ALIGN) };
        // SAFETY: the array has max_entries elements, this far from each other (rex_abi.h).
        return Some(unsafe { map.values()?.add(index as usize * stride) }.cast());
    }
    let map = map.map()?;
    // SAFETY: the map exists, is of this kind, and the key has the size it was made with.
    let value = unsafe {
        if MT == BPF_MAP_TYPE_HASH {
            functions::rex_hash_lookup(map, key.cast())
        } else {
            functions::bpf_map_lookup_elem(map, key.cast())
        }
    };
    Some(value.cast())
}

/// A copy of the element: one that stays what it is, whoever writes to the map.
#[inline(always)]
pub(crate) fn lookup_copy<const MT: bpf_map_type, K, V: Copy + NoRef>(
    map: &'static RexMapHandle<MT, K, V>,
    key: &K,
) -> Option<V>
where
    Kind<MT>: Lookup,
{
    let value = core::ptr::from_mut(lookup(map, key)?);
    // SAFETY: the value is readable until the run ends; any bytes are a V.
    Some(unsafe { opaque::read(value) })
}

#[inline(always)]
pub(crate) fn update<const MT: bpf_map_type, K, V: Copy + NoRef>(
    map: &'static RexMapHandle<MT, K, V>,
    key: &K,
    value: &V,
    flags: u64,
) -> Result
where
    Kind<MT>: Update,
{
    let Some(map) = map.map() else { return NO_MAP };
    // SAFETY: the map exists; key and value have the sizes that it was made with.
    result(unsafe {
        functions::bpf_map_update_elem(
            map,
            core::ptr::from_ref(key).cast(),
            core::ptr::from_ref(value).cast(),
            flags,
        )
    })
}

#[inline(always)]
pub(crate) fn delete<const MT: bpf_map_type, K, V: Copy + NoRef>(
    map: &'static RexMapHandle<MT, K, V>,
    key: &K,
) -> Result
where
    Kind<MT>: Delete,
{
    let Some(map) = map.map() else { return NO_MAP };
    // SAFETY: the map exists, and the key has the size that it was made with.
    result(unsafe { functions::bpf_map_delete_elem(map, core::ptr::from_ref(key).cast()) })
}

#[inline(always)]
pub(crate) fn push<const MT: bpf_map_type, K, V: Copy + NoRef>(
    map: &'static RexMapHandle<MT, K, V>,
    value: &V,
    flags: u64,
) -> Result
where
    Kind<MT>: Stack,
{
    let Some(map) = map.map() else { return NO_MAP };
    // SAFETY: the map exists, and the value has the size that it was made with.
    result(unsafe { functions::bpf_map_push_elem(map, core::ptr::from_ref(value).cast(), flags) })
}

#[inline(always)]
pub(crate) fn pop<const MT: bpf_map_type, K, V: Copy + NoRef>(
    map: &'static RexMapHandle<MT, K, V>,
) -> Option<V>
where
    Kind<MT>: Stack,
{
    let map = map.map()?;
    let mut value = zeroed::<V>();
    // SAFETY: the map exists, and the value has the size that it was made with; any bytes are a V.
    let status =
        unsafe { functions::bpf_map_pop_elem(map, core::ptr::from_mut(&mut value).cast()) };
    if status < 0 { None } else { Some(value) }
}

#[inline(always)]
pub(crate) fn peek<const MT: bpf_map_type, K, V: Copy + NoRef>(
    map: &'static RexMapHandle<MT, K, V>,
) -> Option<V>
where
    Kind<MT>: Stack,
{
    let map = map.map()?;
    let mut value = zeroed::<V>();
    // SAFETY: as for `pop`.
    let status =
        unsafe { functions::bpf_map_peek_elem(map, core::ptr::from_mut(&mut value).cast()) };
    if status < 0 { None } else { Some(value) }
}
