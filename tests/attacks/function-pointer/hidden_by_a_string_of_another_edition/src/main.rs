// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
use rex::xdp::{xdp, xdp_md, XDP_PASS};
use rex::{rex_xdp, Result};

macro_rules! pointer {
    ($arguments:tt $keyword:tt $result:ty) => {
        $keyword $arguments -> $result
    };
}
words::text!();
pub struct Promise<'b>(core::marker::PhantomData<&'b ()>);
pub type Converter = pointer!((&Promise<'static>, &u32) fn &'static u32);
pub const END: &str = "\"";

#[rex_xdp]
fn program(_: &xdp, _: &mut xdp_md) -> Result {
    Ok(XDP_PASS as i32)
}
