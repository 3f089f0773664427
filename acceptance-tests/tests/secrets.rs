//! No password, token or signature in anything that a run leaves behind.
//!
//! Every run of the harness is searched (state, saved plan unpacked, TRACE log, output, journal); these tests make the
//! runs in which secrets travel in every way, failures included, and one that shows that the search finds something.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::Scenario;

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_with_a_saved_plan_leaves_no_secret() {
    let scenario = Scenario::quickstart("secrets").await;
    let terraform = scenario.quickstart_workspace().await;
    terraform.plan().await.succeeded();
    // `show -json` is searched like every run.
    terraform.show_plan_json().await;
    terraform.apply_plan().await.succeeded();
    terraform.show_json().await;
    terraform.plan().await.succeeded();
    terraform.destroy().await.succeeded();
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_are_not_repeated() {
    let scenario = Scenario::quickstart("refused-credentials").await;
    for variable in ["sql_password", "client_secret"] {
        let mut terraform = scenario.quickstart_workspace().await;
        // Known to the search because it begins with the one that is.
        let wrong = format!("{}-but-wrong", scenario.variable(variable));
        terraform.set(&format!("TF_VAR_{variable}"), &wrong);
        terraform.plan().await.failed();
    }
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "secret number")]
async fn the_search_finds_what_is_there() {
    let scenario = Scenario::quickstart("search").await;
    let terraform = scenario
        .workspace(&[(
            "main.tf",
            "variable \"sql_password\" {}\nresource \"terraform_data\" \"leak\" {\n  input = var.sql_password\n}\n",
        )])
        .await;
    terraform.run(&["plan"]).await.succeeded();
    // Not in what was printed of a plain plan? The state has it in any case.
    terraform.apply().await.succeeded();
}
