// SPDX-License-Identifier: Apache-2.0
#![no_std]
#[cfg(test)]
extern crate std;
pub fn twice(value: u32) -> u32 {
    value * 2
}
#[cfg(test)]
mod tests {
    use std::vec::Vec;
    #[test]
    fn doubles() {
        let values: Vec<u32> = (0..4).map(super::twice).collect();
        std::println!("{:?} in {:?}", values, std::env::args());
        assert_eq!(values[3], 6);
    }
}
