//! Functions of decimals, exact to the last digit.

use rusqlite::types::Value;

use super::super::error::{self, SqlError};
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

/// Number of the type, and such a text: the decimal that it was made of.
pub(super) fn of_key(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [number, Value::Text(key)] = arguments else { return Ok(Value::Null) };
    let to = runtime.data_type(Some(number));
    let Some((_, scale)) = to.decimal() else { return Ok(Value::Null) };
    Decimal::of_key(key, scale).map_or(Ok(Value::Null), |found| found.into_value(to, "expression"))
}

/// Number of the type, value: its text, with all digits of the type's scale.
pub(super) fn text(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [number, value] = arguments else { return Ok(Value::Null) };
    let of = runtime.data_type(Some(number));
    let Some((_, scale)) = of.decimal() else { return Ok(Value::Null) };
    let found = Decimal::of(value, of).and_then(|found| found.scaled(scale, false));
    Ok(found.map_or(Value::Null, |found| Value::Text(found.to_string())))
}

/// Number of the sum's type, and the texts of what is summed, which `group_concat` put together: SQLite's own SUM has floats
/// alone beyond whole numbers.
pub(super) fn sum(runtime: &Runtime, arguments: &[Value]) -> Result<Value, SqlError> {
    let [number, Value::Text(texts)] = arguments else { return Ok(Value::Null) };
    Decimal::sum_of(texts)?.into_value(runtime.data_type(Some(number)), "expression")
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
