//! An endpoint that others share is not disturbed unasked: what would hurt them is refused, in the plan where that is
//! known, and the plan says who is interrupted.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::collation::spelt;
use milink_acceptance_tests::{Scenario, Workspace};
use milink_simulator::world::endpoint::{Endpoint, State};
use milink_simulator::world::group::Listener;

const SERVER: &str = "sql1.corp.example";
const PROVIDER: &str = r#"
terraform {
  required_providers {
    milink = { source = "milink/milink" }
  }
}

variable "sql_password" {
  type      = string
  ephemeral = true
}

provider "milink" {
  sql_server {
    name = "hq"
    host = "sql1.corp.example"
    sql_login {
      username = "terraform"
      password = var.sql_password
    }
  }
}
"#;

/// Somebody's estate: an endpoint that shows their certificate, and a group that uses it.
async fn theirs(name: &str, endpoint: &str) -> (Scenario, Workspace) {
    let scenario = Scenario::quickstart(name).await;
    let machine = scenario.world(|estate| estate.engine(SERVER).unwrap().server_name());
    let mut them = scenario.sql_client(SERVER).await;
    let authentication = "AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING";
    for statement in [
        "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Theirs-and-not-ours-1'".to_owned(),
        "CREATE CERTIFICATE theirs WITH SUBJECT = N'theirs', EXPIRY_DATE = N'2099-01-01'".to_owned(),
        "CREATE CERTIFICATE ours WITH SUBJECT = N'ours', EXPIRY_DATE = N'2099-01-01'".to_owned(),
        format!(
            "CREATE ENDPOINT Hadr_endpoint STATE = STARTED {authentication} ({endpoint}, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL)"
        ),
        "CREATE DATABASE Payroll".to_owned(),
        "BACKUP DATABASE Payroll TO DISK = N'NUL'".to_owned(),
        format!(
            "CREATE AVAILABILITY GROUP AG_Payroll WITH (CLUSTER_TYPE = NONE) FOR DATABASE Payroll REPLICA ON N'{machine}' WITH (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC)"
        ),
    ] {
        them.execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let terraform = scenario.workspace(&[("main.tf", PROVIDER)]).await;
    (scenario, terraform)
}

fn endpoint(scenario: &Scenario) -> Endpoint {
    scenario.world(|estate| estate.engine(SERVER).unwrap().endpoint.clone().unwrap())
}

fn resource(arguments: &str) -> String {
    format!("resource \"milink_mirroring_endpoint\" \"hq\" {{\n{arguments}\n}}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_endpoint_keeps_its_certificate_and_its_port_unless_asked() {
    let (scenario, terraform) = theirs("endpoint-theirs", "AUTHENTICATION = CERTIFICATE theirs").await;
    let before = endpoint(&scenario);

    terraform.write("endpoint.tf", &resource("certificate = \"ours\""));
    terraform
        .plan()
        .await
        .failed()
        .says("An endpoint shows somebody's certificate")
        .says("the availability group AG_Payroll (synchronous commit)");
    assert_eq!(endpoint(&scenario), before);

    terraform.write("endpoint.tf", &resource("port = 5023"));
    terraform
        .plan()
        .await
        .succeeded()
        .says("The listener of an endpoint restarts")
        .says("(port)")
        .says("AG_Payroll");
    terraform.apply_plan().await.failed().says("allow_listener_restart").says("where it listens changes");
    assert_eq!(endpoint(&scenario), before);

    // What differs in spelling alone is no change.
    terraform.write(
        "endpoint.tf",
        &resource(&format!(
            "certificate = \"{}\"\nlistener_ip = \"ALL\"\nname = \"{}\"",
            spelt("theirs", "THEIRS"),
            spelt("Hadr_endpoint", "HADR_endpoint")
        )),
    );
    terraform.apply().await.succeeded().says("An existing endpoint is taken over");
    assert_eq!(endpoint(&scenario), before, "it was altered for nothing");
    assert_eq!(terraform.plan_detailed_exitcode(&[]).await.code(), Some(0));

    // Asked, it is switched, and a destroy puts their certificate back.
    terraform.run(&["state", "rm", "milink_mirroring_endpoint.hq"]).await.succeeded();
    terraform.write("endpoint.tf", &resource("certificate = \"ours\"\nallow_listener_restart = true"));
    terraform.apply().await.succeeded();
    assert_ne!(endpoint(&scenario).authentication, before.authentication);
    assert_eq!(terraform.plan_detailed_exitcode(&[]).await.code(), Some(0));
    terraform.destroy().await.succeeded().says("gets the authentication back").says("AG_Payroll");
    assert_eq!(endpoint(&scenario).authentication, before.authentication);
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_restarts_nothing_that_was_not_changed_here() {
    let (scenario, terraform) = theirs("endpoint-untouched", "AUTHENTICATION = WINDOWS NEGOTIATE").await;
    let before = endpoint(&scenario);
    terraform.write("endpoint.tf", &resource("state = \"started\""));
    terraform.apply().await.succeeded();
    // Somebody adds their certificate afterwards. That is not ours to take away.
    let add = "ALTER ENDPOINT Hadr_endpoint FOR DATABASE_MIRRORING (AUTHENTICATION = WINDOWS NEGOTIATE CERTIFICATE theirs, ROLE = ALL)";
    scenario.sql_client(SERVER).await.execute(add).await.unwrap();
    let changed = endpoint(&scenario);
    assert_ne!(changed, before);
    terraform.destroy().await.succeeded().does_not_say("The listener of an endpoint restarts");
    assert_eq!(endpoint(&scenario), changed);
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_plan_refuses_what_no_sibling_can_release() {
    let (scenario, terraform) = theirs("endpoint-listener", "AUTHENTICATION = WINDOWS NEGOTIATE").await;
    terraform.write("endpoint.tf", &resource("on_destroy = \"drop\""));
    terraform.apply().await.succeeded();
    let before = endpoint(&scenario);
    scenario.world(|estate| {
        let group = &mut estate.engine_mut(SERVER).unwrap().groups[0];
        group.listener = Some(Listener {
            id: "6f1c1d1e-0000-4000-8000-000000000001".to_owned(),
            dns_name: "payroll".to_owned(),
            port: 1433,
            addresses: Vec::new(),
        });
    });
    terraform
        .run(&["plan", "-destroy"])
        .await
        .failed()
        .says("Still in use")
        .says("AG_Payroll, to which a listener leads");
    assert_eq!(endpoint(&scenario), before);
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_keeps_two_primaries_apart_is_not_started() {
    let scenario = Scenario::quickstart("endpoint-primaries").await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.apply().await.succeeded();
    let name = endpoint(&scenario).name;
    scenario
        .sql_client(SERVER)
        .await
        .execute(&format!("ALTER ENDPOINT [{name}] STATE = STOPPED"))
        .await
        .unwrap();
    // A forced failover in the disaster.
    scenario.world(|estate| estate.managed_instances[0].links[0].instance_is_primary = true);

    terraform.plan().await.succeeded().says("The listener of an endpoint restarts").says("(state)");
    terraform.apply_plan().await.failed().says("Both sides of a link are primary");
    assert_eq!(endpoint(&scenario).state, State::Stopped);
    scenario.finish().await;
}
