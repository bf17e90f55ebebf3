// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A recursive-descent evaluator: expression, term and factor call each other.
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};

struct Parser<'a> {
    text: &'a [u8],
    depth: u32,
}

impl Parser<'_> {
    fn accept(&mut self, wanted: u8) -> bool {
        match self.text {
            [first, rest @ ..] if *first == wanted => {
                self.text = rest;
                true
            }
            _ => false,
        }
    }

    fn expression(&mut self) -> Option<u32> {
        let mut value = self.term()?;
        loop {
            if self.accept(b'+') {
                value = value.checked_add(self.term()?)?;
            } else if self.accept(b'-') {
                value = value.checked_sub(self.term()?)?;
            } else {
                return Some(value);
            }
        }
    }

    fn term(&mut self) -> Option<u32> {
        let mut value = self.factor()?;
        while self.accept(b'*') {
            value = value.checked_mul(self.factor()?)?;
        }
        Some(value)
    }

    fn factor(&mut self) -> Option<u32> {
        if self.accept(b'(') {
            self.depth += 1;
            if self.depth > 16 {
                return None;
            }
            let value = self.expression()?;
            self.depth -= 1;
            return self.accept(b')').then_some(value);
        }
        let mut value = None;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.text {
            value =
                Some(value.unwrap_or(0u32).checked_mul(10)?.checked_add(u32::from(digit - b'0'))?);
            self.text = rest;
        }
        value
    }
}

#[rex_xdp]
fn recursion_mutual(_: &xdp, ctx: &mut xdp_md) -> Result {
    let text = ctx.data_slice.get(42..).unwrap_or(&[]);
    match (Parser { text, depth: 0 }).expression() {
        Some(value) if value % 2 == 1 => Ok(XDP_DROP as i32),
        _ => Ok(XDP_PASS as i32),
    }
}
