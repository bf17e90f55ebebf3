// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A binary search tree in an array, walked recursively, with a visitor behind a trait object.
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};

#[derive(Clone, Copy)]
struct Node {
    key: u8,
    count: u32,
    children: [Option<usize>; 2],
}

struct Tree {
    nodes: [Node; 64],
    used: usize,
}

impl Tree {
    fn add(&mut self, key: u8) {
        let mut place: Option<(usize, usize)> = None;
        let mut at = (self.used > 0).then_some(0);
        while let Some(index) = at {
            let node = &mut self.nodes[index];
            if node.key == key {
                node.count += 1;
                return;
            }
            let side = usize::from(key > node.key);
            place = Some((index, side));
            at = node.children[side];
        }
        if let Some(node) = self.nodes.get_mut(self.used) {
            *node = Node { key, count: 1, children: [None; 2] };
            if let Some((parent, side)) = place {
                self.nodes[parent].children[side] = Some(self.used);
            }
            self.used += 1;
        }
    }

    fn walk(&self, at: Option<usize>, visit: &mut dyn FnMut(&Node)) {
        if let Some(index) = at {
            let node = &self.nodes[index];
            self.walk(node.children[0], visit);
            visit(node);
            self.walk(node.children[1], visit);
        }
    }
}

#[rex_xdp]
fn recursion_tree(_: &xdp, ctx: &mut xdp_md) -> Result {
    let mut tree = Tree { nodes: [Node { key: 0, count: 0, children: [None; 2] }; 64], used: 0 };
    for &byte in ctx.data_slice.iter().take(128) {
        tree.add(byte);
    }
    let mut previous = None;
    let mut ascending = 0u32;
    tree.walk((tree.used > 0).then_some(0), &mut |node| {
        if previous.is_none_or(|key| key < node.key) {
            ascending += node.count;
        }
        previous = Some(node.key);
    });
    Ok(if ascending % 3 == 2 { XDP_DROP } else { XDP_PASS } as i32)
}
