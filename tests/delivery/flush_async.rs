//! Tests that waiting for delivery in async code does not stop the executor.

use std::sync::Arc;

use crons::{CheckIn, ClientOptions, Slug, capture_check_in};

use crate::support::{Behaviour, DEADLINE, Gate, Sink, child};

#[tokio::test]
async fn flushing_lets_other_tasks_of_the_same_thread_run() {
    if !child::is_alone() {
        return;
    }
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let sink = Sink::start(move |_| Behaviour::Gate(Arc::clone(&held)));
    let _crons = crons::init(ClientOptions::new().dsn(sink.dsn()));
    capture_check_in(CheckIn::ok(Slug::parse("job").unwrap()));
    // The gate would never open if the flush blocked this thread.
    let (flushed, ()) = tokio::join!(crons::flush_async(DEADLINE), async { gate.open() });
    assert!(flushed);
}
