//! Which functions there are.

pub(super) fn is_aggregate(name: &str) -> bool {
    AGGREGATES.iter().any(|each| each.eq_ignore_ascii_case(name))
}

const AGGREGATES: &[&str] =
    &["AVG", "CHECKSUM_AGG", "COUNT", "COUNT_BIG", "MAX", "MIN", "STRING_AGG", "SUM", "STDEV", "VAR"];
