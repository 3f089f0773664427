//! `sys.configurations`: every option of the version, with the values in use.

use super::{Row, Viewer, bit, number, text};

/// An option: id, name, minimum, maximum, value as installed, whether it takes effect without a restart, whether it is
/// advanced, first major version.
type Setting = (i32, &'static str, i64, i64, i64, bool, bool, u8);

/// ["Server configuration options", 2025; the ids are those that servers of the field show]
const OPTIONS: &[Setting] = &[
    (101, "recovery interval (min)", 0, 32767, 0, true, true, 11),
    (102, "allow updates", 0, 1, 0, true, false, 11),
    (103, "user connections", 0, 32767, 0, false, true, 11),
    (106, "locks", 5000, 2147483647, 0, false, true, 11),
    (107, "open objects", 0, 2147483647, 0, false, true, 11),
    (109, "fill factor (%)", 0, 100, 0, false, true, 11),
    (114, "disallow results from triggers", 0, 1, 0, true, true, 11),
    (115, "nested triggers", 0, 1, 1, true, false, 11),
    (116, "server trigger recursion", 0, 1, 1, true, false, 11),
    (117, "remote access", 0, 1, 1, false, false, 11),
    (124, "default language", 0, 9999, 0, true, false, 11),
    (400, "cross db ownership chaining", 0, 1, 0, true, false, 11),
    (503, "max worker threads", 128, 65535, 0, true, true, 11),
    (505, "network packet size (B)", 512, 32767, 4096, true, true, 11),
    (518, "show advanced options", 0, 1, 0, true, false, 11),
    (542, "remote proc trans", 0, 1, 0, true, false, 11),
    (544, "c2 audit mode", 0, 1, 0, false, true, 11),
    (1126, "default full-text language", 0, 2147483647, 1033, true, true, 11),
    (1127, "two digit year cutoff", 1753, 9999, 2049, true, true, 11),
    (1505, "index create memory (KB)", 704, 2147483647, 0, true, true, 11),
    (1517, "priority boost", 0, 1, 0, false, true, 11),
    (1519, "remote login timeout (s)", 0, 2147483647, 10, true, false, 11),
    (1520, "remote query timeout (s)", 0, 2147483647, 600, true, false, 11),
    (1531, "cursor threshold", -1, 2147483647, -1, true, true, 11),
    (1532, "set working set size", 0, 1, 0, false, true, 11),
    (1534, "user options", 0, 32767, 0, true, false, 11),
    (1535, "affinity mask", -2147483648, 2147483647, 0, true, true, 11),
    (1536, "max text repl size (B)", -1, 2147483647, 65536, true, false, 11),
    (1537, "media retention", 0, 365, 0, true, true, 11),
    (1538, "cost threshold for parallelism", 0, 32767, 5, true, true, 11),
    (1539, "max degree of parallelism", 0, 32767, 0, true, true, 11),
    (1540, "min memory per query (KB)", 512, 2147483647, 1024, true, true, 11),
    (1541, "query wait (s)", -1, 2147483647, -1, true, true, 11),
    (1543, "min server memory (MB)", 0, 2147483647, 0, true, true, 11),
    (1544, "max server memory (MB)", 128, 2147483647, 2147483647, true, true, 11),
    (1545, "query governor cost limit", 0, 2147483647, 0, true, true, 11),
    (1546, "lightweight pooling", 0, 1, 0, false, true, 11),
    (1547, "scan for startup procs", 0, 1, 0, false, true, 11),
    (1549, "affinity64 mask", -2147483648, 2147483647, 0, true, true, 11),
    (1550, "affinity I/O mask", -2147483648, 2147483647, 0, false, true, 11),
    (1551, "affinity64 I/O mask", -2147483648, 2147483647, 0, false, true, 11),
    (1555, "transform noise words", 0, 1, 0, true, true, 11),
    (1556, "precompute rank", 0, 1, 0, true, true, 11),
    (1557, "PH timeout (s)", 1, 3600, 60, true, true, 11),
    (1562, "clr enabled", 0, 1, 0, true, false, 11),
    (1563, "max full-text crawl range", 0, 256, 4, true, true, 11),
    (1564, "ft notify bandwidth (min)", 0, 32767, 0, true, true, 11),
    (1565, "ft notify bandwidth (max)", 0, 32767, 100, true, true, 11),
    (1566, "ft crawl bandwidth (min)", 0, 32767, 0, true, true, 11),
    (1567, "ft crawl bandwidth (max)", 0, 32767, 100, true, true, 11),
    (1568, "default trace enabled", 0, 1, 1, true, true, 11),
    (1569, "blocked process threshold (s)", 0, 86400, 0, true, true, 11),
    (1570, "in-doubt xact resolution", 0, 2, 0, true, true, 11),
    (1576, "remote admin connections", 0, 1, 0, true, false, 11),
    (1577, "common criteria compliance enabled", 0, 1, 0, false, true, 11),
    (1578, "EKM provider enabled", 0, 1, 0, true, true, 11),
    (1579, "backup compression default", 0, 1, 0, true, false, 11),
    (1580, "filestream access level", 0, 2, 0, true, false, 11),
    (1581, "optimize for ad hoc workloads", 0, 1, 0, true, true, 11),
    (1582, "access check cache bucket count", 0, 65536, 0, true, true, 11),
    (1583, "access check cache quota", 0, 2147483647, 0, true, true, 11),
    (1584, "backup checksum default", 0, 1, 0, true, false, 12),
    (1585, "automatic soft-NUMA disabled", 0, 1, 0, false, true, 13),
    (1586, "external scripts enabled", 0, 1, 0, true, false, 13),
    (1587, "clr strict security", 0, 1, 1, true, true, 14),
    (1588, "column encryption enclave type", 0, 2, 0, false, false, 15),
    (1589, "tempdb metadata memory-optimized", 0, 1, 0, false, true, 15),
    (1591, "ADR cleaner retry timeout (min)", 0, 32767, 15, true, true, 15),
    (1592, "ADR Preallocation Factor", 0, 32767, 4, true, true, 15),
    (16384, "Agent XPs", 0, 1, 0, true, true, 11),
    (16386, "Database Mail XPs", 0, 1, 0, true, true, 11),
    (16387, "SMO and DMO XPs", 0, 1, 1, true, true, 11),
    (16388, "Ole Automation Procedures", 0, 1, 0, true, true, 11),
    (16390, "xp_cmdshell", 0, 1, 0, true, true, 11),
    (16391, "Ad Hoc Distributed Queries", 0, 1, 0, true, true, 11),
    (16392, "Replication XPs", 0, 1, 0, true, true, 11),
    (16393, "contained database authentication", 0, 1, 0, true, false, 11),
    (16394, "hadoop connectivity", 0, 7, 0, false, false, 13),
    (16395, "polybase network encryption", 0, 1, 1, false, false, 13),
    (16396, "remote data archive", 0, 1, 0, true, false, 13),
    (16397, "allow polybase export", 0, 1, 0, true, false, 13),
    (16398, "allow filesystem enumeration", 0, 1, 1, true, true, 14),
    (16399, "polybase enabled", 0, 1, 0, true, false, 15),
];

/// An option as `sp_configure` takes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConfigurationOption {
    pub(crate) name: &'static str,
    pub(crate) minimum: i64,
    pub(crate) maximum: i64,
    pub(crate) installed: i64,
    /// It takes effect without a restart.
    pub(crate) dynamic: bool,
    pub(crate) advanced: bool,
}

