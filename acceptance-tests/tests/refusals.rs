//! A link is never replaced or deleted by accident: the plan refuses, says why, and nothing has happened on either side.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::{Output, Scenario, Workspace, deeds};
use milink_simulator::world::Estate;
use milink_simulator::world::managed::LinkPhase;
use serde_json::json;

const SERVER: &str = "sql1.corp.example";
const LINK: &str = "milink_link.sales";

async fn applied(name: &str) -> (Scenario, Workspace) {
    let scenario = Scenario::quickstart(name).await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.apply().await.succeeded();
    assert_eq!(standing(&scenario), (LinkPhase::Synchronizing, 1));
    (scenario, terraform)
}

/// A link that is being seeded, for longer than a test lasts.
async fn seeding(name: &str) -> (Scenario, Workspace) {
    let scenario = Scenario::changed(name, |scene| scene.estate.seeding_rate = 1).await;
    let terraform = scenario.quickstart_workspace().await;
    // Without the gate, which would wait.
    terraform.run(&["apply", "-auto-approve", "-target=milink_link.sales"]).await.succeeded();
    assert_eq!(standing(&scenario), (LinkPhase::Seeding, 1));
    (scenario, terraform)
}

/// Where the link is, and how often its seeding began.
fn standing(scenario: &Scenario) -> (LinkPhase, u32) {
    scenario.world(|estate| {
        let link = &estate.managed_instances[0].links[0];
        (link.phase, link.databases[0].seedings)
    })
}

/// Runs what must be refused; the world is as it was, nothing was sent that changes it, the link lives, its seeding was
/// not disturbed, and the state holds what it held.
async fn refused(scenario: &Scenario, terraform: &Workspace, arguments: &[&str]) -> Output {
    let (before, phase) = (scenario.inventory(), standing(scenario));
    let addresses = objects(terraform).await;
    let mark = scenario.simulator().journal().mark();
    let output = terraform.run(arguments).await.failed();
    assert_eq!(scenario.inventory(), before, "{output}");
    deeds::assert_none_since(scenario.simulator(), mark);
    assert_eq!(standing(scenario), phase, "{output}");
    assert_eq!(objects(terraform).await, addresses, "{output}");
    output
}

/// Addresses of what is in the state and on a server. The gate is on none, and may have to be passed anew.
async fn objects(terraform: &Workspace) -> Vec<String> {
    let mut addresses = terraform.addresses().await;
    addresses.retain(|address| !address.starts_with("milink_link_synchronization."));
    addresses
}

/// The plan and the apply are refused with this said, each also without a look at the servers.
async fn refused_in_every_way(scenario: &Scenario, terraform: &Workspace, more: &[&str], says: &str) {
    for refresh in ["-refresh=true", "-refresh=false"] {
        // Of a tainted object that was not read, Terraform tells a plan nothing but that one is to be made. The apply is
        // told of the deletion, and refuses that.
        let unseen = refresh == "-refresh=false" && says == UNTAINT;
        if !unseen {
            refused(scenario, terraform, &[&["plan", refresh], more].concat())
                .await
                .says("reseed")
                .says(says);
        }
        let apply = [&["apply", "-auto-approve", refresh], more].concat();
        refused(scenario, terraform, &apply).await.says("reseed").says(says);
    }
}

const UNTAINT: &str = "terraform untaint";

const TRIGGER: &str = "  deletion_protection = false\n\n  lifecycle {\n    replace_triggered_by = [terraform_data.trigger]\n  }\n";

fn trigger(input: u8) -> String {
    format!("resource \"terraform_data\" \"trigger\" {{\n  input = {input}\n}}\n")
}

