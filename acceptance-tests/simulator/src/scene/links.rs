//! Links that are there at the start.
//!
//! They are made as people make them: T-SQL on SQL Server, calls of Azure, and time for the seeding, on a clock that is moved
//! by hand and set to the start afterwards. So a link of the start differs in nothing from one that was made.

use std::time::Duration;

use time::OffsetDateTime;

use super::description::{LinkDescription, Side};
use super::schema::Problem;
use crate::arm::backend::{Accepted, Backend as _, LinkRequest, LinkUpdate, Refusal};
use crate::arm::operations::Standing;
use crate::arm::path::InstancePath;
use crate::tsql::{self, MULTI_DATABASE, bracket, quote};
use crate::world::build::Capability;
use crate::world::instance::{EngineKey, SqlInstance};
use crate::world::managed::LinkPhase;
use crate::world::security::IssuerGrant;
use crate::world::{Estate, World, trust};

/// How long before the start the links are made, and so how much time there is for their seeding.
pub(super) const LEAD: time::Duration = time::Duration::days(2);

/// The step in which time is moved while a link comes about.
const STEP: Duration = Duration::from_secs(30);

/// Makes all links in a world whose clock stands at [`LEAD`] before `start`, and lets it come to `start`.
pub(super) fn make(
    estate: Estate,
    links: &[LinkDescription],
    start: OffsetDateTime,
) -> Result<Estate, Problem> {
    let world = World::new(estate);
    for (place, link) in links.iter().enumerate() {
        Maker { world: &world, link, start, at: format!("links[{place}]") }.make()?;
    }
    let now = world.with(|estate| estate.clock.now());
    world.with(|estate| estate.clock.advance(Duration::try_from(start - now).unwrap_or_default()));
    Ok(world.with(|estate| std::mem::replace(estate, Estate::empty(start, 0))))
}

struct Maker<'a> {
    world: &'a World,
    link: &'a LinkDescription,
    start: OffsetDateTime,
    at: String,
}

/// The two ends.
struct Ends {
    sql: EngineKey,
    path: InstancePath,
    fqdn: String,
}

