//! What an attempt needs to know of a webhook, prepared once and used until the webhook changes.
//!
//! Owns: reading a webhook's settings and secrets into ready-made headers and keys. Refuses:
//! caching beyond the lane that holds it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::own_tls::LazyTls;
use crate::domain::authorization::WebhookAuth;
use crate::domain::batch::BatchPolicy;
use crate::domain::breaker::DisabledReason;
use crate::domain::oauth2::TokenClient;
use crate::domain::order::DeliveryOrder;
use crate::domain::profile::Profile;
use crate::domain::retry::RetryPolicy;
use crate::domain::secret::Secret;
use crate::domain::shape::SendMethod;
use crate::domain::signing::SigningKey;
use crate::domain::template::TextTemplate;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Via, Webhook, WebhookKind, WebhookState};
use crate::net::{Guard, TargetUrl, UrlRefusal};
use crate::store::{Read, Store, StoreError, secrets, webhooks};

/// Whether something stored of a webhook is damaged: its row, which then reads as disabled for that, or
/// one of its `live` secrets.
pub(super) fn is_corrupt<T>(webhook: &Webhook, live: &Result<T, StoreError>) -> bool {
    matches!(live, Err(StoreError::Damaged(_)))
        || webhook.state.disabled_reason() == Some(DisabledReason::Corrupt)
}

/// A webhook, ready to be delivered to.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) workspace_seq: i64,
    pub(super) kind: WebhookKind,
    /// Whether the receiver took what it was sent last.
    pub(super) answered_last: bool,
    pub(super) method: Method,
    pub(super) url: String,
    /// That, once it was read and found allowed.
    address: OnceLock<TargetUrl>,
    pub(super) open: bool,
    /// What is stored of it is damaged, so that nothing can be sent.
    pub(super) is_corrupt: bool,
    pub(super) ordered: bool,
    /// Whether deliveries with the same key keep their order.
    pub(super) is_keyed: bool,
    /// When deliveries go out together.
    pub(super) batch: Option<BatchPolicy>,
    pub(super) max_in_flight: u32,
    pub(super) rate_limit: Option<f64>,
    /// The rate that it shares with all webhooks of its consumer.
    pub(super) shared_rate: Option<SharedRate>,
    pub(super) timeout: Duration,
    pub(super) retry: RetryPolicy,
    pub(super) custom_headers: HeaderMap,
    /// Headers whose values are filled in for each event.
    pub(super) templated: Vec<(HeaderName, TextTemplate)>,
    /// What fetches the token that goes with every request.
    pub(super) oauth2: Option<Arc<TokenClient>>,
    /// TLS of its own.
    pub(super) tls: Option<Arc<LazyTls>>,
    /// By which way its requests leave.
    pub(super) via: Via,
    pub(super) sends_aliases: bool,
    /// Names of custom headers whose values are masked in the history.
    pub(super) masked: Vec<HeaderName>,
    profile_seq: i64,
    keys: Vec<PreparedKey>,
}

/// A rate over all webhooks of a consumer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SharedRate {
    pub(super) consumer_seq: i64,
    /// Deliveries per second, at most.
    pub(super) per_second: f64,
}

fn shared_rate_of(webhook: &Webhook) -> Option<SharedRate> {
    Some(SharedRate {
        consumer_seq: webhook.consumer?.seq(),
        per_second: webhook.consumer_rate_limit?,
    })
}

/// The proof's header; one that is fetched first takes the place of what stands here.
fn proof_header(auth: &WebhookAuth) -> Option<HeaderValue> {
    let mut value = match (auth.header_value(), auth) {
        (Some(value), _) => HeaderValue::from_str(value.expose()).ok()?,
        (None, WebhookAuth::OAuth2(_)) => HeaderValue::from_static(""),
        (None, _) => return None,
    };
    value.set_sensitive(true);
    Some(value)
}

fn token_client(auth: &WebhookAuth) -> Option<Arc<TokenClient>> {
    match auth {
        WebhookAuth::OAuth2(client) => Some(Arc::new(TokenClient::clone(client))),
        WebhookAuth::Basic { .. } | WebhookAuth::Bearer { .. } | WebhookAuth::Mtls(_) => None,
    }
}

/// A live secret with its key for the webhook's present profile.
#[derive(Debug)]
struct PreparedKey {
    secret: Secret,
    key: Option<SigningKey>,
    expires_at: Option<Timestamp>,
}

impl Target {
    /// Goes on with the TLS that an earlier reading made, if it is made of the same: its connections
    /// and sessions serve on.
    pub(super) fn keep_tls_of(&mut self, earlier: &Self) {
        if let (Some(own), Some(made)) = (&mut self.tls, &earlier.tls)
            && own.is_same(made)
        {
            *own = Arc::clone(made);
        }
    }

