//! The provider in this process, with core's checks re-implemented.

use milink_acceptance_tests::odd_provider::{self, Odd};
use serde_json::{Value as Json, json};
use terraform_provider_milink::framework::diagnostic::Diagnostics;
use terraform_provider_milink::framework::harness::{Action, Harness, Problem, Stored};
use terraform_provider_milink::framework::types::Type;
use terraform_provider_milink::framework::value::{Object, Value};

const THING: &str = "odd_thing";

struct World {
    harness: Harness<Odd>,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let harness = Harness::new(odd_provider::server(None));
        harness.configure(json!({"folder": folder.path()})).await.unwrap();
        Self { harness, folder }
    }

    fn config(&self, json: Json) -> Object {
        self.harness.config(THING, json).unwrap()
    }

    fn journal(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("journal")).unwrap_or_default()
    }
}

fn refusal(problem: Problem) -> Diagnostics {
    match problem {
        Problem::Diagnostics(diagnostics) => diagnostics,
        other => panic!("{other}"),
    }
}

fn violation<T: std::fmt::Debug>(outcome: Result<T, Problem>) -> String {
    match outcome {
        Err(Problem::Violation(violation)) => violation,
        other => panic!("{other:?}"),
    }
}

/// A `dynamic "single"` with an unknown `for_each`, as Terraform sends it.
fn perhaps_single() -> Value {
    let unknown = ["mode", "token"].map(|name| (name.to_owned(), Value::UNKNOWN));
    Value::Object(unknown.into_iter().collect())
}

fn details(found: &Diagnostics) -> Vec<String> {
    let mut shown: Vec<String> = found.iter().map(|one| format!("{}: {}", one.path, one.detail)).collect();
    shown.sort();
    shown
}

fn everything() -> Json {
    json!({
        "name": "a", "label": "Label", "ratio": 0.1, "tags": {"k": "v"}, "secret_wo": "hush",
        "anything": {"type": ["tuple", ["string", "bool"]], "value": ["x", true]},
        "shape": {"width": 2.5, "names": ["n", null]},
        "single": {"mode": "a"},
        "rule": [{"port": 1}, {"port": 2}],
        "member": [{"name": "m"}, {"name": "n"}],
        "area": {"north": {"colour": "red", "spot": [{"note": "s"}]}, "south": {}},
        "timeouts": {"create": "90s"},
    })
}

#[test]
fn the_schemas_have_no_faults() {
    assert_eq!(odd_provider::server(None).faults(), Vec::<String>::new());
}

#[tokio::test]
async fn a_life() {
    let world = World::new().await;
    let made = world.harness.settle(THING, None, &world.config(everything())).await.unwrap();
    assert_eq!(made.value("id"), &Value::string("id-a"));
    assert_eq!(made.value("secret_wo"), &Value::Null);
    assert_eq!(made.value("size"), &Value::Number(3.into()));
    assert_eq!(world.journal(), "create a secret=hush limit=90\n");

    // Another spelling is no change, and neither is another time limit to anybody but the state.
    let mut spelt = everything();
    spelt["label"] = json!("LABEL");
    let plan = world.harness.plan(THING, Some(&made), &world.config(spelt)).await.unwrap();
    assert_eq!(plan.action, Action::NoOp);
    let mut slower = everything();
    slower["timeouts"] = json!({"delete": "5m"});
    let made = world.harness.settle(THING, Some(&made), &world.config(slower)).await.unwrap();
    assert_eq!(world.journal().lines().count(), 1);

    // A change opens what may change, and only that.
    let mut larger = everything();
    larger["size"] = json!(4);
    larger["member"] = json!([{"name": "n"}, {"name": "o"}]);
    let larger = world.config(larger);
    let plan = world.harness.plan(THING, Some(&made), &larger).await.unwrap();
    assert_eq!(plan.action, Action::Update);
    let planned = plan.planned.unwrap();
    assert_eq!((&planned["id"], &planned["revision"]), (&Value::string("id-a"), &Value::UNKNOWN));
    let made = world.harness.settle(THING, Some(&made), &larger).await.unwrap();
    assert_eq!(made.value("revision"), &Value::Number(2.into()));

    world.harness.destroy(THING, &made).await.unwrap();
    assert!(
        world.journal().ends_with("update a serial=1 label=Label\ndelete a Destroy serial=2\n"),
        "{}",
        world.journal()
    );
}

