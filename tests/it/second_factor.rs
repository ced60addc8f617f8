//! An authenticator app, as far as tests need one.

use hmac::{Hmac, KeyInit, Mac};
use hookpost::domain::secret::Secret;
use hookpost::domain::time::Timestamp;
use hookpost::service::Service;
use hookpost::service::people::Person;
use sha1::Sha1;

/// A phone that holds a person's seed.
pub struct App {
    seed: Vec<u8>,
    /// What the person wrote down.
    pub recovery: Vec<String>,
}

impl App {
    /// A phone into which a seed was typed, in base 32.
    pub fn of_base32(text: &str) -> Self {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let (mut seed, mut pending, mut bits) = (Vec::new(), 0_u32, 0);
        for digit in text.bytes() {
            let value = alphabet.iter().position(|known| *known == digit).unwrap();
            pending = pending << 5 | u32::try_from(value).unwrap();
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                seed.push((pending >> bits & 0xff) as u8);
            }
        }
        Self {
            seed,
            recovery: Vec::new(),
        }
    }

    /// Enrols a second factor for `person` and writes the recovery codes down.
    pub async fn enrol(service: &Service, person: &Person) -> Self {
        service.begin_enrolment(person).await.unwrap();
        let enrolment = service.enrolment(person).await.unwrap().unwrap();
        let mut app = Self::of_base32(enrolment.base32.expose());
        let code = Secret::new(app.code(service.clock().now()));
        let (_, recovery) = service.confirm_enrolment(person, code).await.unwrap();
        app.recovery = recovery
            .codes
            .iter()
            .map(|code| code.expose().to_owned())
            .collect();
        app
    }

    /// The code that the phone shows at `now` (RFC 6238).
    pub fn code(&self, now: Timestamp) -> String {
        let step = u64::try_from(now.unix_seconds()).unwrap() / 30;
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.seed).unwrap();
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let offset = usize::from(digest[19] & 15);
        let word = u32::from_be_bytes(digest[offset..offset + 4].try_into().unwrap());
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}
