//! A managed instance with its engine and certificates.

use time::Duration;

use super::description::{InstanceState, LoginDescription, ManagedInstanceDescription, Tier, UpdatePolicy};
use super::{APPLICATION, SceneError, Setting, engine};
use crate::arm::backend::{InstanceView, KeyView};
use crate::arm::path::InstancePath;
use crate::world::build::Build;
use crate::world::endpoint::{Algorithm, Authentication, Encryption, Endpoint, Role, State};
use crate::world::instance::{Edition, SqlInstance};
use crate::world::managed::ManagedInstance;
use crate::world::security::PrivateKeyProtection;
use crate::world::transport;
use crate::world::x509::{self, InstanceCertificates};

const COLLATION: &str = "SQL_Latin1_General_CP1_CI_AS";

/// Adds a managed instance to the world.
pub(super) fn managed_instance(
    description: ManagedInstanceDescription,
    setting: &mut Setting<'_>,
) -> Result<(), SceneError> {
    let path = path(&description.id, setting)?;
    let (tier, sku) = match description.tier {
        None | Some(Tier::GeneralPurpose) => ("GeneralPurpose", "GP_Gen5"),
        Some(Tier::BusinessCritical) if description.next_generation => {
            return Err(setting.problem("next_generation", "only General Purpose has a next generation"));
        }
        Some(Tier::BusinessCritical) => ("BusinessCritical", "BC_Gen5"),
    };
    let (policy, major) = match description.update_policy {
        None | Some(UpdatePolicy::SqlServer2022) => ("SQLServer2022", 16),
        Some(UpdatePolicy::SqlServer2025) => ("SQLServer2025", 17),
        Some(UpdatePolicy::AlwaysUpToDate) => ("AlwaysUpToDate", 17),
    };
    let (state, provisioning_state) = match description.state {
        None | Some(InstanceState::Ready) => ("Ready", "Succeeded"),
        Some(InstanceState::Stopped) => ("Stopped", "Succeeded"),
        Some(InstanceState::Updating) => ("Updating", "Updating"),
    };
    let now = setting.now();
    let made_up = setting.estate.fresh_number().wrapping_mul(0x9e37_79b9_7f4a) & 0xffff_ffff_ffff;
    let dns_zone = description.dns_zone.unwrap_or_else(|| format!("{made_up:012x}"));
    if dns_zone.len() != 12 || !dns_zone.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(setting.problem("dns_zone", format!("`{dns_zone}` is not twelve hexadecimal digits")));
    }
    let fqdn = format!("{}.{dns_zone}.database.windows.net", path.name.to_lowercase());
    let collation = description.collation.as_deref().unwrap_or(COLLATION);
    let mut engine =
        engine::fresh(&fqdn, now, Build::newest(major), Edition::Managed, collation, setting.estate);
    engine.aliases = description.aliases.iter().map(|alias| alias.to_lowercase()).collect();
    let certificates = InstanceCertificates::make(&fqdn, now)
        .map_err(|source| SceneError::Certificate { instance: fqdn.clone(), source })?;
    super::principals::install(&mut engine, now - Duration::days(90));
    give_endpoint(&mut engine, &fqdn, &certificates);
    // It takes no client in clear.
    engine.transport.encryption = transport::Encryption::Required;
    let key = engine.key();
    if state == "Stopped" {
        setting.estate.network.down.insert(fqdn.clone());
    }
    let view = InstanceView {
        location: description.location.unwrap_or_else(|| "westeurope".into()),
        tags: description.tags.into_iter().collect(),
        sku: sku.into(),
        tier: tier.into(),
        v_cores: description.v_cores.unwrap_or(8),
        storage_gb: description.storage_gb.unwrap_or(256),
        state: state.into(),
        provisioning_state: provisioning_state.into(),
        dns_zone,
        fqdn,
        administrator: "sqladmin".into(),
        license: "LicenseIncluded".into(),
        hybrid_secondary_usage: "Active".into(),
        hybrid_secondary_usage_detected: None,
        collation: engine.collation.clone(),
        time_zone: description.time_zone.unwrap_or_else(|| "UTC".into()),
        public_endpoint: false,
        general_purpose_v2: description.next_generation,
        database_format: policy.into(),
        created: now - Duration::days(90),
        path,
    };
    setting.estate.managed_instances.push(ManagedInstance {
        view,
        engine,
        links: Vec::new(),
        trust_certificates: Vec::new(),
        endpoint_chain: certificates.chain,
        roots: vec![(certificates.root_subject.to_owned(), certificates.root)],
        due_backups: Vec::new(),
        dropped_databases: Vec::new(),
        lingering: Vec::new(),
        protector: KeyView::service_managed(),
        keys: vec![KeyView::service_managed()],
    });
    let administrator = description.entra_administrator.unwrap_or_else(|| APPLICATION.to_owned());
    engine::logins(vec![LoginDescription::entra(administrator)], &key, setting)?;
    engine::logins(description.logins, &key, setting)?;
    engine::databases(&description.databases, &key, setting)
}

fn path(id: &str, setting: &Setting<'_>) -> Result<InstancePath, SceneError> {
    let path = instance_path(id).ok_or_else(|| {
        setting.problem("id", format!("`{id}` is not the resource id of a managed instance"))
    })?;
    if setting.estate.managed(&path).is_some() {
        return Err(setting.problem("id", format!("there are two managed instances `{id}`")));
    }
    Ok(path)
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
