//! The engine behind a TDS listener: who may sign in, and where.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use async_trait::async_trait;

use super::collation::Collation;
use super::error::SqlError;
use super::host::edition;
use super::session::locks::Locks;
use super::session::{Shared, SqlSession, message};
use crate::arm::token::Tokens;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::tds::backend::{self, Backend, Credential, Greeting, Login, Server, SqlMessage};
use crate::world::World;

/// One engine of the world, for a TDS listener.
#[derive(Debug)]
pub(crate) struct EngineBackend {
    shared: Shared,
    server: Server,
    tokens: Tokens,
    next_session: AtomicU16,
}

/// User sessions begin here; the server's own have the numbers below.
const FIRST_SESSION: u16 = 51;

impl EngineBackend {
    /// The engine that answers to `host`; nothing where there is none.
    pub(crate) fn new(
        world: &World,
        host: &str,
        journal: &Journal,
        faults: &Faults,
        tokens: &Tokens,
    ) -> Option<Self> {
        world.with(|estate| {
            let speed = estate.clock.speed();
            let engine = estate.engine(host)?;
            let mut parts = engine.product_version.split('.').map(|part| part.parse::<u16>().ok());
            let (_, minor, build) = (parts.next()??, parts.next()??, parts.next()??);
            let version_text = format!(
                "Microsoft SQL Server {} - {} (X64) \n\t{} on {}",
                year(engine.major),
                engine.product_version,
                edition(engine),
                if engine.linux { "Linux" } else { "Windows Server 2022" }
            );
            let instance = engine.instance_name.clone().unwrap_or_else(|| "MSSQLSERVER".to_owned());
            Some(Self {
                server: Server {
                    name: engine.server_name(),
                    version: (engine.major, u8::try_from(minor).unwrap_or(0), build),
                    force_encryption: false,
                    instance,
                },
                shared: Shared {
                    world: world.clone(),
                    host: engine.host.clone(),
                    major: engine.major,
                    server_name: engine.server_name(),
                    version_text,
                    collation: Collation::named(&engine.collation),
                    journal: journal.clone(),
                    faults: faults.clone(),
                    locks: Arc::new(Locks::default()),
                    speed,
                },
                tokens: tokens.clone(),
                next_session: AtomicU16::new(FIRST_SESSION),
            })
        })
    }

    /// The login's name, or why it is refused.
    fn admit(&self, credential: &Credential) -> Result<String, SqlMessage> {
        match credential {
            Credential::Windows => Err(refused(
                18452,
                1,
                "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.",
            )),
            Credential::Token(token) => match self.tokens.verify_sql_token(token) {
                Ok(principal) => Ok(principal.name),
                Err(_) => Err(refused(18456, 1, "Login failed for user '<token-identified principal>'.")),
            },
            Credential::Password { user, password } => {
                let known = self.shared.world.with(|estate| {
                    let engine = estate.engine(&self.shared.host)?;
                    let login = engine.logins.iter().find(|login| login.name.eq_ignore_ascii_case(user))?;
                    let right = login.password.as_ref().is_some_and(|held| held.0 == **password);
                    (right && login.enabled).then(|| login.name.clone())
                });
                // Which part was wrong stands in the server's log alone: clients see state 1.
                known.ok_or_else(|| refused(18456, 1, &format!("Login failed for user '{user}'.")))
            }
        }
    }
}

#[async_trait]
impl Backend for EngineBackend {
    type Session = SqlSession;

    fn server(&self) -> Server {
        self.server.clone()
    }

    fn is_up(&self) -> bool {
        self.shared.is_up()
    }

    async fn login(&self, login: Login) -> Result<(SqlSession, Greeting), SqlMessage> {
        let name = self.admit(&login.credential)?;
        let wanted = if login.database.is_empty() { "master" } else { &login.database };
        let database = self.shared.world.with(|estate| {
            estate
                .engine(&self.shared.host)
                .and_then(|engine| engine.database(wanted))
                .map(|one| one.name.clone())
        });
        let Some(database) = database else {
            let text = format!("Cannot open database \"{wanted}\" requested by the login. The login failed.");
            return Err(SqlMessage { class: 11, ..refused(4060, 1, &text) });
        };
        let id = self.next_session.fetch_add(1, Ordering::Relaxed);
        let session = SqlSession::new(
            self.shared.clone(),
            id,
            name,
            database.clone(),
            login.application,
            login.host_name,
        );
        let greeting = Greeting {
            database,
            language: "us_english".to_owned(),
            collation: backend::Collation::LATIN1,
            route: None,
        };
        Ok((session, greeting))
    }
}

fn refused(number: i32, state: u8, text: &str) -> SqlMessage {
    message(&SqlError::new(number, 14, state, text.to_owned()))
}

fn year(major: u8) -> &'static str {
    match major {
        0..=13 => "2016",
        14 => "2017",
        15 => "2019",
        16 => "2022",
        _ => "2025",
    }
}
