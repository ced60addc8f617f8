//! The instance as a whole at the command line: its backup, its sending.

use std::path::PathBuf;

use super::AdminAnswer;
use crate::engine::Paused;
use crate::service::{Actor, Refusal, Service};
use crate::store::backup;

/// Copies the running database to `file`, on a thread where that may take its time.
pub(super) async fn back_up(service: &Service, file: PathBuf) -> Result<AdminAnswer, Refusal> {
    let store = service.store().clone();
    let written = tokio::task::spawn_blocking(move || backup::write(&store, &file)).await;
    match written {
        Ok(Ok(report)) => Ok(AdminAnswer::BackedUp {
            bytes: report.bytes,
        }),
        // What the operator did not expect about a file is for the operator.
        Ok(Err(error)) => Err(Refusal::Conflict(error.to_string())),
        Err(_) => Err(Refusal::Internal("the backup was abandoned".to_owned())),
    }
}

pub(super) async fn set_sending(service: &Service, paused: Paused) -> Result<AdminAnswer, Refusal> {
    service.set_sending(&Actor::Cli, paused).await?;
    Ok(AdminAnswer::Done)
}

pub(super) async fn health(service: &Service) -> Result<AdminAnswer, Refusal> {
    let engine = service.check_ready().await?;
    Ok(AdminAnswer::Healthy {
        paused: engine.paused,
    })
}