    /// Reads the webhook in row `seq`; `None` where it no longer exists.
    pub(super) fn load(
        store: &Store,
        conn: &Read<'_>,
        seq: i64,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let Some(webhook) = webhooks::find(conn, store.vault(), seq, now)? else {
            return Ok(None);
        };
        let profile = store.profile(conn, webhook.profile.seq)?;
        let live = secrets::live(conn, store.vault(), seq, now);
        let is_corrupt = is_corrupt(&webhook, &live);
        let live = match live {
            Err(StoreError::Damaged(what)) => {
                tracing::error!(what, webhook = %webhook.id, "a signing secret is corrupt");
                Vec::new()
            }
            // Nothing is signed with what is left of it.
            live => live?.into_iter().filter(|_| !is_corrupt).collect(),
        };
        let keys = live.into_iter().map(|live| PreparedKey {
            key: profile.signing_key(&live.secret).ok(),
            secret: live.secret,
            expires_at: live.expires_at,
        });
        let target = Self::new(&webhook, keys.collect());
        Ok(Some(Self {
            open: target.open && !is_corrupt,
            is_corrupt,
            ..target
        }))
    }

    fn new(webhook: &Webhook, keys: Vec<PreparedKey>) -> Self {
        let settings = &webhook.settings;
        let mut custom_headers = HeaderMap::with_capacity(settings.headers.len());
        let mut masked = Vec::new();
        let mut templated = Vec::new();
        for header in &settings.headers {
            let Ok(name) = HeaderName::from_bytes(header.name().as_bytes()) else {
                continue;
            };
            if header.is_credential() {
                masked.push(name.clone());
            }
            if let Ok(Some(template)) = TextTemplate::parse(header.value().expose()) {
                templated.push((name, template));
                continue;
            }
            let Ok(mut value) = HeaderValue::from_str(header.value().expose()) else {
                continue;
            };
            value.set_sensitive(header.is_credential());
            custom_headers.append(name, value);
        }
        if let Some(value) = settings.auth.as_ref().and_then(proof_header) {
            masked.push(AUTHORIZATION);
            custom_headers.insert(AUTHORIZATION, value);
        }
        let health = &webhook.health;
        Self {
            workspace_seq: webhook.workspace.seq(),
            kind: webhook.kind,
            answered_last: health.consecutive_failures == 0 && health.last_success_at.is_some(),
            method: match settings.method {
                SendMethod::Post => Method::POST,
                SendMethod::Put => Method::PUT,
                SendMethod::Patch => Method::PATCH,
            },
            url: settings.url.clone(),
            address: OnceLock::new(),
            open: webhook.state == WebhookState::Active && webhook.deleted_at.is_none(),
            is_corrupt: false,
            ordered: settings.order == DeliveryOrder::Whole,
            is_keyed: settings.order.by().is_some(),
            batch: settings.batch,
            max_in_flight: settings.max_in_flight.max(1),
            rate_limit: settings.rate_limit,
            shared_rate: shared_rate_of(webhook),
            timeout: settings.timeout,
            retry: settings.retry.clone(),
            custom_headers,
            templated,
            oauth2: settings.auth.as_ref().and_then(token_client),
            tls: LazyTls::of(settings).map(Arc::new),
            via: settings.via,
            sends_aliases: webhook.sends_aliases,
            masked,
            profile_seq: webhook.profile.seq,
            keys,
        }
    }

    /// Where its requests go. Reading a URL takes as long as signing; its address is judged with each of
    /// them all the same, by the client.
    ///
    /// # Errors
    /// The first rule that the URL breaks.
    pub(super) fn address(&self, guard: &Guard) -> Result<&TargetUrl, UrlRefusal> {
        if let Some(address) = self.address.get() {
            return Ok(address);
        }
        let address = guard.check_url(&self.url)?;
        Ok(self.address.get_or_init(|| address))
    }

    /// The keys that are live at `now`, newest first. A delivery that began with another version of
    /// the profile may need them in another form.
    pub(super) fn keys_for(
        &self,
        profile: &Arc<Profile>,
        profile_seq: i64,
        now: Timestamp,
    ) -> Vec<SigningKey> {
        let live = |key: &&PreparedKey| key.expires_at.is_none_or(|expires_at| expires_at > now);
        self.keys
            .iter()
            .filter(live)
            .filter_map(|prepared| {
                if profile_seq == self.profile_seq {
                    prepared.key.clone()
                } else {
                    profile.signing_key(&prepared.secret).ok()
                }
            })
            .collect()
    }
}

#[cfg(test)]
impl Target {
    /// A target for tests of the lanes: nothing of it is ever sent. Its receiver has answered before.
    pub(super) fn sample(max_in_flight: u32) -> Self {
        Self {
            workspace_seq: 1,
            kind: WebhookKind::Registered,
            answered_last: true,
            method: Method::POST,
            url: "https://receiver.example/".to_owned(),
            address: OnceLock::new(),
            open: true,
            is_corrupt: false,
            ordered: false,
            is_keyed: false,
            batch: None,
            max_in_flight,
            rate_limit: None,
            shared_rate: None,
            timeout: Duration::from_secs(10),
            retry: RetryPolicy::standard(),
            custom_headers: HeaderMap::new(),
            templated: Vec::new(),
            oauth2: None,
            tls: None,
            via: Via::Usual,
            sends_aliases: false,
            masked: Vec::new(),
            profile_seq: 1,
            keys: Vec::new(),
        }
    }
}
