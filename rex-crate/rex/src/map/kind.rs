// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Which operations and flags a kind of map has. The kernel's verifier keeps programs from, say,
//! popping from a hash map, whose operations' table has no such entry; here the types do.

use crate::linux::bpf::*;

/// A kind of map, by its BPF_MAP_TYPE_*.
pub struct Kind<const MT: bpf_map_type>;

mod sealed {
    pub trait Sealed {}
}
impl<const MT: bpf_map_type> sealed::Sealed for Kind<MT> {}

/// Kinds of maps whose elements can be looked up by a key.
#[diagnostic::on_unimplemented(message = "maps of this kind have no elements to look up")]
pub trait Lookup: sealed::Sealed {}
impl Lookup for Kind<BPF_MAP_TYPE_HASH> {}
impl Lookup for Kind<BPF_MAP_TYPE_ARRAY> {}
impl Lookup for Kind<BPF_MAP_TYPE_PERCPU_ARRAY> {}

/// Kinds of maps whose elements a program can set by a key.
#[diagnostic::on_unimplemented(message = "maps of this kind have no elements to set")]
pub trait Update: sealed::Sealed {}
impl Update for Kind<BPF_MAP_TYPE_HASH> {}
impl Update for Kind<BPF_MAP_TYPE_ARRAY> {}
impl Update for Kind<BPF_MAP_TYPE_PERCPU_ARRAY> {}

/// Kinds of maps that know deletion; an array answers `-EINVAL`.
#[diagnostic::on_unimplemented(message = "maps of this kind have no elements to delete")]
pub trait Delete: sealed::Sealed {}
impl Delete for Kind<BPF_MAP_TYPE_HASH> {}
impl Delete for Kind<BPF_MAP_TYPE_ARRAY> {}
impl Delete for Kind<BPF_MAP_TYPE_PERCPU_ARRAY> {}

/// Kinds of maps to push to and pop from.
#[diagnostic::on_unimplemented(message = "maps of this kind cannot be pushed to or popped from")]
pub trait Stack: sealed::Sealed {}
impl Stack for Kind<BPF_MAP_TYPE_STACK> {}
impl Stack for Kind<BPF_MAP_TYPE_QUEUE> {}

/// The alignment of values in the kernel's maps, in bytes (kernel/bpf/hashtab.c and arraymap.c round
/// sizes up to 8).
pub(super) const VALUE_ALIGN: usize = 8;

/// Most frames of a stack trace (sysctl kernel.perf_event_max_stack, default).
const STACK_DEPTH_MAX: usize = 127;

const PAGE_SIZE: u32 = 4096;

/// Most bytes of an event. A record's size has 16 bits (struct perf_event_header), and what else a sample has
/// besides the event's bytes takes less than a KiB.
const EVENT_MAX: usize = (64 - 1) << 10;

/// Sizes of key and value as the kernel wants them in a definition, in bytes.
pub(super) struct Sizes {
    pub key: u32,
    pub value: u32,
}

