//! Bodies, whatever they hold.

#![deny(warnings)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::ready;
use std::ops::ControlFlow;

#[crons::monitor]
fn labelled(rows: &[&[u8]]) -> Option<u8> {
    let found = 'search: {
        for row in rows {
            'row: for n in *row {
                if *n == 0 {
                    continue 'row;
                }
                if *n > 9 {
                    break 'search Some(*n);
                }
            }
        }
        None
    };
    let Some(found) = found else { return None };
    Some(found)
}

#[crons::monitor]
fn question_marks(text: Option<&str>) -> Option<char> {
    let first = text?.chars().next()?;
    (first != 'x').then_some(first)
}

#[crons::monitor]
fn flow(n: u8) -> ControlFlow<u8> {
    if n > 3 {
        ControlFlow::Break(n)?;
    }
    ControlFlow::Continue(())
}

#[crons::monitor]
fn returns_in_closures(all: &[u8]) -> Vec<u8> {
    return all.iter().filter_map(|n| if *n == 0 { return None } else { Some(*n) }).collect();
}

#[crons::monitor]
fn with_items() -> u8 {
    const TEN: u8 = 10;
    static ONE: u8 = 1;
    struct Local(u8);
    impl Local {
        #[crons::monitor(slug = "nested")]
        fn get(&self) -> u8 {
            self.0
        }
    }
    #[crons::monitor]
    fn nested(n: u8) -> u8 {
        n + TEN + ONE
    }
    macro_rules! twice {
        ($n:expr) => {
            $n * 2
        };
    }
    use std::cmp::max as larger;
    larger(nested(Local(1).get()), twice!(TEN))
}

#[crons::monitor]
async fn with_async_closures(n: u8) -> u8 {
    let add = async |m: u8| n + m;
    let twice = async move { add(n).await };
    let inner = async {
        if n > 100 {
            return Err(());
        }
        Ok(twice.await)
    };
    inner.await.unwrap_or_default()
}

#[crons::monitor]
fn later_only(_n: u8) -> Result<u8, String> {
    unreachable!()
}

#[crons::monitor]
fn always_panics() -> u8 {
    panic!("no")
}

#[crons::monitor]
async fn always_panics_async() -> Vec<u8> {
    unreachable!("it panics")
}

#[crons::monitor]
fn infallible(n: u8) -> Result<u8, Infallible> {
    Ok(n)
}

#[crons::monitor]
fn never_ok() -> Result<Infallible, u8> {
    Err(1)
}

#[crons::monitor]
fn empty_match(never: Infallible) -> u8 {
    match never {}
}

#[crons::monitor]
fn unit_tail() {
    println!("printed")
}

#[crons::monitor]
fn explicit_unit() -> () {
    return;
}

#[crons::monitor]
async fn unit_of_unit() -> ((), ()) {
    (ready(()).await, ())
}

#[crons::monitor]
fn block_tail(n: u8) -> u8 {
    {
        let m = n;
        m
    }
}

#[crons::monitor]
fn statement_macros() -> Vec<u8> {
    let mut all = vec![1];
    all.extend([2, 3]);
    assert!(!all.is_empty(), "{all:?}");
    all
}

#[crons::monitor]
fn shadowed(run: u8, output: u8, future: u8) -> u8 {
    let run = run + 1;
    let (output, future) = (output + run, future);
    let context = output + future;
    context
}

thread_local! {
    static CALLS: RefCell<HashMap<&'static str, u8>> = RefCell::default();
}

#[crons::monitor]
fn thread_locals(name: &'static str) -> u8 {
    CALLS.with_borrow_mut(|calls| {
        let calls = calls.entry(name).or_default();
        *calls += 1;
        *calls
    })
}

#[crons::monitor]
fn inferred_default() -> Result<Vec<(String, u8)>, Box<dyn std::error::Error + Send + Sync>> {
    let mut all = Vec::new();
    for (name, n) in [("a", "1")] {
        all.push((name.into(), n.parse()?));
    }
    if all.len() > 3 {
        Err("too many")?;
    }
    Ok(all)
}

#[crons::monitor]
async fn collected(all: Vec<Result<u8, String>>) -> Result<Vec<u8>, String> {
    ready(()).await;
    all.into_iter().collect()
}

#[crons::monitor]
async fn coerced() -> Box<dyn Fn(u8) -> u8 + Send> {
    ready(()).await;
    Box::new(|n| n + 1)
}

#[crons::monitor]
fn unsized_coercion(all: &[u8; 3]) -> &[u8] {
    all
}

#[crons::monitor]
async fn unsized_coercion_async(all: &[u8; 3]) -> &[u8] {
    all
}

#[crons::monitor]
fn function_pointer() -> fn(u8) -> u8 {
    |n| n
}

#[crons::monitor]
async fn loops() -> u8 {
    let mut n = 0;
    loop {
        ready(()).await;
        n += 1;
        if n == 3 {
            break n;
        }
    }
}

#[crons::monitor]
#[expect(clippy::let_and_return, unused_mut, reason = "they still fire")]
fn expectations() -> u8 {
    let mut n = 3;
    n
}

#[crons::monitor]
fn allowed_inside() -> u8 {
    #[allow(unused_variables)]
    let n = 3;
    #[expect(unused_assignments, unused_variables)]
    {
        let mut m = 1;
        m = 2;
    }
    4
}

fn main() {
    assert_eq!((labelled(&[&[0, 1], &[10]]), question_marks(Some("a"))), (Some(10), Some('a')));
    assert_eq!((flow(4), returns_in_closures(&[0, 1])), (ControlFlow::Break(4), vec![1]));
    assert_eq!((with_items(), block_tail(3), shadowed(1, 2, 3)), (20, 3, 7));
    drop((
        with_async_closures(1),
        always_panics_async(),
        unit_of_unit(),
        collected(Vec::new()),
        coerced(),
        loops(),
    ));
    drop(unsized_coercion_async(&[1, 2, 3]));
    let _ = (later_only as fn(_) -> _, always_panics as fn() -> _, empty_match as fn(_) -> _);
    assert_eq!((infallible(1), never_ok()), (Ok(1), Err(1)));
    unit_tail();
    explicit_unit();
    assert_eq!(statement_macros(), [1, 2, 3]);
    assert_eq!((thread_locals("a"), thread_locals("a")), (1, 2));
    assert_eq!(inferred_default().map_or(0, |all| all.len()), 1);
    assert_eq!((unsized_coercion(&[1, 2, 3]).len(), function_pointer()(3)), (3, 3));
    assert_eq!((expectations(), allowed_inside()), (3, 4));
}
