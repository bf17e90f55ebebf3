// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Text: UTF-8 checks, splitting, trimming, parsing, comparing without case.
#![no_std]
#![no_main]
use rex::utils::Text;
use rex::xdp::*;
use rex::{Result, rex_printk, rex_xdp};

struct Request<'a> {
    method: &'a str,
    path: &'a str,
    length: Option<u32>,
}

fn parse(text: &str) -> Option<Request<'_>> {
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split_ascii_whitespace();
    let (method, path) = (words.next()?, words.next()?);
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok());
    Some(Request { method, path, length })
}

#[rex_xdp]
fn strings(_: &xdp, ctx: &mut xdp_md) -> Result {
    let text = Text::<256>::prefix_of(ctx.data_slice.get(54..).unwrap_or(&[]));
    let Some(request) = parse(&text) else {
        return Ok(XDP_PASS as i32);
    };
    rex_printk!("{} {:?} {:?}", request.method, request.path, request.length).ok();
    let hidden = request.path.chars().rev().take(4).any(|c| c == '~' || c.is_uppercase());
    if hidden || request.path.contains("..") || request.length.unwrap_or(0) > 65_536 {
        return Ok(XDP_DROP as i32);
    }
    Ok(XDP_PASS as i32)
}
