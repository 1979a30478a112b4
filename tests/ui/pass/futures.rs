#![deny(warnings)]

use std::future::ready;
use std::io;
use std::pin::Pin;
use std::rc::Rc;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[crons::monitor]
fn opaque(n: &u8) -> impl Future<Output = io::Result<u8>> + use<'_> {
    async move {
        let _text = std::fs::read("nowhere")?;
        Ok(*n)
    }
}

#[crons::monitor]
fn inferred_from_the_signature() -> impl Future<Output = u8> {
    async { Default::default() }
}

#[crons::monitor]
fn inferred_and_safe() -> impl Future<Output = u8> {
    ready(1)
}

#[crons::monitor]
fn boxed<'a>(n: &'a u8) -> Pin<Box<dyn Future<Output = io::Result<u8>> + Send + 'a>> {
    if *n == 1 {
        return Box::pin(ready(Ok(1)));
    }
    Box::pin(async move { Ok(*n) })
}

#[crons::monitor]
fn boxed_alias(n: &u8) -> BoxFuture<'_, u8> {
    Box::pin(async move { *n })
}

#[crons::monitor]
async fn safe(n: u64) -> u64 {
    ready(n).await
}

#[crons::monitor]
async fn recursive(n: u64) -> u64 {
    if n == 0 {
        return 1;
    }
    n * Box::pin(recursive(n - 1)).await
}

#[crons::monitor]
async fn boxed_error(n: u8) -> Result<u8, Box<dyn std::error::Error>> {
    let parsed: u8 = "3".parse()?;
    if n > parsed {
        return Err("too big".into());
    }
    ready(()).await;
    Ok(parsed)
}

#[crons::monitor]
async fn local(n: Rc<u8>) -> u8 {
    ready(()).await;
    *n
}

fn is_send<T: Send>(_: T) {}

fn is_unwind_safe(_: impl std::panic::UnwindSafe + std::panic::RefUnwindSafe) {}

fn main() {
    is_unwind_safe(safe(1));
    is_unwind_safe(inferred_and_safe());
    is_send(opaque(&1));
    is_send(inferred_from_the_signature());
    is_send(boxed(&1));
    is_send(boxed_alias(&1));
    is_send(recursive(1));
    is_send(boxed_error(1));
    drop(local(Rc::new(1)));
}
