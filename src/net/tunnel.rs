//! Asking a proxy for a way to one address.
//!
//! Owns: the question in HTTP (`CONNECT`) and in SOCKS 5, and the reading of what comes back. Refuses:
//! asking for names: what is asked for was judged here, and a proxy that resolved a name itself could
//! find another address behind it.
//!
//! # Whose fault it is
//! What a proxy says of the receiver (it refuses connections, it can't be reached) is the receiver's
//! failure, as it would be without a proxy. Whatever else goes wrong, and whatever leaves it open, is
//! the proxy's: a receiver that is dead and tried on costs little, one that is healthy and disabled for
//! its sender's proxy costs much.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_socks::Error as SocksError;
use tokio_socks::tcp::Socks5Stream;

use crate::net::connect_error::{ConnectError, ProxyFault};
use crate::net::egress::{EgressProxy, ProxyKind, ProxyLogin};
use crate::net::options::USER_AGENT;

/// Bytes of an answer's head that are read.
const PROXY_HEAD_BYTES_MAX: usize = 16 * 1024;

/// Asks the proxy at the other end of `stream` for a way to `to`; afterwards the stream leads there.
pub(super) async fn open<S>(
    proxy: &EgressProxy,
    stream: S,
    to: SocketAddr,
) -> Result<S, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let login = proxy.login.as_ref();
    match proxy.kind {
        ProxyKind::Http | ProxyKind::Https => connect(stream, to, login).await,
        ProxyKind::Socks5 => socks(stream, to, login).await,
    }
}

async fn connect<S>(
    mut stream: S,
    to: SocketAddr,
    login: Option<&ProxyLogin>,
) -> Result<S, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let proof = login.map_or_else(String::new, |login| {
        let (name, password) = (login.username.expose(), login.password.expose());
        let proof = STANDARD.encode(format!("{name}:{password}"));
        format!("Proxy-Authorization: Basic {proof}\r\n")
    });
    let asked =
        format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\nUser-Agent: {USER_AGENT}\r\n{proof}\r\n");
    let broken = |error| ConnectError::Proxy(ProxyFault::Broken(error));
    stream.write_all(asked.as_bytes()).await.map_err(broken)?;
    let head = head(&mut stream).await?;
    match status(&head) {
        None => Err(ProxyFault::NotHttp.into()),
        Some(200..=299) => Ok(stream),
        // The one by the book, the other as tinyproxy has it where they are wrong.
        Some(401 | 407) => Err(unknown(login).into()),
        Some(status) if is_receivers(status, &head) => Err(ConnectError::Unreached(
            "the egress proxy could not reach the receiver",
        )),
        Some(status) => Err(ProxyFault::Refused(status).into()),
    }
}

/// Reads up to the end of the head. What follows it can only come from a proxy that does more than it
/// was asked for: nobody has said anything to the receiver yet.
async fn head<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Vec<u8>, ConnectError> {
    let mut head = Vec::with_capacity(512);
    loop {
        if let Some(end) = head.windows(4).position(|end| end == b"\r\n\r\n") {
            let is_open = matches!(status(&head), Some(200..=299));
            if is_open && head.len() > end + 4 {
                return Err(ProxyFault::NotHttp.into());
            }
            return Ok(head);
        }
        if head.len() >= PROXY_HEAD_BYTES_MAX {
            return Err(ProxyFault::NotHttp.into());
        }
        let read = stream.read_buf(&mut head).await;
        match read.map_err(|error| ConnectError::Proxy(ProxyFault::Broken(error)))? {
            0 if head.is_empty() => return Err(ProxyFault::Closed.into()),
            0 => return Err(ProxyFault::NotHttp.into()),
            _ => {}
        }
    }
}

fn first_line(head: &[u8]) -> &str {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(line).unwrap_or_default().trim_end()
}

fn status(head: &[u8]) -> Option<u16> {
    let rest = first_line(head).strip_prefix("HTTP/1.")?;
    let status = rest.split(' ').nth(1)?;
    status.parse().ok().filter(|status| *status >= 200)
}

