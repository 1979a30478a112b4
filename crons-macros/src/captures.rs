//! The arguments that the body captures as a whole, so that they are dropped as in the bare function: all of them, in reverse.
//!
//! A closure or an `async` block by itself captures only the fields of each argument that it uses, drops them in the order of use, and
//! leaves unused arguments to the function around it. So each argument that may be dropped is mentioned at the head of the body, the
//! last one first. The compiler then no longer reports one that the body does not use: a variable of the same name, beside the body, is
//! reported instead. Arguments that are bound again would be dropped before the temporaries of the tail, and stored twice in a future;
//! if they were parameters of a closure, clippy could not see what the body does with them.
//!
//! A number that the body assigns to is bound again: the compiler calls a captured variable that is written before it is read "never read".
//! A field is captured as a whole then, for the same reason.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::format_ident;
use syn::{Attribute, FnArg, Meta, Pat, PatIdent, ReceiverKind, Signature, Token, Type, parse_quote};

use crate::mentions::{is_assigned, is_used};

/// The arguments that need a statement at the head of the body.
#[derive(Default)]
pub(crate) struct Captures {
    /// The arguments that are captured as a whole, in this order.
    pub(crate) by_value: Vec<ByValue>,
    /// The arguments that are reported as unused.
    pub(crate) unused: Vec<Unused>,
    /// The arguments that are bound again as `mut`, and no longer `mut` in the signature.
    pub(crate) rebound: Vec<Rebound>,
}

/// An argument, which may be there under a `#[cfg(..)]` only.
pub(crate) struct ByValue {
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) name: Ident,
}

/// An argument of which the body does not mention the name.
pub(crate) struct Unused {
    pub(crate) cfgs: Vec<Attribute>,
    /// Levels of lints that stand at the argument.
    pub(crate) lints: Vec<Attribute>,
    pub(crate) name: Ident,
}

/// A number that the body assigns to.
pub(crate) struct Rebound {
    pub(crate) cfgs: Vec<Attribute>,
    /// The user's own token: lints point at it.
    pub(crate) mutability: Token![mut],
    pub(crate) name: Ident,
}

