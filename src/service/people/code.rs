//! A code that somebody shows: of their app, or one of the recovery codes.
//!
//! Owns: taking it as used. Refuses: counting tries and what follows from a right one.

use super::Refusal;
use crate::domain::recovery_code::RecoveryCode;
use crate::domain::secret::Secret;
use crate::domain::totp;
use crate::domain::user::{SecondFactor, User};
use crate::store::users;
use crate::store::vault::Purpose;
use crate::store::{StoreError, WriteTx};

pub(super) const WRONG_CODE: Refusal =
    Refusal::Unauthorized("this code is wrong, or was used before: wait for the next one");

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShownWith {
    App,
    RecoveryCode,
}

impl ShownWith {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// Takes a code of the app, or a recovery code, as used.
pub(super) fn spend_code(
    tx: &mut WriteTx<'_>,
    user: &User,
    code: &Secret,
) -> Result<ShownWith, Refusal> {
    let SecondFactor::On { last_step, .. } = user.second_factor else {
        return Err(WRONG_CODE);
    };
    if let Some(typed) = RecoveryCode::parse(code.expose()) {
        let hash = typed.hash(&tx.vault().pepper(Purpose::RecoveryCodes), user.id);
        let right = users::use_recovery_code(tx, user.id.seq(), hash)?;
        tx.notices().access_changed = true;
        return right.then_some(ShownWith::RecoveryCode).ok_or(WRONG_CODE);
    }
    let seed = users::totp_seed(tx, tx.vault(), user.id.seq())?
        .ok_or_else(|| StoreError::Damaged("a second factor without a seed".to_owned()))?;
    let step = totp::verify(&seed, code.expose(), tx.now(), last_step).ok_or(WRONG_CODE)?;
    if !users::advance_totp_step(tx, user.id.seq(), step)? {
        return Err(WRONG_CODE);
    }
    Ok(ShownWith::App)
}
