//! The world as JSON: what there is, in the words of the servers' own catalogues and of ARM.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::rehearsal::status::{Half, LinkStatus, links as link_states};
use crate::world::Estate;
use crate::world::endpoint::{Endpoint, State};
use crate::world::group::{AvailabilityGroup, Role};
use crate::world::instance::{Edition, SqlInstance};
use crate::world::managed::ManagedInstance;
use crate::world::security::Certificate;
use crate::world::transport::Suites;
use crate::world::x509;

/// Everything.
pub(super) fn world(estate: &Estate) -> Value {
    json!({
        "clock": clock(estate),
        "sql_servers": estate.sql_servers.iter().map(|engine| sql_server(estate, engine)).collect::<Vec<_>>(),
        "managed_instances": estate.managed_instances.iter().map(|one| managed(estate, one)).collect::<Vec<_>>(),
        "links": links(estate),
        "network": {
            "down": estate.network.down,
            "cut": estate.network.cut,
            "blocked": estate.network.blocked,
            "slow": estate.network.slow.iter().map(|((one, other), blocks)| json!({
                "sites": [one, other], "blocks_per_second": blocks,
            })).collect::<Vec<_>>(),
        },
        "opposites": estate.opposites,
    })
}

/// The clock.
pub(super) fn clock(estate: &Estate) -> Value {
    json!({ "now": moment(estate.clock.now()), "speed": estate.clock.speed() })
}

/// How the links stand, both halves as each side itself sees them.
pub(super) fn links(estate: &Estate) -> Value {
    link_states(estate).iter().map(link).collect()
}

fn link(link: &LinkStatus) -> Value {
    let half = |half: &Option<Half>| {
        half.as_ref().map(|half| {
            json!({
                "host": half.host,
                "group": half.group,
                "role": half.role,
                "state": half.state,
            })
        })
    };
    let database = |one: &crate::rehearsal::status::DatabaseStatus| json!({ "name": one.name, "seeded_percent": one.seeded, "seedings": one.seedings, "error": one.error });
    json!({
        "name": link.name,
        "sql_server": half(&link.sql_server),
        "managed_instance": half(&link.managed_instance),
        "databases": link.databases.iter().map(database).collect::<Vec<_>>(),
    })
}

fn sql_server(estate: &Estate, engine: &SqlInstance) -> Value {
    let mut value = shared(estate, engine);
    let own = json!({
        "aliases": engine.aliases,
        "port": engine.port,
        "version": engine.build.year(),
        "build": engine.build.to_string(),
        "edition": match engine.edition {
            Edition::Enterprise => "enterprise",
            Edition::Developer => "developer",
            Edition::Standard => "standard",
            Edition::Express => "express",
            Edition::Managed => "managed",
        },
        "os": if engine.linux { "linux" } else { "windows" },
        "hadr_enabled": engine.hadr_enabled,
        "browser": estate.browser_runs(&engine.host),
        "hidden": engine.transport.hidden,
        "cipher_suites": match engine.transport.suites {
            Suites::Current => "current",
            Suites::Cbc => "cbc",
        },
        "cluster": engine.cluster,
        "clock_skew_seconds": engine.clock_skew,
        "master_key": engine.master_key.is_some(),
    });
    merge(&mut value, own);
    value
}

fn managed(estate: &Estate, managed: &ManagedInstance) -> Value {
    let mut value = shared(estate, &managed.engine);
    let view = &managed.view;
    let trusted = managed.trust_certificates.iter().map(|one| {
        let read = x509::read(&one.name, &one.der);
        json!({
            "name": one.name,
            "thumbprint": read.as_ref().map(|read| hex(&read.thumbprint)),
            "not_after": read.map(|read| moment(read.not_after)),
        })
    });
    let own = json!({
        "id": view.path.id(),
        "location": view.location,
        "tier": view.tier,
        "update_policy": view.database_format,
        "state": view.state,
        "trust_certificates": trusted.collect::<Vec<_>>(),
    });
    merge(&mut value, own);
    value
}

/// What every engine has.
fn shared(estate: &Estate, engine: &SqlInstance) -> Value {
    let databases = engine.databases.iter().filter(|one| one.id > 4).map(|one| {
        json!({
            "name": one.name,
            "state": one.state.code().1,
            "size_bytes": one.size,
            "group": one.group,
            "secondary": engine.is_secondary(one),
            "hardened_lsn": one.hardened_lsn.numeric().to_string(),
            "log_used_percent": one.log_used(),
            "log_full": one.log_is_full(),
        })
    });
    let logins = engine
        .logins
        .iter()
        .filter(|login| !login.name.starts_with("##"))
        .map(|login| json!({ "name": login.name, "enabled": login.enabled, "roles": login.roles }));
    json!({
        "server": engine.key().to_string(),
        "server_name": engine.server_name(),
        "collation": engine.collation,
        "up": !estate.network.down.contains(&engine.host),
        "databases": databases.collect::<Vec<_>>(),
        "logins": logins.collect::<Vec<_>>(),
        "certificates": engine.certificates.iter().map(certificate).collect::<Vec<_>>(),
        "endpoint": engine.endpoint.as_ref().map(|one| endpoint(engine, one)),
        "groups": engine.groups.iter().map(group).collect::<Vec<_>>(),
    })
}

fn certificate(one: &Certificate) -> Value {
    json!({
        "name": one.name,
        "subject": one.subject,
        "thumbprint": hex(&one.thumbprint),
        "not_before": moment(one.not_before),
        "not_after": moment(one.not_after),
        "private_key": !one.key.is_empty(),
    })
}

fn endpoint(engine: &SqlInstance, one: &Endpoint) -> Value {
    let certificate = one.authentication.certificate.and_then(|id| engine.certificate_by_id(id));
    json!({
        "name": one.name,
        "port": one.port,
        "state": match one.state {
            State::Started => "STARTED",
            State::Stopped => "STOPPED",
            State::Disabled => "DISABLED",
        },
        "certificate": certificate.map(|one| &one.name),
    })
}

fn group(one: &AvailabilityGroup) -> Value {
    json!({
        "name": one.name,
        "distributed": one.distributed,
        "role": match one.role {
            Role::Primary => "PRIMARY",
            Role::Secondary => "SECONDARY",
            Role::Resolving => "RESOLVING",
        },
        "databases": one.databases,
        "replicas": one.replicas.iter().map(|replica| &replica.server_name).collect::<Vec<_>>(),
        "connected": one.distributed.then_some(one.link.connected),
    })
}

fn merge(value: &mut Value, more: Value) {
    if let (Value::Object(members), Value::Object(more)) = (value, more) {
        members.extend(more);
    }
}

fn moment(at: OffsetDateTime) -> String {
    // Whole seconds: what the simulator counts in.
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
