//! The quickstart on estates whose collations are not the usual one: a binary one, where every name has one spelling, and
//! Turkish, where `i` and `I` are two letters. From apply over drift and imports to destroy, in process.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use milink_acceptance_tests::collation;
use milink_acceptance_tests::core::{End, Interrupt, Quickstart};
use milink_acceptance_tests::deeds;
use milink_acceptance_tests::foreign::SqlClient;
use milink_acceptance_tests::single;
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::target;
use milink_simulator::world::Estate;
use milink_simulator::world::database::DatabaseState;
use milink_simulator::world::endpoint::State;
use milink_simulator::world::managed::LinkPhase;
use serde_json::json;
use terraform_provider_milink::framework::harness::Action;
use terraform_provider_milink::framework::value::Value;

const SERVER: &str = "sql1.corp.example";

struct World {
    runtime: tokio::runtime::Runtime,
    simulator: Simulator,
    quickstart: Quickstart,
    password: String,
    _folder: tempfile::TempDir,
}

impl World {
    /// The quickstart's world with another collation everywhere: servers, their databases, the instance.
    fn with(name: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let scene = Scene::demonstration().unwrap();
        let variables = scene.variables.clone();
        let (mut estate, options) = scene.into_parts();
        collation::impose(&mut estate, name);
        let simulator = runtime.block_on(Simulator::start(estate, options)).unwrap();
        let folder = tempfile::tempdir_in(target::directory()).unwrap();
        let rehearsal = folder.path().join("rehearsal.json");
        simulator.write_rehearsal_file(&rehearsal).unwrap();
        let password = variables["sql_password"].clone();
        let quickstart = Quickstart::new(rehearsal, variables);
        Self { runtime, simulator, quickstart, password, _folder: folder }
    }

    fn look<T>(&self, look: impl FnOnce(&mut Estate) -> T) -> T {
        self.simulator.world().with(look)
    }

    /// Somebody else runs a batch.
    fn they(&self, sql: &str) {
        self.runtime.block_on(async {
            let mut them = SqlClient::connect(&self.simulator, SERVER, "terraform", &self.password).await;
            them.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        });
    }

    /// Applies; the objects that were changed, in their order.
    fn apply(&mut self) -> Vec<(String, Action)> {
        match self.quickstart.apply(&Interrupt::default()) {
            End::Done(taken) => taken.into_iter().filter(|(_, action)| *action != Action::NoOp).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The links of the instance and the groups of both sides live.
    fn is_linked(&self) -> bool {
        self.look(|estate| {
            let link = estate.managed_instances[0].links.first();
            link.is_some_and(|link| link.phase == LinkPhase::Synchronizing && link.session.is_some())
        })
    }
}

fn live(collation: &str) {
    let mut world = World::with(collation);
    assert!(world.apply().len() > 8);
    assert!(world.is_linked());
    assert!(world.apply().is_empty(), "it comes to rest");

    // Drift: what somebody else did is seen and repaired, and nothing else is touched.
    let root = world.quickstart.state.keys().find(|address| address.contains(".root[")).unwrap().clone();
    let endpoint = world.look(|estate| estate.sql_servers[0].endpoint.as_ref().unwrap().name.clone());
    let name = single::text(&world.quickstart.state[&root], "name");
    world.they(&format!("DROP CERTIFICATE [{name}]"));
    world.they(&format!("ALTER ENDPOINT [{endpoint}] STATE = STOPPED"));
    world.look(|estate| estate.managed_instances[0].trust_certificates.clear());
    let changed = world.apply();
    let mut addresses: Vec<&str> = changed.iter().map(|(address, _)| address.as_str()).collect();
    addresses.sort_unstable();
    let mut expected = [root.as_str(), "milink_mirroring_endpoint.hq", "milink_server_trust_certificate.hq"];
    expected.sort_unstable();
    assert_eq!(addresses, expected);
    world.look(|estate| {
        let sql = &estate.sql_servers[0];
        assert_eq!(sql.endpoint.as_ref().unwrap().state, State::Started);
        assert!(sql.certificate(&name).is_some());
        assert_eq!(estate.managed_instances[0].trust_certificates.len(), 1);
    });
    assert!(world.apply().is_empty());

    // Imports: everything is found by its name, and nothing is sent for it.
    let made = world.quickstart.state.clone();
    let mark = world.simulator.journal().mark();
    let End::Done(imported) = world.quickstart.import() else { panic!("an import failed") };
    assert!(imported.len() > 8, "{imported:?}");
    for (address, action) in world.apply() {
        let gate = address == "milink_link_synchronization.sales" && action == Action::Create;
        assert!(gate || action == Action::Update, "{address}: {action:?}");
    }
    deeds::assert_none_since(&world.simulator, mark);

    // What was imported is somebody else's and stays; by the state of before it is ours and goes.
    world.quickstart.state = made;
    let end = world.quickstart.destroy(&Interrupt::default());
    assert!(matches!(end, End::Done(_)), "{end:?}");
    world.look(|estate| {
        let sql = &estate.sql_servers[0];
        assert!(sql.groups.is_empty() && sql.endpoint.is_none() && sql.issuers.is_empty(), "{sql:?}");
        assert_eq!(sql.database("Sales").unwrap().state, DatabaseState::Online);
        assert!(estate.managed_instances[0].links.is_empty());
        assert!(estate.managed_instances[0].trust_certificates.is_empty());
    });
    world.runtime.block_on(world.simulator.shutdown());
}

#[test]
fn the_quickstart_lives_under_a_binary_collation() {
    live("Latin1_General_100_BIN2");
}

#[test]
fn the_quickstart_lives_under_a_turkish_collation() {
    live("Turkish_CI_AS");
}

/// Where the letters differ, another spelling is another object: it is made beside the first, which nobody touches.
#[tokio::test(flavor = "multi_thread")]
async fn another_spelling_is_another_name_where_the_collation_says_so() {
    for (name, theirs, ours) in
        [("Latin1_General_100_BIN2", "Theirs", "theirs"), ("Turkish_CI_AS", "THEIRS", "theirs")]
    {
        let world = single::World::changed(|estate| collation::impose(estate, name)).await;
        world.master_key().await;
        world.they(&format!("CREATE CERTIFICATE {theirs} WITH SUBJECT = N'theirs'")).await;
        let before = world.server(|server| server.certificate(theirs).unwrap().clone());
        let config = json!({ "sql_server": "hq", "name": ours });
        let made = world.settle("milink_certificate", None, config).await;
        assert_eq!(made.value("adopted"), &Value::Bool(false), "{name}");
        let provider = world.provider().await;
        provider.destroy("milink_certificate", &made).await.unwrap();
        world.server(|server| {
            assert!(server.certificate(ours).is_none(), "{name}");
            assert_eq!(server.certificate(theirs), Some(&before), "{name}");
        });
        world.finish().await;
    }
}
