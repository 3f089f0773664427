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

use std::sync::{Arc, Mutex};

use milink_acceptance_tests::{Scenario, Workspace};
use milink_simulator::faults::{Action, Filter, Moment, Rule};

/// What an apply sends, in its order.
const POINTS: [&str; 5] = [
    "CREATE CERTIFICATE",
    "PUT serverTrustCertificates",
    "CREATE ENDPOINT",
    "CREATE AVAILABILITY GROUP",
    "PUT distributedAvailabilityGroups",
];

/// After whatever happened: a second apply completes, the third plan is empty, destroy leaves what it should.
async fn goes_on(scenario: &Scenario, terraform: &Workspace, what: &str) {
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
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_killed_after_a_deed_is_followed_by_an_apply_that_completes() {
    for point in POINTS {
        let scenario = Scenario::quickstart("killed").await;
        let terraform = scenario.quickstart_workspace().await;
        let faults = scenario.simulator().faults();
        faults.add(Rule::once(Filter::kind(point), 1, Action::Kill(Moment::After)));
        let run = terraform.start(&["apply", "-auto-approve"]);
        let kill = run.provider_killer();
        faults.on_kill(move |_| kill());
        let output = run.end().await;
        assert_eq!(output.code(), Some(1), "{point}: {output}");

        goes_on(&scenario, &terraform, point).await;
        scenario.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_in_the_middle_is_followed_by_an_apply_that_completes() {
    for point in POINTS {
        let scenario = Scenario::quickstart("interrupted").await;
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

        goes_on(&scenario, &terraform, point).await;
        scenario.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terraform_killed_in_the_middle_is_followed_by_an_apply_that_completes() {
    let point = "PUT distributedAvailabilityGroups";
    let scenario = Scenario::quickstart("terraform-killed").await;
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
    goes_on(&scenario, &terraform, "the end of Terraform").await;
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