#[tokio::test]
async fn schema_checks_and_validation_speak_with_paths() {
    let world = World::new().await;
    let config = json!({"name": "a", "size": 10, "single": {"mode": "c"}, "label": "l", "old_note": "n"});
    let found = world.harness.validate(THING, &world.config(config)).await.unwrap();
    assert_eq!(
        details(&found),
        [
            "old_note: `old_note` and `label` exclude each other",
            "old_note: `old_note` is deprecated. Use `label`.",
            "single.mode: `single.mode` must be one of \"a\" or \"b\"",
            "size: `size` must be a whole number from 1 to 9",
        ]
    );
    let mut unknown = world.config(json!({"name": "a"}));
    unknown.insert("size".to_owned(), Value::UNKNOWN);
    unknown.insert("rule".to_owned(), Value::UNKNOWN);
    for single in [perhaps_single(), Value::UNKNOWN] {
        unknown.insert("single".to_owned(), single);
        assert!(world.harness.validate(THING, &unknown).await.unwrap().is_empty());
    }
}

/// Models are narrower than Terraform's types: whole numbers, no null elements.
#[tokio::test]
async fn what_a_model_cannot_hold_is_the_users_mistake() {
    let world = World::new().await;
    let mistakes = json!({
        "name": "a", "size": 1.5, "zones": ["east", null], "tags": {"k": null}, "rule": [{"port": 1.5}, {"port": 2}],
        "label": "l", "old_note": "n",
    });
    let mut config = world.config(mistakes);
    // Nothing of that is passed over because something else is unknown.
    config.insert("single".to_owned(), Value::UNKNOWN);
    config.insert("password".to_owned(), Value::UNKNOWN);
    let found = world.harness.validate(THING, &config).await.unwrap();
    let errors: Vec<String> =
        details(&found).into_iter().filter(|detail| !detail.contains("deprecated")).collect();
    assert_eq!(
        errors,
        [
            "old_note: `old_note` and `label` exclude each other",
            "rule[0].port: `rule[0].port` must be a whole number",
            "size: `size` must be a whole number from 1 to 9",
            "tags[\"k\"]: `tags[\"k\"]` must not be null",
            "zones: `zones` must be a set without null elements",
        ]
    );

    // Known too late for the validation.
    let partly = |port: Value| {
        let mut config = world.config(json!({"name": "a", "rule": [{}]}));
        let rule = Object::from([("port".to_owned(), port), ("handle".to_owned(), Value::Null)]);
        config.insert("rule".to_owned(), Value::List(vec![Value::Object(rule)]));
        config
    };
    let plan = world.harness.plan(THING, None, &partly(Value::UNKNOWN)).await.unwrap();
    let half = world.config(json!({"name": "a", "rule": [{"port": 0.5}]}));
    let refused = refusal(world.harness.apply_with(plan, &half).await.unwrap_err());
    assert_eq!(details(&refused), ["rule[0].port: `rule[0].port` must be a whole number"]);
}

#[tokio::test]
async fn unknown_values_become_known() {
    let world = World::new().await;
    let mut partly = world.config(json!({"name": "a", "tags": {"k": "v"}}));
    partly.insert("label".to_owned(), Value::UNKNOWN);
    partly.insert("rule".to_owned(), Value::UNKNOWN);
    partly.insert("single".to_owned(), perhaps_single());
    let plan = world.harness.plan(THING, None, &partly).await.unwrap();
    assert_eq!(plan.planned.as_ref().unwrap()["rule"], Value::UNKNOWN);
    assert_eq!(plan.planned.as_ref().unwrap()["single"], perhaps_single());
    let known = json!({
        "name": "a", "tags": {"k": "v"}, "label": "l", "rule": [{"port": 1}], "single": {"mode": "a"},
    });
    let applied = world.harness.apply_with(plan, &world.config(known)).await.unwrap().success().unwrap();
    assert_eq!(applied.unwrap().value("label"), &Value::string("l"));
}

