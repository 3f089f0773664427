//! What happens behind Terraform's back: what people, services and accidents do to the servers.
//!
//! Where a statement or a call does it in the real world, it is that statement (as `sa` at the server's own console) or
//! that call, so that a server refuses here what it refuses there. The journal does not have it: nobody came over a wire.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::ApiError;
use crate::arm::backend::{Accepted, Backend as _, InstanceChange, InstanceSize, RoleChange};
use crate::arm::path::InstancePath;
use crate::scene::description::CipherSuitesName;
use crate::tsql::{self, bracket};
use crate::world::instance::{Edition, EngineKey, SqlInstance};
use crate::world::managed::ManagedInstance;
use crate::world::{Estate, World};

/// A deed. Servers are named as clients write them (`host` or `host\instance`), managed instances also by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, clap::Subcommand)]
#[serde(tag = "deed", rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// Make a certificate one that expired a day ago: of a SQL Server by name, or the managed instance's own.
    ///
    /// A SQL Server's keeps its key, and every copy of it on managed instances changes with it, as if it had been made with
    /// these dates. Connections that there are live on.
    ExpireCertificate {
        /// Server.
        server: String,
        /// Certificate; that of the endpoint where it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<String>,
    },
    /// Renew the certificate of a managed instance, as the service does by itself.
    RotateCertificate {
        /// Managed instance.
        server: String,
    },
    /// Fail a link over. Planned: the primary hands over, by T-SQL or in Azure. Forced: the secondary takes over and asks
    /// nobody.
    FailOver {
        /// Link.
        link: String,
        /// Whether by force.
        #[arg(long)]
        #[serde(default)]
        forced: bool,
    },
    /// Take what room the log of a database has left, as a disk does that is full: then it takes no changes.
    FillLog {
        /// Server.
        server: String,
        /// Database.
        database: String,
    },
    /// Give the log room to grow again.
    FreeLog {
        /// Server.
        server: String,
        /// Database.
        database: String,
    },
    /// Write rows to a database: its log grows.
    WriteRows {
        /// Server.
        server: String,
        /// Database.
        database: String,
        /// Blocks of 4 KB.
        #[arg(long, default_value_t = 1000)]
        #[serde(default = "thousand")]
        blocks: u64,
    },
    /// Stop the mirroring endpoint of a SQL Server.
    StopEndpoint {
        /// Server.
        server: String,
    },
    /// Start it.
    StartEndpoint {
        /// Server.
        server: String,
    },
    /// Kill the process of a SQL Server, which its service manager starts again at once: all connections break, trace flags
    /// that DBCC set are gone, options that waited for a restart take effect.
    RestartServer {
        /// Server.
        server: String,
    },
    /// Let the TLS of a server offer these cipher suites, as after a change of policy or a move to an old host: clients
    /// that come from now on see it.
    OfferSuites {
        /// Server.
        server: String,
        /// Cipher suites.
        suites: CipherSuitesName,
    },
    /// Cut the network between two sites: no mirroring connection there lives or comes about.
    CutNetwork {
        /// One site.
        one: String,
        /// The other.
        other: String,
    },
    /// Let nothing pass from one site to another, as a firewall's rule does; the way back stays open.
    BlockNetwork {
        /// Where it comes from.
        from: String,
        /// Where it does not arrive.
        to: String,
    },
    /// Slow the network between two sites down.
    SlowNetwork {
        /// One site.
        one: String,
        /// The other.
        other: String,
        /// Blocks of log (4 KB) that flow a second at most, seedings among them.
        #[arg(long)]
        blocks_per_second: u64,
    },
    /// Mend what was done to the network between two sites.
    MendNetwork {
        /// One site.
        one: String,
        /// The other.
        other: String,
    },
    /// Take a site down: nothing there answers.
    TakeDown {
        /// Site.
        site: String,
    },
    /// Bring it up again.
    BringUp {
        /// Site.
        site: String,
    },
    /// Stop SQL Server Browser of a host: named instances are reached by their ports alone.
    StopBrowser {
        /// Host.
        host: String,
    },
    /// Start it.
    StartBrowser {
        /// Host.
        host: String,
    },
    /// Stop a managed instance, as by Azure's call: it takes minutes, and is refused while the instance has links.
    StopInstance {
        /// Managed instance.
        server: String,
    },
    /// Start it.
    StartInstance {
        /// Managed instance.
        server: String,
    },
    /// Scale a managed instance: it says that it is updating, and its connections break at the end.
    ScaleInstance {
        /// Managed instance.
        server: String,
        /// Virtual cores.
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        v_cores: Option<u32>,
        /// Storage, GB.
        #[arg(long)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        storage_gb: Option<u32>,
    },
    /// Let a managed instance go on elsewhere: its connections break, links among them.
    FailOverInstance {
        /// Managed instance.
        server: String,
    },
    /// Take a login out of a server role.
    RemoveRole {
        /// Server.
        server: String,
        /// Login.
        login: String,
        /// Role.
        #[arg(default_value = "sysadmin")]
        #[serde(default = "sysadmin")]
        role: String,
    },
    /// Revoke a permission on the server.
    RevokePermission {
        /// Server.
        server: String,
        /// Login.
        login: String,
        /// Permission, such as `VIEW SERVER STATE`.
        permission: String,
    },
    /// Run DDL as `sa`, for everything else that somebody may do.
    Execute {
        /// Server.
        server: String,
        /// Statements.
        statement: String,
        /// Database.
        #[arg(long, default_value = "master")]
        #[serde(default = "master")]
        database: String,
    },
}

