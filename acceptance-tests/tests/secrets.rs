//! No password, token or signature in anything that a run leaves behind.
//!
//! Every run of the harness is searched (state, saved plan unpacked, TRACE log, output, journal); these tests make the
//! runs in which secrets travel in every way, failures included, and one that shows that the search finds something.
//! What other tests leave in `target` for people to read is searched where it is written, with the secrets that are in it:
//! `statements`, `pairs`, and the journal of a rehearsal.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::Scenario;
use milink_simulator::journal::Face;
use terraform_provider_milink::secret::Secret;
use terraform_provider_milink::sql::statement::{MajorVersion, Statement};

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

    // The journal saw every place in which a secret travels, and kept that it was there.
    let journal = scenario.simulator().journal();
    let key = journal.of_kind("CREATE MASTER KEY");
    assert_eq!(key.len(), 1);
    assert!(key[0].text.contains("PASSWORD = '<secret:"), "{}", key[0].text);
    let tokens: Vec<_> = journal.entries().into_iter().filter(|entry| entry.face == Face::Entra).collect();
    assert!(tokens.iter().any(|entry| entry.text.contains("client_secret=<secret:")), "{tokens:#?}");
    let polls = journal.entries().iter().filter(|entry| entry.text.contains("&s=<secret:")).count();
    assert!(polls > 0, "no operation was polled");
    for entry in journal.entries() {
        scenario.assert_no_secret_in(format!("{entry:?}").as_bytes(), "an entry of the journal");
    }
    scenario.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_written_down_without_its_secret() {
    let scenario = Scenario::quickstart("artefacts").await;
    // The statements with real passwords of the scene in them, masked as the files are.
    for variable in ["sql_password", "master_key_password"] {
        let password = || Secret::new(scenario.variable(variable));
        for statement in [
            Statement::CreateMasterKey { password: password() },
            Statement::AddMasterKeyPassword { password: password() },
            Statement::DropMasterKeyPassword { password: password() },
            Statement::AddServiceMasterKey { password: password() },
        ] {
            let text = statement.text(MajorVersion::Sql2022);
            let masked = statement.masked(MajorVersion::Sql2022);
            assert!(masked.contains("PASSWORD"), "{masked}");
            scenario.assert_no_secret_in(masked.as_bytes(), "a masked statement");
            scenario
                .assert_no_secret_in(format!("{statement:?}").as_bytes(), "a statement that prints itself");
            scenario.assert_no_secret_in(format!("{text:?}").as_bytes(), "a text that prints itself");
        }
    }
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
