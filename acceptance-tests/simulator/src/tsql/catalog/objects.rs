//! Keys, certificates, endpoints, principals and permissions.

use rusqlite::types::Value;

use super::{Row, Viewer, bit, guid, maybe, moment, number, text};
use crate::world::endpoint::{Algorithm, Role, State, Windows};
use crate::world::security::{PrivateKeyProtection, Securable};

/// Certificates are kept in `master` only.
pub(super) fn certificates(viewer: Viewer<'_>) -> Vec<Row> {
    if viewer.database != "master" || !viewer.definitions {
        return Vec::new();
    }
    let row = |certificate: &crate::world::security::Certificate| {
        let (kind, description) = match certificate.private_key {
            PrivateKeyProtection::None => ("NA", "NO_PRIVATE_KEY"),
            PrivateKeyProtection::MasterKey => ("MK", "ENCRYPTED_BY_MASTER_KEY"),
            PrivateKeyProtection::Password => ("PW", "ENCRYPTED_BY_PASSWORD"),
            PrivateKeyProtection::ServiceMasterKey => ("SK", "ENCRYPTED_BY_SERVICE_MASTER_KEY"),
        };
        Row::from([
            ("name", text(&certificate.name)),
            ("certificate_id", number(certificate.id)),
            ("principal_id", number(certificate.owner)),
            ("pvt_key_encryption_type", text(kind)),
            ("pvt_key_encryption_type_desc", text(description)),
            ("is_active_for_begin_dialog", bit(certificate.active_for_begin_dialog)),
            ("issuer_name", text(&certificate.issuer)),
            ("cert_serial_number", text(&certificate.serial)),
            ("subject", text(&certificate.subject)),
            ("expiry_date", moment(certificate.not_after)),
            ("start_date", moment(certificate.not_before)),
            ("thumbprint", Value::Blob(certificate.thumbprint.clone())),
            ("pvt_key_last_backup_date", certificate.last_backup.map_or(Value::Null, moment)),
            ("key_length", number(certificate.key_length)),
        ])
    };
    viewer.engine.certificates.iter().map(row).collect()
}

pub(super) fn symmetric_keys(viewer: Viewer<'_>) -> Vec<Row> {
    let in_master = viewer.database == "master";
    let Some(key) = viewer.engine.master_key.as_ref().filter(|_| in_master && viewer.definitions) else {
        return Vec::new();
    };
    vec![Row::from([
        ("name", text("##MS_DatabaseMasterKey##")),
        ("principal_id", number(1)),
        ("symmetric_key_id", number(101)),
        ("key_length", number(256)),
        ("key_algorithm", text("A3")),
        ("algorithm_desc", text("AES_256")),
        ("create_date", moment(key.created)),
        ("modify_date", moment(key.modified)),
        ("key_guid", guid(&key.guid)),
    ])]
}

/// The endpoint, with the columns of all three views about it.
pub(super) fn endpoints(viewer: Viewer<'_>) -> Vec<Row> {
    let Some(endpoint) = viewer.engine.endpoint.as_ref().filter(|_| viewer.definitions) else {
        return Vec::new();
    };
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
    vec![Row::from([
        ("name", text(&endpoint.name)),
        ("endpoint_id", number(endpoint.id)),
        ("principal_id", number(endpoint.owner)),
        ("protocol", number(2)),
        ("protocol_desc", text("TCP")),
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
    ])]
}

