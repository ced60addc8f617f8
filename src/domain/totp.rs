//! The second factor: six digits that change every 30 seconds (RFC 6238).
//!
//! Owns: seeds, checking a code against the step last used, and the picture by which an
//! authenticator app learns a seed. Refuses: storing the last step (the caller does, in the same
//! transaction that grants access) and counting tries (that is `throttle`).
//!
//! # Why SHA-1, six digits, 30 seconds
//! Authenticator apps ignore any other parameters in silence and then show wrong codes.
//!
//! # Why the picture is drawn here
//! A seed handed to somebody else's service to draw would no longer be a secret, and the pages
//! allow no foreign script. One SVG path needs neither.

use std::fmt;
use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};
use totp_rs::{Builder, Totp};
use zeroize::{Zeroize, Zeroizing};

use super::secret::Secret;
use super::time::Timestamp;

/// How long one code lasts, in seconds.
pub const STEP_SECONDS: u64 = 30;

/// How many steps a phone's clock may be off, either way.
const SKEW_STEPS: u16 = 1;
/// The white margin that scanners need, in modules (ISO/IEC 18004).
const QUIET_MODULES: i32 = 4;
/// The most characters of an account's name in the picture; longer ones are cut.
const ACCOUNT_CHARS_MAX: usize = 128;
const ISSUER: &str = "hookpost";

/// The secret that a person's authenticator app and hookpost share: 160 bits.
#[derive(Clone)]
pub struct TotpSeed(Zeroizing<[u8; 20]>);

impl TotpSeed {
    /// A seed from bytes that nobody can guess, or as the store unsealed it.
    #[must_use]
    pub fn new(mut bytes: [u8; 20]) -> Self {
        let seed = Self(Zeroizing::new(bytes));
        bytes.zeroize();
        seed
    }

    /// A seed as the store unsealed it; `None` if its length is not 20 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }

    /// The bytes, for sealing.
    #[must_use]
    pub fn expose(&self) -> &[u8; 20] {
        &self.0
    }

    /// The seed in base 32, for people who type it into their app.
    #[must_use]
    pub fn base32(&self) -> Secret {
        Secret::new(self.totp("").secret().to_base32())
    }

    /// The address that authenticator apps understand, `otpauth://totp/…`. Holds the seed.
    #[must_use]
    pub fn uri(&self, account: &str) -> Secret {
        let uri = self.totp(&displayable(account)).to_url();
        Secret::new(uri.expect("a displayable account name is never empty and holds no colon"))
    }

    /// The address as a QR code: an SVG of one path, black on white in light and dark pages alike,
    /// without styles or scripts. Holds the seed.
    #[must_use]
    pub fn qr_svg(&self, account: &str) -> Secret {
        let code = QrCode::encode_text(self.uri(account).expose(), QrCodeEcc::Medium)
            .expect("an address of a few hundred characters fits a QR code");
        Secret::new(svg(&code))
    }

    fn totp(&self, account: &str) -> Totp {
        Builder::new()
            .with_secret(totp_rs::Secret::new_stack(*self.0))
            .with_skew(SKEW_STEPS)
            .with_step_duration(STEP_SECONDS)
            .with_issuer(Some(ISSUER))
            .with_account_name(account)
            .build_noncompliant()
    }
}

impl fmt::Debug for TotpSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Checks a code, spaces in it passed over, and says which step it belongs to. A step that is not
/// later than `last_step` is refused: each code opens once, and whoever reads one over a shoulder
/// comes too late. The caller stores the step before it grants anything.
#[must_use]
pub fn verify(seed: &TotpSeed, code: &str, now: Timestamp, last_step: Option<u64>) -> Option<u64> {
    let digits: Zeroizing<String> = Zeroizing::new(code.chars().filter(|c| *c != ' ').collect());
    let seconds = u64::try_from(now.unix_seconds()).expect("timestamps start at the epoch");
    let step = seed.totp("").check(&digits, seconds)?;
    last_step.is_none_or(|last| step > last).then_some(step)
}

/// A colon would end the issuer's name in the app, and control characters have no place in either.
fn displayable(account: &str) -> String {
    let name: String = account
        .chars()
        .filter(|c| *c != ':' && !c.is_control())
        .take(ACCOUNT_CHARS_MAX)
        .collect();
    if name.is_empty() {
        return ISSUER.to_owned();
    }
    name
}

