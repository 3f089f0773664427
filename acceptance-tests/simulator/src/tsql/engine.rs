//! The engine behind a TDS listener: who may sign in, and where.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::error::{SqlError, raise};
use super::host::edition;
use super::opening::may_open;
use super::session::locks::Locks;
use super::session::registry::Registry;
use super::session::{Shared, SqlSession, message};
use crate::arm::token::Tokens;
use crate::faults::Faults;
use crate::journal::{Event as JournalEvent, Face, Journal, Outcome};
use crate::tds::backend::{
    self, Backend, Credential, Encryption, Greeting, Login, Opposites, Server, SqlMessage, Suites,
};
use crate::world::World;
use crate::world::assumption;
use crate::world::build::Build;
use crate::world::collation::Collation;
use crate::world::instance::{Edition, EngineKey, SqlInstance};
use crate::world::routing::ReadOnlyRoute;
use crate::world::transport;

/// One engine of the world, for a TDS listener.
#[derive(Debug)]
pub(crate) struct EngineBackend {
    shared: Shared,
    server: Server,
    tokens: Tokens,
    /// The server's collation on the wire.
    collation: backend::Collation,
    next_session: AtomicU16,
}

/// How long a client may take to sign in. ASSUMED 125: no document says what a server allows; drivers give up after 15
/// seconds.
const LOGIN_DEADLINE: Duration = Duration::from_secs(30);
/// The same under the opposite.
const SHORT_DEADLINE: Duration = Duration::from_secs(5);

/// User sessions begin here; the server's own have the numbers below.
const FIRST_SESSION: u16 = 51;

impl EngineBackend {
    /// The engine of that key; nothing where there is none.
    pub(crate) fn new(
        world: &World,
        key: &EngineKey,
        journal: &Journal,
        faults: &Faults,
        tokens: &Tokens,
    ) -> Option<Self> {
        world.with(|estate| {
            let engine = estate.engine(key)?;
            let build = engine.shown_build();
            Some(Self {
                server: Server {
                    name: engine.server_name(),
                    version: (build.major, build.minor, build.build),
                    encryption: encryption(engine),
                    tds_8: engine.speaks_tds_8(),
                    suites: Suites::Current,
                    instance: engine.service_name().to_owned(),
                    login_deadline: LOGIN_DEADLINE,
                    federation: None,
                    opposites: Opposites::default(),
                },
                shared: Shared {
                    world: world.clone(),
                    engine: engine.key(),
                    major: engine.build.major,
                    microsoft_version: microsoft_version(build),
                    server_name: engine.server_name(),
                    service_name: engine.service_name().to_owned(),
                    version_text: version_text(engine, estate.opposite(assumption::INSTANCE_VERSION)),
                    collation: Collation::named(&engine.collation),
                    journal: journal.clone(),
                    faults: faults.clone(),
                    locks: Arc::new(Locks::default()),
                    sessions: Arc::new(Registry::default()),
                },
                tokens: tokens.clone(),
                collation: backend::Collation::named(&engine.collation),
                next_session: AtomicU16::new(FIRST_SESSION),
            })
        })
    }

    /// The login's name, or why it is refused: what the client reads, and the state that the server's log has.
    ///
    /// Clients see state 1 whatever was wrong, so that nobody learns which logins there are.
    fn admit(&self, credential: &Credential) -> Result<String, (SqlMessage, u8)> {
        match credential {
            Credential::Windows => Err((message(&raise!(18452, "")), 1)),
            Credential::Token(token) => self.admit_token(token).map_err(|state| {
                let other = self.shared.world.glance(|estate| estate.opposite(assumption::TOKEN_STATES));
                (token_refused(), if other { state::ENTRA } else { state })
            }),
            Credential::Password { user, password } => {
                let failed = |state| (failed(user), state);
                self.shared.world.with(|estate| {
                    let logins = estate.engine(&self.shared.engine).map(|engine| engine.logins.as_slice());
                    let mut logins = logins.unwrap_or_default().iter();
                    let login = logins
                        .find(|login| self.shared.collation.equal(&login.name, user))
                        .ok_or_else(|| failed(state::UNKNOWN))?;
                    let right = login.has_password(password).ok_or_else(|| failed(state::NO_SQL_LOGIN))?;
                    match (right, login.enabled) {
                        (true, true) => Ok(login.name.clone()),
                        (false, true) => Err(failed(state::WRONG_PASSWORD)),
                        (false, false) => Err(failed(state::WRONG_PASSWORD_OF_DISABLED)),
                        (true, false) => Err((message(&raise!(18470, user, "")), 1)),
                    }
                })
            }
        }
    }

