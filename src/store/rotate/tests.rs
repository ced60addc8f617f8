//! Rotating the master key, and crashes at every step of it.

use std::sync::Arc;

use super::*;
use crate::domain::header::CustomHeader;
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::totp::TotpSeed;
use crate::domain::webhook::{WebhookKind, WebhookSettings};
use crate::store::tests::options;
use crate::store::tests::samples::{settings, webhook};
use crate::store::vault::Purpose;
use crate::store::{Store, WriteTx, idempotency, secrets, users, webhooks, workspaces};

/// Fills every sealed column.
fn fill(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    let secret = |text: &str| Secret::new(text.to_owned());
    let webhook = webhook(tx, WebhookKind::Registered)?;
    let header = CustomHeader::new::<&str>("x-api-key", "open sesame".to_owned(), &[]).unwrap();
    let settings = WebhookSettings {
        headers: vec![header],
        ..settings()
    };
    webhooks::update_settings(tx, 1, webhook, 1, &settings)?;
    secrets::insert(tx, webhook, &secret("whsec_abc"))?;
    workspaces::set_secret(tx, 1, &secret("whsec_own"))?;
    let user = users::insert(tx, "ada@example.com", &secret("$argon2id$…"), Role::Owner)?;
    users::enrol_totp(tx, user.id.seq(), &TotpSeed::new([7; 20]))?;
    idempotency::insert(tx, 1, "k", &[0; 32], 201, b"once")
}

/// Every sealed value opens and is what it was.
fn assert_everything_opens(store: &Store) {
    let vault = Arc::clone(store.vault());
    let now = Timestamp::default();
    store
        .write_blocking(move |tx| {
            let found = webhooks::find(tx, &vault, 1, now)?.unwrap();
            assert_eq!(found.settings.headers[0].value().expose(), "open sesame");
            let live = secrets::live(tx, &vault, 1, now)?;
            assert_eq!(live[0].secret.expose(), "whsec_abc");
            let own = workspaces::secret(tx, 1)?.unwrap();
            assert_eq!(own.expose(), "whsec_own");
            let seed = users::totp_seed(tx, &vault, 1)?.unwrap();
            assert_eq!(seed.expose(), &[7; 20]);
            let answer = idempotency::find(tx, 1, "k")?.unwrap();
            assert_eq!(answer.body, b"once");
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

fn filled(options: &OpenOptions) -> Arc<Vault> {
    let store = Store::open(options).unwrap();
    store.write_blocking(fill).unwrap();
    store.close();
    Arc::clone(store.vault())
}

/// The last thing that a rotation did before the power went.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Reached {
    Begun,
    Resealed,
    Finished,
}

#[test]
fn a_rotation_may_be_cut_off_after_any_step() {
    for reached in [Reached::Begun, Reached::Resealed, Reached::Finished] {
        let dir = tempfile::tempdir().unwrap();
        let options = options(dir.path());
        let old = filled(&options);
        let mut rotation = Rotation::begin(&options, &NextKey::Generated).unwrap();
        if reached >= Reached::Resealed {
            assert_eq!(rotation.reseal().unwrap(), 5);
        }
        if reached >= Reached::Finished {
            rotation.finish().unwrap();
        } else {
            drop(rotation);
        }
        for _ in 0..2 {
            let store = Store::open(&options).unwrap();
            assert_everything_opens(&store);
            let changed = store.vault().master_key().to_text() != old.master_key().to_text();
            assert_eq!(changed, reached >= Reached::Resealed, "{reached:?}");
            let hashes = |vault: &Vault| vault.subkey(Purpose::ApiKeys);
            assert_eq!(hashes(store.vault()), hashes(&old));
            store.close();
        }
        assert!(!dir.path().join("master.key.new").exists() || reached == Reached::Begun);
    }
}

#[test]
fn after_a_rotation_the_old_key_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path());
    let old = filled(&options);
    assert_eq!(rotate_master(&options, &NextKey::Generated).unwrap(), 5);
    let with_old = OpenOptions {
        key: KeySource::Text(old.master_key().to_text()),
        ..options.clone()
    };
    assert!(Store::open(&with_old).is_err());
    assert_everything_opens(&Store::open(&options).unwrap());
}

#[test]
fn a_key_from_outside_is_replaced_by_another_from_outside() {
    let dir = tempfile::tempdir().unwrap();
    let key = |digits: &str| KeySource::Text(Secret::new(digits.repeat(32)));
    let options = OpenOptions {
        key: key("aa"),
        ..options(dir.path())
    };
    filled(&options);
    assert!(rotate_master(&options, &NextKey::Generated).is_err());
    rotate_master(&options, &NextKey::Given(key("bb"))).unwrap();
    assert!(Store::open(&options).is_err());
    let options = OpenOptions {
        key: key("bb"),
        ..options
    };
    assert_everything_opens(&Store::open(&options).unwrap());
}

#[test]
fn a_rotation_beside_a_running_server_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path());
    let _running = Store::open(&options).unwrap();
    let refused = rotate_master(&options, &NextKey::Generated).unwrap_err();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
}

#[test]
fn a_value_that_does_not_open_stops_the_rotation_with_the_old_key_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path());
    let old = filled(&options);
    let conn = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    conn.execute("UPDATE idempotency SET answer_sealed = x'00'", [])
        .unwrap();
    drop(conn);
    assert!(rotate_master(&options, &NextKey::Generated).is_err());
    let store = Store::open(&options).unwrap();
    assert_eq!(
        store.vault().master_key().to_text(),
        old.master_key().to_text()
    );
}

#[test]
fn a_data_directory_without_a_database_is_left_without_one() {
    let dir = tempfile::tempdir().unwrap();
    assert!(rotate_master(&options(dir.path()), &NextKey::Generated).is_err());
    assert!(!dir.path().join(DATABASE_FILE).exists());
}

#[test]
fn no_sealed_column_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&options(dir.path())).unwrap();
    let mut known = SEALED.map(|(table, column)| format!("{table}.{column}"));
    known.sort();
    let found = store.read_blocking(|conn| {
        let mut statement = conn.prepare(
            "SELECT t.name || '.' || c.name
             FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
             WHERE t.type = 'table' AND (c.name = 'sealed' OR c.name LIKE '%\\_sealed' ESCAPE '\\')
             ORDER BY 1",
        )?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok::<Vec<String>, StoreError>(names.collect::<Result<_, _>>()?)
    });
    assert_eq!(found.unwrap(), known);
}