fn thousand() -> u64 {
    1000
}

fn sysadmin() -> String {
    "sysadmin".to_owned()
}

fn master() -> String {
    "master".to_owned()
}

/// How long ago an expired certificate expired.
const AGO: Duration = Duration::DAY;

/// How long a managed instance's certificate lives on when it is made.
const LIFE_OF_INSTANCES: Duration = Duration::days(150);

impl Deed {
    /// Does it; says what was done.
    ///
    /// # Errors
    ///
    /// What it names is not there, or a server or Azure refuses it.
    pub fn carry_out(&self, world: &World) -> Result<String, ApiError> {
        match self {
            Self::ExpireCertificate { server, certificate } => {
                world.with(|estate| expire(estate, server, certificate.as_deref()))
            }
            Self::RotateCertificate { server } => world.with(|estate| {
                let now = estate.clock.now();
                renew(managed(estate, server)?, now)?;
                Ok(format!("{server} presents a new certificate"))
            }),
            Self::FailOver { link, forced } => fail_over(world, link, *forced),
            Self::FillLog { server, database } => world.with(|estate| {
                let found = self::database(engine(estate, server)?, database)?;
                found.fill_log();
                Ok(format!("the log of {} is full", found.name))
            }),
            Self::FreeLog { server, database } => world.with(|estate| {
                let found = self::database(engine(estate, server)?, database)?;
                found.log.limit = None;
                Ok(format!("the log of {} can grow", found.name))
            }),
            Self::WriteRows { server, database, blocks } => world.with(|estate| {
                let engine = engine(estate, server)?;
                let takes = engine.database(database).is_some_and(|one| engine.takes_writes(one));
                let waits = engine.database(database).is_some_and(|one| engine.commits_wait(one));
                let found = self::database(engine, database)?;
                if waits {
                    let text = format!("{}: commits wait for secondaries of its group", found.name);
                    return Err(ApiError::refused(text));
                }
                let end = found.hardened_lsn.advanced(*blocks);
                let fits = found.log.limit.is_none_or(|limit| end.since(found.log.truncated) <= limit);
                if !takes || !fits {
                    let why =
                        if takes { "its log has no room for that" } else { "it takes no changes there" };
                    return Err(ApiError::refused(format!("{}: {why}", found.name)));
                }
                found.hardened_lsn = end;
                Ok(format!("the log of {} has {blocks} blocks more", found.name))
            }),
            Self::StopEndpoint { server } => world.with(|estate| set_endpoint(estate, server, "STOPPED")),
            Self::StartEndpoint { server } => world.with(|estate| set_endpoint(estate, server, "STARTED")),
            Self::RestartServer { server } => world.with(|estate| {
                let engine = engine(estate, server)?;
                if engine.edition == Edition::Managed {
                    let text = format!("the service restarts {server}: `fail_over_instance`");
                    return Err(ApiError::refused(text));
                }
                let key = engine.key();
                estate.restart(&key);
                Ok(format!("{key} was started again"))
            }),
            Self::OfferSuites { server, suites } => world.with(|estate| {
                let engine = engine(estate, server)?;
                engine.transport.suites = (*suites).into();
                Ok(format!("{} offers other cipher suites", engine.key()))
            }),
            Self::CutNetwork { one, other } => world.with(|estate| {
                let (one, other) = (site(estate, one)?, site(estate, other)?);
                estate.network.cut_between(&one, &other);
                Ok(format!("nothing goes between {one} and {other}"))
            }),
            Self::BlockNetwork { from, to } => world.with(|estate| {
                let (from, to) = (site(estate, from)?, site(estate, to)?);
                estate.network.block(&from, &to);
                Ok(format!("nothing comes from {from} to {to}"))
            }),
            Self::SlowNetwork { one, other, blocks_per_second } => world.with(|estate| {
                let (one, other) = (site(estate, one)?, site(estate, other)?);
                estate.network.slow_down(&one, &other, *blocks_per_second);
                Ok(format!("{blocks_per_second} blocks a second go between {one} and {other}"))
            }),
            Self::MendNetwork { one, other } => world.with(|estate| {
                let (one, other) = (site(estate, one)?, site(estate, other)?);
                if estate.network.mend_between(&one, &other) {
                    Ok(format!("{one} and {other} reach each other"))
                } else {
                    Err(ApiError::refused(format!("nothing was wrong between {one} and {other}")))
                }
            }),
            Self::TakeDown { site } => world.with(|estate| {
                let site = self::site(estate, site)?;
                estate.bring_down(&site);
                Ok(format!("{site} is down"))
            }),
            Self::BringUp { site } => world.with(|estate| {
                let site = self::site(estate, site)?;
                if estate.bring_up(&site) {
                    Ok(format!("{site} is up"))
                } else {
                    Err(ApiError::refused(format!("{site} was not down")))
                }
            }),
            Self::StopBrowser { host } => world.with(|estate| set_browser(estate, host, false)),
            Self::StartBrowser { host } => world.with(|estate| set_browser(estate, host, true)),
            Self::StopInstance { server } => change(world, server, InstanceChange::Stop),
            Self::StartInstance { server } => change(world, server, InstanceChange::Start),
            Self::FailOverInstance { server } => change(world, server, InstanceChange::FailOver),
            Self::ScaleInstance { v_cores: None, storage_gb: None, .. } => {
                Err(ApiError::bad_request("`v_cores`, `storage_gb` or both"))
            }
            Self::ScaleInstance { server, v_cores, storage_gb } => {
                let size =
                    InstanceSize { v_cores: *v_cores, storage_gb: *storage_gb, ..InstanceSize::default() };
                change(world, server, InstanceChange::Scale(size))
            }
            Self::RemoveRole { server, login, role } => {
                let text = format!("ALTER SERVER ROLE {} DROP MEMBER {}", bracket(role), bracket(login));
                world.with(|estate| administer(estate, server, "master", &text))
            }
            Self::RevokePermission { server, login, permission } => {
                let text = format!("REVOKE {permission} TO {}", bracket(login));
                world.with(|estate| administer(estate, server, "master", &text))
            }
            Self::Execute { server, statement, database } => {
                world.with(|estate| administer(estate, server, database, statement))
            }
        }
    }
}

