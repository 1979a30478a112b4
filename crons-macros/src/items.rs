//! The items at the head of a body: the only part of it that is ever parsed, and only if there are any.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Item, Result};

/// The first token of an item.
const STARTS: [&str; 17] = [
    "use",
    "const",
    "static",
    "fn",
    "struct",
    "enum",
    "union",
    "type",
    "impl",
    "trait",
    "mod",
    "macro_rules",
    "extern",
    "unsafe",
    "async",
    "pub",
    "auto",
];

/// Splits a body behind the items that it begins with.
pub(crate) fn split_leading(body: &TokenStream) -> (TokenStream, TokenStream) {
    if !may_start_item(body) {
        return (TokenStream::new(), body.clone());
    }
    let split = |input: ParseStream<'_>| -> Result<_> {
        let mut items = TokenStream::new();
        while let Some(item) = next_item(input)? {
            items.extend(item);
        }
        Ok((items, input.parse()?))
    };
    split.parse2(body.clone()).unwrap_or_else(|_| (TokenStream::new(), body.clone()))
}

fn may_start_item(body: &TokenStream) -> bool {
    match body.clone().into_iter().next() {
        Some(TokenTree::Ident(first)) => STARTS.iter().any(|start| first == start),
        // An attribute.
        Some(TokenTree::Punct(first)) => first.as_char() == '#',
        _ => false,
    }
}

/// The tokens of the item that comes next, if one does.
fn next_item(input: ParseStream<'_>) -> Result<Option<TokenStream>> {
    let behind = input.fork();
    match behind.parse() {
        // A macro that is called is a statement, unless it makes a macro.
        Ok(Item::Macro(called)) if called.ident.is_none() => return Ok(None),
        Ok(_) => {}
        Err(_) => return Ok(None),
    }
    let mut item = TokenStream::new();
    while input.cursor() != behind.cursor() {
        item.extend([input.parse::<TokenTree>()?]);
    }
    Ok(Some(item))
}
