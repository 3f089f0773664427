//! The command line as people run it: the built program, its exit codes, what it prints, and how it ends.

#![cfg(unix)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use milink_simulator::control::VARIABLE;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_milink-simulator"));
    program.env_remove(VARIABLE);
    program
}

/// Runs a command to its end: exit code, what it printed, what went wrong.
fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn succeeds(command: &mut Command) -> String {
    let (code, said, wrong) = run(command);
    assert_eq!((code, wrong.as_str()), (0, ""), "{said}");
    said
}

/// What a command says that fails; it prints nothing else.
fn fails(command: &mut Command) -> String {
    let (code, said, wrong) = run(command);
    assert_eq!((code, said.as_str()), (1, ""), "{wrong}");
    wrong
}

/// A file of an estate in a folder that goes with it.
struct File {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl File {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("estate.json");
        std::fs::write(&path, text).unwrap();
        Self { path, _folder: folder }
    }
}

/// `serve`, and what it printed until it served.
struct Served {
    process: Child,
    lines: BufReader<ChildStdout>,
    exports: BTreeMap<String, String>,
    text: String,
}

impl Served {
    fn start(estate: &File, journal: &Path) -> Self {
        let mut command = program();
        command.args(["serve", "--estate"]).arg(&estate.path).arg("--journal").arg(journal);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let (mut exports, mut text) = (BTreeMap::new(), String::new());
        while !exports.contains_key(VARIABLE) {
            let mut line = String::new();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "serve ended: {text}");
            if let Some((name, value)) =
                line.trim().strip_prefix("export ").and_then(|one| one.split_once('='))
            {
                exports.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            }
            text.push_str(&line);
        }
        Self { process, lines, exports, text }
    }

    fn control(&self) -> &Path {
        Path::new(&self.exports[VARIABLE])
    }

    /// A command that finds it as people let it: by the variable.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.env(VARIABLE, self.control()).args(arguments);
        command
    }

    /// Ends it by a signal: its exit code, and what it still said.
    fn end(mut self, signal: Signal) -> (i32, String) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        self.process.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap().code().unwrap(), rest)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

const ESTATE: &str = r#"{
    "speed": 0,
    "starts_at": "2026-06-01T08:00:00Z",
    "sql_servers": [{
        "host": "h", "version": "2022", "instance": "A", "logins": [{"name": "t", "password": "P4ss-word"}],
        "databases": [{"name": "Sales"}]
    }]
}"#;

#[test]
fn a_file_is_checked_and_each_mistake_has_its_place() {
    let check = |text: &str| {
        let file = File::new(text);
        run(program().args(["estate", "check"]).arg(&file.path))
    };
    let (code, said, _) = check(ESTATE);
    assert_eq!(code, 0);
    assert!(said.ends_with("describes 1 SQL Server, 0 managed instances and 0 links.\n"), "{said}");
    let two = r#"{"sql_servers": [{"host": "h", "version": "2021"}], "sped": 3}"#;
    for (wrong, places) in [
        (two, ["sql_servers[0].version", "sped: there is no such field"]),
        ("{", ["it is no JSON", "line 1"]),
    ] {
        let (code, said, error) = check(wrong);
        assert_eq!((code, said.as_str()), (1, ""), "{error}");
        assert!(
            error.starts_with("\nError: ") && places.iter().all(|place| error.contains(place)),
            "{error}"
        );
    }
    let missing = fails(program().args(["estate", "check", "/nowhere/estate.json"]));
    assert!(missing.contains("cannot read `/nowhere/estate.json`"), "{missing}");
    // What it prints itself is right.
    let example = File::new(&succeeds(program().args(["estate", "example"])));
    succeeds(program().args(["estate", "check"]).arg(&example.path));
    let schema: Value = serde_json::from_str(&succeeds(program().args(["estate", "schema"]))).unwrap();
    assert!(schema["properties"]["sql_servers"].is_object());
}

#[test]
fn arguments_that_mean_nothing_are_refused_before_anything_happens() {
    assert!(succeeds(program().arg("--help")).contains("rehearse"));
    for wrong in [
        vec!["dance"],
        vec!["serve", "--estate"],
        vec!["clock", "--control", "x", "advance", "10"],
        vec!["fault", "--control", "x", "add", "cut"],
        vec!["fault", "--control", "x", "add", "--face", "tds", "hang"],
        vec!["deed", "--control", "x", "offer-suites", "h", "new"],
        vec!["world"],
    ] {
        let said = fails(program().args(&wrong));
        assert!(said.starts_with("error: ") && said.contains("--help"), "{wrong:?}: {said}");
    }
    let gone = fails(program().args(["world", "--control", "/nowhere/control.json"]));
    assert!(
        gone.contains("cannot read `/nowhere/control.json`") && gone.contains("`serve` prints"),
        "{gone}"
    );
    let estate = fails(program().args(["serve", "--estate", "/nowhere/estate.json"]));
    assert!(estate.contains("cannot read `/nowhere/estate.json`"), "{estate}");
    let outside = fails(program().args(["serve", "--control-address", "0.0.0.0:0"]));
    assert!(outside.contains("loopback only"), "{outside}");
}

