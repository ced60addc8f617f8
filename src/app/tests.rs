//! A whole hookpost as it is without any option, and one whose engine ends although nobody asked it to.

use super::*;
use crate::config::KeyEnvironment;
use crate::config::options::Options;
use crate::telemetry::traces::are_on;

/// The configuration of somebody who says nothing but where.
fn plain(dir: &tempfile::TempDir) -> Config {
    let options = Options {
        data_dir: Some(dir.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Options::default()
    };
    Config::load(options, None, KeyEnvironment::default()).unwrap()
}

#[test]
fn a_process_whose_engine_has_ended_ends_with_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let ended = run(&plain(&dir), &Hangup::Stop, async |app| {
        app.service().check_ready().await?;
        app.service().engine().stop(Duration::ZERO).await;
        let refused = app.service().check_ready().await.unwrap_err();
        assert!(refused.to_string().contains("has ended"), "{refused}");
        Ok(())
    });
    assert_eq!(ended.unwrap_err().to_string(), "the engine ended by itself");
}

#[test]
fn nobody_records_traces_where_no_collector_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let ended = run(&plain(&dir), &Hangup::Stop, async |_| {
        assert!(!are_on());
        bail!("that was all")
    });
    assert_eq!(ended.unwrap_err().to_string(), "that was all");
}