/// Core filters the configuration for plans, and hands the apply what is written.
#[tokio::test]
async fn an_update_is_not_told_what_is_ignored() {
    let world = World::new().await;
    let config = |label: &str, size: u8, secret: &str| {
        world.config(json!({"name": "a", "label": label, "size": size, "secret_wo": secret}))
    };
    let made = world.harness.settle(THING, None, &config("x", 1, "s")).await.unwrap();
    let filtered = config("x", 2, "s");
    let plan = world.harness.plan(THING, Some(&made), &filtered).await.unwrap();
    let applied = world.harness.apply_ignoring(plan, &filtered, &config("y", 2, "s")).await.unwrap();
    assert_eq!(applied.success().unwrap().unwrap().value("label"), &Value::string("x"));
    assert!(world.journal().ends_with("update a serial=1 label=x\n"), "{}", world.journal());
}

#[tokio::test]
async fn replacements_hand_on_what_is_remembered() {
    let world = World::new().await;
    let config = |name: &str, stays: bool| world.config(json!({"name": name, "irreplaceable": stays}));
    let made = world.harness.settle(THING, None, &config("a", false)).await.unwrap();
    let plan = world.harness.plan(THING, Some(&made), &config("b", false)).await.unwrap();
    assert_eq!(plan.action, Action::Replace(vec!["name".into()]));
    let made = world.harness.apply(plan).await.unwrap().success().unwrap().unwrap();
    assert!(world.journal().contains("delete a Replacement serial=1\ncreate b "), "{}", world.journal());

    let made = world.harness.settle(THING, Some(&made), &config("b", true)).await.unwrap();
    let refused = world.harness.plan(THING, Some(&made), &config("c", true)).await.unwrap_err();
    assert_eq!(refusal(refused).iter().next().unwrap().summary, "Not to be replaced");
    // An author judges whatever else is unknown.
    for single in [perhaps_single(), Value::UNKNOWN] {
        let mut unseen = config("c", true);
        unseen.insert("single".to_owned(), single);
        let refused = world.harness.plan(THING, Some(&made), &unseen).await.unwrap_err();
        assert_eq!(refusal(refused).iter().next().unwrap().summary, "Not to be replaced");
    }
    // A tainted object's successor looks like any new one.
    let tainted = world.harness.plan(THING, Some(&made.taint()), &config("b", true)).await.unwrap();
    assert_eq!(tainted.action, Action::Replace(Vec::new()));
    world.harness.apply(tainted).await.unwrap().success().unwrap();
    assert!(world.journal().contains("delete b Replacement serial=0\n"), "{}", world.journal());
}

#[tokio::test]
async fn a_list_element_replaces_by_its_path() {
    let world = World::new().await;
    let config = |ports: &[u32]| {
        let rules: Vec<Json> = ports.iter().map(|port| json!({"port": port})).collect();
        world.config(json!({"name": "a", "rule": rules}))
    };
    let made = world.harness.settle(THING, None, &config(&[1, 2])).await.unwrap();
    let plan = world.harness.plan(THING, Some(&made), &config(&[1, 3])).await.unwrap();
    let Action::Replace(paths) = plan.action else { panic!("{:?}", plan.action) };
    assert_eq!(paths.iter().map(ToString::to_string).collect::<Vec<_>>(), ["rule[1].port"]);
    let plan = world.harness.plan(THING, Some(&made), &config(&[1])).await.unwrap();
    assert!(matches!(plan.action, Action::Replace(_)), "{:?}", plan.action);
}

