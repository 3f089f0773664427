//! Groups of one node and of two, driven in process: found again whoever is primary, never taken for gone, nothing taken
//! out of them that was not put in, adopted and imported with an empty plan, refused where something needs them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::sync::Arc;

use milink_acceptance_tests::collation::spelt;
use milink_acceptance_tests::foreign::SqlClient;
use milink_acceptance_tests::suite;
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::target;
use milink_simulator::world::Estate;
use milink_simulator::world::group::{AvailabilityGroup, Listener, Role};
use serde_json::{Value as Json, json};
use terraform_provider_milink::framework::diagnostic::{Diagnostics, Severity};
use terraform_provider_milink::framework::harness::{Action, Harness, Problem, Stored};
use terraform_provider_milink::framework::value::Value;
use terraform_provider_milink::provider::{Milink, rehearsal, server_of};

const TYPE: &str = "milink_availability_group";
const N1: &str = "n1.corp.example";
const ENDPOINT: &str = "CREATE ENDPOINT theirs STATE = STARTED AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (AUTHENTICATION = WINDOWS NEGOTIATE, ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL)";
const N2: &str = "n2.corp.example";

/// Two servers: `n1` with the databases Sales and Payroll, `n2` with none.
struct World {
    simulator: Simulator,
    folder: tempfile::TempDir,
    password: String,
}

impl World {
    async fn new() -> Self {
        let server = |host: &str, databases: Json| {
            json!({
                "host": host, "version": "2022", "databases": databases,
                "logins": [{ "name": "terraform", "password": "Only-for-this-1" }],
            })
        };
        let description = json!({
            "sql_servers": [
                server(N1, json!([{ "name": "Sales" }, { "name": "Payroll" }])),
                server(N2, json!([])),
            ],
        });
        let scene = Scene::new(serde_json::from_value(description).unwrap()).unwrap();
        let (estate, options) = suite::parts(scene);
        let simulator = Simulator::start(estate, options).await.unwrap();
        let folder = tempfile::tempdir_in(target::directory()).unwrap();
        simulator.write_rehearsal_file(&folder.path().join("rehearsal.json")).unwrap();
        let password = "Only-for-this-1".to_owned();
        let mut them = SqlClient::connect(&simulator, N1, "terraform", &password).await;
        them.execute(ENDPOINT).await.unwrap();
        Self { simulator, folder, password }
    }

    /// A provider of its own, with these blocks: name and host.
    async fn provider(&self, blocks: &[(&str, &str)]) -> Harness<Milink> {
        self.provider_with(blocks, json!({})).await
    }

    async fn provider_with(&self, blocks: &[(&str, &str)], more: Json) -> Harness<Milink> {
        let file = self.folder.path().join("rehearsal.json").to_str().unwrap().to_owned();
        let provider = Milink::with_environment(Arc::new(move |name| {
            (name == rehearsal::VARIABLE).then(|| file.clone())
        }));
        let harness = Harness::new(server_of(provider, None));
        let servers: Vec<Json> = blocks
            .iter()
            .map(|(name, host)| {
                json!({
                    "name": name, "host": host,
                    "sql_login": { "username": "terraform", "password": self.password },
                })
            })
            .collect();
        let mut block = json!({ "sql_server": servers });
        block.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        harness.configure(block).await.unwrap();
        harness
    }

    fn look<T>(&self, look: impl FnOnce(&mut Estate) -> T) -> T {
        self.simulator.world().with(look)
    }

    fn down(&self, host: &str) {
        self.look(|estate| estate.network.down.insert(host.to_owned()));
    }

    fn databases(&self, host: &str) -> Vec<String> {
        let mut names = self.group(host).databases;
        names.sort();
        names
    }

    fn group(&self, host: &str) -> AvailabilityGroup {
        self.look(|estate| estate.engine(host).unwrap().groups[0].clone())
    }

    fn change(&self, host: &str, change: impl FnOnce(&mut AvailabilityGroup)) {
        self.look(|estate| change(&mut estate.engine_mut(host).unwrap().groups[0]));
    }

    /// The group of `n1` gets a second replica, `n2`.
    fn second_node(&self) {
        self.look(|estate| {
            let other = estate.engine(N2).unwrap().server_name();
            let mut group = estate.engine(N1).unwrap().groups[0].clone();
            let mut replica = group.replicas[0].clone();
            replica.server_name = other;
            replica.url = "TCP://10.0.0.5:5022".to_owned();
            group.replicas.push(replica);
            estate.engine_mut(N1).unwrap().groups[0] = group.clone();
            group.role = Role::Secondary;
            estate.engine_mut(N2).unwrap().groups.push(group);
        });
    }

