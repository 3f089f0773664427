//! What a create finds on the server: the certificate of the name, or what an interrupted run left.

use std::sync::Arc;

use time::{Date, Duration, OffsetDateTime};

use super::removal::is_held;
use super::{Certificate, validity};
use crate::framework::context::Context;
use crate::framework::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Clients;
use crate::resources::reach::Seen;
use crate::resources::shared;
use crate::sql::catalog::CertificateRow;

/// At most 64 characters: SQL Server on Linux takes no more.
pub(super) const SUBJECT_LIMIT: usize = 64;
/// What follows a prefix: `20261123_1a2b3c4d`.
pub(super) const REST: usize = 17;
/// For so long a create takes what an interrupted one left. Later it may be anybody's, and one certificate too many does
/// no harm.
const LEFT_LATELY: Duration = Duration::days(3);

/// What is written of a certificate.
#[derive(Clone, Copy, Debug, Default)]
struct Written<'a> {
    subject: Option<&'a str>,
    valid_for: Option<&'a str>,
}

/// What certificates are called among the objects of a server.
pub(super) fn key(name: &str) -> String {
    format!("certificate {name}")
}

/// Remembers that some state has it.
pub(in crate::resources) fn manage(context: &Context<Clients>, server_name: &str, name: &str) {
    if let Some(clients) = context.client() {
        clients.manage(server_name, &key(name));
    }
}

/// Whether some state has it: then a plan says nothing of taking it over, because Terraform removes the old object first
/// (a taint), or two blocks mean the same, which the apply sorts out.
pub(in crate::resources) fn is_managed(context: &Context<Clients>, server_name: &str, name: &str) -> bool {
    context.client().is_some_and(|clients| clients.is_managed(server_name, &key(name)))
}

/// Says that what bears the name is taken over; an error with the difference where it is another.
pub(super) fn adopt(
    context: &Context<Clients>,
    config: &Certificate,
    row: &CertificateRow,
    block: &str,
) -> Result<(), Diagnostics> {
    let written = Written { subject: config.subject.as_str(), valid_for: config.valid_for.as_str() };
    if let Err(difference) = equals(row, written) {
        let what = format!("The certificate {}", row.name);
        let import = format!("{block}/{}", row.name);
        return Err(shared::differs("milink_certificate", &what, &difference, &import).at("name").into());
    }
    let until = row.expiry.map(|end| format!(", valid until {}", end.date())).unwrap_or_default();
    context.warn(shared::taken_over(&format!("the certificate {} in `{block}`{until}", row.name)));
    Ok(())
}

/// Which type an imported certificate belongs to shows in its private key.
pub(super) fn imported_kind(row: &CertificateRow) -> Result<(), Diagnostics> {
    if row.private_key != "NA" {
        return Ok(());
    }
    Err(Diagnostic::error(
        "A certificate without a private key",
        format!("The certificate {} has no private key, so no endpoint can show it.", row.name),
    )
    .hint("import it as a milink_imported_certificate")
    .into())
}

/// Whether a certificate that bears the name agrees with everything that is written; else the difference.
fn equals(row: &CertificateRow, written: Written<'_>) -> Result<(), String> {
    if row.private_key != "MK" {
        return Err("its private key is not under the master key".to_owned());
    }
    if let Some(subject) = written.subject {
        match row.subject.as_deref().map(plain_subject) {
            Some(found) if found == subject => {}
            Some(found) => return Err(format!("its subject is `{found}`, not `{subject}`")),
            None => return Err("its subject cannot be read".to_owned()),
        }
    }
    if let Some((text, length)) = written.valid_for.and_then(|text| Some((text, validity::parse(text)?))) {
        match (row.start, row.expiry) {
            (Some(start), Some(expiry)) if validity::lasts(start, expiry, length) => {}
            (Some(start), Some(expiry)) => {
                let days = (expiry - start).whole_days();
                return Err(format!("it is valid for {days} days, until {}, not for {text}", expiry.date()));
            }
            _ => return Err("its end cannot be read".to_owned()),
        }
    }
    Ok(())
}

/// What an interrupted create left: named as one names it, with its subject, made in the last days, shown by no endpoint
/// and in no state as far as can be told. Without this each interrupted apply would leave one more.
pub(super) fn leftover(
    context: &Context<Clients>,
    seen: &Seen,
    prefix: &str,
    subject: &str,
    valid_for: Option<&str>,
) -> Result<Option<String>, Diagnostics> {
    let rows = seen.need(seen.snapshot.certificates.as_ref().map_err(Arc::clone))?;
    let shown = match &seen.snapshot.endpoint {
        Ok(endpoint) => endpoint.as_ref().and_then(|endpoint| endpoint.certificate.as_deref()),
        // Which one is shown cannot be told, so none is taken.
        Err(_) => return Ok(None),
    };
    let facts = &seen.snapshot.facts;
    let today = OffsetDateTime::now_utc().date();
    let managed = |name: &str| {
        context.client().is_some_and(|clients| clients.is_managed(&facts.server_name, &key(name)))
    };
    let found = rows.iter().find(|row| {
        is_left(row, prefix, today)
            && equals(row, Written { subject: Some(subject), valid_for }).is_ok()
            && !shown.is_some_and(|shown| facts.same_name(shown, &row.name))
            && !is_held(context, seen, &row.name)
            && !managed(&row.name)
    });
    Ok(found.map(|row| row.name.clone()))
}

