//! Access tokens of webhooks that ask another endpoint for one.
//!
//! Owns: fetching a token, keeping it until shortly before its end, and one fetch at a time. Refuses:
//! what the answer means (`domain::oauth2`), and writing a token down anywhere.
//!
//! # One fetch for all who wait
//! Attempts of a webhook that need a token wait for the one that fetches it, each no longer than its own
//! time. Where the fetch fails, it has failed for all who were waiting: an endpoint that is down is not
//! asked once more by every one of them.
//!
//! # Whose a token is
//! A webhook's, for the credentials with which it was fetched. Changed, they fetch another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout_at};

use crate::domain::oauth2::{AccessToken, ClientProof, TokenClient, TokenFault, read_answer};
use crate::domain::outcome::FailureKind;
use crate::domain::time::format_duration;
use crate::domain::webhook::Via;
use crate::net::{
    AddressRefusal, Client, Failure, Guard, OutboundRequest, OwnTls, Sender, Shortage, UrlRefusal,
};

/// Webhooks whose tokens are kept at once; one more fetches its token for every attempt.
const TOKENS_MAX: usize = 4096;

/// The tokens.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<i64, Arc<TokenSlot>>>);

/// One webhook's token.
struct TokenSlot {
    client: Arc<TokenClient>,
    state: tokio::sync::Mutex<SlotState>,
}

#[derive(Default)]
struct SlotState {
    token: Option<HeldToken>,
    /// What the endpoint was seen to understand.
    proof: ClientProof,
    /// When the last fetch failed, and why.
    failed: Option<(Instant, Failure)>,
    fetched: u64,
}

/// A token in hand.
#[derive(Clone)]
pub(super) struct HeldToken {
    /// The value of the header `authorization`.
    pub(super) header: HeaderValue,
    /// Which of the webhook's tokens it is.
    pub(super) number: u64,
    until: Instant,
}

/// Who needs a token, and until when.
pub(super) struct TokenCall<'a> {
    pub(super) net: &'a Client,
    pub(super) guard: &'a Guard,
    pub(super) sender: Sender,
    pub(super) client: &'a Arc<TokenClient>,
    pub(super) deadline: Instant,
    /// The whole attempt's time.
    pub(super) timeout: Duration,
    pub(super) tls: Option<&'a OwnTls>,
    /// By which way.
    pub(super) via: Via,
}

impl TokenCall<'_> {
    /// What is said of a time that passed is the whole attempt's, not what was left of it.
    pub(super) fn in_all(&self, failure: Failure) -> Failure {
        if failure.kind != FailureKind::Timeout {
            return failure;
        }
        Failure {
            message: format!("no answer came within {}", format_duration(self.timeout)),
            ..failure
        }
    }
}

/// Why there is no token.
pub(super) enum NoToken {
    /// The attempt has failed.
    Failed(Failure),
    /// This machine could not ask.
    Short(Shortage),
}

impl Tokens {
    /// A token that may be used now, other than the one with the number `refused`.
    pub(super) async fn token(
        &self,
        call: &TokenCall<'_>,
        refused: Option<u64>,
    ) -> Result<HeldToken, NoToken> {
        let slot = self.slot(call.sender.webhook, call.client);
        let asked_at = Instant::now();
        let Ok(mut state) = timeout_at(call.deadline, slot.state.lock()).await else {
            let within = format_duration(call.timeout);
            let message = format!("no access token came within {within}");
            return Err(NoToken::failed(message));
        };
        if let Some(token) = state.usable(refused, Instant::now()) {
            return Ok(token);
        }
        if let Some((at, failure)) = &state.failed
            && *at >= asked_at
        {
            return Err(NoToken::Failed(failure.clone()));
        }
        state.token = None;
        match fetch(call, state.proof).await {
            Ok((token, proof)) => Ok(state.keep(&token, proof, Instant::now())),
            Err(NoToken::Failed(failure)) => {
                state.failed = Some((Instant::now(), failure.clone()));
                Err(NoToken::Failed(failure))
            }
            Err(NoToken::Short(shortage)) => Err(NoToken::Short(shortage)),
        }
    }

