//! Arithmetic by the types of T-SQL: whole numbers stay whole and overflow (8115), zero divides nothing (8134).

use rusqlite::types::Value;

use super::super::error::{self, SqlError, raise};
use super::super::value::Type;
use super::decimals;
use super::scalar::{Runtime, Scalar};

pub(super) fn find(name: &str) -> Option<Scalar> {
    let found: Scalar = match name {
        "arith" => arithmetic,
        "decimal" => decimals::arithmetic,
        "decimal_function" => decimals::function,
        "decimal_key" => decimals::key,
        "decimal_of_key" => decimals::of_key,
        "decimal_sum" => decimals::sum,
        "decimal_text" => decimals::text,
        "abs" => |_, values| whole_or_float(values, |number| number.checked_abs(), f64::abs),
        "sign" => |_, values| whole_or_float(values, |number| Some(number.signum()), sign),
        "ceiling" => |_, values| whole_or_float(values, Some, f64::ceil),
        "floor" => |_, values| whole_or_float(values, Some, f64::floor),
        "round" => round,
        "power" => power,
        "sqrt" => |_, values| whole_or_float(values, |_| None, f64::sqrt),
        "deviation" => deviation,
        "recursion" => recursion,
        "row_count" => row_count,
        "is_numeric" => is_numeric,
        _ => return None,
    };
    Some(found)
}

/// Operator, number of the result's type, left, right.
fn arithmetic(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Integer(operator), number, left, right] = arguments else { return Ok(Value::Null) };
    let data_type = runtime.data_type(Some(number));
    if matches!(left, Value::Null) || matches!(right, Value::Null) {
        return Ok(Value::Null);
    }
    let exact = match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => Some((*left, *right)),
        _ => None,
    };
    match (data_type, exact) {
        (Type::Float | Type::Real, _) | (_, None) => {
            float_arithmetic(*operator, float(left), float(right), data_type)
        }
        (_, Some((left, right))) => {
            let result = match operator {
                0 => left.checked_add(right),
                1 => left.checked_sub(right),
                2 => left.checked_mul(right),
                3 | 4 if right == 0 => return Err(error::divide_by_zero()),
                3 => left.checked_div(right),
                4 => left.checked_rem(right),
                5 => Some(left & right),
                6 => Some(left | right),
                _ => Some(left ^ right),
            };
            let overflow = || error::overflow(data_type.base_name());
            let result = result.ok_or_else(overflow)?;
            let fits = match data_type {
                Type::TinyInt => u8::try_from(result).is_ok(),
                Type::SmallInt => i16::try_from(result).is_ok(),
                Type::Int => i32::try_from(result).is_ok(),
                _ => true,
            };
            if !fits {
                return Err(overflow());
            }
            Ok(Value::Integer(if data_type == Type::Bit { i64::from(result & 1 != 0) } else { result }))
        }
    }
}

/// Kind (deviation of a sample, of all; variance of a sample, of all), sum of squares, sum, count.
fn deviation(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Integer(kind), squares, sum, Value::Integer(count)] = arguments else {
        return Ok(Value::Null);
    };
    let of_sample = kind % 2 == 0;
    if *count == 0 || (of_sample && *count == 1) {
        return Ok(Value::Null);
    }
    let (squares, sum, all) = (float(squares), float(sum), float(&Value::Integer(*count)));
    let divisor = if of_sample { all - 1.0 } else { all };
    // What rounding makes of equal values is no variance.
    let variance = ((squares - sum * sum / all) / divisor).max(0.0);
    Ok(Value::Real(if *kind < 2 { variance.sqrt() } else { variance }))
}

/// Of what (0 TOP, 1 OFFSET, 2 FETCH), and how many rows.
fn row_count(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    match arguments {
        [Value::Integer(0), Value::Integer(count)] if *count < 0 => Err(raise!(127)),
        [Value::Integer(1), Value::Integer(count)] if *count < 0 => Err(raise!(10742)),
        [Value::Integer(2), Value::Integer(count)] if *count <= 0 => Err(raise!(10744)),
        [Value::Integer(1), Value::Integer(count)] | [_, Value::Integer(count)] => Ok(Value::Integer(*count)),
        [Value::Integer(1), _] => Err(raise!(10743)),
        _ => Err(raise!(1060)),
    }
}

