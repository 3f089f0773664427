//! What the simulator believes without a source, numbered, with the worst credible opposite of each.
//!
//! Code that relies on one says so in a comment that names its number. Tests run the provider under the opposites too:
//! it may refuse then, but not lose data, loop, taint or report success. `docs/design/assumptions.md` is made from this
//! table.

/// Something believed.
#[derive(Debug, Clone, Copy)]
pub struct Assumption {
    /// Number, for ever.
    pub number: u16,
    /// What is believed.
    pub believed: &'static str,
    /// The worst credible opposite.
    pub opposite: &'static str,
    /// Whether a number in [`super::Estate::opposites`] puts the opposite in force.
    pub switchable: bool,
    /// Why there is no switch, where there is none.
    pub because: &'static str,
}

impl Assumption {
    const fn because(self, because: &'static str) -> Self {
        Self { because, ..self }
    }
}

/// The chain of an instance's certificate counts as ending in one of the real roots.
pub const ROOT: u16 = 1;
/// A distributed group that was dropped and made again stays without the link.
pub const REMADE_GROUP: u16 = 2;
/// The operation that makes a link lasts until its databases are seeded.
pub const CREATE_SPANS_SEEDING: u16 = 3;
/// A link that is being made cannot be changed.
pub const BUSY_WHILE_MADE: u16 = 4;
/// A link that could not be made stays as a resource.
pub const FAILED_LINK_STAYS: u16 = 5;
/// A copy whose seeding did not end stays on the instance.
pub const HALF_COPY_STAYS: u16 = 6;
/// An instance takes several certificates of one SQL Server.
pub const SEVERAL_CERTIFICATES: u16 = 7;
/// After its endpoint was altered a link is back within seconds.
pub const QUICK_RECONNECT: u16 = 8;
/// A PUT on a link that exists fails.
pub const PUT_IS_CREATE: u16 = 9;
/// Without a connection a link ends with 41962.
pub const NO_CONNECTION: u16 = 10;
/// A link that seeds says `LinkInitialSeeding`.
pub const SEEDING_WORD: u16 = 11;
/// A new link shows after some seconds.
pub const SHOWS_LATE: u16 = 12;
/// The deletion of a link that is not there succeeds.
pub const DELETE_MISSING: u16 = 13;
/// A seeded copy is `Online` for ARM.
pub const COPY_STATUS: u16 = 14;
/// The service takes a database's first full backup within minutes.
pub const FIRST_BACKUP: u16 = 15;
/// What keeps a connection from being made is known before the five minutes are over.
pub const EARLY_REASON: u16 = 16;
/// A link whose distributed group was dropped reports an error state.
pub const GROUP_GONE: u16 = 17;
/// An operation that fails with an error of the engine has its number as its code.
pub const ENGINE_NUMBERS: u16 = 18;
/// A certificate that is there already, name and content, may be uploaded again.
pub const SAME_CERTIFICATE: u16 = 19;
/// A star in an issuer's pattern stands for any number of labels.
pub const STAR_OF_LABELS: u16 = 20;
/// SQL Server need not have the very certificate that the instance presents.
pub const HELD_CERTIFICATE: u16 = 21;
/// Deleting a link whose instance is primary changes nothing on SQL Server.
pub const DELETED_PRIMARY: u16 = 22;
/// A database that belongs to a link cannot be deleted in ARM.
pub const LINKED_DATABASE: u16 = 24;
/// SQL Server notes why it does not connect.
pub const CONNECT_ERRORS: u16 = 25;
/// Certificates with elliptic keys are taken by CREATE CERTIFICATE … FROM BINARY.
pub const ELLIPTIC_KEYS: u16 = 43;
/// A server without a cipher suite in common hangs up without an alert.
pub const SILENT_HANDSHAKE: u16 = 54;
/// The number of the belief about distributed groups on nodes that are secondary.
pub const HIDDEN_ON_SECONDARIES: u16 = 137;

