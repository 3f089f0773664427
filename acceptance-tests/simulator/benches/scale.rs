//! How the simulator bears a large estate: 1,000 databases on one SQL Server, half of them in links to one instance.
//!
//! `cargo bench -p milink-simulator --bench scale` sets the links up over T-SQL and the ARM backend, waits until all
//! replicate, and then prints how long each catalog view takes on either side, read whole over TDS, how long what
//! documentation and tools ask about links takes, and the list of links, and the memory of the process, simulator and
//! client together. Targets: nothing over 50 ms, less than 500 MB resident. With `--profile dev` it measures what tests run. It only measures: whether a number is good depends
//! on the machine.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool that measures and may stop at the first surprise"
)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use milink_simulator::arm::backend::{Backend as _, LinkRequest};
use milink_simulator::arm::path::InstancePath;
use milink_simulator::scene::Scene;
use milink_simulator::simulator::Simulator;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

/// Databases of the SQL Server.
const DATABASES: usize = 1000;
/// Links to the instance, one database each.
const LINKS: usize = 500;
/// How often each query is asked; the first time is not counted.
const RUNS: usize = 6;

const HOST: &str = "sql1.corp.example";
const INSTANCE: &str = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi";

type Session = Client<Compat<TcpStream>>;

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    // Cargo asks benchmarks that are run as tests for their list.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let begun = Instant::now();
    let scene = Scene::new(serde_json::from_value(description()).unwrap()).unwrap();
    let password = scene.variables["sql_password"].clone();
    let instance_password = scene.variables["instance_password"].clone();
    let (mut estate, options) = scene.into_parts();
    estate.stop_clock();
    let simulator = Simulator::start(estate, options).await.unwrap();
    println!("start                                    {:9.1} ms", milliseconds(begun.elapsed()));

    let begun = Instant::now();
    let mut sql = connect(&simulator, HOST, ("terraform", &password)).await;
    link(&simulator, &mut sql).await;
    println!("{LINKS} links set up                        {:9.1} ms", milliseconds(begun.elapsed()));

    let begun = Instant::now();
    let mut jumps = 0;
    while !all_replicate(&simulator) {
        jumps += 1;
        assert!(jumps < 1000, "not all links came to replicate");
        advance(&simulator, 60);
    }
    println!("all seeded, in {jumps:3} jumps of a minute     {:9.1} ms", milliseconds(begun.elapsed()));
    let begun = Instant::now();
    advance(&simulator, 6 * 24 * 3600);
    println!("a jump of six days                       {:9.1} ms", milliseconds(begun.elapsed()));

    let begun = Instant::now();
    let links = simulator.world().links(&path()).len();
    println!("{links} links listed                        {:9.1} ms", milliseconds(begun.elapsed()));

    views("SQL Server", &simulator, &mut sql).await;
    let fqdn = simulator.world().instance(&path()).unwrap().fqdn;
    let mut instance = connect(&simulator, &fqdn, ("monitor", &instance_password)).await;
    views("managed instance", &simulator, &mut instance).await;
    match resident() {
        Some(bytes) => println!("resident                                 {:9.1} MB", megabytes(bytes)),
        None => {
            println!("resident                                   unknown: read from /proc, which is not here")
        }
    }
}

fn description() -> serde_json::Value {
    let databases: Vec<_> =
        (0..DATABASES).map(|number| serde_json::json!({ "name": name(number) })).collect();
    serde_json::json!({
        "sql_servers": [{
            "host": HOST,
            "aliases": ["10.0.0.4"],
            "version": "2022",
            "logins": [{ "name": "terraform", "password_variable": "sql_password" }],
            "databases": databases,
        }],
        "managed_instances": [{
            "id": INSTANCE,
            "location": "westeurope",
            // The others take 100 databases.
            "tier": "GeneralPurpose",
            "next_generation": true,
            "update_policy": "SQLServer2022",
            "logins": [{ "name": "monitor", "password_variable": "instance_password" }],
        }],
    })
}

fn name(number: usize) -> String {
    format!("Sales{number:04}")
}

fn path() -> InstancePath {
    let mut parts = INSTANCE.split('/').skip(2).step_by(2);
    let mut part = || parts.next().unwrap().to_owned();
    let (subscription, group) = (part(), part());
    let _provider = part();
    InstancePath { subscription, group, name: INSTANCE.rsplit('/').next().unwrap().to_owned() }
}

