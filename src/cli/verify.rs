//! `hookpost verify`: whether a captured delivery is genuine, and if not, why.
//!
//! Owns: reading what was captured. Refuses: judging it; that is `domain::signing`, as receivers do.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;

use super::{output, profiles};
use crate::cli::input::InputSource;
use crate::clock::Clock;
use crate::domain::secret::Secret;
use crate::domain::signing::TOLERANCE_DEFAULT;
use crate::domain::time::{Timestamp, parse_duration};

/// The most bytes of a body that are read: 16 MiB, more than any delivery has.
const BODY_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Say whether a captured delivery is genuine, and if not, why
#[derive(Args)]
#[command(
    after_help = "The body is read from standard input unless --body-file names a file; give it \
                  byte for byte as it arrived.\nExit code 0: genuine. 1: not, or it could not be told."
)]
pub(super) struct Verify {
    /// The wire profile: a built-in one's name, or the path of a profile's file
    #[arg(long, value_name = "PROFILE", default_value = "standard")]
    profile: String,
    /// The webhook's secret
    #[arg(long, env = "HOOKPOST_SECRET", hide_env_values = true)]
    secret: String,
    /// A header as it arrived; may be given more than once
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// The file that holds the body
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// How far the signed time may lie from the present, where the profile signs a time; unlimited if
    /// absent, because what was captured may be old
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    tolerance: Option<Duration>,
    /// The time to take as the present, such as 2026-03-16T10:05:00Z
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    at: Option<Timestamp>,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let profile = profiles::find(&self.profile)?;
        let body = self.body()?;
        let now = self.at.unwrap_or_else(|| Clock::System.now());
        let secret = Secret::new(self.secret);
        let tolerance = self.tolerance.unwrap_or(Duration::MAX);
        let verified = profile.verify(&secret, &self.headers, &body, now, tolerance);
        let signed_at = verified.map_err(|why| anyhow!("not genuine: {why}"))?;
        let name = profile.name();
        output::say(format_args!(
            "genuine: the {name} signature fits the secret and the whole body of {}",
            output::counted(body.len(), "byte", "bytes")
        ))?;
        if let Some(at) = signed_at.filter(|at| at.apart(now) > TOLERANCE_DEFAULT) {
            output::say(format_args!(
                "signed at {at}: receivers refuse it now, because that is more than {} s away",
                TOLERANCE_DEFAULT.as_secs()
            ))?;
        }
        Ok(())
    }

    fn body(&self) -> anyhow::Result<Vec<u8>> {
        InputSource::named(self.body_file.as_deref()).bytes(BODY_BYTES_MAX)
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("must look like 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
