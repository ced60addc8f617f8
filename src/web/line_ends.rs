//! The ends of a request's lines.
//!
//! Owns: that a line of a request's head ends with CRLF (RFC 9112, section 2.2). Refuses: parsing and
//! answering; a line that ends otherwise is made unreadable to the parser, which refuses it in its turn.
//!
//! # Why it is watched on the stream
//! The framework's parser takes a bare line feed for an end of line, as the RFC allows, and offers no
//! switch. A proxy in front that does not take it so sees other requests than the server behind it, which
//! is how requests are smuggled. A head is watched by its lines alone; of a body only the length is
//! followed, which the head says, so that bytes of a body are never touched.

use std::mem::take;

/// The most bytes of a line that are kept where it comes in pieces; what says how long a body is has to
/// fit into them.
pub const LINE_BYTES_MAX: usize = 128;
/// Takes the place of a bare line feed: no head may hold it.
const UNREADABLE: u8 = 0;

/// How far a stream of requests has been followed.
#[derive(Default)]
pub(super) struct LineEnds {
    place: StreamPlace,
    length: BodyLength,
    line: LineStart,
}

/// Where in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum StreamPlace {
    /// Before its first line.
    #[default]
    Start,
    /// Among its headers.
    Head,
    /// So many bytes of a body are to come.
    Body(u64),
    /// The line before a piece of a body.
    ChunkSize,
    /// So many bytes of a piece of a body, with the end of line behind it.
    Chunk(u64),
    /// The lines after the last piece.
    Trailers,
    /// The parser refuses what comes, or it is no request.
    Beyond,
}

/// What a head has said so far of its body's length.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum BodyLength {
    #[default]
    None,
    Bytes(u64),
    Chunked,
    /// The body ends with the connection, or the parser refuses the head.
    Unclear,
}

/// What came of a line whose end is still to come.
#[derive(Default)]
struct LineStart {
    start: Vec<u8>,
    last: u8,
}

impl LineStart {
    fn extend(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        let room = LINE_BYTES_MAX - self.start.len();
        self.start
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.last = *last;
    }
}

impl LineEnds {
    /// Looks at what was read, in its order. A bare line feed in a head is made unreadable.
    pub(super) fn watch(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let taken = match self.place {
                StreamPlace::Beyond => return,
                StreamPlace::Body(left) => {
                    self.pass(left, bytes.len(), StreamPlace::Body, StreamPlace::Start)
                }
                StreamPlace::Chunk(left) => self.pass(
                    left,
                    bytes.len(),
                    StreamPlace::Chunk,
                    StreamPlace::ChunkSize,
                ),
                StreamPlace::Start
                | StreamPlace::Head
                | StreamPlace::ChunkSize
                | StreamPlace::Trailers => self.take_line(bytes),
            };
            bytes = &mut bytes[taken..];
        }
    }

    /// Passes over bytes of a body, and answers over how many.
    fn pass(
        &mut self,
        left: u64,
        there: usize,
        more: fn(u64) -> StreamPlace,
        then: StreamPlace,
    ) -> usize {
        let taken = usize::try_from(left).map_or(there, |left| left.min(there));
        let left = left - taken as u64;
        self.place = if left == 0 { then } else { more(left) };
        taken
    }

    /// Takes a line, or what is there of it, and answers how many bytes that are.
    fn take_line(&mut self, bytes: &mut [u8]) -> usize {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.line.extend(bytes);
            return bytes.len();
        };
        let before = if end > 0 {
            bytes[end - 1]
        } else {
            self.line.last
        };
        let is_whole = before == b'\r';
        if !is_whole && self.place == StreamPlace::Trailers {
            // To the parser this is a character as any other, and the line goes on.
            self.line.extend(&bytes[..=end]);
            return end + 1;
        }
        let is_readable = is_whole && {
            let piece = take(&mut self.line);
            if piece.start.is_empty() {
                self.follow(&bytes[..end - 1])
            } else {
                self.follow_joined(piece, &bytes[..end])
            }
        };
        if !is_readable {
            bytes[end] = UNREADABLE;
            self.place = StreamPlace::Beyond;
        }
        end + 1
    }

    /// Follows a line that came in pieces; `rest` ends with its carriage return, if that was not the
    /// last that came before.
    fn follow_joined(&mut self, mut piece: LineStart, rest: &[u8]) -> bool {
        piece.extend(rest);
        let is_cut = piece.start.len() == LINE_BYTES_MAX;
        if !is_cut {
            piece.start.pop();
        }
        let says_length = match self.place {
            StreamPlace::Head => tells_length(&piece.start),
            place => place == StreamPlace::ChunkSize,
        };
        !(is_cut && says_length) && self.follow(&piece.start)
    }

    /// Follows a line, without its end; says whether the parser may read it.
    fn follow(&mut self, line: &[u8]) -> bool {
        match self.place {
            StreamPlace::Start if line.is_empty() => {}
            StreamPlace::Start => {
                if line.starts_with(b"CONNECT ") {
                    self.length = BodyLength::Unclear;
                }
                self.place = StreamPlace::Head;
            }
            StreamPlace::Head if line.is_empty() => {
                self.place = match take(&mut self.length) {
                    BodyLength::None | BodyLength::Bytes(0) => StreamPlace::Start,
                    BodyLength::Bytes(bytes) => StreamPlace::Body(bytes),
                    BodyLength::Chunked => StreamPlace::ChunkSize,
                    BodyLength::Unclear => StreamPlace::Beyond,
                };
            }
            StreamPlace::Head => self.follow_header(line),
            StreamPlace::ChunkSize => self.place = after_chunk_size(line),
            StreamPlace::Trailers if line.is_empty() => self.place = StreamPlace::Start,
            StreamPlace::Trailers
            | StreamPlace::Body(_)
            | StreamPlace::Chunk(_)
            | StreamPlace::Beyond => {}
        }
        true
    }

    fn follow_header(&mut self, line: &[u8]) {
        let Some((name, value)) = header(line) else {
            return;
        };
        let is = |expected: &str| name.eq_ignore_ascii_case(expected.as_bytes());
        let said = if is("content-length") {
            let digits = std::str::from_utf8(value).ok();
            digits
                .and_then(|digits| digits.parse().ok())
                .map_or(BodyLength::Unclear, BodyLength::Bytes)
        } else if is("transfer-encoding") {
            match value.eq_ignore_ascii_case(b"chunked") {
                true => BodyLength::Chunked,
                false => BodyLength::Unclear,
            }
        } else if is("upgrade") && value.eq_ignore_ascii_case(b"websocket") {
            BodyLength::Unclear
        } else {
            return;
        };
        // Said twice, the parser refuses it.
        self.length = match self.length {
            BodyLength::None => said,
            BodyLength::Bytes(_) | BodyLength::Chunked | BodyLength::Unclear => BodyLength::Unclear,
        };
    }
}