    /// Where the token of the webhook in row `webhook_seq` is kept.
    fn slot(&self, webhook_seq: i64, client: &Arc<TokenClient>) -> Arc<TokenSlot> {
        let mut known = self.known();
        if let Some(slot) = known.get(&webhook_seq)
            && slot.client == *client
        {
            return Arc::clone(slot);
        }
        let slot = Arc::new(TokenSlot {
            client: Arc::clone(client),
            state: tokio::sync::Mutex::default(),
        });
        if known.len() >= TOKENS_MAX && !known.contains_key(&webhook_seq) {
            // What nobody is using costs one fetch when it is wanted again.
            let idle = known.iter().find(|(_, slot)| Arc::strong_count(slot) == 1);
            let Some(idle) = idle.map(|(seq, _)| *seq) else {
                return slot;
            };
            known.remove(&idle);
        }
        known.insert(webhook_seq, Arc::clone(&slot));
        slot
    }

    fn known(&self) -> MutexGuard<'_, HashMap<i64, Arc<TokenSlot>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SlotState {
    fn usable(&self, refused: Option<u64>, now: Instant) -> Option<HeldToken> {
        let held = self.token.as_ref();
        let fresh = held.filter(|held| held.until > now && Some(held.number) != refused);
        fresh.cloned()
    }

    fn keep(&mut self, token: &AccessToken, proof: ClientProof, now: Instant) -> HeldToken {
        let value = format!("Bearer {}", token.value.expose());
        let mut header = HeaderValue::from_str(&value).expect("an access token is visible ASCII");
        header.set_sensitive(true);
        self.fetched += 1;
        let held = HeldToken {
            header,
            number: self.fetched,
            until: now + token.kept_for,
        };
        self.proof = proof;
        self.failed = None;
        self.token = Some(held.clone());
        held
    }
}

impl NoToken {
    fn failed(message: String) -> Self {
        Self::Failed(Failure {
            kind: FailureKind::OAuth2,
            message,
        })
    }

    fn of_answer(fault: TokenFault) -> Self {
        Self::failed(format!("the token endpoint {fault}"))
    }

    /// An address that may not be called is that, whoever it belongs to; and so is a closed way out.
    fn unasked(failure: &Failure) -> Self {
        let message = &failure.message;
        let message =
            format!("no access token could be fetched from the token endpoint: {message}");
        let kind = failure.kind;
        if matches!(kind, FailureKind::Blocked | FailureKind::Proxy) {
            return Self::Failed(Failure { kind, message });
        }
        Self::failed(message)
    }
}

/// Asks the endpoint; where it does not recognise the client, once more with the other sort of proof.
/// Answers the proof that it understood as well.
async fn fetch(
    call: &TokenCall<'_>,
    known: ClientProof,
) -> Result<(AccessToken, ClientProof), NoToken> {
    match ask(call, known).await {
        Ok(Err(fault)) if fault.is_unrecognised() => {
            let other = known.other();
            // What is said of both is what was said of the usual one.
            match ask(call, other).await? {
                Ok(token) => Ok((token, other)),
                Err(_) => Err(NoToken::of_answer(fault)),
            }
        }
        Ok(Err(fault)) => Err(NoToken::of_answer(fault)),
        Ok(Ok(token)) => Ok((token, known)),
        Err(none) => Err(none),
    }
}

async fn ask(
    call: &TokenCall<'_>,
    proof: ClientProof,
) -> Result<Result<AccessToken, TokenFault>, NoToken> {
    let url = match call.guard.check_url(&call.client.token_url) {
        Ok(url) => url,
        Err(UrlRefusal::Address(AddressRefusal::Unjudged(shortage))) => {
            return Err(NoToken::Short(shortage));
        }
        Err(refusal) => {
            return Err(NoToken::Failed(Failure {
                kind: FailureKind::Blocked,
                message: format!("the token endpoint's URL {refusal}"),
            }));
        }
    };
    let mut headers = HeaderMap::with_capacity(3);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(value) = call.client.header_value(proof) {
        let value = HeaderValue::from_str(value.expose());
        let mut value = value.expect("Basic and its base64 are a header");
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let body = Bytes::copy_from_slice(call.client.form(proof).expose().as_bytes());
    let posted = call
        .net
        .post(OutboundRequest {
            sender: call.sender,
            method: Method::POST,
            target: &url,
            headers,
            body,
            timeout: call.deadline.saturating_duration_since(Instant::now()),
            tls: call.tls,
            via: call.via,
        })
        .await
        .map_err(NoToken::Short)?;
    let reply = posted.result;
    let reply = reply.map_err(|failure| NoToken::unasked(&call.in_all(failure)))?;
    let body = (!reply.body_truncated).then_some(&reply.body[..]);
    Ok(read_answer(reply.status, body))
}