#[tokio::test]
async fn an_author_may_ask_for_a_replacement() {
    let world = World::new().await;
    let config = |label: &str| world.config(json!({"name": "a", "label": label, "fault": "replace label"}));
    let made = world.harness.settle(THING, None, &config("x")).await.unwrap();
    let plan = world.harness.plan(THING, Some(&made), &config("y")).await.unwrap();
    assert_eq!(plan.action, Action::Replace(vec!["label".into()]));
}

#[tokio::test]
async fn an_author_may_withdraw_a_replacement() {
    let world = World::new().await;
    let config = |content: Value| {
        let mut config = world.config(json!({"name": "a", "fault": "replace nothing"}));
        config.insert("content".to_owned(), content);
        config
    };
    let made = world.harness.settle(THING, None, &config(Value::string("x"))).await.unwrap();
    let plan = world.harness.plan(THING, Some(&made), &config(Value::string("y"))).await.unwrap();
    assert_eq!(plan.action, Action::Update);
    // Also where the content is known late: it is an update then as well, not a refusal.
    let late = world.harness.plan(THING, Some(&made), &config(Value::UNKNOWN)).await.unwrap();
    let applied = world.harness.apply_with(late, &config(Value::string("z"))).await.unwrap();
    assert_eq!(applied.success().unwrap().unwrap().value("content"), &Value::string("z"));
}

#[tokio::test]
async fn an_author_who_plans_anything_plans_nothing_wrong() {
    let world = World::new().await;
    let config =
        world.config(json!({"name": "a", "fault": "plan anything", "rule": [{"port": 1}], "size": 5}));
    let plan = world.harness.plan(THING, None, &config).await.unwrap();
    let planned = plan.planned.unwrap();
    assert_eq!((&planned["name"], &planned["id"]), (&Value::string("a"), &Value::string("chosen")));
    assert_eq!((&planned["size"], &planned["secret_wo"]), (&Value::Number(5.into()), &Value::Null));
}

#[tokio::test]
async fn results_against_the_plan_are_named_as_bugs() {
    let world = World::new().await;
    let config =
        |fault: &str| world.config(json!({"name": "a", "label": "l", "fault": fault, "rule": [{"port": 1}]}));
    let plan = world.harness.plan(THING, None, &config("contradict")).await.unwrap();
    let found = violation(world.harness.apply(plan).await);
    assert_eq!(
        found,
        "odd_thing: `label` is not what was planned; `size` is not what was planned; `rule` is not what was \
         planned\n\nhint: please report this with the configuration that led to it; secrets are not needed"
    );
    let plan = world.harness.plan(THING, None, &config("unknown")).await.unwrap();
    assert!(
        violation(world.harness.apply(plan).await).contains("`revision` is still unknown after the apply")
    );
    let plan = world.harness.plan(THING, None, &config("panic")).await.unwrap();
    assert!(violation(world.harness.apply(plan).await).contains("failed unexpectedly: as asked"));
}

