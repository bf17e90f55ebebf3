// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! What the attributes write.

use crate::parse::{Error, Function, MapStatic};
use proc_macro::{Delimiter, Group, Literal, Span, TokenStream, TokenTree};

/// Source text as tokens at `span`, resolved at the macro's call like the author's own.
fn tokens(text: &str, span: Span) -> TokenStream {
    let parsed: TokenStream = text.parse().expect("the macro's own text is well-formed");
    parsed.into_iter().map(|token| respan(token, span)).collect()
}

fn respan(token: TokenTree, span: Span) -> TokenTree {
    let mut token = match token {
        TokenTree::Group(group) => {
            let inner = group.stream().into_iter().map(|token| respan(token, span)).collect();
            TokenTree::Group(Group::new(group.delimiter(), inner))
        }
        other => other,
    };
    token.set_span(span);
    token
}

/// The item and, beside it, the marker static by which the compiler pass finds the program:
///
///     const _: () = {
///         #[used]
///         static PROGRAM: ::rex::program::Marker = ::rex::MODULE::program("NAME", ["SECTION",] NAME);
///     };
pub fn program(
    module: &str,
    section: Option<&str>,
    function: &Function,
    item: TokenStream,
) -> TokenStream {
    // Type errors about the function's signature point at its name.
    let span = function.name.span();
    let mut arguments = TokenStream::new();
    arguments.extend([TokenTree::from(literal(&function.name.to_string(), span))]);
    arguments.extend(tokens(",", span));
    if let Some(section) = section {
        arguments.extend([TokenTree::from(literal(section, span))]);
        arguments.extend(tokens(",", span));
    }
    arguments.extend([TokenTree::from(function.name.clone())]);

    let mut body = tokens(
        &format!("#[used] static PROGRAM: ::rex::program::Marker = ::rex::{module}::program"),
        span,
    );
    body.extend([group(Delimiter::Parenthesis, arguments, span)]);
    body.extend(tokens(";", span));

    let mut output = item;
    output.extend(tokens("const _: () =", span));
    output.extend([group(Delimiter::Brace, body, span)]);
    output.extend(tokens(";", span));
    output
}

/// `::rex::__rex_map_static! { "NAME" the static }`
pub fn map(map: MapStatic) -> TokenStream {
    let span = map.name.span();
    let mut inner = TokenStream::new();
    inner.extend([TokenTree::from(literal(&map.name.to_string(), span))]);
    inner.extend(map.item);
    let mut output = tokens("::rex::__rex_map_static!", span);
    output.extend([group(Delimiter::Brace, inner, span)]);
    output
}

/// `::core::compile_error! { "message" }` at the error's place.
pub fn error(error: &Error) -> TokenStream {
    let mut output = tokens("::core::compile_error!", error.span);
    let message = TokenStream::from(TokenTree::from(literal(&error.message, error.span)));
    output.extend([group(Delimiter::Brace, message, error.span)]);
    output
}

fn literal(text: &str, span: Span) -> Literal {
    let mut literal = Literal::string(text);
    literal.set_span(span);
    literal
}

fn group(delimiter: Delimiter, stream: TokenStream, span: Span) -> TokenTree {
    let mut group = Group::new(delimiter, stream);
    group.set_span(span);
    TokenTree::Group(group)
}
