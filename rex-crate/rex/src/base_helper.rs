// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Helpers that every program object has, and those of the tracing ones.

use crate::generated::functions;
use crate::linux::errno::{E2BIG, EINVAL};
use crate::utils::{Result, result};

/// Longest format of `bpf_snprintf` that is not NUL-terminated already, in bytes.
const FORMAT_MAX: usize = 255;

/// `bpf_snprintf` with a format that may lack the NUL that the kernel wants. `pointers`: whether
/// conversions that read kernel memory are allowed.
#[inline]
pub(crate) fn snprintf(text: &mut [u8], format: &str, data: &[u64], pointers: bool) -> Result {
    if !pointers && has_pointers(format) {
        return Err(-(EINVAL as i32));
    }
    if format.ends_with('\0') {
        return snprintf_terminated(text, format.as_bytes(), data);
    }
    let mut copy = [0u8; FORMAT_MAX + 1];
    match copy[..FORMAT_MAX].get_mut(..format.len()) {
        Some(place) => place.copy_from_slice(format.as_bytes()),
        None => return Err(-(E2BIG as i32)),
    }
    snprintf_terminated(text, &copy, data)
}

/// Whether a format has a conversion that follows an address: %s or one of %p's forms. Between the `%` and
/// its letter are flags, digits and length letters only.
fn has_pointers(format: &str) -> bool {
    let mut in_conversion = false;
    for byte in format.bytes() {
        match byte {
            b'%' => in_conversion = !in_conversion,
            b's' | b'p' if in_conversion => return true,
            b'0'..=b'9' | b' ' | b'+' | b'-' | b'#' | b'.' | b'h' | b'l' | b'z' | b't' | b'j' => {}
            _ => in_conversion = false,
        }
    }
    false
}

/// `format` has a NUL.
#[inline(always)]
fn snprintf_terminated(text: &mut [u8], format: &[u8], data: &[u64]) -> Result {
    // SAFETY: the buffer is writable, the format NUL-terminated, the data as long as it says. Whether
    // format and data fit each other the kernel checks (bpf_bprintf_prepare).
    result(unsafe {
        functions::bpf_snprintf(
            text.as_mut_ptr(),
            text.len() as u64,
            format.as_ptr(),
            data.as_ptr(),
            size_of_val(data) as u64,
        )
    })
}

