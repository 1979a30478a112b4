//! The second stage, which validates every argument with the parser of the server, so that all mistakes are reported at once.

use crons_types::{InvalidMonitorConfig, MonitorConfig, Slug};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Error, Expr, LitBool, LitStr, Path, ReturnType};

use crate::args::{Args, Argument};
use crate::function::{BodyKind, Function};
use crate::value::{Expression, Minutes, Text};

/// A monitor that the server would accept.
pub(crate) struct Monitor {
    pub(crate) slug: SlugExpr,
    pub(crate) config: Option<ConfigExpr>,
    pub(crate) on_cancel: Option<OutcomeArg>,
    pub(crate) on_none: Option<OnNone>,
    pub(crate) heartbeat: bool,
    pub(crate) keep_alive: bool,
    pub(crate) krate: Option<Path>,
}

/// A slug.
pub(crate) enum SlugExpr {
    Known(Slug),
    /// A slug that is validated at the start of the program.
    Constant(Box<Expr>),
}

/// The configuration that goes to the server along with each check-in.
pub(crate) enum ConfigExpr {
    Args {
        config: MonitorConfig,
        /// Takes the place of the schedule in `config`; the compiler validates it.
        schedule_constant: Option<Box<Expr>>,
        /// Takes the place of the zone in `config`, on trust.
        timezone_constant: Option<Box<Expr>>,
    },
    /// An expression that is evaluated when it is first needed.
    Expr(Expr),
}

/// The outcome of a run that has no verdict of its own.
#[derive(Clone, Copy)]
pub(crate) enum OutcomeArg {
    Error,
    Ok,
    Ignore,
}

/// The meaning of a `None`, and the key at which it is written.
pub(crate) struct OnNone {
    pub(crate) key: Ident,
    pub(crate) end: OutcomeArg,
}

/// The monitor, unless there is something to report.
pub(crate) fn check(args: Args, function: &Function, errors: &mut Vec<Error>) -> Option<Monitor> {
    refuse_self(&args, errors);
    let slug = slug(&args, function, errors);
    let config = config(&args, errors);
    let on_cancel = on_cancel(&args, function, errors);
    let on_none = on_none(&args, function, errors);
    let keep_alive = keep_alive(&args, config.as_ref(), errors);
    if !errors.is_empty() {
        return None;
    }
    let config = match (args.monitor_config, config) {
        (Some(made), _) => made.value.map(|Expression(made)| ConfigExpr::Expr(made)),
        (None, config) => config.map(|config| ConfigExpr::Args {
            config,
            schedule_constant: args.schedule.and_then(constant),
            timezone_constant: args.timezone.and_then(constant),
        }),
    };
    Some(Monitor {
        slug: match (args.slug.and_then(constant), slug) {
            (Some(constant), _) => SlugExpr::Constant(constant),
            (None, slug) => SlugExpr::Known(slug?),
        },
        config,
        on_cancel,
        on_none,
        heartbeat: is_true(args.heartbeat.as_ref()),
        keep_alive,
        krate: args.krate.and_then(|krate| krate.value),
    })
}

fn is_true(argument: Option<&Argument<LitBool>>) -> bool {
    argument.and_then(|argument| argument.value.as_ref()).is_some_and(|literal| literal.value)
}

/// Returns whether runs are kept alive. Reports what that cannot be combined with.
fn keep_alive(args: &Args, config: Option<&MonitorConfig>, errors: &mut Vec<Error>) -> bool {
    let Some(Argument { key, .. }) = args.keep_alive.as_ref().filter(|argument| is_true(Some(argument)))
    else {
        return false;
    };
    if is_true(args.heartbeat.as_ref()) {
        let message = "`keep_alive` and `heartbeat` exclude each other: with `heartbeat` the server never hears that a run is in \
                       progress; write one of them";
        errors.push(Error::new(key.span(), message));
    }
    if config.and_then(MonitorConfig::get_max_runtime).is_some_and(|minutes| minutes.get() < 2) {
        let message = "keep_alive: a `max_runtime` of 1 minute cannot be extended, as the server counts in whole minutes: write 2 or \
                       more";
        errors.push(Error::new_spanned(
            args.max_runtime.as_ref().and_then(|argument| argument.value.as_ref()),
            message,
        ));
    }
    true
}