pub(super) fn principals(viewer: Viewer<'_>) -> Vec<Row> {
    let logins = viewer.engine.logins.iter().map(|login| {
        let description = match login.kind {
            'U' => "WINDOWS_LOGIN",
            'E' => "EXTERNAL_LOGIN",
            'C' => "CERTIFICATE_MAPPED_LOGIN",
            _ => "SQL_LOGIN",
        };
        Row::from([
            ("name", text(&login.name)),
            ("principal_id", number(login.id)),
            ("type", text(login.kind.to_string())),
            ("type_desc", text(description)),
            ("is_disabled", bit(!login.enabled)),
            ("create_date", moment(login.created)),
            ("modify_date", moment(login.created)),
            ("default_database_name", text("master")),
            ("is_fixed_role", bit(false)),
        ])
    });
    let roles = ROLES.iter().map(|(name, id)| {
        Row::from([
            ("name", text(*name)),
            ("principal_id", number(*id)),
            ("type", text("R")),
            ("type_desc", text("SERVER_ROLE")),
            ("is_disabled", bit(false)),
            ("create_date", moment(viewer.engine.started)),
            ("modify_date", moment(viewer.engine.started)),
            ("is_fixed_role", bit(true)),
        ])
    });
    logins.chain(roles).collect()
}

/// Fixed server roles with their ids.
const ROLES: [(&str, i32); 8] = [
    ("sysadmin", 3),
    ("securityadmin", 4),
    ("serveradmin", 5),
    ("setupadmin", 6),
    ("processadmin", 7),
    ("diskadmin", 8),
    ("dbcreator", 9),
    ("bulkadmin", 10),
];

pub(super) fn role_members(viewer: Viewer<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for login in &viewer.engine.logins {
        for role in &login.roles {
            if let Some((_, id)) = ROLES.iter().find(|(name, _)| name == role) {
                rows.push(Row::from([
                    ("role_principal_id", number(*id)),
                    ("member_principal_id", number(login.id)),
                ]));
            }
        }
    }
    rows
}

pub(super) fn permissions(viewer: Viewer<'_>) -> Vec<Row> {
    let row = |permission: &crate::world::security::Permission| {
        let (class, description, major) = match &permission.securable {
            Securable::Server => (100, "SERVER", 0),
            Securable::Endpoint(id) => (105, "ENDPOINT", *id),
            Securable::Login(id) => (101, "SERVER_PRINCIPAL", *id),
            Securable::Group(_) => (108, "AVAILABILITY_GROUP", 0),
            Securable::Certificate(id) => (25, "CERTIFICATE", *id),
        };
        let (state, state_desc) = match (permission.denied, permission.grant_option) {
            (true, _) => ("D", "DENY"),
            (false, true) => ("W", "GRANT_WITH_GRANT_OPTION"),
            (false, false) => ("G", "GRANT"),
        };
        Row::from([
            ("class", number(class)),
            ("class_desc", text(description)),
            ("major_id", number(major)),
            ("minor_id", number(0)),
            ("grantee_principal_id", number(permission.grantee)),
            ("grantor_principal_id", number(1)),
            ("permission_name", text(&permission.name)),
            ("state", text(state)),
            ("state_desc", text(state_desc)),
        ])
    };
    viewer.engine.permissions.iter().map(row).collect()
}

pub(super) fn configurations(viewer: Viewer<'_>) -> Vec<Row> {
    let row = |(place, (name, value)): (usize, (&String, &i64))| {
        Row::from([
            ("configuration_id", number(1500 + i32::try_from(place).unwrap_or(0))),
            ("name", text(name)),
            ("value", number(*value)),
            ("value_in_use", number(*value)),
            ("description", text(name)),
            ("is_dynamic", bit(true)),
            ("is_advanced", bit(false)),
        ])
    };
    viewer.engine.configuration.iter().enumerate().map(row).collect()
}

pub(super) fn host_info(viewer: Viewer<'_>) -> Vec<Row> {
    let (platform, distribution, release) = if viewer.engine.linux {
        ("Linux", "Ubuntu", "22.04")
    } else {
        ("Windows", "Windows Server 2022", "10.0")
    };
    vec![Row::from([
        ("host_platform", text(platform)),
        ("host_distribution", text(distribution)),
        ("host_release", text(release)),
        ("host_service_pack_level", text("")),
        ("os_language_version", number(1033)),
    ])]
}
