//! A link is never replaced or deleted by accident: the plan refuses, says why, and nothing has happened on either side.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::{Output, Scenario, Workspace};
use milink_simulator::world::managed::LinkPhase;

async fn applied(name: &str) -> (Scenario, Workspace) {
    let scenario = Scenario::quickstart(name).await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.apply().await.succeeded();
    (scenario, terraform)
}

/// Runs what must be refused; the world is as it was, nothing was sent that changes it, the link lives and its seeding
/// was not disturbed.
async fn refused(scenario: &Scenario, run: impl Future<Output = Output>) -> Output {
    let before = scenario.inventory();
    let mark = scenario.simulator().journal().mark();
    let output = run.await.failed();
    assert_eq!(scenario.inventory(), before, "{output}");
    let entries = scenario.simulator().journal().since(mark);
    let changing = entries.iter().find(|entry| {
        ["PUT", "PATCH", "DELETE", "CREATE", "ALTER", "DROP"].iter().any(|word| entry.kind.starts_with(word))
    });
    assert!(changing.is_none(), "{changing:?}");
    scenario.world(|estate| {
        let link = &estate.managed_instances[0].links[0];
        assert_eq!((link.phase, link.databases[0].seedings), (LinkPhase::Synchronizing, 1));
    });
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tainted_link_is_not_replaced() {
    let (scenario, terraform) = applied("taint").await;
    terraform.taint("milink_link.sales").await.succeeded();
    refused(&scenario, terraform.plan()).await.says("terraform untaint").says("reseed");
    refused(&scenario, terraform.apply()).await;
    terraform.run(&["untaint", "milink_link.sales"]).await.succeeded();
    assert_eq!(terraform.plan_detailed_exitcode(&[]).await.code(), Some(0));
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_by_order_is_refused() {
    let (scenario, terraform) = applied("replace").await;
    refused(&scenario, terraform.run(&["plan", "-replace=milink_link.sales"])).await.says("reseed");
    refused(&scenario, terraform.run(&["apply", "-auto-approve", "-replace=milink_link.sales"])).await;
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_triggered_replacement_is_refused() {
    let (scenario, terraform) = applied("triggered").await;
    terraform.write("trigger.tf", "resource \"terraform_data\" \"trigger\" {\n  input = 1\n}\n");
    terraform.replace(
        "main.tf",
        "  deletion_protection = false\n",
        "  deletion_protection = false\n\n  lifecycle {\n    replace_triggered_by = [terraform_data.trigger]\n  }\n",
    );
    terraform.run(&["apply", "-auto-approve", "-target=terraform_data.trigger"]).await.succeeded();
    terraform.write("trigger.tf", "resource \"terraform_data\" \"trigger\" {\n  input = 2\n}\n");
    refused(&scenario, terraform.plan()).await.says("reseed");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_partner_endpoint_is_refused() {
    let (scenario, terraform) = applied("partner-endpoint").await;
    terraform.replace(
        "main.tf",
        "partner_endpoint                 = local.partner_endpoint",
        "partner_endpoint                 = \"TCP://10.0.0.5:5022\"",
    );
    refused(&scenario, terraform.plan()).await.says("partner_endpoint").says("reseed");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_link_stops_the_whole_destroy_before_anything_is_deleted() {
    let (scenario, terraform) = applied("protected").await;
    terraform.replace("main.tf", "  deletion_protection = false\n", "");
    terraform.apply().await.succeeded();
    refused(&scenario, terraform.destroy()).await.says("deletion_protection");
    scenario.finish().await;
}
