//! Endpoints, and what listens.

use super::{Row, Viewer, bit, maybe, moment, number, text};
use crate::world::endpoint::{Algorithm, Endpoint, Role, State, Windows};
use crate::world::security::Securable;

/// Endpoints that every installation has: name, id, protocol. All are of T-SQL, started, and `sa`'s. ["sys.endpoints",
/// 2024; ids below 65536 are the system's]
const SYSTEM: [(&str, i32, (i32, &str)); 5] = [
    ("Dedicated Admin Connection", 1, TCP),
    ("TSQL Local Machine", 2, (4, "SHARED_MEMORY")),
    ("TSQL Named Pipes", 3, (3, "NAMED_PIPES")),
    ("TSQL Default TCP", 4, TCP),
    ("TSQL Default VIA", 5, (5, "VIA")),
];

const TCP: (i32, &str) = (2, "TCP");

fn system(viewer: &Viewer<'_>) -> Vec<(i32, Row)> {
    let row = |(name, id, (protocol, words)): &(&str, i32, (i32, &str))| {
        let row = Row::from([
            ("name", text(*name)),
            ("endpoint_id", number(*id)),
            ("principal_id", number(1)),
            ("protocol", number(*protocol)),
            ("protocol_desc", text(*words)),
            ("type", number(2)),
            ("type_desc", text("TSQL")),
            ("state", number(0)),
            ("state_desc", text("STARTED")),
            ("is_admin_endpoint", bit(*id == 1)),
            // The ports of these stand in the configuration of the network, not here.
            ("port", number(0)),
            ("is_dynamic_port", bit(true)),
        ]);
        (*protocol, row)
    };
    SYSTEM.iter().filter(|(_, id, _)| viewer.rights.sees(&Securable::Endpoint(*id))).map(row).collect()
}

pub(super) fn all(viewer: &Viewer<'_>) -> Vec<Row> {
    system(viewer).into_iter().map(|(_, row)| row).chain(mirroring(viewer)).collect()
}

pub(super) fn tcp(viewer: &Viewer<'_>) -> Vec<Row> {
    let tcp = |(protocol, row): (i32, Row)| (protocol == TCP.0).then_some(row);
    system(viewer).into_iter().filter_map(tcp).chain(mirroring(viewer)).collect()
}

/// The mirroring endpoint, with the columns of all views about it.
pub(super) fn mirroring(viewer: &Viewer<'_>) -> Vec<Row> {
    let endpoint = viewer.engine.endpoint.as_ref();
    endpoint.filter(|one| viewer.rights.sees(&Securable::Endpoint(one.id))).map(row).into_iter().collect()
}

