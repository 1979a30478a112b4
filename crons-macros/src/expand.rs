//! Last stage: the monitored function. Every `quote!` of the crate is here.
//!
//! The body is wrapped once, so that `return` and `?` end it and not the function, in a closure or in an `async` block that captures the
//! arguments: only a number that it assigns to is bound again, so that no lint sees a variable twice and no future stores one twice.
//! Added tokens carry `Span::mixed_site()`: they are invisible to the body, are read in the edition of this crate, and lints skip them.
//! Names are unlikely all the same: a pattern `output` would be a `const output` of the user.

use crons_types::{Minutes, MonitorConfig, Owner, Schedule};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ReturnType, Signature};

use crate::captures::{ByValue, Captures, Rebound, Unused};
use crate::check::{ConfigExpr, Monitor, OutcomeArg, SlugExpr};
use crate::function::{BodyKind, Function};
use crate::items;
use crate::output::{erased, may_be_future};

pub(crate) fn expand(monitor: &Monitor, function: &Function) -> TokenStream {
    let Function { attrs, vis, sig, inner_attrs, brace, braced, body } = function;
    let here = Span::mixed_site();
    let krate =
        monitor.krate.as_ref().map_or_else(|| quote_spanned!(here=> ::crons), ToTokens::to_token_stream);
    // The import is the only mention of the crate, so that a path that leads nowhere is one error.
    let private = quote_spanned!(here=> __crons);
    let import = quote_spanned!(here=> use #krate::__private as #private;);
    let definition = definition(monitor, &private);

    // Statements before an item would make it an item after statements to clippy.
    let (items, rest) = items::split_leading(body);
    let run = function.run();
    if let BodyKind::Closure = run {
        let begin = quote_spanned!(here=> #import let __crons_run = #private::run_in_place(#definition););
        let mut block = TokenStream::new();
        brace.surround(&mut block, |tokens| tokens.extend(quote!(#(#inner_attrs)* #items #begin #rest)));
        return quote!(#(#attrs)* #vis #sig #block);
    }
    let mut sig = sig.clone();
    let taken = head(Captures::take(&mut sig, body));
    // The compiler has reported errors in the user's own braces at the same place, and does not report them twice.
    let untouched = braced.as_ref().filter(|_| taken.is_empty() && inner_attrs.is_empty());
    let braced = |first: TokenStream| {
        if let Some(untouched) = untouched.filter(|_| first.is_empty()) {
            return untouched.to_token_stream();
        }
        let mut braced = TokenStream::new();
        brace.surround(&mut braced, |tokens| {
            tokens.extend([items.clone(), first, taken.clone(), rest.clone()]);
        });
        braced
    };

    let monitored = match run {
        BodyKind::Sync => {
            let body = braced(TokenStream::new());
            let output = output_type(&sig.output);
            let verdict = verdict(monitor, &private, |span| quote_spanned!(span=> &__crons_output));
            quote_spanned! {here=>
                let __crons_run = #private::start(#definition);
                let __crons_output = #private::call(&__crons_run, move || -> #output #body);
                #private::finish(__crons_run, #verdict);
                return __crons_output;
            }
        }
        // A `-> !` body exits only by panic or drop; the guard's `Drop` reports it.
        BodyKind::Never => {
            let body = braced(TokenStream::new());
            if sig.asyncness.is_some() {
                quote_spanned!(here=> loop { #private::diverging(#definition, async move #body).await.1 })
            } else {
                quote_spanned! {here=>
                    let __crons_run = #private::start(#definition);
                    #private::call(&__crons_run, move || -> ! #body)
                }
            }
        }
        BodyKind::Async => {
            let body = braced(typed(&sig));
            let verdict = verdict(monitor, &private, |span| quote_spanned!(span=> &__crons_output));
            // The value may be a future, as it may in any `async fn`; in an `async` block clippy takes that for an oversight.
            let allow = may_be_future(&sig.output)
                .then(|| quote_spanned!(here=> #[allow(clippy::async_yields_async)]));
            quote_spanned! {here=>
                #allow let (__crons_run, __crons_output) = #private::run_future(#definition, async move #body).await;
                #private::finish(__crons_run, #verdict);
                return __crons_output;
            }
        }
        BodyKind::Closure => unreachable!("it was expanded above"),
        BodyKind::Future { boxed, output } => {
            let body = braced(TokenStream::new());
            let made = output_type(&sig.output);
            let output = output.map_or_else(|| quote_spanned!(here=> _), erased);
            let verdict = verdict(monitor, &private, |span| quote_spanned!(span=> __crons_output));
            let watched = quote_spanned! {here=>
                #private::monitored_future::<#output, _, _>(#definition, __crons_future, |__crons_output| #verdict)
            };
            let watched =
                if boxed { quote_spanned!(here=> ::std::boxed::Box::pin(#watched)) } else { watched };
            quote_spanned! {here=>
                let __crons_future = #private::build_future(move || -> #made #body);
                return #watched;
            }
        }
    };
    let mut block = TokenStream::new();
    // The lints still see the function as the user's, because its braces are the user's own.
    brace.surround(&mut block, |tokens| tokens.extend(quote!(#(#inner_attrs)* #import #monitored)));
    quote!(#(#attrs)* #vis #sig #block)
}

/// The statements at the head of the body that capture arguments.
fn head(captures: Captures) -> TokenStream {
    let here = Span::mixed_site();
    let Captures { by_value, unused, rebound } = captures;
    let mut taken = TokenStream::new();
    for ByValue { cfgs, name } in by_value {
        let allow = name
            .to_string()
            .starts_with('_')
            .then(|| quote_spanned!(here=> #[allow(clippy::used_underscore_binding)]));
        taken.extend(quote_spanned!(here=> #(#cfgs)* #allow let _ = &#name;));
    }
    for Unused { cfgs, lints, name } in unused {
        taken.extend(quote_spanned! {here=>
            #(#cfgs)* { #(#lints)* #[allow(clippy::shadow_unrelated)] let #name = (); }
        });
    }
    for Rebound { cfgs, mutability, name } in rebound {
        taken.extend(quote_spanned! {here=>
            #(#cfgs)* #[allow(clippy::shadow_same)] let #mutability #name = #name;
        });
    }
    taken
}

/// The monitor as a static, in a block of its own, where the body cannot see it.
fn definition(monitor: &Monitor, private: &TokenStream) -> TokenStream {
    let here = Span::mixed_site();
    let slug = match &monitor.slug {
        SlugExpr::Known(slug) => slug.as_str().to_token_stream(),
        SlugExpr::Constant(constant) => constant.to_token_stream(),
    };
    let config = monitor.config.as_ref().map(|config| match config {
        ConfigExpr::Args { config, schedule_constant, timezone_constant } => {
            written(config, schedule_constant.as_deref(), timezone_constant.as_deref(), private)
        }
        ConfigExpr::Expr(made) => {
            let made = quote_spanned! {here.located_at(made.span())=>
                #private::IntoMonitorConfig::into_monitor_config(#made)
            };
            quote_spanned!(here=> .monitor_config(|| #made))
        }
    });
    let on_cancel = monitor.on_cancel.map(|end| match end {
        OutcomeArg::Error => quote_spanned!(here=> .on_cancel(#private::OnCancel::Error)),
        OutcomeArg::Ok => quote_spanned!(here=> .on_cancel(#private::OnCancel::Ok)),
        OutcomeArg::Ignore => quote_spanned!(here=> .on_cancel(#private::OnCancel::Ignore)),
    });
    let heartbeat = monitor.heartbeat.then(|| quote_spanned!(here=> .heartbeat()));
    let keep_alive = monitor.keep_alive.then(|| quote_spanned!(here=> .keep_alive()));
    quote_spanned! {here=>
        {
            static __CRONS_DEFINITION: #private::Definition =
                #private::Definition::new(#slug) #config #on_cancel #heartbeat #keep_alive;
            #private::list!(__CRONS_DEFINITION);
            &__CRONS_DEFINITION
        }
    }
}

/// Returns the configuration that the arguments write, and nothing else.
fn written(
    config: &MonitorConfig,
    schedule_constant: Option<&Expr>,
    timezone_constant: Option<&Expr>,
    private: &TokenStream,
) -> TokenStream {
    let here = Span::mixed_site();
    let schedule = match (schedule_constant, config.get_schedule()) {
        (Some(constant), _) => {
            // The compiler shows what is wrong with a constant where it evaluates it.
            let judged =
                quote_spanned!(here.located_at(constant.span())=> #private::checked_crontab(#constant));
            quote_spanned!(here=> .crontab(const { #judged }))
        }
        (None, Schedule::Crontab(crontab)) => {
            let crontab = crontab.as_str();
            quote_spanned!(here=> .crontab(#crontab))
        }
        (None, Schedule::Interval(interval)) => {
            let interval = interval.to_string();
            quote_spanned!(here=> .interval(#interval))
        }
    };
    let timezone = config.get_timezone().map(|zone| zone.as_str().to_token_stream());
    let timezone = timezone_constant.map(ToTokens::to_token_stream).or(timezone).into_iter();
    let checkin_margin = config.get_checkin_margin().map(Minutes::get).into_iter();
    let max_runtime = config.get_max_runtime().map(Minutes::get).into_iter();
    let failure_issue_threshold = config.get_failure_issue_threshold().into_iter();
    let recovery_threshold = config.get_recovery_threshold().into_iter();
    let owner = config.get_owner().map(Owner::as_str).into_iter();
    quote_spanned! {here=>
        #schedule
        #(.timezone(#timezone))*
        #(.checkin_margin(#checkin_margin))*
        #(.max_runtime(#max_runtime))*
        #(.failure_issue_threshold(#failure_issue_threshold))*
        #(.recovery_threshold(#recovery_threshold))*
        #(.owner(#owner))*
    }
}

/// The verdict on `output`, the reference to it.
fn verdict(monitor: &Monitor, private: &TokenStream, output: fn(Span) -> TokenStream) -> TokenStream {
    let here = Span::mixed_site();
    let probed = output(here);
    let by_type = quote_spanned! {here=>
        {
            use #private::by_type::*;
            let __crons_outer = #private::Probe::new(#probed);
            let __crons_inner = (&&__crons_outer).__crons_inner();
            let __crons_innermost = (&&__crons_inner).__crons_inner();
            #private::Verdict::innermost(
                (&&&&&__crons_outer).__crons_verdict(),
                (&&&&&__crons_inner).__crons_verdict(),
                (&&&&&__crons_innermost).__crons_verdict(),
            )
        }
    };
    let Some(on_none) = &monitor.on_none else { return by_type };
    // The span is that of the key: if there can be no `None`, the compiler shows it there.
    let there = here.located_at(on_none.key.span());
    let output = output(there);
    let none = match on_none.end {
        OutcomeArg::Error => quote_spanned!(there=> #private::Verdict::NoneIsError),
        // A run that found nothing to do took place.
        OutcomeArg::Ok | OutcomeArg::Ignore => quote_spanned!(there=> #private::Verdict::Success),
    };
    quote_spanned!(there=> { #private::verdict_on_none(#output, #none, #by_type) })
}

/// Gives an `async` block its type, which has no other syntax, so that inference sees what it would without us. A mismatch
/// is shown at the return type, or at the name of a function without one.
fn typed(sig: &Signature) -> TokenStream {
    let output = output_type(&sig.output);
    let there = match &sig.output {
        ReturnType::Default => sig.ident.span(),
        ReturnType::Type(_, ty) => ty.span(),
    };
    quote_spanned! {Span::mixed_site().located_at(there)=>
        if false {
            return __crons::unreachable_output::<#output>();
        }
    }
}

fn output_type(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote_spanned!(Span::mixed_site()=> ()),
        ReturnType::Type(_, ty) => erased(ty),
    }
}
