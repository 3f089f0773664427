//! What is believed about Azure Resource Manager's resources beside a link's life.

use super::{Assumption, entry};

/// Codes of an operation that nobody knows, and of a role that is none.
pub const REFUSAL_CODES: u16 = 39;
/// Words of `linkState`.
pub const LINK_STATE_WORDS: u16 = 40;
/// Changed polling URLs are refused.
pub const URL_SIGNATURES: u16 = 41;
/// Operations of links are in the instance's list.
pub const LINK_OPERATIONS: u16 = 42;
/// How long operations take.
pub const OPERATION_TIMES: u16 = 127;
/// A PATCH of a single-database link's databases is refused.
pub const SINGLE_DATABASE_PATCH: u16 = 150;
/// A property that the version does not have counts for nothing.
pub const UNKNOWN_PROPERTIES: u16 = 151;
/// Endpoints of both kinds have one certificate.
pub const BROKER_CERTIFICATE: u16 = 152;
/// Names that no identifier of the engine is have codes of their own.
pub const NAMES: u16 = 153;
/// Codes of locks.
pub const LOCK_CODES: u16 = 154;
/// Lists of locks leave out what is inherited.
pub const INHERITED_LOCKS: u16 = 155;
/// Names of operations of instances and keys.
pub const INSTANCE_OPERATIONS: u16 = 156;
/// The provider has no HEAD.
pub const HEAD_REFUSED: u16 = 157;
/// An instance says of itself that it is being scaled.
pub const INSTANCE_STATE: u16 = 158;
/// What was made shows at once.
pub const LATE_READS: u16 = 159;
/// A link on a member of a failover group is refused at once.
pub const REPLICA_REFUSED: u16 = 160;
/// A key that an instance has can be put again.
pub const KEY_AGAIN: u16 = 161;
/// How keys and protectors are refused.
pub const KEY_REFUSALS: u16 = 162;
/// How failover groups are refused.
pub const GROUP_REFUSALS: u16 = 163;
/// What was deleted is gone.
pub const GONE_AT_ONCE: u16 = 164;
/// When an instance says that it has too many databases.
pub const DATABASE_LIMIT: u16 = 165;
/// A certificate that is not there is deleted by an operation.
pub const DELETE_NO_CERTIFICATE: u16 = 166;
/// What an engine says while its protector is changed.
pub const PROTECTOR_CHANGE: u16 = 167;

/// By number.
pub(super) const AZURE: &[Assumption] = &[
    entry(
        REFUSAL_CODES,
        "An operation that nobody knows is OperationIdNotFound; a setRole without a proper role is InvalidParameterValue.",
        "They are ResourceNotFound, like a link that is gone, and InvalidResourceIdSegment, like other wrong words.",
    ),
    entry(
        LINK_STATE_WORDS,
        "linkState of the first api-versions is Catchup while the link replicates and Error after a failure.",
        "It has other words.",
    ),
    entry(
        URL_SIGNATURES,
        "A polling URL with a changed signature is refused with 403 AuthorizationFailed.",
        "It is answered like any other.",
    ),
    entry(
        LINK_OPERATIONS,
        "The instance's list of operations shows those of links.",
        "It shows those of the instance alone.",
    ),
    entry(
        OPERATION_TIMES,
        "Operations that move no data last as recordings and pages have it of them or of their like: seconds for links, \
         certificates, databases and keys, minutes for failover groups and instances.",
        "They last ten times as long.",
    ),
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
    entry(
        LOCK_CODES,
        "A lock that is not there is LockNotFound; a lock of another level or with a bad name is InvalidRequestContent.",
        "They are ResourceNotFound, like what the lock is on, and InvalidLock.",
    ),
    entry(
        INHERITED_LOCKS,
        "The list of a scope's locks shows those at the scope and below it.",
        "It shows those that it inherits from above as well.",
    ),
    entry(
        INSTANCE_OPERATIONS,
        "Operations of instances are called StopManagedServer, StartManagedServer, FailoverManagedServer, those of keys \
         DropManagedServerEncryptionKeys and RevalidateManagedServerEncryptionProtector; an instance that is not stopped is \
         not started with ManagementServiceStartManagedInstanceNotStopped.",
        "They are called …ManagedInstance…; a start of an instance that runs is accepted and does nothing.",
    ),
    entry(HEAD_REFUSED, "The SQL resource provider answers HEAD with 405.", "It says 204 of what is there."),
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
    entry(
        KEY_REFUSALS,
        "The deletion of a protector's key is refused at once with AzureKeyVaultKeyInUse; a protector of a key that is not \
         there is ServerKeyNotFound.",
        "The deletion is accepted, and its operation fails; the protector is ServerKeyDoesNotExists.",
    ),
    entry(
        GROUP_REFUSALS,
        "What two instances lack for a failover group is told at once, in a fixed order; an instance that is not there is \
         ServerNotInSubscription.",
        "The group is accepted, and its operation fails; the instance is ServerNotFound.",
    ),
    entry(
        GONE_AT_ONCE,
        "A link or certificate that was deleted is gone as soon as its operation has ended.",
        "It shows for half a minute more.",
    ),
    entry(
        DATABASE_LIMIT,
        "A link to an instance that has as many databases, or as much data, as it can have is accepted, and its operation \
         fails with DatabaseNumberLimitReached or NoMoreSpaceInManagedInstance.",
        "It is refused with that code at once.",
    ),
    entry(
        DELETE_NO_CERTIFICATE,
        "The deletion of a certificate that is not there is accepted with 202, as that of a link.",
        "It is answered with 204.",
    ),
    entry(
        PROTECTOR_CHANGE,
        "While the key that protects an instance is changed its databases say ENCRYPTED with the old one.",
        "They say PROTECTION_CHANGE_IN_PROGRESS.",
    ),
];
