//! What the two ends of a link say of each other; Azure shows the number as `mostRecentLinkError`.
//!
//! Source: "Database Engine events and errors" 41400-49999, 2022.

use super::{Message, injected, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(
        41429,
        16,
        "Adding another database to an existing Azure SQL Managed Instance link is not supported, as a \
         single link can contain only one user database. Create a new link for each additional database.",
    ),
    raised(
        41939,
        16,
        "The Persistent Version Store filegroup must be set to the PRIMARY filegroup in order to be \
         restored on SQL Database Managed Instance.",
    ),
    raised(
        41947,
        16,
        "Memory-optimized filegroup must be empty on the SQL Server source database when replicated to \
         Azure SQL Managed Instance with service tier not supporting In-memory OLTP capabilities. Consider \
         using Managed Instance service tier that supports In-memory OLTP capabilities.",
    ),
    raised(
        41948,
        16,
        "Azure SQL Managed Instance link data replication requires source database on SQL Server to have a \
         single log file instead of multiple log files. Consider using a single log file on the source \
         database and try again.",
    ),
    raised(
        41949,
        16,
        "Managed Instance link cannot replicate data because maximum number of %u files were reached on \
         Azure SQL Managed Instance. Consider reducing the number of files on the source and try again.",
    ),
    raised(
        41950,
        16,
        "Source database on SQL Server must not use FileStream or FileTables for data replication to Azure \
         SQL Managed Instance. Consider removing FileStream and FileTables on the source database on SQL \
         Server and try again.",
    ),
    raised(
        41951,
        16,
        "Azure SQL Managed Instance link cannot be created with source database '%.*ls' on SQL Server, \
         because the database contains files in DEFUNCT state. Remove the faulty files and retry again.",
    ),
    injected(
        41952,
        16,
        "Azure SQL Managed Instance link cannot be created with source database '%.*ls' on SQL Server, \
         bacause the database contains unsupported feature '%.*ls'.",
    ),
    raised(
        41962,
        16,
        "Operation was aborted as replication to Azure SQL Managed Instance did not start within %u minutes \
         since it was initiated. Please verify the network connectivity and firewall rules are configured \
         according to the guidelines described at https://aka.ms/mi-link-troubleshooting, and retry the \
         operation.",
    ),
    injected(
        41964,
        16,
        "The '%.*ls' operation cannot be completed as there exists a database in the process of creation \
         through Azure SQL Managed Instance link. Please wait for the link creation to complete, or \
         alternatively delete the link and retry the operation again.",
    ),
    injected(
        41965,
        16,
        "Setting the role cannot be applied as Azure SQL Managed Instance is already in the requested role.",
    ),
    injected(
        41968,
        16,
        "Changing the server role cannot be executed at this time as there exist a previous role change in \
         progress on Azure SQL Managed Instance. Only when the previous role change completes, a new \
         request could be submitted. Please wait for the previous role change to complete and retry again.",
    ),
    raised(
        41969,
        16,
        "Setting the role has failed due to an unknown reason. Please check the error log file. If the \
         issue persists, contact Azure support.",
    ),
    injected(41970, 16, "Switching to Primary role in planned fashion is not supported."),
    raised(
        41973,
        16,
        "The link cannot be established because the endpoint certificate from SQL Server has not been \
         imported to Azure SQL Managed Instance. Please import the endpoint certificate from SQL Server to \
         Managed Instance, and retry the link creation again. Please see online documentation for Managed \
         Instance link for more information.",
    ),
    raised(
        41974,
        16,
        "The link cannot be established because the endpoint certificate from SQL Azure SQL Managed \
         Instance has not been imported to SQL Server. Please download the endpoint certificate from \
         Managed Instance and import it to SQL Server, and retry the link creation again. Please see online \
         documentation for Managed Instance link for more information.",
    ),
    raised(
        41976,
        16,
        "Connection with availability group '%.*ls' on the server with endpoint '%.*ls' cannot be \
         established as it is not responding. Possible causes could be nonexistence of availability group \
         or distributed availability group on the partner server, incorrectly specified names or \
         configuration parameters. Please check the log file on the partner server for the exact error \
         cause.",
    ),
    raised(
        41977,
        16,
        "Connection with availability group '%.*ls' on the server with endpoint '%.*ls' is established, but \
         there is no response from the target database. Possible causes could be errors with creating a \
         database on the partner server, incorrectly specified names or configuration parameters. Please \
         check the log file on the partner server for the exact error cause.",
    ),
    raised(
        41986,
        16,
        "Azure SQL Managed Instance link creation failed because either connection to SQL Server failed, or \
         the server did not respond after a prolonged period of time. Verify the network connectivity and \
         firewall rules between SQL Server and Managed Instance are properly configured and retry again.",
    ),
    raised(
        41988,
        16,
        "The link supporting bi-directional failover requires matching database formats on source and \
         target server.",
    ),
];
