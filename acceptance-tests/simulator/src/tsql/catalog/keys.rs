//! Certificates and keys.

use rusqlite::types::Value;
use time::macros::datetime;

use super::row::{certificate_sid, sha1};
use super::{Row, Viewer, bit, guid, moment, none_or, number, sid_text, text};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::security::{Certificate, MasterKey, PrivateKeyProtection, Securable};

/// A certificate that every installation has in `master`, for the signatures of the engine's own modules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemCertificate {
    pub(crate) name: &'static str,
    id: i32,
    subject: &'static str,
}

/// The engine's own certificates ("Principals (Database Engine)", 2024). ASSUMED 73: their ids, subjects, dates, key
/// lengths and thumbprints.
pub(crate) const SYSTEM_CERTIFICATES: [SystemCertificate; 6] = [
    own("##MS_SQLResourceSigningCertificate##", 101, "MS_SQLResourceSigningCertificate"),
    own("##MS_SQLReplicationSigningCertificate##", 102, "MS_SQLReplicationSigningCertificate"),
    own("##MS_SQLAuthenticatorCertificate##", 103, "MS_SQLAuthenticatorCertificate"),
    own("##MS_AgentSigningCertificate##", 104, "MS_AgentSigningCertificate"),
    own("##MS_PolicySigningCertificate##", 105, "MS_PolicySigningCertificate"),
    own("##MS_SmoExtendedSigningCertificate##", 106, "MS_SmoExtendedSigningCertificate"),
];

const fn own(name: &'static str, id: i32, subject: &'static str) -> SystemCertificate {
    SystemCertificate { name, id, subject }
}

impl SystemCertificate {
    /// Its `certificate_id`.
    pub(crate) fn id_in(self, estate: &Estate) -> i32 {
        if estate.opposite(assumption::INSTALLED) { self.id - 100 } else { self.id }
    }

    fn thumbprint(self) -> Vec<u8> {
        sha1(self.name.as_bytes())
    }

    fn row(self, estate: &Estate) -> Row {
        let (start, expiry, bits) = if estate.opposite(assumption::INSTALLED) {
            (datetime!(2009-04-15 0:00 UTC), datetime!(2019-04-15 0:00 UTC), 1024)
        } else {
            (datetime!(2014-02-20 20:23 UTC), datetime!(2037-01-01 00:00 UTC), 2048)
        };
        let thumbprint = self.thumbprint();
        let serial: Vec<String> = thumbprint.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let mut row = Row::from([
            ("name", text(self.name)),
            ("certificate_id", number(self.id_in(estate))),
            ("principal_id", number(1)),
            ("pvt_key_encryption_type", text("NA")),
            ("pvt_key_encryption_type_desc", text("NO_PRIVATE_KEY")),
            ("is_active_for_begin_dialog", bit(false)),
            ("issuer_name", text(self.subject)),
            ("cert_serial_number", text(serial.join(" "))),
            ("subject", text(self.subject)),
            ("start_date", moment(start)),
            ("expiry_date", moment(expiry)),
            ("key_length", number(bits)),
        ]);
        row.extend(identity(thumbprint));
        row
    }
}

/// What follows from the thumbprint.
fn identity(thumbprint: Vec<u8>) -> Row {
    let sid = certificate_sid(&thumbprint);
    Row::from([
        ("string_sid", text(sid_text(&sid))),
        ("sid", Value::Blob(sid)),
        ("thumbprint", Value::Blob(thumbprint)),
    ])
}

/// Whether certificates and keys of `master` show: since 2022 VIEW ANY SECURITY DEFINITION is enough.
fn shown(viewer: &Viewer<'_>, id: i32) -> bool {
    viewer.rights.server("VIEW ANY SECURITY DEFINITION") || viewer.rights.sees(&Securable::Certificate(id))
}

/// ASSUMED 38.
fn shown_name(viewer: &Viewer<'_>, name: &str) -> String {
    let attributes = if viewer.estate.opposite(assumption::SHOWN_NAMES) { "CN=" } else { "" };
    format!("{attributes}{name}")
}