/// A header's name and its value without the space around it.
fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((&line[..colon], line[colon + 1..].trim_ascii()))
}

fn tells_length(line: &[u8]) -> bool {
    header(line).is_some_and(|(name, _)| {
        name.eq_ignore_ascii_case(b"content-length")
            || name.eq_ignore_ascii_case(b"transfer-encoding")
    })
}

/// What comes after the line that tells a piece's size in hexadecimal digits, and perhaps more.
fn after_chunk_size(line: &[u8]) -> StreamPlace {
    let digits = line
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let size = std::str::from_utf8(&line[..digits])
        .ok()
        .and_then(|digits| u64::from_str_radix(digits, 16).ok());
    match size {
        None => StreamPlace::Beyond,
        Some(0) => StreamPlace::Trailers,
        Some(bytes) => bytes
            .checked_add(2)
            .map_or(StreamPlace::Beyond, StreamPlace::Chunk),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Watches the same requests whole and in pieces of every size.
    #[track_caller]
    fn check(requests: &[u8], unreadable: Option<usize>) {
        for size in 1..=requests.len() {
            let mut ends = LineEnds::default();
            let mut seen = requests.to_vec();
            seen.chunks_mut(size).for_each(|piece| ends.watch(piece));
            let changed = (0..seen.len()).find(|at| seen[*at] != requests[*at]);
            assert_eq!(changed, unreadable, "in pieces of {size}");
            if unreadable.is_none() {
                assert_eq!(ends.place, StreamPlace::Start, "in pieces of {size}");
            }
        }
    }

    /// Where the first `?` stands, after it was made the line feed that is looked for.
    #[track_caller]
    fn check_marked(requests: &str) {
        let at = requests.find('?').unwrap();
        check(requests.replacen('?', "\n", 1).as_bytes(), Some(at));
    }

    #[test]
    fn what_ends_its_lines_well_is_left_as_it_is() {
        check(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", None);
        check(b"\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", None);
        check(
            b"POST / HTTP/1.1\r\nContent-Length:  7 \r\n\r\na\nb\n\n\r\nPOST / HTTP/1.1\r\n\r\n",
            None,
        );
        check(
            b"POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\n\n\n\n\r\n0A\r\n\r\n\r\n\r\n\r\n\r\n\r\n\
              0\r\na: b\n\r\n\nc\r\n\r\nGET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
            None,
        );
    }

    #[test]
    fn a_bare_line_feed_in_a_head_becomes_unreadable() {
        check_marked("GET / HTTP/1.1?host: a\r\n\r\n");
        check_marked("GET / HTTP/1.1\r\nhost: a?\r\n");
        check_marked("GET / HTTP/1.1\r\nhost: a\r\n?");
        check_marked("?GET / HTTP/1.1\r\n\r\n");
        check_marked("GET / HTTP/1.1\r\nx: a?y: b\r\n\r\n");
        check_marked("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n\n\nGET / HTTP/1.1?\r\n");
        check_marked(
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\nGET / HTTP/1.1?",
        );
    }

    #[test]
    fn what_the_parser_refuses_or_hands_on_is_not_followed() {
        for head in [
            "content-length: 1\r\ncontent-length: 1\r\n",
            "content-length: 1\r\ntransfer-encoding: chunked\r\n",
            "content-length: -1\r\n",
            "transfer-encoding: gzip\r\n",
            "upgrade: WebSocket\r\n",
        ] {
            let mut ends = LineEnds::default();
            ends.watch(
                format!("GET / HTTP/1.1\r\n{head}\r\n")
                    .into_bytes()
                    .as_mut(),
            );
            assert!(ends.place == StreamPlace::Beyond, "{head}");
        }
    }

    #[test]
    fn a_length_told_in_too_many_bytes_is_unreadable_in_pieces() {
        let head = format!("GET / HTTP/1.1\r\ncontent-length: {:>200}\r\n\r\nab", 2);
        let mut bytes = head.clone().into_bytes();
        let mut ends = LineEnds::default();
        bytes.chunks_mut(50).for_each(|piece| ends.watch(piece));
        let end = head.find("2\r\n").unwrap() + 2;
        assert_eq!(bytes[end], UNREADABLE);
        let mut ends = LineEnds::default();
        let mut whole = head.clone().into_bytes();
        ends.watch(&mut whole);
        assert_eq!(whole, head.as_bytes());
        assert!(ends.place == StreamPlace::Start);
    }
}
