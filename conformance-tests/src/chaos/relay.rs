//! One connection through a proxy.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::state::{Mishap, State};

const CHUNK: usize = 64 << 10;

/// Carries bytes both ways until one side ends, the proxy is cut, or a mishap ends the connection.
pub(super) async fn relay(mut client: TcpStream, upstream: &str, state: &State) {
    let carried = tokio::select! {
        () = state.reset() => Err(io::ErrorKind::ConnectionReset.into()),
        carried = carry(&mut client, upstream, state) => carried,
    };
    if carried.is_err() {
        // So that the client hears a reset, not an orderly end.
        let _ = client.set_zero_linger();
    }
}

async fn carry(client: &mut TcpStream, upstream: &str, state: &State) -> io::Result<()> {
    state.passable().await;
    let mut server = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let answer_is_lost = AtomicBool::new(false);
    tokio::select! {
        ended = requests(from_client, to_server, state, &answer_is_lost) => ended,
        ended = answers(from_server, to_client, state, &answer_is_lost) => ended,
    }
}

async fn requests(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    state: &State,
    answer_is_lost: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = from.read(&mut buffer).await?;
        let bytes = &buffer[..count];
        if bytes.is_empty() {
            return Ok(());
        }
        match state.meet(bytes) {
            Some(Mishap::LoseRequest) => return Err(io::ErrorKind::ConnectionReset.into()),
            Some(Mishap::LoseAnswer) => answer_is_lost.store(true, Ordering::SeqCst),
            Some(Mishap::Delay(by)) => tokio::time::sleep(by).await,
            None => {}
        }
        state.passable().await;
        to.write_all(bytes).await?;
    }
}

async fn answers(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    state: &State,
    answer_is_lost: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = from.read(&mut buffer).await?;
        state.passable().await;
        if answer_is_lost.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if count == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..count]).await?;
    }
}