/// Certificates are kept in `master` only.
pub(super) fn certificates(viewer: &Viewer<'_>) -> Vec<Row> {
    if viewer.database != "master" {
        return Vec::new();
    }
    let row = |certificate: &Certificate| {
        let (kind, description) = match certificate.private_key {
            PrivateKeyProtection::None => ("NA", "NO_PRIVATE_KEY"),
            PrivateKeyProtection::MasterKey => ("MK", "ENCRYPTED_BY_MASTER_KEY"),
            PrivateKeyProtection::Password => ("PW", "ENCRYPTED_BY_PASSWORD"),
            PrivateKeyProtection::ServiceMasterKey => ("SK", "ENCRYPTED_BY_SERVICE_MASTER_KEY"),
        };
        let mut row = Row::from([
            ("name", text(&certificate.name)),
            ("certificate_id", number(certificate.id)),
            ("principal_id", number(certificate.owner)),
            ("pvt_key_encryption_type", text(kind)),
            ("pvt_key_encryption_type_desc", text(description)),
            ("is_active_for_begin_dialog", bit(certificate.active_for_begin_dialog)),
            ("issuer_name", text(shown_name(viewer, &certificate.issuer))),
            ("cert_serial_number", text(&certificate.serial)),
            ("subject", text(shown_name(viewer, &certificate.subject))),
            ("expiry_date", moment(certificate.not_after)),
            ("start_date", moment(certificate.not_before)),
            ("pvt_key_last_backup_date", none_or(certificate.last_backup, moment)),
            ("key_length", number(certificate.key_length)),
        ]);
        row.extend(identity(certificate.thumbprint.clone()));
        row
    };
    let estate = viewer.estate;
    let system = SYSTEM_CERTIFICATES.iter().filter(|one| shown(viewer, one.id_in(estate)));
    let system = system.map(|one| one.row(estate));
    let own = viewer.engine.certificates.iter().filter(|one| shown(viewer, one.id)).map(row);
    system.chain(own).collect()
}

/// Id of the master key of a database, and of the service master key.
const MASTER_KEY: i32 = 101;
const SERVICE_MASTER_KEY: i32 = 102;

fn keys_shown(viewer: &Viewer<'_>) -> bool {
    viewer.database == "master"
        && (viewer.rights.server("VIEW ANY SECURITY DEFINITION")
            || viewer.rights.on(&Securable::Database("master".to_owned()), "VIEW DEFINITION"))
}

/// The service master key, which `master` always has, and the database's own.
pub(super) fn symmetric(viewer: &Viewer<'_>) -> Vec<Row> {
    if !keys_shown(viewer) {
        return Vec::new();
    }
    let row = |name: &str, id: i32, created, modified, key_guid: Value| {
        Row::from([
            ("name", text(name)),
            ("principal_id", number(1)),
            ("symmetric_key_id", number(id)),
            ("key_length", number(256)),
            ("key_algorithm", text("A3")),
            ("algorithm_desc", text("AES_256")),
            ("create_date", moment(created)),
            ("modify_date", moment(modified)),
            ("key_guid", key_guid),
        ])
    };
    let installed = viewer.engine.databases.first().map_or(viewer.engine.started, |master| master.created);
    let service = super::derived_guid(&["service master key", &viewer.engine.server_name()]);
    let own =
        viewer.engine.master_key.as_ref().map(|key| {
            row("##MS_DatabaseMasterKey##", MASTER_KEY, key.created, key.modified, guid(&key.guid))
        });
    let service = row("##MS_ServiceMasterKey##", SERVICE_MASTER_KEY, installed, installed, service);
    own.into_iter().chain([service]).collect()
}

/// The master key while the session has it open. The engine opens it for itself without showing it here.
pub(super) fn open(viewer: &Viewer<'_>) -> Vec<Row> {
    let opened = viewer.engine.master_key.as_ref().zip(viewer.caller.master_key_opened);
    let row = |(key, opened): (&MasterKey, _)| {
        Row::from([
            ("database_id", number(1)),
            ("database_name", text("master")),
            ("key_id", number(MASTER_KEY)),
            ("key_name", text("##MS_DatabaseMasterKey##")),
            ("key_guid", guid(&key.guid)),
            ("opened_date", moment(opened)),
            ("status", number(1)),
        ])
    };
    opened.into_iter().map(row).collect()
}

/// By what each key is encrypted: by passwords (`ESKP`), by the service master key (`ESKM`). The service master key's own
/// encryptions lie outside databases.
pub(super) fn encryptions(viewer: &Viewer<'_>) -> Vec<Row> {
    let Some(key) = viewer.engine.master_key.as_ref().filter(|_| keys_shown(viewer)) else {
        return Vec::new();
    };
    let row = |kind: &str, words: &str, thumbprint: Value| {
        Row::from([
            ("key_id", number(MASTER_KEY)),
            ("thumbprint", thumbprint),
            ("crypt_type", text(kind)),
            ("crypt_type_desc", text(words)),
        ])
    };
    let passwords = key.passwords.iter().map(|_| row("ESKP", "ENCRYPTION BY PASSWORD", Value::Null));
    let service = key.by_service_master_key.then(|| {
        let words = "ENCRYPTION BY SERVICE MASTER KEY";
        row("ESKM", words, Value::Blob(SERVICE_MASTER_KEY.to_be_bytes().to_vec()))
    });
    passwords.chain(service).collect()
}
