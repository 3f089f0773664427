//! Killed or interrupted at a cross-section of what an apply does, with the real Terraform: the next apply completes,
//! nothing exists twice, nothing is lost, and the link is never tainted once Azure took it. (Every statement and call is
//! swept in process elsewhere.)

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use milink_acceptance_tests::{Scenario, Workspace, opposites};
use milink_simulator::faults::{Action, Filter, Moment, Rule};
use milink_simulator::rehearsal::inventory::{Inventory, Kind};
use milink_simulator::world::database::DatabaseState;

/// What an apply sends, in its order.
const POINTS: [&str; 5] = [
    "CREATE CERTIFICATE",
    "PUT serverTrustCertificates",
    "CREATE ENDPOINT",
    "CREATE AVAILABILITY GROUP",
    "PUT distributedAvailabilityGroups",
];

/// After whatever happened: a second apply completes, the plan after it is empty, everything is there once, and a destroy
/// leaves exactly what state calls adopted.
async fn goes_on(scenario: &Scenario, terraform: &Workspace, before: &Inventory, what: &str) {
    scenario.simulator().faults().clear();
    let apply = terraform.apply().await;
    assert!(apply.status.success(), "after {what}: {apply}");
    let plan = terraform.plan_detailed_exitcode(&[]).await;
    assert_eq!(plan.code(), Some(0), "after {what}: {plan}");
    scenario.world(|estate| {
        let server = &estate.sql_servers[0];
        let with_key = server.certificates.iter().filter(|certificate| !certificate.key.is_empty()).count();
        assert_eq!(with_key, 1, "after {what}: {:?}", server.certificates);
        assert_eq!(server.groups.len(), 2, "after {what}");
        let instance = &estate.managed_instances[0];
        assert_eq!(instance.trust_certificates.len(), 1, "after {what}");
        assert_eq!(instance.links.len(), 1, "after {what}");
        // The roots, each with its grant, and the instance's certificate.
        let roots = opposites::roots();
        assert_eq!(
            server.certificates.len() - with_key,
            roots + 1,
            "after {what}: {:?}",
            server.certificates
        );
        assert_eq!(server.issuers.len(), roots, "after {what}");
        let sales = server.database("Sales").unwrap();
        assert_eq!(
            (sales.state, sales.group.as_deref()),
            (DatabaseState::Online, Some("AG_Sales")),
            "after {what}"
        );
        assert_eq!(instance.links[0].databases[0].seedings, 1, "after {what}");
    });

    let mut adopted = adopted(terraform).await;
    let mut destroy = terraform.destroy().await;
    if !destroy.status.success() {
        // A group that was taken over, and an endpoint that goes only when no group is left. The error says how to have
        // it gone.
        assert!(adopted.remove("AG_Sales"), "after {what}: {destroy}");
        terraform.replace("main.tf", GROUP, &format!("{GROUP}  on_destroy   = \"drop\"\n"));
        let target = "-target=milink_availability_group.sales";
        terraform.run(&["apply", "-auto-approve", target]).await.succeeded();
        destroy = terraform.destroy().await;
    }
    assert!(destroy.status.success(), "after {what}: {destroy}");
    let differences = before.compare(&scenario.inventory());
    assert_eq!(
        (differences.missing.len(), differences.changed.len()),
        (0, 0),
        "after {what}: {differences:#?}"
    );
    let left = differences.left_behind.into_iter().filter(|item| item.kind != Kind::IssuerGrant);
    let left: BTreeSet<String> = left.map(|item| item.name).collect();
    assert_eq!(left, adopted, "after {what}: left on the one hand, adopted on the other");
}

/// A line of the group's block.
const GROUP: &str = "  databases    = [var.database]\n";

