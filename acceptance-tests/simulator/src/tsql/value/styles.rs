//! The styles of CONVERT: how moments, floats and money are written, and how dates and money are read.
//!
//! Source: learn.microsoft.com "CAST and CONVERT", date and time styles, float and real styles, money and smallmoney styles. Without a style, dates are
//! read as `SET DATEFORMAT mdy` says. Hijri dates (130, 131) are not modelled.

use time::{Date, Month, PrimitiveDateTime};

use super::super::error::{self, SqlError};
use super::decimal::Decimal;
use super::{Type, format_moment, parse_moment};

/// Order and separator of the styles that write a date alone.
fn date_form(style: i64) -> Option<(&'static str, char)> {
    Some(match style {
        101 | 1 => ("mdy", '/'),
        102 | 2 => ("ymd", '.'),
        103 | 3 => ("dmy", '/'),
        104 | 4 => ("dmy", '.'),
        105 | 5 => ("dmy", '-'),
        110 | 10 => ("mdy", '-'),
        111 | 11 => ("ymd", '/'),
        23 => ("ymd", '-'),
        _ => return None,
    })
}

/// The moment that a text names, read in that style; nothing where it names none.
///
/// # Errors
/// Those of styles that are not modelled.
pub(super) fn read(text: &str, style: i64) -> Result<Option<PrimitiveDateTime>, SqlError> {
    if matches!(style, 130 | 131) {
        return Err(not_modelled(style));
    }
    let Some((order, _)) = date_form(style) else { return Ok(parse_moment(text)) };
    let trimmed = text.trim();
    let (date, clock) = trimmed.split_once(' ').unwrap_or((trimmed, ""));
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    // What has no parts is read the same in every style: 20300131, and ISO 8601 with its T.
    let [first, second, third] = parts.as_slice() else { return Ok(parse_moment(text)) };
    if trimmed.contains('T') {
        return Ok(parse_moment(text));
    }
    let mut found = (None, None, None);
    for (letter, digits) in order.chars().zip([first, second, third]) {
        let number = digits.parse::<u16>().ok();
        match letter {
            'y' if digits.len() == 4 || digits.len() == 2 => {
                found.0 = number.map(|year| full_year(year, digits.len()))
            }
            'y' => {}
            'm' => found.1 = number,
            _ => found.2 = number,
        }
    }
    let (Some(year), Some(month), Some(day)) = found else { return Ok(None) };
    let month = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok());
    let date = month
        .zip(u8::try_from(day).ok())
        .and_then(|(month, day)| Date::from_calendar_date(year, month, day).ok());
    let Some(date) = date else { return Ok(None) };
    Ok(parse_moment(&format!("{date} {clock}")))
}

/// Two digits are a year up to 2049. [learn.microsoft.com: "two digit year cutoff"]
fn full_year(year: u16, digits: usize) -> i32 {
    match (digits, i32::from(year)) {
        (2, year @ 0..50) => 2000 + year,
        (2, year) => 1900 + year,
        (_, year) => year,
    }
}

/// The text of a moment.
///
/// # Errors
/// Those of styles that are not modelled.
pub(super) fn write(text: &str, from: Type, style: i64) -> Result<String, SqlError> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let moment = parse_moment(text).ok_or_else(error::date_conversion)?;
    let (year, month, day) = (moment.year(), u8::from(moment.month()), moment.day());
    let shown_year = if style < 100 && style != 23 {
        format!("{:02}", year.rem_euclid(100))
    } else {
        format!("{year:04}")
    };
    if let Some((order, separator)) = date_form(style) {
        let parts = order.chars().map(|letter| match letter {
            'y' => shown_year.clone(),
            'm' => format!("{month:02}"),
            _ => format!("{day:02}"),
        });
        return Ok(parts.collect::<Vec<_>>().join(&separator.to_string()));
    }
    let name = MONTHS.get(usize::from(month.saturating_sub(1))).copied().unwrap_or("");
    let half = if moment.hour() < 12 { "AM" } else { "PM" };
    let hour = match moment.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let clock = format!("{:02}:{:02}:{:02}", moment.hour(), moment.minute(), moment.second());
    Ok(match style {
        12 | 112 => format!("{shown_year}{month:02}{day:02}"),
        6 | 106 => format!("{day:02} {name} {shown_year}"),
        7 | 107 => format!("{name} {day:02}, {shown_year}"),
        8 | 24 | 108 => clock,
        9 | 109 => format!(
            "{name} {day:>2} {year:04} {hour:>2}:{:02}:{:02}:{:03}{half}",
            moment.minute(),
            moment.second(),
            moment.millisecond()
        ),
        13 | 113 => format!("{day:02} {name} {year:04} {clock}:{:03}", moment.millisecond()),
        14 | 114 => format!("{clock}:{:03}", moment.millisecond()),
        120 | 20 => format_moment(moment, Type::DateTime2(0)),
        126 | 127 => {
            let scale = if moment.nanosecond() == 0 { 0 } else { 3 };
            let scaled = if matches!(from, Type::DateTime2(_)) { from } else { Type::DateTime2(scale) };
            let zone = if style == 127 { "Z" } else { "" };
            format!("{}{zone}", format_moment(moment, scaled).replacen(' ', "T", 1))
        }
        0 | 100 if matches!(from, Type::DateTime | Type::SmallDateTime) => {
            format!("{name} {day:>2} {year:04} {hour:>2}:{:02}{half}", moment.minute())
        }
        121 | 21 | 25 | 0 | 100 => format_moment(moment, from),
        other => return Err(not_modelled(other)),
    })
}

