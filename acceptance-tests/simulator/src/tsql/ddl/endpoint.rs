//! `CREATE`, `ALTER` and `DROP ENDPOINT … FOR DATABASE_MIRRORING`.

use super::super::ast::{self, AlterEndpoint, CreateEndpoint, Mirroring, Tcp};
use super::super::error::{SqlError, raise, syntax};
use super::certificate::no_private_key;
use super::refusal::{master_key_needed, no_permission, not_found};
use super::{Caller, Outcome, engine, engine_mut, managed, next_id, permission};
use crate::world::Estate;
use crate::world::assumption;
use crate::world::endpoint::{Algorithm, Authentication, Encryption, Endpoint, Role, State, Windows};
use crate::world::instance::{Edition, SqlInstance};
use crate::world::security::{PrivateKeyProtection, Securable};

/// What names of the system's own endpoints begin with: most have another word behind it.
const RESERVED: [&str; 2] = ["TSQL ", "TSQL"];

/// `CREATE ENDPOINT`.
pub(super) fn create(
    estate: &mut Estate,
    caller: &Caller,
    statement: &CreateEndpoint,
) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    managed::refuse(engine, "CREATE ENDPOINT")?;
    if !permission::on_server(engine, &caller.login, &["CREATE ENDPOINT", "ALTER ANY ENDPOINT"]) {
        return Err(no_permission());
    }
    if statement.affinity {
        return Err(raise!(7870));
    }
    // ASSUMED 118: which names are reserved.
    let [words, any] = RESERVED;
    let reserved = if estate.opposite(assumption::RESERVED_ENDPOINTS) { any } else { words };
    if statement.name.0.get(..reserved.len()).is_some_and(|start| start.eq_ignore_ascii_case(reserved)) {
        return Err(raise!(7869, statement.name, reserved));
    }
    let role = statement.mirroring.role.ok_or_else(|| syntax(")", false, 1)).map(role)?;
    // Express takes part as a witness only.
    if engine.edition == Edition::Express && role != Role::Witness {
        return Err(raise!(7878, "CREATE"));
    }
    if engine.endpoint.is_some() {
        return Err(raise!(7862));
    }
    let owner = statement.authorization.as_ref().map_or(caller.login.as_str(), |login| login.0.as_str());
    let owner = permission::login(engine, owner).ok_or_else(|| not_found("find", "login", owner))?.id;
    let mut endpoint = Endpoint {
        name: statement.name.0.clone(),
        id: 0,
        owner,
        state: statement.state.map_or(State::Stopped, state),
        port: 0,
        ip: None,
        role,
        authentication: Authentication {
            windows: Some(Windows::Negotiate),
            certificate: None,
            certificate_first: false,
        },
        encryption: Encryption { level: 2, algorithm: Algorithm::Aes },
        starts: 0,
    };
    mirror((estate, engine), &mut endpoint, &statement.mirroring)?;
    listen(estate, engine, &mut endpoint, &statement.tcp)?;
    endpoint.starts = u64::from(endpoint.state == State::Started);
    let engine = engine_mut(estate, caller)?;
    // Ids of endpoints begin at 65536; those below belong to the system.
    endpoint.id = next_id(engine).max(65_536);
    engine.next_id = engine.next_id.max(endpoint.id + 1);
    engine.endpoint = Some(endpoint);
    Ok(Outcome::default())
}

/// `ALTER ENDPOINT`: what is not mentioned stays; whatever is mentioned, the listener starts anew.
pub(super) fn alter(
    estate: &mut Estate,
    caller: &Caller,
    statement: &AlterEndpoint,
) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    managed::refuse(engine, "ALTER ENDPOINT")?;
    let mut endpoint = visible(engine, caller, "alter", &statement.name.0)?.clone();
    if statement.of_another_kind {
        return Err(raise!(7860));
    }
    if statement.affinity {
        return Err(raise!(7870));
    }
    let nothing = |tcp: &Option<Tcp>, mirroring: &Option<Mirroring>| {
        tcp.as_ref().is_none_or(|tcp| *tcp == Tcp::default())
            && mirroring.as_ref().is_none_or(|mirroring| *mirroring == Mirroring::default())
    };
    if statement.state.is_none() && nothing(&statement.tcp, &statement.mirroring) {
        return Err(raise!(7863));
    }
    if let Some(mirroring) = &statement.mirroring {
        mirror((estate, engine), &mut endpoint, mirroring)?;
    }
    if let Some(tcp) = &statement.tcp {
        listen(estate, engine, &mut endpoint, tcp)?;
    }
    if let Some(wanted) = statement.state {
        endpoint.state = state(wanted);
    }
    endpoint.starts += 1;
    engine_mut(estate, caller)?.endpoint = Some(endpoint);
    Ok(Outcome::default())
}

/// `DROP ENDPOINT`.
pub(super) fn drop(estate: &mut Estate, caller: &Caller, name: &str) -> Result<Outcome, SqlError> {
    let engine = engine(estate, caller)?;
    managed::refuse(engine, "DROP ENDPOINT")?;
    let id = visible(engine, caller, "drop", name)?.id;
    let engine = engine_mut(estate, caller)?;
    engine.endpoint = None;
    engine.permissions.retain(|one| one.securable != Securable::Endpoint(id));
    Ok(Outcome::default())
}

