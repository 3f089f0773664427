//! The life of links, from both halves: T-SQL on SQL Server, calls of ARM's backend, and time moved by hand.

mod certificates;
mod failures;
mod flows;
mod halves;
mod links;
mod listeners;
mod node_opposites;
pub(crate) mod nodes;
mod opposites;
mod recorded;
mod restores;
mod roles;
mod scale;
mod seedings;
mod sites;

use std::time::Duration;

use super::World;
use super::database::Database;
use super::group::LinkSide;
use super::instance::SqlInstance;
use super::managed::ManagedInstance;
use super::x509;
use crate::arm::backend::{Accepted, Backend, LinkRequest, LinkView, Refusal};
use crate::arm::operations::Standing;
use crate::arm::path::InstancePath;
use crate::scene::Scene;

const SQL: &str = "sql1.corp.example";
const HOUR: u64 = 3600;

/// The world of the quickstart, 8 GB at 100 MB/s, on a clock that stands.
pub(crate) struct Bench {
    pub(crate) world: World,
    path: InstancePath,
    fqdn: String,
}

impl Bench {
    /// Nothing done yet.
    fn new() -> Self {
        let mut estate = Scene::demonstration().unwrap().estate;
        estate.stop_clock();
        let view = estate.managed_instances[0].view.clone();
        Self { world: World::new(estate), path: view.path, fqdn: view.fqdn }
    }

    /// Trust both ways, endpoint, groups: everything but the link.
    pub(crate) fn prepared() -> Self {
        let bench = Self::new();
        bench.trust();
        bench.sql(
            "CREATE AVAILABILITY GROUP AG_Sales WITH (CLUSTER_TYPE = NONE) FOR DATABASE Sales REPLICA ON N'SQL1' WITH \
             (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, \
             SEEDING_MODE = AUTOMATIC)",
        );
        bench.sql(&bench.distributed("CREATE"));
        bench
    }

    /// A link that replicates.
    pub(crate) fn linked() -> Self {
        let bench = Self::prepared();
        bench.create(request()).unwrap();
        bench.advance(200);
        assert_eq!(bench.state(), "LinkSynchronizing");
        bench
    }

    /// Master key, certificates, roots, upload, endpoint.
    fn trust(&self) {
        self.sql("CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Str0ng and long!'");
        self.sql("CREATE CERTIFICATE endpoint_cert WITH SUBJECT = N'SQL1', EXPIRY_DATE = '20990101'");
        self.sql(
            "CREATE ENDPOINT [hadr] STATE = STARTED AS TCP (LISTENER_PORT = 5022, LISTENER_IP = ALL) FOR \
             DATABASE_MIRRORING (AUTHENTICATION = CERTIFICATE [endpoint_cert], ENCRYPTION = REQUIRED ALGORITHM AES, \
             ROLE = ALL)",
        );
        let fqdn = self.fqdn.clone();
        let der = self.world.with(|estate| {
            let managed = &estate.managed_instances[0];
            let mut leaf = x509::read(&fqdn, &managed.endpoint_chain[0]).unwrap();
            leaf.id = 900;
            // The real root, as far as the world can tell.
            let mut root = x509::read("DigiCert Global Root G2", &managed.roots[0].1).unwrap();
            root.id = 901;
            root.der = b"the real one".to_vec();
            root.thumbprint = x509::real_root(&estate.opposites).to_vec();
            let sql = &mut estate.sql_servers[0];
            sql.certificates.extend([leaf, root]);
            sql.issuers.push(super::security::IssuerGrant {
                certificate: 901,
                dns: "*.database.windows.net".into(),
            });
            sql.certificate("endpoint_cert").unwrap().der.clone()
        });
        self.world.upload_trust_certificate(&self.path, "endpoint_cert", der).unwrap();
        self.advance(20);
    }

    /// `CREATE` or `ALTER … JOIN` of the distributed group.
    fn distributed(&self, verb: &str) -> String {
        let head = match verb {
            "CREATE" => "CREATE AVAILABILITY GROUP DAG_Sales WITH (DISTRIBUTED)",
            _ => "ALTER AVAILABILITY GROUP DAG_Sales JOIN",
        };
        let how = "AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC";
        format!(
            "{head} AVAILABILITY GROUP ON N'AG_Sales' WITH (LISTENER_URL = N'TCP://10.0.0.4:5022', {how}), N'AG_Sales_MI' \
             WITH (LISTENER_URL = N'tcp://{}:5022;Server=[mi-sales]', {how})",
            self.fqdn
        )
    }

    #[track_caller]
    pub(crate) fn sql(&self, text: &str) {
        self.world.with(|estate| crate::tsql::run_ddl(estate, SQL, text)).unwrap();
    }

    /// The same in another database than `master`.
    #[track_caller]
    pub(crate) fn sql_in(&self, database: &str, text: &str) {
        self.world.with(|estate| crate::tsql::run_ddl_in(estate, SQL, database, text)).unwrap();
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.world.with(|estate| estate.clock.advance(Duration::from_secs(seconds)));
        self.world.with(|_| ());
    }

    pub(crate) fn create(&self, request: LinkRequest) -> Result<Accepted, Refusal> {
        self.world.create_link(&self.path, "DAG_Sales", request)
    }

    fn links(&self) -> Vec<LinkView> {
        self.world.links(&self.path)
    }

    #[track_caller]
    fn link(&self) -> LinkView {
        self.links().into_iter().next().expect("no link is shown")
    }

    #[track_caller]
    fn state(&self) -> String {
        self.link().databases[0].state.clone()
    }

    #[track_caller]
    fn connected(&self) -> bool {
        self.link().databases[0].connected.as_deref() == Some("CONNECTED")
    }

    #[track_caller]
    fn standing(&self, accepted: &Accepted) -> Standing {
        self.world.operation(&accepted.id).unwrap().standing
    }

    /// Waits for the end of an operation that must go well.
    #[track_caller]
    fn done(&self, accepted: Result<Accepted, Refusal>) {
        let accepted = accepted.unwrap();
        self.advance(60);
        assert_eq!(self.standing(&accepted), Standing::Succeeded);
    }

    /// Code with which an operation failed.
    #[track_caller]
    fn failure(&self, accepted: &Accepted) -> String {
        match self.standing(accepted) {
            Standing::Failed { code, .. } => code,
            other => panic!("{other:?}"),
        }
    }

    fn with_sql<T>(&self, act: impl FnOnce(&mut SqlInstance) -> T) -> T {
        self.world.with(|estate| act(&mut estate.sql_servers[0]))
    }

    fn with_instance<T>(&self, act: impl FnOnce(&mut ManagedInstance) -> T) -> T {
        self.world.with(|estate| act(&mut estate.managed_instances[0]))
    }

    fn copy(&self) -> Option<Database> {
        self.with_instance(|managed| managed.engine.database("Sales").cloned())
    }

    fn side(&self) -> LinkSide {
        self.with_sql(|sql| sql.group("DAG_Sales").unwrap().link.clone())
    }

    fn opposite(&self, number: u16) {
        self.world.with(|estate| estate.opposites.insert(number));
    }
}

pub(crate) fn request() -> LinkRequest {
    LinkRequest {
        databases: vec!["Sales".into()],
        instance_group: "AG_Sales_MI".into(),
        partner_group: "AG_Sales".into(),
        partner_endpoint: "TCP://10.0.0.4:5022".into(),
        instance_is_primary: false,
        failover_mode: None,
        seeding_mode: "Automatic".into(),
        multi_database: false,
    }
}