fn svg(code: &QrCode) -> String {
    let side = code.size() + 2 * QUIET_MODULES;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size())
                .take_while(|x| code.get_module(*x, y))
                .count() as i32;
            if run > 0 {
                let (left, top) = (x + QUIET_MODULES, y + QUIET_MODULES);
                write!(path, "M{left} {top}h{run}v1h-{run}z").expect("strings take every write");
            }
            x += run.max(1);
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" \
         aria-label=\"QR code for your authenticator app\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/>\
         <path fill=\"#000\" d=\"{path}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The key of RFC 6238, appendix B.
    fn seed() -> TotpSeed {
        TotpSeed::new(*b"12345678901234567890")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn code(step: u64) -> String {
        seed().totp("").generate(step * STEP_SECONDS).to_string()
    }

    #[test]
    fn the_published_codes_are_accepted() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let step = u64::try_from(seconds).unwrap() / STEP_SECONDS;
            assert_eq!(verify(&seed(), code, at(seconds), None), Some(step));
        }
        assert_eq!(verify(&seed(), " 287 082 ", at(59), None), Some(1));
    }

    #[test]
    fn codes_of_another_form_are_refused() {
        for code in [
            "", "28708", "0287082", "+87082", "28708２", "94287082", "287083",
        ] {
            assert_eq!(verify(&seed(), code, at(59), None), None, "{code:?}");
        }
    }

    #[test]
    fn a_code_opens_once_and_an_older_one_never_after() {
        let now = at(1000 * 30);
        assert_eq!(verify(&seed(), &code(1000), now, None), Some(1000));
        assert_eq!(verify(&seed(), &code(1000), now, Some(1000)), None);
        assert_eq!(verify(&seed(), &code(999), now, Some(1000)), None);
        assert_eq!(verify(&seed(), &code(1001), now, Some(1000)), Some(1001));
    }

    proptest! {
        #[test]
        fn a_code_holds_one_step_either_way_and_no_longer(step in 10..100_000_000_u64, off in -5..=5_i64, within in 0..30_i64) {
            let code = code(step);
            let drifted = i64::try_from(step).unwrap() + off;
            let near: Vec<String> = (drifted - 1..=drifted + 1)
                .map(|near| self::code(u64::try_from(near).unwrap()))
                .collect();
            let accepted = verify(&seed(), &code, at(drifted * 30 + within), None).is_some();
            prop_assert_eq!(accepted, near.contains(&code));
            prop_assert!(off.abs() > 1 || accepted);
        }

        #[test]
        fn steps_only_ever_grow(last in 0..2000_u64, step in 900..1100_u64) {
            let now = at(1000 * 30);
            if let Some(used) = verify(&seed(), &code(step), now, Some(last)) {
                prop_assert!(used > last && used.abs_diff(1000) <= 1);
            }
        }
    }

    #[test]
    fn the_address_names_issuer_and_account_and_escapes_both() {
        let uri = seed().uri("ada&x=1:@example.com");
        assert_eq!(
            uri.expose(),
            "otpauth://totp/hookpost:ada%26x%3D1%40example.com?\
             secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=hookpost"
        );
        assert_eq!(seed().base32().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let hostile = seed().uri(&"\u{7}:".repeat(5000));
        assert!(
            hostile
                .expose()
                .starts_with("otpauth://totp/hookpost:hookpost?")
        );
        assert!(seed().uri(&"界".repeat(5000)).expose().len() < 2000);
    }

    /// Draws the second path of the picture back into rows of modules.
    fn modules(svg: &str) -> Vec<(i32, i32)> {
        let path = svg
            .rsplit_once("d=\"M")
            .unwrap()
            .1
            .split_once('"')
            .unwrap()
            .0;
        let mut dark = Vec::new();
        for run in path.split('M') {
            let (at, run) = run.split_once('h').unwrap();
            let (left, top) = at.split_once(' ').unwrap();
            let (left, top): (i32, i32) = (left.parse().unwrap(), top.parse().unwrap());
            let length: i32 = run.split_once('v').unwrap().0.parse().unwrap();
            dark.extend((left..left + length).map(|x| (x - QUIET_MODULES, top - QUIET_MODULES)));
        }
        dark
    }

    #[test]
    fn the_picture_shows_every_module_of_the_code_and_no_style() {
        for account in ["ada@example.com", &"界".repeat(5000)] {
            let svg = seed().qr_svg(account);
            let dark = modules(svg.expose());
            let code =
                QrCode::encode_text(seed().uri(account).expose(), QrCodeEcc::Medium).unwrap();
            for (x, y) in (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y))) {
                assert_eq!(dark.contains(&(x, y)), code.get_module(x, y), "{x} {y}");
            }
            let side = code.size() + 8;
            assert!(
                svg.expose()
                    .contains(&format!("viewBox=\"0 0 {side} {side}\""))
            );
            assert!(!svg.expose().contains("style") && svg.expose().len() < 100_000);
        }
    }
}