/// Defines the helpers of every program object.
macro_rules! base_helpers {
    ($object:ty, pointers: $pointers:literal $(, $parameter:ident: $($bound:tt)+)?) => {
        impl$(<$parameter: $($bound)+>)? $object {
            /// The number of the CPU that the program runs on.
            #[inline]
            pub fn bpf_get_smp_processor_id(&self) -> i32 {
                $crate::per_cpu::cpu_number() as i32
            }

            /// The number of that CPU's NUMA node.
            #[inline]
            pub fn bpf_get_numa_node_id(&self) -> i32 {
                $crate::per_cpu::numa_node() as i32
            }

            /// Timer ticks since the kernel started, plus a start value.
            #[inline]
            pub fn bpf_jiffies64(&self) -> u64 {
                // SAFETY: takes nothing.
                unsafe { $crate::generated::functions::bpf_jiffies64() }
            }

            /// Nanoseconds since boot, without time spent suspended.
            #[inline]
            pub fn bpf_ktime_get_ns(&self) -> u64 {
                // SAFETY: takes nothing.
                unsafe { $crate::generated::functions::bpf_ktime_get_ns() }
            }

            /// Nanoseconds since boot, time spent suspended included.
            #[inline]
            pub fn bpf_ktime_get_boot_ns(&self) -> u64 {
                // SAFETY: takes nothing.
                unsafe { $crate::generated::functions::bpf_ktime_get_boot_ns() }
            }

            /// As [`bpf_ktime_get_ns`](Self::bpf_ktime_get_ns), of the last timer tick: cheaper.
            #[inline]
            pub fn bpf_ktime_get_coarse_ns(&self) -> u64 {
                // SAFETY: takes nothing.
                unsafe { $crate::generated::functions::bpf_ktime_get_coarse_ns() }
            }

            /// A pseudo-random number.
            #[inline]
            pub fn bpf_get_prandom_u32(&self) -> u32 {
                // SAFETY: takes nothing.
                unsafe { $crate::generated::functions::bpf_get_prandom_u32() }
            }

            /// Formats numbers as C's snprintf would, by the kernel's rules for bpf_snprintf, into
            /// `text` with a NUL. The result is the length that the whole text has, NUL included.
            /// Needs a GPL-compatible license.
            ///
            /// # Errors
            /// `-EINVAL` for a format that does not fit the data, or, except in tracing programs, that
            /// has a conversion which reads kernel memory (`%s`, `%p...`); `-E2BIG` for a format of over
            /// 255 bytes that does not end with NUL.
            #[inline]
            pub fn bpf_snprintf<const N: usize, const M: usize>(
                &self,
                text: &mut [u8; N],
                format: &str,
                data: &[u64; M],
            ) -> $crate::Result {
                $crate::base_helper::snprintf(text, format, data, $pointers)
            }

            /// The element with that key, in place.
            #[inline]
            pub fn bpf_map_lookup_elem<'b, const MT: u32, K, V: Copy + $crate::utils::NoRef>(
                &self,
                map: &'static $crate::map::RexMapHandle<MT, K, V>,
                key: &'b K,
            ) -> Option<&'b mut V>
            where
                $crate::map::Kind<MT>: $crate::map::Lookup,
            {
                $crate::map::lookup(map, key)
            }

            /// Sets the element with that key. Flags: BPF_ANY, BPF_NOEXIST, BPF_EXIST.
            ///
            /// # Errors
            /// `-EEXIST`, `-ENOENT` by the flags; `-E2BIG`, `-ENOMEM`, `-EBUSY`.
            #[inline]
            pub fn bpf_map_update_elem<const MT: u32, K, V: Copy + $crate::utils::NoRef>(
                &self,
                map: &'static $crate::map::RexMapHandle<MT, K, V>,
                key: &K,
                value: &V,
                flags: u64,
            ) -> $crate::Result
            where
                $crate::map::Kind<MT>: $crate::map::Update,
            {
                $crate::map::update(map, key, value, flags)
            }

            /// Removes the element with that key.
            ///
            /// # Errors
            /// `-ENOENT`; `-EINVAL` for an array.
            #[inline]
            pub fn bpf_map_delete_elem<const MT: u32, K, V: Copy + $crate::utils::NoRef>(
                &self,
                map: &'static $crate::map::RexMapHandle<MT, K, V>,
                key: &K,
            ) -> $crate::Result
            where
                $crate::map::Kind<MT>: $crate::map::Delete,
            {
                $crate::map::delete(map, key)
            }

            /// Adds a value to a stack or queue. Flags: BPF_ANY; BPF_EXIST to replace the oldest.
            ///
            /// # Errors
            /// `-E2BIG` when it is full.
            #[inline]
            pub fn bpf_map_push_elem<const MT: u32, K, V: Copy + $crate::utils::NoRef>(
                &self,
                map: &'static $crate::map::RexMapHandle<MT, K, V>,
                value: &V,
                flags: u64,
            ) -> $crate::Result
            where
                $crate::map::Kind<MT>: $crate::map::Stack,
            {
                $crate::map::push(map, value, flags)
            }

            /// Takes the next value of a stack or queue.
            #[inline]
            pub fn bpf_map_pop_elem<const MT: u32, K, V: Copy + $crate::utils::NoRef>(
                &self,
                map: &'static $crate::map::RexMapHandle<MT, K, V>,
            ) -> Option<V>
            where
                $crate::map::Kind<MT>: $crate::map::Stack,
            {
                $crate::map::pop(map)
            }

            /// The next value of a stack or queue, which stays.
            #[inline]
            pub fn bpf_map_peek_elem<const MT: u32, K, V: Copy + $crate::utils::NoRef>(
                &self,
                map: &'static $crate::map::RexMapHandle<MT, K, V>,
            ) -> Option<V>
            where
                $crate::map::Kind<MT>: $crate::map::Stack,
            {
                $crate::map::peek(map)
            }
        }
    };
}
pub(crate) use base_helpers;

/// Defines the helpers of tracing programs' objects: those that see all of the kernel.
macro_rules! tracing_helpers {
    ($object:ty $(, $parameter:ident: $($bound:tt)+)?) => {
        impl$(<$parameter: $($bound)+>)? $object {
            /// The task that runs on this CPU. Needs a GPL-compatible license.
            #[inline]
            pub fn bpf_get_current_task(&self) -> Option<$crate::task_struct::TaskStruct> {
                // SAFETY: takes nothing.
                let task = unsafe { $crate::generated::functions::bpf_get_current_task() };
                if task == 0 {
                    return None;
                }
                // SAFETY: the current task is alive while the program runs on it.
                Some(unsafe { $crate::task_struct::TaskStruct::new(task as *const u8) })
            }

            /// Copies a value from kernel memory. Any address will do: a bad one is an error. Needs a
            /// GPL-compatible license.
            ///
            /// # Errors
            /// `-EFAULT` when the memory cannot be read; the value is all zeroes then.
            #[inline]
            pub fn bpf_probe_read_kernel<T: Copy + $crate::utils::NoRef>(
                &self,
                destination: &mut T,
                unsafe_ptr: *const (),
            ) -> $crate::Result {
                // SAFETY: the destination has the size that is given, and any bytes are a T.
                $crate::utils::result(unsafe {
                    $crate::generated::functions::bpf_probe_read_kernel(
                        core::ptr::from_mut(destination).cast(),
                        size_of::<T>() as u64,
                        unsafe_ptr.cast(),
                    )
                })
            }
        }
    };
}
pub(crate) use tracing_helpers;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_that_follow_addresses() {
        for format in ["%s", "a %-5s", "%pI4", "%08llx %ps", "%p", "%%%s", "%.3s", "%lls"] {
            assert!(has_pointers(format), "{format}");
        }
        for format in ["", "sp", "%d s", "%%s", "%llu%%p", "%c%x s", "%"] {
            assert!(!has_pointers(format), "{format}");
        }
    }
}
