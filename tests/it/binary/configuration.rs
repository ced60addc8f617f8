//! Which source of an option wins, and what is said about bad ones.

use super::process::{Server, complaint, serve};

#[tokio::test]
async fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let check = |file: &str, variable: Option<&str>, flag: Option<&str>, expect: &str| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("hookpost.toml"), file).unwrap();
        let mut command = serve(dir.path());
        if let Some(value) = variable {
            command.env("HOOKPOST_LISTEN", value);
        }
        if let Some(value) = flag {
            command.args(["--listen", value]);
        }
        let server = Server::spawn(&mut command);
        assert!(server.url.starts_with(expect), "{} {expect}", server.url);
    };
    let file = "listen = \"127.0.0.2:0\"";
    check(file, None, None, "http://127.0.0.2:");
    check(file, Some("127.0.0.3:0"), None, "http://127.0.0.3:");
    check(
        file,
        Some("127.0.0.3:0"),
        Some("127.0.0.4:0"),
        "http://127.0.0.4:",
    );
}

#[test]
fn bad_values_say_where_they_come_from() {
    let check = |file: &str, variable: (&str, &str), code: i32, expect: &str| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("hookpost.toml"), file).unwrap();
        let output = serve(dir.path()).env(variable.0, variable.1).output();
        let complaint = complaint(&output.unwrap(), code);
        assert!(complaint.contains(expect), "{complaint}");
    };
    let none = ("NOTHING", "");
    check(
        "lissten = \"1\"",
        none,
        1,
        "hookpost.toml, line 1: unknown key `lissten`",
    );
    check(
        "allow_private = [\"10.0.0.0/99\"]",
        none,
        1,
        "line 1: allow_private",
    );
    check(
        "",
        ("HOOKPOST_LISTEN", "here"),
        2,
        "variable HOOKPOST_LISTEN holds 'here'",
    );
    check(
        "",
        ("HOOKPOST_ALLOW_HTTP", "perhaps"),
        2,
        "variable HOOKPOST_ALLOW_HTTP holds 'perhaps'",
    );
    check("", ("HOOKPOST_MASTER_KEY", "short"), 1, "the environment");
}
