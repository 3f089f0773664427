//! The database mirroring endpoint.

use super::{Bench, PASSWORD};
use crate::world::endpoint::{Algorithm, State, Windows};

#[test]
fn endpoint_has_the_documented_defaults() {
    let mut bench = Bench::new();
    bench.run("CREATE ENDPOINT e AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (ROLE = PARTNER)");
    let endpoint = bench.engine().endpoint.clone().unwrap();
    assert_eq!(endpoint.state, State::Stopped);
    assert_eq!(endpoint.authentication.windows, Some(Windows::Negotiate));
    assert_eq!((endpoint.encryption.level, endpoint.encryption.algorithm), (2, Algorithm::Aes));
    assert_eq!((endpoint.ip, endpoint.starts), (None, 0));
    assert!(endpoint.id >= 65_536);
}

#[test]
fn there_is_one_endpoint_of_this_type() {
    let mut bench = Bench::with_endpoint();
    bench.refused(
        "CREATE ENDPOINT e2 AS TCP (LISTENER_PORT = 5023) FOR DATABASE_MIRRORING (ROLE = ALL)",
        7862,
    );
}

#[test]
fn ports_in_use_are_refused() {
    let mut bench = Bench::new();
    bench
        .refused("CREATE ENDPOINT e AS TCP (LISTENER_PORT = 1433) FOR DATABASE_MIRRORING (ROLE = ALL)", 7874);
    let mut other = Bench::with_endpoint().estate.sql_servers.remove(0);
    other.host = "sql1-second.corp.example".to_owned();
    other.aliases.clear();
    other.port = 1434;
    bench.estate.sql_servers.push(other);
    bench
        .refused("CREATE ENDPOINT e AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (ROLE = ALL)", 7890);
    bench.run("CREATE ENDPOINT e AS TCP (LISTENER_PORT = 5023) FOR DATABASE_MIRRORING (ROLE = ALL)");
    bench.refused("ALTER ENDPOINT e AS TCP (LISTENER_PORT = 5022)", 7890);
}

#[test]
fn certificate_must_be_there_with_a_usable_key() {
    let mut bench = Bench::with_endpoint();
    let der: String = bench.engine().certificates[0].der.iter().map(|byte| format!("{byte:02X}")).collect();
    let with = |name: &str| {
        format!(
            "CREATE ENDPOINT e AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE \
             {name}, ROLE = ALL)"
        )
    };
    let mut bench = Bench::new();
    bench.refused(&with("nobody"), 15151);
    bench.run(&format!("CREATE CERTIFICATE public_only FROM BINARY = 0x{der}"));
    bench.refused(&with("public_only"), 15342);
    bench.run(&format!(
        "CREATE CERTIFICATE locked ENCRYPTION BY PASSWORD = '{PASSWORD}' WITH SUBJECT = 'locked'"
    ));
    bench.refused(&with("locked"), 15334);
}

#[test]
fn alter_keeps_what_it_does_not_mention_and_restarts() {
    let mut bench = Bench::with_endpoint();
    let before = bench.engine().endpoint.clone().unwrap();
    bench.run("CREATE CERTIFICATE next_cert WITH SUBJECT = N'next'");
    bench.run(
        "ALTER ENDPOINT [hadr] FOR DATABASE_MIRRORING (AUTHENTICATION = WINDOWS NEGOTIATE CERTIFICATE [next_cert], \
         ENCRYPTION = SUPPORTED ALGORITHM AES, ROLE = ALL)",
    );
    let after = bench.engine().endpoint.clone().unwrap();
    assert_eq!((after.port, after.state, after.id), (before.port, before.state, before.id));
    assert_eq!(after.authentication.code(), 7);
    assert_eq!(after.encryption.level, 1);
    assert_eq!(after.starts, before.starts + 1);
    bench.run("ALTER ENDPOINT hadr STATE = STOPPED");
    bench.run("ALTER ENDPOINT hadr AS TCP (LISTENER_PORT = 5024, LISTENER_IP = ('::1'))");
    let after = bench.engine().endpoint.clone().unwrap();
    assert_eq!((after.state, after.port, after.ip.as_deref()), (State::Stopped, 5024, Some("::1")));
    assert_eq!(after.authentication.code(), 7);
}

#[test]
fn an_endpoint_that_is_not_there() {
    let mut bench = Bench::new();
    bench.refused("ALTER ENDPOINT nobody STATE = STARTED", 15151);
    bench.refused("DROP ENDPOINT nobody", 15151);
    let mut bench = Bench::with_endpoint();
    bench.run("DROP ENDPOINT hadr");
    assert!(bench.engine().endpoint.is_none());
}

#[test]
fn express_is_a_witness_at_most() {
    let mut bench = Bench::new();
    bench.engine().edition = crate::world::instance::Edition::Express;
    bench
        .refused("CREATE ENDPOINT e AS TCP (LISTENER_PORT = 5022) FOR DATABASE_MIRRORING (ROLE = ALL)", 7878);
}
