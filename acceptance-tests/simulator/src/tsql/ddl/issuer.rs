//! The procedures about endpoint certificates and who may vouch for them.
//!
//! Documented are `sp_get_endpoint_certificate`, `sp_certificate_add_issuer` and
//! `sp_validate_certificate_ca_chain`; `sp_certificate_drop_issuer` and `sp_certificate_issuers` exist in every
//! engine since 2017 and are documented nowhere.

use rusqlite::types::Value;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::error::{
    SqlError, missing_parameter, not_a_parameter, raise, too_many_arguments, unknown_procedure,
    wrong_parameter_type,
};
use super::refusal::{no_permission, not_found};
use super::{Caller, engine, engine_mut, in_master, permission};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::build::{Capability, Equipment};
use crate::world::endpoint::Endpoint;
use crate::world::instance::SqlInstance;
use crate::world::security::{Certificate, IssuerGrant, Securable};

/// What a procedure returns: columns with their T-SQL types, and rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResultSet {
    pub(crate) columns: Vec<(&'static str, &'static str)>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// An argument: its name with the `@` where it was written, and its value.
pub(crate) type Argument = (Option<String>, Value);

/// Which engines have a procedure; nothing where it is none of these.
pub(crate) fn needs(procedure: &str) -> Option<Capability> {
    match procedure {
        "sp_certificate_add_issuer" | "sp_get_endpoint_certificate" => Some(Capability::LinkProcedures),
        "sp_certificate_drop_issuer" | "sp_certificate_issuers" => Some(Capability::IssuerList),
        "sp_validate_certificate_ca_chain" => Some(Capability::ChainValidation),
        "sp_multidb_milink" => Some(Capability::MultiDatabase),
        _ => None,
    }
}

/// Calls one of the procedures, named without its schema and as the engine spells it.
///
/// # Errors
/// What SQL Server raises; 2812 where the engine has no such procedure.
pub(crate) fn call(
    estate: &mut Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
) -> Result<Vec<ResultSet>, SqlError> {
    let known = Equipment::of(engine(estate, caller)?.build, &estate.opposites);
    if needs(procedure).is_none_or(|capability| !known.has(capability)) {
        return Err(unknown_procedure(procedure));
    }
    let result = match procedure {
        "sp_certificate_add_issuer" => add(estate, caller, procedure, arguments),
        "sp_certificate_drop_issuer" => remove(estate, caller, procedure, arguments),
        "sp_certificate_issuers" => list(estate, caller, procedure, arguments),
        "sp_get_endpoint_certificate" => endpoint_certificate(estate, caller, procedure, arguments),
        "sp_validate_certificate_ca_chain" => validate(estate, caller, procedure, arguments),
        _ => Err(unknown_procedure(procedure)),
    };
    result.map_err(|mut error| {
        error.procedure = Some(procedure.to_owned());
        error
    })
}

fn add(
    estate: &mut Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
) -> Result<Vec<ResultSet>, SqlError> {
    let (certificate, dns) = grant(estate, caller, procedure, arguments)?;
    let Some(name) = named(estate, caller, certificate)? else {
        return Err(no_certificate(estate, certificate));
    };
    let engine = engine_mut(estate, caller)?;
    if engine.issuers.iter().any(|one| one.certificate == certificate && one.dns.eq_ignore_ascii_case(&dns)) {
        return Err(raise!(37447, name, dns));
    }
    engine.issuers.push(IssuerGrant { certificate, dns });
    Ok(Vec::new())
}

/// ASSUMED 30: the same arguments as for adding.
fn remove(
    estate: &mut Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
) -> Result<Vec<ResultSet>, SqlError> {
    let (certificate, dns) = grant(estate, caller, procedure, arguments)?;
    if estate.opposite(assumption::DROP_ISSUER) {
        return Err(raise!(201, procedure, "@certificatename"));
    }
    let Some(name) = named(estate, caller, certificate)? else {
        return Err(no_certificate(estate, certificate));
    };
    let engine = engine_mut(estate, caller)?;
    let before = engine.issuers.len();
    engine.issuers.retain(|one| one.certificate != certificate || !one.dns.eq_ignore_ascii_case(&dns));
    if engine.issuers.len() == before {
        return Err(raise!(37448, name, dns, dns));
    }
    Ok(Vec::new())
}

fn list(
    estate: &Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
) -> Result<Vec<ResultSet>, SqlError> {
    let engine = available(estate, caller, procedure)?;
    bind(engine, procedure, &[], arguments)?;
    let row = |one: &IssuerGrant| vec![Value::Integer(one.certificate.into()), Value::Text(one.dns.clone())];
    Ok(vec![ResultSet {
        columns: vec![("certificateid", "int"), ("dnsname", "nvarchar(128)")],
        rows: engine.issuers.iter().map(row).collect(),
    }])
}

fn endpoint_certificate(
    estate: &Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
) -> Result<Vec<ResultSet>, SqlError> {
    let engine = engine(estate, caller)?;
    let values = bind(engine, procedure, &["@endpoint_type"], arguments)?;
    let kind = integer(procedure, "@endpoint_type", values.first())?;
    let seen = |endpoint: &&Endpoint| {
        let securable = Securable::Endpoint(endpoint.id);
        let rights = ["ALTER ANY ENDPOINT", "VIEW ANY DEFINITION"];
        permission::on_object(engine, &caller.login, &rights, &securable, &["VIEW DEFINITION", "ALTER"])
    };
    let Some(endpoint) = engine.endpoint.as_ref().filter(|_| kind == 4).filter(seen) else {
        return Err(raise!(47505, kind));
    };
    let certificate = endpoint.authentication.certificate;
    let Some(certificate) = certificate.and_then(|id| engine.certificate_by_id(id)) else {
        return Err(raise!(47506, kind));
    };
    Ok(vec![ResultSet {
        columns: vec![("EndpointCertificatePublicKey", "varbinary(max)")],
        rows: vec![vec![Value::Blob(certificate.der.clone())]],
    }])
}

