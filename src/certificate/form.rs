//! The forms in which people hand over a certificate, and what they hand over instead of one.
//!
//! `CREATE CERTIFICATE … FROM BINARY` refuses everything but DER with one message for all causes (15468), and ARM says
//! `InvalidPublicBlob`; so the common mistakes are told apart here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::error::X509Error;
use x509_parser::nom;

/// Why something is not a certificate. Messages are sentences without a full stop, and quote nothing of the input,
/// which may be a private key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Nothing.
    #[error("the certificate is empty")]
    Empty,
    /// Text in no known form.
    #[error("the certificate is neither PEM nor 0x hex nor base64")]
    Form,
    /// Hex with half a byte.
    #[error("the certificate is hex of an odd number of digits: part of it is missing")]
    OddHex,
    /// A PEM block of another kind.
    #[error("this is a PEM block `{label}` and not a certificate")]
    Label {
        /// What stands after `BEGIN`.
        label: String,
    },
    /// A PEM block without its end.
    #[error("the PEM block of the certificate has no end line: part of it is missing")]
    Unfinished,
    /// Two or more.
    #[error("there are several certificates here, and one is wanted: leave out those of the issuers")]
    Several,
    /// A public key.
    #[error("this is a bare public key and not a certificate: export the certificate that holds it")]
    PublicKey,
    /// A private key.
    #[error(
        "this is a private key and not a certificate: it belongs in no configuration; only the certificate does"
    )]
    PrivateKey,
    /// PKCS #12.
    #[error("this is a PFX (PKCS #12) file, which holds a private key: export the certificate alone")]
    Pfx,
    /// PKCS #7.
    #[error("this is a PKCS #7 collection (.p7b) and not a certificate: take the one certificate out of it")]
    Pkcs7,
    /// A request.
    #[error("this is a certificate signing request and not a certificate")]
    SigningRequest,
    /// More after its end.
    #[error("{bytes} bytes follow the end of the certificate")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// DER that is cut off.
    #[error("the certificate ends too early: part of it is missing")]
    Truncated,
    /// DER of something else.
    #[error("this is not a certificate in DER form ({reason})")]
    Der {
        /// The parser's words.
        reason: String,
    },
}

/// The bytes that `text` stands for.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, CertificateError> {
    let text = text.trim().trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(CertificateError::Empty);
    }
    if text.contains("-----BEGIN ") {
        return pem(text);
    }
    let compact: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let digits = compact.strip_prefix("0x").or_else(|| compact.strip_prefix("0X"));
    // Base64 of DER begins with `M` (0x30), so plain hex cannot be mistaken for it, nor it for hex.
    match digits {
        Some(digits) => hex(digits),
        None if compact.bytes().all(|byte| byte.is_ascii_hexdigit()) => hex(&compact),
        None => STANDARD.decode(&compact).map_err(|_| CertificateError::Form),
    }
}

/// Why `der`, on which the parser gave up, is not a certificate.
pub(super) fn not_a_certificate(der: &[u8], error: &nom::Err<X509Error>) -> CertificateError {
    if der.is_empty() {
        return CertificateError::Empty;
    }
    if der.starts_with(b"-----BEGIN ") {
        return CertificateError::Form;
    }
    let Some((inside, missing)) = sequence(der) else {
        return CertificateError::Der { reason: "it does not begin with a sequence".to_owned() };
    };
    match inside {
        // INTEGER 0, then a SEQUENCE (PKCS #8) or an INTEGER (PKCS #1); INTEGER 1, OCTET STRING: a curve's key.
        [0x02, 0x01, 0x00, 0x30 | 0x02, ..] | [0x02, 0x01, 0x01, 0x04, ..] => CertificateError::PrivateKey,
        // PKCS #8, encrypted: the algorithm is PKCS #5 (1.2.840.113549.1.5) or PKCS #12 (….12).
        [0x30, _, 0x06, _, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05 | 0x0c, ..] => {
            CertificateError::PrivateKey
        }
        [0x02, 0x01, 0x03, 0x30, ..] => CertificateError::Pfx,
        // 1.2.840.113549.1.7.2
        [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, ..] => CertificateError::Pkcs7,
        // A modulus (PKCS #1), or the algorithm of an RSA or curve key (1.2.840.…): SubjectPublicKeyInfo.
        [0x02, 0x81 | 0x82, ..] | [0x30, _, 0x06, _, 0x2a, 0x86, 0x48, ..] => CertificateError::PublicKey,
        _ if is_signing_request(der) => CertificateError::SigningRequest,
        _ if missing > 0 => CertificateError::Truncated,
        _ => CertificateError::Der {
            reason: match error {
                nom::Err::Incomplete(_) => "it ends too early".to_owned(),
                nom::Err::Error(error) | nom::Err::Failure(error) => error.to_string(),
            },
        },
    }
}

fn pem(text: &str) -> Result<Vec<u8>, CertificateError> {
    let mut blocks = text.split("-----BEGIN ").skip(1);
    let first = blocks.next().ok_or(CertificateError::Form)?;
    let (label, body) = first.split_once("-----").ok_or(CertificateError::Unfinished)?;
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {}
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => return Err(CertificateError::SigningRequest),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(CertificateError::PublicKey),
        "PKCS7" => return Err(CertificateError::Pkcs7),
        label if label.ends_with("PRIVATE KEY") => return Err(CertificateError::PrivateKey),
        label => return Err(CertificateError::Label { label: label.to_owned() }),
    }
    if let Some(next) = blocks.next() {
        // A key that follows its certificate is the graver mistake of the two.
        let key = std::iter::once(next)
            .chain(blocks)
            .any(|block| block.split_once("-----").is_some_and(|(label, _)| label.ends_with("PRIVATE KEY")));
        return Err(if key { CertificateError::PrivateKey } else { CertificateError::Several });
    }
    let (body, _) = body.split_once("-----END ").ok_or(CertificateError::Unfinished)?;
    let compact: String = body.chars().filter(|letter| !letter.is_whitespace()).collect();
    STANDARD.decode(compact).map_err(|_| CertificateError::Form)
}

pub(crate) fn hex(digits: &str) -> Result<Vec<u8>, CertificateError> {
    if digits.is_empty() {
        return Err(CertificateError::Empty);
    }
    let nibbles = digits
        .chars()
        .map(|digit| {
            digit.to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(CertificateError::Form)
        })
        .collect::<Result<Vec<u8>, _>>()?;
    let (pairs, []) = nibbles.as_chunks::<2>() else { return Err(CertificateError::OddHex) };
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// What is inside the outer sequence, and how many bytes of it are missing.
fn sequence(der: &[u8]) -> Option<(&[u8], usize)> {
    let [0x30, length, rest @ ..] = der else { return None };
    let (length, inside) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (digits, inside) = rest.split_at_checked(usize::from(length & 0x7f))?;
        if digits.len() > 4 {
            return None;
        }
        (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), inside)
    };
    Some((inside, length.saturating_sub(inside.len())))
}

fn is_signing_request(der: &[u8]) -> bool {
    use x509_parser::prelude::FromDer as _;
    x509_parser::certification_request::X509CertificationRequest::from_der(der).is_ok()
}
