//! The endpoint's properties: words of HCL, codes of the catalog, clauses of T-SQL.

use super::MirroringEndpoint;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::framework::model::Field;
use crate::framework::value::Value;
use crate::sql::catalog::EndpointRow;
use crate::sql::quote::Identifier;
use crate::sql::statement::{
    Authentication, AuthenticationWay, Encryption, EncryptionAlgorithm, EndpointRole, EndpointState,
    ListenerIp, Windows,
};

/// Words for `sys.database_mirroring_endpoints.connection_auth`, 1 to 10.
pub(super) const AUTHENTICATIONS: [&str; 10] = [
    "windows_ntlm",
    "windows_kerberos",
    "windows_negotiate",
    "certificate",
    "windows_ntlm_certificate",
    "windows_kerberos_certificate",
    "windows_negotiate_certificate",
    "certificate_windows_ntlm",
    "certificate_windows_kerberos",
    "certificate_windows_negotiate",
];

/// The endpoint in the words of HCL.
pub(super) fn words(row: &EndpointRow) -> MirroringEndpoint {
    let auth = usize::try_from(row.connection_auth - 1).ok().and_then(|place| AUTHENTICATIONS.get(place));
    let (level, algorithm) = encryption_words(row.encryption_algorithm);
    MirroringEndpoint {
        sql_server: Field::Null,
        server_name: Field::Null,
        name: Field::Known(row.name.clone()),
        port: Field::Known(row.port),
        listener_ip: Field::Known(row.ip_address.clone().unwrap_or_else(|| "all".to_owned())),
        certificate: row.certificate.clone().into(),
        authentication: auth.map(|word| (*word).to_owned()).into(),
        encryption: level.into(),
        encryption_algorithm: algorithm.into(),
        role: match row.role {
            1 => "partner",
            2 => "witness",
            _ => "all",
        }
        .into(),
        state: match row.state {
            0 => "started",
            1 => "stopped",
            _ => "disabled",
        }
        .into(),
        allow_listener_restart: Field::Null,
        on_destroy: Field::Null,
        contact: Field::Null,
        adopted: Field::Null,
    }
}

pub(super) const CERTIFICATE_ONLY: i64 = 4;

/// `connection_auth` of a word; the schema has checked it.
pub(super) fn auth_code(word: &str) -> i64 {
    let place = AUTHENTICATIONS.iter().position(|known| *known == word);
    place.and_then(|place| i64::try_from(place + 1).ok()).unwrap_or(CERTIFICATE_ONLY)
}

/// An endpoint's own way, with a certificate added behind Windows authentication.
pub(super) fn with_certificate(code: i64, certificate: bool) -> i64 {
    match (code, certificate) {
        (1..=3, true) => code + 4,
        _ => code,
    }
}

pub(super) fn authentication(code: i64, certificate: Option<&str>) -> Result<Authentication, Diagnostics> {
    let windows = match code {
        1 | 5 | 8 => Some(Windows::Ntlm),
        2 | 6 | 9 => Some(Windows::Kerberos),
        3 | 7 | 10 => Some(Windows::Negotiate),
        _ => None,
    }
    .map(AuthenticationWay::Windows);
    let certificate = match (code, certificate) {
        (1..=3, _) => None,
        (_, Some(name)) => {
            Some(AuthenticationWay::Certificate(identifier("the name of the certificate", name)?))
        }
        (_, None) => {
            return Err(Diagnostic::error(
                "An endpoint without its certificate",
                "The endpoint's authentication needs `certificate`, the name of a certificate in master.",
            )
            .at("certificate")
            .into());
        }
    };
    Ok(match (windows, certificate) {
        (Some(windows), Some(certificate)) if code >= 8 => {
            Authentication { first: certificate, second: Some(windows) }
        }
        (Some(windows), certificate) => Authentication { first: windows, second: certificate },
        (None, Some(certificate)) => Authentication { first: certificate, second: None },
        // Code 4 has a certificate, or the match above has refused it.
        (None, None) => {
            Authentication { first: AuthenticationWay::Windows(Windows::Negotiate), second: None }
        }
    })
}

