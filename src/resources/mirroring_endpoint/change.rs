//! What is written and differs from what is.

use super::words::{
    CERTIFICATE_ONLY, auth_code, authentication, encryption_of, identifier, listener_ip, role_of,
    same_address, state, with_certificate, words,
};
use super::{MirroringEndpoint, needs_certificate};
use crate::framework::diagnostic::Diagnostics;
use crate::framework::model::Field;
use crate::sql::catalog::EndpointRow;
use crate::sql::instance::InstanceFacts;
use crate::sql::statement::{CreateEndpoint, EndpointChange, EndpointRole, EndpointState};

/// The arguments that are written and differ from `has`, or that may: what is not known while planning may be anything.
///
/// `same_name` compares names as the server does.
pub(super) fn differing(
    config: &MirroringEndpoint,
    has: &MirroringEndpoint,
    same_name: impl Fn(&str, &str) -> bool,
) -> Vec<&'static str> {
    let exactly = |left: &str, right: &str| left == right;
    let mut arguments = Vec::new();
    let mut compare =
        |argument, wanted: &Field<String>, has: &Field<String>, same: &dyn Fn(&str, &str) -> bool| {
            let differs = match (wanted.as_str(), has.as_str()) {
                (Some(wanted), Some(has)) => !same(wanted, has),
                (Some(_), None) => true,
                (None, _) => wanted.is_unknown(),
            };
            if differs {
                arguments.push(argument);
            }
        };
    compare("certificate", &config.certificate, &has.certificate, &same_name);
    compare("authentication", &config.authentication, &has.authentication, &exactly);
    compare("encryption", &config.encryption, &has.encryption, &exactly);
    compare("encryption_algorithm", &config.encryption_algorithm, &has.encryption_algorithm, &exactly);
    compare("role", &config.role, &has.role, &exactly);
    compare("listener_ip", &config.listener_ip, &has.listener_ip, &same_address);
    compare("state", &config.state, &has.state, &exactly);
    if config.port.is_unknown() || config.port.known().is_some_and(|port| Some(port) != has.port.known()) {
        arguments.push("port");
    }
    arguments
}

/// The same as a statement's parts. Everything written is known.
pub(super) fn change(
    row: &EndpointRow,
    config: &MirroringEndpoint,
    facts: &InstanceFacts,
) -> Result<EndpointChange, Diagnostics> {
    let has = words(row);
    let differing = differing(config, &has, |left, right| facts.same_name(left, right));
    let any = |arguments: &[&str]| differing.iter().any(|argument| arguments.contains(argument));
    let mut change = EndpointChange::of(identifier("the name of the endpoint", &row.name)?);
    if any(&["state"]) {
        change.state = config.state.as_str().map(state);
    }
    if any(&["port", "listener_ip"]) {
        let port = config.port.known().or(has.port.known()).copied().unwrap_or(DEFAULT_PORT);
        let ip = config.listener_ip.as_str().or(has.listener_ip.as_str()).unwrap_or("all");
        change.listener = Some((u16::try_from(port).unwrap_or(5022), listener_ip(ip)?));
    }
    if any(&["certificate", "authentication", "encryption", "encryption_algorithm", "role"]) {
        let certificate = config.certificate.as_str().or(row.certificate.as_deref());
        let auth = match config.authentication.as_str() {
            Some(word) => auth_code(word),
            None => with_certificate(row.connection_auth, certificate.is_some()),
        };
        let algorithm = config.encryption_algorithm.as_str();
        let level = match (config.encryption.as_str(), has.encryption.as_str()) {
            (Some(level), _) => Some(level),
            // Who writes an algorithm wants encryption.
            (None, Some("disabled")) if algorithm.is_some_and(|algorithm| algorithm != "none") => {
                Some("required")
            }
            (None, _) if algorithm == Some("none") => Some("disabled"),
            (None, level) => level,
        };
        let algorithm = algorithm.or(has.encryption_algorithm.as_str());
        let role = config.role.as_str().or(has.role.as_str()).map_or(EndpointRole::All, role_of);
        change.mirroring = Some((authentication(auth, certificate)?, encryption_of(level, algorithm), role));
    }
    Ok(change)
}

/// What a change of these arguments changes with them is known after it.
pub(super) fn forget_dependents(
    planned: &mut MirroringEndpoint,
    config: &MirroringEndpoint,
    differing: &[&str],
) {
    let forget = |causes: &[&str], written: &Field<String>, planned: &mut Field<String>| {
        if written.is_null() && differing.iter().any(|argument| causes.contains(argument)) {
            *planned = Field::Unknown;
        }
    };
    forget(&["certificate"], &config.authentication, &mut planned.authentication);
    forget(&["authentication"], &config.certificate, &mut planned.certificate);
    forget(&["encryption"], &config.encryption_algorithm, &mut planned.encryption_algorithm);
    forget(&["encryption_algorithm"], &config.encryption, &mut planned.encryption);
}