/// Whether a proxy speaks of the receiver. 502 and 504 do by their meaning; of the others only where it
/// says so: Squid in a header, as RFC 9209 would have it in another, tinyproxy in its words.
fn is_receivers(status: u16, head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    match status {
        502 | 504 => true,
        500 => first_line(head).ends_with("Unable to connect"),
        503 => {
            text.contains("\nx-squid-error: err_connect_fail")
                || (text.contains("\nproxy-status:")
                    && [
                        "connection_refused",
                        "connection_timeout",
                        "destination_unavailable",
                    ]
                    .iter()
                    .any(|word| text.contains(word)))
        }
        _ => false,
    }
}

fn unknown(login: Option<&ProxyLogin>) -> ProxyFault {
    match login {
        Some(_) => ProxyFault::Login,
        None => ProxyFault::NoLogin,
    }
}

async fn socks<S>(stream: S, to: SocketAddr, login: Option<&ProxyLogin>) -> Result<S, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let asked = match login {
        None => Socks5Stream::connect_with_socket(stream, to).await,
        Some(ProxyLogin { username, password }) => {
            let (name, password) = (username.expose(), password.expose());
            Socks5Stream::connect_with_password_and_socket(stream, to, name, password).await
        }
    };
    match asked {
        Ok(open) => Ok(open.into_inner()),
        Err(error) => Err(said(error, login)),
    }
}

/// What a SOCKS proxy's refusal means (RFC 1928, section 6).
fn said(error: SocksError, login: Option<&ProxyLogin>) -> ConnectError {
    use SocksError as E;
    match error {
        E::ConnectionRefused => {
            ConnectError::Unreached("the egress proxy found the receiver refusing connections")
        }
        E::NetworkUnreachable | E::HostUnreachable | E::TtlExpired => {
            ConnectError::Unreached("the egress proxy could not reach the receiver")
        }
        E::NoAcceptableAuthMethods | E::PasswordAuthFailure(_) | E::AuthorizationRequired => {
            unknown(login).into()
        }
        E::ConnectionNotAllowedByRuleset => ProxyFault::Forbidden.into(),
        E::GeneralSocksServerFailure | E::CommandNotSupported | E::AddressTypeNotSupported => {
            ProxyFault::Unable.into()
        }
        E::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            ProxyFault::Closed.into()
        }
        E::Io(error) => ProxyFault::Broken(error).into(),
        // What is left are answers that break SOCKS's rules.
        _ => ProxyFault::NotSocks.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_answer_is_told_apart_from_what_it_says_of_the_receiver() {
        let check = |head: &str, expected: Option<(u16, bool)>| {
            let head = head.replace('\n', "\r\n");
            let found = status(head.as_bytes());
            let found = found.map(|status| (status, is_receivers(status, head.as_bytes())));
            assert_eq!(found, expected, "{head}");
        };
        check(
            "HTTP/1.1 200 Connection established\n\n",
            Some((200, false)),
        );
        check("HTTP/1.0 200\n\n", Some((200, false)));
        check("HTTP/1.1 403 Forbidden\n\n", Some((403, false)));
        check("HTTP/1.1 502 Bad Gateway\n\n", Some((502, true)));
        check("HTTP/1.1 504 Gateway Timeout\n\n", Some((504, true)));
        check(
            "HTTP/1.0 500 Unable to connect\nA: b\n\n",
            Some((500, true)),
        );
        check("HTTP/1.1 500 Internal Server Error\n\n", Some((500, false)));
        check("HTTP/1.1 503 Service Unavailable\n\n", Some((503, false)));
        let squid = "HTTP/1.1 503 Service Unavailable\nX-Squid-Error: ERR_CONNECT_FAIL 111\n\n";
        check(squid, Some((503, true)));
        let told = "HTTP/1.1 503 No\nProxy-Status: p; error=connection_refused\n\n";
        check(told, Some((503, true)));
        check("HTTP/2 200\n\n", None);
        check("SSH-2.0-OpenSSH\n\n", None);
        check("HTTP/1.1 100 Continue\n\n", None);
        check("", None);
    }
}
