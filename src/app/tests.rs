//! A whole hookpost whose engine ends although nobody asked it to.

use super::*;
use crate::config::KeyEnvironment;
use crate::config::options::Options;

#[test]
fn a_process_whose_engine_has_ended_ends_with_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        data_dir: Some(dir.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Options::default()
    };
    let config = Config::load(options, None, KeyEnvironment::default()).unwrap();
    let ended = run(&config, &Hangup::Stop, async |app| {
        app.service().check_ready().await?;
        app.service().engine().stop(Duration::ZERO).await;
        let refused = app.service().check_ready().await.unwrap_err();
        assert!(refused.to_string().contains("has ended"), "{refused}");
        Ok(())
    });
    assert_eq!(ended.unwrap_err().to_string(), "the engine ended by itself");
}