#[tokio::test]
async fn failures_leave_what_they_say() {
    let world = World::new().await;
    let config = |fault: &str| world.config(json!({"name": "a", "fault": fault}));
    let apply = async |prior: Option<&Stored>, fault: &str| {
        let plan = world.harness.plan(THING, prior, &config(fault)).await.unwrap();
        world.harness.apply(plan).await.unwrap()
    };
    let failed = apply(None, "create").await;
    assert!(failed.stored.is_none() && failed.diagnostics.has_errors());
    let half = apply(None, "create half").await;
    assert!(half.diagnostics.has_errors());
    assert!(half.stored.as_ref().unwrap().tainted);
    let made = world.harness.settle(THING, None, &config("delete")).await.unwrap();
    let failed = apply(Some(&made), "update").await;
    assert_eq!(failed.stored.unwrap().value("fault"), &Value::string("delete"));

    let plan = world.harness.plan_destroy(THING, &made).await.unwrap();
    assert_eq!(plan.diagnostics.iter().next().unwrap().detail, "serial 1");
    let failed = world.harness.apply(plan).await.unwrap();
    assert!(failed.diagnostics.has_errors() && failed.stored.is_some());
    let half = apply(Some(&made), "update half").await;
    assert!(half.diagnostics.has_errors());
    let stored = half.stored.unwrap();
    assert_eq!((stored.value("label"), stored.tainted), (&Value::string("half"), false));
    let lasting = world.harness.settle(THING, Some(&stored), &config("delete half")).await.unwrap();
    let plan = world.harness.plan_destroy(THING, &lasting).await.unwrap();
    let half = world.harness.apply(plan).await.unwrap();
    assert!(half.diagnostics.has_errors());
    assert_eq!(half.stored.unwrap().value("label"), &Value::string("remains"));
    let kept = world.harness.settle(THING, Some(&made), &config("keep")).await.unwrap();
    let refused = world.harness.plan_destroy(THING, &kept).await.unwrap_err();
    assert_eq!(refusal(refused).iter().next().unwrap().summary, "Going away");
}

#[tokio::test]
async fn stop_reaches_who_is_running() {
    let world = World::new().await;
    let plan =
        world.harness.plan(THING, None, &world.config(json!({"name": "a", "fault": "wait"}))).await.unwrap();
    let started = async {
        while !world.folder.path().join("started.json").exists() {
            tokio::task::yield_now().await;
        }
    };
    let stopped = world.harness.apply_until(plan, started).await.unwrap();
    assert_eq!(stopped.diagnostics.iter().next().unwrap().summary, "Interrupted");
    assert!(world.journal().ends_with("cancelled\n"));
    // The next command of a debugged process is not stopped.
    world.harness.settle(THING, None, &world.config(json!({"name": "a"}))).await.unwrap();
}

#[tokio::test]
async fn stop_reaches_a_delete() {
    let world = World::new().await;
    let config = world.config(json!({"name": "a", "fault": "wait to delete"}));
    let made = world.harness.settle(THING, None, &config).await.unwrap();
    let plan = world.harness.plan_destroy(THING, &made).await.unwrap();
    let started = async {
        while !world.folder.path().join("started.json").exists() {
            tokio::task::yield_now().await;
        }
    };
    let stopped = world.harness.apply_until(plan, started).await.unwrap();
    assert_eq!(stopped.diagnostics.iter().next().unwrap().summary, "Interrupted");
    assert_eq!(stopped.stored.unwrap().value("name"), &Value::string("a"));
    std::fs::write(world.folder.path().join("allow.json"), "{}").unwrap();
    world.harness.destroy(THING, &made).await.unwrap();
}

/// A section that must not be cut is finished first.
#[tokio::test]
async fn stop_waits_for_a_critical_section() {
    let world = World::new().await;
    let config = world.config(json!({"name": "a", "fault": "critical"}));
    let plan = world.harness.plan(THING, None, &config).await.unwrap();
    let path = world.folder.path().to_owned();
    let started = async {
        while !path.join("started.json").exists() {
            tokio::task::yield_now().await;
        }
    };
    let go = async {
        // Let the section go on only after it was told to stop.
        started.await;
        world.harness.stop().await;
        std::fs::write(path.join("go.json"), "{}").unwrap();
    };
    let (applied, ()) = tokio::join!(world.harness.apply(plan), go);
    assert_eq!(applied.unwrap().diagnostics.iter().next().unwrap().detail, "After the section");
    assert!(world.journal().ends_with("section of a ends\n"), "{}", world.journal());
}

