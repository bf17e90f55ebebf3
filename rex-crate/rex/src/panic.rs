// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Where a run ends early: panics and timeouts. The runtime does the work (rex_abi.h); what has to be
//! the object's own is how a panic's message is made text, and the address the watchdog jumps to.

use crate::generated::functions;
use crate::utils::Writer;
use core::ffi::c_void;
use core::fmt::{Display, Formatter, FormattingOptions};
use core::panic::PanicInfo;

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    // SAFETY: `info` stays where it is; nothing of this frame is used by anyone else.
    unsafe { functions::rex_panic(core::ptr::from_ref(info).cast::<c_void>()) }
}

/// Writes "panicked at FILE:LINE:COLUMN:" and the message on a line of its own into the buffer, as far
/// as there is room, and returns the length in bytes. The text is UTF-8, without a final newline.
///
/// The message is formatted alone: `Display` of `PanicInfo` would put `fmt::write` in a cycle of every
/// program's call graph.
///
/// # Safety
/// `info` is what `rex_panic` was given, its frame still alive; `buffer` has `size` writable bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn __rex_panic_body(info: *const c_void, buffer: *mut u8, size: usize) -> usize {
    // SAFETY: the caller's promise.
    let (info, mut writer) = unsafe {
        let bytes = core::slice::from_raw_parts_mut(buffer, size);
        (&*info.cast::<PanicInfo>(), Writer::new(bytes))
    };
    if let Some(location) = info.location() {
        writer.push("panicked at ");
        writer.push(location.file());
        writer.push(":");
        writer.push_number(location.line());
        writer.push(":");
        writer.push_number(location.column());
        writer.push(":\n");
    }
    let mut formatter = Formatter::new(&mut writer, FormattingOptions::new());
    // An error says that the text did not fit or that a `Display` of the author's gave up; what was
    // written before is the message.
    let _ = info.message().fmt(&mut formatter);
    writer.length()
}

/// Where the watchdog sends a run whose time is used up, from any instruction: no stack is touched
/// before the runtime has it.
///
/// # Safety
/// The frames above are abandoned.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn __rex_handle_timeout() -> ! {
    core::arch::naked_asm!("endbr64", "jmp __rex_import_rex_timeout")
}
