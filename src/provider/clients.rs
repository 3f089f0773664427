//! One client for each side, made in Configure and dialled when it is first needed.
//!
//! What a side is called in HCL and what it is in the world are two things: resources name a `sql_server` block, state
//! remembers `SERVERPROPERTY('ServerName')`, and a block can be renamed. So a server is looked up by the block's name,
//! then by its former names, and whoever answers is compared with what state remembers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::settings::{AzureSettings, Part, Preflight, Resolved, RunName, ServerSettings};
use crate::arm;
use crate::credential::{self, TokenSource};
use crate::framework::diagnostic::Diagnostic;
use crate::http;
use crate::secret::Secret;
use crate::sql::Server;
use crate::sql::config::{self, SqlAuth};

/// Everything that objects are given.
#[derive(Debug)]
pub struct Clients {
    preflight: Preflight,
    azure: Azure,
    subscription: Option<String>,
    servers: Option<Vec<Slot>>,
    said: Mutex<BTreeSet<String>>,
    held: Mutex<BTreeSet<(String, String)>>,
    managed: Mutex<BTreeSet<(String, String)>>,
    run: RunName,
}

/// A `sql_server` block.
#[derive(Debug)]
pub struct Slot {
    /// Its name; nothing while it is not known.
    pub name: Option<String>,
    /// Names that it bore before.
    pub former_names: Vec<String>,
    /// Whether further such names are not known yet.
    pub more_former_names: bool,
    /// Whether its objects keep their last known state when it does not answer.
    pub keep_unreachable: bool,
    /// The server, or the argument that is not known yet.
    pub server: Part<Arc<Server>>,
}

#[derive(Debug)]
enum Azure {
    Ready { client: Arc<arm::Client>, keep_unreachable: bool },
    Unknown(String),
    Unusable(String),
}

/// Why a side cannot be asked.
#[derive(Clone, Debug)]
pub enum Unavailable {
    /// An argument of the provider block is not known yet.
    NotKnown(String),
    /// The configuration is at fault.
    Wrong(Diagnostic),
}

impl Clients {
    /// Makes the clients. Dials nothing.
    pub fn new(resolved: Resolved) -> Self {
        let keep_unreachable = resolved.keep_unreachable;
        let subscription = match &resolved.azure {
            Part::Ready(settings) => settings.subscription_id.clone(),
            Part::Unknown(_) => None,
        };
        let (azure, tokens) = match resolved.azure {
            Part::Unknown(argument) => (Azure::Unknown(argument.clone()), Tokens::Unknown(argument)),
            Part::Ready(settings) => azure(settings, keep_unreachable),
        };
        Self {
            preflight: resolved.preflight,
            azure,
            subscription,
            servers: resolved
                .servers
                .map(|servers| servers.into_iter().map(|server| slot(server, &tokens)).collect()),
            said: Mutex::default(),
            held: Mutex::default(),
            managed: Mutex::default(),
            run: resolved.run,
        }
    }

    /// What a broken documented limitation does.
    pub fn preflight(&self) -> Preflight {
        self.preflight
    }

    /// What this run is called where servers show their clients.
    pub fn run(&self) -> &str {
        &self.run.0
    }

    /// The client of Azure, and whether its objects keep their last known state when it does not answer.
    ///
    /// # Errors
    /// When it is not known yet, or no credential is configured.
    pub fn azure(&self) -> Result<(&Arc<arm::Client>, bool), Unavailable> {
        match &self.azure {
            Azure::Ready { client, keep_unreachable } => Ok((client, *keep_unreachable)),
            Azure::Unknown(argument) => Err(Unavailable::NotKnown(argument.clone())),
            Azure::Unusable(reason) => Err(Unavailable::Wrong(Diagnostic::error(
                "Azure cannot be reached",
                format!("Signing in to Azure is not possible: {reason}."),
            ))),
        }
    }

    /// The subscription in which instances are looked for by name, where one is configured.
    pub fn subscription(&self) -> Option<&str> {
        self.subscription.as_deref()
    }

