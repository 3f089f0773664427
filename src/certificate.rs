//! X.509 certificates as users write them and as SQL Server and Azure show them.
//!
//! One type for every certificate of a link: SQL Server's own, the managed instance's, Azure's roots. It is read from
//! PEM, from `0x` hex (T-SQL, the Azure CLI), from hex without prefix (what ARM answers) and from base64, compared by
//! content, and knows the facts that rules and messages need. It does not build chains and judges no validity: SQL
//! Server and Azure do that, by their own rules.

mod form;
pub mod roots;

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

pub use form::CertificateError;
pub(crate) use form::hex;

/// An X.509 certificate. Two are equal when their bytes are.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    facts: Facts,
}

/// What a certificate says of itself.
#[derive(Clone)]
struct Facts {
    subject: String,
    issuer: String,
    common_name: Option<String>,
    dns_names: Vec<String>,
    serial: String,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    self_signed: bool,
    key: KeyKind,
}

/// The kind of a certificate's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, with the length of its modulus in bits. SQL Server makes and takes 512 to 4096.
    Rsa(usize),
    /// An elliptic curve, with its length in bits.
    Elliptic(usize),
    /// Anything else, by object identifier.
    Other(String),
}

impl Certificate {
    /// Reads a certificate from text: PEM, hex with or without `0x`, or base64 of its DER form.
    ///
    /// # Errors
    /// When the text is none of these, or holds something else: a bare public key, a private key, a PFX, several
    /// certificates. The error names which and never repeats the text.
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        Self::from_der(&form::decode(text)?)
    }

    /// Reads a certificate from DER.
    ///
    /// # Errors
    /// As [`Certificate::parse`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|error| form::not_a_certificate(der, &error))?;
        if !rest.is_empty() {
            return Err(if X509Certificate::from_der(rest).is_ok() {
                CertificateError::Several
            } else {
                CertificateError::Trailing { bytes: rest.len() }
            });
        }
        Ok(Self { facts: Facts::of(&parsed), der: der.to_vec() })
    }

    /// The DER form.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-1 of the DER form as upper-case hex: `sys.certificates.thumbprint`, and ARM's `thumbprint`.
    pub fn sha1(&self) -> String {
        upper_hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der).as_ref())
    }

    /// SHA-256 of the DER form as upper-case hex.
    pub fn sha256(&self) -> String {
        upper_hex(digest::digest(&digest::SHA256, &self.der).as_ref())
    }

    /// The DER form as hex with `0x`, as T-SQL and the Azure CLI want it.
    pub fn to_hex(&self) -> String {
        format!("0x{}", upper_hex(&self.der))
    }

    /// PEM, ending in a line feed.
    pub fn to_pem(&self) -> String {
        let encoded = STANDARD.encode(&self.der);
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for (place, letter) in encoded.chars().enumerate() {
            if place > 0 && place % 64 == 0 {
                pem.push('\n');
            }
            pem.push(letter);
        }
        pem.push_str("\n-----END CERTIFICATE-----\n");
        pem
    }

    /// Distinguished name of the subject, as `C=US, O=Microsoft Corporation, CN=…`.
    pub fn subject(&self) -> &str {
        &self.facts.subject
    }

    /// Distinguished name of the issuer.
    pub fn issuer(&self) -> &str {
        &self.facts.issuer
    }

    /// The subject's (first) common name.
    pub fn common_name(&self) -> Option<&str> {
        self.facts.common_name.as_deref()
    }

    /// DNS names of the subject alternative names, as written; wildcards included, the common name not.
    pub fn dns_names(&self) -> &[String] {
        &self.facts.dns_names
    }

    /// Serial number as upper-case hex without separators.
    pub fn serial(&self) -> &str {
        &self.facts.serial
    }

    /// First moment of its validity.
    pub fn not_before(&self) -> OffsetDateTime {
        self.facts.not_before
    }

    /// Last moment of its validity.
    pub fn not_after(&self) -> OffsetDateTime {
        self.facts.not_after
    }

    /// Whether its own key signed it. Certificates that SQL Server makes are; an instance's is not.
    pub fn is_self_signed(&self) -> bool {
        self.facts.self_signed
    }

    /// Kind of its public key.
    pub fn key(&self) -> &KeyKind {
        &self.facts.key
    }

    /// Whether it is for the DNS name `host`: by its alternative names where it has any, else by its common name. A
    /// wildcard stands for exactly one label.
    pub fn is_for(&self, host: &str) -> bool {
        let matches = |name: &str| match name.strip_prefix("*.") {
            Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)),
            None => host.eq_ignore_ascii_case(name),
        };
        if self.facts.dns_names.is_empty() {
            self.common_name().is_some_and(matches)
        } else {
            self.facts.dns_names.iter().any(|name| matches(name))
        }
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("subject", &self.subject()).field("sha1", &self.sha1()).finish()
    }
}

impl Facts {
    fn of(parsed: &X509Certificate<'_>) -> Self {
        let names = parsed.subject_alternative_name().ok().flatten();
        Self {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            common_name: parsed
                .subject()
                .iter_common_name()
                .find_map(|name| name.as_str().ok())
                .map(str::to_owned),
            dns_names: names
                .iter()
                .flat_map(|extension| &extension.value.general_names)
                .filter_map(|name| match name {
                    GeneralName::DNSName(name) => Some((*name).to_owned()),
                    _ => None,
                })
                .collect(),
            serial: upper_hex(parsed.raw_serial()),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            self_signed: parsed.subject() == parsed.issuer() && parsed.verify_signature(None).is_ok(),
            key: match parsed.public_key().parsed() {
                Ok(PublicKey::RSA(key)) => KeyKind::Rsa(key.key_size()),
                Ok(PublicKey::EC(point)) => KeyKind::Elliptic(point.key_size()),
                _ => KeyKind::Other(parsed.public_key().algorithm.algorithm.to_id_string()),
            },
        }
    }
}

/// Bytes as upper-case hex.
pub(crate) fn upper_hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests;
