//! Tests of delivery: what arrives at the server, in which order, and what happens when the server or the way to it fails.

#[path = "../support/mod.rs"]
mod support;

mod clients;
mod end_to_end;
mod envelope;
mod faults;
mod flush_async;
mod no_randomness;
mod order;
mod proxy;
mod proxy_server;
mod refusal;
mod tls;
mod tls_server;
