//! Our parser against Microsoft's own: ScriptDom, which is strict on the words of options and knows availability groups
//! as 2012 had them, and SqlParser, which follows the server's grammar and takes any word where an option stands.
//!
//! `../shared/oracles/tsqlparse` runs them, in the Python that `.ci/tsql-parsers` installs below `target/oracles`. Where
//! either is missing, these tests say that they were skipped; with `MILINK_PARSERS=demanded`, they fail then.
//!
//! | module | what is judged |
//! | --- | --- |
//! | `verdicts` | which of the corpus's files each version of the server takes |
//! | `trees` | what is read in a statement about endpoints and groups: the list of `statements`, and the corpus |
//! | `ours`, `scriptdom` | the neutral form of a statement, from our tree and from ScriptDom's |
//!
//! No parser later than 2019's can be had from a package registry. The published grammars of 2022 and 2025 (`TSql160.g`
//! and `TSql170.g` of microsoft/SqlScriptDOM, read on 2026-05-01's state) have the rules of 2019 for everything about
//! endpoints and groups, so that 2019's parser judges 16 and 17 as well.

mod ours;
mod scriptdom;
mod statements;
mod trees;
mod verdicts;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The parser of each version of the server.
const PARSERS: [(u8, &str); 5] = [(13, "130"), (14, "140"), (15, "150"), (16, "150"), (17, "150")];

/// The newest parser that there is.
const NEWEST: &str = "TSql150";

/// Microsoft's parsers, as the tool runs them.
struct Oracle {
    /// The Python that they run in.
    environment: PathBuf,
    folder: PathBuf,
    target: PathBuf,
}

/// What a parser said of a file.
struct Said {
    /// File name without its extension.
    file: String,
    /// `TSql150`, `TSql150+mask`, `SqlParser`.
    parser: String,
    /// Line and text of each error.
    errors: Vec<(u64, String)>,
    /// The tree, where one was asked for and there is one.
    tree: Value,
}

impl Oracle {
    /// The parsers, or nothing, which is said, where they or what they run on is not at hand.
    fn find() -> Option<Self> {
        let shared = std::env::var_os("MILINK_SHARED")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
        let folder = shared.join("oracles/tsqlparse");
        let program = std::env::current_exe().expect("the test is a file");
        let target = program.ancestors().nth(3).expect("target/<profile>/deps/<test>").to_owned();
        let environment = target.join("oracles/tsqlparse");
        let ready = || {
            let found =
                Command::new(environment.join("bin/python")).args(["-c", "import pythonnet"]).output();
            found.is_ok_and(|output| output.status.success())
        };
        let missing = if !folder.join("tsqlparse.py").is_file() {
            "Microsoft's parsers are neither in ../shared nor where MILINK_SHARED says"
        } else if ready() {
            return Some(Self { environment, folder, target });
        } else {
            ".ci/tsql-parsers has not installed what Microsoft's parsers run on"
        };
        assert!(std::env::var_os("MILINK_PARSERS").is_none(), "{missing}");
        eprintln!("skipped, our parser was not judged: {missing}");
        None
    }

    /// The files of the corpus.
    fn corpus(&self) -> Vec<PathBuf> {
        let folder = self.folder.join("corpus");
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .expect("the corpus can be listed")
            .map(|entry| entry.expect("an entry of the corpus").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
            .collect();
        files.sort();
        assert!(files.len() >= 110, "only {} files", files.len());
        files
    }

    /// A file below `target` with that text.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let folder = self.target.join("oracles/statements");
        std::fs::create_dir_all(&folder).expect("a folder below target");
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file below target");
        path
    }

    /// What the parsers say of each file.
    fn ask(&self, options: &[&str], files: &[PathBuf]) -> Vec<Said> {
        // One at a time: each run writes a file of the tool's cache anew, which another may read just then.
        let turn = std::fs::File::create(self.environment.join("turn")).expect("a file below target");
        turn.lock().expect("a file that can be locked");
        let mut command = Command::new(self.environment.join("bin/python"));
        command.env("TSQLPARSE_CACHE", self.environment.join("cache"));
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(self.folder.join("tsqlparse.py")).arg("--json");
        let output = command.args(options).args(files).output().expect("the parsers can be run");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{:?}: {complaint}", output.status);
        let text = String::from_utf8(output.stdout).expect("the tool writes UTF-8");
        text.lines().map(|line| said(&serde_json::from_str(line).expect("a line of JSON"))).collect()
    }
}

fn said(line: &Value) -> Said {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let error = |error: &Value| (error["line"].as_u64().expect("a line"), text(&error["message"]));
    Said {
        file: stem(Path::new(&text(&line["file"]))),
        parser: text(&line["parser"]),
        errors: line["errors"].as_array().expect("a list").iter().map(error).collect(),
        tree: line["ast"].clone(),
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file name").to_string_lossy().into_owned()
}

/// What a client does before it sends anything: cuts at the lines `GO` and `GO n`.
fn batches(text: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next().is_some_and(|word| word.eq_ignore_ascii_case("GO")) {
            batches.push(String::new());
        } else if let Some(last) = batches.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    batches
}
