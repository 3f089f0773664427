//! Moments as the engine keeps them: text in ISO form, which sorts as time does.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Month, PrimitiveDateTime, Time};

use super::Type;

/// The instant that a text in one of the language-neutral forms, or in the US form, names.
pub(crate) fn parse_moment(text: &str) -> Option<PrimitiveDateTime> {
    let text = text.trim();
    // An offset, or the Z of ISO 8601, counts as UTC; the engine keeps no other zone.
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix(" +00:00")).unwrap_or(text);
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, clock.trim()),
        None if text.contains(':') => ("19000101", text),
        None => (text, ""),
    };
    let date = parse_date(date)?;
    let clock = if clock.is_empty() { Time::MIDNIGHT } else { parse_clock(clock)? };
    Some(PrimitiveDateTime::new(date, clock))
}

fn parse_date(text: &str) -> Option<Date> {
    const FORMS: &[&[BorrowedFormatItem<'_>]] = &[
        format_description!("[year][month][day]"),
        format_description!("[year]-[month]-[day]"),
        format_description!("[month]/[day]/[year]"),
        format_description!("[year]/[month]/[day]"),
    ];
    own_date(text).or_else(|| FORMS.iter().find_map(|form| Date::parse(text, form).ok()))
}

/// `2026-11-29`, the form in which the engine itself keeps dates: every moment of a result is read once more on its way to
/// the client.
fn own_date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return None;
    }
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

fn parse_clock(text: &str) -> Option<Time> {
    let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = text.split(':').map(str::parse::<u8>);
    let hour = parts.next()?.ok()?;
    let minute = parts.next().unwrap_or(Ok(0)).ok()?;
    let second = parts.next().unwrap_or(Ok(0)).ok()?;
    if fraction.len() > 7 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: u32 = if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").parse().ok()? };
    Time::from_hms_nano(hour, minute, second, nanoseconds).ok()
}

/// The engine's own text of a moment of type `to`; it sorts as time does.
pub(crate) fn format_moment(moment: PrimitiveDateTime, to: Type) -> String {
    let date = format!("{:04}-{:02}-{:02}", moment.year(), u8::from(moment.month()), moment.day());
    let clock = format!("{:02}:{:02}:{:02}", moment.hour(), moment.minute(), moment.second());
    let fraction = |scale: u8| {
        if scale == 0 {
            return String::new();
        }
        let digits = format!("{:09}", moment.nanosecond());
        format!(".{}", digits.chars().take(usize::from(scale)).collect::<String>())
    };
    match to {
        Type::Date => date,
        Type::Time(scale) => format!("{clock}{}", fraction(scale)),
        Type::SmallDateTime => format!("{date} {:02}:{:02}:00", moment.hour(), moment.minute()),
        Type::DateTime2(scale) => format!("{date} {clock}{}", fraction(scale)),
        Type::DateTimeOffset(scale) => format!("{date} {clock}{} +00:00", fraction(scale)),
        // datetime counts ticks of 1/300 s; milliseconds are close enough for a catalog.
        _ => format!("{date} {clock}{}", fraction(3)),
    }
}
