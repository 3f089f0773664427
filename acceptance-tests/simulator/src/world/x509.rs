//! Certificates of the world's own making: what a managed instance presents, and how any certificate is read.
//!
//! A managed instance presents a certificate of a public authority. The simulator cannot sign for a real one, so a
//! hierarchy of the same shape and names stands in: root, issuing authority, leaf. SQL Server, though, is given the
//! *real* roots to trust. ASSUMED 1: the instance's chain counts as ending in the real root that it stands in for, known
//! by its thumbprint ([`real_root`]). Whoever imports the stand-in itself, as a new api-version hands it out, is as well
//! off.

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    PKCS_RSA_SHA256, RsaKeySize,
};
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

use super::assumption;
use super::security::{Certificate, PrivateKeyProtection};

/// SHA-1 of DigiCert Global Root G2.
const DIGICERT_G2: [u8; 20] = [
    0xdf, 0x3c, 0x24, 0xf9, 0xbf, 0xd6, 0x66, 0x76, 0x1b, 0x26, 0x80, 0x73, 0xfe, 0x06, 0xd1, 0xcc, 0x8d,
    0x4f, 0x82, 0xa4,
];

/// SHA-1 of Microsoft RSA Root Certificate Authority 2017.
const MICROSOFT_RSA: [u8; 20] = [
    0x73, 0xa5, 0xe6, 0x4a, 0x3b, 0xff, 0x83, 0x16, 0xff, 0x0e, 0xdc, 0xcc, 0x61, 0x8a, 0x90, 0x6e, 0x4e,
    0xae, 0x4d, 0x74,
];

/// The root whose name the stand-in carries.
const ROOT: [(DnType, &str); 4] = [
    (DnType::CountryName, "US"),
    (DnType::OrganizationName, "DigiCert Inc"),
    (DnType::OrganizationalUnitName, "www.digicert.com"),
    (DnType::CommonName, ROOT_NAME),
];

/// What that root is called.
pub(crate) const ROOT_NAME: &str = "DigiCert Global Root G2";

const ISSUING: [(DnType, &str); 3] = [
    (DnType::CountryName, "US"),
    (DnType::OrganizationName, "Microsoft Corporation"),
    (DnType::CommonName, "Microsoft Azure RSA TLS Issuing CA 04"),
];

/// SHA-1 of the real root in which the chains of managed instances count as ending.
pub fn real_root(opposites: &BTreeSet<u16>) -> [u8; 20] {
    if opposites.contains(&assumption::ROOT) { MICROSOFT_RSA } else { DIGICERT_G2 }
}

/// What a managed instance's endpoint presents, DER.
#[derive(Clone)]
pub struct InstanceCertificates {
    /// Leaf, then the issuing authority.
    pub chain: Vec<Vec<u8>>,
    /// Private key of the leaf, PKCS #8.
    pub key: Vec<u8>,
    /// Subject of the root, as ARM writes it.
    pub root_subject: &'static str,
    /// The root that stands in.
    pub root: Vec<u8>,
}

impl std::fmt::Debug for InstanceCertificates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "InstanceCertificates({})", self.root_subject)
    }
}

impl InstanceCertificates {
    /// Makes a hierarchy for the instance with this FQDN (`mi-sales.0123456789ab.database.windows.net`), issued a month
    /// before `now` and valid for 180 days.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn make(fqdn: &str, now: OffsetDateTime) -> Result<Self, rcgen::Error> {
        let root = CertifiedIssuer::self_signed(authority(&ROOT, now)?, KeyPair::generate()?)?;
        let issuing = CertifiedIssuer::signed_by(authority(&ISSUING, now)?, KeyPair::generate()?, &root)?;
        // The subject is the zone, shared by all instances of a subnet; the instance is an alternative name.
        let zone = fqdn.split_once('.').map_or(fqdn, |(_, zone)| zone);
        let mut leaf = CertificateParams::new(vec![zone.to_owned(), fqdn.to_owned()])?;
        leaf.distinguished_name = name(&[(DnType::CommonName, zone)]);
        leaf.not_before = now - Duration::days(30);
        leaf.not_after = now + Duration::days(150);
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let leaf = leaf.signed_by(&key, &issuing)?;
        Ok(Self {
            chain: vec![leaf.der().to_vec(), issuing.der().to_vec()],
            key: key.serialize_der(),
            root_subject: "CN=DigiCert Global Root G2, OU=www.digicert.com, O=DigiCert Inc, C=US",
            root: root.der().to_vec(),
        })
    }
}

