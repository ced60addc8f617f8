//! Bytes, compressed for whoever takes that.
//!
//! Owns: the two codings, which of them a caller takes, and bytes that are compressed once for all.
//! Refuses: deciding which answers may be compressed; whoever answers knows what stands in them.

use std::io::Write;
use std::sync::OnceLock;

use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// How hard brotli tries for what is compressed once, from 0 to 11: the last steps take seconds.
const ONCE_QUALITY: i32 = 9;
/// How hard brotli tries for what is compressed for one reader: a millisecond for a page.
const EACH_QUALITY: i32 = 4;
/// The window of brotli, as a power of two: 256 KiB hold every answer that is compressed.
const WINDOW_BITS: i32 = 18;

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Smaller, and taken by browsers over encrypted connections.
    Brotli,
    /// Taken by everybody.
    Gzip,
}

impl Coding {
    /// The word of `Content-Encoding`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The better of those that an `Accept-Encoding` names and does not refuse.
    #[must_use]
    pub fn accepted(header: &str) -> Option<Self> {
        let takes = |coding: Self| {
            header.split(',').any(|part| {
                let (name, weight) = part.split_once(';').unwrap_or((part, "q=1"));
                let weight = weight.trim().trim_start_matches(['q', 'Q', '=', ' ']);
                let is_refused = weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0);
                name.trim().eq_ignore_ascii_case(coding.as_str()) && !is_refused
            })
        };
        [Self::Brotli, Self::Gzip]
            .into_iter()
            .find(|own| takes(*own))
    }

    /// `plain`, compressed for one reader.
    #[must_use]
    pub fn pack(self, plain: &[u8]) -> Bytes {
        match self {
            Self::Brotli => brotli(plain, EACH_QUALITY),
            Self::Gzip => gzip(plain, Compression::fast()),
        }
    }
}

/// Bytes that never change, each coding made once: when it is first asked for.
#[derive(Debug)]
pub struct PackedBytes {
    plain: Bytes,
    brotli: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
}

impl PackedBytes {
    /// `plain`, to be compressed.
    #[must_use]
    pub fn new(plain: Bytes) -> Self {
        let (brotli, gzip) = (OnceLock::new(), OnceLock::new());
        Self {
            plain,
            brotli,
            gzip,
        }
    }

    /// The bytes as they are.
    #[must_use]
    pub fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// The bytes in `coding`, or as they are.
    #[must_use]
    pub fn in_coding(&self, coding: Option<Coding>) -> Bytes {
        let made = match coding {
            Some(Coding::Brotli) => {
                let make = || brotli(&self.plain, ONCE_QUALITY);
                self.brotli.get_or_init(make)
            }
            Some(Coding::Gzip) => {
                let make = || gzip(&self.plain, Compression::best());
                self.gzip.get_or_init(make)
            }
            None => &self.plain,
        };
        made.clone()
    }
}

fn brotli(mut plain: &[u8], quality: i32) -> Bytes {
    let params = BrotliEncoderParams {
        quality,
        lgwin: WINDOW_BITS,
        size_hint: plain.len(),
        ..BrotliEncoderParams::default()
    };
    let mut packed = Vec::with_capacity(plain.len() / 3);
    let written = brotli::BrotliCompress(&mut plain, &mut packed, &params);
    written.expect("memory takes what is written to it");
    packed.into()
}

fn gzip(plain: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), level);
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.expect("memory takes what is written to it").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_coding_is_chosen_of_those_that_are_taken() {
        let check = |header: &str, expect: Option<Coding>| {
            assert_eq!(Coding::accepted(header), expect, "{header}");
        };
        check("gzip, deflate, br, zstd", Some(Coding::Brotli));
        check("gzip;q=1.0, br;q=0", Some(Coding::Gzip));
        check("BR ; q=0.5", Some(Coding::Brotli));
        check("gzip", Some(Coding::Gzip));
        check("identity, *", None);
        check("x-gzip, broken", None);
        check("", None);
    }

    #[test]
    fn what_is_packed_is_smaller_and_unpacks_to_the_same() {
        let plain = "<tr><td>order.paid</td><td>delivered</td></tr>".repeat(300);
        let packed = PackedBytes::new(plain.clone().into());
        let both = |coding: Coding| {
            let once = packed.in_coding(Some(coding));
            [once, coding.pack(plain.as_bytes())]
        };
        for own in both(Coding::Brotli) {
            let mut text = Vec::new();
            brotli::BrotliDecompress(&mut own.as_ref(), &mut text).unwrap();
            assert_eq!(text, plain.as_bytes());
            assert!(own.len() < plain.len() / 10, "{}", own.len());
        }
        for own in both(Coding::Gzip) {
            let mut text = String::new();
            let mut unpacked = flate2::read::GzDecoder::new(own.as_ref());
            std::io::Read::read_to_string(&mut unpacked, &mut text).unwrap();
            assert_eq!(text, plain);
            assert!(own.len() < plain.len() / 10, "{}", own.len());
        }
    }
}
