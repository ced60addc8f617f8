//! Sealing: one value, made unreadable and bound to its place.
//!
//! Owns: the form of a sealed value. Refuses: where keys come from (`vault`).
//!
//! # What a sealed value is
//! One version byte, a random 24-byte nonce, then XChaCha20-Poly1305. Table, column and row are
//! bound in as associated data, so a sealed value that is copied to another row, say from a webhook
//! that one can read to one that one cannot, does not open there. Random nonces of 24 bytes never
//! repeat in practice, so no counter has to survive a crash or a restored backup.

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use zeroize::Zeroizing;

use crate::entropy;

const VERSION: u8 = 1;
const NONCE_LEN: usize = 24;

/// Where a sealed value lives. It opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The table's name.
    pub table: &'static str,
    /// The column's name.
    pub column: &'static str,
    /// The row's number.
    pub row: i64,
}

impl Place {
    /// Lengths come before names, so that no two places ever spell the same bytes.
    fn associated(self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for name in [self.table, self.column] {
            bytes.extend((name.len() as u64).to_le_bytes());
            bytes.extend(name.as_bytes());
        }
        bytes.extend(self.row.to_le_bytes());
        bytes
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}, row {}", self.table, self.column, self.row)
    }
}

/// A key, ready to seal and unseal.
pub(super) struct Sealer(XChaCha20Poly1305);

impl Sealer {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    pub(super) fn seal(&self, place: Place, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = entropy::bytes();
        let payload = Payload {
            msg: plain,
            aad: &place.associated(),
        };
        let ciphertext = self
            .0
            .encrypt(&nonce.into(), payload)
            .expect("sealing fails only beyond 256 GiB");
        [&[VERSION], nonce.as_slice(), &ciphertext].concat()
    }

    pub(super) fn unseal(&self, place: Place, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
        if *version != VERSION {
            return None;
        }
        let payload = Payload {
            msg: ciphertext,
            aad: &place.associated(),
        };
        let plain = self.0.decrypt(nonce.into(), payload).ok()?;
        Some(Zeroizing::new(plain))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: Place = Place {
        table: "webhooks",
        column: "secret",
        row: 7,
    };

    #[test]
    fn a_sealed_value_opens_in_its_place_only() {
        let sealer = Sealer::new(&[1; 32]);
        let sealed = sealer.seal(PLACE, b"whsec_abc");
        assert_eq!(sealed.len(), 9 + 41);
        assert_eq!(*sealer.unseal(PLACE, &sealed).unwrap(), b"whsec_abc");
        assert_ne!(sealer.seal(PLACE, b"whsec_abc"), sealed);
        for place in [
            Place { row: 8, ..PLACE },
            Place {
                column: "headers",
                ..PLACE
            },
            Place {
                table: "users",
                ..PLACE
            },
            Place {
                table: "webhook",
                column: "ssecret",
                ..PLACE
            },
        ] {
            assert!(sealer.unseal(place, &sealed).is_none(), "{place}");
        }
        assert!(Sealer::new(&[2; 32]).unseal(PLACE, &sealed).is_none());
    }

    proptest! {
        #[test]
        fn one_flipped_bit_or_a_cut_spoils_a_sealed_value(plain: Vec<u8>, place: prop::sample::Index, bit in 0..8_u8) {
            let sealer = Sealer::new(&[1; 32]);
            let sealed = sealer.seal(PLACE, &plain);
            prop_assert_eq!(&*sealer.unseal(PLACE, &sealed).unwrap(), &plain);
            let place = place.index(sealed.len());
            let mut altered = sealed.clone();
            altered[place] ^= 1 << bit;
            prop_assert!(sealer.unseal(PLACE, &altered).is_none());
            prop_assert!(sealer.unseal(PLACE, &sealed[..place]).is_none());
        }
    }
}