/// `encryption_algorithm`: 0 none; 1 to 4 supported or required by parity (`sys.database_mirroring_endpoints`): 1 RC4,
/// 2 AES, 3 NONE RC4, 4 NONE AES, 5 RC4 AES, 6 AES RC4, 7 NONE RC4 AES, 8 NONE AES RC4; `NONE` marks SUPPORTED.
pub(super) fn encryption(code: i64) -> Encryption {
    use EncryptionAlgorithm::{Aes, AesRc4, Rc4, Rc4Aes};
    match code {
        0 => Encryption::Disabled,
        1 => Encryption::Required(Rc4),
        3 => Encryption::Supported(Rc4),
        4 => Encryption::Supported(Aes),
        5 => Encryption::Required(Rc4Aes),
        6 => Encryption::Required(AesRc4),
        7 => Encryption::Supported(Rc4Aes),
        8 => Encryption::Supported(AesRc4),
        _ => Encryption::Required(Aes),
    }
}

pub(super) fn encryption_words(code: i64) -> (&'static str, &'static str) {
    let word = |algorithm| match algorithm {
        EncryptionAlgorithm::Aes => "aes",
        EncryptionAlgorithm::Rc4 => "rc4",
        EncryptionAlgorithm::AesRc4 => "aes_rc4",
        EncryptionAlgorithm::Rc4Aes => "rc4_aes",
    };
    match encryption(code) {
        Encryption::Disabled => ("disabled", "none"),
        Encryption::Supported(algorithm) => ("supported", word(algorithm)),
        Encryption::Required(algorithm) => ("required", word(algorithm)),
    }
}

pub(super) fn encryption_of(level: Option<&str>, algorithm: Option<&str>) -> Encryption {
    let algorithm = match algorithm {
        Some("rc4") => EncryptionAlgorithm::Rc4,
        Some("aes_rc4") => EncryptionAlgorithm::AesRc4,
        Some("rc4_aes") => EncryptionAlgorithm::Rc4Aes,
        _ => EncryptionAlgorithm::Aes,
    };
    match level {
        Some("disabled") => Encryption::Disabled,
        Some("supported") => Encryption::Supported(algorithm),
        _ => Encryption::Required(algorithm),
    }
}

pub(super) fn role(code: i64) -> EndpointRole {
    match code {
        1 => EndpointRole::Partner,
        2 => EndpointRole::Witness,
        _ => EndpointRole::All,
    }
}

pub(super) fn role_of(word: &str) -> EndpointRole {
    match word {
        "partner" => EndpointRole::Partner,
        "witness" => EndpointRole::Witness,
        _ => EndpointRole::All,
    }
}

pub(super) fn state(word: &str) -> EndpointState {
    match word {
        "stopped" => EndpointState::Stopped,
        "disabled" => EndpointState::Disabled,
        _ => EndpointState::Started,
    }
}

/// `all` or an address.
pub(super) fn is_listener_ip(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if parse_ip(text).is_none() => Err("must be \"all\" or an IP address".to_owned()),
        _ => Ok(()),
    }
}

/// Two spellings of one address.
pub(super) fn same_listener_ip(left: &Value, right: &Value) -> bool {
    matches!((left, right), (Value::String(left), Value::String(right)) if same_address(left, right))
}

/// The same, of texts.
pub(super) fn same_address(left: &str, right: &str) -> bool {
    left == right || parse_ip(left).is_some_and(|ip| parse_ip(right) == Some(ip))
}

fn parse_ip(word: &str) -> Option<ListenerIp> {
    if word.eq_ignore_ascii_case("all") {
        return Some(ListenerIp::All);
    }
    word.parse().ok().map(ListenerIp::Address)
}

pub(super) fn listener_ip(word: &str) -> Result<ListenerIp, Diagnostics> {
    parse_ip(word).ok_or_else(|| {
        Diagnostic::error(
            "An address that is not one",
            format!("listener_ip is \"all\" or an IP address, not \"{word}\"."),
        )
        .at("listener_ip")
        .into()
    })
}

pub(super) fn identifier(what: &'static str, name: &str) -> Result<Identifier, Diagnostics> {
    Identifier::parse(what, name)
        .map_err(|error| Diagnostic::error("A name that cannot be used", error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_codes_agree() {
        for (place, word) in AUTHENTICATIONS.iter().enumerate() {
            assert_eq!(auth_code(word), i64::try_from(place).unwrap() + 1);
        }
        for code in 0..=8 {
            let (level, algorithm) = encryption_words(code);
            assert_eq!(encryption_of(Some(level), Some(algorithm)), encryption(code), "{code}");
        }
    }

    #[test]
    fn a_certificate_is_added_behind_windows() {
        assert_eq!(with_certificate(3, true), 7);
        assert_eq!(with_certificate(4, true), 4);
        assert_eq!(with_certificate(3, false), 3);
    }
}
