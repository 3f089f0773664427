//! Functions of dates. Moments are text in the engine's own form ([`value::format_moment`]).

use rusqlite::types::Value;
use time::{Date, Duration, Month, PrimitiveDateTime, Time};

use super::super::error::{self, SqlError};
use super::super::value::{self, Type};
use super::scalar::{Runtime, Scalar};

pub(super) fn find(name: &str) -> Option<Scalar> {
    let found: Scalar = match name {
        "now" => |runtime, _| Ok(now(runtime, Type::DateTime)),
        "now7" => |runtime, _| Ok(now(runtime, Type::DateTime2(7))),
        "now_offset" => |runtime, _| Ok(now(runtime, Type::DateTimeOffset(7))),
        "year" => |_, values| part_of("YEAR", values.first()),
        "month" => |_, values| part_of("MONTH", values.first()),
        "day" => |_, values| part_of("DAY", values.first()),
        "date_part" => date_part,
        "date_name" => date_name,
        "date_add" => date_add,
        "date_difference" => date_difference,
        "date_from_parts" => date_from_parts,
        "end_of_month" => end_of_month,
        "is_date" => is_date,
        _ => return None,
    };
    Some(found)
}

fn now(runtime: &Runtime, data_type: Type) -> Value {
    Value::Text(value::format_moment(runtime.now(), data_type))
}

/// The moment, or nothing for NULL.
fn moment(value: Option<&Value>) -> Result<Option<PrimitiveDateTime>, SqlError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) => value::parse_moment(text).map(Some).ok_or_else(error::date_conversion),
        Some(_) => Err(error::date_conversion()),
    }
}

/// Part, moment.
fn date_part(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    match arguments {
        [Value::Text(part), value] => part_of(part, Some(value)),
        _ => Ok(Value::Null),
    }
}

fn part_of(part: &str, value: Option<&Value>) -> Result<Value, SqlError> {
    let Some(moment) = moment(value)? else { return Ok(Value::Null) };
    let month = i64::from(u8::from(moment.month()));
    Ok(Value::Integer(match part {
        "YEAR" => i64::from(moment.year()),
        "QUARTER" => (month - 1) / 3 + 1,
        "MONTH" => month,
        "DAYOFYEAR" => i64::from(moment.ordinal()),
        "DAY" => i64::from(moment.day()),
        "WEEK" => i64::from(moment.sunday_based_week()) + 1,
        "WEEKDAY" => i64::from(moment.weekday().number_from_sunday()),
        "HOUR" => i64::from(moment.hour()),
        "MINUTE" => i64::from(moment.minute()),
        "SECOND" => i64::from(moment.second()),
        "MILLISECOND" => i64::from(moment.millisecond()),
        "MICROSECOND" => i64::from(moment.microsecond()),
        _ => i64::from(moment.nanosecond()),
    }))
}

/// Part, moment.
fn date_name(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Text(part), value] = arguments else { return Ok(Value::Null) };
    let Some(known) = moment(Some(value))? else { return Ok(Value::Null) };
    Ok(match part.as_str() {
        "MONTH" => Value::Text(known.month().to_string()),
        "WEEKDAY" => Value::Text(known.weekday().to_string()),
        _ => match part_of(part, Some(value))? {
            Value::Integer(number) => Value::Text(number.to_string()),
            other => other,
        },
    })
}

/// Part, count, moment, number of the type.
fn date_add(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Text(part), count, value, number] = arguments else { return Ok(Value::Null) };
    let count = match count {
        Value::Integer(count) => *count,
        _ => return Ok(Value::Null),
    };
    let Some(start) = moment(Some(value))? else { return Ok(Value::Null) };
    let data_type = runtime.data_type(Some(number));
    let months = match part.as_str() {
        "YEAR" => Some(count.saturating_mul(12)),
        "QUARTER" => Some(count.saturating_mul(3)),
        "MONTH" => Some(count),
        _ => None,
    };
    let moved = match months {
        Some(months) => add_months(start, months),
        None => span(part, count).and_then(|span| start.checked_add(span)),
    };
    match moved {
        Some(moved) => Ok(Value::Text(value::format_moment(moved, data_type))),
        None => Err(error::date_overflow(data_type.base_name())),
    }
}

