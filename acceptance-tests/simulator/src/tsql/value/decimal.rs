//! Exact decimals: reading, rounding, arithmetic, and the precision and scale of results.
//!
//! SQLite has no decimals. A value of type numeric is a whole number where it is one, else a float as long as a float holds
//! all its digits, else text; every step between is exact. Of two values of one type the same form means the same number, so
//! SQLite may compare for equality what it holds; for order there is [`Decimal::key`]. Source: learn.microsoft.com
//! "Precision, scale, and length", "decimal and numeric", "CAST and CONVERT" (rounding).

use rusqlite::types::Value;

use super::super::error::{self, SqlError, raise};
use super::Type;

/// Digits that a numeric has at most.
pub(crate) const MOST: u8 = 38;

/// Bytes that a value of a precision takes. ["decimal and numeric"]
pub(crate) fn bytes(precision: u8) -> u8 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

/// Digits that a float holds wherever the point is.
pub(crate) const IN_FLOAT: u8 = 15;

const EXACT: u128 = 10_u128.pow(IN_FLOAT as u32);

/// `digits / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    digits: i128,
    scale: u8,
}

/// Each digit by what it lacks of nine.
fn flipped(digits: &str) -> String {
    digits.bytes().map(|digit| char::from(b'9' - digit.saturating_sub(b'0').min(9))).collect()
}

fn power(exponent: u8) -> Option<i128> {
    10_i128.checked_pow(exponent.into())
}

/// `left * right / unit`, cut, and what is left over; nothing where that has too many digits.
fn multiplied_and_divided(left: u128, right: u128, unit: u128) -> Option<(u128, u128)> {
    let (whole, part) = (right.checked_div(unit)?, right.checked_rem(unit)?);
    let (mut quotient, mut rest) = (0_u128, 0_u128);
    // Bit by bit, so that no product is ever longer than its parts.
    for bit in (0..u128::BITS - left.leading_zeros()).rev() {
        let one = (left >> bit) & 1;
        let sum = rest.checked_mul(2)?;
        quotient = quotient.checked_mul(2)?.checked_add(sum / unit)?.checked_add(one * whole)?;
        let sum = (sum % unit).checked_add(one * part)?;
        quotient = quotient.checked_add(sum / unit)?;
        rest = sum % unit;
    }
    Some((quotient, rest))
}

impl Decimal {
    /// `digits / 10^scale`.
    pub(crate) fn new(digits: i128, scale: u8) -> Self {
        Self { digits, scale }
    }

    /// Without its point, at a scale.
    pub(crate) fn unscaled(self, scale: u8) -> Option<i128> {
        self.scaled(scale, false).map(|number| number.digits)
    }

    /// The sum of numbers as [`Display`](std::fmt::Display) writes them, with commas between.
    ///
    /// # Errors
    /// 8115 as soon as it has more digits than a numeric.
    pub(crate) fn sum_of(list: &str) -> Result<Self, SqlError> {
        let overflow = || error::overflow("numeric");
        list.split(',').try_fold(Self { digits: 0, scale: 0 }, |sum, text| {
            let next = Self::parse(text).ok_or_else(overflow)?;
            let (left, right) = (sum.unscaled(next.scale), next.digits);
            let digits = left.and_then(|left| left.checked_add(right)).ok_or_else(overflow)?;
            Some(Self { digits, ..next }).filter(|sum| sum.fits(MOST)).ok_or_else(overflow)
        })
    }

