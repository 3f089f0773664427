//! Conditions: text of SQLite's own three-valued logic, over values converted to what the server compares.

use sqlparser::ast::{BinaryOperator as Op, Expr, Query, UnaryOperator};

use super::super::error::{self, SqlError};
use super::super::parser::is_condition;
use super::super::value::{Family, Type};
use super::expression::collation_number;
use super::{Compiler, Lowered, collated, general_type, is_long_decimal};

impl Compiler<'_> {
    /// Binds a condition.
    ///
    /// # Errors
    /// 4145 for a value, and those of [`Self::expression`].
    pub(super) fn condition(&mut self, expression: &Expr) -> Result<String, SqlError> {
        match expression {
            Expr::Nested(inner) => Ok(format!("({})", self.condition(inner)?)),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(format!("NOT ({})", self.condition(expr)?)),
            Expr::BinaryOp { left, op: op @ (Op::And | Op::Or), right } => {
                let (left, right) = (self.condition(left)?, self.condition(right)?);
                Ok(format!("({left} {} {right})", if *op == Op::And { "AND" } else { "OR" }))
            }
            Expr::BinaryOp { left, op, right } if is_condition(expression) => {
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                self.compare(left, comparison(op)?, right)
            }
            Expr::IsNull(inner) => Ok(format!("{} IS NULL", self.expression(inner)?.text)),
            Expr::IsNotNull(inner) => Ok(format!("{} IS NOT NULL", self.expression(inner)?.text)),
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                // Came with SQL Server 2022.
                if self.names.around().version() < 16 {
                    return Err(error::syntax("DISTINCT", true, 0));
                }
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                let word = if matches!(expression, Expr::IsDistinctFrom(..)) { "IS NOT" } else { "IS" };
                self.compare(left, word, right)
            }
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Expr::InSubquery { expr, subquery, negated } => self.in_subquery(expr, subquery, *negated),
            Expr::Between { expr, negated, low, high } => {
                let value = self.expression(expr)?;
                let (low, high) = (self.expression(low)?, self.expression(high)?);
                let (low, high) = (self.compare(value.clone(), ">=", low)?, self.compare(value, "<=", high)?);
                Ok(format!("{}({low} AND {high})", if *negated { "NOT " } else { "" }))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_deref(), *negated)
            }
            Expr::Exists { subquery, negated } => {
                let (text, _) = self.query(subquery)?;
                Ok(format!("{}EXISTS ({text})", if *negated { "NOT " } else { "" }))
            }
            Expr::AnyOp { left, compare_op, right, .. } => {
                self.quantified(left, comparison(compare_op)?, right, "ANY")
            }
            // True of all unless its opposite is true of any.
            Expr::AllOp { left, compare_op, right } => {
                let any = self.quantified(left, opposite(compare_op)?, right, "ALL")?;
                Ok(format!("NOT ({any})"))
            }
            _ => {
                self.expression(expression)?;
                Err(error::condition_expected(&last_word(expression), 0))
            }
        }
    }

    /// `left operator right`, converted to what the server compares.
    pub(super) fn compare(
        &mut self,
        left: Lowered,
        operator: &str,
        right: Lowered,
    ) -> Result<String, SqlError> {
        // Where order counts, the lengths of the other side do not.
        let ordered = operator.contains(['<', '>']) && operator != "<>";
        let narrowed: fn(Type) -> Type = if ordered { general_type } else { |own| own };
        self.deduce_both(&left, &right, narrowed);
        let collation = left.collation.or(right.collation);
        let (left, right) = self.comparable(left, right)?;
        let (left, right) = (Lowered { collation, ..left }, Lowered { collation, ..right });
        Ok(format!("{} {operator} {}", collated(&left), collated(&right)))
    }

    fn comparable(&mut self, left: Lowered, right: Lowered) -> Result<(Lowered, Lowered), SqlError> {
        let (one, other) = (left.data_type.family(), right.data_type.family());
        let untouched = [one, other].iter().any(|family| matches!(family, Family::Null | Family::Variant));
        if !untouched && one == other && one == Family::Number {
            return Ok(self.comparable_numbers(left, right));
        }
        if untouched || (one == other && one != Family::Moment) {
            return Ok((left, right));
        }
        let common = left.data_type.common(right.data_type);
        Ok((self.converted(left, common), self.converted(right, common)))
    }

    /// Decimals that a float may not hold compare by a text that sorts as they do.
    fn comparable_numbers(&mut self, left: Lowered, right: Lowered) -> (Lowered, Lowered) {
        let types = [left.data_type, right.data_type];
        if !types.iter().any(|one| is_long_decimal(*one)) {
            return (left, right);
        }
        if types.iter().any(|one| matches!(one, Type::Float | Type::Real)) {
            return (self.converted(left, Type::Float), self.converted(right, Type::Float));
        }
        let mut keys = [left, right].map(|one| {
            let number = self.type_number(one.data_type).to_string();
            let text = self.call("decimal_key", &[&number, &one.text]);
            Lowered { text, data_type: Type::VarBinary(None), ..one }
        });
        keys.reverse();
        let [right, left] = keys;
        (left, right)
    }

    fn in_list(&mut self, value: &Expr, list: &[Expr], negated: bool) -> Result<String, SqlError> {
        let value = self.expression(value)?;
        let mut items = Vec::new();
        for item in list {
            let item = self.expression(item)?;
            self.deduce_both(&value, &item, |own| own);
            items.push(item);
        }
        let families =
            items.iter().map(|item| item.data_type.family()).filter(|family| *family != Family::Null);
        let long = |one: &Lowered| is_long_decimal(one.data_type);
        let plain = !long(&value) && !items.iter().any(long);
        let same = plain && { families }
            .all(|family| family == value.data_type.family() && family != Family::Moment);
        let not = if negated { "NOT " } else { "" };
        if same {
            let texts: Vec<String> = items.into_iter().map(|item| item.text).collect();
            return Ok(format!("{} {not}IN ({})", collated(&value), texts.join(", ")));
        }
        let mut alternatives = Vec::new();
        for item in items {
            alternatives.push(self.compare(value.clone(), "=", item)?);
        }
        Ok(format!("{not}({})", alternatives.join(" OR ")))
    }

    fn in_subquery(&mut self, value: &Expr, query: &Query, negated: bool) -> Result<String, SqlError> {
        let value = self.expression(value)?;
        let (text, columns) = self.query(query)?;
        let [column] = columns.as_slice() else { return Err(error::subquery_columns()) };
        let (value, found) = self.comparable(value, Lowered::new("c0", column.data_type))?;
        let not = if negated { "NOT " } else { "" };
        Ok(format!("{} {not}IN (SELECT {} FROM ({text}))", collated(&value), found.text))
    }

    /// `left operator ANY (query)`, with the three values of logic.
    fn quantified(
        &mut self,
        left: &Expr,
        operator: &str,
        right: &Expr,
        word: &str,
    ) -> Result<String, SqlError> {
        let Expr::Subquery(query) = right else { return Err(error::syntax(word, true, 0)) };
        let left = self.expression(left)?;
        let (text, columns) = self.query(query)?;
        let [column] = columns.as_slice() else { return Err(error::subquery_columns()) };
        let compared = self.compare(left, operator, Lowered::new("c0", column.data_type))?;
        Ok(format!(
            "CASE WHEN EXISTS (SELECT 1 FROM ({text}) WHERE {compared}) THEN 1 \
             WHEN EXISTS (SELECT 1 FROM ({text}) WHERE ({compared}) IS NULL) THEN NULL ELSE 0 END"
        ))
    }

    fn like(
        &mut self,
        value: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        negated: bool,
    ) -> Result<String, SqlError> {
        let (value, pattern) = (self.expression(value)?, self.expression(pattern)?);
        self.deduce_both(&value, &pattern, general_type);
        let collation =
            value.collation.or(pattern.collation).unwrap_or_else(|| self.names.around().collation());
        let (value, pattern) = (self.as_text(value), self.as_text(pattern));
        let escape = match escape {
            Some(escape) => self.expression(escape)?.text,
            None => "''".to_owned(),
        };
        let collation = collation_number(collation);
        let text = self.call("like", &[&value.text, &pattern.text, &escape, collation]);
        Ok(format!("{}{text}", if negated { "NOT " } else { "" }))
    }
}

