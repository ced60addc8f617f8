//! The vault: what must not be readable in the database file is sealed before it goes in.
//!
//! Owns: sealing and unsealing single values, the keys derived for hashing tokens, telling a
//! changed master key from the right one, and moving to a new master key. Refuses: SQL (the store
//! calls it per value) and deciding which columns are secret.
//!
//! # The key record
//! The database holds one [`KeyRecord`]: a random seed, sealed under the master key. It serves
//! twice. It opens only under the key that the database belongs to, so a changed key is refused at
//! the start, before anything is read or written with it. And the keys for token hashes are derived
//! from that seed and not from the master key: API keys cannot be hashed anew without knowing them,
//! so they could not survive a rotation otherwise.
//! - No record: the database is new; a key may be made, and its record is stored before anything is
//!   sealed.
//! - A record: the key must exist and fit. A key is never made anew over existing ciphertext.
//!
//! # Rotating the master key
//! 1. [`PendingKey::write`]: the new key goes into `master.key.new`, flushed.
//! 2. One database transaction: [`Vault::rotated`] gives the new vault and its record; every sealed
//!    value goes through [`Vault::reseal`]; the record is replaced; commit, flushed.
//! 3. [`PendingKey::adopt`]: `master.key.new` is renamed to `master.key`, the directory flushed.
//!
//! After a crash, [`Vault::open`] sees which side of the commit it fell on, because the record fits
//! one of the two keys: before it, the left-over new key is passed over, until the next rotation
//! replaces it; after it, step 3 is made up for. It is never removed at a start: a command beside
//! a running rotation must not take away the key that the database is about to adopt. Rotations
//! themselves exclude each other by the data directory's lock.
//!
//! Where the key comes from outside (environment, credential), whoever provides it brings
//! both keys and takes the place of steps 1 and 3. Old ciphertext may remain in free pages and the
//! write-ahead log until the store vacuums.

mod error;
mod master_key;
mod sealing;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use self::error::VaultError;
pub use self::master_key::{KeySource, MasterKey, PendingKey};
pub use self::sealing::Place;
use self::sealing::Sealer;
use crate::domain::token::Pepper;
use crate::entropy;

const RECORD_PLACE: Place = Place {
    table: "key_record",
    column: "sealed_seed",
    row: 1,
};

/// What a derived key is for; each purpose has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Hashing API keys.
    ApiKeys,
    /// Hashing session tokens.
    Sessions,
    /// Hashing recovery codes.
    RecoveryCodes,
    /// Signing pagination cursors.
    Cursors,
    /// Signing form tokens.
    Forms,
    /// Hashing the tokens of portal links, and what follows from them.
    PortalLinks,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::ApiKeys => "api-keys",
            Self::Sessions => "sessions",
            Self::RecoveryCodes => "recovery-codes",
            Self::Cursors => "cursors",
            Self::Forms => "forms",
            Self::PortalLinks => "portal-links",
        }
    }
}

/// The one row by which a database knows its master key: a sealed seed. See the module's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord(Vec<u8>);

impl KeyRecord {
    /// A record as the store read it back.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Seals and unseals values, and hands out derived keys.
pub struct Vault {
    master: MasterKey,
    sealer: Sealer,
    seed: Zeroizing<[u8; 32]>,
}

impl Vault {
    /// The vault of a new database. Makes a key file where there is none. The record must be
    /// stored, flushed, before anything is sealed.
    ///
    /// # Errors
    /// Any [`VaultError`] about the key's source.
    pub fn create(source: &KeySource) -> Result<(Self, KeyRecord), VaultError> {
        let vault = Self::of(source.create()?, Zeroizing::new(entropy::bytes()));
        let record = vault.record();
        Ok((vault, record))
    }

