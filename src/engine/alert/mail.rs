//! Mails on their way to the server.
//!
//! Owns: one step that hands over what is due, and when what was not taken is tried again. Refuses: waiting
//! for it anywhere else: deliveries and requests never do.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::engine::Shared;
use crate::net::{Mail, MailFailure, Mailer};
use crate::store::mails::WaitingMail;
use crate::store::{StoreError, WriteTx, deliveries, mails};
use crate::telemetry::metrics;

/// When a mail is tried again; after the last it is given up.
const MAIL_DELAYS: [Duration; 4] = [
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
];

/// Hands over the mails that are due. Answers when the next is.
pub(in crate::engine) async fn mail_due(
    shared: &Arc<Shared>,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(mailer) = &shared.parts.alerts.mailer else {
        return Ok(None);
    };
    let (store, now) = (&shared.parts.store, shared.now());
    for mail in store.read(move |conn| mails::due(conn, now)).await? {
        let taken = hand_over(mailer, &mail).await;
        let settled = move |tx: &mut WriteTx<'_>| settle(tx, &mail, taken);
        store.settle(settled).await?;
    }
    store.read(mails::next_due).await
}

async fn hand_over(mailer: &Mailer, waiting: &WaitingMail) -> Result<(), MailFailure> {
    let mail = Mail {
        to: &waiting.recipient,
        subject: &waiting.subject,
        text: &waiting.body,
    };
    mailer.send(&mail).await
}

fn settle(
    tx: &mut WriteTx<'_>,
    mail: &WaitingMail,
    taken: Result<(), MailFailure>,
) -> Result<(), StoreError> {
    let now = tx.now();
    let failure = match taken {
        Ok(()) => {
            if let Some(about) = mail.about {
                deliveries::set_alert(tx, about, Ok(now))?;
            }
            return mails::delete(tx, mail.seq);
        }
        Err(failure) => failure,
    };
    let next = MAIL_DELAYS.get(mail.tries as usize);
    if let Some(delay) = next.filter(|_| !failure.is_final) {
        tracing::warn!(error = failure.message, "a mail is tried again later");
        return mails::put_off(tx, mail.seq, mail.tries + 1, now.after(*delay));
    }
    tracing::warn!(error = failure.message, "a mail was given up");
    metrics::alert_failed();
    if let Some(about) = mail.about {
        deliveries::set_alert(tx, about, Err(&failure.message))?;
    }
    mails::delete(tx, mail.seq)
}
