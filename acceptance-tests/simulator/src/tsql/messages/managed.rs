//! What a managed instance refuses.
//!
//! Source: "Database Engine events and errors" 41400-49999, 2022.

use super::{Message, injected, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(
        41901,
        16,
        "One or more of the options (%ls) are not supported for this statement in SQL Database Managed \
         Instance. Review the documentation for supported options.",
    ),
    raised(
        41902,
        16,
        "Unsupported device type. SQL Database Managed Instance supports database restore from URI backup \
         device only.",
    ),
    raised(
        41904,
        16,
        "BACKUP DATABASE failed. SQL Database Managed Instance supports only COPY_ONLY full database \
         backups which are initiated by user.",
    ),
    injected(41905, 16, "Stored procedure %ls is not supported in SQL Database Managed Instance."),
    raised(41906, 16, "Statement '%.*ls' is not supported in SQL Database Managed Instance."),
    injected(
        41918,
        16,
        "Specifying files and filegroups in CREATE DATABASE statement is not supported on SQL Database \
         Managed Instance.",
    ),
    raised(
        41922,
        16,
        "The backup operation for a database with service-managed transparent data encryption is not \
         supported on SQL Database Managed Instance.",
    ),
    injected(49511, 10, "Unable to set one or more trace flags. Unsupported trace flag(s): %ls%ls%ls."),
    raised(49512, 10, "Session level trace flags are not supported on managed instance."),
];
