//! A second reading of an answer whose head the HTTP library refuses.
//!
//! Owns: the status of an answer with header lines that break the rules, where curl reads one too.
//! Refuses: another protocol's words, a header line without a colon, a NUL, a head without an end,
//! and any doubt about where the answer ends: its connection is not used again.
//!
//! # Why there is a second reading
//! A receiver that answers 200 has the event, whatever else stands in its head. Calling that a
//! failure would send the event again and again, to a receiver that takes it each time.
//!
//! # What is not read here
//! Two lengths that contradict each other, and whatever else the library finds once it has taken the
//! head apart: what is left of the answer then could be another one, and only look like it.

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};

use crate::net::reply::{HttpReply, REPLY_HEADERS_MAX, kept_headers};
use crate::net::wire::Wire;

/// How an answer begins.
const BEGINNING: &[u8] = b"HTTP/";
/// The versions that curl reads on such a connection.
const VERSIONS: [&str; 4] = ["1.0", "1.1", "2", "2.0"];
/// Bytes that are read at once.
const PIECE_BYTES: usize = 4096;

/// Reads an answer of which `bytes` have come already and more may come through `wire`, until
/// `deadline`; `None` where it is none. Of its body, what came with the head is kept.
pub(super) async fn read_again(
    wire: &mut Wire,
    mut bytes: Vec<u8>,
    deadline: Instant,
    bounds: ReadingBounds,
) -> Option<HttpReply> {
    let mut head = Head::default();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match head.read(&bytes) {
            HeadProgress::Refused => return None,
            HeadProgress::Whole => return Some(head.reply(&bytes, bounds.body_bytes_max)),
            HeadProgress::Unfinished if bytes.len() >= bounds.head_bytes_max => return None,
            HeadProgress::Unfinished => {}
        }
        let read = timeout_at(deadline, wire.read(&mut piece)).await;
        let count = read.ok()?.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
    }
}

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadingBounds {
    pub(super) head_bytes_max: usize,
    pub(super) body_bytes_max: usize,
}

/// A head, read line by line.
#[derive(Default)]
struct Head {
    status: Option<u16>,
    /// Header lines that were read.
    lines: usize,
    /// The first of them.
    headers: Vec<(String, Vec<u8>)>,
    /// Where the next line begins.
    at: usize,
    /// Where to go on looking for its end.
    looked_to: usize,
}

/// How far a head has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeadProgress {
    /// It is none.
    Refused,
    /// Its end is still to come.
    Unfinished,
    /// With its last line.
    Whole,
}

impl Head {
    /// Takes in the lines that have come since the last call.
    fn read(&mut self, bytes: &[u8]) -> HeadProgress {
        while let Some(length) = bytes[self.looked_to..].iter().position(|b| *b == b'\n') {
            let end = self.looked_to + length;
            let line = &bytes[self.at..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            (self.at, self.looked_to) = (end + 1, end + 1);
            if line.is_empty() && self.status.is_some() {
                return HeadProgress::Whole;
            }
            if self.take(line).is_none() {
                return HeadProgress::Refused;
            }
        }
        self.looked_to = bytes.len();
        if self.status.is_some() || may_begin(&bytes[self.at..]) {
            HeadProgress::Unfinished
        } else {
            HeadProgress::Refused
        }
    }

    /// Takes in one line; `None` where nobody could.
    fn take(&mut self, line: &[u8]) -> Option<()> {
        if line.contains(&0) {
            return None;
        }
        if self.status.is_none() {
            self.status = Some(status(line)?);
            return Some(());
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return self.go_on(line.trim_ascii());
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        self.lines += 1;
        if self.headers.len() < REPLY_HEADERS_MAX {
            let name = String::from_utf8_lossy(line[..colon].trim_ascii());
            let value = line[colon + 1..].trim_ascii().to_vec();
            self.headers.push((name.to_ascii_lowercase(), value));
        }
        Some(())
    }

    /// A line that continues the last header.
    fn go_on(&mut self, more: &[u8]) -> Option<()> {
        if self.lines == self.headers.len() {
            let (_, value) = self.headers.last_mut()?;
            value.push(b' ');
            value.extend_from_slice(more);
        }
        Some(())
    }

    fn reply(&self, bytes: &[u8], body_bytes_max: usize) -> HttpReply {
        let headers = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_slice()));
        let headers = kept_headers(headers);
        let value = |name: &str| {
            let header = headers.iter().find(|(own, _)| own == name);
            header.map(|(_, value)| value.as_str())
        };
        // In pieces, what came is not yet the body.
        let came = match value("transfer-encoding") {
            Some(_) => &[],
            None => &bytes[self.at..],
        };
        let length = value("content-length").and_then(|length| length.parse().ok());
        let kept = &came[..came.len().min(body_bytes_max)];
        HttpReply {
            status: self.status.unwrap_or_default(),
            body: kept.to_vec(),
            body_truncated: length != Some(kept.len()),
            headers,
        }
    }
}

