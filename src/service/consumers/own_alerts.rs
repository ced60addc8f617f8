//! Where a customer of the platform wants to be told that its webhooks need it.
//!
//! Owns: reading and changing that for whoever is bound to a consumer. Refuses: everything else that is
//! said of a consumer, which is the platform's ([`super`]).

use super::{ConsumerInput, change, check, found};
use crate::domain::consumer::Consumer;
use crate::service::{Caller, Refusal, Service};
use crate::store::WriteTx;

/// Where a customer is told; `None` is nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnAlerts {
    /// The address that alerts are posted to.
    pub url: Option<String>,
    /// The address that they are mailed to.
    pub email: Option<String>,
}

impl Service {
    /// Where the caller's consumer is told.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where the caller is bound to none.
    pub async fn own_alerts(&self, caller: &Caller) -> Result<OwnAlerts, Refusal> {
        let named = own_name(caller)?;
        Ok(alerts_of(&self.consumer(caller, &named).await?))
    }

    /// Says where the caller's consumer is to be told from now on.
    ///
    /// # Errors
    /// The fields at fault; [`Refusal::NotFound`] where the caller is bound to no consumer.
    pub async fn set_own_alerts(
        &self,
        caller: &Caller,
        alerts: OwnAlerts,
    ) -> Result<OwnAlerts, Refusal> {
        let named = own_name(caller)?;
        let mut input = ConsumerInput {
            alert_url: Some(alerts.url),
            alert_email: Some(alerts.email),
            ..ConsumerInput::default()
        };
        if let Some(Some(url)) = &mut input.alert_url {
            *url = self.check_url(caller, "alert_url", url).await?;
        }
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let known = found(tx, &caller, &named)?;
            let settings = check(&input, known.settings.clone())?.settings;
            Ok(alerts_of(&change(
                tx,
                &caller,
                &known,
                known.uid.as_ref(),
                &settings,
            )?))
        };
        self.store().write(work).await
    }
}

fn own_name(caller: &Caller) -> Result<String, Refusal> {
    let own = caller.consumer.ok_or(Refusal::NotFound("consumer"))?;
    Ok(own.to_string())
}

fn alerts_of(consumer: &Consumer) -> OwnAlerts {
    OwnAlerts {
        url: consumer.settings.alert_url.clone(),
        email: consumer.settings.alert_email.clone(),
    }
}
