//! What somebody else did is seen. What has a repair is repaired, and nothing else is planned; what has none is told
//! apart and left alone.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::{Output, Scenario, Workspace, deeds, opposites};
use milink_simulator::world::database::DatabaseState;

const SERVER: &str = "sql1.corp.example";

/// The quickstart, applied.
async fn applied(name: &str) -> (Scenario, Workspace) {
    let scenario = Scenario::quickstart(name).await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.apply().await.succeeded();
    (scenario, terraform)
}

/// The plan shows exactly these changes, apply makes them, and then there is nothing to do.
async fn repaired(terraform: &Workspace, expected: &[(&str, &[&str])]) {
    terraform.plan().await.succeeded();
    let expected: Vec<(String, Vec<String>)> = expected
        .iter()
        .map(|(address, actions)| {
            ((*address).to_owned(), actions.iter().map(|action| (*action).to_owned()).collect())
        })
        .collect();
    assert_eq!(terraform.planned_changes().await, expected);
    terraform.apply_plan().await.succeeded();
    let plan = terraform.plan_detailed_exitcode(&[]).await;
    assert_eq!(plan.code(), Some(0), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trust_certificate_deleted_in_azure_comes_back() {
    let (scenario, terraform) = applied("drift-trust").await;
    let name = terraform.state("milink_server_trust_certificate.hq").await["name"].clone();
    let path = format!("serverTrustCertificates/{}", name.as_str().unwrap());
    scenario.arm_client().await.delete(&path).await;

    repaired(&terraform, &[("milink_server_trust_certificate.hq", &["create"])]).await;

    assert!(scenario.arm_client().await.get(&path).await.is_some());
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_root_comes_back() {
    let (scenario, terraform) = applied("drift-root").await;
    let addresses = terraform.addresses().await;
    let root =
        addresses.iter().find(|address| address.starts_with("milink_imported_certificate.root")).unwrap();
    let name = terraform.state(root).await["name"].as_str().unwrap().to_owned();
    if opposites::in_force(36) {
        // Whoever drops it there takes back first what it may vouch for.
        scenario.world(|estate| {
            let server = &mut estate.sql_servers[0];
            let id = server.certificate(&name).unwrap().id;
            server.issuers.retain(|grant| grant.certificate != id);
        });
    }
    let drop = format!("USE master; DROP CERTIFICATE [{name}]");
    scenario.sql_client(SERVER).await.execute(&drop).await.unwrap();

    repaired(&terraform, &[(root, &["create"])]).await;

    let present = scenario.world(|estate| estate.engine(SERVER).unwrap().certificate(&name).is_some());
    assert!(present);
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_endpoint_is_started() {
    let (scenario, terraform) = applied("drift-endpoint").await;
    let endpoint = scenario.world(|estate| estate.engine(SERVER).unwrap().endpoint.clone().unwrap());
    let stop = format!("ALTER ENDPOINT [{}] STATE = STOPPED", endpoint.name);
    scenario.sql_client(SERVER).await.execute(&stop).await.unwrap();

    repaired(&terraform, &[("milink_mirroring_endpoint.hq", &["update"])]).await;

    let after = scenario.world(|estate| estate.engine(SERVER).unwrap().endpoint.clone().unwrap());
    assert_eq!(after.state, endpoint.state);
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

/// The plan is empty and has exactly one warning about the link; an apply changes nothing on either side. What the plan
/// said is handed back.
async fn left_alone(scenario: &Scenario, terraform: &Workspace, status: &str, warning: &str) -> Output {
    let before = scenario.inventory();
    let mark = scenario.simulator().journal().mark();
    let plan = terraform.plan_detailed_exitcode(&[]).await;
    assert_eq!(plan.code(), Some(0), "{plan}");
    let plan = plan.warns_exactly(&[warning]).says("No changes.").says("DAG_Sales");
    terraform.apply().await.succeeded().says("0 added, 0 changed, 0 destroyed");
    assert_eq!(terraform.state("milink_link.sales").await["status"], status);
    assert_eq!(scenario.inventory(), before);
    deeds::assert_none_since(scenario.simulator(), mark);
    let again = terraform.plan_detailed_exitcode(&["-refresh=false"]).await;
    assert_eq!(again.code(), Some(0), "{again}");
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_group_is_a_broken_link() {
    let (scenario, terraform) = applied("drift-group").await;
    let drop = "DROP AVAILABILITY GROUP [DAG_Sales]";
    scenario.sql_client(SERVER).await.execute(drop).await.unwrap();
    // Which half is missing is said: the one on SQL Server.
    let plan = left_alone(&scenario, &terraform, "broken", "A link is broken").await;
    let detail = plan.detail("A link is broken");
    assert!(detail.contains("distributed availability group DAG_Sales"), "{detail}");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_link_whose_copy_lives_on_was_cut_over() {
    let (scenario, terraform) = applied("drift-cutover").await;
    scenario.arm_client().await.delete("distributedAvailabilityGroups/DAG_Sales").await;
    let state = scenario
        .world(|estate| estate.managed_instances[0].engine.database("Sales").map(|database| database.state));
    assert_eq!(state, Some(DatabaseState::Online), "what the service leaves");
    let plan = left_alone(&scenario, &terraform, "cut_over", "A link was cut over elsewhere").await;
    let detail = plan.detail("A link was cut over elsewhere");
    assert!(detail.contains("DAG_Sales") && detail.contains("mi-sales"), "{detail}");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_link_without_a_copy_is_broken() {
    let (scenario, terraform) = applied("drift-nothing").await;
    let azure = scenario.arm_client().await;
    azure.delete("distributedAvailabilityGroups/DAG_Sales").await;
    azure.delete("databases/Sales").await;
    // The instance's half, and the copy with it.
    let plan = left_alone(&scenario, &terraform, "broken", "A link is broken").await;
    let detail = plan.detail("A link is broken");
    assert!(detail.contains("DAG_Sales") && detail.contains("mi-sales"), "{detail}");
    assert!(!detail.contains("distributed availability group"), "{detail}");
    scenario.finish().await;
}