    /// The vault of an existing database. Ends a rotation of the key file that a crash interrupted.
    ///
    /// # Errors
    /// [`VaultError::KeyMissing`] and [`VaultError::KeyChanged`] where the database belongs to
    /// another key than the source gives, and any other about the key's source.
    pub fn open(source: &KeySource, record: &KeyRecord) -> Result<Self, VaultError> {
        let key = source.read()?;
        let origin = source.to_string();
        let misfit = match key {
            Some(_) => VaultError::KeyChanged { origin },
            None => VaultError::KeyMissing { origin },
        };
        let fitting = key.and_then(|key| Self::fitting(key, record));
        match fitting {
            Some(vault) => Ok(vault),
            None => Self::open_pending(source, record)?.ok_or(misfit),
        }
    }

    /// Seals `plain` for `place`: 41 bytes longer, different each time.
    #[must_use]
    pub fn seal(&self, place: Place, plain: &[u8]) -> Vec<u8> {
        self.sealer.seal(place, plain)
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] where a single bit, the place or the key differs.
    pub fn unseal(&self, place: Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.sealer
            .unseal(place, sealed)
            .ok_or(VaultError::Damaged { place })
    }

    /// The key for hashing tokens of one kind. Stays the same when the master key is rotated.
    #[must_use]
    pub fn pepper(&self, purpose: Purpose) -> Pepper {
        Pepper::new(*self.subkey(purpose))
    }

    /// A derived key for `purpose`. Stays the same when the master key is rotated.
    #[must_use]
    pub fn subkey(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        derive(&self.seed, purpose.label())
    }

    /// The master key, for backups that must carry it.
    #[must_use]
    pub fn master_key(&self) -> &MasterKey {
        &self.master
    }

    /// The vault that takes this one's place under a new master key, and its record.
    #[must_use]
    pub fn rotated(&self, new: &MasterKey) -> (Self, KeyRecord) {
        let vault = Self::of(new.clone(), self.seed.clone());
        let record = vault.record();
        (vault, record)
    }

    /// Seals anew what `old` sealed for `place`.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] where `old` cannot open it; the rotation must then be given up.
    pub fn reseal(&self, old: &Self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let plain = old.unseal(place, sealed)?;
        Ok(self.seal(place, &plain))
    }

    fn of(master: MasterKey, seed: Zeroizing<[u8; 32]>) -> Self {
        let sealing_key = derive(master.bytes(), "sealing");
        Self {
            sealer: Sealer::new(&sealing_key),
            master,
            seed,
        }
    }

    fn open_pending(source: &KeySource, record: &KeyRecord) -> Result<Option<Self>, VaultError> {
        let pending = match source {
            KeySource::File(path) => PendingKey::left_behind(path)?,
            KeySource::Text(_) | KeySource::Credential(_) => None,
        };
        let fitting = pending.and_then(|pending| {
            let vault = Self::fitting(pending.key().clone(), record)?;
            Some((vault, pending))
        });
        match fitting {
            Some((vault, pending)) => pending.adopt().map(|()| Some(vault)),
            None => Ok(None),
        }
    }

    fn fitting(master: MasterKey, record: &KeyRecord) -> Option<Self> {
        let blank = Self::of(master, Zeroizing::new([0; 32]));
        let seed = blank.sealer.unseal(RECORD_PLACE, &record.0)?;
        let seed = Zeroizing::new(seed.as_slice().try_into().ok()?);
        Some(Self { seed, ..blank })
    }

