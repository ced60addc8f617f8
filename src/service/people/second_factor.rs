//! The second factor: enrolling one, showing it, doing without it.
//!
//! Owns: counting tries, spending each code once, recovery codes, and the requirement for
//! everybody. Refuses: the laws of codes (`domain::totp`, `domain::recovery_code`).
//!
//! # Why a code is checked in the write transaction
//! Two requests with the same code may arrive at once. Whether a step was used before is read and
//! written in one transaction, so one of them comes second and is refused.

use serde_json::json;

use super::accounts::existing;
use super::code::{WRONG_CODE, spend_code};
use super::{MfaDemand, Person, Refusal, SignedIn, too_often};
use crate::domain::id::UserId;
use crate::domain::recovery_code::{RECOVERY_CODE_COUNT, RecoveryCode};
use crate::domain::secret::Secret;
use crate::domain::session::Channel;
use crate::domain::token::TokenHash;
use crate::domain::totp::{self, TotpSeed};
use crate::domain::user::SecondFactor;
use crate::entropy;
use crate::service::audit_log::audit_instance;
use crate::service::{Actor, Service};
use crate::store::instance::{self, Fact};
use crate::store::sessions;
use crate::store::users;
use crate::store::vault::Purpose;

/// A seed on its way into somebody's authenticator app.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The picture to scan, an SVG.
    pub qr_svg: Secret,
    /// The seed for who types it.
    pub base32: Secret,
}

/// Recovery codes, shown once.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// The codes.
    pub codes: [RecoveryCode; RECOVERY_CODE_COUNT],
}

impl Service {
    /// Makes a new seed for a person who has no second factor in force.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] where one is in force.
    pub async fn begin_enrolment(&self, person: &Person) -> Result<(), Refusal> {
        let (user, actor) = (person.user, person.actor());
        let seed = TotpSeed::new(entropy::bytes());
        self.store()
            .settle(move |tx| {
                if existing(tx, user)?.second_factor.is_on() {
                    return Err(Refusal::Conflict(
                        "a second factor is in force; turn it off first".to_owned(),
                    ));
                }
                users::enrol_totp(tx, user.seq(), &seed)?;
                audit_instance(tx, &actor, "mfa.enrol", &user.to_string(), &json!({}))
            })
            .await
    }

    /// The seed that waits for its first code, if any.
    pub async fn enrolment(&self, person: &Person) -> Result<Option<Enrolment>, Refusal> {
        let (user, store) = (person.user, self.store().clone());
        self.store()
            .read(move |conn| {
                let found = existing(conn, user)?;
                if found.second_factor != SecondFactor::Enrolling {
                    return Ok(None);
                }
                let seed = users::totp_seed(conn, store.vault(), user.seq())?;
                Ok(seed.map(|seed| Enrolment {
                    qr_svg: seed.qr_svg(&found.email),
                    base32: seed.base32(),
                }))
            })
            .await
    }

    /// Puts the enrolled seed in force: its first code proves that the app has it. The session
    /// gets a new token; the person's other sessions have to show a code next.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] for a wrong code; [`Refusal::Conflict`] where nothing waits.
    pub async fn confirm_enrolment(
        &self,
        person: &Person,
        code: Secret,
    ) -> Result<(SignedIn, Recovery), Refusal> {
        self.count_code_try(person.user)?;
        let recovery = Recovery::new();
        let hashes = recovery.hashes(self, person.user);
        let (user, session, actor) = (person.user, person.session, person.actor());
        let token = self
            .store()
            .settle(move |tx| {
                let seed = users::totp_seed(tx, tx.vault(), user.seq())?;
                let step = seed
                    .and_then(|seed| totp::verify(&seed, code.expose(), tx.now(), None))
                    .ok_or(WRONG_CODE)?;
                if !users::confirm_totp(tx, user.seq(), step, &hashes)? {
                    return Err(Refusal::Conflict(
                        "nothing waits to be confirmed; begin again".to_owned(),
                    ));
                }
                sessions::set_mfa_verified(tx, session.seq(), Some(tx.now()))?;
                audit_instance(tx, &actor, "mfa.confirm", &user.to_string(), &json!({}))?;
                Ok(sessions::renew(tx, session, entropy::bytes())?)
            })
            .await?;
        self.forget_code_tries(person.user);
        Ok((self.signed_in(token).await?, recovery))
    }

