//! What is said of a plan, made or not.
//!
//! Owns: its lines for people, its JSON for scripts. Refuses: leaving out what was made before a refusal:
//! a new webhook's secret is told here and nowhere else.

use serde_json::{Value, json};

use super::change::Change;
use super::plan::NotCompared;
use crate::cli::output::{counted, say, visible};
use crate::cli::rest::{Api, OutputForm};

/// What came of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApplyOutcome {
    /// All of it was made.
    Applied,
    /// None of it was to be made.
    Dry,
    /// One change was refused; those before it were made.
    Refused,
}

pub(super) fn tell(
    api: &Api,
    changes: &[Change],
    not_compared: &[NotCompared],
    outcome: ApplyOutcome,
) -> anyhow::Result<()> {
    if api.form() == OutputForm::Json {
        let changes: Vec<Value> = changes.iter().map(Change::to_json).collect();
        let not_compared: Vec<Value> = not_compared.iter().map(NotCompared::to_json).collect();
        return Ok(say(json!({
            "applied": outcome == ApplyOutcome::Applied,
            "changes": changes,
            "not_compared": not_compared,
        }))?);
    }
    for change in changes {
        tell_change(change)?;
    }
    for one in not_compared {
        let (kind, name, fields) = (one.kind, &one.name, one.fields.join(", "));
        let told = format!("? {kind} {name}: not compared, for they do not read back: {fields}");
        say(visible(&told))?;
    }
    if !not_compared.is_empty() {
        say("  --send-sealed sends them, whatever is there")?;
    }
    let count = match (changes.len(), outcome) {
        (0, _) => "nothing to change".to_owned(),
        (count, _) => counted(count as u64, "change", "changes"),
    };
    match (changes.len(), outcome) {
        (0, _) | (_, ApplyOutcome::Applied) => say(count)?,
        (_, ApplyOutcome::Dry) => say(format_args!("{count}; nothing was changed: --dry-run"))?,
        (_, ApplyOutcome::Refused) => say(format_args!("{count} made before a refusal"))?,
    }
    Ok(())
}

fn tell_change(change: &Change) -> anyhow::Result<()> {
    let (sign, called) = (change.deed.sign(), change.called());
    say(format_args!("{sign} {}", visible(&called)))?;
    for field in &change.fields {
        say(format_args!("    {}", visible(&change.told(field))))?;
    }
    if let Some(secret) = &change.secret {
        say(format_args!("    secret {}", visible(secret)))?;
    }
    Ok(())
}
