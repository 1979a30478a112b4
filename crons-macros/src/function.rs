//! The function that the attribute stands on, which also belongs to the first stage. Its body is kept as tokens, so
//! that a half-typed body does not lose the function, and a long one costs nothing.

use proc_macro2::{Group, TokenStream};
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, PathArguments, PathSegment, Result, ReturnType,
    Signature, Token, Type, TypeParamBound, Visibility, braced, token,
};

/// A function with a body.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// `#![..]` at the head of the body: they may stand there only.
    pub(crate) inner_attrs: Vec<Attribute>,
    pub(crate) brace: token::Brace,
    /// The braces and what they hold, where no `macro_rules!` has passed them on. Put together anew they have one span for both.
    pub(crate) braced: Option<Group>,
    pub(crate) body: TokenStream,
}

/// The part of a function that is the run.
pub(crate) enum BodyKind<'a> {
    /// The body.
    Sync,
    /// The body, which never returns; it may be that of an `async fn`.
    Never,
    /// The body of an `async fn`.
    Async,
    /// The future that the body makes: `impl Future`, or a boxed one.
    Future { boxed: bool, output: Option<&'a Type> },
    /// The body, which returns a closure: it cannot fail but by a panic, and gets its signature from the return type, so the body stays
    /// where it is.
    Closure,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if !starts_function(input) {
            return Err(not_a_function(input));
        }
        let sig = input.parse()?;
        if let Some(semicolon) = input.parse::<Option<Token![;]>>()? {
            return Err(Error::new_spanned(
                semicolon,
                "`#[monitor]` needs a body to watch: put it on the function that has one",
            ));
        }
        let braced = input.fork().parse().ok();
        let content;
        let brace = braced!(content in input);
        let inner_attrs = content.call(Attribute::parse_inner)?;
        let body = content.parse()?;
        let function = Self { attrs, vis, sig, inner_attrs, brace, braced, body };
        function.refuse_what_cannot_be_watched().map(|()| function)
    }
}

impl Function {
    /// Returns the kind of body that the signature declares.
    pub(crate) fn run(&self) -> BodyKind<'_> {
        match &self.sig.output {
            ReturnType::Type(_, ty) if is_never(ty) => BodyKind::Never,
            _ if self.sig.asyncness.is_some() => BodyKind::Async,
            ReturnType::Default => BodyKind::Sync,
            ReturnType::Type(_, ty) if is_closure(ty) => BodyKind::Closure,
            ReturnType::Type(_, ty) => match returned(ty, "Future", &["BoxFuture", "LocalBoxFuture"]) {
                Some((boxed, output)) => BodyKind::Future { boxed, output },
                None => BodyKind::Sync,
            },
        }
    }

    fn refuse_what_cannot_be_watched(&self) -> Result<()> {
        if let Some(constness) = &self.sig.constness {
            let message =
                "`#[monitor]` cannot watch a `const fn`: what runs at compile time sends no check-ins";
            return Err(Error::new_spanned(constness, message));
        }
        if let Some(variadic) = &self.sig.variadic {
            return Err(Error::new_spanned(variadic, "`#[monitor]` cannot watch a variadic function"));
        }
        if let ReturnType::Type(_, ty) = &self.sig.output
            && returned(ty, "Stream", &["BoxStream", "LocalBoxStream"]).is_some()
        {
            let message =
                "`#[monitor]` cannot watch a stream: put it on the function that reads the stream to its end";
            return Err(Error::new_spanned(ty, message));
        }
        Ok(())
    }
}

impl Function {
    /// Refuses the program's entry, whose run would begin before there is a client.
    ///
    /// # Errors
    /// Says what to use instead.
    pub(crate) fn refuse_entry(self) -> Result<Self> {
        if self.may_be_the_entry() {
            return Err(Error::new_spanned(
                &self.sig.ident,
                "`#[monitor]` on `main` sends nothing, as the run begins before the `crons::init` in its body: use \
                 `#[crons::main(..)]`, which initialises first, or put it on a function of its own that `main` calls after \
                 `crons::init` (a `main` that is not the program's entry needs another name)",
            ));
        }
        Ok(self)
    }

    /// Returns whether the signature is that of a program's entry: `main` without arguments, or with those of C. An attribute cannot
    /// see the module around it, so a `main` of another module counts, too.
    pub(crate) fn may_be_the_entry(&self) -> bool {
        let Signature { ident, inputs, generics, abi, .. } = &self.sig;
        let from_c = abi.is_some() && !inputs.iter().any(|input| matches!(input, FnArg::Receiver(_)));
        ident == "main" && (inputs.is_empty() && generics.params.is_empty() || from_c)
    }
}

fn is_never(ty: &Type) -> bool {
    match ty {
        Type::Never(_) => true,
        // A group is a type that a `macro_rules!` has passed on.
        Type::Group(group) => is_never(&group.elem),
        Type::Paren(paren) => is_never(&paren.elem),
        _ => false,
    }
}

