//! Which source wins, and what is said about bad ones.

use super::*;

fn load(given: Options, named_file: Option<&Path>) -> Result<Config, ConfigError> {
    Config::load(given, named_file, KeyEnvironment::default())
}

fn in_dir(dir: &tempfile::TempDir) -> Options {
    Options {
        data_dir: Some(dir.path().to_owned()),
        ..Options::default()
    }
}

fn with_file(content: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE_NAME), content).unwrap();
    dir
}

#[test]
fn without_any_source_the_defaults_hold() {
    let dir = tempfile::tempdir().unwrap();
    let config = load(in_dir(&dir), None).unwrap();
    assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.shutdown_grace, Duration::from_secs(15));
    assert_eq!(config.event_data_bytes_max, 262_144);
    assert!(!config.allow_http);
    assert!(config.allow_private.is_empty());
    let expect = dir.path().join(MASTER_KEY_FILE);
    assert!(matches!(config.master_key, KeySource::File(path) if path == expect));
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let dir = with_file("listen = \"127.0.0.1:1\"\nmax_in_flight = 7");
    let given = Options {
        listen: Some("127.0.0.1:2".parse().unwrap()),
        ..in_dir(&dir)
    };
    let config = load(given, None).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:2");
    assert_eq!(config.max_in_flight, 7);
    assert_eq!(config.batch_events_max, 1000);
}

#[test]
fn a_named_file_replaces_the_one_in_the_data_directory_and_must_exist() {
    let dir = with_file("max_in_flight = 7");
    let named = dir.path().join("other.toml");
    assert!(matches!(
        load(in_dir(&dir), Some(&named)),
        Err(ConfigError::File { .. })
    ));
    std::fs::write(&named, "batch_events_max = 5").unwrap();
    let config = load(in_dir(&dir), Some(&named)).unwrap();
    assert_eq!((config.max_in_flight, config.batch_events_max), (512, 5));
}

#[test]
fn contradictions_are_refused() {
    let check = |content: &str, expect: &str| {
        let dir = with_file(content);
        let refusal = load(in_dir(&dir), None).unwrap_err().to_string();
        assert!(refusal.contains(expect), "{refusal}");
    };
    check("data_dir = \"/elsewhere\"", "cannot set data_dir");
    check("tls_cert = \"a.pem\"", "needs tls_key");
    check("tls_key = \"a.pem\"", "needs tls_cert");
    check(
        "public_url = \"ftp://a.example\"",
        "public_url: must be an http",
    );
    check(
        "public_url = \"https://a.example/?q\"",
        "public_url: must be an http",
    );
}

#[test]
fn the_master_key_comes_from_the_most_particular_source() {
    let credentials = tempfile::tempdir().unwrap();
    let data_dir = Path::new("/data");
    let environment = |text: Option<&str>| KeyEnvironment {
        text: text.map(|text| Secret::new(text.to_owned())),
        credentials: Some(credentials.path().to_owned()),
    };
    let named = || Some(PathBuf::from("/named"));
    let source = environment(Some("abc")).source(named(), data_dir);
    assert!(matches!(source, KeySource::Text(_)));
    let source = environment(None).source(named(), data_dir);
    assert!(matches!(source, KeySource::File(path) if path == Path::new("/named")));
    let source = environment(None).source(None, data_dir);
    assert!(matches!(source, KeySource::File(path) if path == Path::new("/data/master.key")));
    std::fs::write(credentials.path().join(CREDENTIAL_NAME), "x").unwrap();
    let source = environment(None).source(None, data_dir);
    assert!(matches!(source, KeySource::Credential(_)));
}
