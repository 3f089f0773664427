use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use rcgen::PublicKeyData as _;

use super::roots::ROOTS;
use super::*;

fn some_root() -> Certificate {
    Certificate::from_der(ROOTS[0].der).unwrap()
}

fn pem_of(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

#[test]
fn one_certificate_in_all_its_forms() {
    let certificate = some_root();
    let hex = certificate.to_hex();
    let forms = [
        certificate.to_pem(),
        certificate.to_pem().replace('\n', "\r\n"),
        format!("Bag Attributes: none\n{}", certificate.to_pem()),
        hex.clone(),
        hex.to_lowercase(),
        hex.strip_prefix("0x").unwrap().to_owned(),
        STANDARD.encode(certificate.der()),
        format!("  {}\n", STANDARD.encode(certificate.der())),
    ];
    for form in forms {
        assert_eq!(Certificate::parse(&form), Ok(certificate.clone()), "{form}");
    }
}

#[test]
fn the_facts_of_a_root() {
    let root = some_root();
    assert_eq!(root.common_name(), Some("DigiCert Global Root CA"));
    assert_eq!(root.sha1(), "A8985D3A65E5E5C4B2D7D66D40C6DD2FB19C5436");
    assert_eq!(root.serial(), "083BE056904246B1A1756AC95991C74A");
    assert_eq!(root.key(), &KeyKind::Rsa(2048));
    assert_eq!(root.not_after().year(), 2031);
    assert!(root.is_self_signed());
}

#[test]
fn names_are_matched_label_by_label() {
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["*.zone.database.windows.net".to_owned(), "zone.database.windows.net".to_owned()];
    let made = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    let certificate = Certificate::from_der(made.der()).unwrap();
    assert!(certificate.is_for("mi1.Zone.database.windows.net"));
    assert!(certificate.is_for("zone.database.windows.net"));
    assert!(!certificate.is_for("a.mi1.zone.database.windows.net"));
    assert!(!certificate.is_for("database.windows.net"));
    assert_eq!(certificate.key(), &KeyKind::Elliptic(256));
}

#[test]
fn what_is_handed_over_instead() {
    let key = rcgen::KeyPair::generate().unwrap();
    let request =
        rcgen::CertificateParams::new(vec!["a".to_owned()]).unwrap().serialize_request(&key).unwrap();
    let root = some_root();
    let (_, parsed) = X509Certificate::from_der(root.der()).unwrap();
    let spki = parsed.public_key().raw.to_vec();
    let rsa_key = parsed.public_key().subject_public_key.data.to_vec();
    // The beginning of a PFX: version 3, then its authenticated safe.
    let pfx = [0x30, 0x82, 0x00, 0x0f, 2, 1, 3, 0x30, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7];
    let cases: Vec<(String, CertificateError)> = vec![
        (String::new(), CertificateError::Empty),
        ("0x".to_owned(), CertificateError::Empty),
        ("C:\\certs\\sql.cer".to_owned(), CertificateError::Form),
        ("0x308".to_owned(), CertificateError::OddHex),
        (STANDARD.encode(&spki), CertificateError::PublicKey),
        (STANDARD.encode(key.subject_public_key_info()), CertificateError::PublicKey),
        (STANDARD.encode(&rsa_key), CertificateError::PublicKey),
        (pem_of("PUBLIC KEY", &spki), CertificateError::PublicKey),
        (key.serialize_pem(), CertificateError::PrivateKey),
        (STANDARD.encode(key.serialize_der()), CertificateError::PrivateKey),
        (pem_of("CERTIFICATE", &key.serialize_der()), CertificateError::PrivateKey),
        (format!("{}{}", root.to_pem(), key.serialize_pem()), CertificateError::PrivateKey),
        (request.pem().unwrap(), CertificateError::SigningRequest),
        (STANDARD.encode(request.der()), CertificateError::SigningRequest),
        (STANDARD.encode(pfx), CertificateError::Pfx),
        (root.to_pem().repeat(2), CertificateError::Several),
        (STANDARD.encode(root.der().repeat(2)), CertificateError::Several),
        (STANDARD.encode([root.der(), &[0, 0]].concat()), CertificateError::Trailing { bytes: 2 }),
        (STANDARD.encode(&root.der()[..600]), CertificateError::Truncated),
        (root.to_pem().replace("-----END CERTIFICATE-----", ""), CertificateError::Unfinished),
    ];
    for (text, expected) in cases {
        let error = Certificate::parse(&text).expect_err(&text);
        assert_eq!(error, expected, "{text}");
        assert!(text.len() < 10 || !error.to_string().contains(&text), "an error repeats its input");
    }
}

proptest! {
    /// Whatever is pasted, there is an answer.
    #[test]
    fn no_input_is_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..64), cut in 0usize..900) {
        let _ = Certificate::from_der(&bytes);
        let _ = Certificate::parse(&String::from_utf8_lossy(&bytes));
        let whole = ROOTS[1].der;
        let _ = Certificate::from_der(&whole[..cut.min(whole.len() - 1)]).unwrap_err();
    }
}