fn engine_key(estate: &Estate, server: &str) -> Result<EngineKey, ApiError> {
    let by_name = estate.managed_instances.iter().find(|one| one.view.path.name.eq_ignore_ascii_case(server));
    let engine = estate.engine(server).or(by_name.map(|managed| &managed.engine));
    engine.map(SqlInstance::key).ok_or_else(|| ApiError::not_found(format!("there is no server `{server}`")))
}

fn engine<'a>(estate: &'a mut Estate, server: &str) -> Result<&'a mut SqlInstance, ApiError> {
    let key = engine_key(estate, server)?;
    estate.engine_mut(&key).ok_or_else(|| ApiError::not_found(format!("there is no server `{server}`")))
}

fn managed<'a>(estate: &'a mut Estate, server: &str) -> Result<&'a mut ManagedInstance, ApiError> {
    let key = engine_key(estate, server)?;
    let found = estate.managed_instances.iter_mut().find(|managed| managed.engine.is(&key));
    found.ok_or_else(|| ApiError::not_found(format!("`{server}` is no managed instance")))
}

fn database<'a>(
    engine: &'a mut SqlInstance,
    name: &str,
) -> Result<&'a mut crate::world::database::Database, ApiError> {
    let server = engine.key();
    engine
        .database_mut(name)
        .ok_or_else(|| ApiError::not_found(format!("there is no database `{name}` on {server}")))
}

fn site(estate: &Estate, name: &str) -> Result<String, ApiError> {
    estate.site(name).ok_or_else(|| ApiError::not_found(format!("there is no site `{name}`")))
}

fn set_browser(estate: &mut Estate, host: &str, runs: bool) -> Result<String, ApiError> {
    let host = site(estate, host)?;
    let now = if runs { "runs" } else { "is stopped" };
    match estate.browsers.get_mut(&host) {
        None => Err(ApiError::not_found(format!("there is no SQL Server Browser on {host}"))),
        Some(known) if *known == runs => {
            Err(ApiError::refused(format!("SQL Server Browser of {host} {now} already")))
        }
        Some(known) => {
            *known = runs;
            Ok(format!("SQL Server Browser of {host} {now}"))
        }
    }
}