fn visible<'a>(
    engine: &'a SqlInstance,
    caller: &Caller,
    verb: &str,
    name: &str,
) -> Result<&'a Endpoint, SqlError> {
    let missing = || not_found(verb, "endpoint", name);
    let endpoint = engine.endpoint.as_ref().filter(|one| engine.same_name(&one.name, name));
    let endpoint = endpoint.ok_or_else(missing)?;
    let securable = Securable::Endpoint(endpoint.id);
    if permission::on_object(engine, &caller.login, &["ALTER ANY ENDPOINT"], &securable, &["ALTER"]) {
        Ok(endpoint)
    } else {
        Err(missing())
    }
}

/// Applies `FOR DATABASE_MIRRORING (…)`.
fn mirror(
    (estate, engine): (&Estate, &SqlInstance),
    endpoint: &mut Endpoint,
    mirroring: &Mirroring,
) -> Result<(), SqlError> {
    if let Some(authentication) = &mirroring.authentication {
        let (windows, certificate, certificate_first) = match authentication {
            ast::Authentication::Windows(kind) => (Some(*kind), None, false),
            ast::Authentication::Certificate(name) => (None, Some(name), false),
            ast::Authentication::WindowsThenCertificate(kind, name) => (Some(*kind), Some(name), false),
            ast::Authentication::CertificateThenWindows(name, kind) => (Some(*kind), Some(name), true),
        };
        let certificate = certificate.map(|name| usable_certificate(estate, engine, &name.0)).transpose()?;
        let windows = windows.map(|kind| match kind {
            ast::WindowsAuthentication::Ntlm => Windows::Ntlm,
            ast::WindowsAuthentication::Kerberos => Windows::Kerberos,
            ast::WindowsAuthentication::Negotiate => Windows::Negotiate,
        });
        endpoint.authentication = Authentication { windows, certificate, certificate_first };
    }
    if let Some(encryption) = mirroring.encryption {
        let (level, algorithm) = match encryption {
            ast::Encryption::Disabled => (0, None),
            ast::Encryption::Supported(algorithm) => (1, algorithm),
            ast::Encryption::Required(algorithm) => (2, algorithm),
        };
        let algorithm = match algorithm {
            None | Some(ast::Algorithm::Aes) => Algorithm::Aes,
            Some(ast::Algorithm::Rc4) => Algorithm::Rc4,
            Some(ast::Algorithm::AesRc4) => Algorithm::AesRc4,
            Some(ast::Algorithm::Rc4Aes) => Algorithm::Rc4Aes,
        };
        endpoint.encryption = Encryption { level, algorithm };
    }
    if let Some(wanted) = mirroring.role {
        endpoint.role = role(wanted);
    }
    Ok(())
}

/// A certificate whose private key the engine can use by itself: under the master key.
fn usable_certificate(estate: &Estate, engine: &SqlInstance, name: &str) -> Result<i32, SqlError> {
    let certificate = engine.certificate(name).ok_or_else(|| not_found("find", "certificate", name))?;
    match certificate.private_key {
        PrivateKeyProtection::MasterKey | PrivateKeyProtection::ServiceMasterKey => Ok(certificate.id),
        PrivateKeyProtection::None => Err(no_private_key(name)),
        // ASSUMED 29: that the endpoint needs a key under the master key follows from the documentation, the number not.
        PrivateKeyProtection::Password if estate.opposite(assumption::REFUSAL_NUMBERS) => {
            Err(master_key_needed())
        }
        PrivateKeyProtection::Password => Err(raise!(15334, "certificate")),
    }
}

/// Applies `AS TCP (…)`, unless somebody else on the machine has the port.
fn listen(estate: &Estate, engine: &SqlInstance, endpoint: &mut Endpoint, tcp: &Tcp) -> Result<(), SqlError> {
    if let Some(port) = tcp.port {
        // ASSUMED 35: 1 to 65535 are taken; the documentation says 1024 to 32767.
        let narrow = estate.opposite(assumption::ENDPOINT_PORTS);
        let taken = if narrow { 1024..=32_767 } else { 1..=u16::MAX };
        endpoint.port = u16::try_from(port)
            .ok()
            .filter(|port| taken.contains(port))
            .ok_or_else(|| syntax(&port.to_string(), false, 1))?;
    }
    if let Some(ip) = &tcp.ip {
        endpoint.ip.clone_from(ip);
    }
    if endpoint.port == engine.port {
        return Err(raise!(7874));
    }
    let neighbour = |other: &SqlInstance| {
        other.key() != engine.key()
            && other.machine_name.eq_ignore_ascii_case(&engine.machine_name)
            && (other.port == endpoint.port
                || other.endpoint.as_ref().is_some_and(|one| one.port == endpoint.port))
    };
    if estate.sql_servers.iter().any(neighbour) {
        return Err(raise!(7890, endpoint.name));
    }
    Ok(())
}

fn state(state: ast::EndpointState) -> State {
    match state {
        ast::EndpointState::Started => State::Started,
        ast::EndpointState::Stopped => State::Stopped,
        ast::EndpointState::Disabled => State::Disabled,
    }
}

fn role(role: ast::EndpointRole) -> Role {
    match role {
        ast::EndpointRole::Witness => Role::Witness,
        ast::EndpointRole::Partner => Role::Partner,
        ast::EndpointRole::All => Role::All,
    }
}
