//! Groups of several nodes as clients see them: through the listener, in the catalog, in what a secondary lets in.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends the test that it happened in"
)]

use std::time::Duration;

use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use milink_simulator::world::assumption;
use serde_json::json;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

const N1: &str = "n1.corp.example";
const N2: &str = "n2.corp.example";
const LISTENER: &str = "lsn.corp.example";
const PASSWORD: &str = "P4ss-word";

type Sql = Client<Compat<TcpStream>>;

/// Two nodes of a cluster with the group `AG` of `Sales`, on a clock that stands.
async fn simulator(read_only: u8) -> Simulator {
    let server = |host: &str, databases: serde_json::Value| {
        json!({
            "host": host, "version": "2022", "cluster": "WSFC1", "databases": databases,
            "logins": [{ "name": "terraform", "password": PASSWORD }],
        })
    };
    let description = json!({
        "sql_servers": [server(N1, json!([{ "name": "Sales" }])), server(N2, json!([]))],
        "availability_groups": [{
            "name": "AG", "nodes": [N1, N2], "databases": ["Sales"],
            "listener": { "dns_name": "lsn", "ip": "10.0.0.99", "port": 1444 },
        }],
    });
    let (mut estate, options) =
        Scene::new(serde_json::from_value(description).unwrap()).unwrap().into_parts();
    estate.stop_clock();
    for engine in &mut estate.sql_servers {
        engine.groups[0].replicas.iter_mut().for_each(|one| one.secondary_connections = read_only);
    }
    let simulator = Simulator::start(estate, options).await.unwrap();
    advance(&simulator, 5);
    simulator
}

fn advance(simulator: &Simulator, seconds: u64) {
    simulator.world().with(|estate| estate.clock.advance(Duration::from_secs(seconds)));
    simulator.world().with(|_| ());
}

async fn connect(simulator: &Simulator, place: &str, database: &str, intent: bool) -> tiberius::Result<Sql> {
    let mut config = Config::new();
    config.host(place.split(':').next().unwrap());
    config.database(database);
    config.readonly(intent);
    config.encryption(EncryptionLevel::Required);
    config.trust_cert_ca_bundle(simulator.ca_certificate().as_bytes());
    config.authentication(AuthMethod::sql_server("terraform", PASSWORD));
    let stream = TcpStream::connect(simulator.addresses()[place]).await.unwrap();
    Client::connect(config, stream.compat_write()).await
}

async fn node(simulator: &Simulator, host: &str) -> Sql {
    connect(simulator, &format!("{host}:1433"), "master", false).await.unwrap()
}

/// The rows of a query, each value as text.
async fn rows(client: &mut Sql, query: &str) -> Vec<String> {
    let rows = client.simple_query(query).await.unwrap().into_first_result().await.unwrap();
    rows.iter().map(|row| row.get::<&str, _>(0).unwrap_or("NULL").to_owned()).collect()
}

async fn refused(client: &mut Sql, text: &str) -> u32 {
    let answer = match client.simple_query(text).await {
        Ok(stream) => stream.into_results().await.map(|_| ()),
        Err(error) => Err(error),
    };
    answer.unwrap_err().code().unwrap()
}

#[tokio::test]
async fn a_listener_leads_to_the_primary_and_cuts_who_came_before_a_failover() {
    let simulator = simulator(2).await;
    let place = format!("{LISTENER}:1444");
    assert_eq!(simulator.addresses()[&place], simulator.addresses()["10.0.0.99:1444"]);
    let mut through = connect(&simulator, &place, "Sales", false).await.unwrap();
    assert_eq!(rows(&mut through, "SELECT @@SERVERNAME").await, ["N1"]);
    let mut direct = node(&simulator, N1).await;
    let mut second = node(&simulator, N2).await;
    second.execute("ALTER AVAILABILITY GROUP AG FAILOVER", &[]).await.unwrap();
    assert!(through.simple_query("SELECT 1").await.is_err(), "the address has moved");
    assert_eq!(rows(&mut direct, "SELECT @@SERVERNAME").await, ["N1"], "nothing happened to this one");
    let mut through = connect(&simulator, &place, "Sales", false).await.unwrap();
    assert_eq!(rows(&mut through, "SELECT @@SERVERNAME").await, ["N2"]);
    // With no primary there is nobody at its address.
    through.execute("USE master; ALTER AVAILABILITY GROUP AG OFFLINE", &[]).await.unwrap();
    assert!(connect(&simulator, &place, "master", false).await.is_err());
    simulator.shutdown().await;
}