    /// The login of whoever brings a token, or the state that the server's log has of the refusal.
    fn admit_token(&self, token: &str) -> Result<String, u8> {
        let principal = self.tokens.verify_sql_token(token).map_err(|_| state::BAD_TOKEN)?;
        self.shared.world.glance(|estate| {
            let logins = estate.engine(&self.shared.engine).map(|engine| engine.logins.as_slice());
            let mut logins = logins.unwrap_or_default().iter();
            // Users of Entra ID, applications among them, are of kind E.
            let login = logins
                .find(|login| login.kind == 'E' && self.shared.collation.equal(&login.name, &principal.name));
            match login {
                Some(login) if login.enabled => Ok(login.name.clone()),
                Some(_) => Err(state::DISABLED),
                None => Err(state::UNKNOWN),
            }
        })
    }

    /// Writes down what the server's log would say of a refusal.
    fn log(&self, user: &str, message: &SqlMessage, state: u8) {
        let event = JournalEvent {
            who: user.to_owned(),
            server: self.shared.engine.to_string(),
            ..JournalEvent::new(Face::Sql, "LOGIN")
        };
        let code = message.number.to_string();
        let message = format!("{} State: {state}.", message.text);
        self.shared.journal.begin(&event).finish(Outcome::Error { code, message });
    }
}

/// States of 18456 in the server's log.
mod state {
    /// ASSUMED 52: a token that is expired, of another audience or nobody's.
    pub(super) const BAD_TOKEN: u8 = 1;
    /// ASSUMED 52: a token whose login is disabled.
    pub(super) const DISABLED: u8 = 1;
    /// The first of those that are documented for failures of Entra ID (102 to 111, "MSSQLSERVER_18456", 2024).
    pub(super) const ENTRA: u8 = 102;
    pub(super) const UNKNOWN: u8 = 5;
    pub(super) const NO_SQL_LOGIN: u8 = 6;
    pub(super) const WRONG_PASSWORD_OF_DISABLED: u8 = 7;
    pub(super) const WRONG_PASSWORD: u8 = 8;
    pub(super) const UNKNOWN_DATABASE: u8 = 38;
}

#[async_trait]
impl Backend for EngineBackend {
    type Session = SqlSession;

    fn server(&self) -> Server {
        // What it asks of connections can be set while it runs.
        self.shared.world.glance(|estate| {
            let Some(engine) = estate.engine(&self.shared.engine) else { return self.server.clone() };
            // ASSUMED 54: such a server hangs up without an alert. Clients of Windows Server 2012 report the end of the
            // stream, though its TLS makes alerts.
            let alert = estate.opposite(assumption::SILENT_HANDSHAKE);
            let suites = match engine.transport.suites {
                transport::Suites::Current => Suites::Current,
                transport::Suites::Cbc => Suites::Cbc { alert },
            };
            Server {
                encryption: encryption(engine),
                tds_8: engine.speaks_tds_8(),
                suites,
                login_deadline: if estate.opposite(assumption::LOGIN_TIME) {
                    SHORT_DEADLINE
                } else {
                    LOGIN_DEADLINE
                },
                opposites: Opposites {
                    missing_types: estate.opposite(assumption::MISSING_TYPES),
                    inconsistent_logins: estate.opposite(assumption::INCONSISTENT_LOGINS),
                },
                ..self.server.clone()
            }
        })
    }

    fn is_up(&self) -> bool {
        self.shared.is_up()
    }

    async fn login(&self, login: Login) -> Result<(SqlSession, Greeting), Vec<SqlMessage>> {
        self.sign_in(login, None)
    }
}

