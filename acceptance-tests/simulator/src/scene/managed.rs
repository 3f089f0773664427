//! A managed instance with its engine and certificates.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::{SceneError, engine};
use crate::arm::backend::InstanceView;
use crate::arm::path::InstancePath;
use crate::world::Estate;
use crate::world::instance::Edition;
use crate::world::managed::ManagedInstance;

/// A managed instance that is ready.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedInstanceDescription {
    /// Resource id.
    pub id: String,
    /// Region; westeurope where it is left out.
    pub location: Option<String>,
    /// `GeneralPurpose` or `BusinessCritical`; the former where it is left out.
    pub tier: Option<String>,
    /// `SQLServer2022`, `SQLServer2025` or `AlwaysUpToDate`; the first where it is left out.
    pub update_policy: Option<String>,
    /// Virtual cores, 8 where they are left out.
    pub v_cores: Option<u32>,
    /// Storage, gigabytes, 256 where it is left out.
    pub storage_gb: Option<u32>,
}

/// A root that instances' certificates chain to. The simulator cannot sign for it, so a root of the same name with a
/// key of its own signs instead.
const ROOT: [(DnType, &str); 4] = [
    (DnType::CountryName, "US"),
    (DnType::OrganizationName, "DigiCert Inc"),
    (DnType::OrganizationalUnitName, "www.digicert.com"),
    (DnType::CommonName, "DigiCert Global Root G2"),
];

pub(super) fn managed_instance(
    description: ManagedInstanceDescription,
    estate: &mut Estate,
) -> Result<ManagedInstance, SceneError> {
    let path =
        instance_path(&description.id).ok_or_else(|| SceneError::NotAnInstance(description.id.clone()))?;
    let unknown = |what, value: &str, known| SceneError::Unknown { what, value: value.to_owned(), known };
    let tier = description.tier.as_deref().unwrap_or("GeneralPurpose");
    let sku = match tier {
        "GeneralPurpose" => "GP_Gen5",
        "BusinessCritical" => "BC_Gen5",
        other => return Err(unknown("the tier", other, "GeneralPurpose and BusinessCritical")),
    };
    let policy = description.update_policy.as_deref().unwrap_or("SQLServer2022");
    let major = match policy {
        "SQLServer2022" => 16,
        "SQLServer2025" | "AlwaysUpToDate" => 17,
        other => {
            return Err(unknown(
                "the update policy",
                other,
                "SQLServer2022, SQLServer2025 and AlwaysUpToDate",
            ));
        }
    };
    let now = estate.clock.now();
    let dns_zone = format!("{:012x}", estate.next().wrapping_mul(0x9e37_79b9_7f4a) & 0xffff_ffff_ffff);
    let fqdn = format!("{}.{dns_zone}.database.windows.net", path.name.to_lowercase());
    let mut engine = engine::fresh(&fqdn, now, major, Edition::Managed, estate);
    // Every managed instance says this, whatever its engine is.
    engine.product_version = "12.0.2000.8".to_owned();
    let certificates = Certificates::make(&fqdn)
        .map_err(|source| SceneError::Certificate { instance: fqdn.clone(), source })?;
    let view = InstanceView {
        location: description.location.unwrap_or_else(|| "westeurope".into()),
        tags: Vec::new(),
        sku: sku.into(),
        tier: tier.into(),
        v_cores: description.v_cores.unwrap_or(8),
        storage_gb: description.storage_gb.unwrap_or(256),
        state: "Ready".into(),
        provisioning_state: "Succeeded".into(),
        dns_zone,
        fqdn,
        administrator: "sqladmin".into(),
        license: "LicenseIncluded".into(),
        hybrid_secondary_usage: "Active".into(),
        hybrid_secondary_usage_detected: None,
        collation: engine.collation.clone(),
        time_zone: "UTC".into(),
        public_endpoint: false,
        general_purpose_v2: false,
        database_format: policy.into(),
        created: now - Duration::days(90),
        path,
    };
    Ok(ManagedInstance {
        view,
        engine,
        links: Vec::new(),
        trust_certificates: Vec::new(),
        endpoint_chain: certificates.chain,
        roots: vec![(certificates.root_subject, certificates.root)],
    })
}

fn instance_path(id: &str) -> Option<InstancePath> {
    let parts: Vec<_> = id.split('/').collect();
    match parts.as_slice() {
        ["", _, subscription, _, group, _, _, kind, name]
            if kind.eq_ignore_ascii_case("managedInstances") =>
        {
            Some(InstancePath {
                subscription: (*subscription).to_owned(),
                group: (*group).to_owned(),
                name: (*name).to_owned(),
            })
        }
        _ => None,
    }
}

struct Certificates {
    /// Leaf first, DER.
    chain: Vec<Vec<u8>>,
    root_subject: String,
    root: Vec<u8>,
}

impl Certificates {
    fn make(fqdn: &str) -> Result<Self, rcgen::Error> {
        let root = CertifiedIssuer::self_signed(authority(&ROOT)?, KeyPair::generate()?)?;
        let issuing = [
            (DnType::CountryName, "US"),
            (DnType::OrganizationName, "Microsoft Corporation"),
            (DnType::CommonName, "Microsoft Azure RSA TLS Issuing CA 04"),
        ];
        let issuing = CertifiedIssuer::signed_by(authority(&issuing)?, KeyPair::generate()?, &root)?;
        let mut leaf = CertificateParams::new(vec![fqdn.to_owned()])?;
        leaf.distinguished_name = name(&[(DnType::CommonName, fqdn)]);
        leaf.not_before = OffsetDateTime::now_utc() - Duration::days(30);
        leaf.not_after = OffsetDateTime::now_utc() + Duration::days(150);
        leaf.use_authority_key_identifier_extension = true;
        let leaf = leaf.signed_by(&KeyPair::generate()?, &issuing)?;
        Ok(Self {
            chain: vec![leaf.der().to_vec(), issuing.der().to_vec()],
            root_subject: "CN=DigiCert Global Root G2, OU=www.digicert.com, O=DigiCert Inc, C=US".into(),
            root: root.der().to_vec(),
        })
    }
}

fn authority(distinguished_name: &[(DnType, &str)]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = name(distinguished_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = OffsetDateTime::now_utc() - Duration::days(365);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(3650);
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
