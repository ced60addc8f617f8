//! Workspaces: tenants, their plan and how long their history is kept.
//!
//! Owns: the parsed workspace and the bounds of its settings. Refuses: deciding who may act in one.

use std::time::Duration;

use super::alert::AlertForm;
use super::branding::PortalSettings;
use super::id::WorkspaceId;
use super::keep_data::KeepData;
use super::time::Timestamp;

/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// How long delivered history is kept unless the workspace says otherwise.
pub const RETAIN_DELIVERED: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long dead letters are kept unless the workspace says otherwise.
pub const RETAIN_EXHAUSTED: Duration = Duration::from_secs(90 * 24 * 3600);

/// What a workspace has paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Publishing and polling, no webhooks.
    Free,
    /// Everything.
    Pro,
    /// Everything.
    Enterprise,
}

impl Plan {
    /// Every plan.
    pub const ALL: [Self; 3] = [Self::Free, Self::Pro, Self::Enterprise];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Enterprise => "enterprise",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == word)
    }

    /// Whether webhooks may be registered.
    #[must_use]
    pub fn has_webhooks(self) -> bool {
        match self {
            Self::Free => false,
            Self::Pro | Self::Enterprise => true,
        }
    }
}

/// How long history is kept; `None` takes the instance's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// For delivered and canceled deliveries.
    pub delivered: Option<Duration>,
    /// For dead letters.
    pub exhausted: Option<Duration>,
    /// So many of the newest deliveries of each webhook stay, whatever their age.
    pub keep_latest: Option<u32>,
    /// How long the data of events is kept.
    pub keep_data: KeepData,
}

/// What a workspace begins with.
#[derive(Clone, Copy, Debug)]
pub struct NewWorkspace<'a> {
    /// Its name, which nobody else has.
    pub name: &'a str,
    /// What it has paid for.
    pub plan: Plan,
    /// The wire profile of new webhooks.
    pub profile: &'a str,
    /// Whether unknown event types are refused.
    pub strict_event_types: bool,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name, unique in the instance.
    pub name: String,
    /// What it has paid for.
    pub plan: Plan,
    /// The wire profile of new webhooks.
    pub profile: String,
    /// Whether unknown event types are refused.
    pub strict_event_types: bool,
    /// Whether webhooks that say nothing send headers under their second names as well.
    pub aliases: bool,
    /// Where alerts go.
    pub alert_url: Option<String>,
    /// How they look there; `None` is what the URL takes.
    pub alert_form: Option<AlertForm>,
    /// Who is told of them by mail.
    pub alert_emails: Vec<String>,
    /// The hidden webhook that carries them.
    pub alert_webhook_seq: Option<i64>,
    /// How long history is kept.
    pub retention: Retention,
    /// What its customers' pages look like, and who may frame them.
    pub portal: PortalSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
