//! Every object that exists outside Terraform can be taken into a state, by its id and by its identity, and the plan after
//! it is empty but for what no server can tell: then it is an update in place that sends nothing.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in; what is skipped is said"
)]

use std::fmt::Write as _;

use milink_acceptance_tests::{Scenario, Workspace, deeds};
use serde_json::Value;

/// What an import cannot fill in, by type of object: the arguments that the first plan may show as an update in place. They
/// live in the state alone, or nobody can read them.
const NOT_READ: [(&str, &[&str]); 4] = [
    ("milink_master_key", &["password_wo_version"]),
    ("milink_certificate", &["name_prefix", "valid_for", "rotate_before"]),
    ("milink_mirroring_endpoint", &["on_destroy"]),
    ("milink_link", &["deletion_protection", "on_destroy"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_imported_by_id() {
    imported("imports-id", "id", id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_imported_by_identity() {
    imported("imports-identity", "identity", identity).await;
}

/// Makes the quickstart, forgets the state, and takes everything into a new one by `key = of(resource)`.
async fn imported(name: &str, key: &str, of: fn(&Value) -> String) {
    let scenario = Scenario::quickstart(name).await;
    let maker = scenario.quickstart_workspace().await;
    maker.apply().await.succeeded();
    if key == "identity" && !knows_identities(&maker).await {
        eprintln!("skipped: this Terraform does not import by identity (1.12 and later do)");
        scenario.finish().await;
        return;
    }
    let resources = resources(&maker).await;
    let before = scenario.inventory();
    let mark = scenario.simulator().journal().mark();

    let terraform = scenario.quickstart_workspace().await;
    let mut blocks = String::new();
    let importable = resources.iter().filter(|resource| resource["type"] != "milink_link_synchronization");
    let mut types = std::collections::BTreeSet::new();
    for resource in importable {
        types.insert(resource["type"].as_str().unwrap());
        let address = resource["address"].as_str().unwrap();
        write!(blocks, "import {{\n  to = {address}\n  {key} = {}\n}}\n\n", of(resource)).unwrap();
    }
    assert_eq!(types.len(), 7, "{types:?}");
    terraform.write("imports.tf", &blocks);

    terraform.plan().await.succeeded();
    let plan = terraform.show_plan_json().await;
    let mut count = 0;
    for change in plan["resource_changes"].as_array().unwrap() {
        let (address, kind) = (change["address"].as_str().unwrap(), change["type"].as_str().unwrap());
        let change = &change["change"];
        if kind == "milink_link_synchronization" {
            assert_eq!(
                change["actions"],
                serde_json::json!(["create"]),
                "a gate is no object outside Terraform"
            );
            continue;
        }
        count += 1;
        assert!(!change["importing"].is_null(), "{address} is not imported");
        let allowed = NOT_READ.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, names)| *names);
        let changed = changed(change);
        assert!(
            changed.iter().all(|name| allowed.contains(&name.as_str())),
            "{address}: {changed:?} {change:#}"
        );
        let expected = if changed.is_empty() { "no-op" } else { "update" };
        assert_eq!(change["actions"], serde_json::json!([expected]), "{address}: {changed:?}");
    }
    assert_eq!(count, resources.len() - 1);

    terraform.apply_plan().await.succeeded();
    deeds::assert_none_since(scenario.simulator(), mark);
    assert_eq!(scenario.inventory(), before);
    let again = terraform.plan_detailed_exitcode(&[]).await;
    assert_eq!(again.code(), Some(0), "{again}");
    scenario.finish().await;
}

/// The managed objects in the state.
async fn resources(terraform: &Workspace) -> Vec<Value> {
    let shown = terraform.show_json().await;
    let resources = shown.pointer("/values/root_module/resources").and_then(Value::as_array).unwrap();
    resources.iter().filter(|resource| resource["mode"] == "managed").cloned().collect()
}

/// Names of the attributes whose values differ.
fn changed(change: &Value) -> Vec<String> {
    let after = change["after"].as_object().unwrap();
    let differs = |name: &&String| change["before"][name.as_str()] != after[name.as_str()];
    let unknown = change["after_unknown"].as_object().into_iter().flatten();
    let unknown = unknown.filter(|(_, unknown)| **unknown == true).map(|(name, _)| name);
    after.keys().filter(differs).chain(unknown).cloned().collect()
}

fn id(resource: &Value) -> String {
    let values = &resource["values"];
    let name = values["name"].as_str().unwrap_or_default();
    match resource["type"].as_str().unwrap() {
        "milink_master_key" | "milink_mirroring_endpoint" => "\"hq\"".to_owned(),
        "milink_certificate" | "milink_imported_certificate" | "milink_availability_group" => {
            format!("\"hq/{name}\"")
        }
        _ => values["id"].to_string(),
    }
}

fn identity(resource: &Value) -> String {
    let values = &resource["values"];
    let parts: &[&str] = match resource["type"].as_str().unwrap() {
        "milink_master_key" | "milink_mirroring_endpoint" => &["server_name"],
        "milink_certificate" | "milink_imported_certificate" => &["server_name", "name"],
        "milink_availability_group" => &["group_id", "name"],
        _ => &["id"],
    };
    let parts: Vec<String> = parts.iter().map(|part| format!("{part} = {}", values[*part])).collect();
    format!("{{ {} }}", parts.join(", "))
}

async fn knows_identities(terraform: &Workspace) -> bool {
    let version = terraform.run(&["version"]).await.succeeded().stdout;
    let numbers = version.split_once(" v").unwrap().1;
    let minor = numbers.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    minor.unwrap() >= 12
}