#[tokio::test]
async fn content_that_turns_out_to_differ_is_replaced_by_the_next_plan() {
    let world = World::new().await;
    let config = |content: Value| {
        let mut config = world.config(json!({"name": "a"}));
        config.insert("content".to_owned(), content);
        config
    };
    let made = world.harness.settle(THING, None, &config(Value::string("c"))).await.unwrap();
    let deferred = async || world.harness.plan(THING, Some(&made), &config(Value::UNKNOWN)).await.unwrap();
    assert_eq!(deferred().await.action, Action::Update);
    let same = world.harness.apply_with(deferred().await, &config(Value::string("c"))).await.unwrap();
    assert!(same.diagnostics.is_empty());
    assert_eq!(world.journal().lines().count(), 1);
    let late = world.harness.apply_with(deferred().await, &config(Value::string("d"))).await.unwrap_err();
    assert_eq!(refusal(late).iter().next().unwrap().summary, "Replacement was not planned");
    let plan = world.harness.plan(THING, Some(&made), &config(Value::string("d"))).await.unwrap();
    assert_eq!(plan.action, Action::Replace(vec!["content".into()]));
}

const NEST: &str = "odd_nest";

fn nest(json: Json) -> Json {
    let mut whole = json!({"name": "n", "core": {"key": "k"}});
    whole.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
    whole
}

#[tokio::test]
async fn blocks_in_blocks_live() {
    let world = World::new().await;
    let config = |json| world.harness.config(NEST, nest(json)).unwrap();
    let written = json!({
        "core": {"key": "k", "secret_wo": "hush", "content": "c", "depth": {"note": "d"}},
        "bag": [{"name": "b", "item": [{"label": "i"}, {}]}, {"name": "c"}],
        "group": {"most": 1, "limit": {"value": 2}},
        "layer": [{"kind": "loose"}, {"kind": "fixed"}],
    });
    let made = world.harness.settle(NEST, None, &config(written.clone())).await.unwrap();
    assert_eq!(world.journal(), "create n secret=hush\n");
    let identity = made.identity.clone().unwrap();
    assert_eq!(identity["floor"], Value::Number(1.into()));
    assert_eq!(identity["halls"], Value::List(vec![Value::string("n hall")]));
    let Value::Object(core) = made.value("core") else { panic!("{:?}", made.value("core")) };
    assert_eq!(core["secret_wo"], Value::Null);

    let mut more = written.clone();
    more["bag"] = json!([{"name": "c"}, {"name": "b", "item": [{"label": "j"}]}]);
    more["group"] = json!({"limit": {}});
    let made = world.harness.settle(NEST, Some(&made), &config(more.clone())).await.unwrap();
    assert!(world.journal().ends_with("update n to n secret=hush\n"), "{}", world.journal());

    // What an author asks for in a block, and what he takes back of his own schema.
    more["layer"] = json!([{"kind": "new"}, {"kind": "other"}]);
    let plan = world.harness.plan(NEST, Some(&made), &config(more.clone())).await.unwrap();
    let Action::Replace(paths) = &plan.action else { panic!("{:?}", plan.action) };
    assert_eq!(paths.iter().map(ToString::to_string).collect::<Vec<_>>(), ["layer[1].kind"]);
    more["layer"] = written["layer"].clone();
    more["name"] = json!("m");
    let plan = world.harness.plan(NEST, Some(&made), &config(more.clone())).await.unwrap();
    assert_eq!(plan.action, Action::Replace(vec!["name".into()]));
    more["movable"] = json!(true);
    let moved = world.harness.settle(NEST, Some(&made), &config(more)).await.unwrap();
    assert_eq!(moved.value("name"), &Value::string("m"));
    assert!(world.journal().ends_with("update n to m secret=hush\n"), "{}", world.journal());
    world.harness.destroy(NEST, &moved).await.unwrap();
}

