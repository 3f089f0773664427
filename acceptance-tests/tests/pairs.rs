//! Every request and answer of the quickstart, written down, and judged by Microsoft's own validator of ARM traffic as far
//! as its specifications go.
//!
//! The pairs are in `target/pairs/quickstart.json`, as they went over the wire, without tokens and signatures; those that
//! are judged are in `quickstart-judged.json` beside it. Where the validator is not at hand, that is said, and the pairs are only checked for what can be checked without it.
//!
//! What it is not: proof that the real service takes these requests. Of the specifications that the validator reads,
//! only 2026-08-01-preview is Microsoft's own text; the other versions were derived from it (the README beside them
//! says so), and values that are right in form may be wrong in fact.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in; what is skipped is said"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use milink_acceptance_tests::scenario::repository;
use milink_acceptance_tests::{Scenario, opposites};
use milink_simulator::journal::Face;
use milink_simulator::target;
use serde_json::{Value, json};

/// What the validator has no specification of: the instance and its databases, the versions that a region has, and polling.
const NOT_JUDGED: [&str; 5] = [
    "GET databases",
    "GET distributedAvailabilityGroupsAzureAsyncOperation",
    "GET managedInstances",
    "GET providers",
    "GET serverTrustCertificatesAzureAsyncOperation",
];

const LINK: &str = "distributedAvailabilityGroups/DAG_Sales";

#[tokio::test(flavor = "multi_thread")]
async fn every_exchange_of_the_quickstart_is_valid() {
    let scenario = Scenario::quickstart("pairs").await;
    let terraform = scenario.quickstart_workspace().await;
    let somebody = scenario.arm_client().await;
    terraform.apply().await.succeeded();
    terraform.plan().await.succeeded();
    // The provider reads by lists. Others ask for one, in an older version, and also for what is not there.
    assert!(somebody.get(LINK).await.is_some());
    assert!(somebody.get("endpointCertificates").await.is_some());
    terraform.destroy().await.succeeded();
    assert!(somebody.get(LINK).await.is_none());
    // Accepted also where there is nothing to delete, as recorded.
    let ended = somebody.try_delete(LINK).await;
    assert_eq!(ended.is_err(), opposites::in_force(13), "{ended:?}");

    let folder = target::directory().join("pairs");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("quickstart.json");
    scenario.simulator().arm().pairs().write(&file).unwrap();
    let pairs = scenario.simulator().arm().pairs().all();
    let asked = scenario.simulator().journal().entries();
    let asked = asked.iter().filter(|entry| entry.face == Face::Arm).count();
    assert_eq!(pairs.len(), asked, "an exchange is missing");
    let (judged, others): (Vec<Value>, Vec<Value>) =
        pairs.iter().cloned().partition(|pair| pair["covered"] == true);
    let judged_file = folder.join("quickstart-judged.json");
    fs::write(&judged_file, Value::from(judged).to_string()).unwrap();
    scenario.assert_no_secret_below(&folder);
    scenario.finish().await;

    // What nobody judges is known, and said.
    let others: BTreeSet<_> = others.iter().map(|pair| kind(&pair["name"])).collect();
    assert_eq!(others, NOT_JUDGED.into(), "what the validator's specifications do not cover");
    eprintln!("written and not judged, for want of a specification: {others:?}");

    let names: BTreeSet<_> = pairs.iter().map(|pair| pair["name"].as_str().unwrap()).collect();
    for expected in [
        "PUT distributedAvailabilityGroups 2",
        "GET distributedAvailabilityGroups 200",
        "GET distributedAvailabilityGroups 404",
        "DELETE distributedAvailabilityGroups 202",
        "PUT serverTrustCertificates 2",
        "GET serverTrustCertificates 200",
        "DELETE serverTrustCertificates 2",
        "GET endpointCertificates 200",
    ] {
        assert!(names.iter().any(|name| name.starts_with(expected)), "no {expected} among {names:#?}");
    }

    let Some(validator) = Validator::find() else { return };
    let said = validator.judge(&judged_file);
    assert!(said.status.success(), "{}", text(&said));
    // It must be able to say no, or its yes is worth nothing.
    let mut wrong = pairs.iter().find(|pair| pair["request"]["method"] == "PUT").unwrap().clone();
    wrong["request"]["body"]["properties"]["surprise"] = json!(true);
    let wrong_file = folder.join("wrong.json");
    fs::write(&wrong_file, Value::from(vec![wrong]).to_string()).unwrap();
    let said = validator.judge(&wrong_file);
    assert_eq!(said.status.code(), Some(1), "{}", text(&said));
}

/// A pair's name without the status: `GET databases`.
fn kind(name: &Value) -> &str {
    let name = name.as_str().unwrap();
    name.rsplit_once(' ').unwrap().0
}

/// The validator, as `../shared/oracles/oav-validate.js` runs it.
struct Validator {
    tool: PathBuf,
    modules: PathBuf,
}

impl Validator {
    const PACKAGE: &str = "oav@4.0.3";

    /// The validator, or nothing, which is said, where it or what it runs on is not at hand.
    fn find() -> Option<Self> {
        let shared =
            std::env::var_os("MILINK_SHARED").map_or_else(|| repository().join("../shared"), PathBuf::from);
        let tool = shared.join("oracles/oav-validate.js");
        if !tool.is_file() {
            eprintln!(
                "skipped: the validator is neither in ../shared nor where MILINK_SHARED says; pairs were only written"
            );
            return None;
        }
        let folder = target::directory().join("oracles/oav");
        let modules = folder.join("node_modules");
        if !modules.join("oav").is_dir() {
            fs::create_dir_all(&folder).unwrap();
            let installed = Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--prefix"])
                .arg(&folder)
                .arg(Self::PACKAGE)
                .output();
            if !installed.as_ref().is_ok_and(|output| output.status.success()) {
                eprintln!(
                    "skipped: the validator cannot be installed; pairs were only written: {installed:?}"
                );
                return None;
            }
        }
        Some(Self { tool, modules })
    }

    fn judge(&self, file: &Path) -> Output {
        Command::new("node").env("NODE_PATH", &self.modules).arg(&self.tool).arg(file).output().unwrap()
    }
}

/// The verdicts that are not "ok"; the validator also says much about files that it does not need.
fn text(output: &Output) -> String {
    let all = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let verdict = |line: &&str| {
        line.starts_with("BAD ") || line.starts_with("      ") || line.contains(" with violations")
    };
    all.lines().filter(verdict).collect::<Vec<_>>().join("\n")
}
