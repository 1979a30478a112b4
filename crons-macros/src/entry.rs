//! `#[crons::main]`: the body of `main` becomes a monitored function, which a new `main` calls once the client is there.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Error, Visibility};

use crate::args::Args;
use crate::check::check;
use crate::expand::expand;
use crate::function::Function;
use crate::value::Expression;

/// The new `main`, with the monitored function inside.
pub(crate) fn entry(args: TokenStream, item: TokenStream) -> Result<TokenStream, Vec<Error>> {
    let mut errors = Vec::new();
    let mut args = Args::parse(args, &mut errors);
    let options = args.options.take().and_then(|options| options.value);
    let function: Function = match syn::parse2(item) {
        Ok(function) => function,
        Err(refused) => {
            errors.push(refused);
            return Err(errors);
        }
    };
    if !function.may_be_the_entry() {
        errors.push(Error::new_spanned(
            &function.sig.ident,
            "`#[crons::main]` is for the program's entry, a `fn main` without arguments: use `#[crons::monitor]` on other functions",
        ));
    }
    if !args.slug_attempted {
        errors.push(Error::new_spanned(
            &function.sig.ident,
            "`#[crons::main]` needs the name of the monitor: write `slug = \"nightly-backup\"`",
        ));
    }
    let here = Span::mixed_site();
    let Function { attrs, vis, sig, brace, .. } = &function;
    let (attrs, vis, outer) = (attrs.clone(), vis.clone(), sig.clone());
    let brace = *brace;
    let mut job = function;
    job.attrs = Vec::new();
    job.vis = Visibility::Inherited;
    job.sig.ident = Ident::new("__crons_main", here.located_at(outer.ident.span()));
    let Some(monitor) = check(args, &job, &mut errors) else { return Err(errors) };

    let krate =
        monitor.krate.as_ref().map_or_else(|| quote_spanned!(here=> ::crons), ToTokens::to_token_stream);
    let options = options.map_or_else(
        || quote_spanned!(here=> #krate::ClientOptions::default()),
        |Expression(options)| options.into_token_stream(),
    );
    let job = expand(&monitor, &job);
    let polled = outer.asyncness.map(|_| quote_spanned!(here=> .await));
    let mut block = TokenStream::new();
    brace.surround(&mut block, |tokens| {
        tokens.extend(quote_spanned! {here=>
            #job
            let __crons_client = #krate::init(#options);
            __crons_main() #polled
        });
    });
    Ok(quote!(#(#attrs)* #vis #outer #block))
}
