//! The service's words for saying no.
//!
//! Codes are those of the specification's list for links; texts are recorded where a comment says so, else the list's.

use crate::arm::backend::Refusal;

/// A code and message with which an accepted operation fails.
pub(super) type Failure = (String, String);

/// 404 for an instance that is not there.
pub(super) fn no_instance(name: &str) -> Refusal {
    refusal(404, "ResourceNotFound", format!("The managed instance '{name}' was not found."))
}

/// Why an instance in this state takes no changes.
pub(super) fn not_ready(state: &str) -> Option<Refusal> {
    Some(match state {
        "Ready" => return None,
        "Stopping" | "Stopped" => refusal(
            400,
            "ManagedInstanceStoppingOrStopped",
            "Conflicting operation submitted while instance is in stopping/stopped state",
        ),
        "Starting" => refusal(
            400,
            "ManagedInstanceStarting",
            "Conflicting operation submitted while instance is in starting state",
        ),
        _ => refusal(
            400,
            "ManagedInstanceOperationInProgress",
            "An operation is currently in progress for the managed instance. Wait for it to complete and retry.",
        ),
    })
}

/// Its size is being changed. [code and sense: the list]
pub(super) fn scaling(name: &str) -> Refusal {
    refusal(
        400,
        "ManagedInstanceUpdateSloInProgress",
        format!(
            "The operation could not be completed because a service tier change is in progress for managed instance '{name}.' \
             Please wait for the operation in progress to complete and try again."
        ),
    )
}

/// Why an instance cannot be stopped. ["Managed Instances - Stop", REST page of 2024]
pub(super) fn not_stoppable(why: &str, what: &str) -> Refusal {
    refusal(400, &format!("ManagementServiceStopManagedInstance{why}"), what)
}

/// Only a stopped instance can be started. ["Stop and start an instance", 2026; code ASSUMED 156]
pub(super) fn not_stopped(state: &str) -> Refusal {
    not_ready(state).unwrap_or_else(|| {
        refusal(
            400,
            "ManagementServiceStartManagedInstanceNotStopped",
            "Start executed on the instance that is not stopped.",
        )
    })
}

/// ["Managed Instance Operations - Cancel", REST page of 2023]
pub(super) fn not_cancellable() -> Refusal {
    refusal(409, "CannotCancelOperation", "The management operation is in a state that cannot be cancelled.")
}

/// How an operation ends that was called off.
pub(super) fn cancelled() -> Failure {
    ("OperationCancelled".into(), "The operation has been cancelled by user.".into())
}

/// A database of this name is there. [recorded as an operation's end]
pub(super) fn name_in_use(database: &str) -> Failure {
    (
        "ManagedDatabaseNameInUse".into(),
        format!("Database '{database}' already exists. Choose a different database name."),
    )
}

/// The instance has no such database to link.
pub(super) fn no_database(database: &str) -> Failure {
    (
        "DatabaseDoesNotExist".into(),
        format!("User attempted to link database '{database}', which does not exist."),
    )
}

/// The instance has as many databases as it can have. [code and text: REST page of managed databases]
pub(super) fn too_many() -> Failure {
    (
        "DatabaseNumberLimitReached".into(),
        "Maximum number of databases for SQL Database Managed Instance reached.".into(),
    )
}

/// Its databases fill the instance. [the same page]
pub(super) fn no_space(storage_gb: u32) -> Failure {
    (
        "NoMoreSpaceInManagedInstance".into(),
        format!(
            "The managed instance has reached its storage limit. The storage usage for the managed instance cannot exceed ({}) \
             MBs.",
            u64::from(storage_gb) * 1024
        ),
    )
}

/// The instance is a member of a failover group. [code and text of the specification's list for links]
pub(super) fn has_replica() -> Refusal {
    refusal(
        400,
        "ManagedInstanceHasGeoReplica",
        "The operation could not be completed because instance has configured geo replicated secondary instance.",
    )
}

/// A system database.
pub(super) fn reserved(database: &str) -> Refusal {
    refusal(
        400,
        "CannotUseReservedDatabaseName",
        format!("Cannot use reserved database name '{database}' in this operation."),
    )
}

/// The link is not established, or the database belongs to one. [text recorded, code of the list]
pub(super) fn in_replication(database: &str) -> Refusal {
    refusal(
        409,
        "ConflictingDatabaseOperation",
        format!(
            "The operation cannot be performed since the database '{database}' is in a replication relationship."
        ),
    )
}

/// Another operation works on the link.
pub(super) fn busy(link: &str) -> Refusal {
    refusal(
        409,
        "ConflictingServerOperation",
        format!(
            "An operation is currently in progress for the link '{link}'. Wait for it to complete and retry."
        ),
    )
}

/// An operation of the instance while a link is being made.
pub(super) fn link_in_creation(operation: &str) -> Refusal {
    refusal(
        400,
        "OperationCanNotStartDueToMiLink",
        format!(
            "The '{operation}' operation cannot be completed as there exists a database in a process of creation through \
             Managed Instance link. Wait for its completion, or delete the link, then retry."
        ),
    )
}

/// Planned failover from the instance only. [recorded]
pub(super) fn not_primary() -> Refusal {
    refusal(
        400,
        "InvalidDistributedAvailabilityGroupFailoverInstanceRole",
        "Planned failover can be executed on a link in the primary role only. Current state of the specified link is \
         secondary.",
    )
}

/// 41965, 41968, 41970 as ARM would say them.
pub(super) fn role(number: u16) -> Refusal {
    let text = match number {
        41965 => {
            "Setting the role cannot be applied as Azure SQL Managed Instance is already in the requested role."
        }
        41968 => {
            "Changing the server role cannot be executed at this time as there exist a previous role change in progress on \
             Azure SQL Managed Instance."
        }
        _ => "Switching to Primary role in planned fashion is not supported.",
    };
    refusal(400, &number.to_string(), text)
}

/// No link of that name.
pub(super) fn no_link(name: &str) -> Refusal {
    refusal(
        404,
        "ResourceNotFound",
        format!(
            "The requested resource of type 'Microsoft.Sql/managedInstances/distributedAvailabilityGroups' with name \
             '{name}' was not found."
        ),
    )
}

pub(super) fn refusal(status: u16, code: &str, message: impl Into<String>) -> Refusal {
    Refusal { status, code: code.into(), message: message.into() }
}
