//! Signatures, whatever they say.

#![deny(warnings)]

use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;

use crons::monitor as watch;

#[watch]
fn by_another_name() {}

#[cfg_attr(all(), crons::monitor(slug = "conditional"))]
fn conditional_attribute() {}

#[cfg_attr(any(), crons::monitor(slug = "Not A Slug"))]
fn conditional_attribute_off() {}

#[crons::monitor]
fn several_lifetimes<'a: 'b, 'b, T: ?Sized + Debug + 'a>(one: &'a T, _other: &'b T) -> &'b T {
    one
}

#[crons::monitor]
fn higher_ranked<F>(call: F) -> usize
where
    for<'x> F: Fn(&'x str) -> &'x str,
{
    call("abc").len()
}

#[crons::monitor]
fn boxed_higher_ranked(call: Box<dyn for<'x> Fn(&'x [u8]) -> Option<&'x u8> + '_>) -> Option<u8> {
    call(&[1]).copied()
}

#[crons::monitor]
fn opaque_arguments(a: impl Display, b: &impl Debug, c: impl IntoIterator<Item = impl Into<u8>>) -> String {
    let sum: u8 = c.into_iter().map(Into::into).sum();
    format!("{a}{b:?}{sum}")
}

#[crons::monitor]
async fn opaque_arguments_async(a: impl Display, b: &(impl Debug + ?Sized)) -> String {
    ready(()).await;
    format!("{a}{b:?}")
}

#[crons::monitor]
fn opaque_with_a_lifetime<'a>(all: &'a [u8], _: &str) -> impl Iterator<Item = &'a u8> + Clone + use<'a> {
    all.iter()
}

#[crons::monitor]
fn opaque_captures_all(all: &[u8], from: usize) -> impl DoubleEndedIterator<Item = &u8> {
    all[from..].iter()
}

#[crons::monitor]
fn opaque_closure(n: u8) -> impl Fn(u8) -> u8 {
    move |m| n + m
}

#[crons::monitor]
fn opaque_closure_of_a_reference(n: u8) -> impl Fn(&str) -> Option<u8> {
    move |text: &str| text.parse::<u8>().ok().map(|m| m + n)
}

#[crons::monitor]
fn result_of_a_future(n: u8) -> Result<impl Future<Output = u8>, String> {
    if n == 0 {
        return Err("none".to_owned());
    }
    Ok(async move { n })
}

#[crons::monitor]
fn nested_opaque() -> impl Future<Output = impl Display> {
    async { 3 }
}

#[crons::monitor]
fn tuple_of_opaque() -> (impl Display, impl Fn() -> u8) {
    ("a", || 1)
}

#[crons::monitor]
async fn async_opaque(n: u8) -> impl Iterator<Item = u8> {
    0..n
}

#[crons::monitor]
async fn async_result_of_opaque(n: u8) -> Result<impl Iterator<Item = u8> + Send, String> {
    Ok(0..n)
}

#[crons::monitor]
fn future_is_unpin() -> impl Future<Output = u8> + Unpin + Send + 'static {
    ready(1)
}

#[crons::monitor]
fn future_is_debug() -> impl Future<Output = u8> + Debug {
    ready(1)
}

#[crons::monitor]
fn named_future() -> Ready<u8> {
    ready(1)
}

#[crons::monitor]
fn boxed_local<'a>(n: &'a u8) -> Pin<Box<dyn Future<Output = &'a u8> + 'a>> {
    Box::pin(ready(n))
}

#[crons::monitor]
fn absolute_paths(
    n: u8,
) -> ::std::pin::Pin<::std::boxed::Box<dyn ::core::future::Future<Output = u8> + Send>> {
    Box::pin(async move { n })
}

#[crons::monitor]
fn boxed_not_pinned() -> Box<dyn Future<Output = u8> + Unpin> {
    Box::new(ready(1))
}

#[crons::monitor]
fn cow(text: &str) -> Cow<'_, str> {
    if text.is_empty() { "none".into() } else { Cow::Borrowed(text) }
}

#[crons::monitor]
fn dynamic(n: u8) -> Box<dyn Display + Send + Sync> {
    if n == 0 {
        return Box::new("none");
    }
    Box::new(n)
}

#[crons::monitor]
fn arrays<const N: usize, T: Copy + Default>(_: PhantomData<T>) -> [T; N] {
    [T::default(); N]
}

#[crons::monitor]
fn constant_expression(_: [u8; 1 + 2]) -> [u8; 2 * 2] {
    [0; 4]
}