/// Returns whether `ty` is `impl Fn(..)`, or another trait of closures.
fn is_closure(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => is_closure(&group.elem),
        Type::Paren(paren) => is_closure(&paren.elem),
        Type::ImplTrait(opaque) => {
            let traits = ["Fn", "FnMut", "FnOnce", "AsyncFn", "AsyncFnMut", "AsyncFnOnce"];
            traits.iter().any(|name| bound(&opaque.bounds, name).is_some())
        }
        _ => false,
    }
}

/// Returns whether `ty` is boxed, and its `Output`, if it is `impl Name<..>`, `Pin<Box<dyn Name<..>>>` or one of the aliases of
/// the latter (then boxed). `None` for other types.
fn returned<'a>(ty: &'a Type, name: &str, aliases: &[&str]) -> Option<(bool, Option<&'a Type>)> {
    match ty {
        Type::Group(group) => returned(&group.elem, name, aliases),
        Type::Paren(paren) => returned(&paren.elem, name, aliases),
        Type::ImplTrait(opaque) => bound(&opaque.bounds, name).map(|output| (false, output)),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            if aliases.iter().any(|alias| last.ident == alias) {
                // The meaning of the parameters is known to the alias only.
                return Some((true, None));
            }
            let Type::Path(pointer) = type_arguments(last).next().filter(|_| last.ident == "Pin")? else {
                return None;
            };
            let pointer = pointer.path.segments.last().filter(|pointer| pointer.ident == "Box")?;
            let bounds = match type_arguments(pointer).next()? {
                Type::TraitObject(object) => &object.bounds,
                Type::ImplTrait(opaque) => &opaque.bounds,
                _ => return None,
            };
            bound(bounds, name).map(|output| (true, output))
        }
        _ => None,
    }
}

/// The bound `name` among `bounds`, and its `Output`.
fn bound<'a>(bounds: impl IntoIterator<Item = &'a TypeParamBound>, name: &str) -> Option<Option<&'a Type>> {
    let last = bounds.into_iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().filter(|last| last.ident == name),
        _ => None,
    })?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return Some(None) };
    Some(arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(output) if output.ident == "Output" => Some(&output.ty),
        _ => None,
    }))
}

fn type_arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments.args.iter()),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn starts_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    // `const`, `async`, `unsafe` and `extern ".."` may come before `fn`, in this order.
    let _ = ahead.parse::<Option<Token![const]>>();
    let _ = ahead.parse::<Option<Token![async]>>();
    let _ = ahead.parse::<Option<Token![unsafe]>>();
    let _ = ahead.parse::<Option<syn::Abi>>();
    ahead.peek(Token![fn])
}

const EXPRESSION: &str = "a part of one: watch that by `crons::monitor(\"..\").run(|| ..)`";

/// A closure, a block, a call: the compiler lets no attribute stand there, and another item would be one more error.
pub(crate) fn is_expression(input: ParseStream<'_>) -> bool {
    let keyword = input.peek(Token![move])
        || input.peek(Token![loop])
        || input.peek(Token![while])
        || input.peek(Token![for])
        || input.peek(Token![if])
        || input.peek(Token![match]);
    let coroutine = input.peek(Token![async])
        && (input.peek2(Token![move]) || input.peek2(Token![|]) || input.peek2(token::Brace));
    let call = input.peek(Ident) && (input.peek2(token::Paren) || input.peek2(Token![.]));
    keyword
        || coroutine
        || call
        || input.peek(Token![|])
        || input.peek(Token![||])
        || input.peek(token::Brace)
}

fn not_a_function(input: ParseStream<'_>) -> Error {
    let ahead = input.fork();
    if ahead.peek(Token![unsafe]) && !ahead.peek2(token::Brace) {
        let _ = ahead.parse::<Token![unsafe]>();
    }
    let kinds = [
        (ahead.peek(Token![let]), EXPRESSION),
        (ahead.peek(Token![struct]), "a struct"),
        (ahead.peek(Token![enum]), "an enum"),
        (ahead.peek(Token![trait]), "a trait: put it on a method that has a body"),
        (ahead.peek(Token![impl]), "an `impl` block: put it on the method"),
        (ahead.peek(Token![mod]), "a module: put it on each function"),
        (ahead.peek(Token![extern]), "an `extern` block"),
        (ahead.peek(Token![static]), "a static"),
        (ahead.peek(Token![union]), "a union"),
        (ahead.peek(Token![const]), "a constant"),
        (ahead.peek(Token![type]), "a type alias"),
        (ahead.peek(Token![use]), "an import"),
        (ahead.peek(Token![safe]), "a foreign one"),
        (ahead.peek(Token![macro]) || ahead.peek2(Token![!]), "a macro"),
    ];
    let found = kinds.into_iter().find_map(|(found, kind)| found.then_some(kind));
    let found = found.unwrap_or(if is_expression(input) { EXPRESSION } else { "this item" });
    ahead.error(format!("`#[monitor]` watches a function, not {found}"))
}
