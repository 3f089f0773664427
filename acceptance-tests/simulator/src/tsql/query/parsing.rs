//! PARSE and TRY_PARSE: numbers and moments as people of a culture write them.
//!
//! Source: learn.microsoft.com "PARSE (Transact-SQL)": the text is read as .NET reads it. Modelled is English of the United
//! States, which is also the culture of sessions without another; the order of its dates is month, day, year.

use rusqlite::types::Value;
use time::{Date, Month, PrimitiveDateTime, Time};

use super::super::error::{self, SqlError, raise};
use super::super::value::decimal::Decimal;
use super::super::value::{self, Family, Type};
use super::scalar::Runtime;

/// Text, number of the type, culture.
pub(super) fn parse(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [text, number, culture] = arguments else { return Ok(Value::Null) };
    let (Value::Text(text), Value::Text(culture)) = (text, culture) else { return Ok(Value::Null) };
    let to = runtime.data_type(Some(number));
    supported(culture)?;
    let failed = || raise!(9819, text, to.base_name(), culture);
    let found = match to.family() {
        Family::Number if to != Type::Bit => of_number(text, to),
        Family::Moment => of_moment(text, runtime.now()).filter(|moment| has(to, *moment)).map(|moment| {
            (Value::Text(value::format_moment(moment, Type::DateTime2(7))), Type::DateTime2(7))
        }),
        _ => None,
    };
    let (found, from) = found.ok_or_else(failed)?;
    value::convert(found, from, to, 0).map_err(|_| failed())
}

/// Whether a type goes as far back as a moment, and as far ahead. ["datetime", "smalldatetime"]
fn has(to: Type, moment: PrimitiveDateTime) -> bool {
    match to {
        Type::DateTime => moment.year() >= 1753,
        Type::SmallDateTime => (1900..2079).contains(&moment.year()),
        _ => true,
    }
}

/// The same, but NULL where the text is none of the type.
pub(super) fn try_parse(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    match parse(runtime, arguments) {
        Err(cause) if cause.number == 9819 => Ok(Value::Null),
        other => other,
    }
}

/// 9818 for a culture that there is not.
fn supported(culture: &str) -> Result<(), SqlError> {
    if culture.is_empty() || culture.eq_ignore_ascii_case("en-US") {
        return Ok(());
    }
    // A language of two or three letters, and perhaps a script and a country.
    let mut parts = culture.split('-');
    let language = parts.next().unwrap_or_default();
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_culture = (2..=3).contains(&language.len())
        && letters(language)
        && parts.all(|part| (2..=4).contains(&part.len()) && letters(part));
    if is_culture {
        return Err(error::not_modelled("PARSE with cultures but en-US"));
    }
    Err(raise!(9818, culture))
}

/// A number with its type on the way: groups of digits, a sign before or behind, and what else the type takes.
fn of_number(text: &str, to: Type) -> Option<(Value, Type)> {
    let mut text = text.trim();
    let mut negative = false;
    if matches!(to, Type::Money | Type::SmallMoney) {
        if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            (text, negative) = (inner.trim(), true);
        }
        text = match text.strip_prefix('-') {
            Some(rest) if !negative => {
                negative = true;
                rest.trim_start()
            }
            _ => text,
        };
        text = text.strip_prefix('$').map_or(text, str::trim_start);
    }
    if let Some(rest) = text.strip_prefix(['-', '+']).filter(|_| !negative) {
        negative = text.starts_with('-');
        text = rest.trim_start();
    } else if let Some(rest) = text.strip_suffix(['-', '+']).filter(|_| !negative) {
        negative = text.ends_with('-');
        text = rest.trim_end();
    }
    let is_float = matches!(to, Type::Float | Type::Real);
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let grouped = whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    let begins = mantissa.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || byte == b'.');
    if !grouped || !begins || fraction.contains(',') || mantissa.len() < text.len() && !is_float {
        return None;
    }
    let plain = text.replace(',', "");
    let signed = if negative { format!("-{plain}") } else { plain };
    if is_float {
        let number: f64 = signed.parse().ok().filter(|number: &f64| number.is_finite())?;
        return Some((Value::Real(number), Type::Float));
    }
    let number = Decimal::parse(&signed)?;
    // A whole number may have a point, but nothing behind it.
    let is_whole = to.decimal().is_none();
    if is_whole && number.scaled(0, true)?.scaled(MOST_DIGITS, true) != number.scaled(MOST_DIGITS, true) {
        return None;
    }
    let scale = if is_whole { 0 } else { u8::try_from(fraction.len()).ok()? };
    let from = Type::Numeric(38, scale.min(38));
    number.into_value(from, "numeric").ok().map(|value| (value, from))
}