impl EngineBackend {
    /// Signs a client in. `reader` counts those that only read and came through a listener, which are routed.
    ///
    /// # Errors
    /// The errors that the client reads.
    pub(crate) fn sign_in(
        &self,
        login: Login,
        reader: Option<usize>,
    ) -> Result<(SqlSession, Greeting), Vec<SqlMessage>> {
        let user = match &login.credential {
            Credential::Password { user, .. } => user.clone(),
            Credential::Token(_) | Credential::Windows => String::new(),
        };
        let name = self.admit(&login.credential).map_err(|(message, state)| {
            self.log(&user, &message, state);
            vec![message]
        })?;
        let (wanted, database, route) = self.shared.world.with(|estate| {
            let engine = estate.engine(&self.shared.engine);
            let own = engine.and_then(|engine| engine.logins.iter().find(|one| one.name == name));
            let own = own.map_or("master", |login| login.options.default_database.as_str());
            let wanted = if login.database.is_empty() { own } else { &login.database };
            let found = engine.and_then(|engine| Some((engine, engine.database(wanted)?)));
            let mut route = engine.and_then(|engine| engine.transport.route.clone());
            let opened = found.ok_or(None).and_then(|(engine, database)| {
                let routed = reader.map(|turn| estate.read_only_route(engine, database, turn));
                match routed {
                    Some(ReadOnlyRoute::To(way)) => route = Some(way),
                    // ASSUMED 146: also where the primary itself would let it in, but is not in the list.
                    Some(ReadOnlyRoute::Nowhere) if !estate.opposite(assumption::NOBODY_TO_READ) => {
                        return Err(Some(raise!(982, database.name)));
                    }
                    Some(ReadOnlyRoute::Nowhere) => {
                        may_open(engine, database, login.read_only_intent).map_err(Some)?;
                    }
                    Some(ReadOnlyRoute::None) | None => {
                        let onwards = estate.read_write_route(engine, database);
                        route = onwards.filter(|_| !login.read_only_intent).or(route.take());
                        may_open(engine, database, login.read_only_intent).map_err(Some)?;
                    }
                }
                Ok(database.name.clone())
            });
            (wanted.to_owned(), opened, route)
        });
        let database = database.map_err(|why: Option<SqlError>| {
            let failed = failed(&name);
            self.log(&name, &failed, state::UNKNOWN_DATABASE);
            why.iter().map(message).chain([message(&raise!(4060, wanted)), failed]).collect::<Vec<_>>()
        })?;
        let id = self.next_session.fetch_add(1, Ordering::Relaxed);
        let session = SqlSession::new(
            self.shared.clone(),
            id,
            name,
            database.clone(),
            login.application,
            login.host_name,
        )
        .came(login.encrypted, login.peer)
        .intent(login.read_only_intent);
        let greeting = Greeting {
            database,
            language: "us_english".to_owned(),
            collation: self.collation,
            route: route.map(|route| (route.host, route.port)),
        };
        Ok((session, greeting))
    }
}

/// 18456 as clients see it.
fn failed(user: &str) -> SqlMessage {
    message(&raise!(18456, user, "", ""))
}

/// As the server calls whoever brings a token.
fn token_refused() -> SqlMessage {
    failed("<token-identified principal>")
}

/// What an engine asks of connections, as the wire knows it.
fn encryption(engine: &SqlInstance) -> Encryption {
    match engine.transport.encryption {
        transport::Encryption::Off => Encryption::Off,
        transport::Encryption::Optional => Encryption::Optional,
        transport::Encryption::Required => Encryption::Required,
        transport::Encryption::Strict => Encryption::Strict,
    }
}

/// `@@VERSION`, in the form that servers of the field show.
fn version_text(engine: &SqlInstance, plain: bool) -> String {
    // ASSUMED 44.
    let build = if plain { engine.build } else { engine.shown_build() };
    if engine.edition == Edition::Managed && !plain {
        return format!("Microsoft SQL Azure (RTM) - {build} \n\tCopyright (C) Microsoft Corporation\n");
    }
    let update = build.update().map(|update| format!("-{update}")).unwrap_or_default();
    format!(
        "Microsoft SQL Server {} ({}{update}) - {build} (X64) \n\tCopyright (C) Microsoft Corporation\n\t{} on {}",
        build.year(),
        build.level(),
        edition(engine),
        if engine.linux { "Linux" } else { "Windows Server 2022" }
    )
}

/// `@@MICROSOFTVERSION`: major, minor and build in one number.
fn microsoft_version(build: Build) -> i64 {
    i64::from(build.major) << 24 | i64::from(build.minor) << 16 | i64::from(build.build)
}
