//! Which arguments the body assigns to. A closure takes only the fields that it uses, and the compiler then calls a field
//! that is written before it is read "never read"; in the bare function it does not. So these are taken whole.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use syn::{Attribute, FnArg, Pat, Signature, Token};

/// What the body has to take whole.
#[derive(Default)]
pub(crate) struct Assigned {
    /// Bound again as `mut`, and no longer `mut` in the signature.
    pub(crate) rebound: Vec<Rebound>,
    /// A `mut self`, which cannot be bound again.
    pub(crate) receiver: Option<Token![self]>,
}

/// An argument, which may be there under a `#[cfg(..)]` only.
pub(crate) struct Rebound {
    pub(crate) cfgs: Vec<Attribute>,
    /// The user's own: lints that are about it point at it.
    pub(crate) mutability: Token![mut],
    pub(crate) name: Ident,
}

impl Assigned {
    /// Finds them, and takes their `mut` out of the signature.
    pub(crate) fn take(sig: &mut Signature, body: &TokenStream) -> Self {
        let mut assigned = Self::default();
        for input in &mut sig.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    let by_value = receiver.mutability.is_some() && is_assigned("self", body);
                    assigned.receiver = by_value.then_some(receiver.self_token);
                }
                FnArg::Typed(argument) => {
                    assigned.bindings(&mut argument.pat, &cfgs(&argument.attrs), body);
                }
            }
        }
        assigned
    }

    fn bindings(&mut self, pat: &mut Pat, cfgs: &[Attribute], body: &TokenStream) {
        match pat {
            Pat::Ident(binding) => {
                if binding.by_ref.is_none()
                    && let Some(mutability) = binding.mutability
                    && is_assigned(&binding.ident.to_string(), body)
                {
                    binding.mutability = None;
                    // A name comes more than once in alternatives, of a pattern or of a `cfg`.
                    let name = &binding.ident;
                    if !cfgs.is_empty() || !self.rebound.iter().any(|other| other.name == *name) {
                        self.rebound.push(Rebound { cfgs: cfgs.to_vec(), mutability, name: name.clone() });
                    }
                }
                if let Some((_, pat)) = &mut binding.subpat {
                    self.bindings(pat, cfgs, body);
                }
            }
            Pat::Paren(paren) => self.bindings(&mut paren.pat, cfgs, body),
            Pat::Reference(reference) => self.bindings(&mut reference.pat, cfgs, body),
            Pat::Or(or) => or.cases.iter_mut().for_each(|pat| self.bindings(pat, cfgs, body)),
            Pat::Slice(slice) => slice.elems.iter_mut().for_each(|pat| self.bindings(pat, cfgs, body)),
            Pat::Tuple(tuple) => tuple.elems.iter_mut().for_each(|pat| self.bindings(pat, cfgs, body)),
            Pat::TupleStruct(tuple) => tuple.elems.iter_mut().for_each(|pat| self.bindings(pat, cfgs, body)),
            Pat::Struct(all) => {
                for field in &mut all.fields {
                    let cfgs = [cfgs, &self::cfgs(&field.attrs)].concat();
                    self.bindings(&mut field.pat, &cfgs, body);
                }
            }
            _ => {}
        }
    }
}

fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect()
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
