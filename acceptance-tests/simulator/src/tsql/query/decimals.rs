//! Functions of decimals, exact to the last digit.

use rusqlite::types::Value;

use super::super::error::{self, SqlError};
use super::super::value::Type;
use super::super::value::decimal::Decimal;
use super::scalar::Runtime;

/// Operator, numbers of the types of result, left and right, left, right.
pub(super) fn arithmetic(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Integer(operator), to, left_type, right_type, left, right] = arguments else {
        return Ok(Value::Null);
    };
    let to = runtime.data_type(Some(to));
    let operand = |value: &Value, number| Decimal::of(value, runtime.data_type(Some(number)));
    match (operand(left, left_type), operand(right, right_type)) {
        (Some(left), Some(right)) => {
            Decimal::calculated(*operator, left, right, to)?.into_value(to, "expression")
        }
        _ => Ok(Value::Null),
    }
}

/// Number of the type, value: text that sorts as decimals do.
pub(super) fn key(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [number, value] = arguments else { return Ok(Value::Null) };
    let found = Decimal::of(value, runtime.data_type(Some(number))).and_then(Decimal::key);
    Ok(found.map_or(Value::Null, Value::Text))
}

/// Number of the sum's type, and the sum as SQLite has it: without what floats add to it.
pub(super) fn sum(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [number, value] = arguments else { return Ok(Value::Null) };
    let to = runtime.data_type(Some(number));
    let Type::Numeric(_, scale) = to else { return Ok(value.clone()) };
    match value {
        Value::Real(sum) if (sum * 10_f64.powi(scale.into())).abs() > 9.0e15 => {
            Err(error::not_modelled("sums of decimals of more than 15 digits"))
        }
        Value::Null => Ok(Value::Null),
        other => Decimal::of(other, to).map_or(Ok(Value::Null), |sum| sum.into_value(to, "expression")),
    }
}

/// What it is (1 ABS, 2 SIGN, 3 CEILING, 4 FLOOR, 5 ROUND), numbers of the types of value and result, value, digits, whether
/// to cut.
pub(super) fn function(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [Value::Integer(what), from, to, value, rest @ ..] = arguments else { return Ok(Value::Null) };
    let (from, to) = (runtime.data_type(Some(from)), runtime.data_type(Some(to)));
    let Some(number) = Decimal::of(value, from) else { return Ok(Value::Null) };
    let cut = matches!(rest.get(1), Some(Value::Integer(mode)) if *mode != 0);
    let result = match (what, rest.first()) {
        (1, _) => Some(number.absolute()),
        (2, _) => Some(number.sign()),
        (3, _) => number.toward(1),
        (4, _) => number.toward(-1),
        (_, Some(Value::Integer(digits))) => number.rounded(*digits, cut),
        _ => return Ok(Value::Null),
    };
    result.ok_or_else(|| error::overflow("numeric"))?.into_value(to, "expression")
}