fn span(part: &str, count: i64) -> Option<Duration> {
    let seconds = |unit: i64| count.checked_mul(unit).map(Duration::seconds);
    match part {
        "WEEK" => seconds(604_800),
        "DAY" | "DAYOFYEAR" | "WEEKDAY" => seconds(86_400),
        "HOUR" => seconds(3600),
        "MINUTE" => seconds(60),
        "SECOND" => seconds(1),
        "MILLISECOND" => Some(Duration::milliseconds(count)),
        "MICROSECOND" => Some(Duration::microseconds(count)),
        _ => Some(Duration::nanoseconds(count)),
    }
}

/// The same day some months on, or that month's last one.
fn add_months(start: PrimitiveDateTime, months: i64) -> Option<PrimitiveDateTime> {
    let total = i64::from(start.year()) * 12 + i64::from(u8::from(start.month())) - 1 + months;
    let year = i32::try_from(total.div_euclid(12)).ok().filter(|year| (1..=9999).contains(year))?;
    let month = Month::try_from(u8::try_from(total.rem_euclid(12)).ok()? + 1).ok()?;
    let day = start.day().min(month.length(year));
    Some(start.replace_date(Date::from_calendar_date(year, month, day).ok()?))
}

/// Part, start, end: how many borders of the part lie between.
fn date_difference(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Text(part), start, end] = arguments else { return Ok(Value::Null) };
    let (Some(start), Some(end)) = (moment(Some(start))?, moment(Some(end))?) else { return Ok(Value::Null) };
    let months =
        |moment: PrimitiveDateTime| i64::from(moment.year()) * 12 + i64::from(u8::from(moment.month())) - 1;
    let days = |moment: PrimitiveDateTime| i64::from(moment.to_julian_day());
    let nanoseconds = |moment: PrimitiveDateTime| (moment - EPOCH).whole_nanoseconds();
    let borders = |unit: i128| {
        let difference = nanoseconds(end).div_euclid(unit) - nanoseconds(start).div_euclid(unit);
        i64::try_from(difference).map_err(|_| error::overflow("bigint"))
    };
    Ok(Value::Integer(match part.as_str() {
        "YEAR" => i64::from(end.year()) - i64::from(start.year()),
        "QUARTER" => months(end) / 3 - months(start) / 3,
        "MONTH" => months(end) - months(start),
        "DAY" | "DAYOFYEAR" | "WEEKDAY" => days(end) - days(start),
        // Julian day 0 was a Monday, and weeks begin on Sunday.
        "WEEK" => (days(end) + 1).div_euclid(7) - (days(start) + 1).div_euclid(7),
        "HOUR" => borders(3_600_000_000_000)?,
        "MINUTE" => borders(60_000_000_000)?,
        "SECOND" => borders(1_000_000_000)?,
        "MILLISECOND" => borders(1_000_000)?,
        "MICROSECOND" => borders(1000)?,
        _ => borders(1)?,
    }))
}

const EPOCH: PrimitiveDateTime = time::macros::datetime!(0001-01-01 00:00:00);

fn date_from_parts(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Integer(year), Value::Integer(month), Value::Integer(day)] = arguments else {
        return Ok(Value::Null);
    };
    let date = || {
        let year = i32::try_from(*year).ok().filter(|year| (1..=9999).contains(year))?;
        let month = Month::try_from(u8::try_from(*month).ok()?).ok()?;
        Date::from_calendar_date(year, month, u8::try_from(*day).ok()?).ok()
    };
    match date() {
        Some(date) => {
            Ok(Value::Text(value::format_moment(PrimitiveDateTime::new(date, Time::MIDNIGHT), Type::Date)))
        }
        None => Err(error::date_parts()),
    }
}

fn end_of_month(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let Some(start) = moment(arguments.first())? else { return Ok(Value::Null) };
    let months = match arguments.get(1) {
        Some(Value::Integer(months)) => *months,
        _ => 0,
    };
    let end = add_months(start, months)
        .and_then(|moved| moved.replace_day(moved.month().length(moved.year())).ok());
    match end {
        Some(end) => Ok(Value::Text(value::format_moment(end, Type::Date))),
        None => Err(error::date_overflow("date")),
    }
}

fn is_date(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let valid = matches!(arguments.first(), Some(Value::Text(text)) if value::parse_moment(text).is_some());
    Ok(Value::Integer(i64::from(valid)))
}