/// Names of what state calls adopted and a destroy leaves; the endpoint and the link say `on_destroy` for themselves.
async fn adopted(terraform: &Workspace) -> BTreeSet<String> {
    let shown = terraform.show_json().await;
    let resources = shown.pointer("/values/root_module/resources").cloned().unwrap_or_default();
    let resources = resources.as_array().cloned().unwrap_or_default();
    let own_word = ["milink_mirroring_endpoint", "milink_link", "milink_master_key"];
    resources
        .iter()
        .filter(|resource| resource["values"]["adopted"] == true)
        .filter(|resource| !own_word.iter().any(|kind| resource["type"] == *kind))
        .map(|resource| resource["values"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_killed_after_a_deed_is_followed_by_an_apply_that_completes() {
    for point in POINTS {
        let scenario = Scenario::quickstart("killed").await;
        let before = scenario.inventory();
        let terraform = scenario.quickstart_workspace().await;
        let faults = scenario.simulator().faults();
        faults.add(Rule::once(Filter::kind(point), 1, Action::Kill(Moment::After)));
        let run = terraform.start(&["apply", "-auto-approve"]);
        let kill = run.provider_killer();
        faults.on_kill(move |_| kill());
        let output = run.end().await;
        assert_eq!(output.code(), Some(1), "{point}: {output}");

        goes_on(&scenario, &terraform, &before, point).await;
        scenario.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_killed_in_a_destroy_is_followed_by_one_that_completes() {
    for point in ["DELETE distributedAvailabilityGroups", "DROP ENDPOINT"] {
        let scenario = Scenario::quickstart("killed-destroy").await;
        let before = scenario.inventory();
        let terraform = scenario.quickstart_workspace().await;
        terraform.apply().await.succeeded();
        let faults = scenario.simulator().faults();
        faults.add(Rule::once(Filter::kind(point), 1, Action::Kill(Moment::After)));
        let run = terraform.start(&["destroy", "-auto-approve"]);
        let kill = run.provider_killer();
        faults.on_kill(move |_| kill());
        let output = run.end().await;
        assert_eq!(output.code(), Some(1), "{point}: {output}");

        faults.clear();
        terraform.destroy().await.succeeded();
        assert!(terraform.addresses().await.is_empty(), "{point}");
        let differences = before.compare(&scenario.inventory());
        assert!(differences.is_clean(), "{point}: {differences:#?}");
        scenario.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_in_the_middle_is_followed_by_an_apply_that_completes() {
    for point in POINTS {
        let scenario = Scenario::quickstart("interrupted").await;
        let before = scenario.inventory();
        let terraform = scenario.quickstart_workspace().await;
        let run = terraform.start(&["apply", "-auto-approve"]);
        let journal = scenario.simulator().journal().clone();
        // An apply that ends without getting there would be waited for in vain.
        let reached = journal.wait_for(|entry| entry.kind.eq_ignore_ascii_case(point));
        tokio::time::timeout(std::time::Duration::from_secs(120), reached).await.expect(point);
        run.interrupt();
        let _whatever_it_says = run.end().await;
        let tainted = tainted(&terraform).await;
        assert!(!tainted.iter().any(|address| address == "milink_link.sales"), "{point}: {tainted:?}");

        goes_on(&scenario, &terraform, &before, point).await;
        scenario.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terraform_killed_in_the_middle_is_followed_by_an_apply_that_completes() {
    let point = "PUT distributedAvailabilityGroups";
    let scenario = Scenario::quickstart("terraform-killed").await;
    let before = scenario.inventory();
    let terraform = scenario.quickstart_workspace().await;
    let faults = scenario.simulator().faults();
    faults.add(Rule::once(Filter::kind(point), 1, Action::Kill(Moment::After)));
    let run = Arc::new(Mutex::new(None));
    let killed = run.clone();
    faults.on_kill(move |_| {
        if let Some(kill) = killed.lock().unwrap().take() {
            let kill: Box<dyn Fn() + Send> = kill;
            kill();
        }
    });
    let running = terraform.start(&["apply", "-auto-approve"]);
    *run.lock().unwrap() = Some(Box::new(running.killer()));
    let output = running.end().await;
    assert_eq!(output.code(), None, "{output}");
    // Its state is locked by a process that is gone; the lock is the operating system's and went with it.
    goes_on(&scenario, &terraform, &before, "the end of Terraform").await;
    scenario.finish().await;
}

/// Addresses that Terraform would replace because their creation failed.
async fn tainted(terraform: &Workspace) -> Vec<String> {
    let shown = terraform.show_json().await;
    let resources = shown.pointer("/values/root_module/resources").cloned().unwrap_or_default();
    let resources = resources.as_array().cloned().unwrap_or_default();
    let tainted = resources.iter().filter(|resource| resource["tainted"] == true);
    tainted.map(|resource| resource["address"].as_str().unwrap_or_default().to_owned()).collect()
}
