//! hookpost's own certificate.

use std::path::Path;

use super::process::{Server, complaint, run, serve, stdout_of};

/// A certificate for this machine's loopback and its key, as files in `dir`.
fn certificate(dir: &Path) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let write = |name: &str, pem: String| {
        let path = dir.join(name);
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cert = write("cert.pem", made.cert.pem());
    (cert, write("key.pem", made.signing_key.serialize_pem()))
}

#[tokio::test]
async fn https_is_served_with_the_operators_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let (cert, tls_key) = certificate(dir.path());
    let data_dir = dir.path().join("data");
    let server = Server::spawn(serve(&data_dir).args([
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        &cert,
        "--tls-key",
        &tls_key,
    ]));
    assert!(
        server.url.starts_with("https://127.0.0.1:"),
        "{}",
        server.url
    );
    let create = [
        "key",
        "create",
        "--name",
        "k",
        "--data-dir",
        data_dir.to_str().unwrap(),
    ];
    let key = stdout_of(&create);
    let list = [
        "webhooks",
        "list",
        "--server",
        &server.url,
        "--api-key",
        &key,
    ];
    let trusted = [&list[..], &["--ca-file", &cert]].concat();
    assert!(stdout_of(&trusted).starts_with("ID"));
    let stranger = complaint(&run(&list), 1);
    assert!(stranger.contains("no answer from https://"), "{stranger}");
}

#[test]
fn a_key_that_does_not_fit_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let (cert, _) = certificate(dir.path());
    let output = serve(dir.path())
        .args(["--tls-cert", &cert, "--tls-key", &cert])
        .output()
        .unwrap();
    let complaint = complaint(&output, 1);
    assert!(complaint.contains("cannot read the key"), "{complaint}");
}