/// Whether an answer may begin so.
fn may_begin(bytes: &[u8]) -> bool {
    let common = bytes.len().min(BEGINNING.len());
    bytes[..common].eq_ignore_ascii_case(&BEGINNING[..common])
}

/// The status in an answer's first line; interim answers, which are followed by another, have none.
fn status(line: &[u8]) -> Option<u16> {
    if line.len() < BEGINNING.len() || !may_begin(line) {
        return None;
    }
    let line = String::from_utf8_lossy(&line[BEGINNING.len()..]);
    let (version, rest) = line.split_once(' ')?;
    let rest = rest.trim_start_matches(' ');
    let number = rest.split(' ').next().unwrap_or_default();
    let is_number = number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    let status = number.parse().ok().filter(|status| *status >= 200)?;
    (is_number && VERSIONS.contains(&version)).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_as_curl_reads_it() {
        let check = |line: &str, expected: Option<u16>| {
            assert_eq!(status(line.as_bytes()), expected, "{line:?}");
        };
        check("HTTP/1.1 200 OK", Some(200));
        check("HTTP/1.0 503", Some(503));
        check("http/1.1 204 ", Some(204));
        check("HTTP/1.1  200 OK", Some(200));
        check("HTTP/2 200", Some(200));
        check("HTTP/1.1 200 \u{1}", Some(200));
        for refused in [
            "",
            "HTTP/",
            "HTTP/1.1",
            "HTTP/1.1 ",
            "HTTP/1.1 20 OK",
            "HTTP/1.1 2000 OK",
            "HTTP/1.1 +20 OK",
            "HTTP/1.1 100 Continue",
            "HTTP/1.1 abc OK",
            "HTTP/1.2 200 OK",
            "HTTP/9.9 200 OK",
            "HTTP 1.1 200 OK",
            "ICY 200 OK",
            "220 mail ready",
            "PRI * HTTP/2.0",
        ] {
            check(refused, None);
        }
    }

    #[test]
    fn a_head_is_read_whatever_the_pieces_in_which_it_comes() {
        let check = |text: &str, expected: HeadProgress| {
            let bytes = text.as_bytes();
            let at_once = Head::default().read(bytes);
            assert_eq!(at_once, expected, "{text:?}");
            let mut head = Head::default();
            let mut read = HeadProgress::Unfinished;
            for end in 1..=bytes.len() {
                read = head.read(&bytes[..end]);
                if read != HeadProgress::Unfinished {
                    break;
                }
            }
            assert_eq!(read, expected, "{text:?} byte by byte");
        };
        check("HTTP/1.1 200 OK\r\nx y: a\r\n\r\n", HeadProgress::Whole);
        check("HTTP/1.1 200 OK\nx: a\n b\n\n", HeadProgress::Whole);
        check("HTTP/1.1 200 OK\r\n: a\r\n\r\nok", HeadProgress::Whole);
        check("HTTP/1.1 200 OK\r\nx: \u{1}\r\n\r\n", HeadProgress::Whole);
        check("HTTP/1.1 200 OK\r\nx: a\r\n", HeadProgress::Unfinished);
        check("HT", HeadProgress::Unfinished);
        check("HTTP/1.1 200 OK\r\n folded\r\n\r\n", HeadProgress::Refused);
        check("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", HeadProgress::Refused);
        check("HTTP/1.1 200 OK\r\nx: \0\r\n\r\n", HeadProgress::Refused);
        check("SSH-2.0", HeadProgress::Refused);
        check("\r\nHTTP/1.1 200 OK\r\n\r\n", HeadProgress::Refused);
    }

    #[test]
    fn headers_and_body_are_kept_within_bounds() {
        let mut text = "HTTP/1.1 200 OK\r\nX-A : 1\r\nx-b: 1\r\n\t2\r\n".to_owned();
        for n in 0..5000 {
            text += &format!("x-{n}: {n}\r\n folded\r\n");
        }
        text += "\r\nhello";
        let mut head = Head::default();
        assert_eq!(head.read(text.as_bytes()), HeadProgress::Whole);
        let reply = head.reply(text.as_bytes(), 4);
        assert_eq!(reply.header("x-a"), Some("1"));
        assert_eq!(reply.header("x-b"), Some("1 2"));
        assert_eq!(reply.headers.len(), REPLY_HEADERS_MAX);
        assert_eq!(reply.body, b"hell");
        assert!(reply.body_truncated);
    }
}
