//! Keys of an instance, and which of them protects it.
//!
//! Times are those of azure-cli's recording test_sql_mi_tdebyok: a second for a key and for the service's own protector,
//! a minute and three quarters for a customer's.

use time::Duration;

use super::deeds::{ready, start, unproven_name};
use super::refusals::refusal;
use crate::arm::backend::{Accepted, KeyView, Refusal, VaultKey};
use crate::arm::path::{ChildType, InstancePath};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::managed::{Effect, ManagedInstance, Operation};
use crate::world::replication::opposite;

const SECOND: Duration = Duration::SECOND;
const CUSTOMERS: Duration = Duration::seconds(107);

impl ManagedInstance {
    /// What an operation about keys does.
    pub(in crate::world) fn change_keys(&mut self, effect: &Effect) {
        match effect {
            Effect::AddKey(key) if !self.keys.iter().any(|one| one.name.eq_ignore_ascii_case(&key.name)) => {
                self.keys.push(key.clone());
            }
            Effect::RemoveKey(name) => self.keys.retain(|one| !one.name.eq_ignore_ascii_case(name)),
            Effect::Protect(key) => self.protector = key.clone(),
            _ => {}
        }
    }

    /// Whether the instance was given the key at an address.
    pub(super) fn has_key(&self, uri: &str) -> bool {
        self.keys.iter().filter_map(|key| key.vault.as_ref()).any(|vault| vault.uri == uri)
    }
}

/// `PUT` of a key.
pub(super) fn put(
    estate: &mut Estate,
    path: &InstancePath,
    name: &str,
    uri: &str,
) -> Result<Accepted, Refusal> {
    let managed = ready(estate, path)?;
    // ASSUMED 161.
    if managed.keys.iter().any(|one| one.name.eq_ignore_ascii_case(name))
        && opposite(&estate.opposites, assumption::KEY_AGAIN)
    {
        return Err(refusal(
            409,
            "ServerKeyNameAlreadyExists",
            "The server key already exists on the server.",
        ));
    }
    let vault = VaultKey { uri: uri.to_owned(), created: estate.clock.now() };
    let effect = Effect::AddKey(KeyView { name: name.to_owned(), vault: Some(vault), rotates: false });
    let child = Some((ChildType::Keys, name.to_owned()));
    Ok(start(estate, path, "UpsertManagedServerEncryptionKeys", child, Some(SECOND), effect))
}

/// `DELETE` of a key.
pub(super) fn delete(estate: &mut Estate, path: &InstancePath, name: &str) -> Result<Accepted, Refusal> {
    let managed = ready(estate, path)?;
    let becoming = changing(estate, path)
        .any(|one| matches!(&one.effect, Effect::Protect(key) if key.name.eq_ignore_ascii_case(name)));
    let in_use = (becoming || managed.protector.name.eq_ignore_ascii_case(name))
        .then(|| refusal(409, "AzureKeyVaultKeyInUse", "The key is currently being used by the server."));
    // ASSUMED 162: refused at once.
    let effect = match in_use {
        Some(refusal) if !opposite(&estate.opposites, assumption::KEY_REFUSALS) => return Err(refusal),
        Some(Refusal { code, message, .. }) => Effect::Fail(code, message),
        None => Effect::RemoveKey(name.to_owned()),
    };
    let child = Some((ChildType::Keys, name.to_owned()));
    let operation =
        unproven_name(estate, "DropManagedServerEncryptionKeys", "DropManagedInstanceEncryptionKeys");
    Ok(start(estate, path, operation, child, Some(SECOND), effect))
}

/// `PUT` of the protector.
pub(super) fn protect(
    estate: &mut Estate,
    path: &InstancePath,
    name: &str,
    rotates: bool,
) -> Result<Accepted, Refusal> {
    let managed = ready(estate, path)?;
    let Some(key) = managed.keys.iter().find(|one| one.name.eq_ignore_ascii_case(name)).cloned() else {
        // ASSUMED 162: this code of the two that the specification has for it.
        if opposite(&estate.opposites, assumption::KEY_REFUSALS) {
            return Err(refusal(409, "ServerKeyDoesNotExists", "The server key does not exist."));
        }
        let message = "The requested server key was not found on the current subscription.";
        return Err(refusal(404, "ServerKeyNotFound", message));
    };
    if changing(estate, path).next().is_some() {
        return Err(refusal(
            409,
            "EncryptionProtectorChangeInProgress",
            "Cannot update database encryption key protector while protector change is already in progress",
        ));
    }
    let partner = estate.failover_group_of(path).map(|group| group.partner(path).clone());
    let partner = partner.and_then(|partner| estate.managed(&partner));
    if let (Some(partner), Some(vault)) = (partner, &key.vault)
        && !partner.has_key(&vault.uri)
    {
        return Err(unknown_to_partner());
    }
    let lasts = if key.vault.is_some() { CUSTOMERS } else { SECOND };
    let rotates = rotates && key.vault.is_some();
    let child = Some((ChildType::EncryptionProtector, "current".to_owned()));
    let effect = Effect::Protect(KeyView { rotates, ..key });
    Ok(start(estate, path, "UpsertManagedServerEncryptionProtector", child, Some(lasts), effect))
}

/// `POST …/revalidate`.
pub(super) fn revalidate(estate: &mut Estate, path: &InstancePath) -> Result<Accepted, Refusal> {
    ready(estate, path)?;
    let child = Some((ChildType::EncryptionProtector, "current".to_owned()));
    let operation = unproven_name(
        estate,
        "RevalidateManagedServerEncryptionProtector",
        "RevalidateManagedInstanceEncryptionProtector",
    );
    Ok(start(estate, path, operation, child, Some(SECOND), Effect::Revalidate))
}

/// The other member of a failover group has to have the key first. [specification]
pub(super) fn unknown_to_partner() -> Refusal {
    refusal(
        400,
        "KeyMaterialNotFoundOnRemoteServer",
        "Remote server does not have access to key material used as a TDE protector.",
    )
}

impl Estate {
    /// Whether the key that protects an instance is being changed.
    pub(crate) fn changes_protector(&self, path: &InstancePath) -> bool {
        changing(self, path).next().is_some()
    }
}

/// Changes of an instance's protector that run.
fn changing<'a>(estate: &'a Estate, path: &InstancePath) -> impl Iterator<Item = &'a Operation> {
    let own = path.clone();
    estate.operations.iter().filter(move |one| {
        one.outcome.is_none() && one.instance.is(&own) && matches!(one.effect, Effect::Protect(_))
    })
}
