//! What to do about the errors that users of a link meet, by SQL Server's number.
//!
//! Sources: Microsoft's troubleshooting page of the link (2026-06), the error tables of SQL Server 2022.

/// The hint for a number; nothing for numbers that explain themselves.
pub fn hint(number: u32) -> Option<&'static str> {
    Some(match number {
        229 | 297 | 300 | 15247 => {
            "the login lacks a right; the documentation lists the rights that plan and apply need"
        }
        226 | 574 => {
            "this statement is refused inside a transaction; is IMPLICIT_TRANSACTIONS on for this login?"
        }
        1408 | 1412 => {
            "a log backup during seeding broke the chain: pause log backups (or use trace flag 12381), then delete the link and create it \
             again"
        }
        1465 | 1475 => "the database needs the full recovery model and a full backup that is not copy-only",
        1478 => "a log backup is missing on the secondary; seed again",
        2812 => {
            "the server lacks the update that links need (SQL Server 2016: Azure Connect pack, 2017: CU31 with Azure Connect pack)"
        }
        7862 => "an instance has one mirroring endpoint; import it",
        7878 | 41199 => {
            "this edition does not offer the feature; on Standard edition try `basic = true` on the availability group"
        }
        15151 | 3701 => "it does not exist, or the login may not see it",
        15232 => {
            "the certificate is there under another name, or another certificate bears this name; import it or choose another name"
        }
        15352 | 15559 | 3716 => "something still uses it",
        15580 => "private keys are still protected by it",
        15581 => {
            "`master` has no master key that SQL Server can open; declare a milink_master_key and depend on it"
        }
        18456 => "check the login and its password, and that SQL Server allows SQL logins",
        18452 => "the server refuses this kind of login",
        19499 => {
            "the listener URL of the managed instance is not understood: the server lacks the update that links need"
        }
        19506 => "ALTER AVAILABILITY GROUP … GRANT CREATE ANY DATABASE is missing on this replica",
        19507 => "a distributed availability group over the same groups exists; import that link",
        19509 | 41114 => "a group of this name exists; import it or choose another name",
        19511 => "a link that begins on the managed instance needs an empty availability group",
        19513 => "a distributed group cannot stand on a basic one: leave `basic` out",
        35220 | 35221 | 47105 => {
            "turn on Always On availability groups for this instance and restart it; SQL Server 2016 also needs a Windows cluster node"
        }
        35237 => {
            "the replica's name must equal @@SERVERNAME; was the machine renamed without sp_dropserver and sp_addserver?"
        }
        35250 => {
            "the endpoint of the other side does not answer: is it started, its port open, its certificate known here?"
        }
        41140 | 35251 => "the command belongs on the primary replica; list all replicas in `sql_servers`",
        41429 => "a link holds one database; make another link",
        41962 | 41986 => {
            "the instance could not reach SQL Server within five minutes: check ports 5022 and 11000-11999 both ways, host firewalls included"
        }
        41973 => {
            "SQL Server's endpoint certificate is not on the managed instance: declare a milink_server_trust_certificate and depend on it"
        }
        41974 => {
            "SQL Server does not trust the managed instance's certificate, or its root not for the instance's name: declare milink_imported_certificate for both and depend on it; where `trusted_for_dns` is `*.database.windows.net` already, the pattern may have to be that of the instance's own zone, `*.ZONE.database.windows.net`"
        }
        41976 => {
            "compare the names of both groups and the URLs on both sides; SQL Server's error log names the reason"
        }
        41977 => "the other side is connected, but its database does not answer; look into its error log",
        41988 => {
            "failing over both ways needs matching versions: the instance's update policy must be that of this SQL Server"
        }
        47129 => "a link cannot stand on a contained availability group",
        47521 => "the availability group on the primary is not healthy",
        _ => return None,
    })
}
