//! hookpost in a container: built from its container file, and run as its first process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::install::{text, tool};
use super::process::{Server, hookpost_in, stdout_of};
use crate::receiver::Receiver;

/// The first of `program`'s children, once it has one.
fn child_of(parent: u32) -> Pid {
    let children = format!("/proc/{parent}/task/{parent}/children");
    let found = fs::read_to_string(children).unwrap();
    let child = found.split_whitespace().next().expect("a child").parse();
    Pid::from_raw(child.unwrap()).unwrap()
}

#[tokio::test]
async fn as_the_first_process_of_a_container_it_serves_is_healthy_and_ends_on_term() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    // A process namespace of its own, as a container has, needs no rights.
    let mut command = hookpost_in("unshare");
    command.args([
        "--user",
        "--map-current-user",
        "--pid",
        "--fork",
        "--kill-child",
    ]);
    command.args([
        env!("CARGO_BIN_EXE_hookpost"),
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]);
    command.env("HOOKPOST_DATA_DIR", &data);
    let server = Server::spawn(&mut command);
    let first = child_of(server.id());
    let status = fs::read_to_string(format!("/proc/{first}/status")).unwrap();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    assert_eq!(numbers.unwrap().split_whitespace().last(), Some("1"));
    assert_eq!(stdout_of(&["healthcheck", "--data-dir", text(&data)]), "ok");
    kill_process(first, Signal::TERM).unwrap();
    assert!(server.exit().await.success());
}

#[test]
fn a_container_is_built_from_this_binary_runs_as_nobody_and_writes_only_its_data() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("box");
    let said = stdout_of(&["install", "--container", text(&place)]);
    assert!(said.contains("docker compose -f"), "{said}");
    let version = tool(text(&place.join("hookpost")), &["--version"]);
    assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    check_compose(&place.join("compose.yaml"));
    // As the container file's published parser reads it, and any reader of YAML the other.
    let said = tool(
        text(&tests.join(".venv/bin/python")),
        &[
            "-B",
            text(&tests.join("snippets/container.py")),
            text(&place.join("Dockerfile")),
            text(&place.join("compose.yaml")),
        ],
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    let step = |name: &str| -> Vec<&str> {
        let steps = said["steps"].as_array().unwrap().iter();
        let named = steps.filter(|step| step["instruction"] == name);
        named.map(|step| step["value"].as_str().unwrap()).collect()
    };
    assert!(
        said["base"]
            .as_str()
            .unwrap()
            .starts_with("gcr.io/distroless/")
    );
    assert_eq!(step("USER"), ["65532:65532"]);
    assert_eq!(step("RUN"), Vec::<&str>::new(), "the base has no shell");
    assert_eq!(step("ENTRYPOINT"), ["[\"/usr/local/bin/hookpost\"]"]);
    assert!(step("HEALTHCHECK")[0].ends_with("[\"/usr/local/bin/hookpost\", \"healthcheck\"]"));
    // Everything that is copied is there and is let through to the builder.
    let ignored = fs::read_to_string(place.join(".dockerignore")).unwrap();
    for copied in step("COPY") {
        let from = copied
            .split(' ')
            .find(|word| !word.starts_with("--"))
            .unwrap();
        assert!(place.join(from).exists(), "{from}");
        assert!(ignored.contains(&format!("!{from}\n")), "{from}");
    }
    let service = &said["compose"]["services"]["hookpost"];
    assert_eq!(service["read_only"], true);
    assert_eq!(service["cap_drop"], json!(["ALL"]));
    assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]));
    assert_eq!(service["user"], step("USER")[0]);
    assert_eq!(service["ports"], json!(["127.0.0.1:8080:8080"]));
    assert_eq!(service["volumes"], json!(["data:/data"]));
    assert!(
        said["compose"]["volumes"]
            .as_object()
            .unwrap()
            .contains_key("data")
    );
    // Every variable that either file sets is an option of the server.
    let help = stdout_of(&["serve", "--help"]);
    let environment = service["environment"].as_object().unwrap().keys();
    for name in environment.chain(said["env"].as_object().unwrap().keys()) {
        assert!(help.contains(name.as_str()), "{name}");
    }
    // An operator's own compose file stays.
    fs::write(place.join("compose.yaml"), "services: {}\n").unwrap();
    stdout_of(&["install", "--container", text(&place)]);
    let kept = fs::read_to_string(place.join("compose.yaml")).unwrap();
    assert_eq!(kept, "services: {}\n");
}

/// What Docker Compose itself says of a file: nothing, and of one with a typo what is amiss.
fn check_compose(file: &Path) {
    let judge = |file: &Path| {
        let mut compose = Command::new("docker-compose");
        compose.arg("-f").arg(file).args(["config", "--quiet"]);
        compose.output().expect("tests/run installs docker-compose")
    };
    let judged = judge(file);
    assert!(judged.status.success(), "{judged:?}");
    let amiss = file.with_file_name("amiss.yaml");
    let declared = fs::read_to_string(file).unwrap();
    fs::write(&amiss, declared.replace("read_only:", "read_onli:")).unwrap();
    let judged = judge(&amiss);
    let said = String::from_utf8_lossy(&judged.stderr);
    assert!(
        !judged.status.success() && said.contains("read_onli"),
        "{judged:?}"
    );
}

