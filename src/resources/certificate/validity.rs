//! How long a certificate is valid, in which days SQL Server counts, and when it is due.

use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime};

use super::Certificate;
use crate::framework::diagnostic::Diagnostic;
use crate::framework::model::Field;
use crate::framework::value::Value;

/// `valid_for` where it is not written: five years. SQL Server's own default is one.
pub(super) const DEFAULT: &str = "1826d";

/// First and last day of a certificate; it ends when the last day begins (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    /// One day back, so that a clock that runs ahead of Azure's does no harm.
    pub start: Date,
    /// Never earlier than asked for: whole days are all that is given to SQL Server, so the rest of a day is added.
    pub end: Date,
}

impl Period {
    /// Of a certificate that is made now.
    pub(super) fn new(now: OffsetDateTime, valid_for: Duration) -> Self {
        let end = now + valid_for;
        let begun = end.time() != time::Time::MIDNIGHT;
        let end = if begun { end.date() + Duration::days(1) } else { end.date() };
        Self { start: now.date() - Duration::days(1), end }
    }
}

/// `valid_for` as written, or its default.
pub(super) fn valid_for(text: Option<&str>) -> Duration {
    text.and_then(parse).or_else(|| parse(DEFAULT)).unwrap_or(Duration::WEEK)
}

/// Whether a certificate lasts as long as `valid_for` says: those of others exactly, ours up to three days longer
/// (the day before, what was left of the first, and the rest of the last).
pub(super) fn lasts(start: OffsetDateTime, expiry: OffsetDateTime, valid_for: Duration) -> bool {
    let length = expiry - start;
    length >= valid_for && length <= valid_for + Duration::days(3)
}

/// A certificate that is due from its first day on would be replaced by each apply, for ever.
pub(super) fn ends_after_rotation(
    rotate_before: &Field<String>,
    valid_for: &Field<String>,
) -> Result<(), Diagnostic> {
    let written = match valid_for {
        Field::Known(text) => text.as_str(),
        Field::Null => DEFAULT,
        Field::Unknown => return Ok(()),
    };
    let (Some(before), Some(validity)) = (rotate_before.as_str().and_then(parse), parse(written)) else {
        return Ok(());
    };
    if before < validity {
        return Ok(());
    }
    Err(Diagnostic::error(
        "A certificate that is always due",
        format!("A certificate that is valid for {written} would be due for rotation from its first day on."),
    )
    .hint("make `rotate_before` shorter than `valid_for`")
    .at("rotate_before"))
}

/// What a plan says of a `valid_for` that is written for the first time, and that the certificate does not have.
pub(super) fn counts_later(prior: &Certificate, planned: &Field<String>) -> Option<Diagnostic> {
    let (Field::Null, Some(text)) = (&prior.valid_for, planned.as_str()) else { return None };
    let (start, end) = (moment(&prior.not_before)?, moment(&prior.not_after)?);
    if lasts(start, end, valid_for(Some(text))) {
        return None;
    }
    let name = prior.name.as_str().unwrap_or_default();
    let warning = Diagnostic::warning(
        "A validity that counts later",
        format!(
            "The certificate {name} stays as it is, valid until {}; the {text} of `valid_for` count when it is replaced.",
            end.date()
        ),
    );
    Some(warning.at("valid_for"))
}

/// Whether an argument of the creation is changed, in a way that asks for another certificate. One that state does not
/// know (an import) or that is written no longer asks for none.
pub(super) fn differs(
    prior: &Field<String>,
    planned: &Field<String>,
    same: impl Fn(&str, &str) -> bool,
) -> bool {
    match (prior, planned) {
        (Field::Known(prior), Field::Known(planned)) => !same(prior, planned),
        (Field::Known(_), Field::Unknown) => true,
        _ => false,
    }
}

fn moment(field: &Field<String>) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(field.as_str()?, &Rfc3339).ok()
}

/// `60d` or `48h`.
pub(super) fn parse(text: &str) -> Option<Duration> {
    if let Some(days) = text.strip_suffix('d') {
        let days = days.parse::<i64>().ok()?;
        return (1..=36500).contains(&days).then(|| Duration::days(days));
    }
    let hours = text.strip_suffix('h')?.parse::<i64>().ok()?;
    (1..=876_000).contains(&hours).then(|| Duration::hours(hours))
}

/// The text is a length of time.
pub(super) fn is_duration(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if parse(text).is_some() => Ok(()),
        _ => Err("must be days or hours, as \"60d\" or \"48h\"".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn known(text: &str) -> Field<String> {
        Field::from(text)
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse("60d"), Some(Duration::days(60)));
        assert_eq!(parse("48h"), Some(Duration::hours(48)));
        for wrong in ["60", "0d", "-1d", "36501d", "d", "1 d", "1w"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert!(parse(DEFAULT).is_some());
    }

    #[test]
    fn hours_are_rounded_up_to_whole_days() {
        let now = datetime!(2026-11-23 15:30 UTC);
        let days = |text: &str| Period::new(now, parse(text).unwrap());
        // Cut off, it would have ended this morning.
        assert_eq!(days("2h"), Period { start: date!(2026 - 11 - 22), end: date!(2026 - 11 - 24) });
        assert_eq!(days("48h").end, date!(2026 - 11 - 26));
        assert_eq!(days("1d").end, date!(2026 - 11 - 25));
        let midnight = datetime!(2026-11-23 0:00 UTC);
        assert_eq!(Period::new(midnight, Duration::days(1)).end, date!(2026 - 11 - 24));
    }

    #[test]
    fn what_is_made_lasts_as_long_as_is_written() {
        for now in [datetime!(2026-11-23 0:00 UTC), datetime!(2026-11-23 23:59:59 UTC)] {
            for text in ["1h", "48h", "1825d"] {
                let length = parse(text).unwrap();
                let Period { start, end } = Period::new(now, length);
                assert!(lasts(start.midnight().assume_utc(), end.midnight().assume_utc(), length), "{text}");
            }
        }
        let start = datetime!(2026-01-01 0:00 UTC);
        assert!(lasts(start, start + Duration::days(365), Duration::days(365)));
        assert!(!lasts(start, start + Duration::days(364), Duration::days(365)));
        assert!(!lasts(start, start + Duration::days(365), Duration::days(361)));
    }

    #[test]
    fn a_rotation_that_is_always_due_is_refused() {
        let check = |before: &str, validity: Field<String>| ends_after_rotation(&known(before), &validity);
        assert!(check("60d", known("61d")).is_ok());
        assert!(check("60d", known("60d")).is_err());
        assert!(check("61d", known("1440h")).is_err());
        assert!(check("1825d", Field::Null).is_ok());
        assert!(check("1826d", Field::Null).is_err(), "the default counts too");
        assert!(check("1826d", Field::Unknown).is_ok());
        assert!(ends_after_rotation(&Field::Null, &known("1d")).is_ok());
    }

    #[test]
    fn what_an_import_does_not_know_replaces_nothing() {
        let same = |old: &str, new: &str| old == new;
        assert!(!differs(&Field::Null, &known("a"), same));
        assert!(!differs(&known("a"), &Field::Null, same));
        assert!(!differs(&known("a"), &known("a"), same));
        assert!(differs(&known("a"), &known("b"), same));
        assert!(differs(&known("a"), &Field::Unknown, same));
    }
}
