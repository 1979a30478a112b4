//! What the body takes otherwise than a closure or an `async` block does by itself, which take of each argument the fields that they use,
//! and drop them in the order of use.
//!
//! An argument that is dropped is taken whole, the last one first: so all are dropped as in the bare function. So is one that the
//! body assigns to, as the compiler calls a field that is written before it is read "never read"; in the bare function it does not. A
//! number is bound again instead, so that the compiler goes on to say what is true of it. All else that were bound again would be dropped
//! too early, and a future would store it once more; and within a pattern `mut` may be what makes a copy of a reference.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use syn::{Attribute, FnArg, Meta, Pat, PatIdent, ReceiverKind, Signature, Token, Type};

/// The arguments that the body has to take so.
#[derive(Default)]
pub(crate) struct Captures {
    /// Taken whole, in this order.
    pub(crate) by_value: Vec<ByValue>,
    /// Bound again as `mut`, and no longer `mut` in the signature.
    pub(crate) rebound: Vec<Rebound>,
}

/// An argument, which may be there under a `#[cfg(..)]` only.
pub(crate) struct ByValue {
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) name: Ident,
}

/// Likewise.
pub(crate) struct Rebound {
    pub(crate) cfgs: Vec<Attribute>,
    /// The user's own: lints that are about it point at it.
    pub(crate) mutability: Token![mut],
    pub(crate) name: Ident,
}

impl Captures {
    /// Finds them, and takes the `mut` of those that are bound again out of the signature.
    pub(crate) fn take(sig: &mut Signature, body: &TokenStream) -> Self {
        let mut captures = Self::default();
        for input in &mut sig.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    let dropped = match &receiver.kind {
                        ReceiverKind::Typed(_, ty) => may_be_dropped(ty),
                        ReceiverKind::Reference(..) => false,
                        _ => true,
                    };
                    if dropped && is_used("self", body) {
                        let name = Ident::new("self", receiver.self_token.span);
                        captures.by_value.push(ByValue { cfgs: cfgs(&receiver.attrs), name });
                    }
                }
                FnArg::Typed(argument) => {
                    let cfgs = cfgs(&argument.attrs);
                    if let Pat::Ident(binding) = &mut *argument.pat
                        && is_scalar(&argument.ty)
                    {
                        captures.rebind(binding, cfgs, body);
                    } else {
                        let arg = Arg { dropped: may_be_dropped(&argument.ty), body };
                        captures.bindings(&argument.pat, &cfgs, arg);
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
                let name = &binding.ident;
                let text = name.to_string();
                let dropped = arg.dropped && is_used(&text, arg.body);
                let assigned = || binding.mutability.is_some() && is_assigned(&text, arg.body);
                // A name comes more than once in alternatives, of a pattern or of a `cfg`.
                let is_new = !cfgs.is_empty() || self.by_value.iter().all(|other| other.name != *name);
                if binding.by_ref.is_none() && is_new && (dropped || assigned()) {
                    self.by_value.push(ByValue { cfgs: cfgs.to_vec(), name: name.clone() });
                }
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
                    let cfgs = [cfgs, &self::cfgs(&field.attrs)].concat();
                    self.bindings(&field.pat, &cfgs, arg);
                }
            }
            _ => {}
        }
    }
}

/// What is known of the argument in which a binding stands.
#[derive(Clone, Copy)]
struct Arg<'a> {
    dropped: bool,
    body: &'a TokenStream,
}

fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    let conditional = |attr: &&Attribute| match &attr.meta {
        // Not for what it may say besides.
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

/// Whether dropping it may be seen. It is not for what is copied, as far as the type says so by itself.
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

/// Whether the body uses a variable `name`, as far as its tokens say. If it does not, that is for a lint to see. What begins with `_` is
/// not to be used, and a capital is that of a unit struct: to take it whole would make one more.
fn is_used(name: &str, body: &TokenStream) -> bool {
    !name.starts_with(|first: char| first == '_' || first.is_uppercase()) && has_variable(name, body, false)
}

fn has_variable(name: &str, body: &TokenStream, in_macro: bool) -> bool {
    let mut tokens = body.clone().into_iter().peekable();
    // A field, a label, the end of a path, or a new variable or function of the same name.
    let mut is_other = false;
    let mut last = ' ';
    while let Some(token) = tokens.next() {
        let found = match &token {
            TokenTree::Ident(ident) if ident == name && !is_other => {
                // Neither is the field of a literal, nor a path.
                !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':')
            }
            TokenTree::Literal(literal) => in_macro && literal.to_string().contains(&format!("{{{name}")),
            TokenTree::Group(group) => has_variable(name, &group.stream(), in_macro || last == '!'),
            _ => false,
        };
        if found {
            return true;
        }
        is_other = match &token {
            TokenTree::Ident(ident) if ident == "mut" => is_other,
            TokenTree::Ident(ident) => ident == "let" || ident == "for" || ident == "fn",
            TokenTree::Punct(punct) => match punct.as_char() {
                // Not `..name`.
                '.' => !is_other,
                ':' => last == ':',
                punct => punct == '\'',
            },
            _ => false,
        };
        last = if let TokenTree::Punct(punct) = &token { punct.as_char() } else { ' ' };
    }
    false
}

const OPERATORS: [&str; 11] = ["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="];

/// Whether `name`, or a field of it, stands before an `=` that assigns, alone or with an operator.
fn is_assigned(name: &str, body: &TokenStream) -> bool {
    let mut tokens = body.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == name => {
                // Over `.field`, `.0` and `[index]`.
                while tokens.next_if(is_part_of_place).is_some() {}
                let mut operator = String::new();
                while let Some(TokenTree::Punct(punct)) =
                    tokens.next_if(|token| matches!(token, TokenTree::Punct(_)))
                {
                    operator.push(punct.as_char());
                    if punct.spacing() == Spacing::Alone {
                        break;
                    }
                }
                let assigns = OPERATORS.iter().any(|assignment| operator.starts_with(assignment))
                    && !["==", "=>"].iter().any(|other| operator.starts_with(other));
                if assigns {
                    return true;
                }
            }
            TokenTree::Group(group) if is_assigned(name, &group.stream()) => return true,
            _ => {}
        }
    }
    false
}

fn is_part_of_place(token: &TokenTree) -> bool {
    match token {
        TokenTree::Punct(punct) => punct.as_char() == '.',
        TokenTree::Ident(_) | TokenTree::Literal(_) => true,
        TokenTree::Group(group) => group.delimiter() == Delimiter::Bracket,
    }
}