fn row(endpoint: &Endpoint) -> Row {
    let (state, state_desc) = match endpoint.state {
        State::Started => (0, "STARTED"),
        State::Stopped => (1, "STOPPED"),
        State::Disabled => (2, "DISABLED"),
    };
    let (role, role_desc) = match endpoint.role {
        Role::Partner => (1, "PARTNER"),
        Role::Witness => (2, "WITNESS"),
        Role::All => (3, "ALL"),
    };
    let windows = endpoint.authentication.windows.map(|windows| match windows {
        Windows::Ntlm => "NTLM",
        Windows::Kerberos => "KERBEROS",
        Windows::Negotiate => "NEGOTIATE",
    });
    let certificate = endpoint.authentication.certificate.map(|_| "CERTIFICATE");
    let mut ways: Vec<&str> = windows.into_iter().chain(certificate).collect();
    if endpoint.authentication.certificate_first {
        ways.reverse();
    }
    let (algorithm, words) = match (endpoint.encryption.level, endpoint.encryption.algorithm) {
        (0, _) => (0, "NONE"),
        (1, Algorithm::Rc4) => (3, "NONE, RC4"),
        (1, Algorithm::Aes) => (4, "NONE, AES"),
        (1, Algorithm::Rc4Aes) => (7, "NONE, RC4, AES"),
        (1, Algorithm::AesRc4) => (8, "NONE, AES, RC4"),
        (_, Algorithm::Rc4) => (1, "RC4"),
        (_, Algorithm::Aes) => (2, "AES"),
        (_, Algorithm::Rc4Aes) => (5, "RC4, AES"),
        (_, Algorithm::AesRc4) => (6, "AES, RC4"),
    };
    Row::from([
        ("name", text(&endpoint.name)),
        ("endpoint_id", number(endpoint.id)),
        ("principal_id", number(endpoint.owner)),
        ("protocol", number(TCP.0)),
        ("protocol_desc", text(TCP.1)),
        ("type", number(4)),
        ("type_desc", text("DATABASE_MIRRORING")),
        ("state", number(state)),
        ("state_desc", text(state_desc)),
        ("is_admin_endpoint", bit(false)),
        ("port", number(endpoint.port)),
        ("is_dynamic_port", bit(false)),
        ("ip_address", maybe(endpoint.ip.as_ref())),
        ("role", number(role)),
        ("role_desc", text(role_desc)),
        ("is_encryption_enabled", bit(endpoint.encryption.level > 0)),
        ("connection_auth", number(endpoint.authentication.code())),
        ("connection_auth_desc", text(ways.join(", "))),
        ("certificate_id", number(endpoint.authentication.certificate.unwrap_or(0))),
        ("encryption_algorithm", number(algorithm)),
        ("encryption_algorithm_desc", text(words)),
    ])
}

/// `sys.dm_tcp_listener_states`: the engine's own port on both families of addresses, the mirroring endpoint while it
/// listens (a stopped one does, to turn connections away), the listeners of groups.
pub(super) fn listeners(viewer: &Viewer<'_>) -> Vec<Row> {
    let engine = viewer.engine;
    let mut rows = Vec::new();
    let mut add = |address: &str, port: i64, (kind, words): (i32, &str)| {
        rows.push(Row::from([
            ("listener_id", number(i32::try_from(rows.len()).unwrap_or(0) + 1)),
            ("ip_address", text(address)),
            ("is_ipv4", bit(!address.contains(':'))),
            ("port", number(port)),
            ("type", number(kind)),
            ("type_desc", text(words)),
            ("state", number(1)),
            ("state_desc", text("ONLINE")),
            ("start_time", moment(engine.started)),
        ]));
    };
    const SQL: (i32, &str) = (0, "TSQL");
    add("::", engine.port.into(), SQL);
    add("0.0.0.0", engine.port.into(), SQL);
    // The dedicated administrator connection, from this host alone.
    add("::1", 1434, SQL);
    add("127.0.0.1", 1434, SQL);
    if let Some(endpoint) = engine.endpoint.as_ref().filter(|one| one.state != State::Disabled) {
        const MIRRORING: (i32, &str) = (2, "DATABASE_MIRRORING");
        match &endpoint.ip {
            Some(ip) => add(ip, endpoint.port.into(), MIRRORING),
            None => {
                add("::", endpoint.port.into(), MIRRORING);
                add("0.0.0.0", endpoint.port.into(), MIRRORING);
            }
        }
    }
    for group in engine.groups.iter().filter(|group| group.role == crate::world::group::Role::Primary) {
        if let Some(listener) = &group.listener {
            for (address, _) in &listener.addresses {
                add(address, listener.port.into(), SQL);
            }
        }
    }
    rows
}

/// An endpoint's id by name, the system's included.
pub(crate) fn id(engine: &crate::world::instance::SqlInstance, name: &str) -> Option<i32> {
    let system = SYSTEM.iter().find(|(known, ..)| engine.same_name(known, name)).map(|(_, id, _)| *id);
    let own = || engine.endpoint.as_ref().filter(|one| engine.same_name(&one.name, name)).map(|one| one.id);
    system.or_else(own)
}