    /// The block of this name; the only one where no name is given.
    ///
    /// # Errors
    /// When there is none, or it is not known yet.
    pub fn slot(&self, name: Option<&str>) -> Result<&Slot, Unavailable> {
        let Some(slots) = &self.servers else { return Err(Unavailable::NotKnown("sql_server".to_owned())) };
        let Some(name) = name else {
            return match slots.as_slice() {
                [only] => Ok(only),
                [] => Err(Unavailable::Wrong(
                    Diagnostic::error(
                        "No SQL Server is configured",
                        "The provider block has no block `sql_server`.",
                    )
                    .hint("add a block `sql_server` with name, host and a way to sign in"),
                )),
                several => Err(Unavailable::Wrong(
                    Diagnostic::error(
                        "Which SQL Server is not clear",
                        format!(
                            "The provider block has {} blocks `sql_server`: {}.",
                            several.len(),
                            names(several)
                        ),
                    )
                    .hint("name the one that is meant"),
                )),
            };
        };
        let named = |slot: &&Slot| slot.name.as_deref() == Some(name);
        let formerly = |slot: &&Slot| slot.former_names.iter().any(|former| former == name);
        if let Some(slot) = slots.iter().find(named) {
            return Ok(slot);
        }
        let heirs: Vec<&Slot> = slots.iter().filter(formerly).collect();
        match heirs.as_slice() {
            [] => {}
            [heir] => return Ok(heir),
            several => {
                let several: Vec<&str> = several.iter().filter_map(|slot| slot.name.as_deref()).collect();
                return Err(Unavailable::Wrong(
                    Diagnostic::error(
                        "Which SQL Server is not clear",
                        format!(
                            "The blocks `sql_server` named {} have all had the name \"{name}\".",
                            several.join(", ")
                        ),
                    )
                    .hint("leave the name in `former_names` of the block that leads to the same instance"),
                ));
            }
        }
        if slots.iter().any(|slot| slot.name.is_none()) {
            return Err(Unavailable::NotKnown("sql_server.name".to_owned()));
        }
        if slots.iter().any(|slot| slot.more_former_names) {
            return Err(Unavailable::NotKnown("sql_server.former_names".to_owned()));
        }
        Err(Unavailable::Wrong(
            Diagnostic::error(
                "Unknown SQL Server",
                format!(
                    "There is no block `sql_server` named \"{name}\"; the provider block has {}.",
                    names(slots)
                ),
            )
            .hint("correct the name, or add it to `former_names` of the block that bore it before"),
        ))
    }

    /// All blocks; none while it is not known how many there are.
    pub fn slots(&self) -> &[Slot] {
        self.servers.as_deref().unwrap_or_default()
    }

    /// Whether something is said for the first time in this process: warnings that concern a whole side are given
    /// once and not for each object.
    pub fn say_once(&self, what: &str) -> bool {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned())
    }

    /// Remembers that an object of a server was taken over or made by this run, so that the other half of a
    /// replacement does not drop it. Letter case counts for nothing: on most servers two spellings are one object, and
    /// leaving something behind is the safe mistake.
    pub fn hold(&self, server: &str, object: &str) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(folded(server, object));
    }

    /// Whether this run took it over or made it.
    pub fn is_held(&self, server: &str, object: &str) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).contains(&folded(server, object))
    }

    /// Remembers that some state has an object of a server: a plan must not call it somebody else's.
    pub fn manage(&self, server: &str, object: &str) {
        self.managed.lock().unwrap_or_else(PoisonError::into_inner).insert(folded(server, object));
    }

    /// Whether a state has it, as far as this process was shown: Terraform plans in one process and applies in another.
    pub fn is_managed(&self, server: &str, object: &str) -> bool {
        self.managed.lock().unwrap_or_else(PoisonError::into_inner).contains(&folded(server, object))
    }
}

impl Slot {
    /// Whether it bears a name, or bore it before.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name) || self.former_names.iter().any(|former| former == name)
    }
}

fn folded(server: &str, object: &str) -> (String, String) {
    (server.to_lowercase(), object.to_lowercase())
}

