//! Tests that the database is opened on a thread of its own, before clients can connect.

use crons_server::{Database, Server, Settings};

#[test]
fn a_database_that_opens_slowly_holds_up_no_other_task() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let settings = Settings { database: Database::sqlite(&path), ..Settings::default() };
    // The runtime has one thread: if opening blocked it, the lock that opening waits for would never be released.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        drop(Server::open(&settings).await.unwrap());
        let other = crate::harness::sqlite::File::open(&path);
        other.execute("BEGIN IMMEDIATE");
        let opening = tokio::spawn(async move { Server::open(&settings).await });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!opening.is_finished(), "it waits for the other connection");
        other.execute("ROLLBACK");
        let opened = opening.await.unwrap().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        opened.serve(listener).unwrap().shutdown().await.unwrap();
    });
}

#[test]
fn an_exposed_address_is_refused_once_it_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        Settings { database: Database::sqlite(folder.path().join("crons.db")), ..Settings::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = runtime.block_on(async {
        let opened = Server::open(&settings).await.unwrap();
        let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
        opened.serve(listener).map(drop).unwrap_err().to_string()
    });
    assert!(refused.contains("admin token"), "{refused}");
}