    /// A value of a type of numbers, exactly; nothing for NULL, for what is no number, and for a float, which has no scale.
    pub(crate) fn of(value: &Value, data_type: Type) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(Self { digits: (*number).into(), scale: 0 }),
            Value::Text(text) => Self::parse(text),
            Value::Real(number) => {
                let (_, scale) = data_type.decimal()?;
                Self::of_float(*number, scale)
            }
            Value::Null | Value::Blob(_) => None,
        }
    }

    /// A float, rounded.
    pub(crate) fn of_float(number: f64, scale: u8) -> Option<Self> {
        let scaled = (number * 10_f64.powi(scale.into())).round();
        #[expect(clippy::cast_possible_truncation, reason = "bounds are checked")]
        let digits = (scaled.abs() < 1e38).then_some(scaled as i128)?;
        Some(Self { digits, scale })
    }

    /// Reads `-12.50`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        // More digits behind the point than a numeric has do not count.
        let fraction = fraction.get(..usize::from(MOST)).unwrap_or(fraction);
        let number: i128 = format!("0{whole}{fraction}").parse().ok()?;
        let scale = u8::try_from(fraction.len()).ok()?;
        Some(Self { digits: if negative { -number } else { number }, scale })
    }

    /// With that scale; digits that go are rounded, half away from zero, or cut.
    pub(crate) fn scaled(self, scale: u8, cut: bool) -> Option<Self> {
        if scale >= self.scale {
            let digits = self.digits.checked_mul(power(scale - self.scale)?)?;
            return Some(Self { digits, scale });
        }
        let unit = power(self.scale - scale)?;
        let (quotient, rest) = (self.digits / unit, self.digits % unit);
        let up = !cut && rest.unsigned_abs() * 2 >= unit.unsigned_abs();
        Some(Self { digits: if up { quotient + self.digits.signum() } else { quotient }, scale })
    }

    /// Whether it has no more digits than a type's precision.
    fn fits(self, precision: u8) -> bool {
        power(precision.min(MOST)).is_some_and(|most| self.digits.unsigned_abs() < most.unsigned_abs())
    }

    /// As a value of a type.
    ///
    /// # Errors
    /// 8115 where it has more digits than the type.
    pub(crate) fn into_value(self, to: Type, what: &str) -> Result<Value, SqlError> {
        let Some((precision, scale)) = to.decimal() else { return Ok(Value::Null) };
        let fits = |number: &Self| match to {
            Type::Money => i64::try_from(number.digits).is_ok(),
            Type::SmallMoney => i32::try_from(number.digits).is_ok(),
            _ => number.fits(precision),
        };
        let overflow = || raise!(8115, what, to.base_name());
        let number = self.scaled(scale, false).filter(fits).ok_or_else(overflow)?;
        if scale == 0
            && let Ok(whole) = i64::try_from(number.digits)
        {
            return Ok(Value::Integer(whole));
        }
        if number.digits.unsigned_abs() >= EXACT {
            return Ok(Value::Text(number.to_string()));
        }
        #[expect(clippy::cast_precision_loss, reason = "bounds are checked")]
        let float = number.digits as f64 / 10_f64.powi(scale.into());
        Ok(Value::Real(float))
    }

    pub(crate) fn absolute(self) -> Self {
        Self { digits: self.digits.abs(), ..self }
    }

    pub(crate) fn sign(self) -> Self {
        Self { digits: self.digits.signum(), scale: 0 }
    }

    /// The next whole number in that direction, unless it is one.
    pub(crate) fn toward(self, direction: i128) -> Option<Self> {
        let cut = self.scaled(0, true)?;
        let is_whole = cut.scaled(self.scale, true)? == self;
        let away = !is_whole && self.digits.signum() == direction;
        Some(Self { digits: if away { cut.digits + direction } else { cut.digits }, scale: 0 })
    }

    /// To so many digits behind the point, or before it.
    pub(crate) fn rounded(self, digits: i64, cut: bool) -> Option<Self> {
        match u8::try_from(digits) {
            Ok(digits) if digits >= self.scale => Some(self),
            Ok(digits) => self.scaled(digits, cut),
            Err(_) if digits > 0 => Some(self),
            Err(_) => {
                let Some(unit) = u8::try_from(-digits).ok().and_then(power) else {
                    return Some(Self { digits: 0, scale: 0 });
                };
                let number = self.scaled(0, true)?;
                let half = if cut { 0 } else { unit / 2 * number.digits.signum() };
                Some(Self { digits: (number.digits.checked_add(half)?) / unit * unit, scale: 0 })
            }
        }
    }

    pub(crate) fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// Text that sorts as the number does.
    pub(crate) fn key(self) -> Option<String> {
        let magnitude = |number: Self| {
            let digits = format!("{:0>77}", number.digits.unsigned_abs());
            let (whole, fraction) = digits.split_at_checked(77 - usize::from(number.scale))?;
            Some(format!("{whole:0>77}{fraction:0<38}"))
        };
        let text = magnitude(self)?;
        Some(if self.digits < 0 { format!("0{}", flipped(&text)) } else { format!("1{text}") })
    }

    /// The number that a [`Self::key`] was made of, at a scale.
    pub(crate) fn of_key(key: &str, scale: u8) -> Option<Self> {
        let (sign, digits) = key.split_at_checked(1)?;
        let digits = if sign == "0" { flipped(digits) } else { digits.to_owned() };
        let kept = digits.len().checked_sub(usize::from(MOST - scale.min(MOST)))?;
        let number: i128 = digits.get(..kept)?.parse().ok()?;
        Some(Self { digits: if sign == "0" { -number } else { number }, scale })
    }

    /// The whole part.
    pub(crate) fn whole(self) -> Option<i64> {
        self.scaled(0, true).and_then(|number| i64::try_from(number.digits).ok())
    }

    /// A product, rounded to a scale where it has more digits behind the point.
    fn multiplied(self, other: Self, wanted: u8) -> Option<Self> {
        let scale = self.scale + other.scale;
        let unit = power(scale.saturating_sub(wanted))?.unsigned_abs();
        let (left, right) = (self.digits.unsigned_abs(), other.digits.unsigned_abs());
        let (quotient, rest) = multiplied_and_divided(left, right, unit)?;
        let rounded = quotient.checked_add(u128::from(rest >= unit - rest && rest > 0))?;
        let digits = i128::try_from(rounded).ok()? * self.digits.signum() * other.digits.signum();
        Some(Self { digits, scale: scale.min(wanted) })
    }

    /// A quotient, which is cut to a scale, not rounded.
    fn divided(self, other: Self, wanted: u8) -> Option<Self> {
        let shift = i32::from(wanted) + i32::from(other.scale) - i32::from(self.scale);
        let unit = power(u8::try_from(shift.unsigned_abs()).ok()?)?;
        let quotient = if shift < 0 {
            self.digits.checked_div(other.digits)?.checked_div(unit)?
        } else {
            let parts = [self.digits, unit, other.digits].map(i128::unsigned_abs);
            let [left, right, divisor] = parts;
            let (quotient, _) = multiplied_and_divided(left, right, divisor)?;
            i128::try_from(quotient).ok()? * self.digits.signum() * other.digits.signum()
        };
        Some(Self { digits: quotient, scale: wanted })
    }

    /// `left operator right`, the operators being those of `f_arith`, with digits to spare where that is a quotient.
    ///
    /// # Errors
    /// 8134, and 8115 where it has too many digits on the way.
    pub(crate) fn calculated(operator: i64, left: Self, right: Self, to: Type) -> Result<Self, SqlError> {
        let overflow = || error::overflow("numeric");
        let (_, wanted) = to.decimal().ok_or_else(overflow)?;
        let scale = left.scale.max(right.scale);
        let same = || Some((left.scaled(scale, false)?.digits, right.scaled(scale, false)?.digits));
        if matches!(operator, 3 | 4) && right.digits == 0 {
            return Err(error::divide_by_zero());
        }
        let result = match operator {
            0 => {
                same().and_then(|(left, right)| left.checked_add(right)).map(|digits| Self { digits, scale })
            }
            1 => {
                same().and_then(|(left, right)| left.checked_sub(right)).map(|digits| Self { digits, scale })
            }
            2 => left.multiplied(right, wanted),
            3 => left.divided(right, wanted),
            _ => {
                same().and_then(|(left, right)| left.checked_rem(right)).map(|digits| Self { digits, scale })
            }
        };
        result.ok_or_else(overflow)
    }
}

