// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Results, plain data and its views, printing into buffers.

use crate::linux::bpf::{BPF_F_CURRENT_CPU, BPF_F_INDEX_MASK};
use crate::map::RexPerfEventArray;
use crate::opaque;
use core::ffi::c_int;
use core::fmt;
use core::mem::{Assume, TransmuteFrom};

pub use crate::text::Text;
pub use crate::view::{Aligned, AlignedMut, convert_slice_to_struct, convert_slice_to_struct_mut};

/// What programs and helpers return: `Ok` of a non-negative number, `Err` of a negative errno. A
/// program's value in either arm is its verdict.
pub type Result = core::result::Result<c_int, c_int>;

/// Turns a helper's return value into a [`Result`]: negative numbers are errors.
#[macro_export]
macro_rules! to_result {
    ($value:expr) => {{
        let value = $value;
        if value < 0 {
            ::core::result::Result::<::core::ffi::c_int, ::core::ffi::c_int>::Err(value as _)
        } else {
            ::core::result::Result::<::core::ffi::c_int, ::core::ffi::c_int>::Ok(value as _)
        }
    }};
}

/// A helper's return value as a [`Result`]. BPF_CALL helpers return an int, extended to a register.
#[inline(always)]
pub(crate) fn result(value: i64) -> Result {
    to_result!(value)
}

/// Size up to which the compiler examines a type, in bytes.
const EXAMINED: usize = 2048;

/// Alignment and lifetimes are no question for values; types whose fields are private but take any
/// bits count as what their fields are.
const ASSUME: Assume = Assume { alignment: true, lifetimes: true, safety: true, validity: false };

/// Types of which any bytes are a value, and that hold no pointers: integers, and structs, tuples and
/// arrays of such. Not `bool`, `char`, enums, `NonZero`, references, raw pointers, function pointers.
///
/// Automatic: there is nothing to implement or derive. A type may be up to 2048 bytes large, and an
/// array of such types of any size.
///
/// # Safety
/// Implemented by the compiler's own examination of the type's layout; never by hand.
#[marker]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not plain data: some bytes are no value of it, or it holds a pointer",
    label = "not plain data",
    note = "plain data are integers, and structs and arrays of integers, up to 2048 bytes",
    note = "store a `bool`, `char` or enum as an integer, and convert it when it is read"
)]
pub unsafe trait NoRef {}

// SAFETY: the compiler has proved that any initialised bytes are a value of T; it proves nothing about
// pointers, so a type that has one is not among these.
#[diagnostic::do_not_recommend]
unsafe impl<T> NoRef for T where T: TransmuteFrom<[u8; EXAMINED], ASSUME> {}
// SAFETY: an array's bytes are its elements'.
#[diagnostic::do_not_recommend]
unsafe impl<T: NoRef, const N: usize> NoRef for [T; N] {}

/// [`NoRef`] without padding: the value's bytes are all initialised, so they may be looked at, hashed
/// and shown to user space.
///
/// # Safety
/// Implemented by the compiler's own examination of the type's layout; never by hand.
#[marker]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not plain data without padding bytes",
    label = "has padding, or is not plain data",
    note = "what lies in padding bytes is undefined: keys would differ, and memory would leak to user space",
    note = "give the type `#[repr(C)]` and explicit fields where the compiler would leave gaps, such as `_pad: [u8; 4]`"
)]
pub unsafe trait Plain: NoRef {}

/// A value and, directly behind it, bytes: transmutable into bytes only if the value has no padding.
#[repr(C)]
#[doc(hidden)]
pub struct Followed<T>(T, [u8; EXAMINED]);

// SAFETY: the compiler has proved that the first EXAMINED bytes of a T and what follows are all
// initialised; NoRef holds for no larger T by this impl's bound on it.
#[diagnostic::do_not_recommend]
unsafe impl<T: NoRef> Plain for T
where
    T: TransmuteFrom<[u8; EXAMINED], ASSUME>,
    [u8; EXAMINED]: TransmuteFrom<Followed<T>, ASSUME>,
{
}
// SAFETY: an array's bytes are its elements'.
#[diagnostic::do_not_recommend]
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// Reads a `T` from the front of the bytes; `None` when there are fewer than it has. The value is a copy that
/// stays what it is, whoever writes to the bytes.
#[inline(always)]
pub fn try_read<T: Copy + NoRef>(bytes: &[u8]) -> Option<T> {
    if bytes.len() < size_of::<T>() {
        return None;
    }
    // SAFETY: the length was checked, and any bytes are a T.
    Some(unsafe { opaque::read(bytes.as_ptr().cast::<T>()) })
}