/// A log backup during a seeding fails it at once.
pub const LOG_BACKUP_AT_ONCE: u16 = 96;
/// A second database for a link of one is refused with 41429.
pub const SECOND_DATABASE: u16 = 116;
/// A group that cannot be half of a link is refused by SQL Server at once.
pub const LATE_LINK_CHECKS: u16 = 117;
/// A PATCH of a single-database link's databases is refused.
pub const SINGLE_DATABASE_PATCH: u16 = 150;
/// A property that the version does not have counts for nothing.
pub const UNKNOWN_PROPERTIES: u16 = 151;
/// Endpoints of both kinds have one certificate.
pub const BROKER_CERTIFICATE: u16 = 152;
/// Names that no identifier of the engine is have codes of their own.
pub const NAMES: u16 = 153;
/// Lists of locks leave out what is inherited.
pub const INHERITED_LOCKS: u16 = 155;
/// An instance says of itself that it is being scaled.
pub const INSTANCE_STATE: u16 = 158;
/// What was made shows at once.
pub const LATE_READS: u16 = 159;
/// A link on a member of a failover group is refused at once.
pub const REPLICA_REFUSED: u16 = 160;
/// A key that an instance has can be put again.
pub const KEY_AGAIN: u16 = 161;
/// `sp_certificate_drop_issuer` takes the arguments of `sp_certificate_add_issuer`.
pub const DROP_ISSUER: u16 = 30;
/// Encrypting the master key by the service master key twice is no error.
pub const MASTER_KEY_AGAIN: u16 = 31;
/// Speed of backups, size of logs.
pub const BACKUPS: u16 = 33;
/// The password policy is as installed.
pub const PASSWORD_POLICY: u16 = 34;
/// Endpoints take every port.
pub const ENDPOINT_PORTS: u16 = 35;
/// What a certificate vouches for does not keep it.
pub const VOUCHING: u16 = 36;
/// Subjects may be long on Windows.
pub const LONG_SUBJECTS: u16 = 37;
/// Subjects are shown without attributes' names.
pub const SHOWN_NAMES: u16 = 38;
/// Words of `linkState`.
pub const LINK_STATE_WORDS: u16 = 40;
/// Changed polling URLs are refused.
pub const URL_SIGNATURES: u16 = 41;
/// Operations of links are in the instance's list.
pub const LINK_OPERATIONS: u16 = 42;
/// An instance's `@@VERSION` is that of Azure SQL.
pub const INSTANCE_VERSION: u16 = 44;
/// The send lag of who gave the primary role away is -1.
pub const SEND_LAG: u16 = 45;
/// A copy that was primary keeps its last backup.
pub const LAST_BACKUP: u16 = 46;
/// 2025 shows groups inside distributed ones.
pub const INTERNAL_GROUPS: u16 = 76;
/// The host.
pub const HOST: u16 = 77;
/// How the seeding of a newer database fails.
pub const NEWER_DATABASE: u16 = 90;

