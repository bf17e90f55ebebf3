// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! What the attributes read of the item they stand on.

use proc_macro::{Delimiter, Group, Ident, Literal, Spacing, Span, TokenStream, TokenTree};
use std::iter::Peekable;

/// A mistake in the use of an attribute, and where it is.
pub struct Error {
    pub message: String,
    pub span: Span,
}

impl Error {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Error { message: message.into(), span }
    }

    /// The item as it was, so that no further errors follow from its absence, and the error.
    pub fn emit(self, item: TokenStream) -> TokenStream {
        crate::emit::error(&self).into_iter().chain(item).collect()
    }
}

type Tokens = Peekable<proc_macro::token_stream::IntoIter>;

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// Takes the outer attributes at the front of `tokens`.
fn take_attributes(tokens: &mut Tokens) -> Vec<TokenTree> {
    let mut attributes = Vec::new();
    while tokens.peek().is_some_and(|token| is_punct(token, '#')) {
        attributes.extend(tokens.next());
        attributes.extend(tokens.next());
    }
    attributes
}

/// Takes `pub`, `pub(...)` or nothing.
fn take_visibility(tokens: &mut Tokens) -> Vec<TokenTree> {
    let mut visibility = Vec::new();
    if matches!(tokens.peek(), Some(TokenTree::Ident(ident)) if ident.to_string() == "pub") {
        visibility.extend(tokens.next());
        let restricted = matches!(tokens.peek(), Some(TokenTree::Group(group))
            if group.delimiter() == Delimiter::Parenthesis);
        if restricted {
            visibility.extend(tokens.next());
        }
    }
    visibility
}

/// A function that is to be a program.
pub struct Function {
    pub name: Ident,
}

impl Function {
    pub fn parse(item: TokenStream) -> Result<Self, Error> {
        let mut tokens = item.into_iter().peekable();
        take_attributes(&mut tokens);
        take_visibility(&mut tokens);
        let expected = "this attribute goes on a function";
        let token = tokens.next().ok_or_else(|| Error::new(Span::call_site(), expected))?;
        let word = match &token {
            TokenTree::Ident(word) => word.to_string(),
            _ => String::new(),
        };
        match word.as_str() {
            "fn" => Self::parse_after_fn(token.span(), &mut tokens),
            qualifier @ ("async" | "unsafe" | "extern" | "const") => Err(Error::new(
                token.span(),
                format!("a program is a plain `fn`, without `{qualifier}`"),
            )),
            _ => Err(Error::new(token.span(), expected)),
        }
    }

    fn parse_after_fn(span: Span, tokens: &mut Tokens) -> Result<Self, Error> {
        let Some(TokenTree::Ident(name)) = tokens.next() else {
            return Err(Error::new(span, "a function with a name is expected here"));
        };
        if name.to_string().starts_with("r#") {
            return Err(Error::new(name.span(), "a program's name cannot be a raw identifier"));
        }
        match tokens.next() {
            Some(TokenTree::Group(parameters))
                if parameters.delimiter() == Delimiter::Parenthesis =>
            {
                let count = count_parameters(&parameters);
                if count != 2 {
                    return Err(Error::new(
                        parameters.span(),
                        format!(
                            "a program takes two parameters, its program object and its context; \
                             this function takes {count}"
                        ),
                    ));
                }
            }
            other => {
                let span = other.map_or(name.span(), |token| token.span());
                return Err(Error::new(span, "a program cannot have generic parameters"));
            }
        }
        Ok(Function { name })
    }
}

/// Commas at the top level that have something after them, plus one; angle brackets are no groups.
fn count_parameters(parameters: &Group) -> usize {
    let mut count = 0;
    let mut depth = 0usize;
    let mut empty = true; // nothing since the last separating comma
    let mut previous_joint_minus = false;
    for token in parameters.stream() {
        let mut minus = false;
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' if !previous_joint_minus => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    empty = true;
                    previous_joint_minus = false;
                    continue;
                }
                '-' => minus = punct.spacing() == Spacing::Joint,
                _ => {}
            }
        }
        previous_joint_minus = minus;
        if empty {
            count += 1;
            empty = false;
        }
    }
    count
}

