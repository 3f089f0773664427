//! Availability groups, their replicas and databases as statements name them.
//!
//! Source: "Database Engine events and errors" 31000-41399, 2022.

use super::{Message, injected, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(
        35200,
        16,
        "Failed to add database '%.*ls' to availability group '%.*ls'. The specified availability group is \
         created with basic functionality and supports %d database.",
    ),
    injected(
        35201,
        10,
        "A connection timeout has occurred while attempting to establish a connection to availability \
         replica '%ls' with id [%ls]. Either a networking or firewall issue exists, or the endpoint address \
         provided for the replica is not the database mirroring endpoint of the host server instance.",
    ),
    injected(
        35206,
        10,
        "A connection timeout has occurred on a previously established connection to availability replica \
         '%ls' with id [%ls].  Either a networking or a firewall issue exists or the availability replica \
         has transitioned to the resolving role.",
    ),
    injected(
        35207,
        16,
        "Connection attempt on availability group id '%ls' from replica id '%ls' to replica id '%ls' failed \
         because of error %d, severity %d, state %d.",
    ),
    raised(
        35208,
        16,
        "Availability group DDL operations are permitted only when you are using the master database.  Run \
         the 'USE master' statement, and retry your availability group DDL statement.",
    ),
    raised(
        35209,
        16,
        "The %ls operation failed for availability replica '%.*ls', because the backup priority value is \
         outside the valid range. The valid range is between %d and %d, inclusive. Set the backup priority \
         to a value within this range, and retry the operation.",
    ),
    raised(
        35210,
        16,
        "Failed to modify options for availability replica '%.*ls' in availability group '%.*ls'. The \
         specified availability group does not contain an availability replica with specified name. Verify \
         that availability group name and availability replica name are correct, then retry the operation.",
    ),
    raised(
        35211,
        16,
        "The %ls operation is not allowed.  The operation attempted to change the configuration of \
         availability replica '%.*ls' to the asynchronous-commit availability mode with automatic failover, \
         which is an invalid configuration.  Either change the failover mode to manual or the availability \
         mode to synchronous commit, and retry the operation.",
    ),
    raised(
        35214,
        16,
        "The %ls operation failed for availability replica '%.*ls'.  The minimum value for session timeout \
         is %d.  Retry the operation specifying a valid session-timeout value.",
    ),
    raised(
        35220,
        16,
        "Could not process the operation. Always On Availability Groups replica manager is waiting for the \
         host computer to start a Windows Server Failover Clustering (WSFC) cluster and join it. Either the \
         local computer is not a cluster node, or the local cluster node is not online. If the computer is \
         a cluster node, wait for it to join the cluster. If the computer is not a cluster node, add the \
         computer to a WSFC cluster. Then, retry the operation.",
    ),
    raised(
        35221,
        16,
        "Could not process the operation. Always On Availability Groups replica manager is disabled on this \
         instance of SQL Server. Enable Always On Availability Groups, by using the SQL Server \
         Configuration Manager. Then, restart the SQL Server service, and retry the currently operation. \
         For information about how to enable and disable Always On Availability Groups, see SQL Server \
         Books Online.",
    ),
    injected(
        35222,
        16,
        "Could not process the operation. Always On Availability Groups does not have permissions to access \
         the Windows Server Failover Clustering (WSFC) cluster.  Disable and re-enable Always On \
         Availability Groups by using the SQL Server Configuration Manager. Then, restart the SQL Server \
         service, and retry the currently operation. For information about how to enable and disable Always \
         On Availability Groups, see SQL Server Books Online.",
    ),
    raised(
        35223,
        16,
        "Cannot add %d availability replica(s) to availability group '%.*ls'.  The availability group \
         already contains %d replica(s), and the maximum number of replicas supported in an availability \
         group is %d.",
    ),
    injected(
        35224,
        16,
        "Could not process the operation.  Always On Availability Groups failed to load the required \
         Windows Server Failover Clustering (WSFC) library. Verify that the computer is a node in a WSFC \
         cluster.  You will need to restart the SQL Server instance to reload the required library \
         functions.",
    ),
    raised(
        35228,
        16,
        "The attempt to set the failure condition level for availability group '%.*ls' failed. The \
         specified level value is out of the valid range [%u, %u]. Reenter the command specifying a valid \
         failure condition level value.",
    ),
    raised(
        35229,
        16,
        "The attempt to set the health check timeout value for availability group '%.*ls' failed. The \
         specified timeout value is less than %u milliseconds. Reenter the command specifying a valid \
         health check timeout value.",
    ),
    raised(
        35232,
        16,
        "The specified endpoint URL '%.*ls' is invalid. Reenter the command specifying the correct URL. For \
         information about specifying the endpoint URL for an availability replica, see SQL Server Books \
         Online.",
    ),
    raised(
        35233,
        16,
        "Cannot create an availability group containing %d availability replica(s).\tThe maximum number of \
         availability replicas in an availability group %ls is %d.  Reenter your CREATE AVAILABILITY GROUP \
         command specifying fewer availability replicas.",
    ),
    raised(
        35234,
        16,
        "Database name '%ls' was specified more than once. Reenter the command, specifying each database \
         name only once.",
    ),
    raised(
        35235,
        16,
        "The system name '%ls' was specified more than once in the REPLICA ON clause of this command. \
         Reenter the command, specifying a different instance of SQL Server for each replica.",
    ),
    raised(
        35236,
        15,
        "The endpoint URL was not specified for the availability replica hosted by server instance \
         '%.*ls'.  Reenter the command, specifying the endpoint URL of this instance of SQL Server.",
    ),
    raised(
        35237,
        16,
        "None of the specified replicas for availability group %.*ls maps to the instance of SQL Server to \
         which you are connected. Reenter the command, specifying this server instance to host one of the \
         replicas. This replica will be the initial primary replica.",
    ),
    raised(
        35238,
        16,
        "Database '%.*ls' cannot be added to availability group '%.*ls'.  The database does not exist on \
         this SQL Server instance.  Verify that the database name is correct, then retry the operation.",
    ),
    raised(
        35239,
        16,
        "The ALTER DATABASE <database-name> SET HADR SUSPEND (or SET HADR RESUME) statement failed on \
         database '%.*ls' of availability group '%.*ls''. Either the availability group does not contain \
         the specified database, or the database has not joined the availability group, or the database has \
         not yet started. Reenter the command after the database is online and has joined the availability \
         group.",
    ),
    raised(
        35240,
        16,
        "Database '%.*ls' cannot be joined to or unjoined from availability group '%.*ls'. This operation \
         is not supported on the primary replica of the availability group.",
    ),
    raised(
        35242,
        16,
        "Cannot complete this ALTER DATABASE <database-name> SET HADR operation on database '%.*ls'. The \
         database is not joined to an availability group. After the database has joined the availability \
         group, retry the command.",
    ),
    raised(
        35244,
        16,
        "Database '%.*ls' cannot be added to availability group '%.*ls'.  The database is currently joined \
         to another availability group.  Verify that the database name is correct and that the database is \
         not joined to an availability group, then retry the operation.",
    ),
    raised(
        35248,
        16,
        "The %ls operation is not allowed by the current availability group configuration.  The \
         required_synchronized_secondaries_to_commit %d is greater than the %d possible secondary \
         synchronous-commit availability replicas in availability group '%.*ls'.  Change one of the \
         existing asynchronous-commit replicas to the synchronous-commit availability mode, and retry the \
         operation.",
    ),
    raised(
        35249,
        16,
        "An attempt to add or join a system database, '%.*ls', to an availability group failed. Specify \
         only user databases for this operation.",
    ),
    raised(
        35250,
        16,
        "The connection to the primary replica is not active.  The command cannot be processed.",
    )
    .state(7),
    raised(
        35251,
        16,
        "This command can be run only on the primary replica. Connect to the primary replica, and retry the \
         command.",
    ),
    injected(
        35252,
        16,
        "The command can only be run on a secondary database. Connect to the correct secondary replica, and \
         retry the command.",
    ),
    raised(35259, 16, "Database '%.*ls' is already participating in a different availability group."),
    injected(
        35261,
        16,
        "Attempt to perform an Always On Availability Groups operation on a system database, '%ls', failed. \
         System databases are not supported by Always On Availability Groups.",
    ),
    raised(
        35272,
        16,
        "Either invalid parameters were supplied for sys.sp_availability_group_command_internal or user \
         does not have permissions to execute this procedure.",
    ),
    raised(35277, 16, "Automatic failover is not supported for distributed availability group replica."),
    raised(
        35280,
        16,
        "Database '%.*ls' cannot be added to availability group '%.*ls'.  The database is already joined to \
         the specified availability group.  Verify that the database name is correct and that the database \
         is not joined to an availability group, then retry the operation.",
    ),
    raised(
        35281,
        16,
        "Database '%.*ls' cannot be removed from availability group '%.*ls'.  The database is not joined to \
         the specified availability group.  Verify that the database name and the availability group name \
         are correct, then retry the operation.",
    ),
    raised(
        35282,
        16,
        "Availability replica '%.*ls' cannot be added to availability group '%.*ls'.  The availability \
         group already contains an availability replica with the specified name.  Verify that the \
         availability replica name and the availability group name are correct, then retry the operation.",
    ),
    raised(
        35283,
        16,
        "Availability replica '%.*ls' cannot be removed from availability group '%.*ls'.  The availability \
         group does not contain an availability replica with the specified name.  Verify that the \
         availability replica name is correct, then retry the operation.",
    ),
    raised(
        35284,
        16,
        "Availability replica '%.*ls' cannot be removed from availability group '%.*ls', because this \
         replica is on the local instance of SQL Server.  If the local availability replica is a secondary \
         replica, connect to the server instance that is currently hosting the primary replica, and re-run \
         the command.",
    ),
];
