//! A link through its life: seeded anew only by consent, removed only by its guards, observed where others act, and
//! recognised by what it is and not by its name.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::{Scenario, Workspace, opposites};
use milink_simulator::world::managed::LinkPhase;
use serde_json::json;

const SERVER: &str = "sql1.corp.example";
const LINK: &str = "milink_link.sales";
const OF_LINK: &str = "distributedAvailabilityGroups/DAG_Sales";
/// After it, the link's block has other arguments.
const PROTECTION: &str = "  deletion_protection = false\n";

async fn applied(name: &str) -> (Scenario, Workspace) {
    let scenario = Scenario::quickstart(name).await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.apply().await.succeeded();
    (scenario, terraform)
}

/// Adds an argument to the link's block.
fn with(terraform: &Workspace, argument: &str) {
    terraform.replace("main.tf", PROTECTION, &format!("{PROTECTION}  {argument}\n"));
}

async fn nothing_planned(terraform: &Workspace) -> milink_acceptance_tests::Output {
    let plan = terraform.plan_detailed_exitcode(&[]).await;
    assert_eq!(plan.code(), Some(0), "{plan}");
    plan
}

/// Role of SQL Server in the distributed group, commit modes, and the link's own.
fn modes(scenario: &Scenario) -> (Vec<bool>, bool) {
    scenario.world(|estate| {
        let group =
            estate.engine(SERVER).unwrap().groups.iter().find(|group| group.name == "DAG_Sales").unwrap();
        let sides = group.replicas.iter().map(|replica| replica.synchronous).collect();
        (sides, estate.managed_instances[0].links[0].synchronous)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_seeded_anew_by_a_consent_that_was_applied() {
    let (scenario, terraform) = applied("reseed").await;
    let generation = terraform.state(LINK).await["link_generation"].clone();

    // A consent that comes with the change is none: the delete would not know of it.
    let elsewhere = "partner_endpoint                 = \"TCP://10.0.0.5:5022\"";
    terraform.replace("main.tf", "partner_endpoint                 = local.partner_endpoint", elsewhere);
    with(&terraform, "reseed = true");
    terraform.plan().await.failed().says("A link is not replaced").says("partner_endpoint");
    terraform.replace("main.tf", elsewhere, "partner_endpoint                 = local.partner_endpoint");
    terraform.apply().await.succeeded();

    // With protection it is refused all the same.
    terraform.replace("main.tf", "  deletion_protection = false\n", "  deletion_protection = true\n");
    terraform.apply().await.succeeded();
    terraform.run(&["plan", "-replace", LINK]).await.failed().says("The link is protected");
    terraform.replace("main.tf", "  deletion_protection = true\n", "  deletion_protection = false\n");
    terraform.apply().await.succeeded();

    let plan = terraform.run(&["plan", "-replace", LINK]).await.succeeded();
    plan.says("A link may be seeded anew").says("is deleted").says("seeded again");
    scenario.world(|estate| assert_eq!(estate.managed_instances[0].links[0].databases[0].seedings, 1));
    terraform.run(&["apply", "-auto-approve", "-replace", LINK]).await.succeeded();

    let link = terraform.state(LINK).await;
    assert_ne!(link["link_generation"], generation);
    assert_eq!((&link["status"], &link["adopted"]), (&json!("established"), &json!(false)));
    let gate = terraform.state("milink_link_synchronization.sales").await;
    assert_eq!(gate["link_generation"], link["link_generation"], "the new link was waited for");
    nothing_planned(&terraform).await;
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_discarded_only_while_it_is_proven_to_be_one() {
    let (scenario, terraform) = applied("discard").await;
    terraform.replace("main.tf", "  on_destroy = \"detach\"\n", "  on_destroy = \"discard\"\n");
    terraform.apply().await.succeeded();

    let instance = scenario.world(|estate| estate.managed_instances[0].engine.host.to_lowercase());
    let line = if instance.as_str() < SERVER {
        (instance, SERVER.to_owned())
    } else {
        (SERVER.to_owned(), instance)
    };
    scenario.world(|estate| estate.network.cut.insert(line));
    while scenario.arm_client().await.get(OF_LINK).await.unwrap()["properties"]["databases"][0]["connectedState"]
        != json!("DISCONNECTED")
    {
        tokio::task::yield_now().await;
    }
    let before = scenario.inventory();
    terraform
        .run(&["destroy", "-auto-approve", "-target", LINK])
        .await
        .failed()
        .says("The copy on the instance is not deleted");
    assert_eq!(scenario.inventory(), before, "nothing was removed before the proof");

    scenario.world(|estate| estate.network.cut.clear());
    while scenario.arm_client().await.get(OF_LINK).await.unwrap()["properties"]["databases"][0]["connectedState"]
        != json!("CONNECTED")
    {
        tokio::task::yield_now().await;
    }
    let plan = terraform.run(&["plan", "-destroy"]).await.succeeded();
    plan.says("A database on the managed instance is deleted");
    terraform.destroy().await.succeeded();
    scenario.world(|estate| {
        assert!(estate.managed_instances[0].engine.database("Sales").is_none());
        assert!(estate.engine(SERVER).unwrap().database("Sales").is_some());
    });
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_between_plan_and_apply_stops_the_removal() {
    let (scenario, terraform) = applied("failover-before-destroy").await;
    terraform.run(&["plan", "-destroy", "-out", "saved.tfplan"]).await.succeeded();
    let failover = "ALTER AVAILABILITY GROUP [DAG_Sales] FAILOVER";
    scenario.sql_client(SERVER).await.execute(failover).await.unwrap();
    while scenario.arm_client().await.get(OF_LINK).await.unwrap()["properties"]["instanceLinkRole"]
        != json!("Primary")
    {
        tokio::task::yield_now().await;
    }

    terraform.run(&["apply", "saved.tfplan"]).await.failed().says("The managed instance is primary");

    scenario.world(|estate| assert_eq!(estate.managed_instances[0].links.len(), 1));
    terraform.destroy().await.failed().says("The managed instance is primary");
    scenario.world(|estate| assert_eq!(estate.managed_instances[0].links.len(), 1));
    // A failover is observed, never undone.
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_mode_is_set_when_the_link_replicates_and_a_failover_resets_it_without_drift() {
    let scenario = Scenario::quickstart("commit-mode").await;
    let terraform = scenario.quickstart_workspace().await;
    with(&terraform, "replication_mode = \"Sync\"");
    terraform.apply().await.succeeded();
    assert_eq!(modes(&scenario), (vec![false, false], false), "a link begins asynchronous");

    terraform.plan().await.succeeded();
    assert_eq!(terraform.planned_changes().await, [(LINK.to_owned(), vec!["update".to_owned()])]);
    terraform.apply_plan().await.succeeded();
    assert_eq!(modes(&scenario), (vec![true, true], true));
    nothing_planned(&terraform).await;

    // SQL Server alone asynchronous is what an interrupted change leaves: both are set again.
    let half = "ALTER AVAILABILITY GROUP [DAG_Sales] MODIFY AVAILABILITY GROUP ON \
                N'AG_Sales' WITH (AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT), \
                N'AG_Sales_MI' WITH (AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT)";
    scenario.sql_client(SERVER).await.execute(half).await.unwrap();
    terraform.apply().await.succeeded();
    assert_eq!(modes(&scenario), (vec![true, true], true));

    let failover = "ALTER AVAILABILITY GROUP [DAG_Sales] FAILOVER";
    scenario.sql_client(SERVER).await.execute(failover).await.unwrap();
    while scenario.arm_client().await.get(OF_LINK).await.unwrap()["properties"]["instanceLinkRole"]
        != json!("Primary")
    {
        tokio::task::yield_now().await;
    }
    let mark = scenario.simulator().journal().mark();
    for _ in 0..3 {
        nothing_planned(&terraform).await;
        terraform.apply().await.succeeded();
    }
    let entries = scenario.simulator().journal().since(mark);
    let changing = entries.iter().find(|entry| {
        ["PUT", "PATCH", "POST", "DELETE", "CREATE", "ALTER", "DROP"]
            .iter()
            .any(|word| entry.kind.starts_with(word))
            && !entry.object.contains("token")
    });
    assert!(changing.is_none(), "{changing:?}");
    assert_eq!(terraform.state(LINK).await["observed_primary"], json!("managed_instance"));
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_cut_over_stays_so_whatever_becomes_of_the_database() {
    let (scenario, terraform) = applied("cut-over").await;
    scenario.arm_client().await.delete(OF_LINK).await;
    terraform.apply().await.succeeded();
    assert_eq!(terraform.state(LINK).await["status"], json!("cut_over"));

    // The migrated database gets another name, and somebody cleans up SQL Server.
    scenario.sql_client(SERVER).await.execute("DROP AVAILABILITY GROUP [DAG_Sales]").await.unwrap();
    scenario.world(|estate| {
        let database = estate.managed_instances[0].engine.database_mut("Sales").unwrap();
        database.name = "Sales_2026".to_owned();
    });
    nothing_planned(&terraform).await.says("A link was cut over elsewhere");
    terraform.destroy().await.succeeded();
    scenario.world(|estate| assert!(estate.managed_instances[0].engine.database("Sales_2026").is_some()));
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_bears_the_links_name_is_left() {
    let (scenario, terraform) = applied("stranger").await;
    let mut server = scenario.sql_client(SERVER).await;
    server.execute("DROP AVAILABILITY GROUP [DAG_Sales]").await.unwrap();
    let name = server.texts("SELECT CAST(SERVERPROPERTY('ServerName') AS nvarchar(128))").await.remove(0);
    server
        .execute(&format!(
            "CREATE AVAILABILITY GROUP [DAG_Sales] WITH (CLUSTER_TYPE = NONE) FOR REPLICA ON N'{name}' WITH (\
             ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL)"
        ))
        .await
        .unwrap();
    nothing_planned(&terraform).await.says("Another object bears a link's name");
    terraform.apply().await.succeeded();
    assert_eq!(terraform.state(LINK).await["status"], json!("broken"));

    let run = terraform.run(&["destroy", "-auto-approve", "-target", LINK]).await.succeeded();
    run.says("An object that bears a link's name was left");
    scenario.world(|estate| {
        assert!(estate.managed_instances[0].links.is_empty(), "Azure's half was the link's own");
        assert!(estate.engine(SERVER).unwrap().groups.iter().any(|group| group.name == "DAG_Sales"));
    });
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_could_not_be_set_up_is_broken_and_plans_nothing() {
    let scenario = Scenario::quickstart("no-contact").await;
    let terraform = scenario.quickstart_workspace().await;
    let instance = scenario.world(|estate| estate.managed_instances[0].engine.host.to_lowercase());
    let line = if instance.as_str() < SERVER {
        (instance, SERVER.to_owned())
    } else {
        (SERVER.to_owned(), instance)
    };
    scenario.world(|estate| estate.network.cut.insert(line));
    let number = if opposites::in_force(10) { "41986" } else { "41962" };
    // The gate fails; the link itself does not, so it is not tainted.
    terraform.apply().await.failed().says("A link is broken").says(number);
    scenario.world(|estate| assert_eq!(estate.managed_instances[0].links[0].phase, LinkPhase::InitError));
    let link = terraform.state(LINK).await;
    assert_eq!((&link["status"], &link["complete"]), (&json!("broken"), &json!(false)));

    let plan = terraform.run(&["plan", "-detailed-exitcode", "-target", LINK]).await;
    assert_eq!(plan.code(), Some(0), "{plan}");
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_link_plans_nothing_and_is_released_by_a_destroy() {
    let (scenario, terraform) = applied("import-link").await;
    let id = terraform.state(LINK).await["id"].as_str().unwrap().to_owned();
    with(&terraform, "failover_mode = \"None\"");
    for import in [format!("hq,{id}"), id.clone()] {
        terraform.run(&["state", "rm", "milink_link_synchronization.sales", LINK]).await.succeeded();
        terraform.import(LINK, &import).await.succeeded();
        // `on_destroy` lives in the configuration alone.
        terraform.run(&["plan", "-target", LINK]).await.succeeded().says("1 to change");
        terraform.replace("main.tf", "  on_destroy = \"detach\"\n", "");
        terraform.run(&["apply", "-auto-approve", "-target", LINK]).await.succeeded();
        let plan = terraform.run(&["plan", "-detailed-exitcode", "-target", LINK]).await;
        assert_eq!(plan.code(), Some(0), "{plan}");
        let link = terraform.state(LINK).await;
        assert_eq!(
            (&link["adopted"], &link["status"], &link["sql_servers"]),
            (&json!(true), &json!("established"), &json!(["hq"]))
        );
        terraform.replace("main.tf", PROTECTION, &format!("{PROTECTION}  on_destroy = \"detach\"\n"));
    }
    scenario.finish().await;
}
