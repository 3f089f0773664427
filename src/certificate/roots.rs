//! The root certificates that Azure's certificates chain to.
//!
//! Kept here, byte for byte, and not taken from a crate or from Azure: a dependency update or an answer of that day
//! must never plan a `DROP CERTIFICATE` on a production server. The list only grows. A root that Azure leaves is
//! marked `retired` and stays, because some server still has it under this provider's management.
//!
//! Source: the list of Azure's certificate authorities, learn.microsoft.com/azure/security/fundamentals/azure-ca-details.

/// A root certificate of Azure.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    /// Key for `for_each`; never changes.
    pub slug: &'static str,
    /// The authority's own name, by which the documentation imports it.
    pub name: &'static str,
    /// DER.
    pub der: &'static [u8],
    /// SHA-256 of `der`, lower-case hex. A test holds the two against each other.
    pub sha256: &'static str,
    /// Whether Azure issues nothing under it any more.
    pub retired: bool,
}

/// All of them, in the order of their slugs.
pub const ROOTS: [Root; 7] = [
    Root {
        slug: "digicert-global-root-ca",
        name: "DigiCert Global Root CA",
        der: include_bytes!("roots/digicert-global-root-ca.der"),
        sha256: "4348a0e9444c78cb265e058d5e8944b4d84f9662bd26db257f8934a443c70161",
        retired: false,
    },
    Root {
        slug: "digicert-global-root-g2",
        name: "DigiCert Global Root G2",
        der: include_bytes!("roots/digicert-global-root-g2.der"),
        sha256: "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
        retired: false,
    },
    Root {
        slug: "digicert-global-root-g3",
        name: "DigiCert Global Root G3",
        der: include_bytes!("roots/digicert-global-root-g3.der"),
        sha256: "31ad6648f8104138c738f39ea4320133393e3a18cc02296ef97c2ac9ef6731d0",
        retired: false,
    },
    Root {
        slug: "digicert-tls-ecc-p384-root-g5",
        name: "DigiCert TLS ECC P384 Root G5",
        der: include_bytes!("roots/digicert-tls-ecc-p384-root-g5.der"),
        sha256: "018e13f0772532cf809bd1b17281867283fc48c6e13be9c69812854a490c1b05",
        retired: false,
    },
    Root {
        slug: "digicert-tls-rsa4096-root-g5",
        name: "DigiCert TLS RSA4096 Root G5",
        der: include_bytes!("roots/digicert-tls-rsa4096-root-g5.der"),
        sha256: "371a00dc0533b3721a7eeb40e8419e70799d2b0a0f2c1d80693165f7cec4ad75",
        retired: false,
    },
    Root {
        slug: "microsoft-ecc-root-certificate-authority-2017",
        name: "Microsoft ECC Root Certificate Authority 2017",
        der: include_bytes!("roots/microsoft-ecc-root-certificate-authority-2017.der"),
        sha256: "358df39d764af9e1b766e9c972df352ee15cfac227af6ad1d70e8e4a6edcba02",
        retired: false,
    },
    Root {
        slug: "microsoft-rsa-root-certificate-authority-2017",
        name: "Microsoft RSA Root Certificate Authority 2017",
        der: include_bytes!("roots/microsoft-rsa-root-certificate-authority-2017.der"),
        sha256: "c741f70f4b2a8d88bf2e71c14122ef53ef10eba0cfa5e64cfa20f418853073e0",
        retired: false,
    },
];

#[cfg(test)]
mod tests {
    use super::ROOTS;
    use crate::certificate::Certificate;

    #[test]
    fn every_root_is_the_one_that_was_pinned() {
        for root in ROOTS {
            let certificate = Certificate::from_der(root.der).unwrap();
            assert_eq!(certificate.sha256().to_lowercase(), root.sha256, "{}", root.slug);
            assert!(certificate.is_self_signed(), "{}", root.slug);
            assert_eq!(certificate.common_name(), Some(root.name));
            assert_eq!(root.slug, root.name.to_lowercase().replace(' ', "-"));
        }
        assert!(ROOTS.is_sorted_by_key(|root| root.slug));
    }

    #[test]
    fn the_web_trusts_the_same_bytes() {
        // Browsers have given up the oldest root, so that store has it no more; Azure still lists it.
        let theirs: Vec<&[u8]> = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(AsRef::as_ref).collect();
        let missing: Vec<&str> =
            ROOTS.iter().filter(|root| !theirs.contains(&root.der)).map(|root| root.slug).collect();
        assert_eq!(missing, ["digicert-global-root-ca"]);
    }
}
