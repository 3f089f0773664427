//! What people get wrong: one clear sentence each, with the attribute's path where one is at fault, and the state as
//! it was.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::{Output, Scenario, Workspace, deeds};
use milink_simulator::arm::directory::Role;
use milink_simulator::faults::{Action, Filter, Moment, Rule};
use milink_simulator::journal::Face;
use milink_simulator::world::Estate;

/// One configuration of the provider that a test varies.
const PROVIDER: &str = r#"
terraform {
  required_providers {
    milink = { source = "milink/milink" }
  }
}

variable "client_secret" {
  type      = string
  ephemeral = true
}

variable "sql_password" {
  type      = string
  ephemeral = true
}

provider "milink" {
  azure {
    subscription_id = "11111111-2222-4333-8444-555555555555"
    tenant_id       = "99999999-8888-4777-8666-555555555555"
    client_id       = "12345678-1234-4234-8234-123456789abc"
    client_secret   = var.client_secret
  }

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

const INSTANCE: &str = milink_acceptance_tests::foreign::INSTANCE;

/// What the plan of a configuration says that is refused: by its plan and its apply with one error each, before anything
/// was done or written down.
async fn refused(scenario: &Scenario, resources: &str) -> Output {
    let terraform = workspace(scenario, resources).await;
    let mark = scenario.simulator().journal().mark();
    let plan = one_error(terraform.plan().await);
    one_error(terraform.apply().await);
    deeds::assert_none_since(scenario.simulator(), mark);
    assert!(!terraform.configuration().join("terraform.tfstate").exists(), "there is a state");
    plan
}

async fn workspace(scenario: &Scenario, resources: &str) -> Workspace {
    scenario.workspace(&[("provider.tf", PROVIDER), ("main.tf", resources)]).await
}

/// One diagnostic, and it is an error.
#[track_caller]
fn one_error(output: Output) -> Output {
    let output = output.failed();
    assert_eq!(output.diagnostics("Error"), 1, "{output}");
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password() {
    let scenario = Scenario::quickstart("wrong-password").await;
    let mut terraform = scenario.quickstart_workspace().await;
    terraform.apply().await.succeeded();
    let state = terraform.show_json().await;
    terraform.set("TF_VAR_sql_password", &format!("{}x", scenario.variable("sql_password")));

    // One object, so one sentence.
    let target = "-target=milink_master_key.hq";
    for arguments in [&["plan", target][..], &["apply", "-auto-approve", target]] {
        one_error(terraform.run(arguments).await)
            .says("Login failed for user 'terraform'")
            .says("18456")
            .says("sql1.corp.example");
    }
    terraform.plan().await.failed();
    terraform.apply().await.failed();

    assert_eq!(terraform.show_json().await, state);
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_host_is_an_error_or_one_warning() {
    let scenario = Scenario::quickstart("unreachable").await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.apply().await.succeeded();
    let state = terraform.show_json().await;
    let cut = |estate: &mut Estate| {
        estate.network.down.insert("sql1.corp.example".into());
    };
    scenario.world(cut);

    let target = "-target=milink_master_key.hq";
    one_error(terraform.run(&["plan", target]).await).says("sql1.corp.example");
    one_error(terraform.run(&["apply", "-auto-approve", target]).await).says("sql1.corp.example");
    terraform.plan().await.failed();
    assert_eq!(terraform.show_json().await, state);

    terraform.replace("main.tf", "provider \"milink\" {", "provider \"milink\" {\n  unreachable = \"keep\"");
    let plan = terraform.plan_detailed_exitcode(&[]).await;
    assert_eq!(plan.code(), Some(0), "{plan}");
    plan.warns_exactly(&["A SQL Server does not answer"]).says("hq");
    assert_eq!(terraform.show_json().await["values"], state["values"]);
    terraform.apply().await.succeeded().says("0 added, 0 changed, 0 destroyed");
    assert_eq!(terraform.show_json().await["values"], state["values"]);
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_azure_that_does_not_answer_is_an_error_or_one_warning() {
    let scenario = Scenario::quickstart("no-azure").await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.apply().await.succeeded();
    let state = terraform.show_json().await;
    let azure = Filter { face: Some(Face::Arm), ..Filter::default() };
    scenario.simulator().faults().add(Rule::always(azure, Action::Cut(Moment::Before)));

    let target = "-target=milink_server_trust_certificate.hq";
    one_error(terraform.run(&["plan", target]).await)
        .says("management.azure.com")
        .says("with milink_server_trust_certificate.hq");
    one_error(terraform.run(&["apply", "-auto-approve", target]).await).says("management.azure.com");
    terraform.plan().await.failed();
    assert_eq!(terraform.show_json().await, state);

    terraform.replace("main.tf", "provider \"milink\" {", "provider \"milink\" {\n  unreachable = \"keep\"");
    let plan = terraform.plan_detailed_exitcode(&[target]).await;
    assert_eq!(plan.code(), Some(0), "{plan}");
    plan.warns_exactly(&["Azure does not answer", "Resource targeting is in effect"]);
    assert_eq!(terraform.show_json().await["values"], state["values"]);
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_not_there() {
    let scenario = Scenario::quickstart("no-instance").await;
    let resources = format!(
        "data \"milink_endpoint_certificate\" \"x\" {{\n  managed_instance_id = \"{}\"\n}}\n",
        INSTANCE.replace("mi-sales", "mi-gone")
    );
    refused(&scenario, &resources).await.says("mi-gone").says("managed_instance_id =");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_named() {
    let scenario = Scenario::quickstart("forbidden").await;
    let application = "12345678-1234-4234-8234-123456789abc";
    let scope = "/subscriptions/11111111-2222-4333-8444-555555555555".to_owned();
    let role = Role::custom(
        "all but endpoint certificates",
        &["*"],
        &["Microsoft.Sql/managedInstances/endpointCertificates/read"],
    );
    scenario.simulator().arm().directory().assign(application, vec![(scope, role)]);
    let resources = format!(
        "data \"milink_endpoint_certificate\" \"x\" {{\n  managed_instance_id = \"{INSTANCE}\"\n}}\n"
    );
    refused(&scenario, &resources)
        .await
        .says("Microsoft.Sql/managedInstances/endpointCertificates/read")
        .says(application);
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_name_may_hold() {
    let scenario = Scenario::quickstart("bad-name").await;
    let resources =
        "resource \"milink_certificate\" \"x\" {\n  sql_server = \"hq\"\n  name = \"a\\\\b\"\n}\n";
    refused(&scenario, resources).await.says("with milink_certificate.x").says("name = \"a\\\\b\"");
    assert!(scenario.simulator().journal().entries().is_empty(), "it is known without a connection");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_no_block_names() {
    let scenario = Scenario::quickstart("unknown-server").await;
    let resources = "resource \"milink_certificate\" \"x\" {\n  sql_server = \"branch\"\n  name = \"c\"\n}\n";
    refused(&scenario, resources).await.says("sql_server = \"branch\"").says("branch").says("hq");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_blocks_with_one_name() {
    let scenario = Scenario::quickstart("twice").await;
    let second = "\n  sql_server {\n    name = \"hq\"\n    host = \"sql2.corp.example\"\n    sql_login {\n      username = \"x\"\n      password = var.sql_password\n    }\n  }\n}\n";
    let provider = format!("{}{second}", PROVIDER.trim_end().trim_end_matches('}'));
    let terraform = scenario
        .workspace(&[
            ("main.tf", "resource \"milink_master_key\" \"x\" {\n  sql_server = \"hq\"\n}\n"),
            ("provider.tf", &provider),
        ])
        .await;
    one_error(terraform.plan().await).says("hq").says("provider.tf line");
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_public_key_instead_of_a_certificate() {
    let scenario = Scenario::quickstart("public-key").await;
    let key =
        "-----BEGIN PUBLIC KEY-----\\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\\n-----END PUBLIC KEY-----\\n";
    let resources = format!(
        "resource \"milink_imported_certificate\" \"x\" {{\n  sql_server = \"hq\"\n  name = \"c\"\n  certificate = \"{key}\"\n}}\n"
    );
    refused(&scenario, &resources).await.says("public key").says("certificate =");
    scenario.finish().await;
}
