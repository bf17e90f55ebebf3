// SPDX-License-Identifier: Apache-2.0
//~ REX0314
#![no_std]
pub mod plain {
    pub struct Unit;
}
pub mod other {
    pub type Unit = &'static &'static ();
    pub static UNIT: Unit = &&();
    fn longer<'b, T>(_: &&'b (), value: &'b T) -> u32 {
        let _ = value;
        1
    }
    pub fn pointer() -> fn(Unit, &u32) -> u32 {
        longer
    }
}
