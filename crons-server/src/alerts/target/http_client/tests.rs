//! Addresses are checked when a message is sent.

use super::super::addresses::PrivateTargets;
use super::super::addresses::tests::fixed;
use super::*;

/// Sends to a name that resolves to a receiver on this machine. Returns the result, and whether the receiver was connected to.
async fn send(allowed: PrivateTargets, host: &str) -> (Result<WebhookResponse, DeliveryError>, bool) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{host}:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
    let policy = Arc::new(fixed(allowed, &["127.0.0.1"]));
    let client = HttpClient::new(&url, Duration::from_secs(10), Some(policy), &mut Trust::default()).unwrap();
    let answer = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        tokio::io::AsyncReadExt::read(&mut socket, &mut [0; 1024]).await.unwrap();
        let answer = b"HTTP/1.1 204 No Content\r\nretry-after: 1.2\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut socket, answer).await.unwrap();
        std::future::pending::<()>().await;
    };
    let request = Request {
        method: Method::POST,
        url,
        headers: Vec::new(),
        body: "{}".to_owned(),
        secrets: Vec::new(),
    };
    let result = tokio::select! {
        result = client.send(request) => result,
        () = answer => unreachable!("it waits for ever"),
    };
    // A connection that was made waits in the queue of the listener, if it was not accepted.
    let accepted = tokio::time::timeout(Duration::ZERO, listener.accept()).await.is_ok();
    let connected = result.is_ok() || accepted;
    (result, connected)
}

#[tokio::test]
async fn a_name_on_this_machine_is_connected_to_only_if_that_is_allowed() {
    for host in ["hooks.example", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433"] {
        let (result, connected) = send(PrivateTargets::Refused, host).await;
        let refused = result.unwrap_err().to_string();
        assert!(refused.contains("127.0.0.1") && refused.contains("an address of this machine"), "{refused}");
        assert!(!connected, "{host}");
    }
    let (result, _) = send(PrivateTargets::Loopback, "hooks.example").await;
    let answer = result.unwrap();
    assert_eq!((answer.status, answer.retry_after), (204, Some(Duration::from_secs(2))));
}