fn constant(argument: Argument<Text>) -> Option<Box<Expr>> {
    match argument.value? {
        Text::Literal(_) => None,
        Text::Constant(constant) => Some(constant),
    }
}

/// A monitor is one `static` for all types, in which the compiler does not know `Self`.
fn refuse_self(args: &Args, errors: &mut Vec<Error>) {
    fn find(tokens: TokenStream) -> Option<Ident> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => Some(ident),
            TokenTree::Group(group) => find(group.stream()),
            _ => None,
        })
    }
    let mut refuse = |tokens: TokenStream| {
        if let Some(found) = find(tokens) {
            let message =
                "`Self` is not known here, as a monitor is one `static` for all types: name the type";
            errors.push(Error::new(found.span(), message));
        }
    };
    for argument in [&args.slug, &args.schedule, &args.timezone].into_iter().flatten() {
        refuse(argument.value.to_token_stream());
    }
    if let Some(argument) = &args.monitor_config {
        refuse(argument.value.to_token_stream());
    }
}

fn slug(args: &Args, function: &Function, errors: &mut Vec<Error>) -> Option<Slug> {
    let slug = match &args.slug {
        Some(slug) => match slug.value.as_ref()? {
            Text::Literal(text) => {
                Slug::parse(&text.value()).map_err(|refused| Error::new(text.span(), refused))
            }
            Text::Constant(_) => return None,
        },
        None if args.slug_attempted => return None,
        None => slug_of_name(function),
    };
    slug.map_err(|refused| errors.push(refused)).ok()
}

/// The name of the function in kebab case.
fn slug_of_name(function: &Function) -> Result<Slug, Error> {
    let name = function.sig.ident.unraw().to_string();
    let kebab = name.trim_matches('_').replace('_', "-");
    let complaint = if function.sig.receiver().is_some() {
        format!("a method needs a slug, as `{name}` alone says little: write `slug = \"..\"`")
    } else if !name.is_ascii() {
        format!("not all of `{name}` can be part of a slug: write `slug = \"..\"`")
    } else if kebab.chars().count() > Slug::MAX_LEN {
        format!("`{name}` is longer than the {} characters of a slug: write `slug = \"..\"`", Slug::MAX_LEN)
    } else if let Some(slug) = Slug::normalize(&kebab) {
        return Ok(slug);
    } else {
        format!("nothing of `{name}` can be part of a slug: write `slug = \"..\"`")
    };
    Err(Error::new(function.sig.ident.span(), complaint))
}

fn config(args: &Args, errors: &mut Vec<Error>) -> Option<MonitorConfig> {
    if let (Some(_), Some(interval)) = (&args.schedule, &args.interval) {
        let message = "`schedule` and `interval` both say when the job runs: write one of them";
        errors.push(Error::new(interval.key.span(), message));
    }
    // Stands in for a schedule that is missing or wrong, so that the rest can be validated all the same.
    let config = MonitorConfig::interval("1 minute").ok()?;
    let made = args.monitor_config.is_some();
    let mut judge = ConfigValidator { config, scheduled: args.schedule_attempted, made, errors };
    judge.argument(args.schedule.as_ref(), |config, text| match text {
        Text::Literal(text) => MonitorConfig::crontab(&text.value()),
        Text::Constant(_) => Ok(config),
    });
    judge.argument(args.interval.as_ref(), |_, text| MonitorConfig::interval(&text.value()));
    judge.argument(args.timezone.as_ref(), |config, text| match text {
        Text::Literal(text) => config.timezone(&*text.value()),
        Text::Constant(_) => Ok(config),
    });
    judge.argument(args.checkin_margin.as_ref(), |config, margin| match margin {
        Minutes::Number(minutes) => config.checkin_margin(minutes.value),
        Minutes::Words(words) => config.checkin_margin(&*words.value()),
    });
    judge.argument(args.max_runtime.as_ref(), |config, runtime| match runtime {
        Minutes::Number(minutes) => config.max_runtime(minutes.value),
        Minutes::Words(words) => config.max_runtime(&*words.value()),
    });
    judge.argument(args.failure_issue_threshold.as_ref(), |config, failures| {
        config.failure_issue_threshold(failures.value)
    });
    judge.argument(args.recovery_threshold.as_ref(), |config, successes| {
        config.recovery_threshold(successes.value)
    });
    judge.argument(args.owner.as_ref(), |config, text| config.owner(&text.value()));
    args.schedule_attempted.then_some(judge.config)
}

