//! The catalogue: what is added, changed, removed, seeded and told.

use std::sync::{Arc, Mutex};

use super::*;
use crate::domain::feature_flag::FeatureFlags;
use crate::domain::profile::Profile;
use crate::store::tests::{Fixture, fixture};

fn settings(description: &str) -> EventTypeSettings {
    EventTypeSettings {
        description: Some(description.to_owned()),
        schema: Some(r#"{"type":"object"}"#.to_owned()),
        ..EventTypeSettings::default()
    }
}

fn name(text: &str) -> EventTypeName {
    EventTypeName::parse(text).unwrap()
}

#[test]
fn an_event_type_is_added_once_changed_and_removed() {
    let Fixture { store, dir: _dir } = fixture();
    let done = store.write_blocking(|tx| {
        let added = insert(tx, 1, &name("a.b"), &settings("first"))?;
        assert!(added.is_some());
        assert!(insert(tx, 1, &name("a.b"), &settings("again"))?.is_none());
        assert!(update(tx, 1, &name("a.c"), &settings("none"))?.is_none());
        let archived = EventTypeSettings {
            archived: true,
            deprecated: true,
            feature_flags: FeatureFlags::read("beta eu").unwrap(),
            ..settings("second")
        };
        let changed = update(tx, 1, &name("a.b"), &archived)?.unwrap();
        assert_eq!(changed.settings, archived);
        assert_eq!(find(tx, 1, &name("a.b"))?.unwrap(), changed);
        assert!(names(tx, 1)?.is_empty(), "archived ones are not in use");
        assert_eq!(count(tx, 1)?, 1);
        assert!(delete(tx, 1, &name("a.b"))?);
        assert!(!delete(tx, 1, &name("a.b"))?);
        find(tx, 1, &name("a.b"))
    });
    assert_eq!(done.unwrap(), None);
}

#[test]
fn a_profiles_catalogue_is_added_once_and_listed_in_its_order() {
    let Fixture { store, dir: _dir } = fixture();
    let profile = Profile::built_in_named("armalo").unwrap();
    let entries = profile.catalogue();
    let expect: Vec<EventTypeName> = entries.iter().map(|e| e.name.clone()).collect();
    let seeded = store.write_blocking(|tx| {
        let profile = Profile::built_in_named("armalo").unwrap();
        let first = seed(tx, 1, profile.catalogue())?;
        Ok::<_, StoreError>((first, seed(tx, 1, profile.catalogue())?))
    });
    assert_eq!(seeded.unwrap(), (22, 0));
    let page = store
        .read_blocking(|conn| list(conn, 1, None, Limit::clamped(250)))
        .unwrap();
    let listed: Vec<EventTypeName> = page.items.into_iter().map(|e| e.name).collect();
    assert_eq!(listed, expect);
    let mut sorted = expect;
    sorted.sort();
    assert_eq!(store.read_blocking(|conn| names(conn, 1)).unwrap(), sorted);
}

#[test]
fn a_catalogue_never_grows_beyond_its_bound() {
    let Fixture { store, dir: _dir } = fixture();
    let entry = |n: u32| CatalogueEntry {
        name: name(&format!("t{n}")),
        description: None,
        group: None,
    };
    let added = store.write_blocking(move |tx| {
        let entries: Vec<CatalogueEntry> = (0..EVENT_TYPES_MAX + 5).map(entry).collect();
        seed(tx, 1, &entries)
    });
    assert_eq!(added.unwrap(), EVENT_TYPES_MAX);
    let all = store.read_blocking(|conn| catalogue(conn, 1)).unwrap();
    assert_eq!(all.len(), 1000);
}

#[test]
fn every_change_tells_whose_catalogue_it_was() {
    let Fixture { store, dir: _dir } = fixture();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    store.on_commit(move |committed| {
        let mut heard = listener.lock().unwrap();
        heard.extend(committed.catalogues_changed.iter().copied());
    });
    store
        .write_blocking(|tx| insert(tx, 1, &name("a"), &settings("x")))
        .unwrap();
    store
        .write_blocking(|tx| update(tx, 1, &name("a"), &settings("y")))
        .unwrap();
    store
        .write_blocking(|tx| delete(tx, 1, &name("a")))
        .unwrap();
    assert_eq!(*heard.lock().unwrap(), [1, 1, 1]);
}
