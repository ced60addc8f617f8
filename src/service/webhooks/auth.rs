//! What a caller says of the proof that goes with a webhook's requests.
//!
//! Owns: reading it, each fault with its field. Refuses: keeping a password that was only masked where
//! there is none.

use super::values::MASK;
use crate::domain::authorization::WebhookAuth;
use crate::service::FieldError;

/// A proof as a caller gives it.
#[derive(Clone, Debug, Default)]
pub struct AuthInput {
    /// `basic` or `bearer`.
    pub kind: String,
    /// For `basic`.
    pub username: Option<String>,
    /// For `basic`; the mask means the present one.
    pub password: Option<String>,
    /// For `bearer`; the mask means the present one.
    pub token: Option<String>,
}

impl AuthInput {
    /// The proof; `before` is the present one.
    pub(super) fn read(&self, before: Option<&WebhookAuth>) -> Result<WebhookAuth, FieldError> {
        let fault = |field: &str, message: &str| FieldError {
            field: format!("auth.{field}"),
            message: message.to_owned(),
        };
        let needed = |field: &str, value: &Option<String>| {
            value.clone().ok_or_else(|| fault(field, "is needed"))
        };
        let alien = |field: &str, value: &Option<String>| match value {
            Some(_) => Err(fault(field, "does not belong to this type")),
            None => Ok(()),
        };
        let no_mask = "is only a mask, and there is no value that it could stand for";
        let made = match self.kind.as_str() {
            "basic" => {
                alien("token", &self.token)?;
                let username = needed("username", &self.username)?;
                let mut password = needed("password", &self.password)?;
                if password == MASK {
                    password = match before {
                        Some(WebhookAuth::Basic { password, .. }) => password.expose().to_owned(),
                        Some(WebhookAuth::Bearer { .. }) | None => {
                            return Err(fault("password", no_mask));
                        }
                    };
                }
                WebhookAuth::basic(&username, &password)
            }
            "bearer" => {
                alien("username", &self.username)?;
                alien("password", &self.password)?;
                let mut token = needed("token", &self.token)?;
                if token == MASK {
                    token = match before {
                        Some(WebhookAuth::Bearer { token }) => token.expose().to_owned(),
                        Some(WebhookAuth::Basic { .. }) | None => {
                            return Err(fault("token", no_mask));
                        }
                    };
                }
                WebhookAuth::bearer(&token)
            }
            _ => return Err(fault("type", "must be basic or bearer")),
        };
        made.map_err(|(field, message)| fault(field, &message))
    }

    /// Whether it says the secret itself, and not only its mask.
    pub(super) fn is_said(&self) -> bool {
        let secrets = [&self.password, &self.token];
        secrets.into_iter().flatten().all(|secret| secret != MASK)
    }
}