async fn connect(simulator: &Simulator, host: &str, (user, password): (&str, &str)) -> Session {
    let address = simulator.addresses()[&format!("{}:1433", host.to_ascii_lowercase())];
    let mut config = Config::new();
    config.host(host);
    config.authentication(AuthMethod::sql_server(user, password));
    config.encryption(EncryptionLevel::Required);
    config.trust_cert();
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    Client::connect(config, stream.compat_write()).await.unwrap()
}

async fn execute(session: &mut Session, text: &str) {
    session.simple_query(text).await.unwrap().into_results().await.unwrap();
}

/// Trust both ways, and every link with its groups.
async fn link(simulator: &Simulator, sql: &mut Session) {
    let world = simulator.world();
    let own = &world.endpoint_certificates(&path())[0];
    let root = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .find(|root| contains(root.as_ref(), b"DigiCert Global Root G2"))
        .unwrap();
    let fqdn = world.instance(&path()).unwrap().fqdn;
    let endpoint = "CREATE ENDPOINT [hadr] STATE = STARTED AS TCP (LISTENER_PORT = 5022, LISTENER_IP = ALL) FOR \
                    DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE [endpoint_cert], ENCRYPTION = REQUIRED ALGORITHM \
                    AES, ROLE = ALL)";
    for text in [
        "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Str0ng and long!'",
        "CREATE CERTIFICATE endpoint_cert WITH SUBJECT = N'SQL1', EXPIRY_DATE = '20990101'",
        endpoint,
        &format!("CREATE CERTIFICATE [{fqdn}] FROM BINARY = {}", hex(&own.der)),
        &format!("CREATE CERTIFICATE [DigiCertPKI] FROM BINARY = {}", hex(root.as_ref())),
        "DECLARE @id int = CERT_ID('DigiCertPKI'); EXEC sp_certificate_add_issuer @id, N'*.database.windows.net'",
    ] {
        execute(sql, text).await;
    }
    let public = world.with(|estate| {
        let mine =
            estate.sql_servers[0].certificates.iter().find(|certificate| certificate.name == "endpoint_cert");
        mine.unwrap().der.clone()
    });
    world.upload_trust_certificate(&path(), "endpoint_cert", public).unwrap();
    advance(simulator, 60);

    let how = "AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC";
    for number in 0..LINKS {
        let database = name(number);
        let text = format!(
            "CREATE AVAILABILITY GROUP [AG_{database}] WITH (CLUSTER_TYPE = NONE) FOR DATABASE [{database}] REPLICA ON \
             N'SQL1' WITH (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE \
             = MANUAL, SEEDING_MODE = AUTOMATIC)"
        );
        execute(sql, &text).await;
        let text = format!(
            "CREATE AVAILABILITY GROUP [DAG_{database}] WITH (DISTRIBUTED) AVAILABILITY GROUP ON N'AG_{database}' WITH \
             (LISTENER_URL = N'TCP://10.0.0.4:5022', {how}), N'MI_{database}' WITH (LISTENER_URL = \
             N'tcp://{fqdn}:5022;Server=[mi]', {how})"
        );
        execute(sql, &text).await;
        let request = LinkRequest {
            databases: vec![database.clone()],
            instance_group: format!("MI_{database}"),
            partner_group: format!("AG_{database}"),
            partner_endpoint: "TCP://10.0.0.4:5022".to_owned(),
            instance_is_primary: false,
            failover_mode: None,
            seeding_mode: "Automatic".to_owned(),
            multi_database: false,
        };
        world.create_link(&path(), &format!("DAG_{database}"), request).unwrap();
    }
}

fn all_replicate(simulator: &Simulator) -> bool {
    let links = simulator.world().links(&path());
    links.len() == LINKS
        && links.iter().all(|link| link.databases.iter().all(|one| one.state == "LinkSynchronizing"))
}

fn advance(simulator: &Simulator, seconds: u64) {
    simulator.world().with(|estate| estate.clock.advance(Duration::from_secs(seconds)));
    simulator.world().with(|_| ());
}

