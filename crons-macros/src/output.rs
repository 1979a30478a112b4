//! The return type of a function, as the expansion may write it.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{GenericArgument, Path, PathArguments, ReturnType, Type, TypeParamBound};

/// The type with `_` for each `impl Trait`, which may be written in signatures only.
pub(crate) fn erased(ty: &Type) -> TokenStream {
    let mut ty = ty.clone();
    erase(&mut ty);
    ty.into_token_stream()
}

fn erase(ty: &mut Type) {
    match ty {
        Type::ImplTrait(_) => *ty = Type::Infer(syn::parse_quote_spanned!(Span::mixed_site()=> _)),
        Type::Array(array) => erase(&mut array.elem),
        Type::Group(group) => erase(&mut group.elem),
        Type::Paren(paren) => erase(&mut paren.elem),
        Type::Ptr(pointer) => erase(&mut pointer.elem),
        Type::Reference(reference) => erase(&mut reference.elem),
        Type::Slice(slice) => erase(&mut slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(erase),
        Type::Path(path) => erase_arguments(&mut path.path),
        Type::TraitObject(object) => {
            for bound in &mut object.bounds {
                if let TypeParamBound::Trait(bound) = bound {
                    erase_arguments(&mut bound.path);
                }
            }
        }
        _ => {}
    }
}

fn erase_arguments(path: &mut Path) {
    for segment in &mut path.segments {
        let PathArguments::AngleBracketed(arguments) = &mut segment.arguments else { continue };
        for argument in &mut arguments.args {
            match argument {
                GenericArgument::Type(ty) => erase(ty),
                GenericArgument::AssocType(assoc) => erase(&mut assoc.ty),
                _ => {}
            }
        }
    }
}

/// Returns whether the value may be a future, as far as the type says so by itself.
pub(crate) fn may_be_future(output: &ReturnType) -> bool {
    const OTHERS: [&str; 27] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
        "u128", "usize", "Arc", "Duration", "ExitCode", "HashMap", "Instant", "Option", "Rc", "Result",
        "String", "Value", "Vec",
    ];
    fn may_be(ty: &Type) -> bool {
        match ty {
            Type::Group(group) => may_be(&group.elem),
            Type::Paren(paren) => may_be(&paren.elem),
            Type::Reference(reference) => reference.mutability.is_some() && may_be(&reference.elem),
            Type::Path(path) => {
                path.path.segments.last().is_none_or(|last| !OTHERS.iter().any(|other| last.ident == other))
            }
            Type::ImplTrait(_) | Type::Macro(_) => true,
            _ => false,
        }
    }
    matches!(output, ReturnType::Type(_, ty) if may_be(ty))
}