/// Whether a presented chain, leaf first, is for `name`, valid at `now`, and signed link by link up to one of the roots.
pub(crate) fn chain_holds(
    chain: &[Vec<u8>],
    roots: &[(String, Vec<u8>)],
    name: &str,
    now: OffsetDateTime,
) -> bool {
    let Some(chain) = chain.iter().map(|der| parse_all(der)).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let Some(roots) = roots.iter().map(|(_, der)| parse_all(der)).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let valid = |one: &X509Certificate<'_>| {
        let validity = one.validity();
        validity.not_before.to_datetime() <= now && now <= validity.not_after.to_datetime()
    };
    let signed = |child: &X509Certificate<'_>, parent: &X509Certificate<'_>| {
        child.issuer() == parent.subject() && child.verify_signature(Some(parent.public_key())).is_ok()
    };
    let (Some(leaf), Some(last)) = (chain.first(), chain.last()) else { return false };
    names(leaf, name)
        && chain.iter().all(valid)
        && chain.iter().zip(chain.iter().skip(1)).all(|(child, parent)| signed(child, parent))
        && roots.iter().any(|root| valid(root) && signed(last, root))
}

fn parse_all(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, parsed)| parsed)
}

/// The first and the last moment at which a certificate is valid.
pub(crate) fn validity(der: &[u8]) -> Option<(OffsetDateTime, OffsetDateTime)> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let validity = parsed.validity();
    Some((validity.not_before.to_datetime(), validity.not_after.to_datetime()))
}

/// Whether a certificate has a DNS name among its alternative ones.
fn names(certificate: &X509Certificate<'_>, name: &str) -> bool {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    alternatives.is_some_and(|extension| {
        extension
            .value
            .general_names
            .iter()
            .any(|one| matches!(one, GeneralName::DNSName(dns) if dns.eq_ignore_ascii_case(name)))
    })
}

/// Whether a certificate's key is an elliptic curve's.
pub(crate) fn has_elliptic_key(der: &[u8]) -> bool {
    X509Certificate::from_der(der)
        .is_ok_and(|(_, parsed)| matches!(parsed.public_key().parsed(), Ok(PublicKey::EC(_))))
}

/// A self-signed certificate of the same subject and key with other dates.
///
/// # Errors
/// When the certificate or its key cannot be read.
pub(super) fn reissue(
    certificate: &Certificate,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Result<Vec<u8>, rcgen::Error> {
    let parsed = parse_all(&certificate.der).ok_or(rcgen::Error::CouldNotParseCertificate)?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = DistinguishedName::new();
    for attribute in parsed.subject().iter_attributes() {
        let kind: Vec<u64> = attribute.attr_type().iter().map(Iterator::collect).unwrap_or_default();
        params.distinguished_name.push(DnType::from_oid(&kind), attribute.as_str().unwrap_or_default());
    }
    params.not_before = not_before;
    params.not_after = not_after;
    let key = KeyPair::try_from(certificate.key.as_slice())?;
    Ok(params.self_signed(&key)?.der().to_vec())
}

/// Reads a certificate without a private key; nothing where the bytes are not exactly one certificate.
pub(crate) fn read(name: &str, der: &[u8]) -> Option<Certificate> {
    let (rest, parsed) = X509Certificate::from_der(der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let serial: Vec<String> = parsed.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect();
    let key_length = parsed.public_key().parsed().map_or(0, |key| i32::try_from(key.key_size()).unwrap_or(0));
    Some(Certificate {
        name: name.to_owned(),
        id: 0,
        owner: 1,
        der: der.to_vec(),
        private_key: PrivateKeyProtection::None,
        key: Vec::new(),
        password: None,
        active_for_begin_dialog: true,
        subject: simple_name(parsed.subject()),
        issuer: simple_name(parsed.issuer()),
        serial: serial.join(" "),
        thumbprint: digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref().to_vec(),
        not_before: parsed.validity().not_before.to_datetime(),
        not_after: parsed.validity().not_after.to_datetime(),
        key_length,
        last_backup: None,
    })
}

fn authority(subject: &[(DnType, &str)], now: OffsetDateTime) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = name(subject);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = now - Duration::days(365);
    params.not_after = now + Duration::days(3650);
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn name(parts: &[(DnType, &str)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (kind, value) in parts {
        name.push(kind.clone(), *value);
    }
    name
}

/// A name as `sys.certificates` shows it: the values in their order, without the attributes' names. ASSUMED 38: it shows
/// `CN=x` as `x`, which is how CryptoAPI's simple form looks.
fn simple_name(name: &X509Name<'_>) -> String {
    let values: Vec<&str> = name.iter_attributes().filter_map(|one| one.as_str().ok()).collect();
    values.join(", ")
}