fn administer(estate: &mut Estate, server: &str, database: &str, text: &str) -> Result<String, ApiError> {
    let key = engine_key(estate, server)?;
    tsql::administer(estate, &key, database, text).map_err(|error| ApiError::refused(error.to_string()))?;
    Ok(format!("{key} carried it out"))
}

fn set_endpoint(estate: &mut Estate, server: &str, state: &str) -> Result<String, ApiError> {
    let engine = engine(estate, server)?;
    let key = engine.key();
    let endpoint = engine.endpoint.as_ref().map(|endpoint| endpoint.name.clone());
    let name = endpoint.ok_or_else(|| ApiError::not_found(format!("{key} has no mirroring endpoint")))?;
    administer(estate, server, "master", &format!("ALTER ENDPOINT {} STATE = {state}", bracket(&name)))
}

/// What a call of Azure does to an instance.
fn change(world: &World, server: &str, change: InstanceChange) -> Result<String, ApiError> {
    let path = world.with(|estate| managed(estate, server).map(|managed| managed.view.path.clone()))?;
    let accepted = world.change_instance(&path, change);
    let accepted = accepted.map_err(|refusal| ApiError::refused(refusal.to_string()))?;
    Ok(accepted_text(&accepted))
}

fn renew(managed: &mut ManagedInstance, at: OffsetDateTime) -> Result<(), ApiError> {
    managed.renew_certificate(at).map_err(|error| ApiError::refused(error.to_string()))
}

fn expire(estate: &mut Estate, server: &str, certificate: Option<&str>) -> Result<String, ApiError> {
    let end = estate.clock.now() - AGO;
    if let (Ok(managed), None) = (managed(estate, server), certificate) {
        renew(managed, end - LIFE_OF_INSTANCES)?;
        return Ok(format!("the certificate of {server} expired at {end}"));
    }
    let engine = engine(estate, server)?;
    let presented = crate::world::trust::presented(engine);
    let found = match certificate {
        Some(name) => engine.certificate(name),
        None => presented,
    };
    let (id, name) = found.map(|one| (one.id, one.name.clone())).ok_or_else(|| {
        ApiError::not_found(format!(
            "{server} has no certificate {}",
            certificate.unwrap_or("of an endpoint")
        ))
    })?;
    let key = engine.key();
    estate.reissue_certificate(&key, id, end).map_err(|error| ApiError::refused(error.to_string()))?;
    Ok(format!("certificate {name} of {key} expired at {end}"))
}

fn fail_over(world: &World, name: &str, forced: bool) -> Result<String, ApiError> {
    let (path, primary, server) = world.with(|estate| find_link(estate, name))?;
    let change = if forced { RoleChange::Forced } else { RoleChange::Planned };
    // Planned: the primary hands over. Forced: the secondary takes over.
    if primary != forced {
        let accepted = world.fail_over_link(&path, name, change);
        let accepted = accepted.map_err(|refusal| ApiError::refused(refusal.to_string()))?;
        return Ok(accepted_text(&accepted));
    }
    let how = if forced { "FORCE_FAILOVER_ALLOW_DATA_LOSS" } else { "FAILOVER" };
    let server = server.ok_or_else(|| ApiError::not_found(format!("no SQL Server has a group `{name}`")))?;
    let text = format!("ALTER AVAILABILITY GROUP {} {how}", bracket(name));
    world.with(|estate| administer(estate, &server, "master", &text))
}

fn accepted_text(accepted: &Accepted) -> String {
    format!("Azure accepted it as operation {}", accepted.id)
}

/// The instance of a link, whether that is primary, and the SQL Server that has its distributed group.
fn find_link(estate: &Estate, name: &str) -> Result<(InstancePath, bool, Option<String>), ApiError> {
    let link = estate.managed_instances.iter().find_map(|managed| {
        let link = managed.links.iter().find(|link| link.name.eq_ignore_ascii_case(name))?;
        Some((managed.view.path.clone(), link.instance_is_primary))
    });
    let (path, primary) = link.ok_or_else(|| ApiError::not_found(format!("there is no link `{name}`")))?;
    let holds = |engine: &&SqlInstance| engine.group(name).is_some_and(|group| group.distributed);
    let server = estate.sql_servers.iter().find(holds).map(|engine| engine.key().to_string());
    Ok((path, primary, server))
}