/// Reads a `T` at an offset, in bytes.
///
/// # Panics
/// When the bytes end before it does.
#[inline(always)]
#[track_caller]
pub fn read_at<T: Copy + NoRef>(bytes: &[u8], offset: usize) -> T {
    match bytes.get(offset..).and_then(try_read) {
        Some(value) => value,
        None => too_short(bytes.len(), offset + size_of::<T>()),
    }
}

/// Writes a `T` at an offset, in bytes.
///
/// # Panics
/// When the bytes end before it does.
#[inline(always)]
#[track_caller]
pub fn write_at<T: Copy + Plain>(bytes: &mut [u8], offset: usize, value: T) {
    let value = as_bytes(&value);
    let length = bytes.len();
    match bytes.get_mut(offset..).and_then(|rest| rest.get_mut(..value.len())) {
        Some(place) => place.copy_from_slice(value),
        None => too_short(length, offset + value.len()),
    }
}

/// The unsigned bit-field of `size` bits (1 to 64) whose lowest is bit `first`; bit 0 is the lowest of the
/// first byte.
///
/// # Panics
/// When the bytes end before it does.
#[inline(always)]
pub fn read_bits(bytes: &[u8], first: usize, size: usize) -> u64 {
    let (start, shift) = (first / 8, first % 8);
    let mut value = 0u128;
    let mut i = 0;
    // At most 9 bytes: the loop is unrolled where size and place are constants.
    while i * 8 < shift + size {
        value |= u128::from(bytes[start + i]) << (i * 8);
        i += 1;
    }
    ((value >> shift) & ((1 << size) - 1)) as u64
}

/// As [`read_bits`], of a signed bit-field.
#[inline(always)]
pub fn read_bits_signed(bytes: &[u8], first: usize, size: usize) -> i64 {
    let unused = 64 - size;
    ((read_bits(bytes, first, size) << unused) as i64) >> unused
}

/// Writes the lowest `size` bits of the value where [`read_bits`] reads them.
///
/// # Panics
/// When the bytes end before the bit-field does.
#[inline(always)]
pub fn write_bits(bytes: &mut [u8], first: usize, size: usize, value: u64) {
    let (start, shift) = (first / 8, first % 8);
    let mask = ((1u128 << size) - 1) << shift;
    let value = (u128::from(value) << shift) & mask;
    let mut i = 0;
    while i * 8 < shift + size {
        let byte = &mut bytes[start + i];
        *byte = (*byte & !((mask >> (i * 8)) as u8)) | (value >> (i * 8)) as u8;
        i += 1;
    }
}

/// The bytes of a value.
#[inline(always)]
pub fn as_bytes<T: Copy + Plain>(value: &T) -> &[u8] {
    // SAFETY: all of the value's bytes are initialised; and as it is `Copy` it is no cell, which could change
    // while it is borrowed.
    unsafe { core::slice::from_raw_parts(core::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) }
}

/// A value of all zeroes.
#[inline(always)]
pub fn zeroed<T: Copy + NoRef>() -> T {
    // SAFETY: any bytes are a T.
    unsafe { core::mem::zeroed() }
}

#[cold]
#[track_caller]
pub(crate) fn too_short(length: usize, needed: usize) -> ! {
    panic!("{length} bytes are too few for a value of {needed}")
}

/// The field of a structure that lies somewhere in a slice:
/// `read_field!(slice, offset of the structure, Structure, field, type of the field)`. The bytes are
/// taken as they are; use `from_be` for fields in network byte order.
///
/// # Panics
/// When the slice ends before the field does.
#[macro_export]
macro_rules! read_field {
    ($slice:expr, $base:expr, $structure:ty, $field:ident, $type:ty) => {{
        let start = $base + ::core::mem::offset_of!($structure, $field);
        *$crate::utils::convert_slice_to_struct::<$type>(
            &$slice[start..start + ::core::mem::size_of::<$type>()],
        )
    }};
}

