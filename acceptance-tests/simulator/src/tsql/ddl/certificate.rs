//! `CREATE`, `ALTER`, `DROP` and `BACKUP CERTIFICATE` in `master`.
//!
//! A name may hold a backslash here as anywhere in the engine; it is Azure that refuses such a name.

use time::OffsetDateTime;

use super::super::ast::{
    AlterCertificate, CertificateSource, CreateCertificate, KeyPasswords, PrivateKey, Secret,
};
use super::super::catalog::SYSTEM_CERTIFICATES;
use super::super::error::{SqlError, conversion_to, date_conversion, not_modelled, raise};
use super::refusal::{master_key_needed, no_permission, not_found, password_policy};
use super::{Caller, Outcome, engine, engine_mut, in_master, next_id, permission, pvk, x509};
use crate::world::instance::SqlInstance;
use crate::world::security::{Certificate, Password, PrivateKeyProtection, Securable};
use crate::world::x509::has_elliptic_key;
use crate::world::{Estate, assumption};

/// `CREATE CERTIFICATE`.
pub(super) fn create(
    estate: &mut Estate,
    caller: &Caller,
    statement: &CreateCertificate,
) -> Result<Outcome, SqlError> {
    let now = estate.clock.now();
    let engine = allowed(estate, caller)?;
    let name = statement.name.0.as_str();
    if !permission::on_server(engine, &caller.login, &["CREATE CERTIFICATE", "ALTER ANY CERTIFICATE"]) {
        return Err(no_permission());
    }
    let owner = match &statement.authorization {
        None => permission::DBO,
        Some(user) => {
            permission::user(engine, "master", &user.0).ok_or_else(|| not_found("find", "user", &user.0))?
        }
    };
    let system = SYSTEM_CERTIFICATES.iter().any(|one| engine.same_name(one.name, name));
    if system || engine.certificate(name).is_some() {
        return Err(exists(name));
    }
    let mut certificate = match &statement.source {
        CertificateSource::Generated { password, subject, start_date, expiry_date } => {
            let dates = (start_date.as_deref(), expiry_date.as_deref());
            born((estate, engine), caller, now, name, subject, password.as_ref(), dates)?
        }
        // ASSUMED 43: the documentation names no kind of key that is not taken.
        CertificateSource::Binary { private_key: Some(PrivateKey { binary: None, .. }), .. } => {
            return Err(raise!(33069));
        }
        CertificateSource::Binary { der, private_key } => {
            let read = x509::read(name, der)
                .filter(|_| !estate.opposites.contains(&assumption::ELLIPTIC_KEYS) || !has_elliptic_key(der))
                .ok_or_else(|| raise!(15297))?;
            match private_key {
                Some(key) => with_key((estate, engine), caller, read, key)?,
                None => read,
            }
        }
        // Of files the host has what `BACKUP CERTIFICATE` wrote.
        CertificateSource::File { path } => {
            let der = engine.files.get(&path.to_lowercase());
            der.and_then(|der| x509::read(name, der)).ok_or_else(|| raise!(15208))?
        }
    };
    if engine.certificates.iter().any(|one| one.thumbprint == certificate.thumbprint) {
        return Err(exists(name));
    }
    certificate.owner = owner;
    certificate.active_for_begin_dialog = statement.active_for_begin_dialog;
    let outcome = warning(&certificate, now).map_or_else(Outcome::default, Outcome::message);
    let engine = engine_mut(estate, caller)?;
    certificate.id = next_id(engine);
    engine.certificates.push(certificate);
    Ok(outcome)
}

/// `ALTER CERTIFICATE`.
pub(super) fn alter(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    change: &AlterCertificate,
) -> Result<Outcome, SqlError> {
    let engine = allowed(estate, caller)?;
    let mut certificate = visible(engine, caller, "alter", name)?.clone();
    match change {
        AlterCertificate::ActiveForBeginDialog(on) => certificate.active_for_begin_dialog = *on,
        // The host of a simulated engine has no files.
        AlterCertificate::PrivateKey(key) if key.in_file => return Err(raise!(15208)),
        AlterCertificate::PrivateKey(key) if key.binary.is_some() => {
            certificate = with_key((estate, engine), caller, certificate, key)?;
        }
        _ if certificate.private_key == PrivateKeyProtection::None => return Err(no_private_key(name)),
        AlterCertificate::RemovePrivateKey => {
            certificate.private_key = PrivateKeyProtection::None;
            certificate.key.clear();
            certificate.password = None;
        }
        AlterCertificate::PrivateKey(PrivateKey { passwords, .. }) => {
            unlock(engine, caller, &certificate, passwords.decryption.as_ref())?;
            certificate.password = None;
            certificate.private_key = PrivateKeyProtection::MasterKey;
            match &passwords.encryption {
                Some(password) => {
                    password_policy(estate, &password.0)?;
                    certificate.password = Some(Password(password.0.clone()));
                    certificate.private_key = PrivateKeyProtection::Password;
                }
                None => key_usable(engine, caller)?,
            }
        }
    }
    let engine = engine_mut(estate, caller)?;
    if let Some(one) = engine.certificates.iter_mut().find(|one| one.id == certificate.id) {
        *one = certificate;
    }
    Ok(Outcome::default())
}

