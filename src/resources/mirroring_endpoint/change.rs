//! What is written and differs from what is.

use super::words::{
    CERTIFICATE_ONLY, auth_code, authentication, encryption_of, identifier, listener_ip, role_of, state,
    with_certificate, words,
};
use super::{MirroringEndpoint, needs_certificate};
use crate::framework::diagnostic::Diagnostics;
use crate::framework::model::Field;
use crate::sql::catalog::EndpointRow;
use crate::sql::statement::{CreateEndpoint, EndpointChange, EndpointRole, EndpointState};

/// What is written and differs from what is.
pub(super) fn change(row: &EndpointRow, config: &MirroringEndpoint) -> Result<EndpointChange, Diagnostics> {
    let has = words(row);
    let differs = |wanted: &Field<String>, has: &Field<String>| {
        wanted.as_str().is_some_and(|wanted| Some(wanted) != has.as_str())
    };
    let mut change = EndpointChange::of(identifier("the name of the endpoint", &row.name)?);
    if differs(&config.state, &has.state) {
        change.state = config.state.as_str().map(state);
    }
    let port_differs = config.port.known().is_some_and(|port| Some(port) != has.port.known());
    if port_differs || differs(&config.listener_ip, &has.listener_ip) {
        let port = config.port.known().or(has.port.known()).copied().unwrap_or(DEFAULT_PORT);
        let ip = config.listener_ip.as_str().or(has.listener_ip.as_str()).unwrap_or("all");
        change.listener = Some((u16::try_from(port).unwrap_or(5022), listener_ip(ip)?));
    }
    let certificate_differs = match (config.certificate.as_str(), row.certificate.as_deref()) {
        (Some(wanted), Some(has)) => !wanted.eq_ignore_ascii_case(has),
        (Some(_), None) => true,
        _ => false,
    };
    if certificate_differs
        || differs(&config.authentication, &has.authentication)
        || differs(&config.encryption, &has.encryption)
        || differs(&config.encryption_algorithm, &has.encryption_algorithm)
        || differs(&config.role, &has.role)
    {
        let certificate = config.certificate.as_str().or(row.certificate.as_deref());
        let auth = match config.authentication.as_str() {
            Some(word) => auth_code(word),
            None => with_certificate(row.connection_auth, certificate.is_some()),
        };
        let level = config.encryption.as_str().or(has.encryption.as_str());
        let algorithm = config.encryption_algorithm.as_str().or(has.encryption_algorithm.as_str());
        let role = config.role.as_str().or(has.role.as_str()).map_or(EndpointRole::All, role_of);
        change.mirroring = Some((authentication(auth, certificate)?, encryption_of(level, algorithm), role));
    }
    Ok(change)
}

pub(super) const DEFAULT_PORT: i64 = 5022;

pub(super) fn new_endpoint(config: &MirroringEndpoint, server: &str) -> Result<CreateEndpoint, Diagnostics> {
    let certificate = config.certificate.as_str();
    let auth = match config.authentication.as_str() {
        Some(word) => auth_code(word),
        None if certificate.is_some() => CERTIFICATE_ONLY,
        None => return Err(needs_certificate(server).into()),
    };
    Ok(CreateEndpoint {
        name: identifier("the name of the endpoint", config.name.as_str().unwrap_or("milink_endpoint"))?,
        state: config.state.as_str().map_or(EndpointState::Started, state),
        port: u16::try_from(config.port.known().copied().unwrap_or(DEFAULT_PORT)).unwrap_or(5022),
        ip: listener_ip(config.listener_ip.as_str().unwrap_or("all"))?,
        authentication: authentication(auth, certificate)?,
        encryption: encryption_of(config.encryption.as_str(), config.encryption_algorithm.as_str()),
        role: config.role.as_str().map_or(EndpointRole::All, role_of),
    })
}

/// What was not written is as it was found.
pub(super) fn fill_unknown(model: &mut MirroringEndpoint, row: &EndpointRow) {
    let has = words(row);
    let fill = |field: &mut Field<String>, found: Field<String>| {
        if field.is_unknown() {
            *field = found;
        }
    };
    fill(&mut model.name, has.name);
    fill(&mut model.listener_ip, has.listener_ip);
    fill(&mut model.certificate, has.certificate);
    fill(&mut model.authentication, has.authentication);
    fill(&mut model.encryption, has.encryption);
    fill(&mut model.encryption_algorithm, has.encryption_algorithm);
    fill(&mut model.role, has.role);
    fill(&mut model.state, has.state);
    if model.port.is_unknown() {
        model.port = has.port;
    }
}
