//! hookpost's own certificate.

use std::path::{Path, PathBuf};

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

/// A server over https, with its data in `dir`, and the file of its certificate.
pub fn serve_https(dir: &Path) -> (Server, PathBuf) {
    let (cert, key) = certificate(dir);
    let mut command = serve(&dir.join("data"));
    command.args(["--listen", "127.0.0.1:0"]);
    command.args(["--tls-cert", &cert, "--tls-key", &key]);
    (Server::spawn(&mut command), cert.into())
}

#[tokio::test]
async fn https_is_served_with_the_operators_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let (server, cert) = serve_https(dir.path());
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
    let trusted = [&list[..], &["--ca-file", cert.to_str().unwrap()]].concat();
    assert!(stdout_of(&trusted).starts_with("ID"));
    let stranger = complaint(&run(&list), 1);
    assert!(stranger.contains("no answer from https://"), "{stranger}");
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_half_a_renewal_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (cert, tls_key) = certificate(dir.path());
    let log = dir.path().join("log");
    let mut command = serve(&dir.path().join("data"));
    command.args(["--listen", "127.0.0.1:0", "--tls-cert", &cert]);
    command.args(["--tls-key", &tls_key]);
    let server = Server::spawn_into(&mut command, std::fs::File::create(&log).unwrap());
    let trusts = |roots: &str| {
        let list = ["webhooks", "list", "--server", &server.url];
        let output = run(&[&list[..], &["--api-key", "hpk_x", "--ca-file", roots]].concat());
        // An answer, even a refusal, means that the handshake went well.
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("not valid")
    };
    let old = dir.path().join("old.pem");
    std::fs::copy(&cert, &old).unwrap();
    let old = old.to_str().unwrap();
    assert!(trusts(old));
    let fresh = tempfile::tempdir().unwrap();
    let (fresh_cert, fresh_key) = certificate(fresh.path());
    let deadline = std::time::Instant::now() + 2 * crate::app::PATIENCE;
    let wait_for = |what: &dyn Fn() -> bool| {
        while !what() {
            assert!(std::time::Instant::now() < deadline, "it did not come");
            std::thread::yield_now();
        }
    };
    std::fs::rename(&fresh_cert, &cert).unwrap();
    let said = || std::fs::read_to_string(&log).unwrap();
    wait_for(&|| said().contains("the old one stays"));
    assert!(trusts(old) && !trusts(&cert));
    std::fs::rename(&fresh_key, &tls_key).unwrap();
    wait_for(&|| trusts(&cert));
    assert!(!trusts(old));
    assert!(said().contains("the certificate was replaced"));
}

#[test]
fn a_key_that_does_not_fit_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let (cert, _) = certificate(dir.path());
    let output = serve(dir.path())
        .args(["--listen=127.0.0.1:0", "--tls-cert", &cert])
        .args(["--tls-key", &cert])
        .output()
        .unwrap();
    let complaint = complaint(&output, 1);
    assert!(complaint.contains("cannot read the key"), "{complaint}");
}
