//! The kinds of value that a key may have. They also belong to the first stage.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Expr, LitBool, LitInt, LitStr, Path, Result};

/// A kind of value.
pub(crate) trait Value: Sized {
    const EXPECTED: &'static str;

    fn example(key: &str) -> &'static str;
    fn parse(input: ParseStream<'_>) -> Result<Self>;
}

/// A text, written here or elsewhere.
pub(crate) enum Text {
    Literal(LitStr),
    /// A constant, or what else is one: `concat!(..)`, `env!(..)`, a call of a `const fn`.
    Constant(Box<Expr>),
}

/// An expression of any kind.
pub(crate) struct Expression(pub(crate) Expr);

/// A bare number.
pub(crate) struct Number {
    pub(crate) value: u32,
    literal: LitInt,
}

/// A bare number of minutes, or words.
pub(crate) enum Minutes {
    Number(Number),
    Words(LitStr),
}

impl Value for LitStr {
    const EXPECTED: &'static str = "a string literal";

    fn example(key: &str) -> &'static str {
        match key {
            "slug" => r#""nightly-backup""#,
            "schedule" => r#""0 3 * * *""#,
            "interval" => r#""10 minutes""#,
            "timezone" => r#""Europe/Vienna""#,
            "owner" => r#""team:ops""#,
            "on_none" => r#""error""#,
            _ => r#""ignore""#,
        }
    }

    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let text: Self = <Self as syn::parse::Parse>::parse(input)?;
        if text.suffix().is_empty() { Ok(text) } else { Err(input.error("a suffix")) }
    }
}

impl Value for Text {
    const EXPECTED: &'static str = "a string literal, or a constant";

    fn example(key: &str) -> &'static str {
        LitStr::example(key)
    }

    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(LitStr) {
            return <LitStr as Value>::parse(input).map(Self::Literal);
        }
        let constant: Expr = input.parse()?;
        if is_constant(&constant) {
            Ok(Self::Constant(Box::new(constant)))
        } else {
            Err(input.error("no constant"))
        }
    }
}

/// Returns whether an expression may be a text that the compiler knows.
fn is_constant(expression: &Expr) -> bool {
    match expression {
        Expr::Path(_)
        | Expr::Macro(_)
        | Expr::Call(_)
        | Expr::MethodCall(_)
        | Expr::Field(_)
        | Expr::Index(_) => true,
        Expr::Group(group) => is_constant(&group.expr),
        Expr::Paren(paren) => is_constant(&paren.expr),
        Expr::Reference(reference) => is_constant(&reference.expr),
        _ => false,
    }
}

impl ToTokens for Text {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal(text) => text.to_tokens(tokens),
            Self::Constant(constant) => constant.to_tokens(tokens),
        }
    }
}

impl Value for Expression {
    const EXPECTED: &'static str = "an expression, or a function, that gives a `MonitorConfig`";

    fn example(_: &str) -> &'static str {
        "nightly_config()"
    }

    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let expression: Expr = input.parse()?;
        match &expression {
            // A literal can be no configuration, but is often written beside `monitor_config`.
            Expr::Lit(_) => Err(input.error("a literal")),
            _ => Ok(Self(expression)),
        }
    }
}

impl ToTokens for Expression {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

impl Value for LitBool {
    const EXPECTED: &'static str = "`true` or `false`";

    fn example(_: &str) -> &'static str {
        "true"
    }

    fn parse(input: ParseStream<'_>) -> Result<Self> {
        input.parse()
    }
}

impl Value for Number {
    const EXPECTED: &'static str = "a whole number";

    fn example(_: &str) -> &'static str {
        "2"
    }

    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let literal: LitInt = input.parse()?;
        let suffixed =
            !matches!(literal.suffix(), "" | "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64");
        if suffixed {
            Err(input.error("a suffix"))
        } else {
            Ok(Self { value: literal.base10_parse()?, literal })
        }
    }
}

impl ToTokens for Number {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.literal.to_tokens(tokens);
    }
}

impl Value for Minutes {
    const EXPECTED: &'static str = "a whole number of minutes, or words such as `\"2h\"`";

    fn example(key: &str) -> &'static str {
        if key == "max_runtime" { "120" } else { "10" }
    }

    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(LitStr) {
            <LitStr as Value>::parse(input).map(Self::Words)
        } else {
            Number::parse(input).map(Self::Number)
        }
    }
}

impl ToTokens for Minutes {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Number(number) => number.to_tokens(tokens),
            Self::Words(words) => words.to_tokens(tokens),
        }
    }
}

impl Value for Path {
    const EXPECTED: &'static str = "the path of this crate";

    fn example(_: &str) -> &'static str {
        "my_facade::crons"
    }

    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Self::parse_mod_style(input)
    }
}
