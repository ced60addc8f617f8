//! Users of the dashboard at the command line.

use serde::{Deserialize, Serialize};

use super::{AdminAnswer, Sensitive};
use crate::domain::page::Limit;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::user::{SecondFactor, User};
use crate::service::people::NewUser;
use crate::service::{Actor, Refusal, Service};

/// A user as lists show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserRow {
    /// Their id.
    pub id: String,
    /// What they sign in with.
    pub email: String,
    /// What they may do.
    pub role: String,
    /// Whether they are barred from signing in.
    #[serde(default)]
    pub disabled: bool,
    /// Whether a second factor is in force.
    pub second_factor: bool,
    /// When they were added.
    pub created_at: String,
    /// When they last signed in.
    pub last_login_at: Option<String>,
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.clone(),
            role: user.role.as_str().to_owned(),
            disabled: user.disabled_at.is_some(),
            second_factor: matches!(user.second_factor, SecondFactor::On { .. }),
            created_at: user.created_at.rfc3339(),
            last_login_at: user.last_login_at.map(Timestamp::rfc3339),
        }
    }
}

pub(super) async fn create(
    service: &Service,
    email: String,
    password: Sensitive,
    role: Option<String>,
) -> Result<AdminAnswer, Refusal> {
    let role = role.as_deref().map(role_of);
    let role = role.transpose()?.unwrap_or(Role::Owner);
    let new = NewUser {
        email,
        password: password.0,
        role,
    };
    let user = service.create_user(&Actor::Cli, new).await?;
    Ok(AdminAnswer::Id {
        id: user.id.to_string(),
    })
}

fn role_of(word: &str) -> Result<Role, Refusal> {
    Role::parse(word).ok_or_else(|| Refusal::field("role", "must be owner, operator or viewer"))
}

pub(super) async fn set_role(
    service: &Service,
    email: &str,
    role: &str,
) -> Result<AdminAnswer, Refusal> {
    let (user, role) = (service.user_by_email(email).await?, role_of(role)?);
    service.set_role(&Actor::Cli, user.id, role).await?;
    Ok(AdminAnswer::Done)
}

pub(super) async fn disable(service: &Service, email: &str) -> Result<AdminAnswer, Refusal> {
    let user = service.user_by_email(email).await?;
    service.disable_user(&Actor::Cli, user.id).await?;
    Ok(AdminAnswer::Done)
}

pub(super) async fn enable(service: &Service, email: &str) -> Result<AdminAnswer, Refusal> {
    let user = service.user_by_email(email).await?;
    service.enable_user(&Actor::Cli, user.id).await?;
    Ok(AdminAnswer::Done)
}

pub(super) async fn delete(service: &Service, email: &str) -> Result<AdminAnswer, Refusal> {
    let user = service.user_by_email(email).await?;
    service.remove_user(&Actor::Cli, user.id).await?;
    Ok(AdminAnswer::Done)
}

pub(super) async fn list(service: &Service) -> Result<AdminAnswer, Refusal> {
    let mut users = Vec::new();
    let mut cursor = None;
    loop {
        let page = service.users(cursor, Limit::clamped(u32::MAX)).await?;
        users.extend(page.items.iter().map(UserRow::from));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(AdminAnswer::Users { users });
        }
    }
}

pub(super) async fn reset_mfa(service: &Service, email: &str) -> Result<AdminAnswer, Refusal> {
    let user = service.user_by_email(email).await?;
    service.reset_mfa(&Actor::Cli, user.id).await?;
    Ok(AdminAnswer::Done)
}

pub(super) async fn reset_password(
    service: &Service,
    email: &str,
    password: Sensitive,
) -> Result<AdminAnswer, Refusal> {
    let user = service.user_by_email(email).await?;
    service
        .reset_password(&Actor::Cli, user.id, password.0)
        .await?;
    Ok(AdminAnswer::Done)
}