/// `DROP CERTIFICATE`.
pub(super) fn drop(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let engine = allowed(estate, caller)?;
    let id = visible(engine, caller, "drop", name)?.id;
    // The number for an endpoint's certificate was never seen written down: 15352 is the likeliest of the candidates
    // (15352, 15559, 3716): ASSUMED 29.
    if engine.endpoint.as_ref().is_some_and(|endpoint| endpoint.authentication.certificate == Some(id)) {
        return Err(if estate.opposite(assumption::REFUSAL_NUMBERS) {
            raise!(3716, "certificate", name, "endpoint")
        } else {
            raise!(15352, "certificate")
        });
    }
    if engine.logins.iter().any(|login| login.options.certificate == Some(id)) {
        return Err(raise!(15559, "certificate", name, "login"));
    }
    // ASSUMED 36: what the certificate may vouch for goes with it.
    let vouches = engine.issuers.iter().any(|grant| grant.certificate == id);
    if vouches && estate.opposite(assumption::VOUCHING) {
        return Err(raise!(15352, "certificate"));
    }
    let engine = engine_mut(estate, caller)?;
    engine.certificates.retain(|one| one.id != id);
    engine.issuers.retain(|grant| grant.certificate != id);
    engine.permissions.retain(|one| one.securable != Securable::Certificate(id));
    Ok(Outcome::default())
}

/// `BACKUP CERTIFICATE`: the certificate is in a file then; of the key only is remembered that it was backed up.
pub(super) fn backup(
    estate: &mut Estate,
    caller: &Caller,
    name: &str,
    file: &str,
    private_key: Option<&KeyPasswords>,
) -> Result<Outcome, SqlError> {
    let now = estate.clock.now();
    let engine = allowed(estate, caller)?;
    let certificate = visible(engine, caller, "find", name)?;
    let (id, der, path) = (certificate.id, certificate.der.clone(), file.to_lowercase());
    if engine.files.contains_key(&path) {
        return Err(raise!(15240, file));
    }
    if let Some(passwords) = private_key {
        if certificate.private_key == PrivateKeyProtection::None {
            return Err(raise!(15246, name));
        }
        unlock(engine, caller, certificate, passwords.decryption.as_ref())?;
        let password = passwords.encryption.as_ref().ok_or_else(|| raise!(15146, "certificate"))?;
        password_policy(estate, &password.0)?;
        let engine = engine_mut(estate, caller)?;
        engine.certificates.iter_mut().filter(|one| one.id == id).for_each(|one| one.last_backup = Some(now));
    }
    engine_mut(estate, caller)?.files.insert(path, der);
    Ok(Outcome::default())
}

/// 15342: listed with severity 10, arrives with 16 like 15313 (ASSUMED 32), as do 15334 and 15559.
pub(super) fn no_private_key(name: &str) -> SqlError {
    raise!(15342, "certificate", name)
}

/// A certificate with the private key that comes with it.
///
/// # Errors
/// 15297 for what is no key or another certificate's, 15465 for a wrong password, and those of
/// the protection that it gets here.
fn with_key(
    (estate, engine): (&Estate, &SqlInstance),
    caller: &Caller,
    certificate: Certificate,
    given: &PrivateKey,
) -> Result<Certificate, SqlError> {
    let file = given.binary.as_ref().ok_or_else(|| raise!(15297))?;
    let decryption = given.passwords.decryption.as_ref().map(|one| pvk::password(estate, &one.0));
    let key = pvk::read(&file.0, decryption.as_deref()).map_err(|cause| match cause {
        pvk::Unreadable::Form => raise!(15297),
        pvk::Unreadable::Password => raise!(15465),
    })?;
    if pvk::modulus(&key).is_none_or(|modulus| x509::modulus(&certificate.der) != Some(modulus)) {
        return Err(raise!(15297));
    }
    let (private_key, password) = match &given.passwords.encryption {
        Some(password) => {
            password_policy(estate, &password.0)?;
            (PrivateKeyProtection::Password, Some(Password(password.0.clone())))
        }
        None => {
            key_usable(engine, caller)?;
            (PrivateKeyProtection::MasterKey, None)
        }
    };
    Ok(Certificate { key, private_key, password, ..certificate })
}

