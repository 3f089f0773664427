//! Dates and times, both ways.
//!
//! Each type counts in units of its own: `datetime` in 1/300 s since midnight, `smalldatetime` in minutes, the newer ones
//! in powers of ten of a second. What is finer is rounded to the nearest unit, and what rounds up to midnight is the
//! next day's, as on the server.

use time::{Date, Duration, PrimitiveDateTime, Time};

use super::super::backend::{DataType, Value};
use super::super::packet::malformed;
use super::super::reader::Reader;
use super::read::ReadError;
use super::token;

const DAY_ONE: Date = time::macros::date!(0001 - 01 - 01);
const DAY_1753: Date = time::macros::date!(1753 - 01 - 01);
const DAY_1900: Date = time::macros::date!(1900 - 01 - 01);

const NANOSECONDS: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * NANOSECONDS;
const MINUTES_A_DAY: u16 = 24 * 60;
const TICKS_A_DAY: u32 = 300 * 86_400;
/// A zone is at most 14 hours from UTC.
const LARGEST_OFFSET: i16 = 14 * 60;

/// A `date` of `length` bytes.
pub(super) fn read_date(reader: &mut Reader<'_>, length: usize) -> Result<Value, ReadError> {
    if length != 3 {
        return Err(malformed("a date of a length that none has").into());
    }
    Ok(Value::Moment(days(reader)?.ok_or(ReadError::Invalid("date"))?.midnight()))
}

fn days(reader: &mut Reader<'_>) -> std::io::Result<Option<Date>> {
    let days = i64::try_from(reader.unsigned(3)?).unwrap_or(i64::MAX);
    Ok(DAY_ONE.checked_add(Duration::days(days)))
}

pub(super) fn read_smalldatetime(reader: &mut Reader<'_>) -> Result<Value, ReadError> {
    let (days, minutes) = (reader.u16()?, reader.u16()?);
    if minutes >= MINUTES_A_DAY {
        return Err(ReadError::Invalid("smalldatetime"));
    }
    after_1900(days.into(), Duration::minutes(minutes.into())).ok_or(ReadError::Invalid("smalldatetime"))
}

pub(super) fn read_datetime(reader: &mut Reader<'_>) -> Result<Value, ReadError> {
    let (days, ticks) = (reader.i32()?, reader.u32()?);
    if ticks >= TICKS_A_DAY {
        return Err(ReadError::Invalid("datetime"));
    }
    // The server shows ticks as the nearest millisecond: .000, .003, .007.
    let milliseconds = (i64::from(ticks) * 10 + 1) / 3;
    match after_1900(days.into(), Duration::milliseconds(milliseconds)) {
        Some(Value::Moment(moment)) if moment.date() >= DAY_1753 => Ok(Value::Moment(moment)),
        _ => Err(ReadError::Invalid("datetime")),
    }
}

fn after_1900(days: i64, since: Duration) -> Option<Value> {
    let date = DAY_1900.checked_add(Duration::days(days))?;
    date.midnight().checked_add(since).map(Value::Moment)
}

/// `time`, `datetime2` or `datetimeoffset`, whose type has a scale and whose value has a length.
pub(super) fn read_scaled(
    reader: &mut Reader<'_>,
    token: u8,
    scale: u8,
    length: usize,
) -> Result<(DataType, Value), ReadError> {
    let (data_type, name, rest) = match token {
        token::TIME => (DataType::Time(scale), "time", 0),
        token::DATETIME2 => (DataType::DateTime2(scale), "datetime2", 3),
        _ => (DataType::DateTimeOffset(scale), "datetimeoffset", 5),
    };
    if scale > 7 {
        return Err(ReadError::Invalid(name));
    }
    if length == 0 {
        return Ok((data_type, Value::Null));
    }
    if length != size(scale) + rest {
        return Err(malformed("a time of a length that its scale does not have").into());
    }
    let invalid = || ReadError::Invalid(name);
    let units = i64::try_from(reader.unsigned(size(scale))?).map_err(|_| invalid())?;
    let since = units.checked_mul(unit(scale)).filter(|since| *since < DAY).ok_or_else(invalid)?;
    let day = if token == token::TIME { DAY_1900 } else { days(reader)?.ok_or_else(invalid)? };
    let moment = day.midnight().checked_add(Duration::nanoseconds(since)).ok_or_else(invalid)?;
    if token != token::DATETIMEOFFSET {
        return Ok((data_type, Value::Moment(moment)));
    }
    let offset = reader.u16()?.cast_signed();
    if !(-LARGEST_OFFSET..=LARGEST_OFFSET).contains(&offset) {
        return Err(invalid());
    }
    Ok((data_type, Value::ZonedMoment(moment, offset)))
}

