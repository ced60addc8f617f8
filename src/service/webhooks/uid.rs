//! What a platform calls a webhook of one of its consumers.
//!
//! Owns: that a name is unique with its consumer, and that only a consumer's webhook has one, or an
//! operational one. Refuses:
//! finding a webhook by it (`service::owned`).

use super::WebhookInput;
use super::operational::check_name;
use crate::domain::id::WebhookId;
use crate::domain::own_name::own_name;
use crate::domain::webhook::Transport;
use crate::service::{Caller, Refusal};
use crate::store::{WriteTx, webhooks};

/// Names a webhook as the caller says, if the caller says anything of its name.
///
/// # Errors
/// [`Refusal::Invalid`]; [`Refusal::Conflict`] where another webhook of its consumer has the name.
pub(super) fn name(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
    transport: Transport,
    consumer_seq: Option<i64>,
    input: &WebhookInput,
) -> Result<(), Refusal> {
    let Some(said) = &input.uid else {
        return Ok(());
    };
    let refuse = |message: String| Refusal::field("uid", message);
    let uid = said.as_deref().map(|text| own_name(text, None));
    let uid = uid.transpose().map_err(refuse)?;
    match (&uid, transport) {
        (Some(uid), Transport::Operational) => check_name(tx, caller, id, uid)?,
        (Some(_), Transport::Push | Transport::Poll) if consumer_seq.is_none() => {
            return Err(refuse("is for webhooks of a consumer".to_owned()));
        }
        (Some(_), Transport::Push | Transport::Poll) | (None, _) => {}
    }
    match webhooks::set_uid(tx, id.seq(), uid.as_deref())? {
        true => Ok(()),
        false => Err(Refusal::Conflict(format!(
            "there is a webhook called {} already",
            uid.as_deref().unwrap_or_default()
        ))),
    }
}