/// Wherever it stands: in a block, or in a block of which the number is not known.
#[tokio::test]
async fn a_late_replacement_is_refused_everywhere() {
    let world = World::new().await;
    let config = |json| world.harness.config(NEST, nest(json)).unwrap();
    let before = json!({"core": {"key": "k", "content": "c"}, "layer": [{"content": "l"}]});
    let made = world.harness.settle(NEST, None, &config(before.clone())).await.unwrap();
    let mut in_core = config(before.clone());
    let Some(Value::Object(core)) = in_core.get_mut("core") else { panic!("no core") };
    core.insert("content".to_owned(), Value::UNKNOWN);
    let mut in_layer = config(before.clone());
    in_layer.insert("layer".to_owned(), Value::UNKNOWN);
    for (unknown, name, changed, path) in [
        (in_core, "core", json!({"key": "k", "content": "d"}), "core.content"),
        (in_layer, "layer", json!([{"content": "m"}]), "layer[0].content"),
    ] {
        let plan = world.harness.plan(NEST, Some(&made), &unknown).await.unwrap();
        assert_eq!(plan.action, Action::Update);
        let mut known = before.clone();
        known[name] = changed;
        let late = refusal(world.harness.apply_with(plan, &config(known)).await.unwrap_err());
        let late = late.iter().next().unwrap();
        assert_eq!(
            (late.summary.as_str(), late.path.to_string().as_str()),
            ("Replacement was not planned", path)
        );
    }
}

/// A client that allows deferrals while planning looks like an apply but for its reads.
#[tokio::test]
async fn planning_with_deferrals_may_replace() {
    let world = World::new().await;
    let config = |content: &str| world.config(json!({"name": "a", "content": content}));
    let made = world.harness.settle(THING, None, &config("c")).await.unwrap();
    let planning = world.harness.deferring();
    let plan = planning.plan(THING, Some(&made), &config("d")).await.unwrap();
    assert_eq!(plan.action, Action::Replace(vec!["content".into()]));
    assert!(!plan.deferred);
    world.harness.apply(plan).await.unwrap().success().unwrap();
}

#[tokio::test]
async fn what_needs_an_unknown_provider_is_deferred_where_that_is_allowed() {
    let world = World::new().await;
    let config = world.config(json!({"name": "a"}));
    let made = world.harness.settle(THING, None, &config).await.unwrap();
    let unknown = Object::from([("folder".to_owned(), Value::UNKNOWN)]);
    world.harness.configure_with(&unknown).await.unwrap();

    // Without the client's leave it is as ever: needed, and not known.
    let refused = refusal(world.harness.plan(THING, Some(&made), &config).await.unwrap_err());
    assert_eq!(refused.iter().next().unwrap().summary, "Folder is not known yet");
    assert!(!world.harness.plan(THING, None, &config).await.unwrap().deferred);

    let planning = world.harness.deferring();
    let plan = planning.plan(THING, Some(&made), &config).await.unwrap();
    assert_eq!((plan.deferred, plan.action), (true, Action::NoOp));
    assert!(planning.plan(THING, None, &config).await.unwrap().deferred);
    assert!(planning.plan_destroy(THING, &made).await.unwrap().deferred);
    for deferred in [
        planning.import(THING, "a").await.unwrap_err(),
        planning.data_source("odd_lookup", json!({"name": "a"})).await.unwrap_err(),
        planning.invoke("odd_ring", json!({"times": 1})).await.unwrap_err(),
    ] {
        assert!(matches!(deferred, Problem::Deferred), "{deferred}");
    }

    // The configuration is known in every apply, where Terraform says that deferrals are allowed, too.
    world.harness.configure(json!({"folder": world.folder.path()})).await.unwrap();
    assert!(!planning.plan(THING, Some(&made), &config).await.unwrap().deferred);
}

#[tokio::test]
async fn identities_of_an_older_version_are_raised() {
    let world = World::new().await;
    let raised = world.harness.upgrade_identity(NEST, 0, json!({"title": "n", "floor": 2})).await.unwrap();
    assert_eq!((&raised["name"], &raised["floor"]), (&Value::string("n"), &Value::Number(2.into())));
    let same = world.harness.upgrade_identity(NEST, 1, json!({"name": "n"})).await.unwrap();
    assert_eq!(same["name"], Value::string("n"));
}

