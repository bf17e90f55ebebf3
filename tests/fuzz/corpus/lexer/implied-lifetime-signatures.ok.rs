// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub struct Parser<'b> {
    data: &'b [u8],
    last: Option<&'b str>,
}
impl<'b> Parser<'b> {
    pub fn new(data: &'b [u8]) -> Self {
        Parser { data, last: None }
    }
    pub fn first(&self) -> Option<&u8> {
        self.data.first()
    }
    pub fn data(&self) -> &'b [u8] {
        self.data
    }
    pub fn set(&mut self, last: &'b str) -> Option<&'b str> {
        self.last.replace(last)
    }
    pub fn find(&self, wanted: &str) -> Option<&str> {
        self.last.filter(|last| *last == wanted)
    }
    pub fn merge<'s>(&'s self, other: &'s Parser<'b>) -> &'s Parser<'b> {
        if self.data.is_empty() { other } else { self }
    }
    pub fn split(self, at: usize) -> (Parser<'b>, Parser<'b>) {
        let (a, b) = self.data.split_at(at);
        (Parser::new(a), Parser::new(b))
    }
}
pub fn rest<'a, 'b>(parser: &'a Parser<'b>) -> &'a [u8] {
    parser.data
}
pub fn copy<'a, 'b>(parser: &'a Parser<'b>, name: &'a str) -> (&'a str, &'b [u8]) {
    (name, parser.data)
}
pub fn related<'a, 'b: 'a>(parser: &'a Parser<'b>, name: &'b str) -> &'a str {
    if parser.data.is_empty() { name } else { "" }
}
pub fn feed<'p>(parser: &mut Parser<'p>, name: &'p str) {
    parser.last = Some(name);
}
impl<'b> Iterator for Parser<'b> {
    type Item = &'b u8;
    fn next(&mut self) -> Option<&'b u8> {
        let (first, rest) = self.data.split_first()?;
        self.data = rest;
        Some(first)
    }
}
