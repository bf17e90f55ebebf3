// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Printing to the kernel's trace buffer.

use crate::generated::{abi, functions};
use crate::linux::errno::E2BIG;
use crate::utils::{Result, Writer, result};
use core::fmt::{self, Write};

/// Prints to the trace buffer (`trace_pipe`). Needs a GPL-compatible license.
///
/// # Errors
/// `-E2BIG` when the text is longer than 1024 bytes; nothing is printed then.
#[inline(never)]
pub fn rex_trace_printk(arguments: fmt::Arguments) -> Result {
    print("", arguments)
}

/// As [`rex_trace_printk`], with `[origin] ` before the text. What `rex_printk!` calls.
#[doc(hidden)]
#[inline(never)]
pub fn rex_trace_printk_from(origin: &str, arguments: fmt::Arguments) -> Result {
    print(origin, arguments)
}

#[inline(always)]
fn print(origin: &str, arguments: fmt::Arguments) -> Result {
    let mut buffer = [0u8; abi::LOG_MAX];
    let mut writer = Writer::new(&mut buffer);
    if !origin.is_empty() {
        writer.push("[");
        writer.push(origin);
        writer.push("] ");
    }
    if writer.write_fmt(arguments).is_err() {
        return Err(-(E2BIG as i32));
    }
    let length = writer.length();
    // SAFETY: the buffer has `length` initialised bytes.
    result(unsafe { functions::rex_trace_printk(buffer.as_ptr(), length as u64) })
}

/// The path of the function that it is used in.
#[macro_export]
macro_rules! function_name {
    () => {{
        fn here() {}
        fn name_of<T>(_: T) -> &'static str {
            ::core::any::type_name::<T>()
        }
        let name = name_of(here);
        name.strip_suffix("::here").unwrap_or(name)
    }};
}

/// Prints a line to the trace buffer, as `println!` would, preceded by the function's name in brackets.
/// A [`Result`](crate::Result): `-E2BIG` when the text is longer than 1024 bytes.
#[macro_export]
macro_rules! rex_printk {
    ($($argument:tt)*) => {
        $crate::rex_trace_printk_from(
            $crate::function_name!(),
            ::core::format_args!($($argument)*),
        )
    };
}
