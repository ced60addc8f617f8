//! Sending a request with the proof that its webhook names.
//!
//! Owns: putting a fetched token into it, and the one repetition where that token was refused. Refuses:
//! fetching tokens (`tokens`), and judging the answer.
//!
//! # Why a 401 is answered with another request
//! A token may be withdrawn before its end. Fetched anew, the request is sent again within the same
//! attempt and its time; whatever is answered then is the attempt's result.

use std::sync::Arc;

use reqwest::header::AUTHORIZATION;
use tokio::time::Instant;

use super::tokens::{NoToken, TokenCall, Tokens};
use crate::domain::oauth2::TokenClient;
use crate::net::{Client, Guard, OutboundRequest, Posted, Shortage};

/// The status of a request whose proof was not accepted.
const UNAUTHORIZED: u16 = 401;

/// What requests are sent with.
#[derive(Clone, Copy)]
pub(super) struct Outbound<'a> {
    pub(super) client: &'a Client,
    pub(super) guard: &'a Guard,
    pub(super) tokens: &'a Tokens,
}

impl Outbound<'_> {
    /// Sends `request`, with a token of `client` if there is one to fetch.
    ///
    /// # Errors
    /// [`Shortage`] where this machine could not make the request.
    pub(super) async fn post(
        &self,
        client: Option<&Arc<TokenClient>>,
        request: OutboundRequest<'_>,
    ) -> Result<Posted, Shortage> {
        match client {
            None => self.client.post(request).await,
            Some(client) => Box::pin(self.post_with_token(client, request)).await,
        }
    }

    async fn post_with_token(
        &self,
        client: &Arc<TokenClient>,
        request: OutboundRequest<'_>,
    ) -> Result<Posted, Shortage> {
        let begun_at = Instant::now();
        let call = TokenCall {
            net: self.client,
            guard: self.guard,
            sender: request.sender,
            client,
            deadline: begun_at + request.timeout,
            timeout: request.timeout,
            tls: request.tls,
            via: request.via,
        };
        let mut refused = None;
        loop {
            let token = match self.tokens.token(&call, refused).await {
                Ok(token) => token,
                Err(NoToken::Short(shortage)) => return Err(shortage),
                Err(NoToken::Failed(failure)) => {
                    return Ok(Posted {
                        duration: begun_at.elapsed(),
                        remote_addr: None,
                        result: Err(failure),
                    });
                }
            };
            let mut headers = request.headers.clone();
            headers.insert(AUTHORIZATION, token.header);
            let posted = self
                .client
                .post(OutboundRequest {
                    headers,
                    body: request.body.clone(),
                    method: request.method.clone(),
                    timeout: call.deadline.saturating_duration_since(Instant::now()),
                    ..request
                })
                .await?;
            let status = posted.result.as_ref().ok().map(|reply| reply.status);
            if status == Some(UNAUTHORIZED) && refused.is_none() {
                refused = Some(token.number);
                continue;
            }
            return Ok(Posted {
                duration: begun_at.elapsed(),
                result: posted.result.map_err(|failure| call.in_all(failure)),
                ..posted
            });
        }
    }
}
