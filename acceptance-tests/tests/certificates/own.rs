use milink_acceptance_tests::collation::spelt;
use milink_acceptance_tests::single::{World, said, text};
use serde_json::{Value as Json, json};
use terraform_provider_milink::framework::harness::{Action, Harness, Stored};
use terraform_provider_milink::framework::value::Value;
use terraform_provider_milink::provider::Milink;

const CERTIFICATE: &str = "milink_certificate";
const CHANGES: [&str; 2] = ["CREATE CERTIFICATE", "DROP CERTIFICATE"];
const THEIRS: &str =
    "CREATE CERTIFICATE Theirs WITH SUBJECT = N'theirs', START_DATE = N'20260101', EXPIRY_DATE = N'20990101'";

fn config(more: Json) -> Json {
    let mut config = json!({ "sql_server": "hq" });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

async fn action(provider: &Harness<Milink>, prior: &Stored, words: Json) -> Action {
    let config = provider.config(CERTIFICATE, config(words)).unwrap();
    provider.plan(CERTIFICATE, Some(prior), &config).await.unwrap().action
}

async fn with_their_certificate() -> World {
    let world = World::new().await;
    world.master_key().await;
    world.they(THEIRS).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_plans_nothing_and_is_left_by_a_destroy() {
    let world = with_their_certificate().await;
    let mark = world.mark();
    let provider = world.provider().await;
    let server_name = world.server(|server| server.server_name());
    let identity = |name: &str| json!({ "server_name": server_name, "name": name });
    for imported in [
        provider.import(CERTIFICATE, "hq/Theirs").await.unwrap(),
        // One block: it may be left out. The server's spelling counts, not the importer's.
        provider.import(CERTIFICATE, spelt("Theirs", "theirs")).await.unwrap(),
        provider.import_by_identity(CERTIFICATE, identity("Theirs")).await.unwrap(),
    ] {
        assert_eq!(action(&provider, &imported, json!({ "name": "Theirs" })).await, Action::NoOp);
        assert_eq!(imported.value("adopted"), &Value::Bool(true));
        assert_eq!(text(&imported, "subject"), "theirs");

        // What only counts at a creation is remembered in place, and then there is nothing to do.
        let rotating =
            config(json!({ "name_prefix": "milink_", "valid_for": "365d", "rotate_before": "30d" }));
        let written = provider.config(CERTIFICATE, rotating.clone()).unwrap();
        let plan = provider.plan(CERTIFICATE, Some(&imported), &written).await.unwrap();
        assert_eq!(plan.action, Action::Update);
        assert!(
            said(&plan.diagnostics).contains("A validity that counts later"),
            "{}",
            said(&plan.diagnostics)
        );
        let settled = world.settle(CERTIFICATE, Some(&imported), rotating).await;
        assert_eq!(text(&settled, "name"), "Theirs");
        provider.destroy(CERTIFICATE, &settled).await.unwrap();
    }
    assert_eq!(world.statements(mark, &CHANGES), [""; 0]);
    let several = world.provider_with(&["hq", "again"]).await;
    let refused = several.import(CERTIFICATE, "Theirs").await.unwrap_err().to_string();
    assert!(refused.contains("<sql_server>/<name>"), "{refused}");
    several.import_by_identity(CERTIFICATE, identity("Theirs")).await.unwrap();
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_bears_the_name_is_taken_over_where_it_agrees_and_told_in_the_plan() {
    let world = with_their_certificate().await;
    let provider = world.provider().await;
    let plan = async |words: Json| {
        let config = provider.config(CERTIFICATE, config(words)).unwrap();
        provider.plan(CERTIFICATE, None, &config).await
    };
    let name = spelt("Theirs", "theirs");
    for (words, difference) in [
        (json!({ "name": name, "subject": "ours" }), "its subject is `theirs`"),
        (json!({ "name": name, "valid_for": "365d" }), "until 2099-01-01"),
    ] {
        let refused = plan(words).await.unwrap_err().to_string();
        assert!(
            refused.contains(difference) && refused.contains("terraform import milink_certificate."),
            "{refused}"
        );
    }
    // What is not written is not compared.
    let agreed = plan(json!({ "name": name })).await.unwrap();
    assert!(said(&agreed.diagnostics).contains("taken over"), "{}", said(&agreed.diagnostics));
    let made = provider.apply(agreed).await.unwrap().success().unwrap().unwrap();
    assert_eq!((text(&made, "subject").as_str(), made.value("adopted")), ("theirs", &Value::Bool(true)));
    assert_eq!(action(&world.provider().await, &made, json!({ "name": name })).await, Action::NoOp);
    // Where another letter case is no other name.
    let upper = json!({ "name": spelt(name, "THEIRS") });
    assert_eq!(action(&provider, &made, upper).await, Action::NoOp);

    let plan = provider.plan_destroy(CERTIFICATE, &made).await.unwrap();
    assert!(said(&plan.diagnostics).contains("left in place"), "{}", said(&plan.diagnostics));
    assert!(world.server(|server| server.certificate("Theirs").is_some()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_under_the_same_name_is_refused_in_the_plan() {
    let world = World::new().await;
    world.master_key().await;
    let made = world.settle(CERTIFICATE, None, config(json!({ "name": "Ours", "subject": "one" }))).await;
    let provider = world.provider().await;
    for name in ["Ours", spelt("Ours", "ours")] {
        let words = config(json!({ "name": name, "subject": "two" }));
        let words = provider.config(CERTIFICATE, words).unwrap();
        let refused = provider.plan(CERTIFICATE, Some(&made), &words).await.unwrap_err().to_string();
        assert!(refused.contains("A replacement needs another name"), "{refused}");
    }
    let other = action(&provider, &made, json!({ "name": "Other", "subject": "one" })).await;
    assert_eq!(other, Action::Replace(vec!["name".into()]));
    let longer = json!({ "name": "Ours", "subject": "one", "valid_for": "10d" });
    assert_eq!(action(&provider, &made, longer).await, Action::Update, "was not written before");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_length_or_prefix_replaces() {
    let world = World::new().await;
    world.master_key().await;
    let words = |prefix: &str, length: &str| json!({ "name_prefix": prefix, "valid_for": length });
    let made = world.settle(CERTIFICATE, None, config(words("a_", "48h"))).await;
    let provider = world.provider().await;
    assert_eq!(action(&provider, &made, words("a_", "2d")).await, Action::Update, "the same length");
    assert_eq!(action(&provider, &made, words("a_", "3d")).await, Action::Replace(vec!["valid_for".into()]));
    assert_eq!(
        action(&provider, &made, words("b_", "48h")).await,
        Action::Replace(vec!["name_prefix".into()])
    );
    // From midnight to midnight: the day before, two whole days, and the rest of the last.
    let length = world.server(|server| {
        let certificate = server.certificate(&text(&made, "name")).unwrap();
        certificate.not_after - certificate.not_before
    });
    assert!((3..=4).contains(&length.whole_days()), "{length}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leftover_is_taken_and_a_living_certificate_is_not() {
    let world = World::new().await;
    world.master_key().await;
    let words = || config(json!({ "name_prefix": "milink_" }));
    let first = world.settle(CERTIFICATE, None, words()).await;
    let name = text(&first, "name");

    // Its state is lost: it cannot be told from what an interrupted create left.
    let again = world.settle(CERTIFICATE, None, words()).await;
    assert_eq!((text(&again, "name"), again.value("adopted")), (name.clone(), &Value::Bool(true)));

    // A state that this process was shown has it.
    let provider = world.provider().await;
    provider.refresh(CERTIFICATE, &first).await.unwrap();
    let words_of = provider.config(CERTIFICATE, words()).unwrap();
    let second = provider.settle(CERTIFICATE, None, &words_of).await.unwrap();
    assert_ne!(text(&second, "name"), name);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_half_of_a_replacement_does_not_drop_what_was_taken_over() {
    let world = World::new().await;
    world.master_key().await;
    let words = || config(json!({ "name": "Ours" }));
    let made = world.settle(CERTIFICATE, None, words()).await;
    // create_before_destroy after a taint: one process makes the successor and then deletes the tainted one.
    let provider = world.provider().await;
    let plan = provider.plan_destroy(CERTIFICATE, &made).await.unwrap();
    let upper = provider.config(CERTIFICATE, config(json!({ "name": spelt("Ours", "OURS") }))).unwrap();
    let successor = provider.settle(CERTIFICATE, None, &upper).await.unwrap();
    assert_eq!(provider.apply(plan).await.unwrap().success().unwrap().map(|_| ()), None);
    assert_eq!(successor.value("adopted"), &Value::Bool(true));
    assert!(world.server(|server| server.certificate("Ours").is_some()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_always_due_or_too_long_is_refused() {
    let world = World::new().await;
    let provider = world.provider().await;
    for (words, at) in [
        (json!({ "name_prefix": "a", "valid_for": "60d", "rotate_before": "60d" }), "rotate_before"),
        (json!({ "name_prefix": "a", "rotate_before": "1826d" }), "rotate_before"),
        (json!({ "name_prefix": "x".repeat(112) }), "name_prefix"),
        (json!({ "name": "x".repeat(129) }), "name"),
    ] {
        let config = provider.config(CERTIFICATE, config(words)).unwrap();
        let report = provider.validate(CERTIFICATE, &config).await.unwrap();
        assert!(report.has_errors() && said(&report).contains(&format!("({at})")), "{}", said(&report));
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_sees_too_little_drops_nothing() {
    let world = World::new().await;
    world.master_key().await;
    let made = world.settle(CERTIFICATE, None, config(json!({ "name": "Ours" }))).await;
    let provider = world.provider().await;
    world.server(|server| {
        for login in &mut server.logins {
            login.roles.clear();
        }
    });
    let refused = provider.plan_destroy(CERTIFICATE, &made).await;
    let refused = match refused {
        Err(problem) => problem.to_string(),
        Ok(plan) => said(&provider.apply(plan).await.unwrap().diagnostics),
    };
    assert!(refused.contains("VIEW ANY DEFINITION"), "{refused}");
    assert!(world.server(|server| server.certificate("Ours").is_some()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_an_endpoint_shows_stays_and_the_lines_that_are_missing_are_named() {
    let world = World::new().await;
    world.master_key().await;
    let made = world.settle(CERTIFICATE, None, config(json!({ "name": "Ours" }))).await;
    world.they("CREATE ENDPOINT theirs STATE = STARTED AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE Ours, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL)").await;
    let provider = world.provider().await;
    let plan = provider.plan_destroy(CERTIFICATE, &made).await.unwrap();
    assert!(
        said(&plan.diagnostics).contains("The endpoint theirs shows it now"),
        "{}",
        said(&plan.diagnostics)
    );
    let refused = said(&provider.apply(plan).await.unwrap().diagnostics);
    for words in [
        "create_before_destroy = true",
        "depends_on = [milink_server_trust_certificate.",
        "on_destroy = \"keep\"",
    ] {
        assert!(refused.contains(words), "{refused}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_type_imports_its_own_kind() {
    let world = with_their_certificate().await;
    let provider = world.provider().await;
    let wrong = provider.import("milink_imported_certificate", "Theirs").await.unwrap_err().to_string();
    assert!(wrong.contains("import it as a milink_certificate"), "{wrong}");
    world.finish().await;
}
