//! Methods, whatever `self` is, and wherever they stand.

#![deny(warnings)]

use std::fmt::{self, Debug, Display};
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

#[derive(Clone, Debug)]
struct Job<'a, const N: usize> {
    name: &'a str,
    runs: [u8; N],
}

impl<'a, const N: usize> Job<'a, N> {
    #[crons::monitor(slug = "job")]
    fn by_pin(self: Pin<&mut Self>) -> usize {
        self.runs.len()
    }

    #[crons::monitor(slug = "job")]
    fn by_rc(self: Rc<Self>) -> Rc<Self> {
        self
    }

    #[crons::monitor(slug = "job")]
    fn by_box(self: Box<Self>) -> &'a str {
        self.name
    }

    #[crons::monitor(slug = "job")]
    fn by_pinned_arc(self: Pin<Arc<Self>>) -> usize {
        self.runs.len()
    }

    #[expect(clippy::needless_arbitrary_self_type)]
    #[crons::monitor(slug = "job")]
    fn by_typed_reference(self: &Self) -> &str {
        self.name
    }

    #[crons::monitor(slug = "job")]
    fn by_mutable_pattern(mut self) -> Self {
        self.runs = [1; N];
        self
    }

    #[crons::monitor(slug = "job")]
    fn by_named_lifetime<'b>(&'b self) -> &'b str
    where
        'a: 'b,
    {
        self.name
    }

    #[crons::monitor(slug = "job")]
    async fn by_async_arc(self: Arc<Self>, other: &Self) -> usize {
        std::future::ready(()).await;
        self.runs.len() + other.runs.len()
    }

    #[crons::monitor(slug = "job")]
    fn future_of_self(&self) -> impl Future<Output = &str> + use<'_, 'a, N> {
        async move { self.name }
    }

    #[crons::monitor(slug = "job")]
    fn boxed_future_of_self<'s>(&'s mut self) -> Pin<Box<dyn Future<Output = &'s mut [u8; N]> + Send + 's>> {
        Box::pin(async move { &mut self.runs })
    }

    #[crons::monitor(slug = "job")]
    fn each(&self) -> impl Iterator<Item = &u8> + '_ {
        self.runs.iter()
    }

    #[crons::monitor]
    fn associated(name: &'a str) -> Self {
        Self { name, runs: [0; N] }
    }
}

trait Nightly {
    type Report: Debug + Default;
    const RUNS: u8;

    async fn in_a_trait(&self) -> Result<Self::Report, String>;
    fn opaque_in_a_trait(&self) -> impl Future<Output = Self::Report> + Send;

    #[crons::monitor(slug = "sized")]
    fn sized(self) -> Self
    where
        Self: Sized,
    {
        self
    }

    #[crons::monitor(slug = "default-async")]
    async fn default_async(&self, n: u8) -> u8 {
        n + Self::RUNS
    }

    #[crons::monitor(slug = "default-opaque")]
    fn default_opaque(&self) -> impl Iterator<Item = u8> + use<'_, Self> {
        std::iter::once(Self::RUNS)
    }

    #[crons::monitor]
    fn without_self() -> Self::Report {
        Self::Report::default()
    }
}

impl<const N: usize> Nightly for Job<'_, N> {
    type Report = Vec<u8>;
    const RUNS: u8 = 2;

    #[crons::monitor(slug = "in-a-trait")]
    async fn in_a_trait(&self) -> Result<Self::Report, String> {
        std::future::ready(()).await;
        Ok(self.runs.to_vec())
    }

    #[crons::monitor(slug = "opaque-in-a-trait")]
    fn opaque_in_a_trait(&self) -> impl Future<Output = Self::Report> + Send {
        let runs = self.runs.to_vec();
        async move { runs }
    }
}

impl<const N: usize> Display for Job<'_, N> {
    #[crons::monitor(slug = "fmt")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        Ok(())
    }
}

impl<const N: usize> Iterator for Job<'_, N> {
    type Item = u8;

    #[crons::monitor(slug = "next")]
    fn next(&mut self) -> Option<Self::Item> {
        let last = self.runs.last_mut()?;
        *last = last.checked_sub(1)?;
        Some(*last)
    }
}

impl<'a, const N: usize> Deref for Job<'a, N> {
    type Target = &'a str;

    #[crons::monitor(slug = "deref")]
    fn deref(&self) -> &Self::Target {
        &self.name
    }
}

impl<const N: usize> DerefMut for Job<'_, N> {
    #[crons::monitor(slug = "deref-mut")]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.name
    }
}

impl<const N: usize> Drop for Counted<N> {
    #[crons::monitor(slug = "drop")]
    fn drop(&mut self) {
        *self.0 += N;
    }
}

struct Counted<const N: usize>(Box<usize>);

impl dyn Object {
    #[crons::monitor(slug = "of-a-trait-object")]
    fn of_a_trait_object(&self) -> u8 {
        self.n()
    }
}

trait Object {
    fn n(&self) -> u8;
}

impl Object for u8 {
    #[crons::monitor(slug = "n")]
    fn n(&self) -> u8 {
        *self
    }
}

impl<T: Object + ?Sized> Object for &T {
    #[crons::monitor(slug = "n-of-a-reference")]
    fn n(&self) -> u8 {
        (**self).n()
    }
}

fn main() {
    let mut job = Job::<3>::associated("a");
    assert_eq!(Pin::new(&mut job).by_pin() + Pin::new(Arc::new(job.clone())).by_pinned_arc(), 6);
    assert_eq!(Rc::new(job.clone()).by_rc().by_typed_reference(), Box::new(job.clone()).by_box());
    assert_eq!(job.clone().by_mutable_pattern().runs, [1; 3]);
    assert_eq!(job.by_named_lifetime(), "a");
    assert_eq!(job.each().count() + job.clone().sized().runs.len(), 6);
    drop((Arc::new(job.clone()).by_async_arc(&job), job.future_of_self(), job.in_a_trait()));
    drop((job.opaque_in_a_trait(), job.default_async(1)));
    drop(job.boxed_future_of_self());
    assert_eq!(job.default_opaque().chain(Job::<1>::without_self()).sum::<u8>(), 2);
    assert_eq!((job.to_string(), job.next()), ("a".to_owned(), None));
    *job = "b";
    assert_eq!(job.len(), 1);
    drop(Counted::<3>(Box::default()));
    assert_eq!((&&7_u8 as &dyn Object).of_a_trait_object(), 7);
}