/// Everything that would replace the link, one after the other.
async fn is_not_replaced(scenario: &Scenario, terraform: &Workspace) {
    terraform.taint(LINK).await.succeeded();
    refused_in_every_way(scenario, terraform, &[], UNTAINT).await;
    terraform.run(&["untaint", LINK]).await.succeeded();

    refused_in_every_way(scenario, terraform, &["-replace=milink_link.sales"], "DAG_Sales").await;

    let (here, there) = (
        "partner_endpoint                 = local.partner_endpoint",
        "partner_endpoint                 = \"TCP://10.0.0.5:5022\"",
    );
    terraform.replace("main.tf", here, there);
    refused_in_every_way(scenario, terraform, &[], "partner_endpoint").await;
    terraform.replace("main.tf", there, here);

    terraform.write("trigger.tf", &trigger(1));
    terraform.replace("main.tf", "  deletion_protection = false\n", TRIGGER);
    terraform.run(&["apply", "-auto-approve", "-target=terraform_data.trigger"]).await.succeeded();
    terraform.write("trigger.tf", &trigger(2));
    refused_in_every_way(scenario, terraform, &[], "DAG_Sales").await;
    terraform.replace("main.tf", TRIGGER, "  deletion_protection = false\n");
    terraform.write("trigger.tf", "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_not_replaced_by_accident() {
    let (scenario, terraform) = applied("replace").await;
    is_not_replaced(&scenario, &terraform).await;
    terraform.apply().await.succeeded();
    assert_eq!(terraform.plan_detailed_exitcode(&[]).await.code(), Some(0));
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_not_replaced_while_it_seeds() {
    let (scenario, terraform) = seeding("replace-seeding").await;
    is_not_replaced(&scenario, &terraform).await;
    scenario.world(|estate| estate.seeding_rate = 1 << 30);
    terraform.apply().await.succeeded();
    assert_eq!(standing(&scenario), (LinkPhase::Synchronizing, 1));
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_link_stops_the_whole_destroy_before_anything_is_deleted() {
    let (scenario, terraform) = applied("protected").await;
    terraform.replace("main.tf", "  deletion_protection = false\n", "");
    terraform.apply().await.succeeded();
    refused(&scenario, &terraform, &["destroy", "-auto-approve"]).await.says("deletion_protection");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_primary_stops_the_whole_destroy_before_anything_is_deleted() {
    let (scenario, terraform) = applied("primary").await;
    let forced = json!({ "failoverType": "ForcedAllowDataLoss" });
    let failover = "distributedAvailabilityGroups/DAG_Sales/failover";
    scenario.arm_client().await.post(failover, &forced).await;
    assert!(scenario.world(|estate| estate.managed_instances[0].links[0].instance_is_primary));
    refused(&scenario, &terraform, &["destroy", "-auto-approve"])
        .await
        .says("The managed instance is primary")
        .says("DAG_Sales");
    scenario.finish().await;
}

/// The endpoint of the quickstart says `on_destroy = "drop"`. Somebody else uses it by now, and no destroy of this
/// configuration changes that.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_others_use_stops_the_whole_destroy_before_anything_is_deleted() {
    let (scenario, terraform) = applied("foreign-group").await;
    let mut them = scenario.sql_client(SERVER).await;
    let machine = scenario.world(|estate| estate.engine(SERVER).unwrap().server_name());
    let replica = |name: &str, address: &str| {
        format!(
            "N'{name}' WITH (ENDPOINT_URL = N'TCP://{address}:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC)"
        )
    };
    let group = format!(
        "CREATE AVAILABILITY GROUP AG_Payroll WITH (CLUSTER_TYPE = NONE) FOR DATABASE Payroll REPLICA ON {}",
        replica(&machine, "10.0.0.4")
    );
    for statement in ["CREATE DATABASE Payroll", "BACKUP DATABASE Payroll TO DISK = N'NUL'", &group] {
        them.execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    // A group that something in the same destroy may remove first is named. Whose it is, no plan of the endpoint can see.
    terraform.run(&["plan", "-destroy"]).await.succeeded().says("AG_Payroll");
    // With another replica it is none that a configuration of this provider would remove.
    let add = format!("ALTER AVAILABILITY GROUP AG_Payroll ADD REPLICA ON {}", replica("SQL9", "10.0.0.9"));
    them.execute(&add).await.unwrap();
    refused(&scenario, &terraform, &["destroy", "-auto-approve"])
        .await
        .says("AG_Payroll")
        .says("milink_mirroring_endpoint.hq");
    scenario.finish().await;
}

/// Terraform makes an ordinary plan before it destroys: a rule that an existing link broke since is no error of that one
/// either.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_broken_later_stops_no_destroy() {
    let (scenario, terraform) = applied("broken-rule").await;
    scenario.world(|estate: &mut Estate| {
        let engine = estate.engine_mut(SERVER).unwrap();
        let sales = engine.database_mut("Sales").unwrap();
        sales.recovery_model = 3;
        sales.backups.clear();
    });
    let plan = terraform.plan_detailed_exitcode(&[]).await;
    assert_eq!(plan.code(), Some(0), "{plan}");
    terraform.destroy().await.succeeded();
    assert!(terraform.addresses().await.is_empty());
    scenario.finish().await;
}
