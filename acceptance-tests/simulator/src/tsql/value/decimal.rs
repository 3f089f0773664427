//! Exact decimals: reading, rounding, arithmetic, and the precision and scale of results.
//!
//! SQLite has no decimals. A value of type numeric is a whole number where it is one, else a float as long as a float holds
//! all its digits, else text; every step between is exact. Source: learn.microsoft.com "Precision, scale, and length",
//! "decimal and numeric", "CAST and CONVERT" (rounding).

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

/// Largest whole number up to which a float holds all.
const EXACT: u128 = 1 << 53;

/// `digits / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    digits: i128,
    scale: u8,
}

fn power(exponent: u8) -> Option<i128> {
    10_i128.checked_pow(exponent.into())
}

impl Decimal {
    /// A value of a type of numbers, exactly; nothing for NULL, for what is no number, and for a float, which has no scale.
    pub(crate) fn of(value: &Value, data_type: Type) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(Self { digits: (*number).into(), scale: 0 }),
            Value::Text(text) => Self::parse(text),
            Value::Real(number) => {
                let Type::Numeric(_, scale) = data_type else { return None };
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
        let Type::Numeric(precision, scale) = to else { return Ok(Value::Null) };
        let overflow = || raise!(8115, what, "numeric");
        let number =
            self.scaled(scale, false).filter(|number| number.fits(precision)).ok_or_else(overflow)?;
        if scale == 0
            && let Ok(whole) = i64::try_from(number.digits)
        {
            return Ok(Value::Integer(whole));
        }
        if number.digits.unsigned_abs() > EXACT {
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
        Some(if self.digits < 0 {
            let flipped = text.chars().map(|digit| char::from(b'9' - (digit as u8 - b'0')));
            format!("0{}", flipped.collect::<String>())
        } else {
            format!("1{text}")
        })
    }

    /// The whole part.
    pub(crate) fn whole(self) -> Option<i64> {
        self.scaled(0, true).and_then(|number| i64::try_from(number.digits).ok())
    }

    /// `left operator right`, the operators being those of `f_arith`, with digits to spare where that is a quotient.
    ///
    /// # Errors
    /// 8134, and 8115 where it has too many digits on the way.
    pub(crate) fn calculated(operator: i64, left: Self, right: Self, to: Type) -> Result<Self, SqlError> {
        let overflow = || error::overflow("numeric");
        let Type::Numeric(_, wanted) = to else { return Err(overflow()) };
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
            2 => left
                .digits
                .checked_mul(right.digits)
                .map(|digits| Self { digits, scale: left.scale + right.scale }),
            // A quotient is cut, not rounded.
            3 => i32::from(wanted).checked_add(i32::from(right.scale)).and_then(|exponent| {
                let shift = exponent - i32::from(left.scale);
                let unit = power(u8::try_from(shift.unsigned_abs()).ok()?)?;
                let digits = if shift < 0 {
                    left.digits.checked_div(right.digits)?.checked_div(unit)?
                } else {
                    left.digits.checked_mul(unit)?.checked_div(right.digits)?
                };
                Some(Self { digits, scale: wanted })
            }),
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
        Type::Numeric(precision, scale) => (precision, scale),
        Type::Bit | Type::Null => (1, 0),
        Type::TinyInt => (3, 0),
        Type::SmallInt => (5, 0),
        Type::BigInt => (19, 0),
        _ => (10, 0),
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
    }
}
