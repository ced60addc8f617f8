//! `hookpost serve`.
//!
//! Owns: its flags, and the lines on standard output by which people and service managers learn
//! that it is ready. Refuses: running anything; that is `app`.

use std::path::PathBuf;

use clap::Args;

use super::output;
use super::reach::reach;
use crate::app::{self, App, Hangup};
use crate::config::options::Options;
use crate::config::{Config, KeyEnvironment};
use crate::domain::time::format_duration;
use crate::net::outward_address;
use crate::service::people::SETUP_LINK_LASTS;
use crate::telemetry;

/// Run everything: API, dashboard, delivery
#[derive(Args)]
#[command(
    after_help = "Each option can also be a variable of the environment (HOOKPOST_…) or a key of \
                  the configuration file (listen, data_dir, allow_private = [\"10.0.0.0/8\"], …). \
                  A flag goes before a variable, a variable before the file; an empty variable is \
                  as good as none.\n\n\
                  TERM, INT and QUIT stop it, at once when sent twice. HUP has the files of wire \
                  profiles and the log level read again; certificates are noticed without it."
)]
pub(super) struct Serve {
    /// The configuration file [default: hookpost.toml in the data directory, if it exists]
    #[arg(long, env = "HOOKPOST_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let read = move || {
            let named = self.config.as_deref();
            Config::load(self.options.clone(), named, KeyEnvironment::read())
        };
        let config = read()?;
        telemetry::start(config.log, config.log_format);
        let hangup = Hangup::Reload(Box::new(read));
        app::run(&config, &hangup, async |app: &App| {
            output::say(format_args!("hookpost listening on {}", app.url()))?;
            let reach = reach(&config, app.url(), outward_address());
            if let Some(link) = app.service().setup_link(&reach.base).await? {
                output::say(format_args!(
                    "nobody can sign in yet; set the dashboard up within {}: {}",
                    format_duration(SETUP_LINK_LASTS),
                    link.url.expose()
                ))?;
            }
            if let Some(hint) = reach.hint {
                output::say(hint)?;
            }
            if app.is_paused() {
                output::say("sending is paused; `hookpost resume` lets it go on")?;
            }
            Ok(())
        })
    }
}
