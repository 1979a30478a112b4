//! What is left when something is wrong: the item as it was written, and the errors. So one mistake gives one error, and
//! the editor goes on working.

use proc_macro2::TokenStream;
use syn::Error;

pub(crate) fn fallback(item: TokenStream, errors: Vec<Error>) -> TokenStream {
    let mut tokens = item;
    tokens.extend(errors.into_iter().map(Error::into_compile_error));
    tokens
}