#[tokio::test]
async fn imports_and_upgrades() {
    let world = World::new().await;
    let config = world.config(json!({"name": "a", "label": "L"}));
    world.harness.settle(THING, None, &config).await.unwrap();
    for imported in [
        world.harness.import(THING, "a").await.unwrap(),
        world.harness.import_by_identity(THING, json!({"name": "a"})).await.unwrap(),
    ] {
        assert_eq!(imported.value("id"), &Value::string("id-a"));
        let identity = imported.identity.clone().unwrap();
        assert_eq!(identity["realm"], Value::string("odd"));
        let plan = world.harness.plan(THING, Some(&imported), &config).await.unwrap();
        assert_eq!(plan.action, Action::NoOp);
    }
    let missing = world.harness.import(THING, "b").await;
    assert_eq!(violation(missing), "the imported object does not exist");

    let old = json!({"title": "a", "size": 3, "gone": true, "ratio": 1e40});
    let upgraded = world.harness.upgrade(THING, 0, old).await.unwrap();
    assert_eq!(upgraded["name"], Value::string("a"));
    let same = json!({"name": "a", "timeouts": null, "rule": [{"port": 5}]});
    let read = world.harness.upgrade(THING, 1, same).await.unwrap();
    assert_eq!(read["limits"], Value::Object(Object::from([("most".to_owned(), Value::Null)])));
}

#[tokio::test]
async fn everything_else() {
    let world = World::new().await;
    for name in ["a1", "a2", "b1"] {
        let config = world.config(json!({"name": name}));
        world.harness.settle(THING, None, &config).await.unwrap();
    }
    let (read, _) = world.harness.data_source("odd_lookup", json!({"name": "a1"})).await.unwrap();
    assert_eq!(read["found"], Value::Bool(true));
    let refused = world.harness.data_source("odd_lookup", json!({"name": "nobody"})).await.unwrap_err();
    assert_eq!(refusal(refused).iter().next().unwrap().path, "name".into());

    let listed = world.harness.list(THING, json!({"prefix": "a"}), 100).await.unwrap();
    let names: Vec<&str> = listed.iter().map(|found| found.display_name.as_str()).collect();
    assert_eq!(names, ["thing a1", "thing a2"]);
    assert_eq!(world.harness.list(THING, json!({}), 1).await.unwrap().len(), 1);
    assert!(world.harness.list(THING, json!({"prefix": "warn"}), 100).await.unwrap().is_empty());
    for (prefix, summary) in [("fail", "List refused"), ("refused", "No such prefix")] {
        let refused = world.harness.list(THING, json!({"prefix": prefix}), 100).await.unwrap_err();
        assert_eq!(refusal(refused).iter().next().unwrap().summary, summary);
    }

    let rung = world.harness.invoke("odd_ring", json!({"times": 3})).await.unwrap();
    assert_eq!(rung.lines, ["ring 1", "ring 2", "ring 3"]);
    assert!(rung.diagnostics.is_empty());
    let broken = world.harness.invoke("odd_ring", json!({"times": 13})).await.unwrap();
    assert_eq!(broken.lines.len(), 13);
    assert!(broken.diagnostics.has_errors());
    assert!(violation(world.harness.invoke("odd_ring", json!({"times": 7})).await).contains("as asked"));
    refusal(world.harness.invoke("odd_ring", json!({"times": 51})).await.unwrap_err());

    let list = Type::list(Type::String);
    let shout =
        async |arguments: &[Value]| world.harness.call_function("shout", arguments, &list).await.unwrap();
    let shouted = shout(&[Value::string("a"), Value::Null]).await.unwrap();
    assert_eq!(shouted, Value::List(vec![Value::string("A"), Value::Null]));
    let error = shout(&[Value::string("a"), Value::string("quiet")]).await.unwrap_err();
    assert_eq!((error.text.as_str(), error.argument), ("it is to be quiet", Some(1)));
    let unknown = world.harness.call_function("whisper", &[], &list).await.unwrap().unwrap_err();
    assert_eq!(unknown.text, "there is no function \"whisper\"");
}
