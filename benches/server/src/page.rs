//! A browser, as far as a server can tell: pages with the files that they load, and live streams.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;

/// A page that was read over a connection of its own.
pub struct Read {
    pub took: Duration,
    /// The bytes of the answer on the wire, its head included.
    pub bytes: usize,
}

/// Reads a page, compressed.
///
/// # Errors
/// If the answer is not 200.
pub async fn read(to: SocketAddr, path: &str) -> Result<Read> {
    let started = Instant::now();
    let mut stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {to}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let took = started.elapsed();
    if !answer.starts_with(b"HTTP/1.1 200") {
        let head: Vec<u8> = answer.into_iter().take(500).collect();
        return Err(format!("{path}: {}", String::from_utf8_lossy(&head)).into());
    }
    Ok(Read { took, bytes: answer.len() })
}

/// Opens live streams, which are read to the end of `streams`.
///
/// # Errors
/// If the server refuses one.
pub async fn watch(to: SocketAddr, streams: usize) -> Result<tokio::task::JoinSet<()>> {
    let mut watching = tokio::task::JoinSet::new();
    for _ in 0..streams {
        let mut stream = TcpStream::connect(to).await?;
        let request = format!("GET /live?window=24h HTTP/1.1\r\nHost: {to}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await?;
        if !head.starts_with(b"HTTP/1.1 200") {
            return Err(format!("a stream was refused: {}", String::from_utf8_lossy(&head)).into());
        }
        watching.spawn(async move {
            let mut buffer = vec![0; 16 * 1024];
            while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        });
    }
    Ok(watching)
}