/// A 16-bit number in network byte order.
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct u16be(pub(crate) u16);

impl From<u16be> for u16 {
    #[inline(always)]
    fn from(value: u16be) -> u16 {
        u16::from_be(value.0)
    }
}

/// Which CPU's buffer of a perf event array an event goes to.
#[derive(Clone, Copy)]
pub struct PerfEventMaskedCPU {
    flags: u64,
}

impl PerfEventMaskedCPU {
    /// The buffer of the CPU that runs the program.
    pub const fn current_cpu() -> Self {
        PerfEventMaskedCPU { flags: BPF_F_CURRENT_CPU }
    }

    /// The buffer of a CPU by its number.
    pub const fn any_cpu(cpu: u64) -> Self {
        PerfEventMaskedCPU { flags: cpu & BPF_F_INDEX_MASK }
    }

    /// Masked again: a value of this type can be made of any bytes, as every plain one.
    pub(crate) const fn flags(self) -> u64 {
        self.flags & BPF_F_INDEX_MASK
    }
}

/// Program objects that can send events to user space. Sealed.
pub trait PerfEventStreamer: sealed::PerfEventStreamer {
    /// The context that an event belongs to.
    type Context;

    /// Sends `data`.
    ///
    /// # Errors
    /// A negative errno: `-ENOENT` when no buffer is set up for that CPU, `-E2BIG` for a bad CPU
    /// number, `-ENOSPC` when the buffer is full.
    fn output_event<T: Copy + Plain>(
        &self,
        context: &Self::Context,
        map: &'static RexPerfEventArray<T>,
        data: &T,
        cpu: PerfEventMaskedCPU,
    ) -> Result;
}

pub(crate) mod sealed {
    pub trait PerfEventStreamer {}
}

