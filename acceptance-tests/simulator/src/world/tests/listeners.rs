//! A link over the listener of a group with two nodes.

use serde_json::{Value as Json, json};

use super::*;
use crate::world::group::Role;

const NODES: [&str; 2] = [SQL, "sql2.corp.example"];

/// The world of the quickstart with a second node, and a link that replicates through the listener.
fn linked() -> Bench {
    let mut file: Json = serde_json::from_str(include_str!("../../scene/demonstration.json")).unwrap();
    file["sql_servers"][0]["cluster"] = json!("WSFC1");
    let second = json!({ "host": NODES[1], "version": "2022", "cluster": "WSFC1" });
    file["sql_servers"].as_array_mut().unwrap().push(second);
    file["availability_groups"] = json!([{
        "name": "AG_Sales", "nodes": NODES, "databases": ["Sales"],
        "listener": { "dns_name": "sales", "ip": "10.0.0.99" },
    }]);
    let mut estate = Scene::parse(&file.to_string()).unwrap().estate;
    estate.stop_clock();
    let view = estate.managed_instances[0].view.clone();
    let bench = Bench { world: World::new(estate), path: view.path, fqdn: view.fqdn };
    for (place, host) in NODES.iter().enumerate() {
        on(&bench, place, "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Str0ng and long!'");
        on(&bench, place, "CREATE CERTIFICATE own WITH SUBJECT = N'own', EXPIRY_DATE = '20990101'");
        on(
            &bench,
            place,
            "ALTER ENDPOINT Hadr_endpoint FOR DATABASE_MIRRORING (AUTHENTICATION = WINDOWS NEGOTIATE CERTIFICATE own, \
             ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL)",
        );
        let fqdn = bench.fqdn.clone();
        let der = bench.world.with(|estate| {
            let managed = &estate.managed_instances[0];
            let mut leaf = x509::read(&fqdn, &managed.endpoint_chain[0]).unwrap();
            let mut root = x509::read("root", &managed.roots[0].1).unwrap();
            (leaf.id, root.id) = (900, 901);
            let engine = estate.engine_mut(*host).unwrap();
            engine.certificates.extend([leaf, root]);
            let dns = "*.database.windows.net".into();
            engine.issuers.push(crate::world::security::IssuerGrant { certificate: 901, dns });
            engine.certificate("own").unwrap().der.clone()
        });
        let name = format!("own{place}");
        bench.done(bench.world.upload_trust_certificate(&bench.path, &name, der));
    }
    bench.sql(&bench.distributed("CREATE").replace("10.0.0.4", "10.0.0.99"));
    bench.create(LinkRequest { partner_endpoint: "TCP://10.0.0.99:5022".into(), ..request() }).unwrap();
    bench.advance(200);
    assert_eq!((bench.state().as_str(), partner(&bench).as_deref()), ("LinkSynchronizing", Some(NODES[0])));
    bench
}

fn attempt(bench: &Bench, node: usize, text: &str) -> Result<(), i32> {
    bench.world.with(|estate| crate::tsql::run_ddl(estate, NODES[node], text))
}

#[track_caller]
fn on(bench: &Bench, node: usize, text: &str) {
    assert_eq!(attempt(bench, node, text), Ok(()), "{text}");
}

/// The node that the link is connected to.
fn partner(bench: &Bench) -> Option<String> {
    let session = bench.with_instance(|managed| managed.links[0].session.clone());
    session.map(|session| session.engine.host)
}

fn position(bench: &Bench, node: usize) -> u64 {
    bench.world.with(|estate| estate.engine(NODES[node]).unwrap().database("Sales").unwrap().hardened_lsn.0)
}

#[test]
fn it_follows_the_primary_without_a_new_seeding() {
    let bench = linked();
    on(&bench, 1, "ALTER AVAILABILITY GROUP AG_Sales FAILOVER");
    bench.advance(1);
    assert!(!bench.connected(), "its connection was to the other node");
    bench.advance(30);
    assert_eq!(partner(&bench).as_deref(), Some(NODES[1]));
    assert_eq!(bench.state(), "LinkSynchronizing");
    assert_eq!(bench.with_instance(|managed| managed.links[0].databases[0].seedings), 1);
    assert_eq!(bench.copy().unwrap().hardened_lsn.0, position(&bench, 1) - 1);
    // The cluster fails over, too.
    bench.world.with(|estate| estate.network.down.insert(NODES[1].into()));
    bench.advance(120);
    assert_eq!(partner(&bench).as_deref(), Some(NODES[0]));
    assert_eq!(bench.copy().unwrap().hardened_lsn.0, position(&bench, 0) - 1);
}

#[test]
fn a_distributed_group_belongs_to_the_primary_node() {
    let bench = linked();
    let held = |node: usize| {
        bench.world.with(|estate| estate.engine(NODES[node]).unwrap().group("DAG_Sales").is_some())
    };
    assert!(held(0) && held(1), "its metadata is on both");
    let modify = "ALTER AVAILABILITY GROUP DAG_Sales MODIFY AVAILABILITY GROUP ON N'AG_Sales' WITH (AVAILABILITY_MODE = \
                  SYNCHRONOUS_COMMIT)";
    assert_eq!(attempt(&bench, 1, modify), Err(41140));
    assert_eq!(attempt(&bench, 1, "DROP AVAILABILITY GROUP DAG_Sales"), Err(35251));
    bench.opposite(crate::world::assumption::STATEMENTS_ON_SECONDARIES);
    assert_eq!(attempt(&bench, 1, modify), Err(15151));
    assert_eq!(attempt(&bench, 1, "DROP AVAILABILITY GROUP DAG_Sales"), Err(15151));
    on(&bench, 0, "DROP AVAILABILITY GROUP DAG_Sales");
    bench.advance(1);
    assert!(!held(0) && !held(1));
}

#[test]
fn a_forwarder_passes_on_what_it_receives() {
    let bench = linked();
    on(&bench, 0, "ALTER AVAILABILITY GROUP DAG_Sales FAILOVER");
    bench.advance(60);
    assert!(bench.link().instance_is_primary && bench.connected());
    let source = || bench.copy().unwrap().hardened_lsn.0;
    assert_eq!([position(&bench, 0), position(&bench, 1)], [source() - 1; 2]);
    // The other node becomes the forwarder, and the instance stays primary.
    on(&bench, 1, "ALTER AVAILABILITY GROUP AG_Sales FAILOVER");
    bench.advance(60);
    assert!(bench.link().instance_is_primary && bench.connected());
    assert_eq!(partner(&bench).as_deref(), Some(NODES[1]));
    assert_eq!([position(&bench, 0), position(&bench, 1)], [source() - 1; 2]);
    let role = bench.world.with(|estate| estate.engine(NODES[1]).unwrap().group("DAG_Sales").unwrap().role);
    assert_eq!(role, Role::Secondary);
}
