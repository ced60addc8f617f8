//! Which of several addresses takes a connection first.
//!
//! Owns: the race of addresses. Refuses: judging them; whoever asks has done that.
//!
//! # Why addresses race
//! A name often has several addresses, and one of them may be dead without saying so. Trying one
//! after the other would spend a short timeout on the first. So the next one is tried beside it after
//! a quarter of a second, or sooner where there is little time for many (RFC 8305); the families
//! take turns, so that a network without IPv6, or with nothing else, costs one step.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::net::connect_error::ConnectError;
use crate::net::pool::Pool;
use crate::net::shortage::Shortage;

/// When the next address is tried beside one that has not answered yet (RFC 8305, section 5).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// IPv6 and IPv4 alternately, each in the order of the answer.
pub(super) fn in_turns(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    let (six, four): (Vec<IpAddr>, Vec<IpAddr>) = addresses.iter().partition(|ip| ip.is_ipv6());
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let mut sockets = Vec::with_capacity(addresses.len());
    while sockets.len() < addresses.len() {
        let next = six.next().into_iter().chain(four.next());
        sockets.extend(next.map(|ip| SocketAddr::new(ip, port)));
    }
    sockets
}

/// Connects to whichever address answers first.
pub(super) async fn race(
    sockets: &[SocketAddr],
    limit: Instant,
    pool: &Pool,
) -> Result<TcpStream, ConnectError> {
    let mut waiting = sockets.iter();
    let mut running = FuturesUnordered::new();
    let mut failed = None;
    // All are tried before the time is over, and the last one has as much of it as any.
    let tries = u32::try_from(sockets.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    let budget = limit.saturating_duration_since(Instant::now());
    let pause = NEXT_ADDRESS_AFTER.min(budget / tries);
    loop {
        // The first has the place of the connection itself.
        let place = if running.is_empty() {
            None
        } else {
            pool.ticket()
        };
        let may_start = running.is_empty() || place.is_some();
        if may_start && let Some(socket) = waiting.next() {
            running.push(async move {
                let connected = TcpStream::connect(*socket).await;
                drop(place);
                (*socket, connected)
            });
        }
        let is_last = waiting.len() == 0;
        let next = tokio::select! {
            next = running.next() => next,
            () = tokio::time::sleep(pause), if !is_last => continue,
        };
        match next {
            Some((_, Ok(stream))) => return Ok(stream),
            Some((socket, Err(error))) => failed = Some(worst(failed, socket, error)),
            None => break,
        }
    }
    Err(failed.unwrap_or(ConnectError::TimedOut))
}

/// What is said of several failures: the receiver's own words before what this machine lacks, and the
/// first before the rest.
fn worst(earlier: Option<ConnectError>, socket: SocketAddr, error: io::Error) -> ConnectError {
    match (earlier, Shortage::of(&error, Some(socket.ip()))) {
        (Some(earlier @ ConnectError::Tcp(_)), _) => earlier,
        (_, None) => ConnectError::Tcp(error),
        (_, Some(shortage)) => ConnectError::Shortage(shortage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let check = |addresses: &[&str], expected: &[&str]| {
            let addresses: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
            let sockets = in_turns(&addresses, 80);
            let shown: Vec<String> = sockets.iter().map(|s| s.ip().to_string()).collect();
            assert_eq!(shown, expected);
        };
        check(&[], &[]);
        check(&["1.1.1.1", "1.1.1.2"], &["1.1.1.1", "1.1.1.2"]);
        check(
            &["1.1.1.1", "1.1.1.2", "2606::1"],
            &["2606::1", "1.1.1.1", "1.1.1.2"],
        );
        check(
            &["2606::1", "2606::2", "1.1.1.1"],
            &["2606::1", "1.1.1.1", "2606::2"],
        );
    }
}
