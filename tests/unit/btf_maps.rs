// SPDX-License-Identifier: Apache-2.0
//! Maps whose keys and values are of every kind of type, for test_btf.c: only their debug information counts.
#![no_std]
#![allow(dead_code)]

use core::cell::UnsafeCell;
use core::marker::PhantomData;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[repr(C)]
pub struct RexMapHandle<const MT: u32, K, V> {
    map_type: u32,
    key_size: u32,
    val_size: u32,
    max_size: u32,
    map_flag: u32,
    kptr: UnsafeCell<*mut ()>,
    values: UnsafeCell<*mut ()>,
    types: PhantomData<(K, V)>,
}

unsafe impl<const MT: u32, K, V> Sync for RexMapHandle<MT, K, V> {}

impl<const MT: u32, K, V> RexMapHandle<MT, K, V> {
    const fn new(max_size: u32, map_flag: u32) -> Self {
        Self {
            map_type: MT,
            key_size: size_of::<K>() as u32,
            val_size: size_of::<V>() as u32,
            max_size,
            map_flag,
            kptr: UnsafeCell::new(core::ptr::null_mut()),
            values: UnsafeCell::new(core::ptr::null_mut()),
            types: PhantomData,
        }
    }
}

#[repr(C)]
pub struct Key {
    tag: u8,
    port: i16,
    address: [u8; 4],
    serial: u64,
}

pub struct Newtype(u32);

#[repr(u8)]
pub enum State {
    Idle = 0,
    Busy = 1,
    Gone = 200,
}

#[repr(i16)]
pub enum Signed {
    Minus = -2,
    Plus = 2,
}

#[repr(u64)]
pub enum Wide {
    Low = 1,
    High = 1 << 40,
}

#[repr(C)]
pub union Either {
    number: u32,
    bytes: [u8; 4],
}

#[repr(C)]
pub struct Value {
    newtype: Newtype,
    state: State,
    flag: bool,
    signed: Signed,
    wide: Wide,
    either: Either,
    letter: char,
    grid: [[i32; 2]; 3],
    pair: (u8, u64),
    nothing: (),
    big: u128,
    r#type: usize,
}

pub enum Data {
    Number(u32),
    Named { q: u64 },
    Empty,
}

pub struct Generic<T> {
    inner: T,
    data: Data,
}

macro_rules! map {
    ($name:ident, $kind:literal, $key:ty, $value:ty) => {
        #[used]
        #[unsafe(no_mangle)]
        #[unsafe(link_section = ".maps")]
        pub static $name: RexMapHandle<$kind, $key, $value> = RexMapHandle::new(16, 1);
    };
}

map!(A_ARRAY, 2, u32, u64);
map!(B_HASH, 1, Key, Value);
map!(C_STACK, 23, (), Generic<Key>);
map!(D_RINGBUF, 27, (), ());
map!(E_FLOAT, 1, i8, f64);