/// An image that was built from this binary's own container file, and a volume for it.
struct Image {
    dir: tempfile::TempDir,
    said: Value,
}

impl Image {
    fn build() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let context = dir.path().join("box");
        stdout_of(&["install", "--container", text(&context)]);
        let (root, volume) = (dir.path().join("root"), dir.path().join("volume"));
        fs::create_dir_all(&volume).unwrap();
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let said = tool(
            text(&tests.join(".venv/bin/python")),
            &[
                "-B",
                text(&tests.join("snippets/container_build.py")),
                text(&context),
                text(&root),
            ],
        );
        let said = serde_json::from_str(&said).unwrap();
        Self { dir, said }
    }

    fn volume(&self) -> PathBuf {
        self.dir.path().join("volume")
    }

    /// A process in a container of its own, as the file says, with `more` of the environment.
    fn command(&self, words: &[&str], more: &[(&str, &str)]) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snippets/container_run.sh");
        let user = self.said["user"].as_str().unwrap();
        let mut command = hookpost_in(text(&script));
        command.args([
            text(&self.dir.path().join("root")),
            text(&self.volume()),
            user.split(':').next().unwrap(),
        ]);
        command.args(words);
        let env: BTreeMap<String, String> =
            serde_json::from_value(self.said["env"].clone()).unwrap();
        command.envs(env).envs(more.iter().copied());
        command
    }

    fn words(&self, name: &str) -> Vec<&str> {
        let words = self.said[name].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap()).collect()
    }

    /// What a command in the running container prints.
    fn says(&self, words: &[&str]) -> String {
        let output = self.command(words, &[]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }
}

/// All below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| match path.is_dir() {
        true => [files(&path), vec![path]].concat(),
        false => vec![path],
    };
    let mut all: Vec<PathBuf> = entries.flat_map(below).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_container_file_builds_serves_as_nobody_on_a_root_that_cannot_be_written() {
    let image = Image::build();
    let (receiver, root) = (Receiver::start().await, image.dir.path().join("root"));
    let before = files(&root);
    let line = [image.words("entrypoint"), image.words("cmd")].concat();
    let settings = [
        ("HOOKPOST_LISTEN", "127.0.0.1:0"),
        ("HOOKPOST_ALLOW_HTTP", "true"),
        ("HOOKPOST_ALLOW_PRIVATE", "127.0.0.0/8"),
    ];
    let server = Server::spawn(&mut image.command(&line, &settings));
    let first = child_of(server.id());
    let status = fs::read_to_string(format!("/proc/{}/status", first.as_raw_nonzero())).unwrap();
    let of = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
    };
    assert_eq!(
        of("NSpid:").split_whitespace().last(),
        Some("1"),
        "{status}"
    );
    assert_eq!(of("NoNewPrivs:").trim(), "1");
    assert_eq!(image.says(&image.words("healthcheck")), "ok");

    let binary = line[0];
    let key = image.says(&[binary, "key", "create", "--name", "platform"]);
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    let made = server.post(&key, "/webhooks", &hook, 201).await;
    server
        .post(&key, "/events", &json!({"type": "a", "data": {}}), 202)
        .await;
    let sent = receiver.wait_for(1).await.remove(0);
    crate::dialects::verify::accepted_everywhere(
        "standard",
        made["secret"].as_str().unwrap(),
        &sent,
    );
    let (status, _) = server
        .call(&key, Method::GET, "/webhooks", None)
        .await
        .unwrap();
    assert_eq!(status.as_u16(), 200);

    assert_eq!(files(&root), before, "nothing was written but data");
    assert!(
        files(&image.volume())
            .iter()
            .any(|file| file.ends_with("hookpost.db"))
    );
    let signal = image.said["stopsignal"].as_str().unwrap();
    assert_eq!(signal, "SIGTERM");
    kill_process(first, Signal::TERM).unwrap();
    assert!(server.exit().await.success());
    let output = image
        .command(&image.words("healthcheck"), &[])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

/// A delivery that was verified, from nothing: what it takes is printed.
#[test]
fn a_first_verified_delivery_comes_by_container_and_by_package() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/first_delivery");
    for way in ["container", "deb"] {
        let mut command = hookpost_in(text(&script));
        let output = command.args([way, env!("CARGO_BIN_EXE_hookpost")]).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{way}: {output:?}");
        let line = said.lines().last().unwrap();
        assert!(
            line.starts_with(&format!("{way}: first verified delivery after ")),
            "{said}"
        );
        println!("{line}");
    }
}
