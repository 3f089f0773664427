//! Expressions and conditions.
//!
//! T-SQL keeps the two apart, and so does this: a value is a [`Lowered`] with its type, a condition only text whose
//! three-valued logic SQLite shares.

use rusqlite::types::Value as Stored;
use sqlparser::ast::{
    BinaryOperator as Op, CaseWhen, CastKind, DataType, Expr, Ident, Query, UnaryOperator, Value,
};

use super::super::error::{self, SqlError, raise};
use super::super::parser::is_condition;
use super::super::value::decimal::Decimal;
use super::super::value::{Family, Type, decimal};
use super::condition::operator_of;
use super::select::{is_variable, returns_one_row_at_most};
use super::{Compiler, Lowered, Parameter, ScopeColumn, functions, general_type};
use crate::world::collation::Collation;

/// Operators as `f_arith` knows them.
pub(super) const ADD: &str = "0";
pub(super) const SUBTRACT: &str = "1";
pub(super) const MULTIPLY: &str = "2";
pub(super) const DIVIDE: &str = "3";
const MODULO: &str = "4";
const BIT_AND: &str = "5";
const BIT_OR: &str = "6";
const BIT_XOR: &str = "7";

impl Compiler<'_> {
    /// Binds an expression.
    ///
    /// # Errors
    /// 207, 4104, 209, 195, 137, 402, 116 and what the parts raise.
    pub(super) fn expression(&mut self, expression: &Expr) -> Result<Lowered, SqlError> {
        if let Some(key) = self.grouping_key(expression)? {
            return Ok(key);
        }
        match expression {
            Expr::Nested(inner) => {
                let inner = self.expression(inner)?;
                Ok(Lowered { text: format!("({})", inner.text), ..inner })
            }
            Expr::Value(value) => self.literal_value(&value.value),
            Expr::Identifier(name) if is_variable(name) => self.variable(name),
            Expr::Identifier(name) => self.column(std::slice::from_ref(name)),
            Expr::CompoundIdentifier(parts) => self.column(parts),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { left, op, right } if !is_condition(expression) => {
                self.arithmetic(left, op, right)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Cast { kind, expr, data_type, format: None } => {
                let is_try = match kind {
                    CastKind::Cast => false,
                    CastKind::TryCast => true,
                    _ => return Err(error::syntax("::", false, 0)),
                };
                let value = self.expression(expr)?;
                let to = cast_type(data_type)?;
                Ok(self.cast(value, to, "0", is_try))
            }
            Expr::Convert { is_try, expr, data_type: Some(data_type), styles, .. } => {
                let value = self.expression(expr)?;
                let to = cast_type(data_type)?;
                let style = match styles.as_slice() {
                    [] => "0".to_owned(),
                    [style] => {
                        let style = self.expression(style)?;
                        self.converted(style, Type::Int).text
                    }
                    _ => return Err(error::argument_range("convert", 2, 3)),
                };
                Ok(self.cast(value, to, &style, *is_try))
            }
            Expr::Collate { expr, collation } => {
                let value = self.expression(expr)?;
                let name = collation.to_string();
                if !matches!(value.data_type.family(), Family::Text | Family::Null) {
                    return Err(raise!(447, value.data_type.base_name()));
                }
                let collation = match name.to_ascii_lowercase().as_str() {
                    "database_default" | "catalog_default" => self.names.around().collation(),
                    _ if !self.names.around().has_collation(&name) => return Err(raise!(448, name)),
                    _ => Collation::named(&name),
                };
                Ok(Lowered { collation: Some(collation), ..value })
            }
            Expr::AtTimeZone { .. } => Err(error::not_modelled("AT TIME ZONE")),
            Expr::Subquery(query) => self.scalar_subquery(query),
            Expr::Function(function) => self.function(function),
            Expr::Substring { expr, substring_from: Some(from), substring_for: Some(count), .. } => {
                self.known("SUBSTRING", &[expr, from, count])
            }
            Expr::Substring { .. } => Err(error::argument_count("substring", 3)),
            Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                self.known("TRIM", &[expr])
            }
            Expr::Floor { expr, .. } => self.known("FLOOR", &[expr]),
            Expr::Ceil { .. } => Err(error::unknown_function("CEIL")),
            _ if is_condition(expression) => Err(error::syntax(operator_of(expression), false, 0)),
            other => Err(error::not_modelled(&format!("the expression {other}"))),
        }
    }

    /// Text as it is, anything else as CAST to varchar makes it.
    pub(super) fn as_text(&mut self, value: Lowered) -> Lowered {
        match value.data_type.family() {
            Family::Text | Family::Null => value,
            Family::Variant => self.cast(value, Type::NVarChar(Some(4000)), "0", false),
            _ => self.cast(value, Type::VarChar(Some(8000)), "0", false),
        }
    }

    fn literal_value(&mut self, value: &Value) -> Result<Lowered, SqlError> {
        let lowered = match value {
            Value::Number(digits, _) => number(digits)?,
            Value::SingleQuotedString(text) => {
                let length = text_length(text, 8000);
                Lowered::new(self.literal(text), Type::VarChar(length))
            }
            Value::NationalStringLiteral(text) => {
                let length = text_length(text, 4000);
                Lowered::new(self.literal(text), Type::NVarChar(length))
            }
            Value::HexStringLiteral(digits) => {
                let bytes = super::super::parser::hex_bytes(digits);
                let length = u16::try_from(bytes.len()).ok().filter(|length| *length <= 8000);
                Lowered::new(format!("X'{}'", super::super::value::hex(&bytes)), Type::VarBinary(length))
            }
            Value::Null => return Ok(Lowered::new("NULL", Type::Null)),
            other => return Err(error::syntax(&other.to_string(), false, 0)),
        };
        Ok(Lowered { nullable: false, ..lowered })
    }

    fn variable(&mut self, name: &Ident) -> Result<Lowered, SqlError> {
        let name = &name.value;
        let declared = self.names.variable(name).or_else(|| functions::global(name));
        let data_type = match declared {
            Some(data_type) => data_type,
            None if self.names.deduces() && !name.starts_with("@@") => Type::Null,
            None => return Err(error::undeclared_variable(name)),
        };
        Ok(Lowered::new(self.parameter(Parameter::Variable(name.clone())), data_type))
    }

    /// What a name of one to four parts means, in the innermost select that knows it.
    fn column(&self, parts: &[Ident]) -> Result<Lowered, SqlError> {
        let Some((last, qualifiers)) = parts.split_last() else { return Err(error::empty_name(0)) };
        let folded = self.fold(&last.value);
        let qualifiers: Vec<String> = qualifiers.iter().rev().map(|part| self.fold(&part.value)).collect();
        let display = || parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        for scope in self.scopes.iter().rev() {
            let mut found: Option<(&ScopeColumn, &str)> = None;
            let mut knows_table = false;
            for table in &scope.tables {
                let named = match qualifiers.as_slice() {
                    [] => true,
                    [name] => *name == table.name,
                    [name, schema] => *name == table.name && table.schema.as_ref() == Some(schema),
                    [name, schema, database] => {
                        *name == table.name
                            && table.schema.as_ref() == Some(schema)
                            && table.database.as_ref() == Some(database)
                    }
                    _ => false,
                };
                if !named {
                    continue;
                }
                knows_table = true;
                if let Some(column) = table.columns.iter().find(|column| column.folded == folded) {
                    if found.is_some() {
                        return Err(error::ambiguous_column(&last.value));
                    }
                    found = Some((column, &table.display));
                }
            }
            if let Some((column, table)) = found {
                let loose = scope.grouped.as_ref().is_some_and(|keys| !keys.contains(&column.text));
                if loose && !scope.in_aggregate {
                    return Err(error::not_grouped(table, &column.name));
                }
                if !scope.in_aggregate && scope.totals.contains(&column.text) {
                    return Ok(Lowered {
                        collation: column.collation,
                        ..Lowered::new("NULL", column.data_type)
                    });
                }
                let lowered = Lowered::new(column.text.clone(), column.data_type);
                return Ok(Lowered { nullable: column.nullable, collation: column.collation, ..lowered });
            }
            if knows_table && !qualifiers.is_empty() {
                return Err(error::invalid_column(&last.value));
            }
        }
        if qualifiers.is_empty() {
            Err(error::invalid_column(&last.value))
        } else {
            Err(error::unbound_identifier(&display()))
        }
    }

    /// `GROUP BY f(x)` allows `f(x)` itself, though not `x`.
    fn grouping_key(&mut self, expression: &Expr) -> Result<Option<Lowered>, SqlError> {
        if matches!(expression, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_)) {
            return Ok(None);
        }
        let Some(scope) = self.scopes.last_mut() else { return Ok(None) };
        let keys = match &scope.grouped {
            Some(keys) if !scope.in_aggregate && keys.iter().any(|key| key.contains('(')) => keys.clone(),
            _ => return Ok(None),
        };
        scope.in_aggregate = true;
        let lowered = self.expression(expression);
        if let Some(scope) = self.scopes.last_mut() {
            scope.in_aggregate = false;
        }
        let found = lowered.ok().filter(|lowered| keys.contains(&lowered.text));
        let totals = self.scopes.last().map(|scope| scope.totals.as_slice()).unwrap_or_default();
        Ok(found.map(|found| match totals.contains(&found.text) {
            true => Lowered { text: "NULL".to_owned(), nullable: true, ..found },
            false => found,
        }))
    }

    fn unary(&mut self, operator: UnaryOperator, operand: &Expr) -> Result<Lowered, SqlError> {
        if operator == UnaryOperator::Not {
            return Err(error::syntax("NOT", true, 0));
        }
        let operand = self.expression(operand)?;
        let zero = Lowered { nullable: false, ..Lowered::new("0", Type::Null) };
        match operator {
            UnaryOperator::Plus => Ok(operand),
            UnaryOperator::Minus => {
                let negative = operand.text.strip_prefix('-').is_none()
                    && operand.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                if negative {
                    return Ok(Lowered { text: format!("-{}", operand.text), ..operand });
                }
                let own = operand.data_type;
                let negated = self.numeric_operation(SUBTRACT, "minus", zero, operand)?;
                let is_decimal = own.decimal().is_some();
                Ok(if is_decimal { Lowered { data_type: own, ..negated } } else { negated })
            }
            UnaryOperator::BitwiseNot => {
                let minus_one = Lowered::new("-1", operand.data_type);
                self.numeric_operation(BIT_XOR, "'~'", minus_one, operand)
            }
            _ => Err(error::syntax(&operator.to_string(), false, 0)),
        }
    }

    fn arithmetic(&mut self, left: &Expr, operator: &Op, right: &Expr) -> Result<Lowered, SqlError> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let (code, name) = match operator {
            Op::Plus => return self.plus(left, right),
            Op::Minus => (SUBTRACT, "subtract"),
            Op::Multiply => (MULTIPLY, "multiply"),
            Op::Divide => (DIVIDE, "divide"),
            Op::Modulo => (MODULO, "modulo"),
            Op::BitwiseAnd => (BIT_AND, "'&'"),
            Op::BitwiseOr => (BIT_OR, "'|'"),
            Op::BitwiseXor => (BIT_XOR, "'^'"),
            _ => return Err(error::syntax(&operator.to_string(), false, 0)),
        };
        if code == SUBTRACT && left.data_type.family() == Family::Moment {
            return self.add_days(left, "subtract", right, true);
        }
        self.numeric_operation(code, name, left, right)
    }

    /// `+`: joins text and binaries, adds numbers, and days to a datetime.
    fn plus(&mut self, left: Lowered, right: Lowered) -> Result<Lowered, SqlError> {
        let nullable = left.nullable || right.nullable;
        let families = (left.data_type.family(), right.data_type.family());
        match families {
            (Family::Text, Family::Text | Family::Null) | (Family::Null, Family::Text) => {
                self.deduce_both(&left, &right, general_type);
                let data_type = joined_type(left.data_type, right.data_type);
                let collation = left.collation.or(right.collation);
                let text = format!("({} || {})", left.text, right.text);
                Ok(Lowered { text, data_type, nullable, collation })
            }
            (Family::Binary, Family::Binary) => {
                let data_type = joined_type(left.data_type, right.data_type);
                let text = self.call("join_bytes", &[&left.text, &right.text]);
                Ok(Lowered { nullable, ..Lowered::new(text, data_type) })
            }
            (Family::Moment, _) => self.add_days(left, "add", right, false),
            (_, Family::Moment) => self.add_days(right, "add", left, false),
            _ => self.numeric_operation(ADD, "add", left, right),
        }
    }

    fn add_days(
        &mut self,
        moment: Lowered,
        operator: &str,
        days: Lowered,
        negative: bool,
    ) -> Result<Lowered, SqlError> {
        let fits = matches!(moment.data_type, Type::DateTime | Type::SmallDateTime);
        if !fits || days.data_type.family() != Family::Number {
            let (left, right) = (moment.data_type.base_name(), days.data_type.base_name());
            return Err(error::incompatible(left, right, operator));
        }
        let days = if negative { format!("-({})", days.text) } else { days.text };
        let number = self.type_number(moment.data_type).to_string();
        let text = self.call("date_add", &["'DAY'", &days, &moment.text, &number]);
        Ok(Lowered::new(text, moment.data_type))
    }

    /// An operation of numbers, with the overflow of its result's type.
    pub(super) fn numeric_operation(
        &mut self,
        operator: &'static str,
        name: &str,
        left: Lowered,
        right: Lowered,
    ) -> Result<Lowered, SqlError> {
        self.deduce_both(&left, &right, general_type);
        let families = [left.data_type.family(), right.data_type.family()];
        let nullable = left.nullable || right.nullable;
        let common = left.data_type.common(right.data_type);
        let data_type = match common {
            Type::Null => Type::Int,
            // Text meets a number as a number; two texts have no difference.
            _ if families.contains(&Family::Number) && common.family() == Family::Number => common,
            Type::Variant => {
                return Err(error::incompatible(
                    left.data_type.base_name(),
                    right.data_type.base_name(),
                    name,
                ));
            }
            other => return Err(error::invalid_operand(other.base_name(), name)),
        };
        let bitwise = matches!(operator, BIT_AND | BIT_OR | BIT_XOR);
        let is_decimal = data_type.decimal().is_some();
        if bitwise && (is_decimal || matches!(data_type, Type::Float | Type::Real)) {
            return Err(error::incompatible(left.data_type.base_name(), right.data_type.base_name(), name));
        }
        if is_decimal {
            return self.decimal_operation(operator, left, right, data_type);
        }
        let data_type = match (data_type, operator) {
            // A bit becomes a number as soon as it is calculated with.
            (Type::Bit, _) if !bitwise => Type::Int,
            (other, _) => other,
        };
        let operand_type = |operand: &Lowered| match operand.data_type.family() {
            Family::Number | Family::Null => None,
            _ => Some(common),
        };
        let left = match operand_type(&left) {
            Some(to) => self.converted(left, to),
            None => left,
        };
        let right = match operand_type(&right) {
            Some(to) => self.converted(right, to),
            None => right,
        };
        let number = self.type_number(data_type).to_string();
        let text = self.call("arith", &[operator, &number, &left.text, &right.text]);
        Ok(Lowered { nullable, ..Lowered::new(text, data_type) })
    }

    /// The same of decimals: exact, of the precision and scale that the server gives them. Money stays money.
    fn decimal_operation(
        &mut self,
        operator: &'static str,
        left: Lowered,
        right: Lowered,
        common: Type,
    ) -> Result<Lowered, SqlError> {
        let nullable = left.nullable || right.nullable;
        let mut operands = Vec::new();
        for operand in [left, right] {
            operands.push(match operand.data_type.family() {
                Family::Number | Family::Null => {
                    // A constant is as long as it is written.
                    let digits = operand.text.bytes().all(|byte| byte.is_ascii_digit());
                    let own = if digits && operand.data_type == Type::Int {
                        Type::Numeric(count_digits(&operand.text), 0)
                    } else {
                        operand.data_type
                    };
                    (operand.text, own)
                }
                _ => (self.converted(operand, common).text, common),
            });
        }
        let [(left, left_type), (right, right_type)] = operands.as_slice() else {
            return Err(error::not_modelled("this operation"));
        };
        let result = match common {
            Type::Money | Type::SmallMoney => common,
            _ => decimal::result(operator.parse().unwrap_or(0), *left_type, *right_type),
        };
        let numbers = [result, *left_type, *right_type].map(|each| self.type_number(each).to_string());
        let [to, left_number, right_number] = &numbers;
        let text = self.call("decimal", &[operator, to, left_number, right_number, left, right]);
        Ok(Lowered { nullable, ..Lowered::new(text, result) })
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Lowered, SqlError> {
        let operand = match operand {
            Some(operand) => Some(self.expression(operand)?),
            None => None,
        };
        let mut branches = Vec::new();
        for CaseWhen { condition, result } in conditions {
            let condition = match &operand {
                Some(operand) => {
                    let value = self.expression(condition)?;
                    self.compare(operand.clone(), "=", value)?
                }
                None => self.condition(condition)?,
            };
            branches.push((condition, self.expression(result)?));
        }
        let otherwise = match otherwise {
            Some(otherwise) => self.expression(otherwise)?,
            None => Lowered::new("NULL", Type::Null),
        };
        Ok(self.choice(branches, otherwise))
    }

    /// CASE over lowered branches.
    pub(super) fn choice(&mut self, branches: Vec<(String, Lowered)>, otherwise: Lowered) -> Lowered {
        let data_type =
            branches.iter().map(|(_, value)| value.data_type).fold(otherwise.data_type, Type::common);
        let nullable = otherwise.nullable || branches.iter().any(|(_, value)| value.nullable);
        let mut text = String::from("CASE");
        for (condition, value) in branches {
            let value = self.converted(value, data_type);
            text.push_str(&format!(" WHEN {condition} THEN {}", value.text));
        }
        let otherwise = self.converted(otherwise, data_type);
        text.push_str(&format!(" ELSE {} END", otherwise.text));
        Lowered { nullable, ..Lowered::new(text, data_type) }
    }

    fn scalar_subquery(&mut self, query: &Query) -> Result<Lowered, SqlError> {
        let (text, columns) = self.query(query)?;
        let [column] = columns.as_slice() else { return Err(error::subquery_columns()) };
        let text = if returns_one_row_at_most(query) {
            format!("({text})")
        } else {
            // SQLite would take the first row.
            let only = self.call("only", &["c0"]);
            format!("(SELECT {only} FROM ({text}))")
        };
        Ok(Lowered::new(text, column.data_type))
    }
}