/// Whether name and first day are those of a certificate that a create made in the last days.
fn is_left(row: &CertificateRow, prefix: &str, today: Date) -> bool {
    let Some(day) = row.name.strip_prefix(prefix).and_then(day_of) else { return false };
    let age = today - day;
    let start = row.start.map(OffsetDateTime::date);
    age >= Duration::ZERO && age <= LEFT_LATELY && start == day.previous_day()
}

/// The day in `20261123_1a2b3c4d`.
fn day_of(rest: &str) -> Option<Date> {
    let (day, random) = rest.split_once('_')?;
    let hexadecimal = random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    if !hexadecimal || !digits {
        return None;
    }
    let month: u8 = day.get(4..6)?.parse().ok()?;
    let year = day.get(..4)?.parse().ok()?;
    Date::from_calendar_date(year, month.try_into().ok()?, day.get(6..)?.parse().ok()?).ok()
}

/// `<prefix>20261123_1a2b3c4d`.
pub(super) fn fresh_name(prefix: &str, today: Date) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let random = random.get(..8).unwrap_or_default();
    format!("{prefix}{:04}{:02}{:02}_{random}", today.year(), u8::from(today.month()), today.day())
}

/// The subject where none is written.
pub(super) fn default_subject(server_name: &str) -> String {
    format!("milink endpoint of {server_name}").chars().take(SUBJECT_LIMIT).collect()
}

/// `sys.certificates.subject` may show the common name with or without `CN=`.
pub(super) fn plain_subject(subject: &str) -> String {
    subject
        .strip_prefix("CN=")
        .or_else(|| subject.strip_prefix("CN = "))
        .unwrap_or(subject)
        .trim_matches('"')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn row(name: &str) -> CertificateRow {
        CertificateRow {
            name: name.to_owned(),
            id: 260,
            private_key: "MK".to_owned(),
            subject: Some("CN=milink endpoint of A".to_owned()),
            start: Some(datetime!(2026-11-22 0:00 UTC)),
            expiry: Some(datetime!(2027-11-24 0:00 UTC)),
            der: None,
        }
    }

    #[test]
    fn a_default_subject_fits_linux() {
        assert!(default_subject(&"X".repeat(200)).chars().count() <= SUBJECT_LIMIT);
    }

    #[test]
    fn only_what_is_written_is_compared() {
        let found = row("any");
        assert_eq!(equals(&found, Written::default()), Ok(()));
        let subject = |subject| Written { subject: Some(subject), valid_for: None };
        assert_eq!(equals(&found, subject("milink endpoint of A")), Ok(()));
        assert!(
            equals(&found, subject("milink endpoint of B")).unwrap_err().contains("milink endpoint of A")
        );
        let length = |valid_for| Written { subject: None, valid_for: Some(valid_for) };
        assert_eq!(equals(&found, length("365d")), Ok(()));
        assert!(equals(&found, length("730d")).unwrap_err().contains("2027-11-24"));
        let imported = CertificateRow { private_key: "NA".to_owned(), ..row("any") };
        assert!(equals(&imported, Written::default()).is_err());
    }

    #[test]
    fn a_leftover_is_known_by_its_name_and_its_age() {
        let name = fresh_name("milink_", date!(2026 - 11 - 23));
        let left = |name: &str, prefix: &str, today| is_left(&row(name), prefix, today);
        assert!(left(&name, "milink_", date!(2026 - 11 - 23)));
        assert!(left(&name, "milink_", date!(2026 - 11 - 26)));
        assert!(!left(&name, "milink_", date!(2026 - 11 - 27)), "too old");
        assert!(!left(&name, "milink_", date!(2026 - 11 - 22)), "made tomorrow");
        assert!(!left(&name, "mil", date!(2026 - 11 - 23)), "another prefix");
        assert!(!left("milink_20261123_theirs", "milink_", date!(2026 - 11 - 23)), "no name of ours");
        assert!(!left("milink_20261123", "milink_", date!(2026 - 11 - 23)), "no name of ours");
        let other_start = CertificateRow { start: Some(datetime!(2026-11-20 0:00 UTC)), ..row(&name) };
        assert!(!is_left(&other_start, "milink_", date!(2026 - 11 - 23)), "made on another day");
        assert_eq!(name.len(), "milink_".len() + REST);
    }
}