/// A certificate that the engine makes itself.
fn born(
    (estate, engine): (&Estate, &SqlInstance),
    caller: &Caller,
    now: OffsetDateTime,
    name: &str,
    subject: &str,
    password: Option<&Secret>,
    (start, expiry): (Option<&str>, Option<&str>),
) -> Result<Certificate, SqlError> {
    // Linux keeps to 64 characters; Windows takes a whole distinguished name, up to 4096 (ASSUMED 37).
    let short = engine.linux || estate.opposite(assumption::LONG_SUBJECTS);
    let longest = if short { 64 } else { 4096 };
    if subject.is_empty() || subject.chars().count() > longest {
        return Err(raise!(15212, longest));
    }
    let protection = match password {
        Some(password) => {
            password_policy(estate, &password.0)?;
            PrivateKeyProtection::Password
        }
        None => {
            key_usable(engine, caller)?;
            PrivateKeyProtection::MasterKey
        }
    };
    // 241 for what is no date (ASSUMED 29): no source names the number.
    let other = estate.opposite(assumption::REFUSAL_NUMBERS);
    let no_date = || if other { conversion_to("nvarchar", "datetime") } else { date_conversion() };
    let read = |text: Option<&str>| text.map(|text| x509::date(text).ok_or_else(no_date)).transpose();
    let skewed = now + time::Duration::seconds(engine.clock_skew);
    let start = read(start)?.unwrap_or(skewed);
    let expiry = read(expiry)?.unwrap_or_else(|| a_year_after(start));
    let failed = || raise!(15468, "certificate");
    let (der, key) = x509::generate(subject, start, expiry).map_err(|_| failed())?;
    let certificate = x509::read(name, &der).ok_or_else(failed)?;
    let password = password.map(|password| Password(password.0.clone()));
    Ok(Certificate { private_key: protection, key, password, ..certificate })
}

/// Refuses where the private key cannot be read: 15334 and 15465 for a key under a password, 15397 where a password is
/// given for one that is not, 15581 for one under a master key that is closed.
fn unlock(
    engine: &SqlInstance,
    caller: &Caller,
    certificate: &Certificate,
    password: Option<&Secret>,
) -> Result<(), SqlError> {
    match (certificate.private_key, &certificate.password, password) {
        (PrivateKeyProtection::Password, _, None) => Err(raise!(15334, "certificate")),
        (PrivateKeyProtection::Password, held, Some(given)) => {
            let right = held.as_ref().is_some_and(|held| held.0 == given.0);
            if right { Ok(()) } else { Err(raise!(15465)) }
        }
        (_, _, Some(_)) => Err(raise!(15397, "certificate")),
        (_, _, None) => key_usable(engine, caller),
    }
}

/// Refuses unless the master key can protect something now.
fn key_usable(engine: &SqlInstance, caller: &Caller) -> Result<(), SqlError> {
    match &engine.master_key {
        Some(key) if key.by_service_master_key || caller.master_key_open => Ok(()),
        _ => Err(master_key_needed()),
    }
}

/// 15213 to 15215 say that the certificate was created; the table lists them with severity 16, their text is a
/// warning's, so they arrive with class 10 (ASSUMED 32).
fn warning(certificate: &Certificate, now: OffsetDateTime) -> Option<SqlError> {
    if certificate.not_after < certificate.not_before {
        Some(raise!(15213))
    } else if certificate.not_after < now {
        Some(raise!(15214))
    } else if certificate.not_before > now {
        Some(raise!(15215))
    } else {
        None
    }
}

fn a_year_after(start: OffsetDateTime) -> OffsetDateTime {
    start.replace_year(start.year() + 1).unwrap_or(start + time::Duration::days(365))
}

fn exists(name: &str) -> SqlError {
    raise!(15232, name)
}

fn visible<'a>(
    engine: &'a SqlInstance,
    caller: &Caller,
    verb: &str,
    name: &str,
) -> Result<&'a Certificate, SqlError> {
    let missing = || not_found(verb, "certificate", name);
    let certificate = engine.certificate(name).ok_or_else(missing)?;
    let securable = Securable::Certificate(certificate.id);
    if permission::on_object(engine, &caller.login, &["ALTER ANY CERTIFICATE"], &securable, &["ALTER"]) {
        Ok(certificate)
    } else {
        Err(missing())
    }
}

fn allowed<'a>(estate: &'a Estate, caller: &Caller) -> Result<&'a SqlInstance, SqlError> {
    if in_master(caller) {
        engine(estate, caller)
    } else {
        Err(not_modelled("certificates of databases other than master"))
    }
}