#[test]
fn commands_look_at_a_simulator_and_act_on_it() {
    let file = File::new(ESTATE);
    let journal = file.path.with_extension("jsonl");
    let served = Served::start(&file, &journal);
    let ok = |arguments: &[&str]| succeeds(&mut served.command(arguments));
    let refused = |arguments: &[&str]| fails(&mut served.command(arguments));
    assert!(served.text.contains(r"  h\a -> 127."), "{}", served.text);
    assert!(served.text.contains("SQL Server Browser of h "), "{}", served.text);

    assert!(ok(&["world"]).contains("SQL Server 2022 developer"));
    assert_eq!(ok(&["clock"]), "2026-06-01T08:00:00Z, 0 times as fast as yours\n");
    assert_eq!(ok(&["clock", "advance", "6h"]), "2026-06-01T14:00:00Z, 0 times as fast as yours\n");
    assert_eq!(
        ok(&["clock", "set", "2026-07-01T00:00:00Z"]),
        "2026-07-01T00:00:00Z, 0 times as fast as yours\n"
    );
    let past = refused(&["clock", "set", "2020-01-01T00:00:00Z"]);
    assert!(past.contains("Error: Refused: The clock goes forward only"), "{past}");
    let shown: Value = serde_json::from_str(&ok(&["clock", "--json"])).unwrap();
    assert_eq!(shown, json!({ "now": "2026-07-01T00:00:00Z", "speed": 0 }));

    assert_eq!(ok(&["fault", "list"]), "There is no fault.\n");
    let added = ok(&["fault", "add", "--kind", "CREATE *", "--nth", "2", "cut", "--moment", "after"]);
    assert!(
        added.contains("cut after") && added.contains("kind create *") && added.contains("2 / 1"),
        "{added}"
    );
    ok(&["fault", "add", "--always", "fail-sql", "--number", "1205"]);
    assert_eq!(ok(&["fault", "list"]).lines().count(), 3);
    assert_eq!(ok(&["fault", "remove", "1"]), "fault 1 is gone\n");
    let again = refused(&["fault", "remove", "1"]);
    assert!(again.contains("Error: NotFound: there is no fault 1"), "{again}");
    assert_eq!(ok(&["fault", "resume"]), "what hung goes on\n");
    assert_eq!(ok(&["fault", "clear"]), "1 faults are gone\n");

    assert_eq!(ok(&["deed", "restart-server", r"h\a"]), "h\\a was started again\n");
    assert_eq!(ok(&["deed", "stop-browser", "h"]), "SQL Server Browser of h is stopped\n");
    let unknown = refused(&["deed", "take-down", "nowhere"]);
    assert!(unknown.contains("Error: NotFound: there is no site `nowhere`"), "{unknown}");
    let sql = refused(&["deed", "execute", r"h\a", "DROP CERTIFICATE none"]);
    assert!(sql.contains("Error: Refused: Msg 15151, Level 16"), "{sql}");
    assert_eq!(ok(&["journal"]), "", "deeds are not in it");
    assert_eq!(served.end(Signal::INT), (0, String::new()));
}

#[test]
fn the_journal_is_followed_until_the_simulator_ends() {
    let file = File::new(ESTATE);
    let journal = file.path.with_extension("jsonl");
    let served = Served::start(&file, &journal);
    let mut follow = served.command(&["journal", "--follow", "--json"]);
    let mut following = follow.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let rehearsal: Value =
        serde_json::from_slice(&std::fs::read(&served.exports["MILINK_REHEARSAL"]).unwrap()).unwrap();
    let address = rehearsal["addresses"][r"h\a"].as_str().unwrap().to_owned();
    let authority = rehearsal["ca_certificate"].as_str().unwrap().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use tokio_util::compat::TokioAsyncWriteCompatExt as _;
        let mut config = tiberius::Config::new();
        config.host("h");
        config.trust_cert_ca_bundle(authority.as_bytes());
        config.authentication(tiberius::AuthMethod::sql_server("t", "P4ss-word"));
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut client = tiberius::Client::connect(config, stream.compat_write()).await.unwrap();
        client.execute("CREATE DATABASE one", &[]).await.unwrap();
    });
    let kinds = lines.by_ref().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let line = kinds.into_iter().find(|line| line["kind"] == "CREATE DATABASE").unwrap();
    assert_eq!((&line["server"], &line["who"]), (&json!(r"h\a"), &json!("t")));
    assert_eq!(served.end(Signal::INT).0, 0);
    assert!(lines.all(|line| line.is_ok()));
    assert_eq!(following.wait().unwrap().code(), Some(0));
    let kept = std::fs::read_to_string(&journal).unwrap();
    assert!(kept.contains("CREATE DATABASE") && !kept.contains("P4ss-word"));
}

#[test]
fn a_signal_ends_it_and_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM] {
        let file = File::new(ESTATE);
        let journal = file.path.with_extension("jsonl");
        let served = Served::start(&file, &journal);
        let folder = served.control().parent().unwrap().to_owned();
        let mut world = served.command(&["world"]);
        succeeds(&mut world);
        assert_eq!(served.end(signal), (0, String::new()), "{signal:?}");
        assert!(!folder.exists() && journal.exists());
        assert!(fails(&mut world).contains("cannot read"));
    }
}
