//! One form for each number, whatever spelling it came in.
//!
//! Terraform computes with 512-bit floats and sends a number as an integer, a double or decimal text, whichever
//! is exact. The same number must compare equal here however it came, and must leave without the loss of a
//! digit; hence decimal text beyond what 64 bits hold, and no arithmetic.

use std::fmt;

use super::value::Number;

/// Digits beyond which a number is refused. Terraform's own need some 160; an exponent such as `1e999999999`
/// would otherwise fill the memory.
const MOST_DIGITS: i64 = 20_000;

impl Number {
    /// Reads decimal text, with or without a fraction and an exponent. `None` when it is no number, or has more
    /// than 20,000 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if matches!(unsigned, "Inf" | "inf" | "Infinity") {
            return Some(Self::Infinity { negative });
        }
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let digits = [whole, fraction].concat();
        let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
        Self::from_digits(negative, digits, point)
    }

    /// The exact value of a double. `None` when it is not a number.
    pub fn from_f64(number: f64) -> Option<Self> {
        if number.is_nan() {
            None
        } else if number.is_infinite() {
            Some(Self::Infinity { negative: number < 0.0 })
        } else {
            // A double has at most 1074 binary, hence decimal, places: this is its exact expansion.
            Self::parse(&format!("{number:.1074}"))
        }
    }

    /// `digits` with the decimal point after the first `point` of them (which may lie outside of them).
    fn from_digits(negative: bool, digits: String, point: i64) -> Option<Self> {
        let significant = digits.trim_start_matches('0');
        let leading = i64::try_from(digits.len() - significant.len()).ok()?;
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Self::Signed(0));
        }
        let point = point.checked_sub(leading)?;
        let length = i64::try_from(significant.len()).ok()?;
        if point.unsigned_abs() > MOST_DIGITS.unsigned_abs() || length > MOST_DIGITS {
            return None;
        }
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        let plain = if point >= length {
            format!("{significant}{}", zeros(point - length))
        } else if point > 0 {
            let (whole, fraction) = significant.split_at(usize::try_from(point).ok()?);
            format!("{whole}.{fraction}")
        } else {
            format!("0.{}{significant}", zeros(-point))
        };
        let plain = if negative { format!("-{plain}") } else { plain };
        Some(match (plain.parse::<i64>(), plain.parse::<u64>()) {
            (Ok(number), _) => Self::Signed(number),
            (Err(_), Ok(number)) => Self::Unsigned(number),
            (Err(_), Err(_)) => Self::Decimal(plain),
        })
    }
}

/// As decimal text without exponent; `Inf` and `-Inf`.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(number) => write!(f, "{number}"),
            Self::Unsigned(number) => write!(f, "{number}"),
            Self::Decimal(text) => f.write_str(text),
            Self::Infinity { negative: false } => f.write_str("Inf"),
            Self::Infinity { negative: true } => f.write_str("-Inf"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_form_for_each_number() {
        let cases = [
            ("443", Number::Signed(443)),
            ("443.0", Number::Signed(443)),
            ("4.43e2", Number::Signed(443)),
            ("-0.0", Number::Signed(0)),
            ("0e5", Number::Signed(0)),
            ("0.00e-9223372036854775808", Number::Signed(0)),
            ("9223372036854775808", Number::Unsigned(1 << 63)),
            ("-9223372036854775808", Number::Signed(i64::MIN)),
            ("18446744073709551616", Number::Decimal("18446744073709551616".to_owned())),
            ("0.10", Number::Decimal("0.1".to_owned())),
            (".5", Number::Decimal("0.5".to_owned())),
            ("1E-3", Number::Decimal("0.001".to_owned())),
            ("-12.50", Number::Decimal("-12.5".to_owned())),
            ("-Inf", Number::Infinity { negative: true }),
        ];
        for (text, number) in cases {
            assert_eq!(Number::parse(text), Some(number), "{text}");
        }
        let huge = Number::parse("1e400").expect("a number");
        assert_eq!(huge.to_string().len(), 401);
    }

    #[test]
    fn what_is_no_number() {
        // An exponent at the end of what 64 bits hold.
        const LEAST: &str = "1e-9223372036854775808";
        for text in [
            "",
            "-",
            ".",
            "1.2.3",
            "0x10",
            "1e",
            "e5",
            "NaN",
            " 1",
            "1e999999999",
            "٣",
            LEAST,
            "-0.1e-9223372036854775808",
        ] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        assert_eq!(Number::from_f64(f64::NAN), None);
    }

    #[test]
    fn doubles_are_exact() {
        assert_eq!(Number::from_f64(3.5), Some(Number::Decimal("3.5".to_owned())));
        assert_eq!(Number::from_f64(-0.0), Some(Number::Signed(0)));
        let tenth = Number::from_f64(0.1).expect("a number").to_string();
        assert_eq!(tenth, "0.1000000000000000055511151231257827021181583404541015625");
        assert_eq!(Number::from_f64(1e300).expect("a number").to_string().len(), 301);
    }

    proptest! {
        #[test]
        fn text_of_a_double_reads_back(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            let exact = Number::from_f64(number).expect("finite");
            prop_assert_eq!(exact.to_string().parse::<f64>().expect("a double"), number);
            prop_assert_eq!(Number::parse(&exact.to_string()), Some(exact));
        }

        #[test]
        fn spelling_does_not_matter(number: i64, zeros in 0usize..5) {
            let text = format!("{number}.{}", "0".repeat(zeros + 1));
            prop_assert_eq!(Number::parse(&text), Some(Number::Signed(number)));
            prop_assert_eq!(Number::parse(&format!("{number}e{zeros}")).map(|n| n.to_string()),
                Some(if number == 0 { "0".to_owned() } else { format!("{number}{}", "0".repeat(zeros)) }));
        }
    }
}
