// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub trait Shape {
    type Unit;
    fn size(&self) -> u32;
}
pub struct Square(pub u32);
impl Shape for Square {
    type Unit = u32;
    fn size(&self) -> u32 {
        self.0 * self.0
    }
}
pub struct Twice<S>(pub S);
impl<S: Shape> Shape for Twice<S> {
    type Unit = S::Unit;
    fn size(&self) -> u32 {
        2 * self.0.size()
    }
}
pub trait Describe {
    fn large(&self) -> bool;
}
impl<T: Shape> Describe for T {
    fn large(&self) -> bool {
        self.size() > 100
    }
}
pub struct Countdown(pub u32);
impl Iterator for Countdown {
    type Item = u32;
    fn next(&mut self) -> Option<u32> {
        self.0 = self.0.checked_sub(1)?;
        Some(self.0)
    }
}
pub fn any(shape: &dyn Shape<Unit = u32>, numbers: &mut dyn Iterator<Item = u32>) -> u32 {
    shape.size() + numbers.sum::<u32>()
}
pub fn make() -> impl Fn() -> u32 {
    || 1
}
