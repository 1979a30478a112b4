//! First stage: what is written between the parentheses, as keys and literals that keep their spans.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Lit, LitBool, LitStr, Path, Result, Token};

use crate::keys;
use crate::value::{Expression, Minutes, Number, Text, Value};

/// The arguments of one attribute, each at most once.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) slug: Option<Argument<Text>>,
    pub(crate) schedule: Option<Argument<Text>>,
    pub(crate) interval: Option<Argument<LitStr>>,
    pub(crate) monitor_config: Option<Argument<Expression>>,
    pub(crate) timezone: Option<Argument<Text>>,
    pub(crate) checkin_margin: Option<Argument<Minutes>>,
    pub(crate) max_runtime: Option<Argument<Minutes>>,
    pub(crate) failure_issue_threshold: Option<Argument<Number>>,
    pub(crate) recovery_threshold: Option<Argument<Number>>,
    pub(crate) owner: Option<Argument<LitStr>>,
    pub(crate) on_cancel: Option<Argument<LitStr>>,
    pub(crate) on_none: Option<Argument<LitStr>>,
    pub(crate) heartbeat: Option<Argument<LitBool>>,
    pub(crate) keep_alive: Option<Argument<LitBool>>,
    pub(crate) krate: Option<Argument<Path>>,
    /// The options of the client, for the entry of the program only.
    pub(crate) options: Option<Argument<Expression>>,
    /// A schedule was written, though perhaps wrongly: its absence is not to be reported as well.
    pub(crate) schedule_attempted: bool,
    /// Whether a slug was written, though perhaps wrongly.
    pub(crate) slug_attempted: bool,
}

/// A key and what was written for it. No value if that was wrong, and was reported.
pub(crate) struct Argument<V> {
    pub(crate) key: Ident,
    pub(crate) value: Option<V>,
}

impl Args {
    /// Reads all arguments, going on behind each mistake.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Vec<Error>) -> Self {
        let mut args = Self::default();
        let all = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = args.argument(input) {
                    errors.push(error);
                    skip_to_comma(input);
                }
                if input.parse::<Option<Token![,]>>()?.is_none() && !input.is_empty() {
                    errors.push(input.error("expected `,` between two arguments"));
                }
            }
            Ok(())
        };
        let end = all.parse2(tokens);
        errors.extend(end.err());
        args
    }

    fn argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        if !input.peek(Ident::peek_any) {
            return Err(if input.peek(LitStr) {
                let text: LitStr = input.parse()?;
                Error::new(text.span(), format!("expected a key: write `slug = {}`", text.token()))
            } else {
                input.error(format!("expected a key, one of {}", keys::listed()))
            });
        }
        let key = Ident::parse_any(input)?;
        match key.to_string().as_str() {
            "slug" => {
                self.slug_attempted = true;
                set(&mut self.slug, key, input)
            }
            "schedule" => {
                self.schedule_attempted = true;
                set(&mut self.schedule, key, input)
            }
            "interval" => {
                self.schedule_attempted = true;
                set(&mut self.interval, key, input)
            }
            "monitor_config" => {
                self.schedule_attempted = true;
                set(&mut self.monitor_config, key, input)
            }
            "timezone" => set(&mut self.timezone, key, input),
            "checkin_margin" => set(&mut self.checkin_margin, key, input),
            "max_runtime" => set(&mut self.max_runtime, key, input),
            "failure_issue_threshold" => set(&mut self.failure_issue_threshold, key, input),
            "recovery_threshold" => set(&mut self.recovery_threshold, key, input),
            "owner" => set(&mut self.owner, key, input),
            "on_cancel" => set(&mut self.on_cancel, key, input),
            "on_none" => set(&mut self.on_none, key, input),
            "heartbeat" => set(&mut self.heartbeat, key, input),
            "keep_alive" => set(&mut self.keep_alive, key, input),
            "crate" => set(&mut self.krate, key, input),
            "options" => set(&mut self.options, key, input),
            unknown => {
                let meant = keys::suggestion(unknown);
                self.schedule_attempted |= matches!(meant, Some("schedule" | "interval" | "monitor_config"));
                self.slug_attempted |= meant == Some("slug");
                Err(Error::new(
                    key.span(),
                    match meant {
                        Some(meant) => format!("unknown argument `{unknown}`: did you mean `{meant}`?"),
                        None => format!("unknown argument `{unknown}`: expected one of {}", keys::listed()),
                    },
                ))
            }
        }
    }
}

/// Reads `= value` into the slot of `key`, once.
fn set<V: Value>(slot: &mut Option<Argument<V>>, key: Ident, input: ParseStream<'_>) -> Result<()> {
    if slot.is_some() {
        return Err(Error::new(key.span(), format!("`{key}` is written more than once")));
    }
    let example = format!("`{key} = {}`", V::example(&key.to_string()));
    let argument = slot.insert(Argument { key, value: None });
    let key = &argument.key;
    let equals = match input.parse::<Token![=]>() {
        Ok(equals) => equals,
        Err(_) if input.is_empty() || input.peek(Token![,]) => {
            return Err(Error::new(key.span(), format!("`{key}` needs a value: {example}")));
        }
        Err(error) => {
            return Err(Error::new(error.span(), format!("expected `=` behind `{key}`: {example}")));
        }
    };
    if input.is_empty() || input.peek(Token![,]) {
        return Err(Error::new(equals.span, format!("`{key}` needs a value: {example}")));
    }
    let start = input.fork();
    match <V as Value>::parse(input) {
        Ok(value) if input.is_empty() || input.peek(Token![,]) || starts_argument(input) => {
            argument.value = Some(value);
            Ok(())
        }
        Ok(value) if !goes_on(input) => {
            argument.value = Some(value);
            Err(input.error(format!("expected `,` behind the value of `{key}`")))
        }
        _ => {
            let written = skip_to_comma(&start);
            skip_to_comma(input);
            let expected = format!("`{key}` takes {}: {example}", V::EXPECTED);
            Err(Error::new_spanned(written, expected))
        }
    }
}

/// A comma was forgotten here.
fn starts_argument(input: ParseStream<'_>) -> bool {
    input.peek(Ident::peek_any) && input.peek2(Token![=]) && !input.peek2(Token![==])
}

/// Returns whether the next token may belong to the value: an operator, or a block.
fn goes_on(input: ParseStream<'_>) -> bool {
    !(input.peek(Ident::peek_any) || input.peek(Lit) || input.peek(Token![;]))
}

fn skip_to_comma(input: ParseStream<'_>) -> TokenStream {
    let mut skipped = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        match input.parse::<TokenTree>() {
            Ok(token) => skipped.extend([token]),
            Err(_) => break,
        }
    }
    skipped
}
