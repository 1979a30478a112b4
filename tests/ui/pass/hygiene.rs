#![deny(warnings)]
#![forbid(unsafe_code, unreachable_code, unused_variables, unused_imports)]
#![no_implicit_prelude]
#![expect(dead_code, reason = "they stand in the way, no more")]

mod core {}
mod std {}
mod alloc {}
mod crons {}
struct Option;
struct Result;
struct Box;
struct Ok;
struct Err;

trait Failed {
    fn failed(&self) -> bool {
        true
    }
    fn finish(&self, _: bool) {}
}

impl<T> Failed for T {}

static DEFINITION: u8 = 1;

#[::crons::monitor(interval = "10 minutes")]
fn names_of_the_body() -> u8 {
    let (run, output, future) = (DEFINITION, 2, 3);
    run + output + future
}

#[::crons::monitor]
async fn names_of_the_async_body(run: u8, output: u8) -> u8 {
    ::std::future::ready(()).await;
    run + output + DEFINITION
}

#[::crons::monitor]
fn names_of_the_future(
    run: u8,
) -> ::std::pin::Pin<::std::boxed::Box<dyn ::std::future::Future<Output = u8>>> {
    ::std::boxed::Box::pin(async move { run })
}

/// Constants that a pattern of the same name would stand for.
mod constants {
    #![allow(non_upper_case_globals, reason = "as names of patterns are written")]

    const run: u8 = 1;
    const output: u8 = 2;
    static future: u8 = 3;

    #[::crons::monitor(slug = "constants")]
    pub(crate) fn read() -> u8 {
        run + output + future
    }

    #[::crons::monitor(slug = "constants-async")]
    pub(crate) async fn read_async() -> u8 {
        run + output + future
    }

    #[::crons::monitor(slug = "constants-future")]
    pub(crate) fn read_later() -> impl ::std::future::Future<Output = u8> {
        async { run + output + future }
    }
}

fn main() {
    ::std::assert_eq!(constants::read(), 6);
    ::std::mem::drop(constants::read_async());
    ::std::mem::drop(constants::read_later());
    ::std::assert_eq!(names_of_the_body(), 6);
    ::std::mem::drop(names_of_the_async_body(1, 2));
    ::std::mem::drop(names_of_the_future(1));
}
