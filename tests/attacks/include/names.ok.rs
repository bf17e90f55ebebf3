// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub struct Filter(u64);
impl Filter {
    pub fn include(&mut self, include: u32) -> bool {
        self.0 |= 1 << include;
        include != 3 && "include_str!(\"x\")".len() > 3
    }
}
pub fn run(filter: &mut Filter) -> bool {
    filter.include(2)
}