impl Captures {
    /// Finds the arguments. Changes the signature where it has to: takes away the `mut` of those that are bound again, and names a `_`.
    pub(crate) fn take(sig: &mut Signature, body: &TokenStream) -> Self {
        let mut captures = Self::default();
        for (index, input) in sig.inputs.iter_mut().enumerate() {
            match input {
                FnArg::Receiver(receiver) => {
                    let dropped = match &receiver.kind {
                        ReceiverKind::Typed(_, ty) => may_be_dropped(ty),
                        ReceiverKind::Reference(..) => false,
                        _ => true,
                    };
                    // The receiver is the first argument, so it is dropped last, also if the body leaves it to the function.
                    if dropped && is_used("self", body) {
                        let name = Ident::new("self", receiver.self_token.span);
                        captures.by_value.push(ByValue { cfgs: cfgs(&receiver.attrs), name });
                    }
                }
                FnArg::Typed(argument) => {
                    let cfgs = cfgs(&argument.attrs);
                    match &mut *argument.pat {
                        Pat::Ident(binding) if is_scalar(&argument.ty) => {
                            captures.rebind(binding, cfgs, body);
                        }
                        Pat::Wild(_) if may_be_dropped(&argument.ty) => {
                            let name = format_ident!("arg{index}", span = Span::mixed_site());
                            *argument.pat = parse_quote!(#name);
                            captures.by_value.push(ByValue { cfgs, name });
                        }
                        pat => {
                            let lints = argument.attrs.iter().filter(|attr| is_level_of_unused(attr));
                            let (lints, unused) = (lints.cloned().collect::<Vec<_>>(), captures.unused.len());
                            let arg = Arg { dropped: may_be_dropped(&argument.ty), body, lints: &lints };
                            captures.bindings(pat, &cfgs, arg);
                            if captures.unused.len() > unused {
                                // The expectation is fulfilled at the variable of the same name.
                                argument.attrs.retain(|attr| {
                                    !attr.path().is_ident("expect") || !is_level_of_unused(attr)
                                });
                            }
                        }
                    }
                }
            }
        }
        captures.by_value.reverse();
        captures
    }

    fn rebind(&mut self, binding: &mut PatIdent, cfgs: Vec<Attribute>, body: &TokenStream) {
        if binding.by_ref.is_none()
            && is_assigned(&binding.ident.to_string(), body)
            && let Some(mutability) = binding.mutability.take()
        {
            self.rebound.push(Rebound { cfgs, mutability, name: binding.ident.clone() });
        }
    }

    fn bindings(&mut self, pat: &Pat, cfgs: &[Attribute], arg: Arg<'_>) {
        match pat {
            Pat::Ident(binding) => {
                self.binding(binding, cfgs, arg);
                if let Some((_, pat)) = &binding.subpat {
                    self.bindings(pat, cfgs, arg);
                }
            }
            Pat::Paren(paren) => self.bindings(&paren.pat, cfgs, arg),
            Pat::Reference(reference) => self.bindings(&reference.pat, cfgs, arg),
            Pat::Or(or) => or.cases.iter().for_each(|pat| self.bindings(pat, cfgs, arg)),
            Pat::Slice(slice) => slice.elems.iter().for_each(|pat| self.bindings(pat, cfgs, arg)),
            Pat::Tuple(tuple) => tuple.elems.iter().for_each(|pat| self.bindings(pat, cfgs, arg)),
            Pat::TupleStruct(tuple) => tuple.elems.iter().for_each(|pat| self.bindings(pat, cfgs, arg)),
            Pat::Struct(all) => {
                for field in &all.fields {
                    // The compiler's advice on an unused `S { field }` is another: `field: _`.
                    if field.colon_token.is_none() && is_unused(&field.pat, arg.body) {
                        continue;
                    }
                    let cfgs = [cfgs, &self::cfgs(&field.attrs)].concat();
                    self.bindings(&field.pat, &cfgs, arg);
                }
            }
            _ => {}
        }
    }

    fn binding(&mut self, binding: &PatIdent, cfgs: &[Attribute], arg: Arg<'_>) {
        let (name, text) = (&binding.ident, binding.ident.to_string());
        // A capital is that of a unit struct or a constant: to mention it would make one more.
        if binding.by_ref.is_some() || text.starts_with(char::is_uppercase) {
            return;
        }
        // A name comes more than once in alternatives, of a pattern or of a `cfg`.
        let is_new = !cfgs.is_empty() || self.by_value.iter().all(|other| other.name != *name);
        let assigned = || binding.mutability.is_some() && is_assigned(&text, arg.body);
        if is_new && (arg.dropped || assigned()) {
            self.by_value.push(ByValue { cfgs: cfgs.to_vec(), name: name.clone() });
            if is_reported(&text) && !is_used(&text, arg.body) {
                self.unused.push(Unused {
                    cfgs: cfgs.to_vec(),
                    lints: arg.lints.to_vec(),
                    name: name.clone(),
                });
            }
        }
    }
}

/// Returns whether the compiler reports that a variable of this name is not used.
fn is_reported(name: &str) -> bool {
    !name.starts_with('_')
}

/// Returns whether `pat` is a variable that the compiler reports as unused.
fn is_unused(pat: &Pat, body: &TokenStream) -> bool {
    matches!(pat, Pat::Ident(binding) if {
        let name = binding.ident.to_string();
        is_reported(&name) && !is_used(&name, body)
    })
}

/// The argument in which a binding stands.
#[derive(Clone, Copy)]
struct Arg<'a> {
    dropped: bool,
    body: &'a TokenStream,
    lints: &'a [Attribute],
}

/// Returns whether an attribute sets the level of the lint on unused variables.
fn is_level_of_unused(attr: &Attribute) -> bool {
    let levels = ["allow", "expect", "warn", "deny", "forbid"];
    let groups = ["unused_variables", "unused", "warnings"];
    let is_group =
        |token| matches!(token, TokenTree::Ident(lint) if groups.iter().any(|group| lint == group));
    match &attr.meta {
        Meta::List(list) => {
            levels.iter().any(|level| list.path.is_ident(level))
                && list.tokens.clone().into_iter().any(is_group)
        }
        _ => false,
    }
}

fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    let conditional = |attr: &&Attribute| match &attr.meta {
        // A `cfg_attr` counts if it contains a `cfg`, whatever else it contains.
        Meta::List(list) if list.path.is_ident("cfg_attr") => list
            .tokens
            .clone()
            .into_iter()
            .any(|token| matches!(token, TokenTree::Ident(name) if name == "cfg")),
        meta => meta.path().is_ident("cfg"),
    };
    attrs.iter().filter(conditional).cloned().collect()
}

const COPIED: [&str; 17] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
    "u128", "usize", "str",
];

/// Returns whether dropping a value of this type may be seen. It is not for types that are copied, as far as the type says so by itself.
fn may_be_dropped(ty: &Type) -> bool {
    match ty {
        Type::Reference(_) | Type::Ptr(_) | Type::FnPtr(_) | Type::Never(_) => false,
        Type::Group(group) => may_be_dropped(&group.elem),
        Type::Paren(paren) => may_be_dropped(&paren.elem),
        Type::Array(array) => may_be_dropped(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().any(may_be_dropped),
        Type::Path(path) => !COPIED.iter().any(|copied| path.path.is_ident(copied)),
        _ => true,
    }
}

/// A number, a reference: nothing of it is used by itself, and it is small.
fn is_scalar(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => is_scalar(&group.elem),
        Type::Paren(paren) => is_scalar(&paren.elem),
        Type::Array(_) | Type::Tuple(_) => false,
        _ => !may_be_dropped(ty),
    }
}