/// All of them, by number.
pub const ASSUMPTIONS: &[Assumption] = &[
    entry(
        ROOT,
        "The chain of a managed instance's certificate ends in DigiCert Global Root G2. A chain of the simulator's own \
         stands in for it.",
        "It ends in Microsoft RSA Root Certificate Authority 2017.",
    ),
    entry(
        REMADE_GROUP,
        "A distributed group that is dropped and made again on SQL Server while the link lives in Azure is not repaired: \
         the link stays disconnected and has to be deleted.",
        "It reconnects without seeding anew.",
    ),
    entry(
        CREATE_SPANS_SEEDING,
        "The operation that makes a link ends when its databases are seeded.",
        "It succeeds as soon as it was accepted, with the state InitiatingLink, whatever becomes of the link.",
    ),
    entry(
        BUSY_WHILE_MADE,
        "A link that is being made is neither changed nor failed over: 409.",
        "The change is accepted and carried out.",
    ),
    entry(
        FAILED_LINK_STAYS,
        "A link that could not be made stays as a resource in an error state until it is deleted.",
        "It vanishes.",
    ),
    entry(
        HALF_COPY_STAYS,
        "The copy of a database whose seeding failed, or whose link was deleted meanwhile, stays on the instance and keeps \
         its name in use.",
        "It is removed with the link.",
    ),
    entry(
        SEVERAL_CERTIFICATES,
        "An instance takes several certificates with one subject, so that rotation can overlap.",
        "The second fails with CertificateAlreadyExists.",
    ),
    entry(
        QUICK_RECONNECT,
        "After the mirroring endpoint of SQL Server was restarted a link reconnects within seconds.",
        "It takes ten minutes.",
    ),
    entry(
        PUT_IS_CREATE,
        "A PUT with the name of a link that exists is accepted and fails with ManagedDatabaseNameInUse.",
        "It succeeds and changes nothing.",
    ),
    entry(
        NO_CONNECTION,
        "A link whose instance cannot reach SQL Server ends after five minutes with 41962.",
        "It ends with 41986.",
    ),
    entry(
        SEEDING_WORD,
        "The state of a database that is seeded is LinkInitialSeeding.",
        "It is CreatingLink.",
    ),
    entry(
        SHOWS_LATE,
        "A new link shows in GET and LIST fifteen seconds after it was accepted, 404 before.",
        "It shows at once.",
    ),
    entry(
        DELETE_MISSING,
        "The operation that deletes a link that does not exist succeeds.",
        "It fails with ResourceNotFound.",
    ),
    entry(
        COPY_STATUS,
        "ARM says Online of a link's seeded copy, Restoring while it is seeded.",
        "It says Restoring as long as the link lives.",
    ),
    entry(
        FIRST_BACKUP,
        "The service finishes the first full backup of a database that became independent or primary ten minutes later.",
        "It takes a day.",
    ),
    entry(
        EARLY_REASON,
        "What keeps a new link from being connected shows as mostRecentLinkError at the first try.",
        "It shows when the five minutes are over.",
    ),
    entry(
        GROUP_GONE,
        "A link whose distributed group was dropped on SQL Server goes to LinkSynchronizationError, DISCONNECTED.",
        "It stays in LinkSynchronizing, DISCONNECTED.",
    ),
    entry(
        ENGINE_NUMBERS,
        "An operation that fails with an error of the engine has the engine's number as its code.",
        "It has InternalServerError as its code.",
    ),
    entry(
        SAME_CERTIFICATE,
        "A certificate that is there already under the same name may be uploaded again: the operation succeeds.",
        "It fails with CertificateAlreadyExists.",
    ),
    entry(
        STAR_OF_LABELS,
        "An issuer's pattern `*.database.windows.net` covers every name below, however many labels deep.",
        "The star stands for one label.",
    ),
    entry(
        HELD_CERTIFICATE,
        "The certificate that SQL Server has under the instance's FQDN need not be the one that the instance presents now.",
        "It has to be.",
    ),
    entry(
        DELETED_PRIMARY,
        "Deleting a link whose instance is primary changes nothing on SQL Server.",
        "Its copies end in RESTORING at once.",
    ),
    fixed(
        23,
        "The instance's group and distributed group exist for T-SQL on the instance from the moment that the link was \
         accepted.",
        "They exist once it is connected.",
    )
    .because("the provider speaks no T-SQL to instances"),
    entry(
        LINKED_DATABASE,
        "A database that belongs to a link cannot be deleted in ARM: 409.",
        "It goes and takes the link along.",
    ),
    entry(
        CONNECT_ERRORS,
        "last_connect_error_number on SQL Server is 10060 for a network fault and 28047 for a failed handshake.",
        "None.",
    ),
    fixed(
        26,
        "SQL Server 2016 with the Azure Connect pack has sp_certificate_issuers and sp_certificate_drop_issuer.",
        "It has neither.",
    )
    .because("the provider asks whether the procedure is there"),
    fixed(
        27,
        "sp_validate_certificate_ca_chain is in 2017 from 14.0.3490.10 and in 2019 from 15.0.4312.2 on.",
        "It came with a later build of either.",
    )
    .because("the provider does not call the procedure"),
    fixed(
        28,
        "A link that starts on the instance ends with 41988 where SQL Server 2022 is older than CU10.",
        "It ends with another error.",
    )
    .because("the link fails under either number"),
    fixed(
        29,
        "Refusals that are documented without a number have these. 241: a certificate's date is none. 1486: a group \
         without an endpoint. 15151: no certificate of that id. 15247: CREATE AVAILABILITY GROUP without permission. \
         15299: a chain that does not hold. 15313: a protection of the master key that is not there, or is the last. \
         15334: an endpoint's certificate with a key under a password. 15352: a certificate that an endpoint uses. \
         41190: an option of local groups on a distributed one.",
        "They have others.",
    )
    .because("each number ends its statement whatever it is; the provider takes none of them for anything but an error, numbers choose a hint"),
    entry(DROP_ISSUER,
        "sp_certificate_drop_issuer takes the arguments of sp_certificate_add_issuer.",
        "It takes others.",
    ),
    entry(MASTER_KEY_AGAIN,
        "Encrypting the master key by the service master key once more changes nothing and is no error.",
        "It is an error.",
    ),
    fixed(
        32,
        "15315 and 15342 arrive with class 16 though the table lists 10, like 15313; the warnings 15213 to 15215 arrive \
         with class 10 though it lists 16.",
        "They arrive with the class that the table lists.",
    )
    .because("classes below 17 are one to the provider, which goes by numbers and by what the server says is an error"),
    entry(BACKUPS,
        "A backup writes 100 MB a second; a log is a quarter as large as the data.",
        "Backups are slower, logs are larger.",
    ),
    entry(PASSWORD_POLICY, "The operating system's password policy is on, as installed.", "It is off, or stricter."),
    entry(ENDPOINT_PORTS, "Mirroring endpoints take ports 1 to 65535.", "They take the documented 1024 to 32767 alone."),
    entry(VOUCHING,
        "With a certificate goes what it may vouch for.",
        "DROP CERTIFICATE is refused while it may vouch for something.",
    ),
    entry(LONG_SUBJECTS, "On Windows the subject of a certificate has up to 4096 characters.", "It has fewer."),
    entry(SHOWN_NAMES, "sys.certificates shows subject and issuer without the attributes' names.", "It shows CN=…."),
    fixed(
        39,
        "The texts of the refusals OperationIdNotFound and InvalidDistributedAvailabilityGroupFailoverRequest, and \
         InvalidParameterValue for a setRole of another role, are as the simulator says them.",
        "They are others.",
    )
    .because("texts are for people: the provider goes by codes"),
    entry(LINK_STATE_WORDS,
        "linkState of the first api-versions is Catchup while the link replicates and Error after a failure.",
        "It has other words.",
    ),
    entry(URL_SIGNATURES,
        "A polling URL with a changed signature is refused with 403 AuthorizationFailed.",
        "It is answered like any other.",
    ),
    entry(LINK_OPERATIONS,
        "The instance's list of operations shows those of links.",
        "It shows those of the instance alone.",
    ),
    entry(
        ELLIPTIC_KEYS,
        "CREATE CERTIFICATE … FROM BINARY takes certificates with elliptic keys, as three of Azure's roots have them.",
        "It refuses them with 15297.",
    ),
    entry(INSTANCE_VERSION,
        "@@VERSION of a managed instance begins with Microsoft SQL Azure (RTM) - 12.0.2000, and its login answer says 12.0.2000.",
        "They name the SQL Server version of its update policy.",
    ),
    entry(SEND_LAG,
        "The send lag of a link that began at the instance is -1 once the instance is secondary, and else what ASSUMED 95 says. \
         (One recorded session shows it, another shows 0.)",
        "It is 0.",
    ),
    entry(LAST_BACKUP,
        "A database of a link keeps the instance's last backup in lastBackupTime while the instance is secondary, if the link \
         began at the instance.",
        "It shows none.",
    ),
    fixed(
        50,
        "A table-valued parameter of a type that is not there is refused with 2715, state 3, which names the parameter by \
         its place.",
        "It is refused with another error.",
    )
    .because("the provider sends no table-valued parameters"),
    fixed(
        51,
        "A login whose FEDAUTH feature does not repeat what PRELOGIN said is refused with 18456, state 1, and an empty name.",
        "It is refused with another error.",
    )
    .because("the provider repeats what it said"),
    fixed(
        52,
        "The server's log has state 1 for tokens that are expired or of another audience, state 5 for those of principals \
         without a login.",
        "It has other states.",
    )
    .because("the log of a server is for its administrator; clients see one state"),
    fixed(
        53,
        "SQL Server Browser answers a request whose name lacks the zero at its end, and no other that is not as MC-SQLR has \
         it.",
        "It answers others too, or insists on the zero.",
    )
    .because("the provider's driver leaves the zero out, as others do, and is answered in the field; it sends nothing else"),
    entry(SILENT_HANDSHAKE,
        "A server whose TLS has no cipher suite in common with the client hangs up without an alert.",
        "It sends the alert handshake_failure first.",
    ),
    fixed(
        55,
        "SQL Server Browser tells the build that runs.",
        "It tells the build that was installed first, whatever was patched since.",
    )
    .because("the provider reads nothing but the port"),
    fixed(
        60,
        "Messages name a temporary table as `tempdb.dbo.#t`, a table variable as `@t`.",
        "They carry the name that is unique in tempdb.",
    )
    .because("texts are for people: the provider goes by numbers"),
    fixed(
        61,
        "When the end of EXEC (text) or `sp_executesql` takes back a USE, the client is told of the change of database.",
        "It is not told, and believes that it is still in the other database.",
    )
    .because("the provider sends no USE and no text to EXEC"),
    fixed(
        62,
        "A text that leaves another number of transactions raises 266, but not under XACT_ABORT.",
        "It raises 266 always, or only in procedures.",
    )
    .because("the provider opens no transaction"),
    fixed(
        63,
        "`sp_executesql` returns the number of the last error of its text.",
        "It returns 1 for any error.",
    )
    .because("the provider reads errors and asks for no return value of it"),
    fixed(
        64,
        "A constraint without a name has one of table, column and digits; of two broken ones the first row's is told, keys before \
         checks.",
        "Names are of another form, and checks are told first.",
    )
    .because("the provider makes no tables"),
    fixed(
        65,
        "A rollback takes back statements about logins, users, permissions, certificates, issuers and the master key.",
        "They stay.",
    )
    .because("the provider opens no transaction"),
    fixed(
        66,
        "The password of a private key that is given in BINARY counts as UTF-8; CERTPRIVATEKEY is NULL where the password that \
         the key is under is another.",
        "It counts in another encoding, and a wrong password is an error.",
    )
    .because("the provider moves no private keys"),
    fixed(
        70,
        "The four letters of the permissions of 2022 in sys.server_permissions and sys.database_permissions.",
        "They are others.",
    )
    .because("the provider does not read letters of permissions"),
    fixed(
        71,
        "A denial of VIEW DEFINITION hides an object's metadata, whatever else is granted on it.",
        "Any other permission still shows it.",
    )
    .because("the acceptance run signs in as a sysadmin, to whom nothing is hidden"),
    fixed(
        72,
        "Since 2022 dm_database_encryption_keys, dm_exec_connections, dm_server_services and dm_tcp_listener_states ask for \
         VIEW SERVER SECURITY STATE, the other views of the server's state for VIEW SERVER PERFORMANCE STATE.",
        "Others of them ask for the former.",
    )
    .because("the acceptance run signs in as a sysadmin, to whom no view is closed"),
    fixed(
        73,
        "Ids of the logins and certificates that every installation has; subjects, dates, key lengths and thumbprints of \
         those certificates.",
        "They have others.",
    )
    .because("the provider reads certificates and logins by name and content"),
    fixed(
        74,
        "Values of views of replication that no source explains: recovery_lsn is the end of the log, \
         low_water_mark_for_ghosts grows with it, quorum_commit_lsn is what synchronous secondaries hardened; \
         current_configuration_commit_start_time_utc is the replica's last change; a seeding fails with failure_state 2, Seeding.",
        "They have others.",
    )
    .because("the provider reads none of these columns but failure_state, and of that only whether it is there"),
    fixed(
        75,
        "Without a cluster sys.dm_hadr_cluster has one row and the other views of the cluster have none; a node has one \
         network with a mask of 24 bits, and one vote.",
        "They show an internal cluster.",
    )
    .because("the provider reads no view of a cluster"),
    entry(INTERNAL_GROUPS,
        "sys.dm_hadr_internal_availability_groups of 2025 has a group for each database of a distributed group, with both \
         members as replicas.",
        "It has none for links.",
    ),
    entry(HOST,
        "A host has four processors, 16 GB, Windows Server 2022 Standard or Ubuntu 22.04, and was started five minutes before \
         the engine.",
        "It is another.",
    ),
    fixed(
        78,
        "sys.fn_hadr_is_primary_replica says 0 of a database that a link receives, though its local group is primary.",
        "It says 1.",
    )
    .because("the provider does not call the function"),
    fixed(79, "HAS_PERMS_BY_NAME is NULL for an object that does not exist.", "It is 0.")
    .because("the provider asks about the server alone, which exists"),
    entry(NEWER_DATABASE,
        "The seeding of a database of a newer version than the instance's update policy fails with 41977.",
        "It fails with another error.",
    ),
    fixed(
        91,
        "After a failover to an instance whose format SQL Server cannot take, the link is disconnected with 41988.",
        "It is disconnected with another error, or gone.",
    )
    .because("the link is disconnected under either number, and ASSUMED 2 and 17 simulate links that stay so"),
    fixed(
        92,
        "What an instance cannot take of a database (41939, 41947 to 41951) fails the seeding when it begins; of files, those of \
         users' databases are counted.",
        "It fails the set-up; system databases count as well.",
    )
    .because("the set-up that fails is what ASSUMED 5 and 10 simulate"),
    fixed(
        93,
        "A link that was deleted in Azure alone keeps SQL Server's log from being truncated until the distributed group is dropped.",
        "The log is free at once.",
    )
    .because("a log that is free is no danger to anybody"),
    fixed(
        94,
        "Each database of a link has the whole speed of the way for its log; 100 MB a second, where nothing is said to be \
         slower.",
        "The databases of a link share it.",
    )
    .because("speeds decide how long it takes, which the provider waits for either way"),
    fixed(
        95,
        "Lags are the seconds in which the source writes what the secondary has yet to receive or to redo; of a source that \
         does not write, the seconds that the rest takes.",
        "They are measured otherwise.",
    )
    .because("lags are shown, and nothing depends on them"),
    entry(
        LOG_BACKUP_AT_ONCE,
        "A log backup during a seeding fails it with 1408 as soon as it is taken.",
        "It fails when everything was copied.",
    ),
    fixed(
        110,
        "Every version of the engine has the messages of SQL Server 2022.",
        "Older versions lack some; texts differ between versions.",
    )
    .because("the provider goes by numbers of errors, and by the build where a version differs"),
    fixed(
        111,
        "2025 names the compatibility levels of 2022 where it refuses one.",
        "It names its own as well, under another number.",
    )
    .because("the provider changes no compatibility level"),
    fixed(
        112,
        "sys.messages has the messages that the simulator can send; nobody asks for the others.",
        "Somebody looks for one that a real server has.",
    )
    .because("the provider does not read the view"),
    fixed(
        113,
        "A collation exists where its name has the form of one: a language, then CI, CS, BIN or BIN2 among its words.",
        "Some names of that form are none (448).",
    )
    .because("the provider names no collation"),
    fixed(
        114,
        "What a managed instance does not support is refused with 41906 (statements about groups and endpoints, BACKUP LOG), \
         41902 (backups to disks), 41904, 41922, 5008 (options of databases that the service sets) and 49512 (trace flags of \
         a session).",
        "Other numbers, or a statement that is taken and does nothing.",
    )
    .because("the provider speaks no T-SQL to instances"),
    fixed(
        115,
        "sp_multidb_milink without an argument returns one row with one column without a name, and cannot be switched while \
         there is a link: 47504.",
        "It returns the value as its status; the refusal has another number.",
    )
    .because("the provider reads the outcome of a switch by what the server then says of itself"),
    entry(
        SECOND_DATABASE,
        "ALTER AVAILABILITY GROUP … ADD DATABASE on SQL Server refuses a second database for a link of one with 41429.",
        "It is 47503, whose text names the same cause.",
    ),
    entry(
        LATE_LINK_CHECKS,
        "CREATE AVAILABILITY GROUP … WITH (DISTRIBUTED) over a managed instance is refused at once for manual seeding (47500), \
         synchronous commit (47501) and a second database (47502).",
        "The statement is taken, and the link fails or lives with it.",
    ),
    fixed(
        118,
        "Reserved names of endpoints (7869) are those that begin like the system's own, with `TSQL `.",
        "Others are reserved too, or none.",
    )
    .because("the provider reports any refusal of a name that the configuration chose"),
    fixed(
        119,
        "With Always On off, Windows answers statements about groups with 35221, Linux with 47105.",
        "Both answer with the same number.",
    )
    .because("the provider says the same of either"),
    fixed(
        120,
        "ALTER AVAILABILITY GROUP takes several databases and replicas, and several options of a replica that it modifies.",
        "It takes one at a time (102), as one of Microsoft's two parsers and the documentation's grammar have it.",
    )
    .because("the provider names one at a time, and its statements are judged by that parser"),
    fixed(
        130,
        "What sp_configure set is in force after a restart, also without RECONFIGURE.",
        "Without RECONFIGURE it is lost.",
    )
    .because("the provider sets no options"),
    fixed(
        135,
        "The services of SQL Servers in one Windows cluster or in one DNS domain accept each other's Windows accounts at \
         their mirroring endpoints.",
        "Their accounts may not connect.",
    )
    .because("no document lists accounts; a link's own trust is by certificates"),
    fixed(
        136,
        "A cluster makes a ready node primary 20 seconds after the primary's site went down: the default lease.",
        "It takes longer, or the primary is back first.",
    )
    .because("time alone differs"),
    entry(
        137,
        "A node that is secondary in its local group shows no distributed group over it in any view, and shows it as soon as \
         it is primary.",
        "It shows it always, in the role SECONDARY.",
    ),
    fixed(
        138,
        "On a node that is secondary in its local group a distributed group over it is altered with 41140 and dropped with \
         35251.",
        "It does not exist there (15151).",
    )
    .because("either way the statement is refused"),
    fixed(
        139,
        "Nothing moves the listener of a group with CLUSTER_TYPE = NONE: its name leads to the server that has its address.",
        "It leads to the primary.",
    )
    .because("a link over such a listener stays with its server, or moves"),
    fixed(
        140,
        "A Windows cluster with an even number of nodes has a file share witness, which is always up.",
        "It has none, and loses its quorum with half of its nodes.",
    )
    .because("it decides about quorum alone"),
    fixed(
        141,
        "While the site of a clustered group's primary is down the other nodes are RESOLVING; a replica that is not connected \
         shows as SECONDARY on the primary.",
        "They are SECONDARY; it shows no role.",
    )
    .because("the provider finds no primary either way"),
    fixed(
        142,
        "Of replicas with the same backup priority the one whose name comes first is preferred.",
        "Another one is, or all are.",
    )
    .because("the provider takes no backups"),
    fixed(143, "A failover in a cluster without quorum is refused with 35220.", "With another error.")
    .because("either way it is refused"),
    fixed(
        144,
        "Between the nodes of one group nothing is slower than the primary writes.",
        "A secondary falls behind, or commits wait for it.",
    )
    .because("delays alone differ"),
    fixed(
        145,
        "JOIN of a replica needs the primary's site to be reached, else 47106; the cluster types are compared after that.",
        "The cluster alone is asked.",
    )
    .because("either way it is refused"),
    fixed(
        146,
        "A session that only reads, and finds no replica of the routing list that can be read, is refused with 982, unless the \
         list has the primary.",
        "It stays with the primary where that takes it.",
    )
    .because("the provider opens no session that only reads"),
    fixed(
        147,
        "Routing lists lose the name of a replica that is removed.",
        "They keep it, or the removal is refused.",
    )
    .because("routing is none of the provider's business"),
    entry(
        SINGLE_DATABASE_PATCH,
        "A PATCH of the databases of a link that is not a multi-database one is refused as bad Databases.",
        "It is accepted and changes nothing.",
    ),
    entry(
        UNKNOWN_PROPERTIES,
        "A property of a link that the api-version does not have counts for nothing.",
        "It is refused with InvalidRequestContent.",
    ),
    entry(
        BROKER_CERTIFICATE,
        "The endpoint certificate of kind SERVICE_BROKER is that of DATABASE_MIRRORING.",
        "It is another one.",
    ),
    entry(
        NAMES,
        "Names of links and databases with NUL are refused with InvalidIdentifier, with more than 128 characters with \
         TokenTooLong, of databases with white space at their end with CannotUseTrailingWhitespacesInDatabaseName.",
        "They are refused with InvalidParameterValue.",
    ),
    fixed(
        154,
        "A lock that is not there is LockNotFound; a lock of another level or with a bad name is InvalidRequestContent.",
        "They have other codes.",
    )
    .because("the provider asks for no locks"),
    entry(
        INHERITED_LOCKS,
        "The list of a scope's locks shows those at the scope and below it.",
        "It shows those that it inherits from above as well.",
    ),
    fixed(
        156,
        "Operations of instances are called StopManagedServer, StartManagedServer, FailoverManagedServer, those of keys \
         DropManagedServerEncryptionKeys and RevalidateManagedServerEncryptionProtector; an instance that is not stopped is \
         not started with ManagementServiceStartManagedInstanceNotStopped; the text of ManagedInstanceUpdateSloInProgress.",
        "They have other names, codes and texts.",
    )
    .because("the provider starts no operation of an instance by itself but a PATCH, whose name it does not read, and writes no keys"),
    fixed(157, "The SQL resource provider answers HEAD with 405.", "It says 204 or 404.")
    .because("the provider sends no HEAD"),
    entry(
        INSTANCE_STATE,
        "While an instance is scaled its state is Updating and its provisioningState InProgress; what it refuses then is \
         ManagedInstanceUpdateSloInProgress.",
        "It says Ready and Succeeded meanwhile, and refuses all the same.",
    ),
    entry(
        LATE_READS,
        "What an operation made shows as soon as it has ended.",
        "A certificate that was uploaded shows half a minute later.",
    ),
    entry(
        REPLICA_REFUSED,
        "A link on an instance that is in a failover group is refused at once, with ManagedInstanceHasGeoReplica.",
        "It is accepted, and its operation fails with that code.",
    ),
    entry(
        KEY_AGAIN,
        "A PUT of a key that the instance has is accepted and changes nothing.",
        "It is refused with ServerKeyNameAlreadyExists.",
    ),
    fixed(
        162,
        "A protector's key is deleted with AzureKeyVaultKeyInUse at once; a protector of a key that is not there is \
         ServerKeyNotFound.",
        "The operation fails later, or the other code that the specification has comes.",
    )
    .because("the provider writes neither keys nor protectors"),
    fixed(
        163,
        "What two instances lack for a failover group is told in a fixed order, at once; an instance that is not there is \
         ServerNotInSubscription.",
        "The order is another one, or the operation fails later.",
    )
    .because("the provider makes no failover groups"),
];

