//! The ledger of assumptions ([`crate::world::assumption`]), entry by entry: what a look can settle is looked at, and of
//! the rest the report says what it would take.
//!
//! | module | what |
//! | --- | --- |
//! | `sql` | what catalog and procedures of an engine settle |
//! | `links` | what an engine that has a link settles |
//! | `arm` | what Azure Resource Manager settles |

mod arm;
mod links;
mod sql;

use futures::future::BoxFuture;

use super::arm_facts::ArmFacts;
use super::engine::Engine;
use super::report::{Finding, Outcome};
use super::server::{ResultSet, SqlFailure};
use crate::world::assumption::ASSUMPTIONS;

/// The real sides that there are.
pub(super) struct Sides<'a> {
    pub(super) server: Option<&'a mut Engine>,
    pub(super) instance: Option<&'a mut Engine>,
    pub(super) azure: Option<&'a ArmFacts>,
}

/// How an entry is settled.
#[derive(Debug, Clone, Copy)]
enum Check {
    /// A look at the root certificates that the instance names.
    Root,
    /// A link that could not be made.
    FailedLink,
    /// Two certificates of one subject.
    SeveralCertificates,
    /// A link that is being seeded.
    SeedingWord,
    /// A link that is seeded.
    CopyStatus,
    /// A link without its distributed group.
    GroupGone,
    /// An operation that failed.
    EngineCode,
    /// A connected link and the patterns that vouch for its instance.
    Pattern,
    /// A link that is not connected.
    ConnectError,
    /// Procedures of 2016.
    IssuerList,
    /// A procedure of 2017 and 2019.
    ChainProcedure,
    /// The list of messages.
    Numbers,
    /// Parameters of a procedure.
    DropIssuer,
    /// The list of messages.
    Severities,
    /// Texts of ARM.
    UnknownOperation,
    /// A link in an old api-version.
    FlatState,
    /// The instance's operations.
    LinkOperations,
    /// Certificates with elliptic keys.
    Curves,
    /// What an instance says of its version.
    InstanceVersion,
    /// Lags of a link.
    SendLag,
    /// Backups of a link's database.
    LastBackup,
    /// Views and permissions of the login.
    StateRights,
    /// The engine's own principals and certificates.
    Installed,
    /// Log positions of groups.
    Positions,
    /// The cluster's views.
    NoCluster,
    /// Groups inside distributed ones.
    InternalGroups,
    /// A server that receives a link.
    ReceivesLink,
    /// The list of messages.
    Messages,
    /// The endpoint's port.
    Port,
    /// Certificates with their subjects.
    ShownName,
    /// A question about rights.
    MissingObject,
    /// What the switch of multi-database links answers.
    Switch,
    /// The certificates of both kinds of endpoints.
    BrokerCertificate,
    /// Groups with their cluster types.
    ClusterTypes,
    /// No look settles it; this would.
    Experiment(&'static str),
}

/// Every entry. A new one gets its line here; the test below says so.
const CHECKS: &[(u16, Check)] = &[
    (1, Check::Root),
    (
        2,
        Check::Experiment(
            "drop and make anew the distributed group of a link that lives, and watch the link",
        ),
    ),
    (
        3,
        Check::Experiment(
            "make a link to the instance with a database that seeds for minutes, and watch its operation",
        ),
    ),
    (4, Check::Experiment("change a link while it is being made")),
    (5, Check::FailedLink),
    (6, Check::Experiment("delete a link while it seeds, and look for the database")),
    (7, Check::SeveralCertificates),
    (8, Check::Experiment("restart the endpoint of a link that replicates, and take the time")),
    (9, Check::Experiment("PUT a link that exists")),
    (10, Check::Experiment("make a link to a SQL Server that the instance cannot reach")),
    (11, Check::SeedingWord),
    (12, Check::Experiment("make a link and ask for it every second")),
    (13, Check::Experiment("delete a link that does not exist")),
    (14, Check::CopyStatus),
    (15, Check::Experiment("cut a link over and wait for the database's earliest restore point")),
    (16, Check::Experiment("make a link whose certificates the instance lacks, and watch its error")),
    (17, Check::GroupGone),
    (18, Check::EngineCode),
    (19, Check::Experiment("upload a certificate that is there, under its name")),
    (20, Check::Pattern),
    (21, Check::Experiment("wait for the instance's certificate to be renewed and restart the endpoint")),
    (22, Check::Experiment("delete a link whose instance is primary")),
    (23, Check::Experiment("look at sys.availability_groups of the instance while a link is being made")),
    (24, Check::Experiment("delete a linked database in Azure")),
    (25, Check::ConnectError),
    (26, Check::IssuerList),
    (27, Check::ChainProcedure),
    (28, Check::Experiment("make a link from the instance to a 2022 before CU10")),
    (29, Check::Numbers),
    (30, Check::DropIssuer),
    (31, Check::Experiment("add the service master key's encryption to a master key that has it")),
    (32, Check::Severities),
    (33, Check::Experiment("take the time of a backup; it is a choice of the simulator's")),
    (34, Check::Experiment("create a login with a weak password; it is a choice of the simulator's")),
    (35, Check::Port),
    (36, Check::Experiment("drop a certificate that vouches for a name")),
    (37, Check::Experiment("create certificates with subjects of 129 to 4097 characters on Windows")),
    (38, Check::ShownName),
    (39, Check::UnknownOperation),
    (40, Check::FlatState),
    (41, Check::UnknownOperation),
    (42, Check::LinkOperations),
    (43, Check::Curves),
    (44, Check::InstanceVersion),
    (45, Check::SendLag),
    (46, Check::LastBackup),
    (50, Check::Experiment("send a table-valued parameter of a type that is not there")),
    (51, Check::Experiment("sign in with a token whose FEDAUTH does not repeat what PRELOGIN said")),
    (52, Check::Experiment("sign in with an expired token, and read the server's log")),
    (53, Check::Experiment("ask SQL Server Browser with and without the zero, and with a byte too many")),
    (
        54,
        Check::Experiment("connect to a Windows Server 2012 R2 with TLS suites of today, and watch the wire"),
    ),
    (55, Check::Experiment("ask SQL Server Browser of a patched instance, and compare with its build")),
    (60, Check::Experiment("make two temporary tables of one name")),
    (61, Check::Experiment("USE a database within EXEC (text), and read what the client is told")),
    (62, Check::Experiment("begin a transaction within EXEC (text) under XACT_ABORT")),
    (63, Check::Experiment("run a text with an error by sp_executesql, and read what it returns")),
    (64, Check::Experiment("break an unnamed key and a check of a temporary table with one statement")),
    (65, Check::Experiment("make a certificate and a login in a transaction, and roll it back")),
    (
        66,
        Check::Experiment(
            "move a certificate with its private key by CERTPRIVATEKEY, with a password beyond ASCII",
        ),
    ),
    (67, Check::Experiment("change the password of a login of one's own with a wrong OLD_PASSWORD")),
    (68, Check::Experiment("make roles, grant them something, read their sid, and drop them")),
    (69, Check::Experiment("describe the undeclared parameters of SELECT @p and of WHERE @p = @q")),
    (71, Check::Experiment("deny VIEW DEFINITION on a certificate to a login that has CONTROL on it")),
    (72, Check::StateRights),
    (73, Check::Installed),
    (74, Check::Positions),
    (75, Check::NoCluster),
    (76, Check::InternalGroups),
    (77, Check::Experiment("none: every host is its own, and what the simulator shows is a choice")),
    (78, Check::ReceivesLink),
    (79, Check::MissingObject),
    (90, Check::Experiment("link a database of a newer version than the instance's update policy")),
    (91, Check::Experiment("fail a one-way link over")),
    (92, Check::Experiment("link a database with two log files")),
    (93, Check::Experiment("delete a link in Azure alone and watch log_reuse_wait_desc")),
    (94, Check::Experiment("write much to two databases of one link; it is a choice of the simulator's")),
    (95, Check::Experiment("cut a link for a minute and watch secondary_lag_seconds")),
    (96, Check::Experiment("take a log backup while a link seeds")),
    (
        97,
        Check::Experiment(
            "join a copy that lacks a log backup, while a distributed group that is disconnected keeps the log",
        ),
    ),
    (98, Check::Experiment("remove the database of a link of one from its group")),
    (99, Check::Experiment("join a distributed group twice")),
    (
        100,
        Check::Experiment("connect to a secondary that has READ_WRITE_ROUTING_URL while its primary is down"),
    ),
    (101, Check::Experiment("fail over a link whose secondary is an hour behind")),
    (110, Check::Messages),
    (111, Check::Experiment("set a compatibility level of 175 on a 2025")),
    (112, Check::Experiment("none: what is left out is known to be")),
    (113, Check::Experiment("compare sys.fn_helpcollations with the names that a server refuses")),
    (114, Check::Experiment("send an instance what it does not support")),
    (115, Check::Switch),
    (116, Check::Experiment("add a second database to the group of a link")),
    (117, Check::Experiment("create a group over an instance with SEEDING_MODE = MANUAL")),
    (118, Check::Experiment("create an endpoint whose name begins with TSQL")),
    (119, Check::Experiment("alter a group on a Linux server without Always On")),
    (120, Check::Experiment("add two databases to a group at once")),
    (121, Check::Experiment("count the rows of no rows by ROLLUP and by GROUPING SETS ((), (a))")),
    (122, Check::Experiment("ask for the length of (SELECT NULL FOR XML PATH(''))")),
    (123, Check::Experiment("ask for (SELECT ' ' FOR XML PATH(''))")),
    (125, Check::Experiment("connect, send nothing, and take the time until the server hangs up")),
    (
        126,
        Check::Experiment(
            "add an issuer as a login that may alter certificates of master and is no sysadmin",
        ),
    ),
    (127, Check::Experiment("take the time of uploads, deletions and failovers")),
    (130, Check::Experiment("set an option by sp_configure, restart without RECONFIGURE, and read it")),
    (
        135,
        Check::Experiment(
            "connect mirroring endpoints with Windows authentication between two servers of one domain without a grant",
        ),
    ),
    (136, Check::Experiment("power off the primary of a clustered group and time the failover")),
    (
        137,
        Check::Experiment("read sys.availability_groups on a secondary of a group below a distributed one"),
    ),
    (138, Check::Experiment("alter and drop a distributed group on a secondary of the group below it")),
    (
        139,
        Check::Experiment(
            "force a failover of a group with CLUSTER_TYPE = NONE and look where its listener leads",
        ),
    ),
    (140, Check::Experiment("ask the administrator of the cluster for its quorum")),
    (141, Check::Experiment("power off the primary of a clustered group and read the roles on the others")),
    (142, Check::Experiment("ask all secondaries of one backup priority which is preferred")),
    (143, Check::Experiment("force a failover on a node of a cluster without quorum")),
    (144, Check::Experiment("write faster than a secondary in the same group can redo")),
    (145, Check::Experiment("join a replica while its primary cannot be reached")),
    (146, Check::Experiment("read through a listener while no replica of the routing list is up")),
    (147, Check::Experiment("remove a replica that a routing list names, and read the list")),
    (148, Check::ClusterTypes),
    (150, Check::Experiment("PATCH the databases of a link that is not a multi-database one")),
    (151, Check::Experiment("PUT a link with a property of a later api-version")),
    (152, Check::BrokerCertificate),
    (
        153,
        Check::Experiment(
            "PUT links and databases with names of 129 characters, with NUL, with white space at the end",
        ),
    ),
    (154, Check::Experiment("ask for a lock that is not there")),
    (155, Check::Experiment("lock a resource group and list the locks of the instance in it")),
    (156, Check::Experiment("stop and start an instance, and read its operations")),
    (157, Check::Experiment("send HEAD for an instance")),
    (158, Check::Experiment("scale an instance and read its state meanwhile")),
    (159, Check::Experiment("ask for what an operation made the moment that it has ended")),
    (160, Check::Experiment("make a link on an instance that is in a failover group")),
    (161, Check::Experiment("PUT a key twice")),
    (
        162,
        Check::Experiment("delete the protector's key; protect an instance by a key that it does not have"),
    ),
    (163, Check::Experiment("make a failover group of two instances that do not fit in several ways")),
    (164, Check::Experiment("delete a link and a certificate, and list them the moment that it has ended")),
    (165, Check::Experiment("make a link to an instance that has 100 databases")),
    (166, Check::Experiment("delete a certificate that is not there")),
    (167, Check::Experiment("change the protector of an instance and watch sys.dm_database_encryption_keys")),
];

/// A finding for each entry.
pub(super) async fn findings(sides: &mut Sides<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for assumption in ASSUMPTIONS.iter() {
        let check = CHECKS.iter().find(|(number, _)| *number == assumption.number);
        let outcome = match check {
            Some((number, check)) => settle(*number, *check, sides).await,
            None => Outcome::open("how to settle it is not worked out"),
        };
        findings.push(Finding {
            id: format!("assumption {}", assumption.number),
            question: assumption.believed.to_owned(),
            expected: format!("so it is; at worst: {}", assumption.opposite),
            outcome,
        });
    }
    findings
}

async fn settle(number: u16, check: Check, sides: &mut Sides<'_>) -> Outcome {
    match check {
        Check::Experiment(what) => Outcome::open(format!("no look settles it; to be tried: {what}")),
        Check::Root
        | Check::FailedLink
        | Check::SeveralCertificates
        | Check::SeedingWord
        | Check::CopyStatus
        | Check::EngineCode
        | Check::UnknownOperation
        | Check::FlatState
        | Check::LinkOperations
        | Check::SendLag
        | Check::LastBackup
        | Check::BrokerCertificate => {
            let Some(azure) = sides.azure else { return without("a managed instance in Azure") };
            arm::settle(number, check, azure)
        }
        Check::GroupGone => match (&mut sides.server, sides.azure) {
            (Some(server), Some(azure)) => arm::group_gone(server, azure).await,
            _ => without("a SQL Server and a managed instance in Azure"),
        },
        Check::InstanceVersion => match &mut sides.instance {
            Some(instance) => ended(sql::instance_version(instance).await),
            None => without("the engine of a managed instance"),
        },
        _ => match &mut sides.server {
            Some(server) => ended(on_server(check, server).await),
            None => without("a SQL Server"),
        },
    }
}

/// The check of a server. Each is boxed: together they would be one future too large for a thread's stack.
fn on_server(check: Check, server: &mut Engine) -> BoxFuture<'_, Looked> {
    match check {
        Check::Pattern => Box::pin(links::pattern(server)),
        Check::ConnectError => Box::pin(links::connect_error(server)),
        Check::IssuerList => Box::pin(sql::issuer_list(server)),
        Check::ChainProcedure => Box::pin(sql::chain_procedure(server)),
        Check::Numbers => Box::pin(sql::numbers(server)),
        Check::DropIssuer => Box::pin(sql::drop_issuer(server)),
        Check::Severities => Box::pin(sql::severities(server)),
        Check::Curves => Box::pin(sql::curves(server)),
        Check::StateRights => Box::pin(sql::state_rights(server)),
        Check::Installed => Box::pin(sql::installed(server)),
        Check::Positions => Box::pin(links::positions(server)),
        Check::Messages => Box::pin(async {
            crate::probe::messages::compare(server).await.map_err(|failure| unanswered(&failure))
        }),
        Check::NoCluster => Box::pin(sql::no_cluster(server)),
        Check::InternalGroups => Box::pin(links::internal_groups(server)),
        Check::ReceivesLink => Box::pin(links::receives(server)),
        Check::Port => Box::pin(sql::port(server)),
        Check::ShownName => Box::pin(sql::shown_name(server)),
        Check::MissingObject => Box::pin(sql::missing_object(server)),
        Check::ClusterTypes => Box::pin(sql::cluster_types(server)),
        Check::Switch => Box::pin(sql::switch(server)),
        // Settled elsewhere.
        _ => Box::pin(async { Ok(without("another side")) }),
    }
}

fn without(side: &str) -> Outcome {
    Outcome::open(format!("it asks for {side}, which was not named"))
}

/// What a check ends with: the question that was not answered makes it open.
type Looked = Result<Outcome, Outcome>;

fn ended(looked: Looked) -> Outcome {
    looked.unwrap_or_else(|open| open)
}

/// Asks, or says why the check ends here.
async fn ask(engine: &mut Engine, statement: &str) -> Result<ResultSet, Outcome> {
    engine.ask(statement).await.map_err(|failure| unanswered(&failure))
}

fn unanswered(failure: &SqlFailure) -> Outcome {
    let reason = if failure.is_denied() {
        "the login may not look".to_owned()
    } else if failure.is_left_out() {
        "the server is a simulated one that does not model this".to_owned()
    } else {
        format!("the question was not answered: {failure}")
    };
    Outcome::open(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_entry_of_the_ledger_is_forgotten() {
        let listed: Vec<u16> = CHECKS.iter().map(|(number, _)| *number).collect();
        let believed: Vec<u16> = ASSUMPTIONS.iter().map(|one| one.number).collect();
        assert_eq!(listed, believed, "probe/ledger says of each entry how it is settled");
    }
}
