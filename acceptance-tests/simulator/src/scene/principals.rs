//! The logins and grants that every installation has.
//!
//! Names: "Principals (Database Engine)" (certificate-based logins and policy logins), "Configure Windows service accounts
//! and permissions" (service accounts and their roles). ASSUMED 73: their ids.

use time::OffsetDateTime;

use crate::world::instance::{Edition, SqlInstance};
use crate::world::security::{Login, LoginOptions, Permission, Securable};

/// The first id of logins that people make.
const FIRST_OWN: i32 = 270;

/// `principal_id` of the server role `public`.
const PUBLIC: i32 = 2;

/// Adds them to an engine that has `sa` alone.
pub(super) fn install(engine: &mut SqlInstance, now: OffsetDateTime) {
    let mut add = |id: i32, kind: char, name: String, admin: bool| {
        engine.logins.push(Login {
            name,
            id,
            password: None,
            kind,
            // The policy logins are made disabled.
            enabled: kind != 'S',
            roles: if admin { vec!["sysadmin".to_owned()] } else { Vec::new() },
            options: LoginOptions::default(),
            created: now,
            modified: now,
        });
    };
    for (id, name) in [
        (101, "##MS_SQLResourceSigningCertificate##"),
        (102, "##MS_SQLReplicationSigningCertificate##"),
        (103, "##MS_SQLAuthenticatorCertificate##"),
        (105, "##MS_PolicySigningCertificate##"),
        (106, "##MS_SmoExtendedSigningCertificate##"),
        (258, "##MS_AgentSigningCertificate##"),
    ] {
        add(id, 'C', name.to_owned(), false);
    }
    add(256, 'S', "##MS_PolicyEventProcessingLogin##".to_owned(), false);
    add(257, 'S', "##MS_PolicyTsqlExecutionLogin##".to_owned(), false);
    match (engine.edition, engine.linux) {
        (Edition::Managed, _) => {}
        (_, true) => {
            add(259, 'G', r"BUILTIN\Administrators".to_owned(), true);
            add(263, 'U', r"NT AUTHORITY\SYSTEM".to_owned(), false);
            add(264, 'U', r"NT AUTHORITY\NETWORK SERVICE".to_owned(), false);
        }
        (_, false) => {
            let named = |prefix: &str, plain: &str| match &engine.instance_name {
                Some(instance) => format!(r"NT SERVICE\{prefix}${instance}"),
                None => format!(r"NT SERVICE\{plain}"),
            };
            let (own, agent, telemetry) = (
                named("MSSQL", "MSSQLSERVER"),
                named("SQLAgent", "SQLSERVERAGENT"),
                named("SQLTELEMETRY", "SQLTELEMETRY"),
            );
            add(260, 'U', r"NT SERVICE\SQLWriter".to_owned(), true);
            add(261, 'U', r"NT SERVICE\Winmgmt".to_owned(), true);
            add(262, 'U', own, true);
            add(263, 'U', r"NT AUTHORITY\SYSTEM".to_owned(), false);
            add(264, 'U', agent, true);
            add(265, 'U', telemetry, false);
        }
    }
    let grant = |grantee, name: &str, securable| Permission {
        grantee,
        name: name.to_owned(),
        securable,
        denied: false,
        grant_option: false,
        grantor: 1,
    };
    let connect = |login: &Login| grant(login.id, "CONNECT SQL", Securable::Server);
    let logins: Vec<Permission> =
        engine.logins.iter().filter(|login| login.kind != 'C').map(connect).collect();
    engine.permissions.extend(logins);
    engine.permissions.push(grant(PUBLIC, "VIEW ANY DATABASE", Securable::Server));
    // Everybody may come by every way but the administrators' own.
    engine.permissions.extend((2..=5).map(|id| grant(PUBLIC, "CONNECT", Securable::Endpoint(id))));
    engine.next_id = FIRST_OWN;
}
