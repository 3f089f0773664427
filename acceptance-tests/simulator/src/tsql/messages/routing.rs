//! Read-only routing.
//!
//! Source: "Database Engine events and errors" 0-999 and 19000-19999, 2022.

use super::{Message, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(
        982,
        14,
        "Unable to access the '%.*ls' database because no online secondary replicas are enabled for read-only \
         access. Check the availability group configuration to verify that at least one secondary replica is \
         configured for read-only access. Wait for an enabled replica to come online, and retry your \
         read-only operation.",
    ),
    raised(
        19401,
        16,
        "The READ_ONLY_ROUTING_URL '%.*ls' specified for availability replica '%.*ls' is not valid. It does \
         not follow the required format of 'TCP://system-address:port'. For information about the correct \
         routing URL format, see the CREATE AVAILABILITY GROUP documentation in SQL Server Books Online.",
    ),
    raised(
        19402,
        16,
        "A duplicate availability replica '%.*ls' was specified in the READ_ONLY_ROUTING_LIST for \
         availability replica '%.*ls'. Inspect the replica list that you specified in your command, and \
         remove the duplicate replica name or names from the list. Then retry the command.",
    ),
    raised(
        19403,
        16,
        "The availability replica '%.*ls' specified in the READ_ONLY_ROUTING_LIST for availability replica \
         '%.*ls' does not exist. Only availability replicas that belong to the specified availability group \
         '%.*ls' can be added to this list. To get the names of availability replicas in a given \
         availability group, select replica_server_name from sys.availability_replicas and name from \
         sys.availability_groups. For more information, see SQL Server Books Online.",
    ),
    raised(
        19404,
        16,
        "An availability replica '%.*ls' that is specified in the READ_ONLY_ROUTING_LIST for availability \
         replica '%.*ls' does not have a value set for READ_ONLY_ROUTING_URL. Ensure a READ_ONLY_ROUTING_URL \
         is set for each availability replica in the availability group. Specify a valid \
         READ_ONLY_ROUTING_URL for each replica that you want to added to the READ_ONLY_ROUTING_LIST. If you \
         are altering availability replicas of an existing availability group, you can get the names of \
         availability replicas in a given availability group, select replica_server_name from \
         sys.availability_replicas and name from sys.availability_groups. For more information, see SQL \
         Server Books Online.",
    ),
];
