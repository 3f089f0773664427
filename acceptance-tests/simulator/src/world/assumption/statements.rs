//! What is believed about T-SQL: statements, sessions, the catalog and errors.

use super::{Assumption, entry, fixed};

/// Numbers of refusals that are documented without one.
pub const REFUSAL_NUMBERS: u16 = 29;
/// `sp_certificate_drop_issuer` takes the arguments of `sp_certificate_add_issuer`.
pub const DROP_ISSUER: u16 = 30;
/// Encrypting the master key by the service master key twice is no error.
pub const MASTER_KEY_AGAIN: u16 = 31;
/// Classes in which messages arrive, where the table lists others.
pub const LISTED_CLASSES: u16 = 32;
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
/// Certificates with elliptic keys are taken by CREATE CERTIFICATE … FROM BINARY.
pub const ELLIPTIC_KEYS: u16 = 43;
/// An instance's `@@VERSION` is that of Azure SQL.
pub const INSTANCE_VERSION: u16 = 44;
/// How messages name tables of a session.
pub const NAMES_OF_TABLES: u16 = 60;
/// Who hears that a text's USE is over.
pub const UNTOLD_DATABASE: u16 = 61;
/// Where 266 is raised.
pub const COUNT_ALWAYS_TOLD: u16 = 62;
/// What `sp_executesql` returns.
pub const TEXT_STATUS: u16 = 63;
/// Constraints without a name, and which of two broken ones is told.
pub const CONSTRAINTS: u16 = 64;
/// What a rollback takes back.
pub const UNDONE_DEFINITIONS: u16 = 65;
/// Passwords of private keys on their way.
pub const PRIVATE_KEY_PASSWORDS: u16 = 66;
/// A wrong OLD_PASSWORD is 15151.
pub const OLD_PASSWORD: u16 = 67;
/// What becomes of grants to a role that is dropped.
pub const GRANTS_OF_ROLES: u16 = 68;
/// A parameter whose place does not say its type is 11506.
pub const UNTYPED_PARAMETERS: u16 = 69;
/// What a denial of VIEW DEFINITION hides.
pub const HIDING_DENIALS: u16 = 71;
/// Which views of the server's state are about security.
pub const SECURITY_VIEWS: u16 = 72;
/// What every installation has.
pub const INSTALLED: u16 = 73;
/// Values of replication that no source explains.
pub const UNEXPLAINED_VALUES: u16 = 74;
/// Views of the cluster where there is none.
pub const NO_CLUSTER: u16 = 75;
/// 2025 shows groups inside distributed ones.
pub const INTERNAL_GROUPS: u16 = 76;
/// The host.
pub const HOST: u16 = 77;
/// Whether a database that a link receives is a primary replica.
pub const RECEIVED_COPIES: u16 = 78;
/// Rights on what does not exist.
pub const MISSING_OBJECTS: u16 = 79;
/// JOIN of a distributed group that is there already has a number of its own.
pub const JOIN_AGAIN: u16 = 99;
/// Messages of versions before 2022.
pub const OLDER_MESSAGES: u16 = 110;
/// Compatibility levels that 2025 names.
pub const LEVELS_OF_2025: u16 = 111;
/// Names of collations.
pub const COLLATIONS: u16 = 113;
/// What a managed instance does not support.
pub const IGNORED_STATEMENTS: u16 = 114;
/// How the switch of multi-database links is shown.
pub const SWITCH_AS_STATUS: u16 = 115;
/// Reserved names of endpoints.
pub const RESERVED_ENDPOINTS: u16 = 118;
/// How Linux refuses groups while Always On is off.
pub const HADR_OFF_ON_LINUX: u16 = 119;
/// How much ALTER AVAILABILITY GROUP takes at a time.
pub const ONE_AT_A_TIME: u16 = 120;
/// Whether grouping sets have a total over no rows.
pub const TOTAL_OF_NOTHING: u16 = 121;
/// `FOR XML PATH('')` of rows that are all NULL is an empty text.
pub const XML_OF_NULLS: u16 = 122;
/// `FOR XML` writes a value of blanks alone as it is.
pub const XML_OF_BLANKS: u16 = 123;
/// Who may say who vouches for whom.
pub const ISSUER_RIGHTS: u16 = 126;
/// Options that RECONFIGURE was not run for outlive a restart.
pub const LOST_OPTIONS: u16 = 130;

