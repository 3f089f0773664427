//! Values on their way into variables: which types go without a CONVERT, and `SET @v += e`.

use rusqlite::types::Value;
use sqlparser::ast::{BinaryOperator, Expr, Ident};

use super::super::error::{self, SqlError};
use super::super::query;
use super::super::value::{self, Family, Type};
use super::SqlSession;
use super::scope::Scope;

/// Whether a value of a type goes into another type by itself.
///
/// # Errors
/// 257 where CONVERT is needed, 206 where the two have nothing in common.
/// [learn.microsoft.com: "CAST and CONVERT", chart of conversions; a driver's report of what servers refuse]
pub(super) fn check(from: Type, to: Type) -> Result<(), SqlError> {
    let whole_days = |one: Type| matches!(one, Type::DateTime | Type::SmallDateTime);
    let refused = || Err(error::implicit_conversion(from, to));
    let clash = || Err(error::type_clash(from, to));
    match (from.family(), to.family()) {
        (one, other) if one == other => Ok(()),
        (Family::Null, _) | (_, Family::Variant | Family::Null) => Ok(()),
        (Family::Variant, _) | (Family::Text, Family::Binary) => refused(),
        (Family::Moment, Family::Number) if whole_days(from) => refused(),
        (Family::Moment, Family::Binary) => refused(),
        (Family::Number, Family::Moment) if whole_days(to) => Ok(()),
        (Family::Moment, Family::Number | Family::Guid)
        | (Family::Number, Family::Moment | Family::Guid)
        | (Family::Guid, Family::Number | Family::Moment) => clash(),
        _ => Ok(()),
    }
}

/// `@v + e` for `SET @v += e`.
pub(super) fn compound(name: &Ident, operator: &BinaryOperator, value: &Expr) -> Expr {
    Expr::BinaryOp {
        left: Box::new(Expr::Identifier(name.clone())),
        op: operator.clone(),
        right: Box::new(Expr::Nested(Box::new(value.clone()))),
    }
}

impl SqlSession {
    /// The scalar variable of the innermost frame.
    pub(super) fn scalar(&self, name: &str) -> Option<&(Type, Value)> {
        self.frames.last().and_then(|frame| frame.scalars.get(&self.fold(name)))
    }

    /// Gives a variable of the innermost frame a value.
    pub(super) fn assign(&mut self, name: &str, (from, value): (Type, Value)) -> Result<(), SqlError> {
        let folded = self.fold(name);
        let held = self.frames.last_mut().and_then(|frame| frame.scalars.get_mut(&folded));
        let held = held.ok_or_else(|| error::undeclared_variable(name))?;
        held.1 = value::convert(value, from, held.0, 0)?;
        Ok(())
    }

    pub(super) fn holds(&self, condition: &Expr) -> Result<bool, SqlError> {
        let scope = Scope(self);
        let plan = query::plan_condition(condition, &scope)?;
        Ok(query::evaluate(&plan, &scope)? == Value::Integer(1))
    }

    pub(super) fn typed(&self, expression: &Expr) -> Result<(Type, Value), SqlError> {
        let scope = Scope(self);
        let plan = query::plan_expression(expression, &scope)?;
        let data_type = plan.columns.first().map_or(Type::Null, |column| column.data_type);
        Ok((data_type, query::evaluate(&plan, &scope)?))
    }

    /// A whole number; nothing for NULL.
    pub(super) fn whole(&self, expression: &Expr) -> Result<Option<i64>, SqlError> {
        let (from, value) = self.typed(expression)?;
        Ok(match value::convert(value, from, Type::BigInt, 0)? {
            Value::Integer(number) => Some(number),
            _ => None,
        })
    }

    /// A text; nothing for NULL.
    pub(super) fn text(&self, expression: &Expr) -> Result<Option<String>, SqlError> {
        let (from, value) = self.typed(expression)?;
        Ok(match value::convert(value, from, Type::NVarChar(None), 0)? {
            Value::Text(text) => Some(text),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_by_itself_and_what_does_not() {
        let number = |from, to| check(from, to).err().map(|error| error.number);
        let text = Type::NVarChar(Some(10));
        assert_eq!(number(Type::Variant, Type::Int), Some(257));
        assert_eq!(number(Type::Int, Type::Variant), None);
        assert_eq!(number(text, Type::VarBinary(None)), Some(257));
        assert_eq!(number(text, Type::Int), None);
        assert_eq!(number(Type::DateTime, Type::Int), Some(257));
        assert_eq!(number(Type::Int, Type::DateTime), None);
        assert_eq!(number(Type::Int, Type::Date), Some(206));
        assert_eq!(number(Type::Null, Type::Date), None);
    }
}
