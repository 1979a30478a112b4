//! Tests that an annotated function drops its arguments and variables in the order of the bare one.
#![expect(clippy::needless_pass_by_value, unused_assignments, reason = "they are there to be dropped")]

use std::cell::RefCell;
use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Waker};

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

struct Named(&'static str);

impl Named {
    fn used(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

struct Pair {
    left: Named,
    right: Named,
}

struct Job(Named);

fn pair(left: &'static str, right: &'static str) -> Pair {
    Pair { left: Named(left), right: Named(right) }
}

/// A function twice, bare and annotated.
macro_rules! twins {
    ($($bare:ident, $watched:ident: $(($async:ident))? fn($($arg:tt)*) $(-> $output:ty)? $body:block)*) => {
        $(
            $($async)? fn $bare($($arg)*) $(-> $output)? $body

            #[crons::monitor]
            $($async)? fn $watched($($arg)*) $(-> $output)? $body
        )*
    };
}

twins! {
    used_backwards, used_backwards_watched: fn(a: Named, b: Named, c: Named) {
        let _local = Named("local");
        c.used();
        a.used();
        b.used();
    }

    early, early_watched: fn(a: Named, b: Named) -> Option<usize> {
        let found: Option<usize> = b.used().checked_sub(9);
        let found = found?;
        Some(found + a.used())
    }

    panicking, panicking_watched: fn(a: Named, b: Named) {
        b.used();
        a.used();
        resume_unwind(Box::new(()));
    }

    given_away, given_away_watched: fn(a: Named, b: Named, c: Named) -> Named {
        drop(c);
        b.used();
        a
    }

    fields, fields_watched: fn(p: Pair, q: Pair) {
        q.right.used();
        p.right.used();
        p.left.used();
    }

    patterns, patterns_watched: fn((a, b): (Named, Named), Pair { left, right }: Pair) {
        left.used();
        right.used();
        b.used();
        a.used();
    }

    tail, tail_watched: fn(a: Named, b: Named) -> usize {
        assert!(!{ b.0 }.is_empty());
        Named("temporary").used() + a.used()
    }

    written, written_watched: fn(a: Named, mut b: Named, c: Named, mut d: Pair) {
        b = Named("new b");
        d.left = Named("new d.left");
        c.used();
        a.used();
        b.used();
        d.right.used();
    }

    written_later, written_later_watched: (async) fn(a: Named, mut b: Named, c: Named) {
        b = Named("new b");
        pending_once().await;
        c.used();
        a.used();
        b.used();
    }

    unused, unused_watched: fn(
        a: Named,
        _b: Named,
        _: Named,
        #[expect(unused_variables, reason = "it is there to be dropped")] d: Named,
        e: Named,
    ) {
        let _local = Named("local");
        e.used();
        a.used();
    }

    unused_panicking, unused_panicking_watched: fn(_: Named, _a: Named) {
        resume_unwind(Box::new(()));
    }

    unused_parts, unused_parts_watched: fn((_a, b): (Named, Named), _: Pair, (_c, _d): (Named, Named)) {
        b.used();
    }

    unused_later, unused_later_watched: (async) fn(_a: Named, b: Named, _: Named, (_c, d): (Named, Named)) {
        d.used();
        pending_once().await;
        b.used();
    }

    all_unused_later, all_unused_later_watched: (async) fn(_a: Named, _: Named, _b: Named) {
        let _local = Named("local");
        pending_once().await;
    }

    closure, closure_watched: fn(a: Named, _: Named, b: Named) -> impl Fn(&str) -> usize {
        b.used();
        let moved = a;
        move |text| moved.used() + text.len()
    }

    later, later_watched: (async) fn(a: Named, b: Named, c: Named) {
        let _local = Named("local");
        c.used();
        ready(()).await;
        pending_once().await;
        a.used();
        b.used();
    }
}

impl Job {
    fn bare(self, a: Named) {
        a.used();
        self.0.used();
    }

    #[crons::monitor(slug = "job")]
    fn watched(self, a: Named) {
        a.used();
        self.0.used();
    }
}

fn pending_once() -> impl Future<Output = ()> {
    let mut polled = false;
    std::future::poll_fn(move |_| {
        if std::mem::replace(&mut polled, true) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
}

fn dropped<R>(job: impl FnOnce() -> R) -> Vec<&'static str> {
    let returned = catch_unwind(AssertUnwindSafe(job)).ok();
    DROPPED.with_borrow_mut(|dropped| dropped.push("returned"));
    drop(returned);
    DROPPED.take()
}

/// Polls a future `times` times, and drops it.
fn polled(times: usize, future: impl Future) {
    let mut future = pin!(future);
    for _ in 0..times {
        let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
}

#[track_caller]
fn alike<R, S>(bare: impl FnOnce() -> R, watched: impl FnOnce() -> S) {
    assert_eq!(dropped(bare), dropped(watched));
}

#[test]
fn arguments_are_dropped_in_the_same_order() {
    let [a, b, c] = [|| Named("a"), || Named("b"), || Named("c")];

    alike(|| used_backwards(a(), b(), c()), || used_backwards_watched(a(), b(), c()));
    alike(|| early(a(), b()), || early_watched(a(), b()));
    alike(|| panicking(a(), b()), || panicking_watched(a(), b()));
    alike(|| given_away(a(), b(), c()), || given_away_watched(a(), b(), c()));
    alike(|| tail(a(), b()), || tail_watched(a(), b()));
    alike(
        || written(a(), b(), c(), pair("d.left", "d.right")),
        || written_watched(a(), b(), c(), pair("d.left", "d.right")),
    );
    alike(|| Job(b()).bare(a()), || Job(b()).watched(a()));
}

#[test]
fn so_are_parts_of_arguments() {
    let [p, q] = [|| pair("p.left", "p.right"), || pair("q.left", "q.right")];

    alike(|| fields(p(), q()), || fields_watched(p(), q()));
    alike(|| patterns((Named("a"), Named("b")), p()), || patterns_watched((Named("a"), Named("b")), p()));
}

#[test]
fn so_are_those_of_a_future_wherever_it_ends() {
    let [a, b, c] = [|| Named("a"), || Named("b"), || Named("c")];

    for times in 0..=2 {
        alike(
            || polled(times, written_later(a(), b(), c())),
            || polled(times, written_later_watched(a(), b(), c())),
        );
        alike(|| polled(times, later(a(), b(), c())), || polled(times, later_watched(a(), b(), c())));
    }
}

#[test]
fn so_are_arguments_that_are_not_used() {
    let [a, b, c, d, last] = ["a", "b", "c", "d", "e"].map(|name| move || Named(name));
    let both = || pair("left", "right");

    alike(|| unused(a(), b(), c(), d(), last()), || unused_watched(a(), b(), c(), d(), last()));
    alike(|| unused_panicking(a(), b()), || unused_panicking_watched(a(), b()));
    alike(
        || unused_parts((a(), b()), both(), (c(), d())),
        || unused_parts_watched((a(), b()), both(), (c(), d())),
    );
    alike(|| closure(a(), b(), c())("text"), || closure_watched(a(), b(), c())("text"));
    for times in 0..=2 {
        alike(
            || polled(times, unused_later(a(), b(), c(), (d(), last()))),
            || polled(times, unused_later_watched(a(), b(), c(), (d(), last()))),
        );
        alike(
            || polled(times, all_unused_later(a(), b(), c())),
            || polled(times, all_unused_later_watched(a(), b(), c())),
        );
    }
}