/// Appends text to a buffer as far as there is room, and counts what it wrote. Text that does not fit
/// is cut at a character's boundary, and reported as an error.
pub(crate) struct Writer<'a> {
    buffer: &'a mut [u8],
    length: usize,
    full: bool,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(buffer: &'a mut [u8]) -> Self {
        Writer { buffer, length: 0, full: false }
    }

    /// Bytes written.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Appends text; what follows a cut is dropped. Nothing here can panic: it runs in the panic body.
    pub(crate) fn push(&mut self, text: &str) {
        let room = match self.buffer.get_mut(self.length..) {
            Some(room) if !self.full => room,
            _ => return,
        };
        let mut fits = text.len();
        if fits > room.len() {
            self.full = true;
            fits = room.len();
            while !text.is_char_boundary(fits) {
                fits -= 1;
            }
        }
        if let (Some(place), Some(bytes)) = (room.get_mut(..fits), text.as_bytes().get(..fits)) {
            place.copy_from_slice(bytes);
            self.length += fits;
        }
    }

    /// Appends a number in decimal, without the formatting machinery.
    #[cfg_attr(rexc_host, allow(dead_code))] // panics are the host's there
    pub(crate) fn push_number(&mut self, number: u32) {
        let mut digits = [0; 10];
        let mut unused = digits.len();
        let mut rest = number;
        for place in digits.iter_mut().rev() {
            *place = b'0' + (rest % 10) as u8;
            rest /= 10;
            unused -= 1;
            if rest == 0 {
                break;
            }
        }
        if let Some(Ok(text)) = digits.get(unused..).map(core::str::from_utf8) {
            self.push(text);
        }
    }
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        if self.full { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt::Write;
    use std::format;
    use std::string::String;

    fn is_plain<T: Plain>() {}
    fn is_data<T: NoRef>() {}

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Header {
        kind: u8,
        _pad: u8,
        length: u16,
        address: u32,
    }

    #[repr(C)]
    struct Gap {
        _kind: u8,
        _length: u16,
    }

    #[test]
    fn plain_data() {
        is_plain::<u8>();
        is_plain::<i128>();
        is_plain::<()>();
        is_plain::<Header>();
        is_plain::<[Header; 3]>();
        is_plain::<(u32, u32)>();
        is_plain::<[u64; 127]>();
        is_plain::<[[u8; 1500]; 100]>();
        is_plain::<core::net::Ipv4Addr>();
        is_data::<Gap>();
    }

    #[test]
    fn values_from_bytes() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let header: Header = try_read(&bytes[1..]).unwrap();
        assert_eq!(header.length, u16::from_ne_bytes([4, 5]));
        assert_eq!(try_read::<Header>(&bytes[2..]), None);
        assert_eq!(read_field!(bytes, 1, Header, address, u32), u32::from_ne_bytes([6, 7, 8, 9]));
        assert_eq!(as_bytes(&header), &bytes[1..]);
        assert_eq!(zeroed::<Header>().address, 0);
        assert_eq!(convert_slice_to_struct::<u16>(&bytes).to_ne_bytes(), [1, 2]);
        assert_eq!(u16::from(u16be(0x1234u16.to_be())), 0x1234);
    }

    #[test]
    #[should_panic(expected = "3 bytes are too few for a value of 4")]
    fn too_few_bytes() {
        let _ = *convert_slice_to_struct::<u32>(&[1, 2, 3]);
    }

    #[test]
    fn written_back_when_changed() {
        let mut bytes = [0u8; 9];
        let mut header = convert_slice_to_struct_mut::<Header>(&mut bytes[1..]);
        assert_eq!(header.length, 0);
        header.length = 0x0101;
        drop(header);
        assert_eq!(bytes, [0, 0, 0, 1, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn places_in_bytes() {
        let mut bytes = [0u8; 8];
        write_at(&mut bytes, 3, 0x1122_3344u32.to_be());
        assert_eq!(bytes, [0, 0, 0, 0x11, 0x22, 0x33, 0x44, 0]);
        assert_eq!(read_at::<u16>(&bytes, 4).to_be(), 0x2233);
    }

    #[test]
    #[should_panic(expected = "too few")]
    fn write_past_the_end() {
        write_at(&mut [0u8; 4], 3, 1u16);
    }

    #[test]
    fn bit_fields() {
        for size in 1..=64 {
            for first in 0..20 {
                let mut bytes = [0xa5u8; 12];
                let value = 0x9e37_79b9_7f4a_7c15u64;
                let kept = if size == 64 { value } else { value & ((1 << size) - 1) };
                write_bits(&mut bytes, first, size, value);
                assert_eq!(read_bits(&bytes, first, size), kept);
                let signed = ((kept << (64 - size)) as i64) >> (64 - size);
                assert_eq!(read_bits_signed(&bytes, first, size), signed);
                // Nothing beside it changed.
                for bit in (0..first).chain(first + size..96) {
                    assert_eq!(bytes[bit / 8] >> (bit % 8) & 1, 0xa5 >> (bit % 8) & 1);
                }
            }
        }
    }

    #[test]
    fn text_is_cut_at_characters() {
        for size in 0..12 {
            let mut buffer = [0u8; 12];
            let mut writer = Writer::new(&mut buffer[..size]);
            let whole = "ab\u{20ac}c\u{1f980}d"; // 1, 1, 3, 1, 4, 1 bytes
            assert_eq!(writer.write_str(whole).is_ok(), size >= whole.len());
            writer.push("never after a cut");
            let length = writer.length();
            let text = core::str::from_utf8(&buffer[..length]).unwrap();
            if size < whole.len() {
                assert!(whole.starts_with(text) && size - text.len() < 4);
            }
        }
    }

    #[test]
    fn numbers_without_formatting() {
        for number in [0, 9, 10, 4_294_967_295, 1_000_000] {
            let mut buffer = [0u8; 16];
            let mut writer = Writer::new(&mut buffer);
            writer.push_number(number);
            let length = writer.length();
            let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
            assert_eq!(text, format!("{number}"));
        }
    }

    #[test]
    fn cpus_of_any_bytes() {
        let forged: PerfEventMaskedCPU = try_read(&[0xff; 8]).unwrap();
        assert_eq!(forged.flags(), BPF_F_INDEX_MASK);
        assert_eq!(PerfEventMaskedCPU::any_cpu(1 << 40 | 3).flags(), 3);
        assert_eq!(PerfEventMaskedCPU::current_cpu().flags(), BPF_F_CURRENT_CPU);
    }

    #[test]
    fn results() {
        assert_eq!(to_result!(-22i64), Err(-22));
        assert_eq!(to_result!(5i32), Ok(5));
    }
}