impl Maker<'_> {
    fn make(&self) -> Result<(), Problem> {
        let ends = self.ends()?;
        self.allow_several(&ends)?;
        let certificate = self.own_certificate(&ends)?;
        self.trust_instance(&ends)?;
        self.trust_sql_server(&ends, &certificate)?;
        let endpoint = self.read(&ends, |engine| {
            let port = engine.endpoint.as_ref().map_or(5022, |endpoint| endpoint.port);
            format!("TCP://{}:{port}", ends.sql.host)
        })?;
        self.make_groups(&ends, &endpoint)?;
        let request = LinkRequest {
            databases: self.databases().cloned().collect(),
            instance_group: self.instance_group(),
            partner_group: self.own_group(),
            partner_endpoint: endpoint,
            instance_is_primary: self.instance_is_primary(),
            failover_mode: Some(if self.link.both_directions { "Manual" } else { "None" }.to_owned()),
            seeding_mode: "Automatic".to_owned(),
            multi_database: !self.link.more_databases.is_empty(),
        };
        self.accepted(self.world.create_link(&ends.path, &self.link.name, request))?;
        self.wait_for_seeding(&ends)?;
        if self.link.synchronous {
            let change = LinkUpdate::Synchronous(true);
            let accepted = self.accepted(self.world.update_link(&ends.path, &self.link.name, change))?;
            self.wait(&accepted)?;
        }
        Ok(())
    }

    fn ends(&self) -> Result<Ends, Problem> {
        let sql = EngineKey::from(&self.link.sql_server);
        if !self.world.with(|estate| estate.sql_servers.iter().any(|engine| engine.is(&sql))) {
            let text = format!("`{}` is no SQL Server of this file", self.link.sql_server);
            return Err(self.problem("sql_server", text));
        }
        let wanted = &self.link.managed_instance;
        let found = self.world.with(|estate| {
            let mut views = estate.managed_instances.iter().map(|managed| &managed.view);
            views
                .find(|view| {
                    view.path.name.eq_ignore_ascii_case(wanted) || view.path.id().eq_ignore_ascii_case(wanted)
                })
                .map(|view| (view.path.clone(), view.fqdn.clone()))
        });
        let (path, fqdn) = found.ok_or_else(|| {
            self.problem("managed_instance", format!("`{wanted}` is no managed instance of this file"))
        })?;
        Ok(Ends { sql, path, fqdn })
    }

    /// The certificate of SQL Server's endpoint, DER; both are made where they are missing.
    fn own_certificate(&self, ends: &Ends) -> Result<Vec<u8>, Problem> {
        let presented = |engine: &SqlInstance| trust::presented(engine).map(|one| one.der.clone());
        if let Some(der) = self.read(ends, presented)? {
            return Ok(der);
        }
        if self.read(ends, |engine| engine.master_key.is_none())? {
            // Nobody needs the password: the service master key opens the key.
            let password = format!("Aa1!{}", uuid::Uuid::new_v4().simple());
            self.sql(ends, &super::engine::create_master_key(&password))?;
        }
        let name = format!("{}_endpoint", self.link.name);
        self.sql(
            ends,
            &super::engine::create_certificate(&name, &name, self.start + time::Duration::days(365)),
        )?;
        self.sql(ends, &super::engine::create_endpoint("mirroring", 5022, &name))?;
        let der = self.read(ends, presented)?;
        der.ok_or_else(|| self.problem("sql_server", "its endpoint has no certificate"))
    }

    /// SQL Server knows the instance's certificate, and its root as one that vouches for Azure's names.
    fn trust_instance(&self, ends: &Ends) -> Result<(), Problem> {
        let (leaf, root) = self.world.with(|estate| {
            let managed = estate.managed(&ends.path);
            let leaf = managed.and_then(|managed| managed.endpoint_chain.first().cloned());
            let root = managed.and_then(|managed| managed.roots.first().map(|(_, der)| der.clone()));
            (leaf.unwrap_or_default(), root.unwrap_or_default())
        });
        let root_name = format!("{}_root", ends.path.name);
        for (name, der) in [(&ends.fqdn, leaf), (&root_name, root)] {
            if self.read(ends, |engine| engine.certificate(name).is_none())? {
                let hex: String = der.iter().map(|byte| format!("{byte:02X}")).collect();
                self.sql(ends, &format!("CREATE CERTIFICATE {} FROM BINARY = 0x{hex}", bracket(name)))?;
            }
        }
        self.world.with(|estate| {
            let Some(engine) = estate.engine_mut(&ends.sql) else { return };
            let Some(certificate) = engine.certificate(&root_name).map(|one| one.id) else { return };
            let grant = IssuerGrant { certificate, dns: "*.database.windows.net".to_owned() };
            if !engine.issuers.contains(&grant) {
                engine.issuers.push(grant);
            }
        });
        Ok(())
    }

    /// The instance has SQL Server's certificate.
    fn trust_sql_server(&self, ends: &Ends, certificate: &[u8]) -> Result<(), Problem> {
        let known = self.world.trust_certificates(&ends.path).iter().any(|one| one.der == certificate);
        if known {
            return Ok(());
        }
        let name = format!("{}_{}", self.link.name, ends.sql.host.replace('.', "-"));
        let uploaded = self.world.upload_trust_certificate(&ends.path, &name, certificate.to_vec());
        let accepted = self.accepted(uploaded)?;
        self.wait(&accepted)
    }

    /// The local and the distributed group on SQL Server.
    fn make_groups(&self, ends: &Ends, endpoint: &str) -> Result<(), Problem> {
        let (server, clusterless) = self.read(ends, |engine| {
            (engine.server_name(), engine.build.major > 13 && engine.cluster.is_none())
        })?;
        let own = bracket(&self.own_group());
        let cluster = if clusterless { "WITH (CLUSTER_TYPE = NONE) " } else { "" };
        let of = match self.instance_is_primary() {
            true => String::new(),
            false => {
                let names: Vec<String> = self.databases().map(|name| bracket(name)).collect();
                format!("DATABASE {} ", names.join(", "))
            }
        };
        self.sql(
            ends,
            &format!(
                "CREATE AVAILABILITY GROUP {own} {cluster}FOR {of}REPLICA ON {} WITH (ENDPOINT_URL = {}, \
                 AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC)",
                quote(&server),
                quote(endpoint)
            ),
        )?;
        if self.instance_is_primary() {
            self.sql(ends, &format!("ALTER AVAILABILITY GROUP {own} GRANT CREATE ANY DATABASE"))?;
        }
        let head = match self.instance_is_primary() {
            false => format!("CREATE AVAILABILITY GROUP {} WITH (DISTRIBUTED)", bracket(&self.link.name)),
            true => format!("ALTER AVAILABILITY GROUP {} JOIN", bracket(&self.link.name)),
        };
        let how = "AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC";
        let way = format!("tcp://{}:5022;Server=[{}]", ends.fqdn, ends.path.name);
        self.sql(
            ends,
            &format!(
                "{head} AVAILABILITY GROUP ON {} WITH (LISTENER_URL = {}, {how}), {} WITH (LISTENER_URL = {}, {how})",
                quote(&self.own_group()),
                quote(endpoint),
                quote(&self.instance_group()),
                quote(&way)
            ),
        )
    }

    fn wait_for_seeding(&self, ends: &Ends) -> Result<(), Problem> {
        loop {
            let found = self.world.with(|estate| {
                let link = estate.link(&ends.path, &self.link.name);
                link.map(|link| (link.phase, link.error.clone(), estate.clock.now()))
            });
            match found {
                Some((LinkPhase::Synchronizing, ..)) => return Ok(()),
                Some((LinkPhase::Initiating | LinkPhase::Seeding, _, now)) if now < self.start => self.step(),
                Some((_, Some((number, _, text)), _)) => {
                    return Err(self.problem("", format!("the link does not come about: {number} {text}")));
                }
                _ => {
                    let text = format!("the link is not seeded within {} days", LEAD.whole_days());
                    return Err(self.problem("", text));
                }
            }
        }
    }

    fn wait(&self, accepted: &Accepted) -> Result<(), Problem> {
        loop {
            match self.world.operation(&accepted.id).map(|one| one.standing) {
                Some(Standing::InProgress) => self.step(),
                Some(Standing::Failed { code, message }) => {
                    return Err(self.problem("", format!("{code}: {message}")));
                }
                _ => return Ok(()),
            }
        }
    }

    fn step(&self) {
        self.world.with(|estate| estate.clock.advance(STEP));
    }

    fn accepted(&self, answer: Result<Accepted, Refusal>) -> Result<Accepted, Problem> {
        answer.map_err(|refusal| self.problem("", refusal.to_string()))
    }

    fn sql(&self, ends: &Ends, text: &str) -> Result<(), Problem> {
        let done = self.world.with(|estate| tsql::administer(estate, &ends.sql, "master", text));
        done.map_err(|error| self.problem("", format!("on {}: {error}", ends.sql)))
    }

    fn read<T>(&self, ends: &Ends, read: impl FnOnce(&SqlInstance) -> T) -> Result<T, Problem> {
        let read = self.world.with(|estate| estate.engine(&ends.sql).map(read));
        read.ok_or_else(|| self.problem("sql_server", "it is not there"))
    }

    fn databases(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.link.database).chain(&self.link.more_databases)
    }

    /// Turns links of several databases on where this is one.
    fn allow_several(&self, ends: &Ends) -> Result<(), Problem> {
        if self.link.more_databases.is_empty() {
            return Ok(());
        }
        if !self.read(ends, |engine| engine.has(Capability::MultiDatabase))? {
            let text = "the build of its SQL Server has no links of several databases";
            return Err(self.problem("more_databases", text));
        }
        self.world.with(|estate| {
            if let Some(engine) = estate.engine_mut(&ends.sql) {
                engine.configuration.insert(MULTI_DATABASE.to_owned(), 1);
            }
        });
        Ok(())
    }

    fn instance_is_primary(&self) -> bool {
        self.link.primary == Some(Side::ManagedInstance)
    }

    fn own_group(&self) -> String {
        self.link.sql_server_group.clone().unwrap_or_else(|| format!("AG_{}", self.link.database))
    }

    fn instance_group(&self) -> String {
        self.link.instance_group.clone().unwrap_or_else(|| format!("{}_MI", self.own_group()))
    }

    fn problem(&self, field: &str, what: impl Into<String>) -> Problem {
        let at = if field.is_empty() { self.at.clone() } else { format!("{}.{field}", self.at) };
        Problem::new(at, what)
    }
}