/// With all digits of its scale.
impl std::fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.digits.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
        if fraction.is_empty() {
            write!(formatter, "{sign}{whole}")
        } else {
            write!(formatter, "{sign}{whole}.{fraction}")
        }
    }
}

/// Precision and scale of a number's type where it meets a numeric.
pub(crate) fn as_numeric(data_type: Type) -> (u8, u8) {
    match data_type {
        Type::Bit | Type::Null => (1, 0),
        Type::TinyInt => (3, 0),
        Type::SmallInt => (5, 0),
        Type::BigInt => (19, 0),
        other => other.decimal().unwrap_or((10, 0)),
    }
}

/// The type that holds values of both. [learn.microsoft.com: "Precision, scale, and length", UNION and its kin]
pub(crate) fn common(left: Type, right: Type) -> Type {
    let ((p1, s1), (p2, s2)) = (as_numeric(left), as_numeric(right));
    let scale = s1.max(s2);
    let whole = (p1 - s1.min(p1)).max(p2 - s2.min(p2));
    Type::Numeric((whole + scale).min(MOST), scale)
}

/// The type of a result of `f_arith`'s operators.
pub(crate) fn result(operator: i64, left: Type, right: Type) -> Type {
    let ((p1, s1), (p2, s2)) = (as_numeric(left), as_numeric(right));
    let (p1, s1, p2, s2) = (i32::from(p1), i32::from(s1), i32::from(p2), i32::from(s2));
    let most = i32::from(MOST);
    let (precision, scale) = match operator {
        0 | 1 => (s1.max(s2) + (p1 - s1).max(p2 - s2) + 1, s1.max(s2)),
        2 => (p1 + p2 + 1, s1 + s2),
        3 => {
            let scale = 6.max(s1 + p2 + 1);
            (p1 - s1 + s2 + scale, scale)
        }
        _ => ((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
    };
    let (precision, scale) = match precision - scale {
        _ if precision <= most => (precision, scale),
        // Sums keep their whole part; products and quotients keep six digits behind the point if they have them.
        _ if matches!(operator, 0 | 1) => (most, scale.min(most - (p1 - s1).max(p2 - s2))),
        whole if whole < 32 => (most, scale.min(most - whole)),
        _ => (most, scale.min(6)),
    };
    let byte = |number: i32| u8::try_from(number.max(0)).unwrap_or(MOST);
    Type::Numeric(byte(precision).max(1), byte(scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn digits_are_kept_rounded_and_refused() {
        let fitted = |text: &str, precision, scale| {
            decimal(text).into_value(Type::Numeric(precision, scale), "numeric").map(|value| match value {
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => text,
                other => format!("{other:?}"),
            })
        };
        assert_eq!(fitted("1.005", 5, 2).unwrap(), "1.01");
        assert_eq!(fitted("-1.005", 5, 2).unwrap(), "-1.01");
        assert_eq!(fitted("999.995", 5, 2).unwrap_err().number, 8115);
        assert_eq!(fitted("0.5", 1, 0).unwrap(), "1");
        let long = "12345678901234567890.123456789";
        assert_eq!(fitted(long, 38, 9).unwrap(), long);
        assert_eq!(decimal("-0.05").to_string(), "-0.05");
        assert_eq!((Decimal::parse("1e3"), Decimal::parse(""), Decimal::parse(".")), (None, None, None));
    }

    #[test]
    fn results_have_the_types_of_the_documentation() {
        let numeric = Type::Numeric;
        for (operator, left, right, expected) in [
            (0, numeric(5, 2), numeric(4, 3), numeric(7, 3)),
            (2, numeric(5, 2), numeric(4, 3), numeric(10, 5)),
            (3, numeric(2, 1), numeric(1, 0), numeric(7, 6)),
            (3, numeric(10, 2), Type::Int, numeric(21, 13)),
            (4, numeric(5, 2), numeric(4, 3), numeric(4, 3)),
            (2, numeric(38, 10), numeric(38, 10), numeric(38, 6)),
            (0, numeric(38, 2), numeric(38, 4), numeric(38, 2)),
            (3, numeric(38, 10), numeric(38, 10), numeric(38, 6)),
        ] {
            assert_eq!(result(operator, left, right), expected, "{operator} {left} {right}");
        }
    }

    #[test]
    fn arithmetic_is_exact_and_quotients_are_cut() {
        let calculated = |operator, left: &str, right: &str, scale| {
            let to = Type::Numeric(38, scale);
            Decimal::calculated(operator, decimal(left), decimal(right), to).map(|number| number.to_string())
        };
        assert_eq!(calculated(0, "0.1", "0.2", 1).unwrap(), "0.3");
        assert_eq!(calculated(1, "1.00", "0.9", 2).unwrap(), "0.10");
        assert_eq!(calculated(2, "1.10", "1.1", 3).unwrap(), "1.210");
        assert_eq!(calculated(3, "2.0", "3", 6).unwrap(), "0.666666");
        assert_eq!(calculated(4, "5.5", "2", 1).unwrap(), "1.5");
        assert_eq!(calculated(3, "1", "0.0", 6).unwrap_err().number, 8134);
        // Longer on the way than at the end.
        let long = "1234567890123456789.1234567890123456789";
        assert_eq!(calculated(2, long, "10.0000000000000000000", 6).unwrap(), "12345678901234567891.234568");
        assert_eq!(calculated(2, long, "-0.5", 6).unwrap(), "-617283945061728394.561728");
        assert_eq!(calculated(3, long, "3.0000000000000000000", 6).unwrap(), "411522630041152263.041152");
        assert_eq!(calculated(2, long, "1000000000000000000000", 6).unwrap_err().number, 8115);
    }

    #[test]
    fn keys_sort_as_numbers_do_and_lead_back_to_them() {
        let texts = [
            "-99999999999999999999.5",
            "-2.00",
            "-1.5",
            "-0.0001",
            "0",
            "0.0001",
            "1.5",
            "20",
            "1234567890123456789.5",
        ];
        let keys: Vec<String> = texts.iter().map(|text| decimal(text).key().unwrap()).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        for (text, key) in texts.iter().zip(&keys) {
            let back = Decimal::of_key(key, 4).unwrap();
            assert_eq!(back, decimal(text).scaled(4, false).unwrap(), "{text}");
        }
    }

    #[test]
    fn no_two_numbers_are_one_float() {
        for (one, other) in
            [("900719925474099.3", "900719925474099.2"), ("9007199254740.993", "9007199254740.992")]
        {
            let forms = [one, other].map(|text| decimal(text).into_value(Type::Numeric(38, 3), "").unwrap());
            assert_ne!(forms[0], forms[1], "{one} {other}");
        }
    }
}
