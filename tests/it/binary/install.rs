//! hookpost as a service of the machine: installed, packaged, documented, started and ended.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::process::Signal;

use super::process::{Server, complaint, hookpost, hookpost_in, run, stdout_of};
use crate::app::PATIENCE;

/// What a program of the system says; it must succeed.
#[track_caller]
pub(super) fn tool(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    assert_eq!(said, "", "{program} {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

pub(super) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn installed() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    stdout_of(&["install", "--root", text(&root)]);
    (dir, root)
}

#[test]
fn the_unit_that_is_installed_pleases_systemd_and_is_shut_off_from_the_machine() {
    let (_dir, root) = installed();
    let unit = root.join("etc/systemd/system/hookpost.service");
    let root_option = format!("--root={}", text(&root));
    // What the unit waits for is systemd's own and is not in this root.
    for target in [
        "network-online",
        "multi-user",
        "sysinit",
        "basic",
        "shutdown",
    ] {
        let file = root.join(format!("etc/systemd/system/{target}.target"));
        fs::write(file, "[Unit]\nDescription=of the test\n").unwrap();
    }
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::copy("/bin/true", root.join("bin/kill")).unwrap();
    let output = Command::new("systemd-analyze")
        .args([&root_option, "--man=no", "verify", "hookpost.service"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !said.contains("hookpost"),
        "{said}"
    );
    let table = tool(
        "systemd-analyze",
        &["security", "--offline=true", "--threshold=25", text(&unit)],
    );
    assert!(table.contains("Overall exposure level"), "{table}");
    let binary = root.join("usr/local/bin/hookpost");
    let mode = fs::metadata(&binary).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    let named = fs::read_to_string(&unit).unwrap();
    for line in [
        "ExecStart=/usr/local/bin/hookpost serve",
        "Type=notify",
        "WatchdogSec=60s",
        "Restart=on-failure",
        "User=hookpost",
        "Group=hookpost",
        "StateDirectory=hookpost",
        "StateDirectoryMode=0700",
        "Environment=HOOKPOST_DATA_DIR=/var/lib/hookpost",
        "EnvironmentFile=-/etc/hookpost/hookpost.env",
    ] {
        assert!(named.lines().any(|own| own == line), "no {line}: {named}");
    }
    let users = root.join("etc/sysusers.d/hookpost.conf");
    let output = Command::new("systemd-sysusers")
        .args([&root_option, "--dry-run", text(&users)])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success() && said.contains("Creating user 'hookpost'"),
        "{said}"
    );
}

#[test]
fn installing_again_leaves_settings_alone_and_a_dry_run_writes_nothing() {
    let (dir, root) = installed();
    let settings = root.join("etc/hookpost/hookpost.env");
    fs::write(&settings, "HOOKPOST_LISTEN=127.0.0.1:9\n").unwrap();
    let unit = root.join("etc/systemd/system/hookpost.service");
    fs::write(&unit, "old").unwrap();
    stdout_of(&["install", "--root", text(&root)]);
    assert_eq!(
        fs::read_to_string(&settings).unwrap(),
        "HOOKPOST_LISTEN=127.0.0.1:9\n"
    );
    assert!(fs::read_to_string(&unit).unwrap().contains("Type=notify"));
    let other = dir.path().join("other");
    let listed = stdout_of(&["install", "--dry-run", "--root", text(&other)]);
    assert!(listed.contains("other/usr/local/bin/hookpost"), "{listed}");
    assert!(!other.exists());
}

/// `hookpost install` by root of a machine whose settings, programs and state are below `machine`.
fn install_there(machine: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snippets/install_run.sh");
    let mut command = hookpost_in(text(&script));
    command.args([text(machine), env!("CARGO_BIN_EXE_hookpost"), "install"]);
    command.env("LC_ALL", "C.UTF-8").output().unwrap()
}

#[test]
fn installed_for_real_it_has_its_user_and_says_what_systemd_makes_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let machine = dir.path();
    for folder in ["etc", "local", "run"] {
        fs::create_dir(machine.join(folder)).unwrap();
    }
    let read = |file: &str| fs::read_to_string(machine.join("etc").join(file)).unwrap();
    // Again is an upgrade.
    for _ in 0..2 {
        let output = install_there(machine);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        assert!(
            said.starts_with("installed; where systemd runs, start it"),
            "{said}"
        );
        let users = read("passwd");
        assert_eq!(users.lines().count(), 1, "{users}");
        assert!(
            users.contains(":/var/lib/hookpost:/usr/sbin/nologin\n"),
            "{users}"
        );
        assert!(read("group").starts_with("hookpost:"));
    }
    let unit = read("systemd/system/hookpost.service");
    assert!(
        unit.contains("\nExecStart=/usr/local/bin/hookpost serve\n"),
        "{unit}"
    );
    assert!(read("hookpost/hookpost.env").contains("HOOKPOST_LISTEN"));
    let binary = machine.join("local/bin/hookpost");
    assert!(tool(text(&binary), &["--version"]).starts_with("hookpost "));
    // Here systemd is said to run, and nobody answers.
    fs::create_dir_all(machine.join("run/systemd/system")).unwrap();
    let refused = complaint(&install_there(machine), 1);
    assert!(
        refused.contains("systemctl daemon-reload failed"),
        "{refused}"
    );
}