/// Bytes of a value, without its length; nothing where the type cannot hold it.
pub(super) fn bytes(data_type: DataType, value: &Value) -> Option<Vec<u8>> {
    let (utc, offset) = match value {
        Value::Moment(moment) => (*moment, 0),
        Value::ZonedMoment(moment, offset) => (*moment, *offset),
        _ => return None,
    };
    let local = utc.checked_add(Duration::minutes(offset.into()))?;
    Some(match data_type {
        DataType::Date => day_bytes(local.date()),
        DataType::Time(scale) => {
            // There is no next day: what rounds up to midnight is midnight.
            let (units, _date) = rounded(local, unit(scale))?;
            low_bytes(units, size(scale))
        }
        DataType::DateTime2(scale) => {
            let (units, date) = rounded(local, unit(scale))?;
            [low_bytes(units, size(scale)), day_bytes(date)].concat()
        }
        DataType::DateTimeOffset(scale) => {
            let (units, date) = rounded(utc, unit(scale))?;
            [low_bytes(units, size(scale)), day_bytes(date), offset.to_le_bytes().to_vec()].concat()
        }
        DataType::SmallDateTime => {
            let (minutes, date) = rounded(local, 60 * NANOSECONDS)?;
            let days = u16::try_from((date - DAY_1900).whole_days()).ok()?;
            [days.to_le_bytes().to_vec(), low_bytes(minutes, 2)].concat()
        }
        DataType::DateTime => {
            let (ticks, date) = ticks(local)?;
            if date < DAY_1753 {
                return None;
            }
            [low_bytes((date - DAY_1900).whole_days(), 4), low_bytes(ticks, 4)].concat()
        }
        _ => return None,
    })
}

/// Units since midnight, rounded, and the day that they are in.
fn rounded(moment: PrimitiveDateTime, unit: i64) -> Option<(i64, Date)> {
    carried(moment.date(), (since_midnight(moment.time()) + unit / 2) / unit, DAY / unit)
}

fn ticks(moment: PrimitiveDateTime) -> Option<(i64, Date)> {
    let ticks = (since_midnight(moment.time()) * 3 + 5_000_000) / 10_000_000;
    carried(moment.date(), ticks, TICKS_A_DAY.into())
}

fn carried(date: Date, units: i64, a_day: i64) -> Option<(i64, Date)> {
    if units < a_day { Some((units, date)) } else { Some((units - a_day, date.next_day()?)) }
}

fn since_midnight(time: Time) -> i64 {
    i64::try_from((time - Time::MIDNIGHT).whole_nanoseconds()).unwrap_or(0)
}

fn day_bytes(date: Date) -> Vec<u8> {
    low_bytes((date - DAY_ONE).whole_days(), 3)
}

/// Nanoseconds of a unit at a scale.
fn unit(scale: u8) -> i64 {
    10_i64.pow(9 - u32::from(scale.min(7)))
}

/// Bytes of a time at a scale.
fn size(scale: u8) -> usize {
    match scale {
        0..=2 => 3,
        3 | 4 => 4,
        _ => 5,
    }
}

pub(super) fn low_bytes(number: i64, count: usize) -> Vec<u8> {
    number.to_le_bytes().into_iter().take(count).collect()
}