/// What documentation and tools ask about links, as people and monitoring ask it: of all links, and of one.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "groups with their replicas",
        "SELECT g.name, g.group_id, g.is_distributed, r.replica_server_name, r.endpoint_url, r.availability_mode, \
         r.failover_mode, r.seeding_mode, CASE WHEN g.is_distributed = 1 AND COUNT(*) OVER (PARTITION BY g.group_id) = 2 \
         AND SUM(CASE WHEN r.endpoint_url LIKE '%Server=%' THEN 1 ELSE 0 END) OVER (PARTITION BY g.group_id) = 1 \
         THEN 1 ELSE 0 END AS is_link \
         FROM sys.availability_groups g JOIN sys.availability_replicas r ON r.group_id = g.group_id",
    ),
    (
        "health of all links",
        "SELECT g.name, s.role_desc, s.synchronization_health_desc, s.last_connect_error_number \
         FROM sys.availability_groups g JOIN sys.dm_hadr_availability_replica_states s ON s.group_id = g.group_id \
         WHERE g.is_distributed = 1",
    ),
    (
        "databases of all links",
        "SELECT g.name, d.name, x.synchronization_state_desc, x.last_hardened_lsn, x.log_send_queue_size \
         FROM sys.dm_hadr_database_replica_states x JOIN sys.availability_groups g ON g.group_id = x.group_id \
         JOIN sys.databases d ON d.database_id = x.database_id WHERE g.is_distributed = 1 AND x.is_local = 0",
    ),
    (
        "one link",
        "SELECT r.replica_server_name, s.is_local, s.role, s.connected_state, s.synchronization_health \
         FROM sys.availability_groups g JOIN sys.availability_replicas r ON r.group_id = g.group_id \
         LEFT JOIN sys.dm_hadr_availability_replica_states s ON s.replica_id = r.replica_id WHERE g.name = N'DAG_Sales0007'",
    ),
    (
        "seedings of one link",
        "SELECT a.is_source, a.current_state, a.failure_state, p.transferred_size_bytes \
         FROM sys.dm_hadr_automatic_seeding a LEFT JOIN sys.dm_hadr_physical_seeding_stats p \
         ON p.local_physical_seeding_id = a.operation_id \
         WHERE a.ag_id = (SELECT group_id FROM sys.availability_groups WHERE name = N'DAG_Sales0007')",
    ),
    (
        "facts of one database",
        "SELECT d.database_id, d.state, d.recovery_model, d.is_encrypted, \
         (SELECT COUNT(*) FROM sys.master_files f WHERE f.database_id = d.database_id AND f.type = 1) AS log_files, \
         (SELECT MAX(b.backup_finish_date) FROM msdb.dbo.backupset b \
         WHERE b.database_name = d.name AND b.type = 'D' AND b.is_copy_only = 0) AS last_full \
         FROM sys.databases d WHERE d.name = N'Sales0007'",
    ),
    (
        "the endpoint and its certificate",
        "SELECT e.name, e.state, e.role, c.name, c.expiry_date, t.port FROM sys.database_mirroring_endpoints e \
         JOIN sys.tcp_endpoints t ON t.endpoint_id = e.endpoint_id \
         LEFT JOIN master.sys.certificates c ON c.certificate_id = e.certificate_id",
    ),
];

/// Every system view, read whole, and the questions; of each kind the slowest are printed.
async fn views(of: &str, simulator: &Simulator, session: &mut Session) {
    let text = "SELECT SCHEMA_NAME(schema_id) + N'.' + name FROM sys.all_objects WHERE type = 'V' AND is_ms_shipped = 1";
    let rows = session.simple_query(text).await.unwrap().into_first_result().await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.get::<&str, _>(0).unwrap().to_owned()).collect();
    let views = names.into_iter().map(|view| (format!("SELECT * FROM {view}"), view)).collect();
    measure(&format!("{of}: views"), views, simulator, session).await;
    let questions = QUESTIONS.iter().map(|(name, text)| ((*text).to_owned(), (*name).to_owned())).collect();
    measure(&format!("{of}: questions about links"), questions, simulator, session).await;
}

/// Asks each query over TDS, a second of world time after the query before.
async fn measure(title: &str, queries: Vec<(String, String)>, simulator: &Simulator, session: &mut Session) {
    let mut times = Vec::new();
    for (text, name) in queries {
        let (mut took, mut count) = (Vec::new(), 0);
        for _ in 0..RUNS {
            advance(simulator, 1);
            let begun = Instant::now();
            let rows = session.simple_query(text.as_str()).await.unwrap().into_first_result().await.unwrap();
            took.push(begun.elapsed());
            count = rows.len();
        }
        took.remove(0);
        took.sort_unstable();
        times.push((took[took.len() / 2], took[took.len() - 1], count, name));
    }
    times.sort_unstable_by(|one, other| other.cmp(one));
    println!("\n{:47} {:>11} {:>11} {:>6}", format!("{title}, {}", times.len()), "median", "worst", "rows");
    for (median, worst, rows, name) in times.iter().take(8) {
        println!("  {name:45} {:8.1} ms {:8.1} ms {rows:6}", milliseconds(*median), milliseconds(*worst));
    }
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("0x"), |mut text, byte| {
        write!(text, "{byte:02X}").unwrap();
        text
    })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Peak resident memory of this process, bytes; Linux alone tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