#[test]
fn a_debian_package_is_made_by_one_command_holds_what_it_should_and_is_installed() {
    let dir = tempfile::tempdir().unwrap();
    let said = stdout_of(&["package", "deb", "--output", text(dir.path())]);
    let package = said.lines().last().unwrap();
    let info = tool("dpkg-deb", &["--info", package]);
    assert!(
        info.contains("Package: hookpost") && info.contains("conffiles"),
        "{info}"
    );
    let listed = tool("dpkg-deb", &["--contents", package]);
    for file in [
        "./usr/bin/hookpost",
        "./usr/lib/systemd/system/hookpost.service",
        "./usr/lib/sysusers.d/hookpost.conf",
        "./usr/share/man/man1/hookpost-serve.1",
        "./usr/share/bash-completion/completions/hookpost",
        "./usr/share/fish/vendor_completions.d/hookpost.fish",
        "./usr/share/zsh/vendor-completions/_hookpost",
        "./usr/share/doc/hookpost/copyright",
        "./etc/hookpost/hookpost.env",
    ] {
        assert!(listed.contains(file), "{file}: {listed}");
    }
    assert!(!listed.contains("usr/local"), "{listed}");
    let out = dir.path().join("out");
    tool("dpkg-deb", &["--extract", package, text(&out)]);
    let version = tool(text(&out.join("usr/bin/hookpost")), &["--version"]);
    assert_eq!(
        version.trim(),
        concat!("hookpost ", env!("CARGO_PKG_VERSION"))
    );
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
    for script in ["postinst", "prerm"] {
        let control = dir.path().join("control");
        tool("dpkg-deb", &["--control", package, text(&control)]);
        tool("sh", &["-n", text(&control.join(script))]);
    }
    is_installed_upgraded_and_removed(package);
}

/// `dpkg` in a root of its own, as somebody who is root there and nowhere else.
fn dpkg(root: &Path, words: &[&str]) -> String {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "dpkg", "--force-not-root"]);
    // The packages that it depends on are in the other root, and so is the shell of its scripts.
    command.args(["--force-script-chrootless", "--force-depends"]);
    command.arg(format!("--root={}", text(root)));
    command.arg(format!("--log={}", text(&root.join("log"))));
    let output = command.args(words).env("LC_ALL", "C").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{words:?}: {said}");
    said
}

/// `dpkg` installs it with its user, upgrades it, removes it, and keeps settings until it is purged.
fn is_installed_upgraded_and_removed(package: &str) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    dpkg(&root, &["--install", package]);
    let status = || dpkg(&root, &["--status", "hookpost"]);
    assert!(status().contains("Status: install ok installed"));
    let users = fs::read_to_string(root.join("etc/passwd")).unwrap();
    assert!(users.contains("hookpost:"), "{users}");
    let binary = root.join("usr/bin/hookpost");
    assert!(tool(text(&binary), &["--version"]).starts_with("hookpost "));
    let settings = root.join("etc/hookpost/hookpost.env");
    fs::write(&settings, "HOOKPOST_LISTEN=127.0.0.1:9\n").unwrap();
    dpkg(&root, &["--install", package]);
    let kept = || fs::read_to_string(&settings).unwrap();
    assert_eq!(kept(), "HOOKPOST_LISTEN=127.0.0.1:9\n");
    dpkg(&root, &["--remove", "hookpost"]);
    assert!(!binary.exists());
    assert_eq!(kept(), "HOOKPOST_LISTEN=127.0.0.1:9\n");
    dpkg(&root, &["--purge", "hookpost"]);
    assert!(!settings.exists());
}

#[test]
fn the_manual_has_a_page_for_every_command_and_groff_finds_no_fault() {
    let dir = tempfile::tempdir().unwrap();
    stdout_of(&["man", "--output", text(dir.path())]);
    let pages: Vec<PathBuf> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for page in &pages {
        let shown = tool("man", &["--warnings", "-Tutf8", "-l", text(page)]);
        assert!(shown.contains("hookpost"), "{}", page.display());
    }
    for command in ["hookpost", "hookpost-serve", "hookpost-webhooks-create"] {
        assert!(
            pages.contains(&dir.path().join(format!("{command}.1"))),
            "{command}"
        );
    }
    assert!(stdout_of(&["man"]).contains(".TH"));
}

#[tokio::test]
async fn a_health_check_says_by_its_exit_code_whether_work_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let data = ["healthcheck", "--data-dir", text(dir.path())];
    let refused = complaint(&run(&data), 1);
    assert!(refused.contains("no server runs on"), "{refused}");
    let server = Server::start(dir.path());
    assert_eq!(stdout_of(&data), "ok");
    stdout_of(&["pause", "--data-dir", text(dir.path())]);
    assert_eq!(stdout_of(&data), "ok, sending is paused");
    drop(server);
    complaint(&run(&data), 1);
}

#[tokio::test]
async fn the_service_manager_learns_of_start_life_and_end() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("notify");
    let socket = UnixDatagram::bind(&place).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let data = dir.path().join("data");
    let mut command = hookpost(&["serve", "--listen", "127.0.0.1:0"]);
    command
        .env("HOOKPOST_DATA_DIR", &data)
        .env("NOTIFY_SOCKET", &place)
        .env("WATCHDOG_USEC", "100000");
    let server = Server::spawn(&mut command);
    let told = |wanted: &str| {
        let mut message = [0; 512];
        loop {
            let length = socket.recv(&mut message).expect(wanted);
            let text = String::from_utf8_lossy(&message[..length]).into_owned();
            if text.contains(wanted) {
                return text;
            }
        }
    };
    let ready = told("READY=1");
    assert!(
        ready.contains(&format!("STATUS=listening on {}", server.url)),
        "{ready}"
    );
    told("WATCHDOG=1");
    told("WATCHDOG=1");
    server.signal(Signal::TERM);
    told("STOPPING=1");
    assert!(server.exit().await.success());
}
