//! What the documentation rules out is refused while planning, with the rule's id; `preflight` softens it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::Scenario;
use milink_simulator::world::Estate;

const SERVER: &str = "sql1.corp.example";

/// Plans the quickstart in a world after a change.
async fn planned(
    name: &str,
    change: impl FnOnce(&mut Estate),
) -> (Scenario, milink_acceptance_tests::Workspace) {
    let scenario = Scenario::quickstart(name).await;
    scenario.world(change);
    let terraform = scenario.quickstart_workspace().await;
    (scenario, terraform)
}

fn sales(estate: &mut Estate) -> &mut milink_simulator::world::database::Database {
    let engine = &mut estate.sql_servers[0];
    engine.databases.iter_mut().find(|database| database.name == "Sales").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_full_recovery_is_refused_in_the_plan() {
    let (scenario, terraform) = planned("recovery", |estate| sales(estate).recovery_model = 3).await;
    let output = terraform.plan().await.failed();
    assert_eq!(output.diagnostics("Error"), 1, "{output}");
    output
        .says("The recovery model of the database Sales is not FULL (MIL0012")
        .says("ALTER DATABASE … SET RECOVERY FULL")
        .says("with milink_availability_group.sales");
    assert_eq!(scenario.simulator().journal().count("CREATE AVAILABILITY GROUP"), 0);

    // Softened, it is a warning, and the plan is there to be read.
    terraform.replace("main.tf", "provider \"milink\" {", "provider \"milink\" {\n  preflight = \"warn\"\n");
    let output = terraform.plan().await.succeeded().says("MIL0012");
    assert_eq!(output.diagnostics("Error"), 0, "{output}");
    terraform.replace("main.tf", "preflight = \"warn\"", "preflight = \"off\"");
    terraform.plan().await.succeeded().does_not_say("MIL0012");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_and_one_without_a_backup() {
    let (scenario, terraform) = planned("no-database", |estate| sales(estate).backups.clear()).await;
    scenario.world(|estate| sales(estate).backed_up_lsn = milink_simulator::world::log::LogPosition::ZERO);
    terraform.plan().await.failed().says("MIL0013").says("take a full backup (not COPY_ONLY)");
    scenario.world(|estate| sales(estate).name = "Sale".to_owned());
    terraform.plan().await.failed().says("The database Sales is not on the SQL Server hq (MIL0010");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_build_an_edition_and_always_on() {
    let (scenario, terraform) = planned("build", |estate| {
        let engine = estate.engine_mut(SERVER).unwrap();
        engine.hadr_enabled = false;
        engine.edition = milink_simulator::world::instance::Edition::Express;
    })
    .await;
    let output = terraform.plan().await.failed();
    assert_eq!(output.diagnostics("Error"), 2, "{output}");
    output.says("MIL0003").says("MIL0002").says("restart SQL Server");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_an_earlier_link_left_is_in_the_way_of_a_new_one() {
    let (scenario, terraform) = planned("copy", |_| {}).await;
    terraform.apply().await.succeeded();
    // Nothing is asked of what exists.
    assert_eq!(terraform.plan_detailed_exitcode(&[]).await.code(), Some(0));
    terraform.destroy().await.succeeded();
    // Not refused in a plan: Terraform makes one before it goes on with a destroy.
    let output = terraform.plan().await.succeeded();
    output.says("The managed instance mi-sales has a database Sales already").says("MIL0022");
    terraform.destroy().await.succeeded();
    terraform.apply().await.failed().says("The database exists on the instance");
    scenario.world(|estate| assert!(estate.managed_instances[0].links.is_empty()));
    assert!(!terraform.addresses().await.contains(&"milink_link.sales".to_owned()));
    scenario.finish().await;
}