pub(super) const DEFAULT_PORT: i64 = 5022;

pub(super) fn new_endpoint(config: &MirroringEndpoint, server: &str) -> Result<CreateEndpoint, Diagnostics> {
    let certificate = config.certificate.as_str();
    let auth = match config.authentication.as_str() {
        Some(word) => auth_code(word),
        None if certificate.is_some() => CERTIFICATE_ONLY,
        None => return Err(needs_certificate(server).into()),
    };
    let level = match (config.encryption.as_str(), config.encryption_algorithm.as_str()) {
        (None, Some("none")) => Some("disabled"),
        (level, _) => level,
    };
    Ok(CreateEndpoint {
        name: identifier("the name of the endpoint", config.name.as_str().unwrap_or("milink_endpoint"))?,
        state: config.state.as_str().map_or(EndpointState::Started, state),
        port: u16::try_from(config.port.known().copied().unwrap_or(DEFAULT_PORT)).unwrap_or(5022),
        ip: listener_ip(config.listener_ip.as_str().unwrap_or("all"))?,
        authentication: authentication(auth, certificate)?,
        encryption: encryption_of(level, config.encryption_algorithm.as_str()),
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

/// Everything as it was found. Names keep the state's spelling where the server takes both for one.
pub(super) fn refresh(model: &mut MirroringEndpoint, row: &EndpointRow, facts: &InstanceFacts) {
    let has = words(row);
    let spelt = |state: &Field<String>, found: Field<String>| match (state.as_str(), found.as_str()) {
        (Some(ours), Some(theirs)) if facts.same_name(ours, theirs) => state.clone(),
        _ => found,
    };
    model.name = spelt(&model.name, has.name);
    model.certificate = spelt(&model.certificate, has.certificate);
    model.port = has.port;
    model.listener_ip = has.listener_ip;
    model.authentication = has.authentication;
    model.encryption = has.encryption;
    model.encryption_algorithm = has.encryption_algorithm;
    model.role = has.role;
    model.state = has.state;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> EndpointRow {
        EndpointRow {
            name: "Hadr_endpoint".to_owned(),
            state: 0,
            role: 3,
            connection_auth: 7,
            encryption_algorithm: 2,
            certificate: Some("Endpoint".to_owned()),
            port: 5022,
            ip_address: Some("::1".to_owned()),
        }
    }

    /// Nothing is written.
    fn config() -> MirroringEndpoint {
        let mut nothing = words(&row());
        for field in [
            &mut nothing.name,
            &mut nothing.listener_ip,
            &mut nothing.certificate,
            &mut nothing.authentication,
            &mut nothing.encryption,
            &mut nothing.encryption_algorithm,
            &mut nothing.role,
            &mut nothing.state,
        ] {
            *field = Field::Null;
        }
        nothing.port = Field::Null;
        nothing
    }

    fn folded(left: &str, right: &str) -> bool {
        left.eq_ignore_ascii_case(right)
    }

    #[test]
    fn what_is_not_written_never_differs() {
        assert!(differing(&config(), &words(&row()), folded).is_empty());
    }

    #[test]
    fn another_spelling_of_the_same_is_no_difference() {
        let mut config = config();
        config.certificate = "ENDPOINT".into();
        config.listener_ip = "0:0:0:0:0:0:0:1".into();
        assert!(differing(&config, &words(&row()), folded).is_empty());
        // A case-sensitive server has two certificates there.
        assert_eq!(differing(&config, &words(&row()), |left, right| left == right), ["certificate"]);
        let mut everything = row();
        everything.ip_address = None;
        config.listener_ip = "ALL".into();
        assert!(differing(&config, &words(&everything), folded).is_empty());
    }

    #[test]
    fn what_is_not_known_yet_may_differ() {
        let mut config = config();
        config.certificate = Field::Unknown;
        config.port = Field::Unknown;
        assert_eq!(differing(&config, &words(&row()), folded), ["certificate", "port"]);
    }

    #[test]
    fn what_a_certificate_brings_with_it_is_not_promised() {
        let mut planned = words(&row());
        forget_dependents(&mut planned, &config(), &["certificate"]);
        assert!(planned.authentication.is_unknown() && !planned.encryption.is_unknown());
        let mut written = config();
        written.authentication = "windows_negotiate_certificate".into();
        let mut planned = words(&row());
        forget_dependents(&mut planned, &written, &["certificate"]);
        assert!(!planned.authentication.is_unknown());
    }
}