/// Digits behind the point to which two decimals are brought to be compared.
const MOST_DIGITS: u8 = 18;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The place of a name in a list, in full or by its first three letters.
fn named(list: &[&str], word: &str) -> Option<usize> {
    let word = word.trim_end_matches('.');
    list.iter().position(|name| *name == word || name.get(..3) == Some(word))
}

/// A moment as it is written in the United States, or in ISO 8601. A time alone is of today.
fn of_moment(text: &str, now: PrimitiveDateTime) -> Option<PrimitiveDateTime> {
    let lower = text.trim().to_ascii_lowercase();
    let spaced = match lower.split_once('t') {
        // The T of ISO 8601 stands between digits.
        Some((date, clock))
            if date.ends_with(|one: char| one.is_ascii_digit())
                && clock.starts_with(|one: char| one.is_ascii_digit()) =>
        {
            format!("{date} {}", clock.trim_end_matches('z'))
        }
        _ => lower,
    };
    let (mut date, mut clock, mut half, mut weekday) = (None, None, None, None);
    let (mut month, mut numbers) = (None, Vec::new());
    for word in spaced.split([' ', ',']).filter(|word| !word.is_empty()) {
        let (bare, ending) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
            (Some(bare), _) => (bare, Some(false)),
            (_, Some(bare)) => (bare, Some(true)),
            _ => (word, None),
        };
        if bare.contains(':') {
            clock = Some(of_clock(bare).filter(|_| clock.is_none())?);
            half = half.or(ending);
        } else if bare.is_empty() {
            half = Some(ending.filter(|_| half.is_none())?);
        } else if let Some(day) = named(&DAYS, word) {
            weekday = Some(Some(day).filter(|_| weekday.is_none())?);
        } else if let Some(found) = named(&MONTHS, word) {
            month = Some(Some(found).filter(|_| month.is_none())?);
        } else if word.contains(['/', '-']) {
            date = Some(of_parts(word).filter(|_| date.is_none())?);
        } else if word.bytes().all(|byte| byte.is_ascii_digit()) {
            numbers.push(word);
        } else {
            return None;
        }
    }
    let date = match (date, month, numbers.as_slice()) {
        (Some(date), None, []) => date,
        (None, Some(month), [first, second]) => {
            let (day, year) = if first.len() > 2 { (second, first) } else { (first, second) };
            calendar(year, month + 1, day.parse().ok()?)?
        }
        // A day of this year, or the first of a month.
        (None, Some(month), [only]) if only.len() > 2 => calendar(only, month + 1, 1)?,
        (None, Some(month), [only]) => calendar(&now.year().to_string(), month + 1, only.parse().ok()?)?,
        (None, None, []) if clock.is_some() => now.date(),
        _ => return None,
    };
    let named_day = usize::from(date.weekday().number_days_from_monday());
    if weekday.is_some_and(|day| day != named_day) {
        return None;
    }
    let clock = match (clock.unwrap_or(Time::MIDNIGHT), half) {
        (clock, None) => clock,
        (clock, Some(_)) if clock.hour() > 12 || clock.hour() == 0 => return None,
        (clock, Some(after_noon)) => {
            clock.replace_hour(clock.hour() % 12 + if after_noon { 12 } else { 0 }).ok()?
        }
    };
    Some(PrimitiveDateTime::new(date, clock))
}

/// `12/16/2010`, `2010-12-16`, `16-Dec-2010`.
fn of_parts(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['/', '-']).collect();
    match parts.as_slice() {
        [year, month, day] if year.len() == 4 => calendar(year, month.parse().ok()?, day.parse().ok()?),
        [day, month, year] if named(&MONTHS, month).is_some() => {
            calendar(year, named(&MONTHS, month)? + 1, day.parse().ok()?)
        }
        [month, day, year] => calendar(year, month.parse().ok()?, day.parse().ok()?),
        _ => None,
    }
}

/// Two digits are a year up to 2029, as .NET has it by default.
fn calendar(year: &str, month: usize, day: u8) -> Option<Date> {
    let number: i32 = year.parse().ok()?;
    let year = match (year.len(), number) {
        (2, 0..30) => 2000 + number,
        (2, _) => 1900 + number,
        (4, _) => number,
        _ => return None,
    };
    let month = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok())?;
    Date::from_calendar_date(year, month, day).ok()
}

/// `hh:mm[:ss[.fffffff]]`.
fn of_clock(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts: Vec<u8> = whole.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] if fraction.is_empty() => (*hour, *minute, 0),
        [hour, minute, second] => (*hour, *minute, *second),
        _ => return None,
    };
    if fraction.len() > 7 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds = if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").parse().ok()? };
    Time::from_hms_nano(hour, minute, second, nanoseconds).ok()
}
