//! Mentions of a variable among the tokens of a body, which is never parsed.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Returns whether the body uses a variable `name`, as far as its tokens tell. In doubt it does.
pub(crate) fn is_used(name: &str, body: &TokenStream) -> bool {
    has_variable(name, body, false)
}

fn has_variable(name: &str, body: &TokenStream, in_macro: bool) -> bool {
    let mut tokens = body.clone().into_iter().peekable();
    // A field, a label, the end of a path, or a new variable or function of the same name.
    let mut is_other = false;
    let mut last = ' ';
    while let Some(token) = tokens.next() {
        let found = match &token {
            TokenTree::Ident(ident) if ident == name && !is_other => {
                // A name before a `:` is the field of a literal or the begin of a path, and no variable; within a macro it may be anything.
                in_macro || !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':')
            }
            TokenTree::Literal(literal) => in_macro && is_formatted(name, &literal.to_string()),
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
                // A second `.` makes a range, and `..name` is a variable.
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

/// Returns whether a format string uses the variable `name`: `{name}`, `{name:?}`, `{:name$}`.
fn is_formatted(name: &str, literal: &str) -> bool {
    let name = name.trim_start_matches("r#");
    literal.contains(&format!("{{{name}")) || literal.contains(&format!("{name}$"))
}

const OPERATORS: [&str; 11] = ["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="];

/// Returns whether `name`, or a field of it, stands before an `=` that assigns, alone or with an operator.
pub(crate) fn is_assigned(name: &str, body: &TokenStream) -> bool {
    let mut tokens = body.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == name => {
                // The place may continue with `.field`, `.0` and `[index]`.
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
