// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
pub struct Cache {
    entries: [u32; 4],
}
impl Cache {
    pub fn forget(&mut self, index: usize) {
        self.entries[index] = 0;
    }
}
/// Calls core::mem::forget in its documentation only; ManuallyDrop and MaybeUninit as well.
pub fn release(cache: &mut Cache) -> &'static str {
    cache.forget(1);
    drop(Guard);
    let mut slot = Some(Guard);
    slot.take();
    core::mem::replace(&mut slot, Some(Guard));
    core::mem::swap(&mut slot, &mut None);
    "core::mem::forget ManuallyDrop MaybeUninit"
}
