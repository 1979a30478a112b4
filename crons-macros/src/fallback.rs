//! The output after an error: the item as it was written, and the errors. So one mistake gives one error, and the editor
//! goes on working.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::Error;
use syn::parse::{ParseStream, Parser};

use crate::function::is_expression;

pub(crate) fn fallback(item: TokenStream, errors: Vec<Error>) -> TokenStream {
    let expression = |input: ParseStream<'_>| {
        let is = is_expression(input);
        input.parse::<TokenStream>().map(|_| is)
    };
    let mut tokens = if expression.parse2(item.clone()).unwrap_or(false) { TokenStream::new() } else { item };
    tokens.extend(errors.into_iter().map(Error::into_compile_error).map(of_any_edition));
    tokens
}

/// `::std::compile_error!` in place of `::core::compile_error!`: in edition 2015 there is no `::core`.
fn of_any_edition(tokens: TokenStream) -> TokenStream {
    let renamed = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(ident) if ident == "core" => Ident::new("std", ident.span()).into(),
        other => other,
    });
    renamed.collect()
}