    /// Shows the second factor: the step after the password, and again before what asks for a
    /// fresh code. A browser's session gets a new token; a program's keeps the one it has.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] for a wrong code; [`Refusal::RateLimited`] after five of them;
    /// [`Refusal::Conflict`] where the person has no second factor.
    pub async fn show_second_factor(
        &self,
        person: &Person,
        code: Secret,
    ) -> Result<Option<SignedIn>, Refusal> {
        if !person.has_second_factor() {
            return Err(Refusal::Conflict(
                "you have no second factor yet; enrol one in your profile".to_owned(),
            ));
        }
        self.count_code_try(person.user)?;
        let (user, session, actor) = (person.user, person.session, person.actor());
        let token = self
            .store()
            .settle(move |tx| {
                let fresh = existing(tx, user)?;
                let how = spend_code(tx, &fresh, &code)?;
                let row = sessions::find(tx, session)?.ok_or(Refusal::NotFound("session"))?;
                sessions::set_mfa_verified(tx, session.seq(), Some(tx.now()))?;
                let how = json!({ "with": how.as_str() });
                audit_instance(tx, &actor, "mfa.verify", &session.to_string(), &how)?;
                match row.channel {
                    Channel::Browser => sessions::renew(tx, session, entropy::bytes()).map(Some),
                    Channel::Token => Ok(None),
                }
                .map_err(Refusal::from)
            })
            .await?;
        self.forget_code_tries(person.user);
        match token {
            Some(token) => self.signed_in(token).await.map(Some),
            None => Ok(None),
        }
    }

    /// Replaces a person's recovery codes.
    pub async fn new_recovery_codes(&self, person: &Person) -> Result<Recovery, Refusal> {
        let recovery = Recovery::new();
        let hashes = recovery.hashes(self, person.user);
        let (user, actor) = (person.user, person.actor());
        self.store()
            .settle(move |tx| {
                if !existing(tx, user)?.second_factor.is_on() {
                    return Err(Refusal::Conflict("there is no second factor".to_owned()));
                }
                users::set_recovery_hashes(tx, user.seq(), &hashes)?;
                tx.notices().access_changed = true;
                audit_instance(tx, &actor, "mfa.recovery", &user.to_string(), &json!({}))
            })
            .await?;
        Ok(recovery)
    }

    /// Turns a person's own second factor off.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] where the instance asks
    /// everybody for one.
    pub async fn disable_second_factor(&self, person: &Person) -> Result<(), Refusal> {
        if person.mfa == MfaDemand::Everybody {
            return Err(Refusal::Conflict(
                "everybody here needs a second factor; it can't be turned off".to_owned(),
            ));
        }
        let (user, actor) = (person.user, person.actor());
        self.store()
            .settle(move |tx| {
                users::clear_totp(tx, user.seq())?;
                audit_instance(tx, &actor, "mfa.disable", &user.to_string(), &json!({}))
            })
            .await
    }

    /// Asks everybody for a second factor from now on, or nobody but those who have one.
    pub async fn demand_mfa(&self, actor: &Actor, demand: MfaDemand) -> Result<(), Refusal> {
        let actor = actor.clone();
        self.store()
            .settle(move |tx| {
                let (value, word): (Option<&[u8]>, _) = match demand {
                    MfaDemand::Everybody => (Some(b"1"), "everybody"),
                    MfaDemand::Nobody => (None, "nobody"),
                };
                instance::write(tx, Fact::MfaRequired, value)?;
                tx.notices().access_changed = true;
                let whom = json!({ "of": word });
                audit_instance(tx, &actor, "mfa.demand", "", &whom)
            })
            .await
    }

    pub(super) fn count_code_try(&self, user: UserId) -> Result<(), Refusal> {
        let now = self.clock().now();
        self.people().tries(|tries| {
            let counted = tries.codes.attempt(&user.seq(), now);
            counted.map_err(|throttled| too_often(throttled, now))
        })
    }

    pub(super) fn forget_code_tries(&self, user: UserId) {
        self.people()
            .tries(|tries| tries.codes.succeed(&user.seq()));
    }
}

impl Recovery {
    fn new() -> Self {
        Self {
            codes: RecoveryCode::set(std::array::from_fn(|_| entropy::bytes())),
        }
    }

    fn hashes(&self, service: &Service, user: UserId) -> Vec<TokenHash> {
        let pepper = service.store().vault().pepper(Purpose::RecoveryCodes);
        let hash = |code: &RecoveryCode| code.hash(&pepper, user);
        self.codes.iter().map(hash).collect()
    }
}