/// The type that CAST and CONVERT name: text and binaries without a length have 30.
pub(super) fn cast_type(data_type: &DataType) -> Result<Type, SqlError> {
    let parsed = Type::of(data_type)?;
    let sized = data_type.to_string().contains('(');
    Ok(match parsed {
        _ if sized => parsed,
        Type::VarChar(Some(1)) => Type::VarChar(Some(30)),
        Type::NVarChar(Some(1)) => Type::NVarChar(Some(30)),
        Type::Char(1) => Type::Char(30),
        Type::NChar(1) => Type::NChar(30),
        Type::VarBinary(Some(1)) => Type::VarBinary(Some(30)),
        Type::Binary(1) => Type::Binary(30),
        other => other,
    })
}

/// How the run-time functions name a collation.
pub(super) fn collation_number(collation: Collation) -> &'static str {
    match collation {
        Collation::CaseInsensitive => "0",
        Collation::TurkishCaseInsensitive => "1",
        Collation::Exact => "2",
    }
}

/// A number without sign: int, bigint, numeric, or float where it has an exponent.
fn number(digits: &str) -> Result<Lowered, SqlError> {
    let wrong = || error::syntax(digits, false, 0);
    if digits.contains(['e', 'E']) {
        let number: f64 = digits.parse().map_err(|_| wrong())?;
        return Ok(Lowered::new(format!("{number:?}"), Type::Float));
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(wrong());
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole_digits = whole.trim_start_matches('0').len();
    let total = whole_digits + fraction.len();
    if digits.contains('.') || whole.parse::<i64>().is_err() {
        let most = usize::from(decimal::MOST);
        if total > most {
            return Err(raise!(1007, "number", digits));
        }
        let scale = u8::try_from(fraction.len()).map_err(|_| wrong())?;
        let precision = u8::try_from(total.max(1)).map_err(|_| wrong())?;
        let data_type = Type::Numeric(precision, scale);
        let number = Decimal::parse(digits).ok_or_else(wrong)?.into_value(data_type, "expression")?;
        let text = match number {
            Stored::Integer(number) => number.to_string(),
            Stored::Real(number) => format!("{number:?}"),
            Stored::Text(text) => format!("'{text}'"),
            _ => return Err(wrong()),
        };
        return Ok(Lowered::new(text, data_type));
    }
    let data_type =
        if whole.parse::<i32>().is_ok() { Type::Int } else { Type::Numeric(count_digits(whole), 0) };
    Ok(Lowered::new(whole.parse::<i64>().map_err(|_| wrong())?.to_string(), data_type))
}

fn count_digits(text: &str) -> u8 {
    u8::try_from(text.trim_start_matches('0').len().clamp(1, 38)).unwrap_or(38)
}

fn text_length(text: &str, most: u16) -> Option<u16> {
    let length = text.encode_utf16().count().max(1);
    u16::try_from(length).ok().filter(|length| *length <= most)
}

/// The type of two texts or binaries in a row.
fn joined_type(left: Type, right: Type) -> Type {
    let common = left.common(right);
    let length = match (left, right) {
        (Type::Null, other) | (other, Type::Null) => other.length(),
        _ => left.length().zip(right.length()).map(|(left, right)| left.saturating_add(right)),
    };
    match common {
        Type::NVarChar(_) | Type::NChar(_) => Type::NVarChar(length.map(|length| length.min(4000))),
        Type::VarBinary(_) | Type::Binary(_) => Type::VarBinary(length.map(|length| length.min(8000))),
        _ => Type::VarChar(length.map(|length| length.min(8000))),
    }
}