const fn entry(number: u16, believed: &'static str, opposite: &'static str) -> Assumption {
    Assumption { number, believed, opposite, switchable: true, because: "" }
}

const fn fixed(number: u16, believed: &'static str, opposite: &'static str) -> Assumption {
    Assumption { number, believed, opposite, switchable: false, because: "" }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::ASSUMPTIONS;

    /// Rewrites the page instead of comparing it.
    const REWRITE: &str = "MILINK_REWRITE_ASSUMPTIONS";

    #[test]
    fn code_and_table_name_the_same_numbers() {
        let listed: Vec<u16> = ASSUMPTIONS.iter().map(|one| one.number).collect();
        assert!(listed.is_sorted_by(|one, next| one < next), "{listed:?}");
        let used: Vec<u16> = uses().into_keys().collect();
        assert_eq!(used, listed);
    }

    #[test]
    fn what_has_no_switch_says_why() {
        for one in ASSUMPTIONS {
            assert_eq!(one.switchable, one.because.is_empty(), "{}", one.number);
        }
    }

    #[test]
    fn every_switch_is_asked_for_somewhere() {
        let text: String = sources().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let constants = include_str!("assumption.rs").lines().filter_map(|line| {
            let (name, _) = line.strip_prefix("pub const ")?.split_once(": u16")?;
            Some(name.to_owned())
        });
        for name in constants {
            assert!(text.contains(&format!("assumption::{name}")), "{name} is never asked for");
        }
    }

    #[test]
    fn the_page_is_made_from_the_table() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/design/assumptions.md");
        if std::env::var_os(REWRITE).is_some() {
            fs::write(&path, page()).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, page(), "run this test once with {REWRITE}=1 set");
    }

    fn page() -> String {
        let uses = uses();
        let mut page = String::from(
            "# What the simulator assumes\n\n\
             No source settles these, and no real server has confirmed them. Each is believed as stated; where a switch\n\
             exists, a test runs the life of the quickstart under the opposite as well. Made from\n\
             `acceptance-tests/simulator/src/world/assumption.rs`; a test compares.\n\n\
             | no. | believed | worst credible opposite | switch | relied on in |\n\
             | --- | --- | --- | --- | --- |\n",
        );
        for one in ASSUMPTIONS {
            let switch = if one.switchable { "yes".to_owned() } else { format!("no: {}", one.because) };
            let files: Vec<&str> = uses[&one.number].iter().map(String::as_str).collect();
            page += &format!(
                "| {} | {} | {} | {switch} | {} |\n",
                one.number,
                one.believed,
                one.opposite,
                files.join(", ")
            );
        }
        page
    }

    /// In which files each number is named.
    fn uses() -> BTreeMap<u16, BTreeSet<String>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut uses: BTreeMap<u16, BTreeSet<String>> = BTreeMap::new();
        for path in sources() {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            for rest in text.split("ASSUMED").skip(1) {
                let digits: String = rest
                    .strip_prefix(' ')
                    .unwrap_or_default()
                    .chars()
                    .take_while(char::is_ascii_digit)
                    .collect();
                let excerpt = rest.lines().next().unwrap_or_default();
                let number =
                    digits.parse().unwrap_or_else(|_| panic!("{name}: ASSUMED{excerpt} has no number"));
                uses.entry(number).or_default().insert(format!("`{name}`"));
            }
        }
        uses
    }

    fn sources() -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|kind| kind == "rs")
                    && !path.ends_with("assumption.rs")
                {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}
