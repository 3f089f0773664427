//! UNION and its kin, VALUES, and the keys of ORDER BY.

use sqlparser::ast::{Expr, OrderByExpr, SetExpr, SetOperator, SetQuantifier, Value, Values};

use super::super::error::{self, SqlError};
use super::super::value::Type;
use super::select::is_variable;
use super::{Column, Compiler, Lowered, collated, is_long_decimal};

impl Compiler<'_> {
    /// UNION and its kin; ORDER BY there can only name columns of the result.
    pub(super) fn set_expression(&mut self, body: &SetExpr) -> Result<(String, Vec<Column>), SqlError> {
        match body {
            SetExpr::Select(select) => {
                let (text, columns) = self.select(select, &[], None)?;
                if select.top.is_some() {
                    Ok((format!("SELECT * FROM ({text})"), columns))
                } else {
                    Ok((text, columns))
                }
            }
            SetExpr::Query(query) => {
                let (text, columns) = self.query(query)?;
                Ok((format!("SELECT * FROM ({text})"), columns))
            }
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let (left_text, left_columns) = self.set_expression(left)?;
                let (right_text, right_columns) = self.set_expression(right)?;
                if left_columns.len() != right_columns.len() {
                    return Err(error::unequal_set_operands());
                }
                let all = *set_quantifier == SetQuantifier::All;
                let word = match (op, all) {
                    (SetOperator::Union, true) => "UNION ALL",
                    (SetOperator::Union, false) => "UNION",
                    (SetOperator::Intersect, false) => "INTERSECT",
                    (SetOperator::Except, false) => "EXCEPT",
                    _ => return Err(error::syntax("ALL", true, 0)),
                };
                let mut columns = Vec::new();
                let (mut left_items, mut right_items) = (Vec::new(), Vec::new());
                for (position, (left, right)) in left_columns.iter().zip(&right_columns).enumerate() {
                    let data_type = left.data_type.common(right.data_type);
                    for (column, items) in [(left, &mut left_items), (right, &mut right_items)] {
                        let lowered = Lowered::new(format!("c{position}"), column.data_type);
                        let lowered = self.converted(lowered, data_type);
                        items.push(format!("{} AS c{position}", collated(&lowered)));
                    }
                    let nullable = left.nullable || right.nullable;
                    columns.push(Column { name: left.name.clone(), data_type, nullable });
                }
                let text = format!(
                    "SELECT {} FROM ({left_text}) {word} SELECT {} FROM ({right_text})",
                    left_items.join(", "),
                    right_items.join(", ")
                );
                Ok((text, columns))
            }
            SetExpr::Values(values) => self.values(values),
            _ => Err(error::not_modelled("this form of query")),
        }
    }

    /// The rows of VALUES, which have to be of one width.
    pub(super) fn rows_of_values(&mut self, values: &Values) -> Result<Vec<Vec<Lowered>>, SqlError> {
        let mut rows: Vec<Vec<Lowered>> = Vec::new();
        for row in &values.rows {
            let mut lowered = Vec::new();
            for value in row.content.iter() {
                lowered.push(self.expression(value)?);
            }
            if rows.first().is_some_and(|first| first.len() != lowered.len()) {
                return Err(error::values_mismatch());
            }
            rows.push(lowered);
        }
        Ok(rows)
    }

    /// `VALUES (…), (…)`.
    fn values(&mut self, values: &Values) -> Result<(String, Vec<Column>), SqlError> {
        let rows = self.rows_of_values(values)?;
        let width = rows.first().map_or(0, Vec::len);
        let types: Vec<Type> = (0..width)
            .map(|position| {
                rows.iter()
                    .filter_map(|row| row.get(position))
                    .fold(Type::Null, |sum, each| sum.common(each.data_type))
            })
            .collect();
        let mut selects = Vec::new();
        for row in rows {
            let mut items = Vec::new();
            for (position, (value, data_type)) in row.into_iter().zip(&types).enumerate() {
                items.push(format!("{} AS c{position}", self.converted(value, *data_type).text));
            }
            selects.push(format!("SELECT {}", items.join(", ")));
        }
        let columns = types
            .into_iter()
            .map(|data_type| Column { name: String::new(), data_type, nullable: true })
            .collect();
        Ok((selects.join(" UNION ALL "), columns))
    }

    /// A key of ORDER BY. A name means a column of the result before one of a table.
    pub(super) fn order_key(
        &mut self,
        key: &OrderByExpr,
        items: &[Lowered],
        columns: &[Column],
    ) -> Result<String, SqlError> {
        let found = self.ordinal_of(&key.expr, columns)?;
        let text = match found.and_then(|place| Some((place, items.get(place)?))) {
            Some((_, item)) if is_long_decimal(item.data_type) => self.sorted(item),
            Some((place, item)) => collated(&Lowered { text: (place + 1).to_string(), ..item.clone() }),
            None => {
                let lowered = self.expression(&key.expr)?;
                self.sorted(&lowered)
            }
        };
        Ok(text + direction(key)?)
    }

    /// A key of ORDER BY behind UNION and its kin: a column of the result.
    pub(super) fn union_key(&mut self, key: &OrderByExpr, columns: &[Column]) -> Result<String, SqlError> {
        let place = self.ordinal_of(&key.expr, columns)?.ok_or_else(error::order_by_union)?;
        let data_type = columns.get(place).map_or(Type::Null, |column| column.data_type);
        Ok(self.sorted(&Lowered::new(format!("c{place}"), data_type)) + direction(key)?)
    }

    /// The place of that column, from 0.
    pub(super) fn ordinal_of(
        &self,
        expression: &Expr,
        columns: &[Column],
    ) -> Result<Option<usize>, SqlError> {
        Ok(match expression {
            Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => {
                    let position = digits.parse::<usize>().unwrap_or(0);
                    if position == 0 || position > columns.len() {
                        return Err(error::order_by_position(digits));
                    }
                    Some(position - 1)
                }
                _ => None,
            },
            Expr::Identifier(name) if !is_variable(name) => {
                let folded = self.fold(&name.value);
                columns.iter().position(|column| self.fold(&column.name) == folded)
            }
            _ => None,
        })
    }
}

pub(super) fn direction(key: &OrderByExpr) -> Result<&'static str, SqlError> {
    use sqlparser::ast::OrderBySort;
    if key.options.nulls_first.is_some() || key.with_fill.is_some() {
        return Err(error::syntax("NULLS", false, 0));
    }
    Ok(match &key.options.sort {
        None => "",
        Some(OrderBySort::Asc) => " ASC",
        Some(OrderBySort::Desc) => " DESC",
        Some(_) => return Err(error::syntax("USING", false, 0)),
    })
}