    fn record(&self) -> KeyRecord {
        KeyRecord(self.seal(RECORD_PLACE, self.seed.as_slice()))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault([redacted])")
    }
}

fn derive(key: &[u8; 32], label: &str) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(b"hookpost/1/");
    mac.update(label.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const PLACE: Place = Place {
        table: "webhooks",
        column: "secret",
        row: 7,
    };

    fn source(dir: &Path) -> KeySource {
        KeySource::File(dir.join("master.key"))
    }

    fn text_vault(byte: u8) -> Vault {
        let key = MasterKey::parse(&[byte; 32]).unwrap();
        Vault::create(&KeySource::Text(key.to_text())).unwrap().0
    }

    #[test]
    fn a_restart_opens_what_was_sealed_before() {
        let dir = tempfile::tempdir().unwrap();
        let (vault, record) = Vault::create(&source(dir.path())).unwrap();
        let sealed = vault.seal(PLACE, b"seed");
        let record = KeyRecord::from_bytes(record.as_bytes().to_vec());
        let again = Vault::open(&source(dir.path()), &record).unwrap();
        assert_eq!(*again.unseal(PLACE, &sealed).unwrap(), b"seed");
        assert_eq!(
            again.subkey(Purpose::ApiKeys),
            vault.subkey(Purpose::ApiKeys)
        );
        assert_ne!(
            again.subkey(Purpose::Sessions),
            vault.subkey(Purpose::ApiKeys)
        );
    }

    #[test]
    fn a_missing_key_is_refused_and_not_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let (_, record) = Vault::create(&source(dir.path())).unwrap();
        std::fs::remove_file(dir.path().join("master.key")).unwrap();
        let refusal = Vault::open(&source(dir.path()), &record).unwrap_err();
        assert!(
            matches!(refusal, VaultError::KeyMissing { .. }),
            "{refusal}"
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_changed_key_is_refused_wherever_it_comes_from() {
        let dir = tempfile::tempdir().unwrap();
        let (_, record) = Vault::create(&source(dir.path())).unwrap();
        let other = MasterKey::generate();
        other.write_file(&dir.path().join("master.key")).unwrap();
        for source in [source(dir.path()), KeySource::Text(other.to_text())] {
            let refusal = Vault::open(&source, &record).unwrap_err();
            assert!(
                matches!(refusal, VaultError::KeyChanged { .. }),
                "{refusal}"
            );
            assert!(!refusal.to_string().contains(other.to_text().expose()));
        }
    }

    /// The last thing that a rotation did before the power went.
    #[derive(PartialEq, PartialOrd)]
    enum Reached {
        Written,
        Committed,
        Adopted,
    }

    fn rotate_and_restart(reached: &Reached) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let (old, mut record) = Vault::create(&source(dir.path())).unwrap();
        let mut sealed = old.seal(PLACE, b"whsec_abc");
        let pending = PendingKey::write(&path).unwrap();
        if *reached >= Reached::Committed {
            let (new, new_record) = old.rotated(pending.key());
            sealed = new.reseal(&old, PLACE, &sealed).unwrap();
            record = new_record;
        }
        if *reached >= Reached::Adopted {
            pending.adopt().unwrap();
        }
        for _ in 0..2 {
            let vault = Vault::open(&source(dir.path()), &record).unwrap();
            assert_eq!(*vault.unseal(PLACE, &sealed).unwrap(), b"whsec_abc");
            assert_eq!(vault.subkey(Purpose::ApiKeys), old.subkey(Purpose::ApiKeys));
        }
    }

    #[test]
    fn a_rotation_survives_a_crash_after_each_of_its_steps() {
        rotate_and_restart(&Reached::Written);
        rotate_and_restart(&Reached::Committed);
        rotate_and_restart(&Reached::Adopted);
    }

    #[test]
    fn after_a_rotation_the_old_key_opens_nothing() {
        let old = text_vault(1);
        let key = MasterKey::parse(&[2; 32]).unwrap();
        let (new, record) = old.rotated(&key);
        let sealed = new.reseal(&old, PLACE, &old.seal(PLACE, b"x")).unwrap();
        assert!(old.unseal(PLACE, &sealed).is_err());
        let old_source = KeySource::Text(old.master_key().to_text());
        assert!(Vault::open(&old_source, &record).is_err());
        assert!(Vault::open(&KeySource::Text(key.to_text()), &record).is_ok());
    }

    #[test]
    fn resealing_a_damaged_value_is_refused() {
        let old = text_vault(1);
        let (new, _) = old.rotated(&MasterKey::generate());
        assert!(new.reseal(&old, PLACE, b"not sealed at all").is_err());
    }
}