/// Plain completion for a chain that holds, an error otherwise (15299; ASSUMED 29: no source names a number).
///
/// The roots are the certificates of `master` with an issuer grant; intermediates may lie in `master` without one.
/// The real engine also asks the host's store and the authorities' web sites.
fn validate(
    estate: &Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
) -> Result<Vec<ResultSet>, SqlError> {
    let now = estate.clock.now();
    let engine = available(estate, caller, procedure)?;
    let values = bind(engine, procedure, &["@certificateId", "@certificateName"], arguments)?;
    let missing = |name: &str| not_found("find", "certificate", name);
    let leaf = match (values.first(), values.get(1)) {
        (_, Some(Value::Text(name))) => engine.certificate(name).ok_or_else(|| missing(name))?,
        (Some(Value::Integer(id)), _) => {
            let found = i32::try_from(*id).ok().and_then(|id| engine.certificate_by_id(id));
            found.ok_or_else(|| missing(&id.to_string()))?
        }
        _ => return Err(missing_parameter(procedure, "@certificateId")),
    };
    if chain_holds(engine, leaf, now) {
        Ok(Vec::new())
    } else if estate.opposite(assumption::REFUSAL_NUMBERS) {
        Err(raise!(37449))
    } else {
        Err(raise!(15299))
    }
}

fn chain_holds(engine: &SqlInstance, leaf: &Certificate, now: time::OffsetDateTime) -> bool {
    let mut current = leaf;
    // No chain of Azure is longer than four.
    for _ in 0..8 {
        if now < current.not_before || now > current.not_after {
            return false;
        }
        if engine.issuers.iter().any(|grant| grant.certificate == current.id) {
            return true;
        }
        let Some(next) = engine.certificates.iter().find(|one| one.id != current.id && signed(current, one))
        else {
            return false;
        };
        current = next;
    }
    false
}

/// Whether `issuer`'s key signed `certificate`.
fn signed(certificate: &Certificate, issuer: &Certificate) -> bool {
    let (Ok((_, child)), Ok((_, parent))) =
        (X509Certificate::from_der(&certificate.der), X509Certificate::from_der(&issuer.der))
    else {
        return false;
    };
    child.issuer() == parent.subject() && child.verify_signature(Some(parent.public_key())).is_ok()
}

/// The arguments of adding and dropping, with the permission that both need. ASSUMED 126: no source says which, so
/// `sysadmin`.
fn grant(
    estate: &Estate,
    caller: &Caller,
    procedure: &str,
    arguments: &[Argument],
) -> Result<(i32, String), SqlError> {
    let engine = available(estate, caller, procedure)?;
    let values = bind(engine, procedure, &["@certid", "@dns"], arguments)?;
    let may = estate.opposite(assumption::ISSUER_RIGHTS)
        && permission::on_server(engine, &caller.login, &["ALTER ANY CERTIFICATE"]);
    if !may && !permission::sysadmin(engine, &caller.login) {
        return Err(no_permission());
    }
    let id = integer(procedure, "@certid", values.first())?;
    let dns = match values.get(1) {
        Some(Value::Text(dns)) => dns.trim().to_owned(),
        Some(Value::Null) | None => return Err(missing_parameter(procedure, "@dns")),
        Some(_) => return Err(wrong_parameter_type("@dns", "nvarchar(128)")),
    };
    let id = i32::try_from(id).map_err(|_| no_certificate(estate, i32::MAX))?;
    Ok((id, dns))
}

/// The engine, where the caller is in `master`, whose certificates the procedures are about.
fn available<'a>(estate: &'a Estate, caller: &Caller, procedure: &str) -> Result<&'a SqlInstance, SqlError> {
    let engine = engine(estate, caller)?;
    if in_master(caller) { Ok(engine) } else { Err(unknown_procedure(procedure)) }
}

/// Puts arguments into the order of the parameters; what was not given is NULL.
pub(super) fn bind(
    engine: &SqlInstance,
    procedure: &str,
    parameters: &[&str],
    arguments: &[Argument],
) -> Result<Vec<Value>, SqlError> {
    let mut values = vec![Value::Null; parameters.len()];
    for (position, (name, value)) in arguments.iter().enumerate() {
        let position = match name {
            None => position,
            Some(name) => parameters
                .iter()
                .position(|one| engine.same_name(one, name))
                .ok_or_else(|| not_a_parameter(name, procedure))?,
        };
        *values.get_mut(position).ok_or_else(|| too_many_arguments(procedure))? = value.clone();
    }
    Ok(values)
}

pub(super) fn integer(procedure: &str, parameter: &str, value: Option<&Value>) -> Result<i64, SqlError> {
    match value {
        Some(Value::Integer(number)) => Ok(*number),
        Some(Value::Null) | None => Err(missing_parameter(procedure, parameter)),
        Some(_) => Err(wrong_parameter_type(parameter, "int")),
    }
}

/// The name of the certificate of that id.
fn named(estate: &Estate, caller: &Caller, certificate: i32) -> Result<Option<String>, SqlError> {
    Ok(engine(estate, caller)?.certificate_by_id(certificate).map(|one| one.name.clone()))
}

/// 15151, as for every other name that leads nowhere (ASSUMED 29).
fn no_certificate(estate: &Estate, id: i32) -> SqlError {
    if estate.opposite(assumption::REFUSAL_NUMBERS) {
        no_permission()
    } else {
        not_found("find", "certificate", &id.to_string())
    }
}
