// SPDX-License-Identifier: Apache-2.0
//~ REX0324
#![no_std]
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Waker, Poll};
async fn two(x: &mut u8) -> u8 { *x += 1; *x }
pub fn go() -> u8 {
    let mut f = pin!(async { let mut a = 1; let r = two(&mut a).await; r + a });
    match f.as_mut().poll(&mut Context::from_waker(Waker::noop())) { Poll::Ready(v) => v, Poll::Pending => 0 }
}
