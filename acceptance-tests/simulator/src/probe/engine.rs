//! A real engine with a simulated one of its version beside it, so that both can be asked the same.

use super::names::Names;
use super::server::{ResultSet, ServerTarget, Session, SqlFailure};
use super::twin::{Twin, TwinFailure};
use crate::world::build::Build;

/// Which of the two kinds of engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A SQL Server.
    Server,
    /// The engine of a managed instance.
    Instance,
}

impl Kind {
    /// What reports call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Instance => "instance",
        }
    }
}

/// What an engine is.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// `ProductVersion`.
    pub(super) build: Build,
    /// `Edition`.
    pub(super) edition: String,
    /// `Collation`.
    pub(super) collation: String,
    /// `IsHadrEnabled`.
    pub(super) hadr: bool,
    /// Name of the cluster; nothing without one, or where it was not told.
    pub(super) cluster: Option<String>,
    /// Whether the login sees all definitions; what one does not see looks as if it were not there.
    pub(super) sees_all: bool,
    /// Whether it runs on Linux.
    pub(super) linux: bool,
    /// The version whose catalog it has: of an instance its update policy's.
    pub(super) major: u8,
}

/// A real engine and its twin.
#[derive(Debug)]
pub(super) struct Engine {
    /// Which kind.
    pub(super) kind: Kind,
    /// What it is.
    pub(super) facts: Facts,
    session: Session,
    twin: Twin,
}

/// An engine could not be asked at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum EngineFailure {
    /// The real one.
    #[error("the {0} cannot be asked: {1}")]
    Real(&'static str, SqlFailure),
    /// It is something else than it should be.
    #[error("the {0} says `{1}` of its version, which is none that the simulator has")]
    Version(&'static str, String),
    /// The simulated one.
    #[error("the simulated {0} does not start: {1}")]
    Twin(&'static str, TwinFailure),
}

const FACTS: &str = "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS build, \
    CAST(SERVERPROPERTY('EngineEdition') AS int) AS engine_edition, \
    CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS edition, \
    CAST(SERVERPROPERTY('Collation') AS nvarchar(128)) AS collation, \
    CAST(SERVERPROPERTY('IsHadrEnabled') AS int) AS hadr, \
    CAST(SERVERPROPERTY('ServerName') AS nvarchar(128)) AS server, \
    CAST(SERVERPROPERTY('MachineName') AS nvarchar(128)) AS machine, @@SERVERNAME AS name, \
    HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW ANY DEFINITION') AS sees_all";

/// What a report must not say, by what it is. None of these views refuses anybody; they show what one may see.
const NAMES: [(&str, &str); 9] = [
    ("login", "SELECT SUSER_SNAME() AS name"),
    ("database", "SELECT name FROM sys.databases WHERE database_id > 4"),
    ("login", "SELECT name FROM sys.server_principals WHERE principal_id > 256"),
    ("certificate", "SELECT name FROM master.sys.certificates"),
    ("endpoint", "SELECT name FROM sys.endpoints WHERE endpoint_id >= 65536"),
    ("group", "SELECT name FROM sys.availability_groups"),
    ("replica", "SELECT replica_server_name AS name FROM sys.availability_replicas"),
    ("listener", "SELECT dns_name AS name FROM sys.availability_group_listeners"),
    ("cluster", "SELECT cluster_name AS name FROM sys.dm_hadr_cluster"),
];

impl Engine {
    /// Signs in, learns what it is and all names that it has, and starts its twin. `policy` is an instance's update
    /// policy.
    ///
    /// # Errors
    /// When it cannot be asked, or is no engine that the simulator has.
    pub(super) async fn open(
        kind: Kind,
        target: &ServerTarget,
        policy: Option<&str>,
        names: &mut Names,
    ) -> Result<Self, EngineFailure> {
        let failed = |failure| EngineFailure::Real(kind.word(), failure);
        let mut session = Session::open(target).await.map_err(failed)?;
        let answer = session.ask(FACTS).await.map_err(failed)?;
        let word = |column: &str| answer.value(0, column).unwrap_or_default();
        for (of, column) in [("server", "server"), ("server", "name"), ("machine", "machine")] {
            names.learn(of, word(column));
        }
        let version = || EngineFailure::Version(kind.word(), word("build").to_owned());
        let build: Build = word("build").parse().map_err(|_| version())?;
        let managed = word("engine_edition") == "8";
        if managed != (kind == Kind::Instance) {
            return Err(version());
        }
        let major = match (managed, policy) {
            (false, _) => build.major,
            (true, Some(policy)) if policy.eq_ignore_ascii_case("SQLServer2022") => 16,
            (true, _) => 17,
        };
        if !(13..=17).contains(&major) {
            return Err(version());
        }
        session.speaks(major);
        let mut cluster = None;
        for (of, statement) in NAMES {
            // Without the permission its names are in no answer either.
            let Ok(answer) = session.ask(statement).await else { continue };
            for name in answer.column("name").flatten() {
                names.learn(of, name);
                if of == "cluster" && !name.is_empty() {
                    cluster = Some(name.to_owned());
                }
            }
        }
        let host = "SELECT host_platform AS platform FROM sys.dm_os_host_info";
        let linux = match session.ask(host).await {
            Ok(answer) => answer.value(0, "platform") == Some("Linux"),
            Err(_) => false, // 2016 has no such view and runs on Windows alone
        };
        let facts = Facts {
            build,
            edition: word("edition").to_owned(),
            collation: word("collation").to_owned(),
            hadr: word("hadr") == "1",
            cluster,
            sees_all: word("sees_all") == "1",
            linux,
            major,
        };
        let twin = Box::pin(Twin::of(kind, &facts, policy))
            .await
            .map_err(|why| EngineFailure::Twin(kind.word(), why))?;
        Ok(Self { kind, facts, session, twin })
    }

    /// Asks the real one.
    ///
    /// # Errors
    /// Its error, or no answer.
    pub(super) async fn ask(&mut self, statement: &str) -> Result<ResultSet, SqlFailure> {
        self.session.ask(statement).await
    }

    /// Asks the simulated one.
    ///
    /// # Errors
    /// Its error.
    pub(super) async fn ask_twin(&mut self, statement: &str) -> Result<ResultSet, SqlFailure> {
        self.twin.ask(statement).await
    }

    /// What a report says of it.
    pub(super) fn told(&self) -> String {
        let facts = &self.facts;
        let mut told = format!("{}, {}", facts.build, facts.edition);
        told += if facts.linux { ", Linux" } else { ", Windows" };
        told += if facts.hadr { ", Always On" } else { ", no Always On" };
        if facts.cluster.is_some() {
            told += ", in a cluster";
        }
        format!("{told}, {}", facts.collation)
    }

    /// Lets the twin go.
    pub(super) async fn close(self) {
        self.twin.close().await;
    }
}