/// The depth of a row, and how deep it may be: the depth of the rows that it leads to.
fn recursion(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    match arguments {
        [Value::Integer(depth), Value::Integer(limit)] if *limit > 0 && depth >= limit => {
            Err(raise!(530, limit))
        }
        [Value::Integer(depth), _] => Ok(Value::Integer(depth.saturating_add(1))),
        _ => Ok(Value::Null),
    }
}

fn float_arithmetic(operator: i64, left: f64, right: f64, data_type: Type) -> Result<Value, SqlError> {
    let result = match operator {
        0 => left + right,
        1 => left - right,
        2 => left * right,
        3 | 4 if right == 0.0 => return Err(error::divide_by_zero()),
        3 => left / right,
        _ => left % right,
    };
    if result.is_finite() { Ok(Value::Real(result)) } else { Err(error::overflow(data_type.base_name())) }
}

fn whole_or_float(
    arguments: &[Value],
    whole: fn(i64) -> Option<i64>,
    real: fn(f64) -> f64,
) -> Result<Value, SqlError> {
    Ok(match arguments.first() {
        Some(Value::Integer(number)) => match whole(*number) {
            Some(result) => Value::Integer(result),
            None => Value::Real(real(float(&Value::Integer(*number)))),
        },
        None | Some(Value::Null) => Value::Null,
        Some(other) => Value::Real(real(float(other))),
    })
}

fn sign(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number.signum() }
}

fn round(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let (Some(value), Some(Value::Integer(digits))) = (arguments.first(), arguments.get(1)) else {
        return Ok(Value::Null);
    };
    let digits = i32::try_from(*digits).unwrap_or(0);
    let cut = matches!(arguments.get(2), Some(Value::Integer(mode)) if *mode != 0);
    Ok(match value {
        Value::Null => Value::Null,
        Value::Integer(number) if digits >= 0 => Value::Integer(*number),
        Value::Integer(number) => {
            let unit = 10_i64.checked_pow(digits.unsigned_abs()).unwrap_or(i64::MAX);
            let half = if cut { 0 } else { unit / 2 * number.signum() };
            Value::Integer(number.saturating_add(half) / unit * unit)
        }
        other if cut => {
            let unit = 10_f64.powi(digits);
            Value::Real((float(other) * unit).trunc() / unit)
        }
        other => Value::Real(rounded(float(other), digits)),
    })
}

fn power(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    Ok(match arguments {
        [Value::Null, _] | [_, Value::Null] => Value::Null,
        [base, exponent] => Value::Real(float(base).powf(float(exponent))),
        _ => Value::Null,
    })
}

fn is_numeric(_: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let numeric = match arguments.first() {
        Some(Value::Integer(_) | Value::Real(_)) => true,
        Some(Value::Text(text)) => {
            let text = text.trim();
            !text.is_empty() && !text.contains(['n', 'N', 'i', 'I']) && text.parse::<f64>().is_ok()
        }
        _ => false,
    };
    Ok(Value::Integer(i64::from(numeric)))
}

fn rounded(number: f64, digits: i32) -> f64 {
    let unit = 10_f64.powi(digits);
    let scaled = number * unit;
    // Beyond 2^53 there is no fraction to round.
    if scaled.abs() < 9.0e15 { scaled.round() / unit } else { number }
}

#[expect(clippy::cast_precision_loss, reason = "that is what float does")]
fn float(value: &Value) -> f64 {
    match value {
        Value::Integer(number) => *number as f64,
        Value::Real(number) => *number,
        Value::Text(text) => text.trim().parse().unwrap_or(0.0),
        Value::Null | Value::Blob(_) => 0.0,
    }
}
