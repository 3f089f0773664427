//! Master key, certificates, issuer procedures.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rusqlite::types::Value;
use time::macros::datetime;

use super::super::issuer::call;
use super::{Bench, PASSWORD};
use crate::world::security::PrivateKeyProtection;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A root, and a certificate that it signed, DER.
fn chain() -> (Vec<u8>, Vec<u8>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "Test Root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = datetime!(2020-01-01 0:00 UTC);
    params.not_after = datetime!(2040-01-01 0:00 UTC);
    let root = CertifiedIssuer::self_signed(params.clone(), KeyPair::generate().unwrap()).unwrap();
    let mut leaf = CertificateParams::new(Vec::new()).unwrap();
    leaf.distinguished_name.push(DnType::CommonName, "mi1.abc.database.windows.net");
    leaf.not_before = params.not_before;
    leaf.not_after = params.not_after;
    let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &root).unwrap();
    (root.der().to_vec(), leaf.der().to_vec())
}

#[test]
fn master_key_lives_and_dies() {
    let mut bench = Bench::new();
    bench.refused("DROP MASTER KEY", 15151);
    bench.refused(&format!("OPEN MASTER KEY DECRYPTION BY PASSWORD = '{PASSWORD}'"), 15151);
    bench.refused("CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'short'", 15116);
    bench.refused("CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'alllowercase'", 15118);
    bench.run(&format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'{PASSWORD}'"));
    bench.refused(&format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'{PASSWORD}'"), 15578);
    bench.run("CREATE CERTIFICATE c WITH SUBJECT = 'c'");
    bench.refused("DROP MASTER KEY", 15580);
    bench.run("DROP CERTIFICATE c");
    bench.run("DROP MASTER KEY");
    assert!(bench.engine().master_key.is_none());
}

#[test]
fn master_key_without_service_master_key_must_be_opened() {
    let mut bench = Bench::new();
    bench.run(&format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'{PASSWORD}'"));
    bench.run("ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY");
    bench.refused("CREATE CERTIFICATE c WITH SUBJECT = 'c'", 15581);
    bench.refused("ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY", 15581);
    bench.refused("CLOSE MASTER KEY", 15315);
    bench.refused("OPEN MASTER KEY DECRYPTION BY PASSWORD = 'Wrong one 1'", 15313);
    // The provider's repair, one batch.
    bench.run(&format!(
        "OPEN MASTER KEY DECRYPTION BY PASSWORD = N'{PASSWORD}'; ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER \
         KEY; CLOSE MASTER KEY"
    ));
    assert!(!bench.caller.master_key_open);
    bench.run("CREATE CERTIFICATE c WITH SUBJECT = 'c'");
}

#[test]
fn master_key_passwords_come_and_go() {
    let mut bench = Bench::new();
    bench.run(&format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'{PASSWORD}'"));
    bench.refused("ALTER MASTER KEY DROP ENCRYPTION BY PASSWORD = 'Never set 1'", 15313);
    bench.run("ALTER MASTER KEY ADD ENCRYPTION BY PASSWORD = N'Another one 2'");
    bench.run(&format!("ALTER MASTER KEY DROP ENCRYPTION BY PASSWORD = N'{PASSWORD}'"));
    let key = bench.engine().master_key.clone().unwrap();
    assert_eq!(key.passwords.len(), 1);
    assert!(!format!("{key:?}").contains("Another"));
}

#[test]
fn certificate_is_born_with_a_real_key() {
    let mut bench = Bench::new();
    bench.refused("CREATE CERTIFICATE c WITH SUBJECT = 'c'", 15581);
    bench.run(&format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'{PASSWORD}'"));
    bench.run(
        "CREATE CERTIFICATE [c] WITH SUBJECT = N'Certificate of SQL1', START_DATE = '20260101', EXPIRY_DATE = \
         '20300101'",
    );
    let certificate = bench.engine().certificates[0].clone();
    assert_eq!(certificate.private_key, PrivateKeyProtection::MasterKey);
    assert_eq!(certificate.subject, "Certificate of SQL1");
    assert_eq!(certificate.issuer, certificate.subject);
    assert_eq!(certificate.not_before, datetime!(2026-01-01 0:00 UTC));
    assert_eq!(certificate.not_after, datetime!(2030-01-01 0:00 UTC));
    assert_eq!(certificate.key_length, 2048);
    assert_eq!(certificate.thumbprint.len(), 20);
    assert!(!certificate.key.is_empty());
    bench.refused("CREATE CERTIFICATE C WITH SUBJECT = 'other'", 15232);
    let der = hex(&certificate.der);
    bench.refused(&format!("CREATE CERTIFICATE other FROM BINARY = 0x{der}"), 15232);
}

#[test]
fn certificate_without_dates_lasts_a_year() {
    let mut bench = Bench::new();
    bench.run(&format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'{PASSWORD}'"));
    bench.run("CREATE CERTIFICATE c WITH SUBJECT = 'c'");
    assert_eq!(bench.engine().certificates[0].not_after, datetime!(2027-06-01 12:00 UTC));
    bench.refused("CREATE CERTIFICATE d WITH SUBJECT = 'd', EXPIRY_DATE = 'tomorrow'", 241);
    bench.refused("CREATE CERTIFICATE d WITH SUBJECT = ''", 15212);
    let warning = |outcome: super::Outcome| outcome.messages[0].0;
    let expired = bench.run(
        "CREATE CERTIFICATE d WITH SUBJECT = 'd', START_DATE = '01/01/2020', EXPIRY_DATE = '2021-01-01'",
    );
    assert_eq!(warning(expired), 15214);
    let future = bench.run("CREATE CERTIFICATE e WITH SUBJECT = 'e', START_DATE = '20280101'");
    assert_eq!(warning(future), 15215);
    let backwards = bench.run("CREATE CERTIFICATE f WITH SUBJECT = 'f', EXPIRY_DATE = '20200101'");
    assert_eq!(warning(backwards), 15213);
}

#[test]
fn long_subjects_are_refused_on_linux() {
    let mut bench = Bench::new();
    bench.engine().linux = true;
    bench.run(&format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'{PASSWORD}'"));
    bench.refused(&format!("CREATE CERTIFICATE c WITH SUBJECT = '{}'", "x".repeat(65)), 15212);
    bench.run(&format!("CREATE CERTIFICATE c WITH SUBJECT = '{}'", "x".repeat(64)));
}

#[test]
fn certificate_is_read_from_its_bytes() {
    let mut bench = Bench::new();
    let (root, _) = chain();
    bench.refused("CREATE CERTIFICATE bad FROM BINARY = 0x3003020101", 15297);
    bench.refused(&format!("CREATE CERTIFICATE bad FROM BINARY = 0x{}00", hex(&root)), 15297);
    bench.refused("CREATE CERTIFICATE bad FROM FILE = 'c:\\no.cer'", 15208);
    bench.run(&format!("CREATE CERTIFICATE [Test Root] FROM BINARY = 0x{}", hex(&root)));
    let certificate = bench.engine().certificates[0].clone();
    assert_eq!(certificate.subject, "Test Root");
    assert_eq!(certificate.private_key, PrivateKeyProtection::None);
    assert_eq!(certificate.der, root);
    bench.refused("DROP CERTIFICATE nobody", 15151);
    bench.refused("BACKUP CERTIFICATE [Test Root] TO FILE = 'x' WITH PRIVATE KEY (FILE = 'y', ENCRYPTION BY PASSWORD = 'Str0ng one')", 15246);
    bench.run("DROP CERTIFICATE [Test Root]");
}

#[test]
fn certificate_of_the_endpoint_stays() {
    let mut bench = Bench::with_endpoint();
    bench.refused("DROP CERTIFICATE endpoint_cert", 15352);
    bench.run("DROP ENDPOINT hadr");
    bench.run("DROP CERTIFICATE endpoint_cert");
    assert!(bench.engine().certificates.is_empty());
}

#[test]
fn roots_vouch_for_names() {
    let mut bench = Bench::new();
    let (root, leaf) = chain();
    bench.run(&format!("CREATE CERTIFICATE root FROM BINARY = 0x{}", hex(&root)));
    bench.run(&format!("CREATE CERTIFICATE leaf FROM BINARY = 0x{}", hex(&leaf)));
    let id =
        |bench: &mut Bench, name: &str| Value::Integer(bench.engine().certificate(name).unwrap().id.into());
    let (root, leaf) = (id(&mut bench, "root"), id(&mut bench, "leaf"));
    let dns = Value::Text("*.database.windows.net".to_owned());
    let Bench { estate, caller } = &mut bench;
    let validate = [(None, leaf)];
    assert_eq!(
        call(estate, caller, "sp_validate_certificate_ca_chain", &validate).unwrap_err().number,
        15299
    );
    let grant = [(None, root.clone()), (Some("@dns".to_owned()), dns.clone())];
    call(estate, caller, "sp_certificate_add_issuer", &grant).unwrap();
    let again = call(estate, caller, "sp_certificate_add_issuer", &grant).unwrap_err();
    assert!(again.message.contains("already added as a trusted issuer for DNS name"), "{}", again.message);
    let listed = call(estate, caller, "sp_certificate_issuers", &[]).unwrap();
    assert_eq!(listed[0].rows, vec![vec![root, dns]]);
    assert_eq!(call(estate, caller, "sp_validate_certificate_ca_chain", &validate).unwrap(), Vec::new());
    call(estate, caller, "sp_certificate_drop_issuer", &grant).unwrap();
    assert!(call(estate, caller, "sp_certificate_drop_issuer", &grant).is_err());
    assert_eq!(call(estate, caller, "sp_multidb_milink", &[]).unwrap_err().number, 2812);
    assert_eq!(call(estate, caller, "sp_certificate_add_issuer", &[]).unwrap_err().number, 201);
    caller.login = "app".to_owned();
    assert_eq!(call(estate, caller, "sp_certificate_add_issuer", &grant).unwrap_err().number, 15247);
}

#[test]
fn endpoint_certificate_is_shown_or_refused() {
    let kind = [(Some("@endpoint_type".to_owned()), Value::Integer(4))];
    let mut bench = Bench::new();
    assert!(call(&mut bench.estate, &bench.caller, "sp_get_endpoint_certificate", &kind).is_err());
    let mut bench = Bench::with_endpoint();
    let der = bench.engine().certificates[0].der.clone();
    let found = call(&mut bench.estate, &bench.caller, "sp_get_endpoint_certificate", &kind).unwrap();
    assert_eq!(found[0].rows, vec![vec![Value::Blob(der)]]);
}