fn names(slots: &[Slot]) -> String {
    let names: Vec<String> =
        slots.iter().filter_map(|slot| slot.name.as_ref()).map(|name| format!("\"{name}\"")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Tokens for servers that sign in with Entra ID.
enum Tokens {
    /// From here.
    From(SqlTokens),
    /// This argument of `azure` is not known yet.
    Unknown(String),
    /// There are none: said when a session is opened.
    None,
}

fn azure(settings: AzureSettings, keep_unreachable: bool) -> (Azure, Tokens) {
    let http = match http::Client::new(&settings.http) {
        Ok(http) => http,
        Err(error) => return (Azure::Unusable(error.to_string()), Tokens::None),
    };
    let credential = match credential::from_settings(&settings.credential, &http) {
        Ok(credential) => credential,
        Err(error) => return (Azure::Unusable(error.to_string()), Tokens::None),
    };
    let tokens = SqlTokens {
        source: Arc::clone(&credential),
        scope: format!("{}/.default", settings.environment.sql_resource),
    };
    let client = arm::Client::new(arm::Settings {
        environment: settings.environment,
        http,
        credential,
        api_version: settings.api_version,
    });
    (Azure::Ready { client: Arc::new(client), keep_unreachable }, Tokens::From(tokens))
}

fn slot(settings: ServerSettings, tokens: &Tokens) -> Slot {
    let server = match (settings.config, tokens) {
        (Part::Unknown(argument), _) => Part::Unknown(argument),
        (Part::Ready(_), Tokens::Unknown(argument)) if settings.entra_id => Part::Unknown(argument.clone()),
        (Part::Ready(mut config), tokens) => {
            if let (true, Tokens::From(tokens)) = (settings.entra_id, tokens) {
                config.auth = SqlAuth::Entra(Arc::new(tokens.clone()));
            }
            Part::Ready(Arc::new(Server::new(config)))
        }
    };
    Slot {
        name: settings.name,
        former_names: settings.former_names,
        more_former_names: settings.more_former_names,
        keep_unreachable: settings.keep_unreachable,
        server,
    }
}

/// Azure's tokens, for signing in to SQL Server.
#[derive(Clone, Debug)]
struct SqlTokens {
    source: Arc<dyn TokenSource>,
    scope: String,
}

#[async_trait]
impl config::TokenSource for SqlTokens {
    async fn token(&self) -> Result<Secret, String> {
        self.source.token(&self.scope).await.map(|token| token.secret).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use crate::framework::model::{Blocks, Field, Model};
    use crate::framework::path::AttributePath;
    use crate::framework::value::Object;
    use crate::provider::block::{AzureBlock, EntraIdBlock, ProviderBlock, SqlServerBlock};
    use crate::provider::settings;

    use super::*;

    fn empty<M: Model>() -> M {
        M::from_object(&Object::new(), &AttributePath::root()).unwrap()
    }

    fn server(name: &str, former: &[&str]) -> SqlServerBlock {
        SqlServerBlock {
            name: name.into(),
            host: "h".into(),
            former_names: Field::Known(former.iter().map(|name| (*name).to_owned()).collect()),
            entra_id: Some(EntraIdBlock {}),
            ..empty()
        }
    }

    fn clients(azure: Option<AzureBlock>, servers: Vec<SqlServerBlock>) -> Clients {
        let block = ProviderBlock { azure, sql_server: Blocks::Known(servers), ..empty() };
        Clients::new(settings::resolve(&block, &|_| None, None).unwrap())
    }

    #[test]
    fn a_former_name_leads_to_one_block_only() {
        let clients = clients(None, vec![server("a", &["x", "y"]), server("b", &["y"])]);
        assert_eq!(clients.slot(Some("x")).unwrap().name.as_deref(), Some("a"));
        assert!(matches!(clients.slot(Some("y")), Err(Unavailable::Wrong(_))));
    }

    #[test]
    fn what_is_not_known_yet_is_waited_for() {
        let azure = AzureBlock { client_secret: Field::Unknown, ..empty() };
        let server = SqlServerBlock { former_names: Field::Unknown, ..server("a", &[]) };
        let clients = clients(Some(azure), vec![server]);
        let slot = clients.slot(Some("a")).unwrap();
        assert!(matches!(&slot.server, Part::Unknown(argument) if argument == "azure.client_secret"));
        assert!(matches!(clients.slot(Some("old")), Err(Unavailable::NotKnown(_))));
    }
}
