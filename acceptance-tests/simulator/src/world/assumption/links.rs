//! What is believed about the life of a link: trust, connection, seeding, replication, failover and end.

use super::{Assumption, entry};

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
/// An instance's groups for a link are there before it is connected.
pub const LATE_GROUPS: u16 = 23;
/// A database that belongs to a link cannot be deleted in ARM.
pub const LINKED_DATABASE: u16 = 24;
/// SQL Server notes why it does not connect.
pub const CONNECT_ERRORS: u16 = 25;
/// 2016 with the Azure Connect pack lists issuers.
pub const ISSUERS_OF_2016: u16 = 26;
/// Late builds of 2017 and 2019 check chains.
pub const CHAINS_OF_2019: u16 = 27;
/// What a link from the instance says to a 2022 that lacks an update.
pub const MISSING_UPDATE: u16 = 28;
/// The send lag of who gave the primary role away is -1.
pub const SEND_LAG: u16 = 45;
/// A copy that was primary keeps its last backup.
pub const LAST_BACKUP: u16 = 46;
/// How the seeding of a newer database fails.
pub const NEWER_DATABASE: u16 = 90;
/// What a one-way link says that was failed over.
pub const TURNED_ONE_WAY: u16 = 91;
/// What an instance cannot take is noticed before the seeding.
pub const LATE_FITNESS: u16 = 92;
/// A group keeps its log after the link was deleted in Azure.
pub const LOG_OF_DELETED: u16 = 93;
/// Each database of a link has the whole way.
pub const SHARED_WAY: u16 = 94;
/// Lags while the source rests.
pub const IDLE_LAG: u16 = 95;
/// A log backup during a seeding fails it at once.
pub const LOG_BACKUP_AT_ONCE: u16 = 96;
/// A database cannot leave the group of a link of one.
pub const KEPT_DATABASE: u16 = 98;
/// A planned failover of a link that is far behind is refused at once.
pub const LATE_FAILOVER: u16 = 101;
/// A second database for a link of one is refused with 41429.
pub const SECOND_DATABASE: u16 = 116;
/// A group that cannot be half of a link is refused by SQL Server at once.
pub const LATE_LINK_CHECKS: u16 = 117;

/// By number.
pub(super) const LINKS: &[Assumption] = &[
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
    entry(
        LATE_GROUPS,
        "The instance's group and distributed group exist for T-SQL on the instance from the moment that the link was \
         accepted.",
        "They exist once it is connected.",
    ),
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
    entry(
        ISSUERS_OF_2016,
        "SQL Server 2016 with the Azure Connect pack has sp_certificate_issuers and sp_certificate_drop_issuer.",
        "It has neither.",
    ),
    entry(
        CHAINS_OF_2019,
        "sp_validate_certificate_ca_chain is in 2017 from 14.0.3490.10 and in 2019 from 15.0.4312.2 on.",
        "No build of either has it.",
    ),
    entry(
        MISSING_UPDATE,
        "A link that starts on the instance ends with 41988 where SQL Server 2022 is older than CU10.",
        "It ends with 41976.",
    ),
    entry(
        SEND_LAG,
        "The send lag of a link that began at the instance is -1 once the instance is secondary, and else what ASSUMED 95 says. \
         (One recorded session shows it, another shows 0.)",
        "It is 0.",
    ),
    entry(
        LAST_BACKUP,
        "A database of a link keeps the instance's last backup in lastBackupTime while the instance is secondary, if the link \
         began at the instance.",
        "It shows none.",
    ),
    entry(
        NEWER_DATABASE,
        "The seeding of a database of a newer version than the instance's update policy fails with 41977.",
        "It fails with another error.",
    ),
    entry(
        TURNED_ONE_WAY,
        "After a failover to an instance whose format SQL Server cannot take, the link is disconnected with 41988.",
        "It is disconnected with 41976.",
    ),
    entry(
        LATE_FITNESS,
        "What an instance cannot take of a database (41939, 41947 to 41951) fails the seeding when it begins; of files, those of \
         users' databases are counted.",
        "It fails the seeding when everything was copied.",
    ),
    entry(
        LOG_OF_DELETED,
        "A link that was deleted in Azure alone keeps SQL Server's log from being truncated until the distributed group is dropped.",
        "The log is free at once, and what the distributed group would have to send is gone.",
    ),
    entry(
        SHARED_WAY,
        "Each database of a link has the whole speed of the way for its log; 100 MB a second, where nothing is said to be \
         slower.",
        "The databases of a link share it.",
    ),
    entry(
        IDLE_LAG,
        "Lags are the seconds in which the source writes what the secondary has yet to receive or to redo; of a source that \
         does not write, the seconds that the rest takes.",
        "Of a source that does not write they are 0, whatever the secondary lacks.",
    ),
    entry(
        LOG_BACKUP_AT_ONCE,
        "A log backup during a seeding fails it with 1408 as soon as it is taken.",
        "It fails when everything was copied.",
    ),
    entry(
        KEPT_DATABASE,
        "ALTER AVAILABILITY GROUP … REMOVE DATABASE on SQL Server is refused with 47520 while a distributed group over an \
         instance is there, unless links hold several databases.",
        "It is taken, and the link reports 41977.",
    ),
    entry(
        LATE_FAILOVER,
        "A planned failover in T-SQL of a link whose secondary is more than five minutes behind is refused at once, with 47515 \
         where it has yet to receive that much and with 47516 where it has yet to redo it.",
        "It goes through, however long it takes.",
    ),
    entry(
        SECOND_DATABASE,
        "ALTER AVAILABILITY GROUP … ADD DATABASE on SQL Server refuses a second database for a link of one with 41429.",
        "It is 47503, whose text names the same cause.",
    ),
    entry(
        LATE_LINK_CHECKS,
        "CREATE AVAILABILITY GROUP … WITH (DISTRIBUTED) over a managed instance is refused at once for manual seeding (47500), \
         synchronous commit (47501), a second database (47502) and none at all (47519).",
        "The statement is taken, and the link fails or lives with it.",
    ),
];
