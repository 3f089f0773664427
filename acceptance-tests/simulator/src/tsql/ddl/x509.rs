//! Certificates as the engine makes and reads them, and their dates as T-SQL writes them.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

pub(super) use crate::world::x509::read;

/// Makes a key pair (RSA 2048, as from SQL Server 2016 on) and a self-signed certificate over it: certificate and
/// PKCS #8 key, DER. Every version signs with SHA-256 here; 2016 itself uses SHA-1, which rcgen cannot.
pub(super) fn generate(
    subject: &str,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Result<(Vec<u8>, Vec<u8>), rcgen::Error> {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = distinguished_name(subject);
    params.not_before = not_before;
    params.not_after = not_after;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.der().to_vec(), key.serialize_der()))
}

/// The modulus of a certificate's RSA key, without leading zeros.
pub(super) fn modulus(der: &[u8]) -> Option<Vec<u8>> {
    use x509_parser::prelude::{FromDer as _, X509Certificate};
    use x509_parser::public_key::PublicKey;
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    match certificate.public_key().parsed().ok()? {
        PublicKey::RSA(key) => Some(key.modulus.iter().copied().skip_while(|byte| *byte == 0).collect()),
        _ => None,
    }
}

/// Reads a date as T-SQL converts one in an English session: `20301231`, `2030-12-31`, `12/31/2030`, each with or
/// without a time.
pub(super) fn date(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    let (day, clock) = match text.split_once([' ', 'T']) {
        Some((day, clock)) => (day, clock.trim()),
        None => (text, ""),
    };
    let number =
        |text: &str| text.parse::<u16>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
    let (year, month, day) = match parts.as_slice() {
        [whole] if whole.len() == 8 => {
            (number(whole.get(..4)?)?, number(whole.get(4..6)?)?, number(whole.get(6..)?)?)
        }
        [year, month, day] if year.len() == 4 => (number(year)?, number(month)?, number(day)?),
        [month, day, year] if year.len() == 4 => (number(year)?, number(month)?, number(day)?),
        _ => return None,
    };
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()?;
    let mut time = [0_u8; 3];
    if !clock.is_empty() {
        let clock = clock.split('.').next().unwrap_or_default().trim_end_matches('Z');
        let mut places = time.iter_mut();
        for part in clock.split(':') {
            *places.next()? = u8::try_from(number(part)?).ok()?;
        }
    }
    let [hour, minute, second] = time;
    Some(PrimitiveDateTime::new(date, Time::from_hms(hour, minute, second).ok()?).assume_utc())
}

/// `SUBJECT`: a distinguished name where it reads as one, else a common name.
fn distinguished_name(subject: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    let parts: Option<Vec<(DnType, &str)>> = subject
        .split(',')
        .map(|part| {
            let (kind, value) = part.trim().split_once('=')?;
            let kind = match kind.trim().to_ascii_uppercase().as_str() {
                "CN" => DnType::CommonName,
                "O" => DnType::OrganizationName,
                "OU" => DnType::OrganizationalUnitName,
                "C" => DnType::CountryName,
                "L" => DnType::LocalityName,
                "S" | "ST" => DnType::StateOrProvinceName,
                _ => return None,
            };
            Some((kind, value.trim()))
        })
        .collect();
    match parts {
        Some(parts) => parts.into_iter().for_each(|(kind, value)| name.push(kind, value)),
        None => name.push(DnType::CommonName, subject),
    }
    name
}