fn opposite(operator: &Op) -> Result<&'static str, SqlError> {
    Ok(match comparison(operator)? {
        "=" => "<>",
        "<>" => "=",
        "<" => ">=",
        "<=" => ">",
        ">" => "<=",
        _ => "<",
    })
}

fn comparison(operator: &Op) -> Result<&'static str, SqlError> {
    Ok(match operator {
        Op::Eq => "=",
        Op::NotEq => "<>",
        Op::Lt => "<",
        Op::LtEq => "<=",
        Op::Gt => ">",
        Op::GtEq => ">=",
        other => return Err(error::syntax(&other.to_string(), false, 0)),
    })
}

/// The word near which the server finds a condition where a value belongs.
pub(super) fn operator_of(expression: &Expr) -> &'static str {
    match expression {
        Expr::BinaryOp { op, .. } => comparison(op).unwrap_or("AND"),
        Expr::IsNull(_) | Expr::IsNotNull(_) => "IS",
        Expr::InList { .. } | Expr::InSubquery { .. } => "IN",
        Expr::Between { .. } => "BETWEEN",
        Expr::Like { .. } => "LIKE",
        _ => "EXISTS",
    }
}

fn last_word(expression: &Expr) -> String {
    let text = expression.to_string();
    text.rsplit([' ', '.']).next().unwrap_or_default().to_owned()
}
