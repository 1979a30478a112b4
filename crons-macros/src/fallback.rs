//! What is left when something is wrong: the item as it was written, and the errors. So one mistake gives one error, and
//! the editor goes on working.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::Error;

pub(crate) fn fallback(item: TokenStream, errors: Vec<Error>) -> TokenStream {
    let mut tokens = item;
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
