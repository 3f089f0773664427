//! Distributed availability groups, with and without a managed instance.
//!
//! Source: "Database Engine events and errors" 19000-20999 and 41400-49999, 2022.

use super::{Message, injected, raised};

pub(super) const MESSAGES: &[Message] = &[
    injected(
        19494,
        10,
        "Automatic seeding of availability database '%ls' in availability group '%.*ls' failed with a \
         transient error. The operation will be retried.",
    ),
    injected(
        19495,
        10,
        "Automatic seeding of availability database '%ls' in availability group '%.*ls' failed with an \
         unrecoverable error. Correct the problem, then issue an ALTER AVAILABILITY GROUP command to set \
         SEEDING_MODE = AUTOMATIC on the replica to restart seeding.",
    ),
    injected(
        19496,
        10,
        "Automatic seeding of availability database '%.*ls' in availability group '%.*ls' failed.",
    ),
    raised(
        19497,
        16,
        "Conflicting option spec provided. DISTRIBUTED option cannot be combined with any other \
         availability group options.",
    ),
    raised(19498, 16, "To create a distributed availability group, please specify the DISTRIBUTED option."),
    raised(
        19499,
        16,
        "The specified listener URL '%.*ls' is invalid. Reenter the command specifying the correct URL. For \
         information about specifying the endpoint URL for an availability replica, see SQL Server Books \
         Online.",
    ),
    raised(
        19501,
        16,
        "None of the specified availability groups exist locally. Please check your DDL and make sure there \
         is one availability group exist locally.",
    ),
    raised(
        19502,
        16,
        "Cannot create a distributed availability replica for availability group '%.*ls'. An availability \
         replica of the specified availability group already exists on this instance of SQL Server. Verify \
         that the specified availability group name is correct and unique, then retry the operation. To \
         remove the existing availability replica, run DROP AVAILABILITY GROUP command.",
    ),
    raised(
        19503,
        16,
        "Cannot create a distributed availability replica for availability group '%.*ls'. Local \
         availability group is participating in a distributed availability group as secondary.",
    ),
    raised(
        19504,
        16,
        "Cannot failover a distributed availability replica for availability group '%.*ls'. Only force \
         failover is supported in this version of SQL Server.",
    ),
    injected(
        19505,
        10,
        "Cannot initiate a target seeding operation on a non-secondary/forwarder replica for availability \
         group '%.*ls'. Replica state may have changed since we submit the build task.",
    ),
    raised(
        19506,
        16,
        "Local availability replica for availability group '%.*ls' has not been granted permission to \
         create databases, but has a SEEDING_MODE of AUTOMATIC. Use the ALTER AVAILABILITY GROUP ... GRANT \
         CREATE ANY DATABASE command to allow the creation of databases seeded by the primary availability \
         replica.",
    ),
    raised(
        19507,
        16,
        "Cannot create a distributed availability replica for availability group '%.*ls'. There is an \
         already existing distributed availability group on top of the same replicas.",
    ),
    raised(
        19508,
        16,
        "'ALTER AVAILABILITY GROUP MODIFY AVAILABILITY GROUP' command failed. Participant availability \
         replica '%.*ls' not found in the distributed availability group '%.*ls'.",
    ),
    raised(
        19509,
        16,
        "Cannot create a distributed availability group '%.*ls'. An availability group with the same name \
         already exists.",
    ),
    raised(
        19510,
        16,
        "Distributed availability group '%.*ls' not found. Rerun the command with an existing distributed \
         availbility group.",
    ),
    raised(
        19511,
        16,
        "Cannot join distributed availability group '%.*ls'. The local availability group '%.*ls' contains \
         one or more databases. Remove all the databases or create an empty availability group to join a \
         distributed availability group.",
    ),
    raised(
        19512,
        16,
        "The requested operation only applies to distributed availability group, and is not supported on \
         the specified availability group '%.*ls'. Please make sure you are specifying the correct \
         availability group name.",
    ),
    raised(
        19513,
        16,
        "Cannot create a distributed availability replica for availability group '%.*ls'. Distributed \
         availability group cannot be built on top of basic local availability group. Please make sure you \
         are specifying the correct local availability group name.",
    ),
    raised(19523, 16, "The specified '%.*ls' of Availability Group must be less than 256 characters long."),
    raised(
        47129,
        16,
        "Creating Distributed availability group '%.*ls' has failed. Cannot create Distributed Availability \
         Group on top of Contained Availability Group. Verify Availability Group's name, then retry the \
         operation.",
    ),
    raised(
        47500,
        16,
        "Manual seeding is not supported option for secondary AG '%.*ls' configuration when secondary \
         participant in distributed availability group is Azure SQL Managed Instance.",
    ),
    raised(
        47501,
        16,
        "Synchronous commit is not supported option for the initial secondary AG '%.*ls' configuration when \
         secondary participant in distributed availability group is Azure SQL Managed Instance.",
    ),
    raised(
        47502,
        16,
        "Cannot create distributed availability group '%.*ls' when local AG '%.*ls' contains more than one \
         database in cases when secondary participant is Azure SQL Managed Instance.",
    ),
    raised(
        47503,
        16,
        "AG '%.*ls' already contains one database and adding more is not supported because AG participates \
         in distributed availability group '%.*ls' with secondary on Azure SQL Managed Instance.",
    ),
    raised(
        47504,
        16,
        "Error related to distributed availability group '%.*ls' with secondary participant on Azure SQL \
         Managed Instance.",
    ),
    injected(
        47507,
        16,
        "Adding memory optimized files to the database replicated to Azure SQL Managed Instance is not \
         supported because its service tier does not support In-memory OLTP capabilities. Consider \
         replicating database to managed instance service tier supporting In-memory OLTP capabilities.",
    ),
    injected(
        47508,
        16,
        "Adding multiple log files to the database replicated to Azure SQL Managed Instance is not \
         supported because managed instance does not support multiple log files.",
    ),
    injected(
        47509,
        16,
        "Adding FileStream or FileTables to the database replicated to Azure SQL Managed Instance is not \
         supported because managed instance does not support FileStream or FileTables.",
    ),
    injected(
        47511,
        16,
        "Distributed availability group '%.*ls' is not part of the link with Azure SQL Managed Instance. \
         Please create a link between SQL Server and Managed Instance and try again.",
    ),
    raised(
        47512,
        16,
        "'%ls' cannot be changed during a failover operation in progress. Try again later when the failover \
         is complete.",
    ),
    raised(
        47513,
        16,
        "FAILOVER cannot be started as a previous failover operation is in progress. Try again later when \
         the failover is complete.",
    ),
    injected(
        47514,
        16,
        "Failover cannot be completed as the secondary is unable to catchup with the primary due to \
         synchronization issues. Please check for and correct any link issues in the error log, and retry \
         again.",
    ),
    raised(
        47515,
        16,
        "Failover cannot be completed because the send queue is too large. Secondary cannot catch up with \
         the primary most likely because workload on the primary is too demanding for the secondary. \
         Consider retrying again when the workload on the primary is less busy.",
    ),
    raised(
        47516,
        16,
        "Failover cannot be completed as the redo log is too large. Most likely secondary might be too \
         busy, or the workload from the primary is too demanding. Consider reducing the workload on the \
         primary, or retrying again when workload on the primary is less busy.",
    ),
    injected(
        47517,
        16,
        "This type of failover can only be executed on the primary replica. Connect to the primary replica, \
         and retry the operation again.",
    ),
    raised(
        47519,
        16,
        "Cannot create distributed availability group '%.*ls' when local AG '%.*ls' does not contain \
         database in cases when secondary participant is Azure SQL Managed Instance.",
    ),
    raised(
        47520,
        16,
        "Database cannot be removed from availability group which participates in distributed availability \
         group in which secondary participant is Azure SQL Managed Instance.",
    ),
    raised(
        47521,
        16,
        "Secondary replica could not be built as the replica request was not received from the primary, or \
         not processed correctly. Check the state of the primary server and ensure that Availability Group \
         on this server is not empty, and that it contains healthy databases.",
    ),
    injected(
        47522,
        16,
        "Database '%.*ls' has been removed from availability group which participates in Azure SQL Managed \
         Instance link.",
    ),
];
