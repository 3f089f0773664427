//! A managed instance with its engine and certificates.

use serde::Deserialize;
use time::Duration;

use super::{SceneError, engine};
use crate::arm::backend::{InstanceView, KeyView};
use crate::arm::path::InstancePath;
use crate::world::Estate;
use crate::world::build::Build;
use crate::world::endpoint::{Algorithm, Authentication, Encryption, Endpoint, Role, State};
use crate::world::instance::{Edition, SqlInstance};
use crate::world::managed::ManagedInstance;
use crate::world::security::PrivateKeyProtection;
use crate::world::x509::{self, InstanceCertificates};

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
    let dns_zone =
        format!("{:012x}", estate.fresh_number().wrapping_mul(0x9e37_79b9_7f4a) & 0xffff_ffff_ffff);
    let fqdn = format!("{}.{dns_zone}.database.windows.net", path.name.to_lowercase());
    let mut engine = engine::fresh(&fqdn, now, Build::newest(major), Edition::Managed, estate);
    let certificates = InstanceCertificates::make(&fqdn, now)
        .map_err(|source| SceneError::Certificate { instance: fqdn.clone(), source })?;
    super::principals::install(&mut engine, now - Duration::days(90));
    give_endpoint(&mut engine, &fqdn, &certificates);
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
        roots: vec![(certificates.root_subject.to_owned(), certificates.root)],
        due_backups: Vec::new(),
        failover_groups: Vec::new(),
        protector: KeyView { name: "ServiceManaged".into(), uri: None, thumbprint: String::new() },
        keys: vec![KeyView { name: "ServiceManaged".into(), uri: None, thumbprint: String::new() }],
    })
}

/// The endpoint that every instance has and nobody can alter.
fn give_endpoint(engine: &mut SqlInstance, fqdn: &str, certificates: &InstanceCertificates) {
    let leaf = certificates.chain.first().and_then(|der| x509::read(fqdn, der));
    let Some(mut leaf) = leaf else { return };
    // [Management Studio's library names it so]
    leaf.name = "##MS_InstanceCertificate##".into();
    leaf.id = 256;
    leaf.private_key = PrivateKeyProtection::MasterKey;
    leaf.key.clone_from(&certificates.key);
    engine.certificates.push(leaf);
    engine.endpoint = Some(Endpoint {
        name: "hadr_endpoint".into(),
        id: 65_536,
        owner: 1,
        state: State::Started,
        port: 5022,
        ip: None,
        role: Role::All,
        authentication: Authentication { windows: None, certificate: Some(256), certificate_first: false },
        encryption: Encryption { level: 2, algorithm: Algorithm::Aes },
        starts: 1,
    });
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
