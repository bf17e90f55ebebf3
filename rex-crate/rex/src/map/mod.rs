// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Maps: data shared by runs, programs and user space.
//!
//! A lookup gives a reference into the map, as in C. Other CPUs and user space may change the value at
//! the same time, and two lookups may give the same value; plain data makes that harmless for memory
//! (any bytes are a value), but what was checked may have changed when it is read again: copy out what
//! you check, with [`RexHashMap::get`] (`*map.get_mut(..)?` need not be a copy: the compiler may look at the
//! original again), or keep it under a lock ([`crate::spinlock`]). Text of such bytes is a
//! copy, too: [`crate::utils::Text`]. An element that is deleted stays readable until the run ends.

mod handle;
mod kind;
mod ringbuf;
mod tables;

pub use handle::RexMapHandle;
pub(crate) use handle::{NO_MAP, delete, lookup, peek, pop, push, update};
pub use kind::{Delete, Kind, Lookup, Stack, Update};
pub use ringbuf::{RexRingBuf, RexRingBufEntry};
pub use tables::{
    RexArrayMap, RexHashMap, RexPerCPUArrayMap, RexPerfEventArray, RexQueue, RexStack,
    RexStackTrace,
};

mod sealed {
    pub trait Sealed {}
}

/// The types of maps. Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not one of the map types in `rex::map`",
    label = "not a map"
)]
pub trait Map: sealed::Sealed {}
impl<const MT: u32, K, V: Copy + crate::utils::NoRef> sealed::Sealed for RexMapHandle<MT, K, V> {}
impl<const MT: u32, K, V: Copy + crate::utils::NoRef> Map for RexMapHandle<MT, K, V> {}

/// Fails to compile for a type that is no map; one that dereferences to a map is none.
#[doc(hidden)]
pub const fn is_map<M: Map>() {}

/// What `#[rex_map]` expands to: the static, exported by its name, in section .maps. On the host it is an
/// ordinary static.
#[doc(hidden)]
#[macro_export]
#[cfg_attr(not(rexc_host), allow_internal_unsafe)]
macro_rules! __rex_map_static {
    (
        $text:literal
        $(#[$attribute:meta])*
        $visibility:vis static $name:ident: $type:ty = $value:expr;
    ) => {
        $crate::__rex_place_map! {
            $text
            $(#[$attribute])*
            #[allow(non_upper_case_globals)]
            $visibility static $name: $type = $value;
        }

        const _: () = {
            $crate::program::check_name($text);
            $crate::map::is_map::<$type>();
        };
    };
}

#[cfg(not(rexc_host))]
#[doc(hidden)]
#[macro_export]
#[allow_internal_unsafe]
macro_rules! __rex_place_map {
    ($text:literal $($item:tt)*) => {
        #[unsafe(link_section = ".maps")]
        #[unsafe(export_name = $text)]
        #[used]
        $($item)*
    };
}

#[cfg(rexc_host)]
#[doc(hidden)]
#[macro_export]
macro_rules! __rex_place_map {
    ($text:literal $($item:tt)*) => {
        $($item)*
    };
}
