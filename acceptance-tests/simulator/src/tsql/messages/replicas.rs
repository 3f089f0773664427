//! What availability replicas answer, and clusters.
//!
//! Source: "Database Engine events and errors" 31000-41399 and 41400-49999, 2022.

use super::{Message, injected, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(
        41100,
        16,
        "The availability group '%.*ls' and/or its local availability replica does not exist.  Verify that \
         the specified availability group name is correct, and that the local availability replica has \
         joined the availability group, then retry the operation.",
    ),
    raised(
        41106,
        16,
        "Cannot create an availability replica for availability group '%.*ls'.  An availability replica of \
         the specified availability group already exists on this instance of SQL Server.  Verify that the \
         specified availability group name is correct and unique, then retry the operation.  To remove the \
         existing availability replica, run DROP AVAILABILITY GROUP command.",
    ),
    injected(
        41113,
        16,
        "Cannot failover availability group '%.*ls' to this instance of SQL Server because a failover \
         command is already pending on the local replica of this availability group.  Wait for the pending \
         failover command to complete before issuing another command on the local replica of this \
         availability group.",
    ),
    raised(
        41114,
        16,
        "Cannot create an availability group named '%.*ls' because it already exists in a system table.",
    ),
    injected(
        41115,
        16,
        "Cannot create the availability group named '%.*ls' because its availability group ID (ID: '%.*ls') \
         already exists in a system table.",
    ),
    injected(
        41116,
        16,
        "Cannot create an availability group named '%.*ls' with replica ID '%.*ls' because this ID already \
         exists in a system table.",
    ),
    raised(
        41122,
        16,
        "Cannot failover availability group '%.*ls' to this instance of SQL Server.  The local availability \
         replica is already the primary replica of the availability group.  To failover this availability \
         group to another instance of SQL Server, run the failover command on that instance of SQL Server.  \
         If local instance of SQL Server is intended to host the primary replica of the availability group, \
         then no action is required.",
    ),
    injected(
        41131,
        10,
        "Failed to bring availability group '%.*ls' online.  The operation timed out. If this is a Windows \
         Server Failover Clustering (WSFC) availability group, verify that the local WSFC node is online. \
         Then verify that the availability group resource exists in the WSFC cluster. If the problem \
         persists, you might need to drop the availability group and create it again.",
    )
    .class(16),
    raised(
        41132,
        16,
        "Cannot join database '%.*ls' to availability group '%.*ls'.  The specified database does not \
         belong to the availability group.  Verify the names of the database and the availability group, \
         and retry the command specifying the correct names.",
    ),
    injected(
        41138,
        17,
        "Cannot accept Always On Availability Groups operation operation on database '%.*ls' of \
         availability group '%.*ls'.  The database is currently processing another operation that might \
         change the database state. Retry the operation later. If the condition persists, contact the \
         database administrator.",
    ),
    raised(
        41140,
        16,
        "Availability group '%.*ls' cannot process the ALTER AVAILABILITY GROUP command, because the local \
         availability replica is not the primary replica.  Connect to the server instance that is currently \
         hosting the primary replica of this availability group, and rerun the command.",
    ),
    raised(
        41142,
        16,
        "The availability replica for availability group '%.*ls' on this instance of SQL Server cannot \
         become the primary replica. One or more databases are not synchronized or have not joined the \
         availability group. If the availability replica uses the asynchronous-commit mode, consider \
         performing a forced manual failover (with possible data loss). Otherwise, once all local secondary \
         databases are joined and synchronized, you can perform a planned manual failover to this secondary \
         replica (without data loss). For more information, see SQL Server Books Online.",
    ),
    injected(
        41144,
        16,
        "The local availability replica of availability group '%.*ls' is in a failed state.  The replica \
         failed to read or update the persisted configuration data (SQL Server error: %d).  To recover from \
         this failure, either restart the local Windows Server Failover Clustering (WSFC) service or \
         restart the local instance of SQL Server.",
    ),
    raised(
        41145,
        10,
        "Cannot join database '%.*ls' to availability group '%.*ls'.  The database has already joined the \
         availability group.  This is an informational message.  No user action is required.",
    ),
    injected(
        41148,
        16,
        "Cannot add or join database '%.*ls' to availability group '%.*ls'.  The database does not exist on \
         this instance of SQL Server.  Verify the database name and that the database exists on the server \
         instance.  Then retry the operation, specifying the correct database name.",
    ),
    injected(
        41151,
        16,
        "Error accessing the Availability Groups manager.  The local Availability Groups manager has not \
         been initialized.  Wait until the Availability Groups manager is in a state that allows access, \
         and retry the operation.",
    ),
    injected(
        41152,
        16,
        "Failed to create availability group '%.*ls'.  The operation encountered SQL Server error %d and \
         has been rolled back.  Check the SQL Server error log for more details.  When the cause of the \
         error has been resolved, retry CREATE AVAILABILITY GROUP command.",
    ),
    injected(
        41153,
        16,
        "Failed to create availability group '%.*ls'.  The operation encountered SQL Server error %d.  An \
         attempt to roll back the operation failed.  Check the SQL Server error log for more details.  Then \
         execute the DROP AVAILABILITY GROUP command to clean up any metadata that might remain from the \
         failed attempt to create the availability group.",
    ),
    injected(
        41154,
        16,
        "Cannot failover availability group '%.*ls' to this SQL Server instance.  The availability group is \
         still being created.  Verify that the specified availability group name is correct.  Wait for \
         CREATE AVAILABILITY GROUP command to finish, then retry the operation.",
    ),
    injected(
        41155,
        16,
        "Cannot failover availability group '%.*ls' to this instance of SQL Server.  The availability group \
         is being dropped.  Verify that the specified availability group name is correct.  The availability \
         group may need to be recreated if the drop operation was unintentional.",
    ),
    injected(
        41156,
        16,
        "Cannot drop availability group '%.*ls' from this instance of SQL Server.  The availability group \
         is either being dropped, or the local availability replica is being removed from the availability \
         group.  Verify that the specified availability group name is correct.  Wait for the current \
         operation to complete, then retry the command if necessary.",
    ),
    injected(
        41158,
        16,
        "Failed to join local availability replica to availability group '%.*ls'.  The operation \
         encountered SQL Server error %d and has been rolled back.  Check the SQL Server error log for more \
         details.  When the cause of the error has been resolved, retry the ALTER AVAILABILITY GROUP JOIN \
         command.",
    ),
    injected(
        41159,
        16,
        "Failed to join local availability replica to availability group '%.*ls'.  The operation \
         encountered SQL Server error %d.  An attempt to roll back the operation failed.  Check SQL Server \
         error log for more details.  Run DROP AVAILABILITY GROUP command to clean up any metadata that \
         might remain from the availability group.",
    ),
    injected(
        41165,
        16,
        "A timeout error occurred while waiting to access the local availability replica of availability \
         group '%.*ls'.  The availability replica is currently being accessed by another operation.  Wait \
         for the in-progress operation to complete, and then retry the command.",
    ),
    injected(
        41171,
        16,
        "Failed to create availability group '%.*ls', because a Windows Server Failover Cluster (WSFC) \
         group with the specified name already exists.  The operation has been rolled back successfully.  \
         To retry creating an availability group, either remove or rename the existing WSFC group, or retry \
         the operation specifying a different availability group name.",
    ),
    injected(
        41178,
        16,
        "Cannot drop availability group '%.*ls' from this SQL Server instance.  The availability group is \
         currently being created.  Verify that the specified availability group name is correct.  Wait for \
         the current operation to complete, then retry the command if necessary.",
    ),
    raised(
        41185,
        10,
        "Replica option specified in ALTER AVAILABILITY GROUP '%.*ls' MODIFY DDL is same is cached \
         availability group configuration.",
    ),
    injected(
        41186,
        16,
        "Availability group '%.*ls' cannot process an ALTER AVAILABILITY GROUP command at this time.  The \
         availability group is still being created.  Verify that the specified availability group name is \
         correct.  Wait for CREATE AVAILABILITY GROUP command to finish, and then retry the operation.",
    ),
    injected(
        41187,
        16,
        "Availability group '%.*ls' cannot process an ALTER AVAILABILITY GROUP command at this time.  The \
         availability group is being dropped.  Verify that the specified availability group name is \
         correct.  The availability group may need to be recreated if it was dropped unintentionally.",
    ),
    raised(
        41190,
        16,
        "Availability group '%.*ls' failed to process %s-%s command.  The local availability replica is not \
         in a state that could process the command.  Verify that the availability group is online and that \
         the local availability replica is the primary replica, then retry the command.",
    ),
    raised(
        41195,
        16,
        "Cannot failover availability group '%.*ls' from instance of SQL Server.  The local availability \
         replica is already the secondary replica of the availability group. Run the failaway command on \
         primary instance of SQL Server.  If local instance of SQL Server is intended to host the secondary \
         replica of the availability group, then no action is required.",
    ),
    raised(
        41197,
        15,
        "The FAILOVER_MODE option has not been specified for the replica '%.*ls'. Reenter the command, \
         specifying a failover mode for the replica.",
    ),
    raised(
        41198,
        15,
        "The AVAILABILITY_MODE option has not been specified for the replica '%.*ls'. Reenter the command, \
         specifying an availability mode for the replica.",
    ),
    raised(
        41199,
        16,
        "The specified command is invalid because the Always On Availability Groups %ls feature is not \
         supported by this edition of SQL Server. For information about features supported by the editions \
         of SQL Server, see SQL Server Books Online.",
    ),
    raised(
        47100,
        16,
        "The cluster type of availability group '%.*ls' doesn't match its primary configuration. Verify \
         that the specified availability group cluster type is correct, then retry the operation.",
    ),
    raised(
        47101,
        16,
        "The cluster type of availability group '%.*ls' only supports MANUAL failover mode. Verify that the \
         specified availability group cluster type is correct, then retry the operation.",
    ),
    raised(
        47102,
        16,
        "The cluster type of availability group '%.*ls' only supports EXTERNAL failover mode. Verify that \
         the specified availability group cluster type is correct, then retry the operation.",
    ),
    raised(
        47103,
        16,
        "The cluster type of availability group '%.*ls' only supports AUTOMATIC and MANUAL failover modes. \
         Verify that the specified availability group cluster type is correct, then retry the operation.",
    ),
    raised(
        47104,
        16,
        "This operation cannot be performed on the availability group '%.*ls' because it has EXTERNAL \
         cluster type. Use the cluster management tools to perform the operation.",
    ),
    raised(
        47105,
        16,
        "The Always On Availability Groups feature must be enabled for this server instance before you can \
         perform availability group operations. Please enable the feature, then retry the operation.",
    ),
    raised(
        47106,
        16,
        "Cannot join availability group '%.*ls'. Download configuration timeout. Please check primary \
         configuration, network connectivity and firewall setup, then retry the operation.",
    ),
    raised(
        47115,
        16,
        "The '%ls' option is not valid for WSFC availability group '%.*ls'. Remove the option or set the \
         'CLUSTER_TYPE' option to a different value, then retry the operation.",
    ),
    raised(
        47122,
        16,
        "Cannot failover an availability replica for availability group '%.*ls' since it has CLUSTER_TYPE = \
         NONE. Only force failover is supported in this version of SQL Server.",
    ),
];
