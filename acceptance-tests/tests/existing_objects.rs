//! What was there before is untouched by apply and destroy: a master key, a certificate, an endpoint with Windows
//! authentication that another group uses, and that group with its database.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::{Scenario, Workspace};
use milink_simulator::rehearsal::inventory::Kind;
use milink_simulator::world::endpoint::{Endpoint, State};

const SERVER: &str = "sql1.corp.example";

/// Somebody's estate, made the way somebody makes it.
const THEIRS: [&str; 5] = [
    "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Theirs-and-not-ours-1'",
    "CREATE CERTIFICATE theirs WITH SUBJECT = N'theirs', EXPIRY_DATE = N'2099-01-01'",
    "CREATE ENDPOINT Hadr_endpoint STATE = STARTED AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (AUTHENTICATION = WINDOWS NEGOTIATE, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL)",
    "CREATE DATABASE Payroll",
    "BACKUP DATABASE Payroll TO DISK = N'NUL'",
];

async fn with_their_objects(name: &str) -> (Scenario, Workspace) {
    let scenario = Scenario::quickstart(name).await;
    let mut them = scenario.sql_client(SERVER).await;
    for statement in THEIRS {
        them.execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let machine = scenario.world(|estate| estate.engine(SERVER).unwrap().server_name());
    let group = format!(
        "CREATE AVAILABILITY GROUP AG_Payroll WITH (CLUSTER_TYPE = NONE) FOR DATABASE Payroll REPLICA ON N'{machine}' WITH (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC)"
    );
    them.execute(&group).await.unwrap();
    let terraform = scenario.quickstart_workspace().await;
    (scenario, terraform)
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_and_destroy_leave_what_is_not_theirs() {
    let (scenario, terraform) = with_their_objects("existing").await;
    // As in production: the endpoint is everybody's, so nobody says "drop".
    terraform.replace("main.tf", "  on_destroy = \"drop\"\n", "");
    let before = scenario.inventory();
    let endpoint = endpoint_of(&scenario);

    // The plan makes everything, and says which of their objects it will touch.
    let plan = terraform.plan().await.succeeded();
    let planned = terraform.planned_changes().await;
    assert!(planned.iter().all(|(_, actions)| actions == &["create"]), "{planned:?}");
    drop(plan.says("Hadr_endpoint"));
    assert_eq!(scenario.inventory(), before, "a plan changes nothing");
    terraform.apply_plan().await.succeeded().says("Hadr_endpoint");
    let during = endpoint_of(&scenario);
    assert_eq!((during.name.as_str(), during.state), ("Hadr_endpoint", State::Started));
    assert!(during.authentication.windows.is_some(), "the other group's authentication went: {during:?}");
    assert_eq!(
        (during.port, during.role, during.encryption),
        (endpoint.port, endpoint.role, endpoint.encryption)
    );
    assert_eq!(terraform.state("milink_master_key.hq").await["adopted"], true);
    assert_eq!(terraform.state("milink_mirroring_endpoint.hq").await["adopted"], true);
    // Of what is theirs nothing but the endpoint is another.
    let differences = before.compare(&scenario.inventory());
    assert_eq!(
        (&differences.missing[..], &*names(&differences.changed)),
        (&[][..], "database Sales on sql1.corp.example")
    );
    assert_eq!(terraform.plan_detailed_exitcode(&[]).await.code(), Some(0));

    terraform.destroy().await.succeeded();
    let differences = before.compare(&scenario.inventory());
    assert!(differences.is_clean(), "{differences:#?}");
    // The endpoint shows no certificate of ours any more, and is in everything what it was. Its listener was restarted to
    // get there.
    let excused: Vec<_> = differences.remaining.iter().map(|(item, _)| item.kind).collect();
    assert_eq!(excused, [Kind::Database], "{differences:#?}");
    assert_eq!(Endpoint { starts: endpoint.starts, ..endpoint_of(&scenario) }, endpoint);
    scenario.finish().await;
}

fn endpoint_of(scenario: &Scenario) -> Endpoint {
    scenario.world(|estate| estate.engine(SERVER).unwrap().endpoint.clone().unwrap())
}

fn names(items: &[milink_simulator::rehearsal::inventory::Item]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_the_name_that_differs_is_an_error_with_the_import_line() {
    let (scenario, terraform) = with_their_objects("same-name").await;
    terraform.replace("main.tf", "name_prefix   = \"milink_\"", "name          = \"theirs\"");
    let before = scenario.inventory();
    terraform
        .run(&["apply", "-auto-approve", "-target=milink_certificate.endpoint"])
        .await
        .failed()
        .says("terraform import milink_certificate.");
    assert!(before.compare(&scenario.inventory()).is_clean());
    scenario.finish().await;
}