/// Checks a definition, at compile time when it is a static's.
pub(super) const fn check(
    map_type: bpf_map_type,
    max_entries: u32,
    flags: u32,
    key: (usize, usize),
    value: (usize, usize),
) -> Sizes {
    let (key_size, _) = key;
    let (value_size, value_align) = value;
    assert!(key_size <= 512, "the kernel takes keys of up to 512 bytes");
    assert!(value_size <= 1 << 22, "the kernel takes values of up to 4 MiB");
    assert!(max_entries <= 1 << 24 || map_type == BPF_MAP_TYPE_RINGBUF, "too many elements");
    assert!(
        value_align <= VALUE_ALIGN,
        "values in maps are aligned to 8 bytes, this type needs more"
    );
    // Who may do what from user space, everywhere. Not among them and so refused: BPF_F_RDONLY_PROG and
    // WRONLY_PROG, which the kernel's verifier would have to enforce on references.
    let access = BPF_F_RDONLY | BPF_F_WRONLY;
    assert!(flags & access != access, "a map that user space can neither read nor write");
    let allowed = match map_type {
        BPF_MAP_TYPE_HASH => {
            assert!(key_size > 0 && value_size > 0, "a hash map needs a key and a value");
            access | BPF_F_NO_PREALLOC
        }
        BPF_MAP_TYPE_ARRAY => {
            assert!(key_size == 4 && value_size > 0, "an array needs a u32 key and a value");
            access
        }
        BPF_MAP_TYPE_PERCPU_ARRAY => {
            assert!(key_size == 4 && value_size > 0, "an array needs a u32 key and a value");
            assert!(value_size <= 1 << 15, "per-CPU values of up to 32 KiB");
            access
        }
        BPF_MAP_TYPE_PERF_EVENT_ARRAY => {
            assert!(key_size == 4, "a perf event array has u32 keys");
            assert!(value_size <= EVENT_MAX, "an event has up to 63 KiB");
            // The array's elements are file descriptors; V is the type of the events.
            assert!(flags & !access == 0, "a flag that this kind of map does not have");
            return Sizes { key: 4, value: 4 };
        }
        BPF_MAP_TYPE_STACK_TRACE => {
            assert!(key_size == 4, "a stack trace map has u32 keys");
            assert!(
                value_size >= 8
                    && value_size.is_multiple_of(8)
                    && value_size / 8 <= STACK_DEPTH_MAX,
                "a stack trace map's value is [u64; N], N up to 127"
            );
            0
        }
        BPF_MAP_TYPE_STACK | BPF_MAP_TYPE_QUEUE => {
            assert!(key_size == 0 && value_size > 0, "a stack or queue has values and no keys");
            access
        }
        BPF_MAP_TYPE_RINGBUF => {
            assert!(key_size == 0 && value_size == 0, "a ring buffer has no keys and no values");
            assert!(
                max_entries.is_power_of_two() && max_entries.is_multiple_of(PAGE_SIZE),
                "a ring buffer's size is a power of two and a multiple of the page size"
            );
            0
        }
        _ => panic!("this kind of map is not supported"),
    };
    assert!(max_entries > 0, "a map needs room for at least one element");
    assert!(flags & !allowed == 0, "a flag that this kind of map does not have");
    Sizes { key: key_size as u32, value: value_size as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    type Definition = (bpf_map_type, u32, u32, (usize, usize), (usize, usize));

    const U32: (usize, usize) = (4, 4);
    const U64: (usize, usize) = (8, 8);
    const NONE: (usize, usize) = (0, 1);

    fn accepted((map_type, entries, flags, key, value): Definition) -> bool {
        catch_unwind(|| {
            check(map_type, entries, flags, key, value);
        })
        .is_ok()
    }

    #[test]
    fn definitions() {
        let good: [Definition; 10] = [
            (BPF_MAP_TYPE_HASH, 1, BPF_F_NO_PREALLOC, U64, U64),
            (BPF_MAP_TYPE_ARRAY, 1, BPF_F_WRONLY, U32, U64),
            (BPF_MAP_TYPE_PERCPU_ARRAY, 9, 0, U32, (1500, 1)),
            (BPF_MAP_TYPE_PERF_EVENT_ARRAY, 64, 0, U32, (24, 8)),
            (BPF_MAP_TYPE_STACK_TRACE, 100, 0, U32, (127 * 8, 8)),
            (BPF_MAP_TYPE_STACK, 3, 0, NONE, U64),
            (BPF_MAP_TYPE_QUEUE, 3, 0, NONE, (3, 1)),
            (BPF_MAP_TYPE_RINGBUF, 4096, 0, NONE, NONE),
            (BPF_MAP_TYPE_RINGBUF, 1 << 20, 0, NONE, NONE),
            (BPF_MAP_TYPE_HASH, 1 << 24, BPF_F_RDONLY, (512, 1), (1 << 22, 8)),
        ];
        for definition in good {
            assert!(accepted(definition), "{definition:?}");
        }
        let bad: [Definition; 26] = [
            (BPF_MAP_TYPE_HASH, 0, 0, U64, U64),
            (BPF_MAP_TYPE_HASH, 1, BPF_F_RDONLY_PROG, U64, U64),
            (BPF_MAP_TYPE_HASH, 1, BPF_F_MMAPABLE, U64, U64),
            (BPF_MAP_TYPE_HASH, 1, 1 << 31, U64, U64),
            (BPF_MAP_TYPE_HASH, 1, 0, NONE, U64),
            (BPF_MAP_TYPE_HASH, 1, 0, U64, NONE),
            (BPF_MAP_TYPE_HASH, 1, 0, (513, 1), U64),
            (BPF_MAP_TYPE_HASH, 1, 0, U64, (16, 16)),
            (BPF_MAP_TYPE_HASH, 1, 0, U64, ((1 << 22) + 1, 1)),
            (BPF_MAP_TYPE_HASH, (1 << 24) + 1, 0, U64, U64),
            (BPF_MAP_TYPE_HASH, 1, BPF_F_RDONLY | BPF_F_WRONLY, U64, U64),
            (BPF_MAP_TYPE_ARRAY, 1, BPF_F_MMAPABLE, U32, U64),
            (BPF_MAP_TYPE_PERCPU_ARRAY, 1, 0, U32, ((1 << 15) + 1, 1)),
            (BPF_MAP_TYPE_STACK_TRACE, 1, BPF_F_RDONLY, U32, U64),
            (BPF_MAP_TYPE_ARRAY, 1, 0, U64, U64),
            (BPF_MAP_TYPE_ARRAY, 1, BPF_F_WRONLY_PROG, U32, U64),
            (BPF_MAP_TYPE_ARRAY, 1, BPF_F_NO_PREALLOC, U32, U64),
            (BPF_MAP_TYPE_PERF_EVENT_ARRAY, 1, 0, U64, U32),
            (BPF_MAP_TYPE_PERF_EVENT_ARRAY, 1, 0, U32, (EVENT_MAX + 1, 1)),
            (BPF_MAP_TYPE_STACK_TRACE, 1, 0, U32, (128 * 8, 8)),
            (BPF_MAP_TYPE_STACK_TRACE, 1, 0, U32, (12, 4)),
            (BPF_MAP_TYPE_QUEUE, 1, 0, U32, U64),
            (BPF_MAP_TYPE_RINGBUF, 4095, 0, NONE, NONE),
            (BPF_MAP_TYPE_RINGBUF, 12_288, 0, NONE, NONE),
            (BPF_MAP_TYPE_RINGBUF, 4096, BPF_F_RDONLY, NONE, NONE),
            (BPF_MAP_TYPE_LRU_HASH, 1, 0, U64, U64),
        ];
        for definition in bad {
            assert!(!accepted(definition), "{definition:?}");
        }
    }

    #[test]
    fn sizes() {
        let events = check(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 64, 0, U32, (24, 8));
        assert_eq!((events.key, events.value), (4, 4));
        let table = check(BPF_MAP_TYPE_HASH, 64, 0, (6, 1), (24, 8));
        assert_eq!((table.key, table.value), (6, 24));
    }
}
