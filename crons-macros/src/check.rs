//! Second stage: judges every argument with the parser of the server, so that all mistakes are reported at once.

use crons_types::{InvalidMonitorConfig, MonitorConfig, Slug};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Error, Path};

use crate::args::{Args, Argument};
use crate::function::{Function, Run};
use crate::value::{Minutes, Text};

/// A monitor that the server would accept.
pub(crate) struct Monitor {
    pub(crate) slug: Slug,
    pub(crate) config: Option<MonitorConfig>,
    /// Takes the place of the schedule in `config`; the compiler judges it.
    pub(crate) schedule_constant: Option<Path>,
    /// Takes the place of the zone in `config`, on trust.
    pub(crate) timezone_constant: Option<Path>,
    pub(crate) on_cancel: Option<OnCancel>,
    pub(crate) krate: Option<Path>,
}

/// What becomes of a future that is dropped before its end.
#[derive(Clone, Copy)]
pub(crate) enum OnCancel {
    Error,
    Ok,
    Ignore,
}

/// The monitor, unless there is something to report.
pub(crate) fn check(args: Args, function: &Function, errors: &mut Vec<Error>) -> Option<Monitor> {
    let slug = slug(&args, function, errors);
    let config = config(&args, errors);
    let on_cancel = on_cancel(&args, function, errors);
    if !errors.is_empty() {
        return None;
    }
    Some(Monitor {
        slug: slug?,
        config,
        schedule_constant: args.schedule.and_then(constant),
        timezone_constant: args.timezone.and_then(constant),
        on_cancel,
        krate: args.krate.and_then(|krate| krate.value),
    })
}

fn constant(argument: Argument<Text>) -> Option<Path> {
    match argument.value? {
        Text::Literal(_) => None,
        Text::Constant(path) => Some(path),
    }
}

fn slug(args: &Args, function: &Function, errors: &mut Vec<Error>) -> Option<Slug> {
    let slug = match &args.slug {
        Some(slug) => {
            let text = slug.value.as_ref()?;
            Slug::parse(&text.value()).map_err(|refused| Error::new(text.span(), refused))
        }
        None if args.slug_meant => return None,
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
    // Stands in for a schedule that is missing or wrong, so that the rest can be judged all the same.
    let config = MonitorConfig::interval("1 minute").ok()?;
    let mut judge = Judge { config, scheduled: args.schedule_meant, errors };
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
    args.schedule_meant.then_some(judge.config)
}

/// Judges each argument on its own: one that is refused is reported, and left out.
struct Judge<'a> {
    config: MonitorConfig,
    scheduled: bool,
    errors: &'a mut Vec<Error>,
}

impl Judge<'_> {
    fn argument<V: ToTokens>(
        &mut self,
        argument: Option<&Argument<V>>,
        set: impl FnOnce(MonitorConfig, &V) -> Result<MonitorConfig, InvalidMonitorConfig>,
    ) {
        let Some(Argument { key, value }) = argument else { return };
        if !self.scheduled {
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

fn on_cancel(args: &Args, function: &Function, errors: &mut Vec<Error>) -> Option<OnCancel> {
    let Argument { key, value } = args.on_cancel.as_ref()?;
    if matches!(function.run(), Run::Sync | Run::Never) && function.sig.asyncness.is_none() {
        let message =
            "`on_cancel` is about futures: this function is not async, and cannot be dropped midway";
        errors.push(Error::new(key.span(), message));
    }
    let text = value.as_ref()?;
    match text.value().as_str() {
        "error" => Some(OnCancel::Error),
        "ok" => Some(OnCancel::Ok),
        "ignore" => Some(OnCancel::Ignore),
        other => {
            let message = format!("on_cancel: {other:?} is none of `error`, `ok` and `ignore`");
            errors.push(Error::new(text.span(), message));
            None
        }
    }
}
