//! `CREATE`, `ALTER`, `DROP`, `OPEN` and `CLOSE MASTER KEY` in `master`.

use super::super::ast::{AlterMasterKey, Secret};
use super::super::error::{SqlError, not_modelled, raise, syntax};
use super::refusal::{master_key_needed, no_permission, not_found, password_policy, wrong_decryptor};
use super::{Caller, Outcome, engine, engine_mut, in_master, permission};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::instance::{Edition, SqlInstance};
use crate::world::security::{MasterKey, Password, PrivateKeyProtection};

/// `CREATE MASTER KEY`.
pub(super) fn create(
    estate: &mut Estate,
    caller: &Caller,
    password: Option<&Secret>,
) -> Result<Outcome, SqlError> {
    let engine = allowed(estate, caller)?;
    if engine.master_key.is_some() {
        return Err(raise!(15578));
    }
    match password {
        Some(password) => password_policy(estate, &password.0)?,
        // Only managed instances know the form without a password.
        None if engine.edition == Edition::Managed => {}
        None => return Err(syntax("KEY", true, 1)),
    }
    let guid = estate.fresh_guid();
    let now = estate.clock.now();
    let engine = engine_mut(estate, caller)?;
    engine.master_key = Some(MasterKey {
        guid,
        created: now,
        modified: now,
        by_service_master_key: true,
        passwords: password.map(|password| Password(password.0.clone())).into_iter().collect(),
    });
    Ok(Outcome::default())
}

/// `ALTER MASTER KEY`.
pub(super) fn alter(
    estate: &mut Estate,
    caller: &Caller,
    change: &AlterMasterKey,
) -> Result<Outcome, SqlError> {
    let engine = allowed(estate, caller)?;
    let Some(mut key) = engine.master_key.clone() else { return Err(missing("alter")) };
    let usable = key.by_service_master_key || caller.master_key_open;
    let mut outcome = Outcome::default();
    match change {
        _ if usable => {}
        AlterMasterKey::Regenerate { force: true, .. } => outcome = Outcome::message(raise!(15585)),
        AlterMasterKey::Regenerate { .. } => return Err(raise!(15329)),
        _ => return Err(master_key_needed()),
    }
    let now = estate.clock.now();
    match change {
        // ASSUMED 31: adding what is there changes nothing and is no error.
        AlterMasterKey::AddServiceMasterKey
            if key.by_service_master_key && estate.opposite(assumption::MASTER_KEY_AGAIN) =>
        {
            return Err(wrong_decryptor());
        }
        AlterMasterKey::AddServiceMasterKey => key.by_service_master_key = true,
        AlterMasterKey::DropServiceMasterKey if key.by_service_master_key => {
            key.by_service_master_key = false
        }
        AlterMasterKey::DropServiceMasterKey => return Err(no_protection(estate)),
        AlterMasterKey::AddPassword(password) => {
            password_policy(estate, &password.0)?;
            if !key.passwords.iter().any(|one| one.0 == password.0) {
                key.passwords.push(Password(password.0.clone()));
            }
        }
        AlterMasterKey::DropPassword(password) => {
            let before = key.passwords.len();
            key.passwords.retain(|one| one.0 != password.0);
            // Also the last password of a key that the service master key does not open.
            if key.passwords.len() == before || (key.passwords.is_empty() && !key.by_service_master_key) {
                return Err(no_protection(estate));
            }
        }
        AlterMasterKey::Regenerate { password, .. } => {
            password_policy(estate, &password.0)?;
            key.passwords = vec![Password(password.0.clone())];
        }
    }
    key.modified = now;
    engine_mut(estate, caller)?.master_key = Some(key);
    Ok(outcome)
}

/// `DROP MASTER KEY`.
pub(super) fn drop(estate: &mut Estate, caller: &Caller) -> Result<Outcome, SqlError> {
    let engine = allowed(estate, caller)?;
    if engine.master_key.is_none() {
        return Err(missing("drop"));
    }
    let held = |protection| protection == PrivateKeyProtection::MasterKey;
    if let Some(certificate) = engine.certificates.iter().find(|one| held(one.private_key)) {
        return Err(raise!(15580, "master key", "certificate", certificate.name));
    }
    engine_mut(estate, caller)?.master_key = None;
    Ok(Outcome { master_key_open: Some(false), ..Outcome::default() })
}

/// `BACKUP MASTER KEY TO FILE`: writes no file, since the host has none.
pub(super) fn backup(estate: &Estate, caller: &Caller, password: &Secret) -> Result<Outcome, SqlError> {
    let engine = allowed(estate, caller)?;
    let Some(key) = &engine.master_key else { return Err(missing("find")) };
    if !key.by_service_master_key && !caller.master_key_open {
        return Err(master_key_needed());
    }
    password_policy(estate, &password.0)?;
    Ok(Outcome::default())
}

/// `RESTORE MASTER KEY FROM FILE`: the host of a simulated engine has no files.
pub(super) fn restore(estate: &Estate, caller: &Caller) -> Result<Outcome, SqlError> {
    allowed(estate, caller)?;
    Err(raise!(15317))
}

/// `OPEN MASTER KEY DECRYPTION BY PASSWORD`.
pub(super) fn open(estate: &Estate, caller: &Caller, password: &Secret) -> Result<Outcome, SqlError> {
    let engine = allowed(estate, caller)?;
    let Some(key) = &engine.master_key else { return Err(missing("find")) };
    if !key.passwords.iter().any(|one| one.0 == password.0) {
        return Err(wrong_decryptor());
    }
    Ok(Outcome { master_key_open: Some(true), ..Outcome::default() })
}

/// `CLOSE MASTER KEY`.
pub(super) fn close(estate: &Estate, caller: &Caller) -> Result<Outcome, SqlError> {
    allowed(estate, caller)?;
    if !caller.master_key_open {
        // Listed with severity 10 like 15313, so it arrives with 16 as that does (ASSUMED 32).
        return Err(raise!(15315, "master key"));
    }
    Ok(Outcome { master_key_open: Some(false), ..Outcome::default() })
}

/// The engine, where the caller may touch the key of `master`.
fn allowed<'a>(estate: &'a Estate, caller: &Caller) -> Result<&'a SqlInstance, SqlError> {
    let engine = engine(estate, caller)?;
    if !in_master(caller) {
        return Err(not_modelled("master keys of databases other than master"));
    }
    // CONTROL on the database; `master` belongs to sa.
    if !permission::on_server(engine, &caller.login, &["CONTROL"]) {
        return Err(no_permission());
    }
    Ok(engine)
}

/// 15313 for a protection that is not there, or is the last (ASSUMED 29): no source names the number.
fn no_protection(estate: &Estate) -> SqlError {
    if estate.opposite(assumption::REFUSAL_NUMBERS) { raise!(15329) } else { wrong_decryptor() }
}

fn missing(verb: &str) -> SqlError {
    not_found(verb, "symmetric key", "master key")
}
