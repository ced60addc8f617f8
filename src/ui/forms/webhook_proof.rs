//! What goes with a webhook's requests as proof, and whom its connections trust, as a part of its form.
//!
//! Owns: those fields. Refuses: showing a secret again: one that is left empty stays as it is.

use super::setting::WebhookSetting;
use crate::domain::authorization::WebhookAuth;
use crate::domain::oauth2::TokenClient;
use crate::domain::webhook::Webhook;
use crate::service::webhooks::{AuthInput, MASK, WebhookInput};
use crate::ui::form::{Fields, Offer};

/// What is sent where there is none.
const NOTHING: &str = "none";
const KEPT: &str = "Never shown. Empty: the current one.";

pub(super) const PROOF: &[Fields<Webhook, WebhookInput>] = &[
    Fields::Stack(&[WebhookSetting::choice("auth_type", "Proof")
        .hint("Sent beside the signature; fields of other sorts are not read.")
        .path("auth.type")
        .initial(&[NOTHING])
        .offers(|| {
            vec![
                Offer::new(NOTHING, "none"),
                Offer::new("basic", "user name and password"),
                Offer::new("bearer", "a token"),
                Offer::new("oauth2", "a token that is fetched (OAuth 2.0)"),
                Offer::new("mtls", "a client certificate"),
            ]
        })
        .shows(|webhook| {
            let auth = webhook.settings.auth.as_ref();
            Some(auth.map_or(NOTHING, WebhookAuth::kind).to_owned())
        })
        .sets(|input, typed| {
            let kind = typed.text().filter(|kind| kind != NOTHING);
            input.auth = Some(kind.map(|kind| AuthInput {
                kind,
                ..AuthInput::default()
            }));
        })]),
    Fields::Grid(&[
        WebhookSetting::text("auth_username", "User name")
            .path("auth.username")
            .shows(|webhook| match webhook.settings.auth.as_ref()? {
                WebhookAuth::Basic { username, .. } => Some(username.clone()),
                WebhookAuth::Bearer { .. } | WebhookAuth::OAuth2(_) | WebhookAuth::Mtls(_) => None,
            })
            .sets(|input, typed| of(input, "basic", |own| own.username = typed.text())),
        WebhookSetting::password("auth_password", "Password")
            .hint(KEPT)
            .path("auth.password")
            .sets(|input, typed| of(input, "basic", |own| own.password = kept(typed.text()))),
        WebhookSetting::password("auth_token", "Token")
            .hint(KEPT)
            .path("auth.token")
            .sets(|input, typed| of(input, "bearer", |own| own.token = kept(typed.text()))),
        WebhookSetting::url("auth_token_url", "Token URL")
            .hint("Where tokens are fetched, with the client's id and secret.")
            .path("auth.token_url")
            .shows(|webhook| Some(client(webhook)?.token_url.clone()))
            .sets(|input, typed| of(input, "oauth2", |own| own.token_url = typed.text())),
        WebhookSetting::text("auth_client_id", "Client id")
            .path("auth.client_id")
            .shows(|webhook| Some(client(webhook)?.client_id.clone()))
            .sets(|input, typed| of(input, "oauth2", |own| own.client_id = typed.text())),
        WebhookSetting::password("auth_client_secret", "Client secret")
            .hint(KEPT)
            .path("auth.client_secret")
            .sets(|input, typed| {
                of(input, "oauth2", |own| {
                    own.client_secret = kept(typed.text());
                });
            }),
        WebhookSetting::text("auth_scope", "Scope")
            .path("auth.scope")
            .shows(|webhook| client(webhook)?.scope.clone())
            .sets(|input, typed| of(input, "oauth2", |own| own.scope = typed.text())),
        WebhookSetting::text("auth_audience", "Audience")
            .path("auth.audience")
            .shows(|webhook| client(webhook)?.audience.clone())
            .sets(|input, typed| of(input, "oauth2", |own| own.audience = typed.text())),
    ]),
    Fields::Stack(&[
        WebhookSetting::sealed("auth_certificate", "Certificate", 3)
            .hint("With those that vouch for it, in PEM. Never shown. Empty: the current one.")
            .path("auth.certificate")
            .sets(|input, typed| of(input, "mtls", |own| own.certificate = kept(typed.text()))),
        WebhookSetting::sealed("auth_private_key", "Private key", 3)
            .hint("Of the certificate, in PEM. Never shown. Empty: the current one.")
            .path("auth.private_key")
            .sets(|input, typed| of(input, "mtls", |own| own.private_key = kept(typed.text()))),
        WebhookSetting::lines("ca", "Own authorities", 3)
            .hint("Trusted beside the public ones, in PEM; they read back as ***. Empty: none.")
            .shows(|webhook| webhook.settings.ca.as_ref().map(|_| MASK.to_owned()))
            .sets(|input, typed| input.ca = Some(typed.text())),
    ]),
];

/// Where there is no present one, an empty field is a missing one.
pub(super) fn without_masks(input: &mut WebhookInput) {
    let Some(Some(auth)) = &mut input.auth else {
        return;
    };
    for secret in [
        &mut auth.password,
        &mut auth.token,
        &mut auth.client_secret,
        &mut auth.certificate,
        &mut auth.private_key,
    ] {
        if secret.as_deref() == Some(MASK) {
            *secret = None;
        }
    }
}

fn client(webhook: &Webhook) -> Option<&TokenClient> {
    match webhook.settings.auth.as_ref()? {
        WebhookAuth::OAuth2(client) => Some(client),
        WebhookAuth::Basic { .. } | WebhookAuth::Bearer { .. } | WebhookAuth::Mtls(_) => None,
    }
}

/// What is said of another sort than the chosen one counts for nothing.
fn of(input: &mut WebhookInput, kind: &str, say: impl FnOnce(&mut AuthInput)) {
    match &mut input.auth {
        Some(Some(own)) if own.kind == kind => say(own),
        Some(_) | None => {}
    }
}

fn kept(typed: Option<String>) -> Option<String> {
    typed.or_else(|| Some(MASK.to_owned()))
}
