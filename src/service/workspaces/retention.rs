//! How long a workspace keeps its history.
//!
//! Owns: the bounds of what is said about it. Refuses: removing anything (`housekeeping`).

use std::time::Duration;

use crate::domain::time::parse_duration;
use crate::domain::workspace::Retention;
use crate::service::Refusal;

/// The shortest that history may be kept.
pub const RETENTION_MIN: Duration = Duration::from_secs(3600);
/// The most deliveries of each webhook that may be kept whatever their age.
pub const KEEP_LATEST_MAX: u32 = 100_000;

/// How long history is kept, as a caller gives it.
#[derive(Clone, Debug, Default)]
pub struct RetentionInput {
    /// Delivered and canceled deliveries, as a duration.
    pub delivered: Option<Option<String>>,
    /// Dead letters, as a duration.
    pub exhausted: Option<Option<String>>,
    /// So many of the newest of each webhook, whatever their age.
    pub keep_latest: Option<Option<i64>>,
}

pub(super) fn apply_retention(
    base: Retention,
    input: &RetentionInput,
) -> Result<Retention, Refusal> {
    let duration = |field: &str, given: &Option<Option<String>>, base| match given {
        None => Ok(base),
        Some(None) => Ok(None),
        Some(Some(text)) => parse_duration(text)
            .and_then(|duration| {
                if duration < RETENTION_MIN {
                    return Err("must be at least 1h".to_owned());
                }
                Ok(Some(duration))
            })
            .map_err(|message| Refusal::field(format!("retention.{field}"), message)),
    };
    let keep_latest = match input.keep_latest {
        None => base.keep_latest,
        Some(None) => None,
        Some(Some(count)) => {
            let count = u32::try_from(count).ok();
            let count = count.filter(|count| *count <= KEEP_LATEST_MAX);
            Some(count.ok_or_else(|| {
                let message = format!("must lie between 0 and {KEEP_LATEST_MAX}");
                Refusal::field("retention.keep_latest", message)
            })?)
        }
    };
    Ok(Retention {
        delivered: duration("delivered", &input.delivered, base.delivered)?,
        exhausted: duration("exhausted", &input.exhausted, base.exhausted)?,
        keep_latest,
        keep_data: base.keep_data,
    })
}
