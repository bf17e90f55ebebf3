// SPDX-License-Identifier: Apache-2.0
//~ REX0309
#![no_std]
extern crate alloc;
use alloc::rc::Rc;
use core::cell::RefCell;
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
pub struct Node {
    next: RefCell<Option<Rc<Node>>>,
    _guard: Guard,
}
pub fn leak() {
    let node = Rc::new(Node { next: RefCell::new(None), _guard: Guard });
    *node.next.borrow_mut() = Some(Rc::clone(&node));
}