/// A static that is to be a map.
pub struct MapStatic {
    pub name: Ident,
    /// The whole item, its own attributes included.
    pub item: TokenStream,
}

impl MapStatic {
    pub fn parse(item: TokenStream) -> Result<Self, Error> {
        let expected = "this attribute goes on a `static` of one of the map types in `rex::map`";
        let mut tokens = item.clone().into_iter().peekable();
        take_attributes(&mut tokens);
        take_visibility(&mut tokens);
        match tokens.next() {
            Some(TokenTree::Ident(word)) if word.to_string() == "static" => {}
            Some(other) => return Err(Error::new(other.span(), expected)),
            None => return Err(Error::new(Span::call_site(), expected)),
        }
        let name = match tokens.next() {
            Some(TokenTree::Ident(word)) if word.to_string() == "mut" => {
                return Err(Error::new(
                    word.span(),
                    "a map is not `mut`: its methods take `&self`",
                ));
            }
            Some(TokenTree::Ident(name)) => name,
            other => {
                let span = other.map_or(Span::call_site(), |token| token.span());
                return Err(Error::new(span, expected));
            }
        };
        if name.to_string().starts_with("r#") {
            return Err(Error::new(name.span(), "a map's name cannot be a raw identifier"));
        }
        Ok(MapStatic { name, item })
    }
}

/// `key = "value"` pairs in an attribute's parentheses.
pub struct Options {
    pairs: Vec<(Ident, OptionValue)>,
}

pub struct OptionValue {
    text: String,
    span: Span,
}

impl Options {
    /// Reads the options; a key that is not in `known`, or comes twice, is an error.
    pub fn parse(options: TokenStream, known: &[&str]) -> Result<Self, Error> {
        let mut pairs: Vec<(Ident, OptionValue)> = Vec::new();
        let mut tokens = options.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let TokenTree::Ident(key) = token else {
                return Err(Error::new(token.span(), "an option's name is expected here"));
            };
            let name = key.to_string();
            if !known.contains(&name.as_str()) {
                let hint = match known {
                    [] => String::from("this attribute takes no options"),
                    known => format!("the options are: {}", known.join(", ")),
                };
                return Err(Error::new(key.span(), format!("unknown option `{name}`; {hint}")));
            }
            if pairs.iter().any(|(other, _)| other.to_string() == name) {
                return Err(Error::new(key.span(), format!("option `{name}` is given twice")));
            }
            let value = Self::parse_value(&key, &mut tokens)?;
            pairs.push((key, value));
            match tokens.next() {
                None => break,
                Some(comma) if is_punct(&comma, ',') => {}
                Some(other) => return Err(Error::new(other.span(), "a comma is expected here")),
            }
        }
        Ok(Options { pairs })
    }

    fn parse_value(key: &Ident, tokens: &mut Tokens) -> Result<OptionValue, Error> {
        let malformed =
            |span| Error::new(span, format!("option `{key}` is written `{key} = \"...\"`"));
        match tokens.next() {
            Some(equals) if is_punct(&equals, '=') => {}
            other => return Err(malformed(other.map_or(key.span(), |token| token.span()))),
        }
        let literal = match tokens.next() {
            Some(TokenTree::Literal(literal)) => literal,
            other => return Err(malformed(other.map_or(key.span(), |token| token.span()))),
        };
        plain_string(&literal)
            .map(|text| OptionValue { text, span: literal.span() })
            .ok_or_else(|| malformed(literal.span()))
    }

    pub fn value(&self, name: &str) -> Option<&OptionValue> {
        self.pairs.iter().find(|(key, _)| key.to_string() == name).map(|(_, value)| value)
    }
}

impl OptionValue {
    /// The value as the name of a kernel function.
    pub fn symbol(&self) -> Result<&str, Error> {
        let good = !self.text.is_empty()
            && !self.text.starts_with(|c: char| c.is_ascii_digit())
            && self.text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if good {
            Ok(&self.text)
        } else {
            Err(Error::new(self.span, "the name of a kernel function is expected here"))
        }
    }
}

/// The content of a string literal without escapes: none of our options needs any.
fn plain_string(literal: &Literal) -> Option<String> {
    let text = literal.to_string();
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains(['\\', '"'])).then(|| inner.to_owned())
}