/// The text of a float: six digits, or in styles 1, 2 and 3 eight, sixteen and seventeen with a power of ten.
///
/// # Errors
/// Those of styles that are not modelled.
pub(super) fn float(number: f64, style: i64) -> Result<String, SqlError> {
    let digits: usize = match style {
        0 => 6,
        1 => 8,
        2 => 16,
        3 => 17,
        other => return Err(not_modelled(other)),
    };
    let scientific = format!("{number:.*e}", digits - 1);
    let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let sign = if power < 0 { '-' } else { '+' };
    let short = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if style != 0 {
        return Ok(format!("{mantissa}e{sign}{:03}", power.unsigned_abs()));
    }
    if number == 0.0 {
        return Ok("0".to_owned());
    }
    if !(-4..6).contains(&power) {
        return Ok(format!("{}e{sign}{:03}", short(mantissa), power.unsigned_abs()));
    }
    let places = usize::try_from(5 - power).unwrap_or(0);
    Ok(short(&format!("{number:.places$}")))
}

/// The text of money: two digits behind the point, in style 1 with commas before it; all four in style 2.
///
/// # Errors
/// Those of styles that are not modelled.
pub(super) fn money(number: Decimal, style: i64) -> Result<String, SqlError> {
    let places = match style {
        0 | 1 => 2,
        2 | 126 => 4,
        other => return Err(not_modelled(other)),
    };
    let text = number.scaled(places, false).map(|number| number.to_string()).unwrap_or_default();
    if style != 1 {
        return Ok(text);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "00"));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    Ok(format!("{sign}{grouped}.{fraction}"))
}

/// The amount that a text names, with a sign, a currency's sign and commas if need be; a blank one is nought.
pub(super) fn read_money(text: &str) -> Option<Decimal> {
    let mut rest = text.trim();
    let (mut negative, mut signs) = (false, 0);
    while let Some(first) = rest.chars().next().filter(|first| "+-$\u{a3}\u{a5}\u{20ac}".contains(*first)) {
        negative |= first == '-';
        signs += i32::from(matches!(first, '+' | '-'));
        rest = rest.get(first.len_utf8()..)?.trim_start();
    }
    let digits: String = rest.chars().filter(|one| *one != ',').collect();
    if signs > 1 || digits.starts_with(['+', '-']) {
        return None;
    }
    let digits = if text.trim().is_empty() { "0" } else { &digits };
    Decimal::parse(&format!("{}{digits}", if negative { "-" } else { "" }))
}

fn not_modelled(style: i64) -> SqlError {
    error::not_modelled(&format!("style {style} of CONVERT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written_as_their_style_says() {
        let date = |text, style| read(text, style).unwrap().map(|moment| format_moment(moment, Type::Date));
        let first = Some("2030-02-01".to_owned());
        for (text, style) in [
            ("02/01/2030", 101),
            ("2030.02.01", 102),
            ("01/02/2030", 103),
            ("01.02.2030", 104),
            ("1-2-30", 5),
            ("2030/2/1", 111),
            ("20300201", 104),
            ("2030-02-01T00:00:00", 103),
            ("02/01/2030", 0),
        ] {
            assert_eq!(date(text, style), first, "{text} {style}");
        }
        assert_eq!((date("13/01/2030", 101), date("2030-02-01", 103)), (None, None));
        assert!(read("01/02/2030", 131).is_err());
        let moment = "2030-02-01 15:04:05.678";
        for (style, expected) in [
            (0, "Feb  1 2030  3:04PM"),
            (3, "01/02/30"),
            (23, "2030-02-01"),
            (104, "01.02.2030"),
            (106, "01 Feb 2030"),
            (107, "Feb 01, 2030"),
            (108, "15:04:05"),
            (109, "Feb  1 2030  3:04:05:678PM"),
            (112, "20300201"),
            (113, "01 Feb 2030 15:04:05:678"),
            (121, "2030-02-01 15:04:05.678"),
            (126, "2030-02-01T15:04:05.678"),
        ] {
            assert_eq!(write(moment, Type::DateTime, style).unwrap(), expected, "{style}");
        }
        assert!(write(moment, Type::DateTime, 130).is_err());
    }

    #[test]
    fn floats_have_six_digits_or_a_power_of_ten() {
        for (number, expected) in [
            (0.1, "0.1"),
            (1.0, "1"),
            (123_456.0, "123456"),
            (1_234_567.0, "1.23457e+006"),
            (0.000_012_5, "1.25e-005"),
            (-2.5, "-2.5"),
            (1e20, "1e+020"),
        ] {
            assert_eq!(float(number, 0).unwrap(), expected);
        }
        assert_eq!(float(1.5, 1).unwrap(), "1.5000000e+000");
        assert_eq!(float(0.1, 2).unwrap(), "1.000000000000000e-001");
    }
}
