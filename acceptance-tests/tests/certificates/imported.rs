use milink_acceptance_tests::collation::spelt;
use milink_acceptance_tests::opposites;
use milink_acceptance_tests::single::{World, roots, said, text};
use milink_simulator::faults::{Action as Fault, Failure, Filter, Rule};
use serde_json::{Value as Json, json};
use terraform_provider_milink::framework::harness::{Action, Harness, Stored};
use terraform_provider_milink::framework::value::Value;
use terraform_provider_milink::provider::Milink;

const IMPORTED: &str = "milink_imported_certificate";
const CHANGES: [&str; 4] =
    ["CREATE CERTIFICATE", "DROP CERTIFICATE", "sp_certificate_add_issuer", "sp_certificate_drop_issuer"];
const ROOT: &str = "microsoft-rsa-root-certificate-authority-2017";
const OTHER: &str = "digicert-global-root-g2";

/// A root as PEM.
async fn pem(provider: &Harness<Milink>, key: &str) -> String {
    match &roots(provider).await[key]["certificate"] {
        Value::String(pem) => pem.clone(),
        other => panic!("{other:?}"),
    }
}

/// What state says of names.
fn names(stored: &Stored) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    match stored.value("trusted_for_dns") {
        Value::Set(items) => items.iter().map(text).collect(),
        _ => Vec::new(),
    }
}

/// What the server says of names.
fn granted(world: &World) -> Vec<String> {
    let mut names: Vec<String> =
        world.server(|server| server.issuers.iter().map(|one| one.dns.clone()).collect());
    names.sort();
    names
}

async fn they_grant(world: &World, name: &str, dns: &str) {
    let batch =
        format!("DECLARE @id int = CERT_ID(N'{name}'); EXEC sys.sp_certificate_add_issuer @id, N'{dns}'");
    world.they(&batch).await;
}