/// The options of a version.
pub(crate) fn configuration_options(version: u8) -> impl Iterator<Item = ConfigurationOption> {
    let known = OPTIONS.iter().filter(move |&&(.., first)| first <= version);
    known.map(|&(_, name, minimum, maximum, installed, dynamic, advanced, _)| ConfigurationOption {
        name,
        minimum,
        maximum,
        installed,
        dynamic,
        advanced,
    })
}

/// What statements changed is in the world; everything else is as installed. Options that the world alone knows come last.
pub(super) fn configurations(viewer: &Viewer<'_>) -> Vec<Row> {
    let engine = viewer.engine;
    let set = |name: &str| {
        let found = engine.configuration.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    };
    let known = |&&(.., first): &&Setting| first <= engine.build.major;
    OPTIONS
        .iter()
        .filter(known)
        .map(|&(id, name, minimum, maximum, installed, dynamic, advanced, _)| {
            let in_use = set(name).unwrap_or(installed);
            let value = engine.configured.get(name).copied().unwrap_or(in_use);
            Row::from([
                ("configuration_id", number(id)),
                ("name", text(name)),
                ("value", number(value)),
                ("minimum", number(minimum)),
                ("maximum", number(maximum)),
                ("value_in_use", number(in_use)),
                ("description", text(name)),
                ("is_dynamic", bit(dynamic)),
                ("is_advanced", bit(advanced)),
            ])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::OPTIONS;

    #[test]
    fn options_are_in_order_and_within_their_bounds() {
        assert!(OPTIONS.is_sorted_by_key(|option| option.0));
        // 0 means "as the server thinks fit" where the least value is larger.
        let fits = |&&(_, _, least, most, value, ..): &&super::Setting| {
            value == 0 || (least..=most).contains(&value)
        };
        assert!(OPTIONS.iter().all(|option| fits(&option)));
    }
}