    fn fail_over_to(&self, host: &str) {
        for node in [N1, N2] {
            let role = if node == host { Role::Primary } else { Role::Secondary };
            self.change(node, |group| group.role = role);
        }
    }

    /// A distributed group over the group of `n1`; as a link has it, or between two SQL Servers.
    fn distributed(&self, link: bool) {
        self.look(|estate| {
            let engine = estate.engine_mut(N1).unwrap();
            let mut over = engine.groups[0].clone();
            over.name = "DAG".to_owned();
            over.id = "00000000-0000-4000-8000-0000000000da".to_owned();
            over.distributed = true;
            over.databases.clear();
            over.replicas.truncate(1);
            over.replicas[0].server_name = "AG".to_owned();
            let mut far = over.replicas[0].clone();
            far.id = "00000000-0000-4000-8000-0000000000fa".to_owned();
            far.server_name = "AG_far".to_owned();
            far.url = if link {
                "tcp://mi.zone.database.windows.net:5022;Server=[mi]".to_owned()
            } else {
                "TCP://10.9.9.9:5022".to_owned()
            };
            over.replicas.push(far);
            engine.groups.push(over);
        });
    }

    async fn finish(self) {
        self.simulator.shutdown().await;
    }
}

fn config(servers: &[&str], more: Json) -> Json {
    let mut config = json!({ "sql_servers": servers, "name": "AG", "endpoint_url": "TCP://10.0.0.4:5022" });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

/// Makes the group and proves that it stays as it is.
async fn made(harness: &Harness<Milink>, config: Json) -> Stored {
    let config = harness.config(TYPE, config).unwrap();
    harness.settle(TYPE, None, &config).await.unwrap()
}

fn text(stored: &Stored, name: &str) -> String {
    match stored.value(name) {
        Value::String(text) => text.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

#[track_caller]
fn refused(problem: Problem, words: &str) {
    let text = problem.to_string();
    assert!(text.contains(words), "{words} is not in: {text}");
}

#[track_caller]
fn warned(diagnostics: &Diagnostics, words: &str) {
    let said = diagnostics.iter().any(|one| {
        one.severity == Severity::Warning && (one.summary.contains(words) || one.detail.contains(words))
    });
    assert!(said, "{words} is not in {diagnostics:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_put_in_is_taken_out() {
    let world = World::new().await;
    let harness = world.provider(&[("a", N1)]).await;
    let stored = made(&harness, config(&["a"], json!({ "databases": ["Sales"] }))).await;

    // Another spelling of the name is the same name.
    let other = json!({ "name": spelt("AG", "ag"), "databases": [spelt("Sales", "SALES")] });
    let other = harness.config(TYPE, config(&["a"], other)).unwrap();
    let plan = harness.plan(TYPE, Some(&stored), &other).await.unwrap();
    assert_eq!(plan.action, Action::NoOp);

    // Somebody else's is not shown and stays.
    let mut them = SqlClient::connect(&world.simulator, N1, "terraform", &world.password).await;
    them.execute("ALTER AVAILABILITY GROUP AG ADD DATABASE Payroll").await.unwrap();
    let same = harness.config(TYPE, config(&["a"], json!({ "databases": ["Sales"] }))).unwrap();
    let plan = harness.plan(TYPE, Some(&stored), &same).await.unwrap();
    assert_eq!(plan.action, Action::NoOp);
    refused(harness.plan_destroy(TYPE, &stored).await.unwrap_err(), "Payroll");

    // Naming it makes it no more ours than before.
    let both = harness.config(TYPE, config(&["a"], json!({ "databases": ["Sales", "Payroll"] }))).unwrap();
    let stored = harness.settle(TYPE, Some(&stored), &both).await.unwrap();
    let plan = harness.plan(TYPE, Some(&stored), &same).await.unwrap();
    warned(&plan.diagnostics, "A database stays in its group");
    let stored = harness.settle(TYPE, Some(&stored), &same).await.unwrap();
    assert_eq!(world.databases(N1), ["Payroll", "Sales"]);

    // What we put in is taken out, unless something depends on it.
    let none = harness.config(TYPE, config(&["a"], json!({ "databases": [] }))).unwrap();
    let plan = harness.plan(TYPE, Some(&stored), &none).await.unwrap();
    warned(&plan.diagnostics, "A database is taken out of its group");
    world.distributed(true);
    refused(harness.plan(TYPE, Some(&stored), &none).await.unwrap_err(), "DAG");
    refused(harness.apply(plan).await.unwrap_err(), "DAG");
    assert_eq!(world.databases(N1), ["Payroll", "Sales"]);
    world.look(|estate| estate.engine_mut(N1).unwrap().groups.truncate(1));
    harness.settle(TYPE, Some(&stored), &none).await.unwrap();
    assert_eq!(world.databases(N1), ["Payroll"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_it_plans_nothing_and_is_left() {
    let world = World::new().await;
    let single = world.provider(&[("a", N1)]).await;
    let stored = made(&single, config(&["a"], json!({ "databases": ["Sales", "Payroll"] }))).await;

    let two = world.provider(&[("b", N2), ("a", N1)]).await;
    let full = two.config(TYPE, config(&["a"], json!({ "databases": ["Sales", "Payroll"] }))).unwrap();
    let by_id = single.import(TYPE, "AG").await.unwrap();
    let with_server = two.import(TYPE, "a/AG").await.unwrap();
    let identity = json!({ "group_id": text(&stored, "group_id") });
    let by_identity = two.import_by_identity(TYPE, identity).await.unwrap();
    for imported in [by_id, with_server, by_identity] {
        assert_eq!(*imported.value("adopted"), Value::Bool(true));
        let plan = two.plan(TYPE, Some(&imported), &full).await.unwrap();
        assert_eq!(plan.action, Action::NoOp);
        // Narrowing the list takes nothing out.
        let narrow = two.config(TYPE, config(&["a"], json!({ "databases": ["Sales"] }))).unwrap();
        let narrowed = two.settle(TYPE, Some(&imported), &narrow).await.unwrap();
        assert_eq!(world.databases(N1), ["Payroll", "Sales"]);
        two.destroy(TYPE, &narrowed).await.unwrap();
        assert_eq!(world.databases(N1), ["Payroll", "Sales"]);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_is_an_error_and_not_gone() {
    let world = World::new().await;
    let stored =
        made(&world.provider(&[("a", N1)]).await, config(&["a"], json!({ "databases": ["Sales"] }))).await;

    let elsewhere = world.provider(&[("a", N2)]).await;
    let problem = elsewhere.refresh(TYPE, &stored).await.unwrap_err().to_string();
    assert!(problem.contains("N1") && problem.contains("N2"), "{problem}");

    // Renamed blocks are found by whom they lead to.
    let renamed = world.provider(&[("x", N2), ("y", N1)]).await;
    let read = renamed.refresh(TYPE, &stored).await.unwrap().unwrap();
    assert_eq!(text(&read, "group_id"), text(&stored, "group_id"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_down_matters_only_where_the_primary_may_be_on_it() {
    let world = World::new().await;
    let blocks = [("a", N1), ("b", N2)];
    made(&world.provider(&blocks).await, config(&["a"], json!({ "databases": ["Sales"] }))).await;
    world.second_node();
    let both = config(&["a", "b"], json!({ "databases": ["Sales"] }));
    let harness = world.provider(&blocks).await;
    let wanted = harness.config(TYPE, both.clone()).unwrap();
    // A group of two is taken over, and the plan says so.
    let plan = harness.plan(TYPE, None, &wanted).await.unwrap();
    warned(&plan.diagnostics, "An existing object is taken over");
    let stored = harness.apply(plan).await.unwrap().success().unwrap().unwrap();
    assert_eq!(*stored.value("adopted"), Value::Bool(true));

    // After a failover nothing differs, and statements run where it is primary now.
    world.fail_over_to(N2);
    let harness = world.provider(&blocks).await;
    let plan = harness.plan(TYPE, Some(&stored), &wanted).await.unwrap();
    assert_eq!(plan.action, Action::NoOp);
    let changed = config(&["a", "b"], json!({ "databases": ["Sales"], "db_failover": true }));
    let changed = harness.config(TYPE, changed).unwrap();
    let plan = harness.plan(TYPE, Some(&stored), &changed).await.unwrap();
    world.fail_over_to(N1);
    harness.apply(plan).await.unwrap().success().unwrap();
    assert!(world.group(N1).db_failover && !world.group(N2).db_failover);
    world.change(N1, |group| group.db_failover = false);

    // The other node is down: reads and deeds go on.
    world.down(N2);
    let harness = world.provider(&blocks).await;
    let plan = harness.plan(TYPE, Some(&stored), &wanted).await.unwrap();
    assert_eq!(plan.action, Action::NoOp);
    let plan = harness.plan(TYPE, Some(&stored), &changed).await.unwrap();
    harness.apply(plan).await.unwrap().success().unwrap();
    assert!(world.group(N1).db_failover);
    world.change(N1, |group| group.db_failover = false);

    // The one that may be primary is down: an error, or with "keep" what was known, and deeds refuse.
    world.look(|estate| estate.network.down.clear());
    world.fail_over_to(N2);
    world.down(N2);
    refused(world.provider(&blocks).await.refresh(TYPE, &stored).await.unwrap_err(), N2);
    let keeping = world.provider_with(&blocks, json!({ "unreachable": "keep" })).await;
    let plan = keeping.plan(TYPE, Some(&stored), &changed).await.unwrap();
    assert_eq!(plan.prior.as_ref().unwrap().state, stored.state);
    let problem = keeping.apply(plan).await.unwrap().success().unwrap_err();
    refused(problem, "The primary replica was not found");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_primaries_and_none_are_refused() {
    let world = World::new().await;
    let blocks = [("a", N1), ("b", N2)];
    made(&world.provider(&blocks).await, config(&["a"], json!({ "databases": ["Sales"] }))).await;
    world.second_node();
    let harness = world.provider(&blocks).await;
    let stored = made(&harness, config(&["a", "b"], json!({ "databases": ["Sales"] }))).await;
    let changed = config(&["a", "b"], json!({ "databases": ["Sales"], "db_failover": true }));
    let changed = harness.config(TYPE, changed).unwrap();
    let plan = harness.plan(TYPE, Some(&stored), &changed).await.unwrap();

    world.change(N2, |group| group.role = Role::Primary);
    let problem = harness.apply(plan.clone()).await.unwrap().success().unwrap_err();
    refused(problem, "Two servers say that they are primary");
    // A read leaves the state as it is: nobody can say what is true.
    let read = world.provider(&blocks).await.refresh(TYPE, &stored).await.unwrap().unwrap();
    assert_eq!(read.state, stored.state);

    for node in [N1, N2] {
        world.change(node, |group| group.role = Role::Resolving);
    }
    let problem = harness.apply(plan).await.unwrap().success().unwrap_err();
    refused(problem, "resolving");
    assert!(!world.group(N1).db_failover);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_is_refused_in_the_plan_and_named() {
    let world = World::new().await;
    let harness = world.provider(&[("a", N1)]).await;
    made(&harness, config(&["a"], json!({ "databases": ["Sales"] }))).await;
    let other = world.provider(&[("a", N1)]).await;
    let differing = json!({
        "databases": ["Payroll"], "backup_preference": "none", "availability_mode": "asynchronous_commit",
        "db_failover": true, "dtc_support": true, "basic": true, "endpoint_url": "TCP://10.0.0.9:5022",
    });
    let wanted = other.config(TYPE, config(&["a"], differing)).unwrap();
    let problem = other.plan(TYPE, None, &wanted).await.unwrap_err().to_string();
    for word in [
        "Payroll",
        "backup preference",
        "commit mode",
        "db_failover",
        "dtc_support",
        "basic",
        "10.0.0.9",
        "a/AG",
    ] {
        assert!(problem.contains(word), "{word} is not in: {problem}");
    }
    // In another letter case it is taken over, and stays as written.
    let words = json!({ "name": spelt("AG", "ag"), "databases": [spelt("Sales", "sales")] });
    let words = other.config(TYPE, config(&["a"], words)).unwrap();
    let stored = other.settle(TYPE, None, &words).await.unwrap();
    assert_eq!(text(&stored, "name"), spelt("AG", "ag"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn planning_needs_no_server() {
    let world = World::new().await;
    let stored =
        made(&world.provider(&[("a", N1)]).await, config(&["a"], json!({ "databases": ["Sales"] }))).await;
    world.down(N1);
    let harness = world.provider(&[("a", N1)]).await;
    let wanted = harness.config(TYPE, config(&["a"], json!({ "databases": ["Sales"] }))).unwrap();
    let plan = harness.plan_refreshed(TYPE, Some(stored.clone()), &wanted).await.unwrap();
    assert_eq!(plan.action, Action::NoOp);
    let plan = harness.plan(TYPE, None, &wanted).await.unwrap();
    assert_eq!(plan.action, Action::Create);
    warned(&plan.diagnostics, N1);
    // What touches no server needs none in the apply either: the way out after a disaster.
    let kept = config(&["a"], json!({ "databases": ["Sales"], "on_destroy": "keep" }));
    let kept = harness.config(TYPE, kept).unwrap();
    let plan = harness.plan_refreshed(TYPE, Some(stored), &kept).await.unwrap();
    let stored = harness.apply(plan).await.unwrap().success().unwrap().unwrap();
    let keeping = world.provider_with(&[("a", N1)], json!({ "unreachable": "keep" })).await;
    keeping.destroy(TYPE, &stored).await.unwrap();
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_to_make_it_must_be_clear_in_the_plan() {
    let world = World::new().await;
    let harness = world.provider(&[("a", N1), ("b", N2)]).await;
    let omitted = json!({ "name": "AG", "endpoint_url": "TCP://10.0.0.4:5022" });
    let omitted = harness.config(TYPE, omitted).unwrap();
    refused(harness.plan(TYPE, None, &omitted).await.unwrap_err(), "sql_server");
    let both = harness.config(TYPE, config(&["a", "b"], json!({}))).unwrap();
    refused(harness.plan(TYPE, None, &both).await.unwrap_err(), "A new group has one node");
    let nowhere = harness.config(TYPE, config(&["c"], json!({}))).unwrap();
    refused(harness.plan(TYPE, None, &nowhere).await.unwrap_err(), "\"c\"");
    let url = harness.config(TYPE, config(&["a"], json!({ "endpoint_url": "10.0.0.4" }))).unwrap();
    refused(harness.plan(TYPE, None, &url).await.unwrap_err(), "endpoint_url");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_is_refused_in_its_plan_where_nothing_else_can_release() {
    let world = World::new().await;
    let harness = world.provider(&[("a", N1), ("b", N2)]).await;
    let stored = made(&harness, config(&["a"], json!({ "databases": ["Sales"] }))).await;
    let plan = harness.plan_destroy(TYPE, &stored).await.unwrap();
    warned(&plan.diagnostics, "An availability group is dropped");

    // A link may go in the same destroy; in the apply it must be gone.
    world.distributed(true);
    let with_link = world.provider(&[("a", N1)]).await;
    let plan = with_link.plan_destroy(TYPE, &stored).await.unwrap();
    refused(with_link.apply(plan).await.unwrap().success().unwrap_err(), "DAG");
    world.look(|estate| estate.engine_mut(N1).unwrap().groups.truncate(1));
    world.distributed(false);
    let refusing = async || world.provider(&[("a", N1)]).await.plan_destroy(TYPE, &stored).await.unwrap_err();
    refused(refusing().await, "DAG");
    world.look(|estate| estate.engine_mut(N1).unwrap().groups.truncate(1));

    world.change(N1, |group| {
        group.listener = Some(Listener {
            id: "00000000-0000-4000-8000-000000000001".to_owned(),
            dns_name: "agl".to_owned(),
            port: 1433,
            addresses: Vec::new(),
        });
    });
    refused(refusing().await, "listener");
    world.change(N1, |group| group.listener = None);
    world.second_node();
    refused(refusing().await, "2 replicas");
    world.look(|estate| {
        estate.engine_mut(N2).unwrap().groups.clear();
        estate.engine_mut(N1).unwrap().groups[0].replicas.truncate(1);
    });
    world.provider(&[("a", N1)]).await.destroy(TYPE, &stored).await.unwrap();
    assert!(world.look(|estate| estate.engine(N1).unwrap().groups.is_empty()));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_in_which_backup_jobs_skip_the_database_is_warned_about() {
    let world = World::new().await;
    let harness = world.provider(&[("a", N1)]).await;
    let wanted = config(&["a"], json!({ "databases": ["Sales"], "backup_preference": "secondary" }));
    let wanted = harness.config(TYPE, wanted).unwrap();
    let plan = harness.plan(TYPE, None, &wanted).await.unwrap();
    let applied = harness.apply(plan).await.unwrap();
    warned(&applied.diagnostics, "Backup jobs will skip a database");
    world.finish().await;
}