#[crons::monitor]
fn qualified(n: <u8 as std::ops::Add>::Output) -> <Vec<u8> as IntoIterator>::IntoIter {
    vec![n].into_iter()
}

#[crons::monitor]
fn raw(r#type: u8, r#async: u8) -> u8 {
    r#type + r#async
}

#[crons::monitor]
#[expect(unused_parens)]
fn parenthesized(n: (u8)) -> (u8) {
    n
}

#[crons::monitor]
fn references<'a>(a: &'a mut u8, b: &'a mut u8) -> (&'a mut u8, &'a mut u8) {
    (b, a)
}

#[crons::monitor]
fn reborrowed(bytes: &mut Vec<u8>) -> &mut u8 {
    bytes.push(1);
    let last = bytes.len() - 1;
    &mut bytes[last]
}

#[crons::monitor]
fn documented_arguments(
    #[allow(unused_variables)] a: u8,
    #[cfg(any())] missing: Missing,
    #[cfg(all())] b: u8,
) -> u8 {
    b
}

#[crons::monitor]
fn bindings(ref a: u8, mut b @ (c, _): (u8, u8), d @ 0..=255: u8, e: u8) -> u8 {
    b.0 = c + 1;
    *a + b.0 + d + e
}

#[crons::monitor]
extern "C-unwind" fn unwinding(n: u8) -> u8 {
    n
}

#[crons::monitor]
pub(self) extern "system" fn of_the_system(n: u8) -> u8 {
    n
}

/// # Safety
/// None.
#[crons::monitor]
unsafe extern "C" fn unsafe_foreign(n: *const u8) -> u8 {
    unsafe { *n }
}

/// # Safety
/// None.
#[crons::monitor]
async unsafe fn unsafe_async(n: *const u8) -> u8 {
    unsafe { *n }
}

#[crons::monitor]
#[unsafe(no_mangle)]
extern "C" fn exported_by_name(n: u8) -> u8 {
    n
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

fn main() {
    by_another_name();
    conditional_attribute();
    conditional_attribute_off();
    assert_eq!(several_lifetimes("a", "b"), "a");
    assert_eq!(higher_ranked(|text| &text[1..]), 2);
    assert_eq!(boxed_higher_ranked(Box::new(|all| all.first())), Some(1));
    assert_eq!(opaque_arguments(1, &2, [3_u8, 4]), "127");
    assert_eq!(block_on(opaque_arguments_async(1, "x")), "1\"x\"");
    assert_eq!(opaque_with_a_lifetime(&[1, 2], &String::new()).clone().count(), 2);
    assert_eq!(opaque_captures_all(&[1, 2], 1).next_back(), Some(&2));
    assert_eq!((opaque_closure(1)(2), opaque_closure_of_a_reference(1)("2")), (3, Some(3)));
    assert_eq!(result_of_a_future(3).map(block_on), Ok(3));
    assert_eq!(format!("{}{}", block_on(nested_opaque()), tuple_of_opaque().0), "3a");
    assert_eq!(tuple_of_opaque().1(), 1);
    assert_eq!(block_on(async_opaque(3)).count(), 3);
    assert_eq!(block_on(async_result_of_opaque(3)).map_or(0, Iterator::count), 3);
    assert_eq!(block_on(future_is_unpin()) + block_on(named_future()), 2);
    assert!(!format!("{:?}", future_is_debug()).is_empty());
    assert_eq!(block_on(boxed_local(&1)) + block_on(absolute_paths(2)) + block_on(boxed_not_pinned()), 4);
    assert_eq!(format!("{}{}", cow(""), dynamic(0)), "nonenone");
    assert_eq!(arrays::<3, u8>(PhantomData), [0; 3]);
    assert_eq!(constant_expression([0; 3]), [0; 4]);
    assert_eq!(qualified(3).next(), Some(3));
    assert_eq!(raw(1, 2) + parenthesized(3), 6);
    assert_eq!(references(&mut 1, &mut 2), (&mut 2, &mut 1));
    assert_eq!(*reborrowed(&mut Vec::new()), 1);
    assert_eq!(documented_arguments(1, 2), 2);
    assert_eq!(bindings(1, (2, 3), 4, 5), 13);
    assert_eq!(unwinding(1) + of_the_system(2) + exported_by_name(3), 6);
    assert_eq!(unsafe { unsafe_foreign(&1) + block_on(unsafe_async(&2)) }, 3);
}