/// By number.
pub(super) const STATEMENTS: &[Assumption] = &[
    entry(
        REFUSAL_NUMBERS,
        "Refusals that are documented without a number have these. 241: a certificate's date is none. 1486: a group \
         without an endpoint. 15151: no certificate of that id. 15247: CREATE AVAILABILITY GROUP without permission. \
         15299: a chain that does not hold. 15313: a protection of the master key that is not there, or is the last. \
         15334: an endpoint's certificate with a key under a password. 15352: a certificate that an endpoint uses. \
         41190: an option of local groups on a distributed one.",
        "8114: a certificate's date is none. 1418, about its own URL: a group without an endpoint. 15247: no certificate of \
         that id. 262: CREATE AVAILABILITY GROUP without permission. The warning 37449 alone: a chain that does not hold. \
         15329, which praises FORCE: a protection of the master key that is not there, or is the last. 15581: an endpoint's \
         certificate with a key under a password. 3716: a certificate that an endpoint uses. 15151, as if it were not there: \
         an option of local groups on a distributed one.",
    ),
    entry(
        DROP_ISSUER,
        "sp_certificate_drop_issuer takes the arguments of sp_certificate_add_issuer.",
        "It takes others.",
    ),
    entry(
        MASTER_KEY_AGAIN,
        "Encrypting the master key by the service master key once more changes nothing and is no error.",
        "It is an error.",
    ),
    entry(
        LISTED_CLASSES,
        "1486, 15315, 15317, 15334, 15342 and 15559 arrive with class 16 though the table lists 10, like 15313; the warnings \
         15213 to 15215 arrive with class 10 though it lists 16.",
        "They arrive with the class that the table lists: the former are no errors, though nothing was done; the latter are, \
         though the certificate was made.",
    ),
    entry(
        BACKUPS,
        "A backup writes 100 MB a second; a log is a quarter as large as the data.",
        "Backups are slower, logs are larger.",
    ),
    entry(
        PASSWORD_POLICY,
        "The operating system's password policy is on, as installed.",
        "It is off, or stricter.",
    ),
    entry(
        ENDPOINT_PORTS,
        "Mirroring endpoints take ports 1 to 65535.",
        "They take the documented 1024 to 32767 alone.",
    ),
    entry(
        VOUCHING,
        "With a certificate goes what it may vouch for.",
        "DROP CERTIFICATE is refused while it may vouch for something.",
    ),
    entry(
        LONG_SUBJECTS,
        "On Windows the subject of a certificate has up to 4096 characters.",
        "It has fewer.",
    ),
    entry(
        SHOWN_NAMES,
        "sys.certificates shows subject and issuer without the attributes' names.",
        "It shows CN=….",
    ),
    entry(
        ELLIPTIC_KEYS,
        "CREATE CERTIFICATE … FROM BINARY takes certificates with elliptic keys, as three of Azure's roots have them.",
        "It refuses them with 15297.",
    ),
    entry(
        INSTANCE_VERSION,
        "@@VERSION of a managed instance begins with Microsoft SQL Azure (RTM) - 12.0.2000, and its login answer says 12.0.2000.",
        "They name the SQL Server version of its update policy.",
    ),
    entry(
        NAMES_OF_TABLES,
        "Messages name a temporary table as `tempdb.dbo.#t`, a table variable as `@t`.",
        "They carry the name that is unique in tempdb.",
    ),
    entry(
        UNTOLD_DATABASE,
        "When the end of EXEC (text) or `sp_executesql` takes back a USE, the client is told of the change of database.",
        "It is not told, and believes that it is still in the other database.",
    ),
    entry(
        COUNT_ALWAYS_TOLD,
        "A text that leaves another number of transactions raises 266, but not under XACT_ABORT.",
        "It raises 266 always.",
    ),
    entry(
        TEXT_STATUS,
        "`sp_executesql` returns the number of the last error of its text.",
        "It returns 1 for any error.",
    ),
    entry(
        CONSTRAINTS,
        "A constraint without a name has one of table, column and digits; of two broken ones the first row's is told, keys before \
         checks.",
        "Its name is of digits alone, and a broken check is told before any key.",
    ),
    entry(
        UNDONE_DEFINITIONS,
        "A rollback takes back statements about logins, users, permissions, certificates, issuers and the master key.",
        "They stay.",
    ),
    entry(
        PRIVATE_KEY_PASSWORDS,
        "The password of a private key that is given in BINARY counts as UTF-8; CERTPRIVATEKEY is NULL where the password that \
         the key is under is another.",
        "It counts as UTF-16, and a wrong password is 15465.",
    ),
    entry(
        OLD_PASSWORD,
        "ALTER LOGIN with an OLD_PASSWORD that is not the login's is refused with 15151, whoever asks.",
        "With 18456, as a sign-in is.",
    ),
    entry(
        GRANTS_OF_ROLES,
        "A role of the server that a user makes has an identifier of 16 bytes, one of a database has 16 bytes behind the \
         authority of the fixed ones; what was granted to a role goes with it.",
        "A role that something was granted to owns a permission and is not dropped: 15138, of the server 15141.",
    ),
    entry(
        UNTYPED_PARAMETERS,
        "sp_describe_undeclared_parameters refuses a parameter whose place does not say its type with 11506.",
        "With 11504.",
    ),
    entry(
        HIDING_DENIALS,
        "A denial of VIEW DEFINITION hides an object's metadata, whatever else is granted on it.",
        "Any other permission still shows it.",
    ),
    entry(
        SECURITY_VIEWS,
        "Since 2022 dm_database_encryption_keys, dm_exec_connections, dm_server_services and dm_tcp_listener_states ask for \
         VIEW SERVER SECURITY STATE, the other views of the server's state for VIEW SERVER PERFORMANCE STATE.",
        "All of them ask for the former.",
    ),
    entry(
        INSTALLED,
        "Ids of the logins and certificates that every installation has; subjects, dates, key lengths and thumbprints of \
         those certificates.",
        "The certificates have ids from 1 on and keys of 1024 bits, and have expired.",
    ),
    entry(
        UNEXPLAINED_VALUES,
        "Values of views of replication that no source explains: recovery_lsn is the end of the log, \
         low_water_mark_for_ghosts grows with it, quorum_commit_lsn is what synchronous secondaries hardened; \
         current_configuration_commit_start_time_utc is the replica's last change; a seeding fails with failure_state 2, Seeding.",
        "All of these are NULL.",
    ),
    entry(
        NO_CLUSTER,
        "Without a cluster sys.dm_hadr_cluster has one row and the other views of the cluster have none; a node has one \
         network with a mask of 24 bits, and one vote.",
        "They show the server as the only node of a cluster without a name.",
    ),
    entry(
        INTERNAL_GROUPS,
        "sys.dm_hadr_internal_availability_groups of 2025 has a group for each database of a distributed group, with both \
         members as replicas.",
        "It has none for links.",
    ),
    entry(
        HOST,
        "A host has four processors, 16 GB, Windows Server 2022 Standard or Ubuntu 22.04, and was started five minutes before \
         the engine.",
        "It is another.",
    ),
    entry(
        RECEIVED_COPIES,
        "sys.fn_hadr_is_primary_replica says 0 of a database that a link receives, though its local group is primary.",
        "It says 1.",
    ),
    entry(
        MISSING_OBJECTS,
        "HAS_PERMS_BY_NAME is NULL for an object that does not exist, but 0 for a login.",
        "It is 0 for any object.",
    ),
    entry(
        JOIN_AGAIN,
        "ALTER AVAILABILITY GROUP … JOIN of a distributed group that is there is refused with 19502, as JOIN of a local one is \
         with 41106.",
        "It is refused with 19509, like CREATE.",
    ),
    entry(
        OLDER_MESSAGES,
        "Every version of the engine has the messages of SQL Server 2022.",
        "sys.messages of older versions lacks those that came with links: 37447 to 37451, 41939 to 41990, 47500 to 47522.",
    ),
    entry(
        LEVELS_OF_2025,
        "2025 names the compatibility levels of 2022 where it refuses one.",
        "It names 110 to 170, and 100 no more.",
    ),
    fixed(
        112,
        "sys.messages has the messages that the simulator can send; nobody asks for the others.",
        "Somebody looks for one that a real server has.",
    )
    .because(
        "that a server has thousands more is known and nothing believed; their texts could only be made up",
    ),
    entry(
        COLLATIONS,
        "A collation exists where its name has the form of one: a language, then CI, CS, BIN or BIN2 among its words.",
        "A name that says nothing about accents, as Latin1_General_CI, is none (448).",
    ),
    entry(
        IGNORED_STATEMENTS,
        "What a managed instance does not support is refused with 41906 (statements about groups and endpoints, BACKUP LOG), \
         41902 (backups to disks), 41904, 41922, 5008 (options of databases that the service sets) and 49512 (trace flags of \
         a session).",
        "Statements are taken and do nothing.",
    ),
    entry(
        SWITCH_AS_STATUS,
        "sp_multidb_milink without an argument returns one row with one column without a name, and cannot be switched while \
         there is a link: 47504.",
        "It returns the value as its status, and no row.",
    ),
    entry(
        RESERVED_ENDPOINTS,
        "Reserved names of endpoints (7869) are those that begin like the system's own, with `TSQL `.",
        "All names that begin with `TSQL` are.",
    ),
    entry(
        HADR_OFF_ON_LINUX,
        "With Always On off, Windows answers statements about groups with 35221, Linux with 47105.",
        "Linux answers with 35221 too, whose text sends one to a tool of Windows.",
    ),
    entry(
        ONE_AT_A_TIME,
        "ALTER AVAILABILITY GROUP takes several databases and replicas, and several options of a replica that it modifies.",
        "It takes one at a time (102), as one of Microsoft's two parsers and the documentation's grammar have it.",
    ),
    entry(
        TOTAL_OF_NOTHING,
        "ROLLUP, CUBE and GROUPING SETS over no rows have no total.",
        "They have one, with NULL and COUNT 0.",
    ),
    entry(
        XML_OF_NULLS,
        "A subquery with FOR XML PATH('') whose rows are all NULL is an empty text.",
        "It is NULL, as where there are no rows.",
    ),
    entry(
        XML_OF_BLANKS,
        "FOR XML writes a value of blanks alone as it is.",
        "It writes their numbers, since readers of XML would drop them.",
    ),
    entry(
        ISSUER_RIGHTS,
        "sp_certificate_add_issuer and sp_certificate_drop_issuer are for members of sysadmin.",
        "Whoever may alter any certificate of master may call them.",
    ),
    entry(
        LOST_OPTIONS,
        "What sp_configure set is in force after a restart, also without RECONFIGURE.",
        "Without RECONFIGURE it is lost.",
    ),
];