fn config(pem: &str, more: Json) -> Json {
    let mut config = json!({ "sql_server": "hq", "name": "Root", "certificate": pem });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_plans_nothing_and_its_grants_are_others() {
    let world = World::new().await;
    let provider = world.provider().await;
    let pem = pem(&provider, ROOT).await;
    world.settle(IMPORTED, None, config(&pem, json!({}))).await;
    they_grant(&world, "Root", "*.database.windows.net").await;
    they_grant(&world, "Root", "*.other.example").await;
    let mark = world.mark();
    let server_name = world.server(|server| server.server_name());
    let both = json!({ "trusted_for_dns": ["*.database.windows.net", "*.other.example"] });
    for imported in [
        provider.import(IMPORTED, "hq/Root").await.unwrap(),
        provider.import(IMPORTED, spelt("Root", "root")).await.unwrap(),
        provider
            .import_by_identity(IMPORTED, json!({ "server_name": server_name, "name": "Root" }))
            .await
            .unwrap(),
    ] {
        assert_eq!(names(&imported).len(), 2);
        assert_eq!(imported.value("adopted"), &Value::Bool(true));
        let same = provider.config(IMPORTED, config(&pem, both.clone())).unwrap();
        assert_eq!(provider.plan(IMPORTED, Some(&imported), &same).await.unwrap().action, Action::NoOp);

        // Taken out of the configuration, another's grant stays, which the plan says.
        let less = config(&pem, json!({ "trusted_for_dns": ["*.database.windows.net"] }));
        let written = provider.config(IMPORTED, less.clone()).unwrap();
        let plan = provider.plan(IMPORTED, Some(&imported), &written).await.unwrap();
        assert!(said(&plan.diagnostics).contains("A grant of others stays"), "{}", said(&plan.diagnostics));
        let settled = world.settle(IMPORTED, Some(&imported), less).await;
        world.provider().await.destroy(IMPORTED, &settled).await.unwrap();
    }
    assert_eq!(world.statements(mark, &CHANGES), [""; 0]);
    assert_eq!(granted(&world), ["*.database.windows.net", "*.other.example"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_granted_here_is_taken_back() {
    let world = World::new().await;
    let provider = world.provider().await;
    let pem = pem(&provider, ROOT).await;
    let trusting = |names: Json| config(&pem, json!({ "trusted_for_dns": names }));
    let made = world.settle(IMPORTED, None, trusting(json!(["*.one.example", "*.two.example"]))).await;
    they_grant(&world, "Root", "*.theirs.example").await;

    // Another letter case is the same name.
    let mark = world.mark();
    let made = world.settle(IMPORTED, Some(&made), trusting(json!(["*.ONE.example", "*.two.example"]))).await;
    assert_eq!(world.statements(mark, &CHANGES), [""; 0]);

    let made = world.settle(IMPORTED, Some(&made), trusting(json!(["*.one.example"]))).await;
    let stays = opposites::in_force(30).then_some("*.two.example");
    assert_eq!(
        granted(&world),
        ["*.one.example", "*.theirs.example"].into_iter().chain(stays).collect::<Vec<_>>()
    );

    // A certificate that others let vouch for something is not dropped under them.
    let refused = provider.plan_destroy(IMPORTED, &made).await.unwrap_err().to_string();
    assert!(refused.contains("*.theirs.example") && refused.contains("on_destroy = \"keep\""), "{refused}");
    if opposites::in_force(30) {
        world.server(|server| server.issuers.retain(|one| one.dns != "*.theirs.example"));
    } else {
        let batch = "DECLARE @id int = CERT_ID(N'Root'); EXEC sys.sp_certificate_drop_issuer @id, N'*.theirs.example'";
        world.they(batch).await;
    }
    let provider = world.provider().await;
    let plan = provider.plan_destroy(IMPORTED, &made).await.unwrap();
    assert!(said(&plan.diagnostics).contains("An object is dropped"), "{}", said(&plan.diagnostics));
    provider.apply(plan).await.unwrap().success().unwrap();
    assert!(world.server(|server| server.certificate("Root").is_none() && server.issuers.is_empty()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_cannot_be_taken_back_is_a_warning() {
    let world = World::new().await;
    let provider = world.provider().await;
    let pem = pem(&provider, ROOT).await;
    let trusting = |names: Json| config(&pem, json!({ "trusted_for_dns": names }));
    let made = world.settle(IMPORTED, None, trusting(json!(["*.one.example", "*.two.example"]))).await;
    let refusal =
        Failure::Sql { number: 2812, class: 16, state: 1, message: "Could not find it.".to_owned() };
    let rule = Rule::always(Filter::kind("sp_certificate_drop_issuer"), Fault::Fail(refusal));
    world.simulator().faults().add(rule);
    let less = provider.config(IMPORTED, trusting(json!(["*.one.example"]))).unwrap();
    let plan = provider.plan(IMPORTED, Some(&made), &less).await.unwrap();
    let applied = provider.apply(plan).await.unwrap();
    assert!(
        said(&applied.diagnostics).contains("A grant could not be taken back"),
        "{}",
        said(&applied.diagnostics)
    );
    applied.success().unwrap();
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_list_of_grants_hides_only_itself() {
    let world = World::new().await;
    let provider = world.provider().await;
    let pem = pem(&provider, ROOT).await;
    let words = config(&pem, json!({ "trusted_for_dns": ["*.one.example"] }));
    let denied = Failure::Sql {
        number: 229,
        class: 14,
        state: 1,
        message: "The EXECUTE permission was denied.".to_owned(),
    };
    world.simulator().faults().add(Rule::always(Filter::kind("sp_certificate_issuers"), Fault::Fail(denied)));
    let made = world.settle(IMPORTED, None, words.clone()).await;
    assert_eq!(names(&made), ["*.one.example"]);
    assert_eq!(granted(&world), ["*.one.example"]);
    let provider = world.provider().await;
    let written = provider.config(IMPORTED, words).unwrap();
    assert_eq!(provider.plan(IMPORTED, Some(&made), &written).await.unwrap().action, Action::NoOp);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_is_imported_in_place_when_asked() {
    let world = World::new().await;
    let provider = world.provider().await;
    let (old, new) = (pem(&provider, ROOT).await, pem(&provider, OTHER).await);
    let trusting = json!({ "trusted_for_dns": ["*.one.example"] });
    let made = world.settle(IMPORTED, None, config(&old, trusting)).await;
    they_grant(&world, "Root", "*.theirs.example").await;

    let unasked = config(&new, json!({ "trusted_for_dns": ["*.one.example"] }));
    let unasked = provider.config(IMPORTED, unasked).unwrap();
    let refused = provider.plan(IMPORTED, Some(&made), &unasked).await.unwrap_err().to_string();
    assert!(refused.contains("change `reimport`"), "{refused}");

    let asked = config(&new, json!({ "trusted_for_dns": ["*.one.example"], "reimport": "2026" }));
    let written = provider.config(IMPORTED, asked.clone()).unwrap();
    let plan = provider.plan(IMPORTED, Some(&made), &written).await.unwrap();
    assert_eq!(plan.action, Action::Update);
    assert!(
        said(&plan.diagnostics).contains("A certificate is imported anew"),
        "{}",
        said(&plan.diagnostics)
    );

    // Where what it vouches for holds the old one, that is not dropped, and all stays as it is.
    if opposites::in_force(36) {
        let kept = provider.apply(plan).await.unwrap();
        assert!(said(&kept.diagnostics).contains("something still uses it"), "{}", said(&kept.diagnostics));
        assert_eq!(granted(&world), ["*.one.example", "*.theirs.example"]);
        let same = provider.refresh(IMPORTED, &made).await.unwrap().unwrap();
        assert_eq!(text(&same, "thumbprint_sha1"), text(&made, "thumbprint_sha1"));
        world.finish().await;
        return;
    }

    // A server that does not take the new one has the old one back, and what it vouches for.
    let refusal = Failure::Sql {
        number: 15297,
        class: 16,
        state: 1,
        message: "The certificate is invalid.".to_owned(),
    };
    world.simulator().faults().add(Rule::once(Filter::kind("CREATE CERTIFICATE"), 1, Fault::Fail(refusal)));
    let failed = provider.apply(plan).await.unwrap();
    assert!(failed.diagnostics.has_errors());
    world.simulator().faults().clear();
    assert_eq!(granted(&world), ["*.one.example", "*.theirs.example"]);
    let restored = provider.refresh(IMPORTED, &made).await.unwrap().unwrap();
    assert_eq!(text(&restored, "thumbprint_sha1"), text(&made, "thumbprint_sha1"));

    let settled = world.settle(IMPORTED, Some(&restored), asked).await;
    assert_ne!(text(&settled, "thumbprint_sha1"), text(&made, "thumbprint_sha1"));
    assert_eq!(granted(&world), ["*.one.example", "*.theirs.example"], "others' grants came back too");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_told_in_the_plan() {
    let world = World::new().await;
    let provider = world.provider().await;
    let (one, other) = (pem(&provider, ROOT).await, pem(&provider, OTHER).await);
    world.settle(IMPORTED, None, config(&one, json!({}))).await;
    let plan = async |words: Json| {
        let provider = world.provider().await;
        let config = provider.config(IMPORTED, words).unwrap();
        provider.plan(IMPORTED, None, &config).await.map(|plan| said(&plan.diagnostics))
    };
    assert!(plan(config(&one, json!({}))).await.unwrap().contains("taken over"));
    // Without a name whatever name it has counts.
    let nameless = plan(json!({ "sql_server": "hq", "certificate": one })).await.unwrap();
    assert!(nameless.contains("the certificate Root"), "{nameless}");
    let differs = plan(config(&other, json!({}))).await.unwrap_err().to_string();
    assert!(differs.contains("terraform import milink_imported_certificate.<name> 'hq/Root'"), "{differs}");
    let elsewhere = plan(config(&one, json!({ "name": "Else" }))).await.unwrap_err().to_string();
    assert!(elsewhere.contains("The certificate has another name"), "{elsewhere}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_half_of_a_replacement_does_not_drop_what_was_taken_over() {
    let world = World::new().await;
    let provider = world.provider().await;
    let pem = pem(&provider, ROOT).await;
    let made = world.settle(IMPORTED, None, config(&pem, json!({}))).await;
    let plan = provider.plan_destroy(IMPORTED, &made).await.unwrap();
    let words = provider.config(IMPORTED, config(&pem, json!({}))).unwrap();
    provider.settle(IMPORTED, None, &words).await.unwrap();
    assert_eq!(provider.apply(plan).await.unwrap().success().unwrap().map(|_| ()), None);
    assert!(world.server(|server| server.certificate("Root").is_some()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_elliptic_keys_is_told_which_roots_it_takes() {
    let world = World::new().await;
    world.world(|estate| estate.opposites.insert(milink_simulator::world::assumption::ELLIPTIC_KEYS));
    let provider = world.provider().await;
    let mut taken = 0;
    for (key, root) in roots(&provider).await {
        let (Value::String(pem), Value::String(algorithm)) = (&root["certificate"], &root["key_algorithm"])
        else {
            panic!("{key}: {root:?}");
        };
        let words = json!({ "sql_server": "hq", "name": key, "certificate": pem });
        let words = provider.config(IMPORTED, words).unwrap();
        let plan = provider.plan(IMPORTED, None, &words).await.unwrap();
        let applied = provider.apply(plan).await.unwrap();
        let hint = said(&applied.diagnostics).contains("root.key_algorithm == \"RSA\"");
        assert_eq!((applied.stored.is_some(), hint), (algorithm == "RSA", algorithm != "RSA"), "{key}");
        taken += usize::from(applied.stored.is_some());
    }
    assert_eq!(taken, 4);
    world.finish().await;
}