/// Validates each argument on its own: one that is refused is reported, and left out.
struct ConfigValidator<'a> {
    config: MonitorConfig,
    scheduled: bool,
    /// Whether there is a `monitor_config`.
    made: bool,
    errors: &'a mut Vec<Error>,
}

impl ConfigValidator<'_> {
    fn argument<V: ToTokens>(
        &mut self,
        argument: Option<&Argument<V>>,
        set: impl FnOnce(MonitorConfig, &V) -> Result<MonitorConfig, InvalidMonitorConfig>,
    ) {
        let Some(Argument { key, value }) = argument else { return };
        if self.made {
            let message =
                format!("`{key}` is part of what `monitor_config` says: write it there, or leave that out");
            self.errors.push(Error::new(key.span(), message));
        } else if !self.scheduled {
            let message = format!(
                "`{key}` needs `schedule` or `interval`: the server refuses a configuration without one"
            );
            self.errors.push(Error::new(key.span(), message));
        }
        let Some(value) = value else { return };
        match set(self.config.clone(), value) {
            Ok(config) => self.config = config,
            Err(refused) => self.errors.push(Error::new_spanned(value, refused)),
        }
    }
}

fn on_cancel(args: &Args, function: &Function, errors: &mut Vec<Error>) -> Option<OutcomeArg> {
    let Argument { key, value } = args.on_cancel.as_ref()?;
    if matches!(function.run(), BodyKind::Sync | BodyKind::Never | BodyKind::Closure)
        && function.sig.asyncness.is_none()
    {
        let message =
            "`on_cancel` is about futures: this function is not async, and cannot be dropped midway";
        errors.push(Error::new(key.span(), message));
    }
    end(key, value.as_ref()?, errors)
}

fn on_none(args: &Args, function: &Function, errors: &mut Vec<Error>) -> Option<OnNone> {
    let Argument { key, value } = args.on_none.as_ref()?;
    if matches!(function.sig.output, ReturnType::Default) || matches!(function.run(), BodyKind::Never) {
        let message = "`on_none` is for functions that return an `Option`: this one returns nothing";
        errors.push(Error::new(key.span(), message));
    } else if matches!(function.run(), BodyKind::Closure) {
        let message = "`on_none` is for functions that return an `Option`: this one returns a closure";
        errors.push(Error::new(key.span(), message));
    }
    Some(OnNone { key: key.clone(), end: end(key, value.as_ref()?, errors)? })
}

fn end(key: &Ident, text: &LitStr, errors: &mut Vec<Error>) -> Option<OutcomeArg> {
    match text.value().as_str() {
        "error" => Some(OutcomeArg::Error),
        "ok" => Some(OutcomeArg::Ok),
        "ignore" => Some(OutcomeArg::Ignore),
        other => {
            let message = format!("{key}: {other:?} is none of `error`, `ok` and `ignore`");
            errors.push(Error::new(text.span(), message));
            None
        }
    }
}
