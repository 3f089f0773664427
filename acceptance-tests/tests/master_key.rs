//! The master key of `master`: what is never touched unasked, and what a password costs.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::single::{World, said};
use serde_json::{Value as Json, json};
use terraform_provider_milink::framework::harness::Action;
use terraform_provider_milink::framework::value::Value;

const KEY: &str = "milink_master_key";
const CHANGES: [&str; 3] = ["CREATE MASTER KEY", "ALTER MASTER KEY", "DROP MASTER KEY"];

fn config(more: Json) -> Json {
    let mut config = json!({ "sql_server": "hq" });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_imported_plans_nothing_and_is_not_touched() {
    let world = World::new().await;
    world.master_key().await;
    let mark = world.mark();
    let provider = world.provider().await;
    let server_name = world.server(|server| server.server_name());
    for imported in [
        provider.import(KEY, "hq").await.unwrap(),
        provider.import_by_identity(KEY, json!({ "server_name": server_name })).await.unwrap(),
    ] {
        let bare = provider.config(KEY, config(json!({}))).unwrap();
        assert_eq!(provider.plan(KEY, Some(&imported), &bare).await.unwrap().action, Action::NoOp);

        // A version that is written for the first time is remembered and adds no password to a customer's key.
        let written = config(json!({ "password_wo": "Ours-and-not-theirs-1", "password_wo_version": 1 }));
        let written = provider.config(KEY, written).unwrap();
        let plan = provider.plan(KEY, Some(&imported), &written).await.unwrap();
        assert_eq!(plan.action, Action::Update);
        assert!(said(&plan.diagnostics).contains("is where counting begins"), "{}", said(&plan.diagnostics));
        let stored = provider.apply(plan).await.unwrap().success().unwrap().unwrap();
        assert_eq!(stored.value("password_wo_version"), &Value::Number(1.into()));

        let plan = provider.plan_destroy(KEY, &stored).await.unwrap();
        assert_eq!(provider.apply(plan).await.unwrap().success().unwrap().map(|_| ()), None);
    }
    assert_eq!(world.statements(mark, &CHANGES), [""; 0]);
    assert_eq!(world.server(|server| server.master_key.as_ref().unwrap().passwords.len()), 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_key_is_named_in_the_plan() {
    let world = World::new().await;
    world.master_key().await;
    let provider = world.provider().await;
    let bare = provider.config(KEY, config(json!({}))).unwrap();
    let plan = provider.plan(KEY, None, &bare).await.unwrap();
    assert!(
        said(&plan.diagnostics).contains("An existing object was taken over"),
        "{}",
        said(&plan.diagnostics)
    );
    let made = provider.apply(plan).await.unwrap().success().unwrap().unwrap();
    assert_eq!(made.value("adopted"), &Value::Bool(true));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_version_adds_one_password_however_often_it_is_tried() {
    let world = World::new().await;
    let first = json!({ "password_wo": "First-password-1", "password_wo_version": 1 });
    let made = world.settle(KEY, None, config(first)).await;
    let passwords = || world.server(|server| server.master_key.as_ref().unwrap().passwords.len());
    assert_eq!(passwords(), 1);

    // Raised without a password, it is refused and not recorded.
    let provider = world.provider().await;
    let without = provider.config(KEY, config(json!({ "password_wo_version": 2 }))).unwrap();
    let refused = provider.plan(KEY, Some(&made), &without).await.unwrap_err().to_string();
    assert!(refused.contains("A raised version needs a password"), "{refused}");

    // The drop of the one before fails: the new one is there, and the next try does not add it again.
    let second = |previous: &str| {
        let words = json!({
            "password_wo": "Second-password-2", "password_wo_version": 2, "previous_password_wo": previous,
        });
        provider.config(KEY, config(words)).unwrap()
    };
    let plan = provider.plan(KEY, Some(&made), &second("Not-the-first-1")).await.unwrap();
    let failed = provider.apply(plan).await.unwrap();
    assert!(failed.diagnostics.has_errors());
    let stored = failed.stored.unwrap();
    assert_eq!(stored.value("password_wo_version"), &Value::Number(1.into()));
    assert_eq!(passwords(), 2);
    let mark = world.mark();
    let plan = provider.plan(KEY, Some(&stored), &second("First-password-1")).await.unwrap();
    let stored = provider.apply(plan).await.unwrap().success().unwrap().unwrap();
    assert_eq!(world.statements(mark, &CHANGES).len(), 1, "the drop alone");
    assert_eq!(passwords(), 1);

    // Lowered, it touches nothing.
    let mark = world.mark();
    let lowered = json!({ "password_wo": "First-password-1", "password_wo_version": 1 });
    world.settle(KEY, Some(&stored), config(lowered)).await;
    assert_eq!(world.statements(mark, &CHANGES), [""; 0]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_is_refused() {
    let world = World::new().await;
    let provider = world.provider().await;
    for (words, at) in [
        (json!({ "encrypted_by_service_master_key": false }), "encrypted_by_service_master_key"),
        (json!({ "previous_password_wo": "a" }), "previous_password_wo"),
        (
            json!({ "password_wo": "a", "password_wo_version": 1, "previous_password_wo": "a" }),
            "previous_password_wo",
        ),
    ] {
        let config = provider.config(KEY, config(words)).unwrap();
        let report = provider.validate(KEY, &config).await.unwrap();
        assert!(report.has_errors() && said(&report).contains(&format!("({at})")), "{}", said(&report));
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_private_keys_under_it_stays() {
    let world = World::new().await;
    let words = json!({ "password_wo": "First-password-1", "password_wo_version": 1, "on_destroy": "drop" });
    let made = world.settle(KEY, None, config(words)).await;
    world.they("CREATE CERTIFICATE theirs WITH SUBJECT = N'theirs', EXPIRY_DATE = N'20990101'").await;
    let provider = world.provider().await;
    let plan = provider.plan_destroy(KEY, &made).await.unwrap();
    assert!(said(&plan.diagnostics).contains("theirs"), "{}", said(&plan.diagnostics));
    let applied = provider.apply(plan).await.unwrap();
    assert!(said(&applied.diagnostics).contains("Still in use"), "{}", said(&applied.diagnostics));
    assert!(world.server(|server| server.master_key.is_some()));

    world.they("DROP CERTIFICATE theirs").await;
    provider.destroy(KEY, &made).await.unwrap();
    assert!(world.server(|server| server.master_key.is_none()));
    world.finish().await;
}