#[tokio::test]
async fn the_catalog_of_a_group_is_the_primarys_and_each_nodes_own() {
    let simulator = simulator(2).await;
    let states = "SELECT ar.replica_server_name + ' ' + rs.role_desc + ' ' + rs.connected_state_desc + ' ' + \
                  rs.synchronization_health_desc FROM sys.dm_hadr_availability_replica_states rs JOIN \
                  sys.availability_replicas ar ON ar.replica_id = rs.replica_id ORDER BY 1";
    let databases = "SELECT ar.replica_server_name + ' ' + ds.synchronization_state_desc FROM \
                     sys.dm_hadr_database_replica_states ds JOIN sys.availability_replicas ar ON ar.replica_id = \
                     ds.replica_id ORDER BY 1";
    let joined = "SELECT ar.replica_server_name + ' ' + cs.join_state_desc + ' ' + CAST(dc.is_failover_ready AS \
                  varchar(1)) FROM sys.dm_hadr_availability_replica_cluster_states cs JOIN sys.availability_replicas \
                  ar ON ar.replica_id = cs.replica_id JOIN sys.dm_hadr_database_replica_cluster_states dc ON \
                  dc.replica_id = ar.replica_id ORDER BY 1";
    let primary = "SELECT primary_replica + ' ' + synchronization_health_desc FROM \
                   sys.dm_hadr_availability_group_states";
    let (mut first, mut second) = (node(&simulator, N1).await, node(&simulator, N2).await);
    assert_eq!(
        rows(&mut first, states).await,
        ["N1 PRIMARY CONNECTED HEALTHY", "N2 SECONDARY CONNECTED HEALTHY"]
    );
    assert_eq!(rows(&mut second, states).await, ["N2 SECONDARY CONNECTED HEALTHY"]);
    assert_eq!(rows(&mut first, databases).await, ["N1 SYNCHRONIZED", "N2 SYNCHRONIZED"]);
    assert_eq!(rows(&mut second, databases).await, ["N2 SYNCHRONIZED"]);
    for client in [&mut first, &mut second] {
        assert_eq!(rows(client, joined).await, ["N1 JOINED_STANDALONE 1", "N2 JOINED_STANDALONE 1"]);
        assert_eq!(rows(client, primary).await, ["N1 HEALTHY"]);
        let members =
            "SELECT member_name + ' ' + member_state_desc FROM sys.dm_hadr_cluster_members ORDER BY 1";
        assert_eq!(rows(client, members).await, ["File Share Witness UP", "N1 UP", "N2 UP"]);
        let listener = "SELECT l.dns_name + ' ' + ip.ip_address FROM sys.availability_group_listeners l JOIN \
                        sys.availability_group_listener_ip_addresses ip ON ip.listener_id = l.listener_id";
        assert_eq!(rows(client, listener).await, ["lsn 10.0.0.99"]);
    }
    let is_primary = "SELECT CAST(sys.fn_hadr_is_primary_replica('Sales') AS varchar(1)) + \
                      CAST(sys.fn_hadr_backup_is_preferred_replica('Sales') AS varchar(1))";
    assert_eq!(rows(&mut first, is_primary).await, ["10"]);
    assert_eq!(rows(&mut second, is_primary).await, ["01"]);

    simulator.world().with(|estate| estate.network.cut.insert((N1.into(), N2.into())));
    advance(&simulator, 30);
    assert_eq!(
        rows(&mut first, states).await,
        ["N1 PRIMARY CONNECTED HEALTHY", "N2 SECONDARY DISCONNECTED NOT_HEALTHY"]
    );
    assert_eq!(rows(&mut second, states).await, ["N2 SECONDARY DISCONNECTED NOT_HEALTHY"]);
    simulator.world().with(|estate| estate.opposites.insert(assumption::RESOLVING_NODES));
    let role = "SELECT role_desc FROM sys.dm_hadr_availability_replica_states WHERE is_local = 0";
    assert_eq!(rows(&mut first, role).await, ["NULL"]);
    simulator.world().with(|estate| estate.opposites.clear());
    assert_eq!(rows(&mut first, databases).await, ["N1 SYNCHRONIZED", "N2 NOT SYNCHRONIZING"]);
    assert_eq!(rows(&mut first, primary).await, ["N1 PARTIALLY_HEALTHY"]);
    let error = "SELECT CAST(last_connect_error_number AS varchar(10)) FROM \
                 sys.dm_hadr_availability_replica_states WHERE is_local = 0";
    assert_eq!(rows(&mut first, error).await, ["10060"]);
    assert_eq!(rows(&mut first, is_primary).await, ["11"], "no secondary is there to take backups");
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_secondary_lets_in_whom_it_may() {
    for (setting, intent, number) in [(0, true, 976), (1, false, 978)] {
        let simulator = simulator(setting).await;
        let mut second = node(&simulator, N2).await;
        assert_eq!(refused(&mut second, "USE Sales").await, 976 + u32::from(setting) * 2);
        assert_eq!(
            refused(&mut second, "SELECT name FROM Sales.sys.database_files").await,
            976 + u32::from(setting) * 2
        );
        let error = connect(&simulator, &format!("{N2}:1433"), "Sales", intent).await.err().unwrap();
        assert_eq!(error.code(), Some(number), "{error}");
        simulator.shutdown().await;
    }
    let simulator = simulator(1).await;
    let mut reader = connect(&simulator, &format!("{N2}:1433"), "Sales", true).await.unwrap();
    assert_eq!(rows(&mut reader, "SELECT DB_NAME()").await, ["Sales"]);
    simulator.shutdown().await;
}

/// How a client that goes through the listener ends: where it is, where it is sent, or with which error.
async fn ends(simulator: &Simulator, place: &str, intent: bool) -> String {
    match connect(simulator, place, "Sales", intent).await {
        Ok(mut client) => rows(&mut client, "SELECT @@SERVERNAME").await.remove(0),
        Err(tiberius::error::Error::Routing { host, port }) => format!("{host}:{port}"),
        Err(error) => error.code().unwrap_or_else(|| panic!("{error}")).to_string(),
    }
}

#[tokio::test]
async fn who_only_reads_is_sent_from_the_listener_to_a_secondary() {
    let simulator = simulator(1).await;
    let place = format!("{LISTENER}:1444");
    let mut first = node(&simulator, N1).await;
    let modify = |server: &str, option: &str| {
        format!("ALTER AVAILABILITY GROUP AG MODIFY REPLICA ON N'{server}' WITH ({option})")
    };
    assert_eq!(ends(&simulator, &place, true).await, "N1", "there is no list");
    for (server, host) in [("N1", N1), ("N2", N2)] {
        let url = format!("SECONDARY_ROLE (READ_ONLY_ROUTING_URL = N'TCP://{host}:1433')");
        first.execute(modify(server, &url), &[]).await.unwrap();
    }
    let list = |list: &str| modify("N1", &format!("PRIMARY_ROLE (READ_ONLY_ROUTING_LIST = ({list}))"));
    first.execute(list("N'N2'"), &[]).await.unwrap();
    assert_eq!(ends(&simulator, &place, true).await, format!("{N2}:1433"));
    assert_eq!(ends(&simulator, &format!("{N2}:1433"), true).await, "N2", "and is let in there");
    assert_eq!(ends(&simulator, &place, false).await, "N1");
    assert_eq!(ends(&simulator, &format!("{N1}:1433"), true).await, "N1", "who dials a server stays there");
    let lists = "SELECT o.replica_server_name + ' ' + CAST(l.routing_priority AS varchar(9)) + ' ' + \
                 t.replica_server_name FROM sys.availability_read_only_routing_lists l JOIN \
                 sys.availability_replicas o ON o.replica_id = l.replica_id JOIN sys.availability_replicas t ON \
                 t.replica_id = l.read_only_replica_id ORDER BY 1";
    assert_eq!(rows(&mut first, lists).await, ["N1 1 N2"]);

    // Also where the primary takes nobody who only reads.
    first.execute(modify("N1", "PRIMARY_ROLE (ALLOW_CONNECTIONS = READ_WRITE)"), &[]).await.unwrap();
    assert_eq!(ends(&simulator, &place, true).await, format!("{N2}:1433"));
    assert_eq!(ends(&simulator, &format!("{N1}:1433"), true).await, "979");
    first.execute(modify("N1", "PRIMARY_ROLE (ALLOW_CONNECTIONS = ALL)"), &[]).await.unwrap();

    simulator.world().with(|estate| estate.network.cut_between(N1, N2));
    advance(&simulator, 30);
    assert_eq!(ends(&simulator, &place, true).await, "982");
    simulator.world().with(|estate| estate.opposites.insert(assumption::NOBODY_TO_READ));
    assert_eq!(ends(&simulator, &place, true).await, "N1");
    simulator.world().with(|estate| estate.opposites.clear());
    first.execute(list("N'N2', N'N1'"), &[]).await.unwrap();
    assert_eq!(ends(&simulator, &place, true).await, format!("{N1}:1433"));
    first.execute(list("NONE"), &[]).await.unwrap();
    assert_eq!(ends(&simulator, &place, true).await, "N1");
    simulator.shutdown().await;
}

#[tokio::test]
async fn who_may_write_is_sent_from_a_secondary_to_the_primary() {
    const WAY: &str = "ALTER AVAILABILITY GROUP AG MODIFY REPLICA ON N'N1' WITH (PRIMARY_ROLE (READ_WRITE_ROUTING_URL = \
                       N'TCP://n1.corp.example:1433'))";
    let place = format!("{N2}:1433");
    for (connections, refused) in [(0, "976"), (1, "978")] {
        let simulator = simulator(connections).await;
        node(&simulator, N1).await.execute(WAY, &[]).await.unwrap();
        advance(&simulator, 1);
        assert_eq!(ends(&simulator, &place, false).await, refused);
        simulator.shutdown().await;
    }
    let simulator = simulator(2).await;
    assert_eq!(ends(&simulator, &place, false).await, "N2", "nobody says where");
    node(&simulator, N1).await.execute(WAY, &[]).await.unwrap();
    advance(&simulator, 1);
    assert_eq!(ends(&simulator, &place, false).await, format!("{N1}:1433"));
    assert_eq!(ends(&simulator, &place, true).await, "N2", "who only reads stays");
    assert_eq!(ends(&simulator, &format!("{N1}:1433"), false).await, "N1");
    assert!(connect(&simulator, &place, "master", false).await.is_ok(), "no database of the group");
    let build = |build: &str| {
        let build = build.parse().unwrap();
        simulator.world().with(|estate| estate.sql_servers[1].build = build);
    };
    build("14.0.3490.10");
    assert_eq!(ends(&simulator, &place, false).await, "N2", "2017 routes nobody so");
    build("16.0.4125.3");
    simulator.world().with(|estate| estate.network.cut_between(N1, N2));
    advance(&simulator, 30);
    assert_eq!(ends(&simulator, &place, false).await, "N2");
    simulator.world().with(|estate| estate.opposites.insert(assumption::ROUTE_TO_LOST_PRIMARY));
    assert_eq!(ends(&simulator, &place, false).await, format!("{N1}:1433"));
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_listener_that_a_statement_makes_is_served_and_told() {
    let simulator = simulator(2).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rehearsal.json");
    simulator.write_rehearsal_file(&file).unwrap();
    let mut first = node(&simulator, N1).await;
    first.execute("ALTER AVAILABILITY GROUP AG REMOVE LISTENER N'lsn'", &[]).await.unwrap();
    assert!(connect(&simulator, &format!("{LISTENER}:1444"), "master", false).await.is_err());
    let listener = "ALTER AVAILABILITY GROUP AG ADD LISTENER N'new' (WITH IP ((N'10.0.0.98', N'255.255.255.0')), \
                    PORT = 1555)";
    first.execute(listener, &[]).await.unwrap();
    for place in ["new.corp.example:1555", "new:1555", "10.0.0.98:1555"] {
        let address = simulator.address_of(place).await.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(told["addresses"][place], address.to_string());
        assert!(told["server_name"].is_string());
        assert_eq!(ends(&simulator, place, false).await, "N1");
    }
    first.execute("ALTER AVAILABILITY GROUP AG MODIFY LISTENER N'new' (PORT = 1556)", &[]).await.unwrap();
    simulator.address_of("new:1556").await.unwrap();
    assert_eq!(ends(&simulator, "new:1556", false).await, "N1");
    assert!(connect(&simulator, "new:1555", "master", false).await.is_err(), "nobody listens there now");
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_failover_ends_the_sessions_in_the_old_primarys_databases() {
    let simulator = simulator(2).await;
    let mut inside = connect(&simulator, &format!("{N1}:1433"), "Sales", false).await.unwrap();
    let mut went = node(&simulator, N1).await;
    went.simple_query("USE Sales").await.unwrap().into_results().await.unwrap();
    let mut reader = connect(&simulator, &format!("{N2}:1433"), "Sales", false).await.unwrap();
    let (mut beside, mut second) = (node(&simulator, N1).await, node(&simulator, N2).await);
    second.execute("ALTER AVAILABILITY GROUP AG FAILOVER", &[]).await.unwrap();
    for client in [&mut inside, &mut went] {
        assert!(client.simple_query("SELECT 1").await.is_err());
    }
    for client in [&mut beside, &mut reader] {
        assert_eq!(rows(client, "SELECT 'here'").await, ["here"]);
    }
    simulator.shutdown().await;
}
