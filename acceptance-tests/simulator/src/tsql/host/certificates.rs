//! Functions about certificates of `master`.

use rusqlite::types::Value;
use time::OffsetDateTime;

use super::super::catalog::{SYSTEM_CERTIFICATES, certificate_sid, sid_text};
use super::super::ddl::pvk;
use super::super::error::{SqlError, not_modelled, raise};
use super::super::value::{self, Type};
use super::principals::Caller;
use super::{Arguments, bare};
use crate::world::assumption;
use crate::world::security::{Certificate, PrivateKeyProtection};

/// A function of this module; NULL where there is no such certificate.
///
/// # Errors
/// What is not modelled: keys and contents of the engine's own certificates, private keys.
pub(super) fn call(caller: Caller<'_>, function: &str, arguments: Arguments<'_>) -> Result<Value, SqlError> {
    if caller.database != "master" {
        return Ok(Value::Null);
    }
    if function == "CERT_ID" {
        let Some(wanted) = arguments.text(0).map(bare) else { return Ok(Value::Null) };
        let own = caller.engine.certificate(&wanted).map(|certificate| certificate.id);
        let system = SYSTEM_CERTIFICATES.iter().find(|one| caller.engine.same_name(one.name, &wanted));
        let found = own.or(system.map(|one| one.id_in(caller.estate)));
        return Ok(found.map_or(Value::Null, |id| Value::Integer(id.into())));
    }
    let id = arguments.whole(0).and_then(|id| i32::try_from(id).ok());
    if id.is_some_and(|id| SYSTEM_CERTIFICATES.iter().any(|one| one.id_in(caller.estate) == id)) {
        return Err(not_modelled("the contents of the engine's own certificates"));
    }
    let Some(certificate) = id.and_then(|id| caller.engine.certificate_by_id(id)) else {
        return Ok(Value::Null);
    };
    match function {
        "CERTENCODED" => Ok(Value::Blob(certificate.der.clone())),
        "CERTPROPERTY" => Ok(property(certificate, arguments.text(1).unwrap_or_default())),
        // NULL is the answer for a certificate without a private key ("CERTPRIVATEKEY", 2025).
        _ if certificate.private_key == PrivateKeyProtection::None => Ok(Value::Null),
        _ => private_key(caller, certificate, arguments),
    }
}

/// `CERTPRIVATEKEY(id, password [, password that it is under])`. ASSUMED 66: NULL where the last one is another.
fn private_key(
    caller: Caller<'_>,
    certificate: &Certificate,
    arguments: Arguments<'_>,
) -> Result<Value, SqlError> {
    let Some(password) = arguments.text(1).filter(|password| !password.is_empty()) else {
        return Ok(Value::Null);
    };
    let under = certificate.password.as_ref().map(|password| password.0.as_str());
    if certificate.private_key == PrivateKeyProtection::Password && arguments.text(2) != under {
        let refused = caller.estate.opposite(assumption::PRIVATE_KEY_PASSWORDS);
        return if refused { Err(raise!(15465)) } else { Ok(Value::Null) };
    }
    let password = pvk::password(caller.estate, password);
    let salt = uuid::Uuid::new_v4().into_bytes();
    pvk::write(&certificate.key, &password, salt)
        .map(Value::Blob)
        .ok_or_else(|| not_modelled("the export of private keys but of RSA"))
}

fn property(certificate: &Certificate, name: &str) -> Value {
    let day = |moment: OffsetDateTime| {
        let plain = time::PrimitiveDateTime::new(moment.date(), moment.time());
        Value::Text(value::format_moment(plain, Type::DateTime))
    };
    let sid = || certificate_sid(&certificate.thumbprint);
    match name.to_ascii_lowercase().as_str() {
        "expiry_date" => day(certificate.not_after),
        "start_date" => day(certificate.not_before),
        "issuer_name" => Value::Text(certificate.issuer.clone()),
        "cert_serial_number" => Value::Text(certificate.serial.clone()),
        "subject" => Value::Text(certificate.subject.clone()),
        "sid" => Value::Blob(sid()),
        "string_sid" => Value::Text(sid_text(&sid())),
        _ => Value::Null,
    }
}
