//! Aggregates and window functions: SQLite's own, with the result types and overflows of the server.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, OrderByExpr,
    WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::super::error::{self, SqlError};
use super::super::value::{Family, Type, decimal};
use super::builtin::{plain_arguments, two};
use super::expression;
use super::set::direction;
use super::{Compiler, Lowered, collated, is_long_decimal};

impl Compiler<'_> {
    pub(super) fn aggregate(
        &mut self,
        name: &str,
        function: &Function,
        list: Option<&FunctionArgumentList>,
    ) -> Result<Lowered, SqlError> {
        let Some(list) = list else { return Err(error::unknown_function(name)) };
        if !list.clauses.is_empty() || (name != "STRING_AGG" && !function.within_group.is_empty()) {
            return Err(error::not_modelled("this form of aggregate"));
        }
        let distinct = matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct));
        // Inside an aggregate every column may be named.
        let before = self.scopes.last_mut().map(|scope| std::mem::replace(&mut scope.in_aggregate, true));
        let result = self.aggregate_of(name, list, distinct, &function.within_group);
        if let (Some(scope), Some(before)) = (self.scopes.last_mut(), before) {
            scope.in_aggregate = before;
        }
        let Aggregate { parts, finish, data_type, summed } = result?;
        let over = match &function.over {
            Some(_) if name == "STRING_AGG" => return Err(error::syntax("OVER", true, 0)),
            Some(window) => self.window(window)?,
            None => String::new(),
        };
        let parts: Vec<String> = parts.into_iter().map(|part| part + &over).collect();
        let first = parts.first().cloned().unwrap_or_default();
        let text = match finish {
            Finish::Plain => first,
            Finish::Exact => {
                let number = self.type_number(data_type).to_string();
                self.call("decimal_sum", &[&number, &first])
            }
            Finish::OfKey => {
                let number = self.type_number(data_type).to_string();
                self.call("decimal_of_key", &[&number, &first])
            }
            Finish::Average if data_type.decimal().is_some() => {
                let of_sum = self.type_number(Type::Numeric(38, summed)).to_string();
                let sum = self.call("decimal_sum", &[&of_sum, &first]);
                let (to, whole) =
                    (self.type_number(data_type).to_string(), self.type_number(Type::BigInt).to_string());
                let count = parts.get(1).cloned().unwrap_or_default();
                self.call("decimal", &[expression::DIVIDE, &to, &of_sum, &whole, &sum, &count])
            }
            Finish::Checked => {
                let sum = Lowered::new(first, Type::BigInt);
                self.cast(sum, data_type, "0", false).text
            }
            Finish::Deviation(kind) => {
                let mut arguments = vec![kind];
                arguments.extend(parts.iter().map(String::as_str));
                self.call("deviation", &arguments)
            }
            Finish::Average => {
                let number = self.type_number(data_type).to_string();
                let count = parts.get(1).cloned().unwrap_or_default();
                self.call("arith", &[expression::DIVIDE, &number, &first, &count])
            }
        };
        // COUNT is never NULL, and yet described as if it could be. [learn.microsoft.com: "COUNT", return types]
        Ok(Lowered::new(text, data_type))
    }

    fn aggregate_of(
        &mut self,
        name: &str,
        list: &FunctionArgumentList,
        distinct: bool,
        order: &[OrderByExpr],
    ) -> Result<Aggregate, SqlError> {
        let word = if distinct { "DISTINCT " } else { "" };
        let counted = if name == "COUNT" { Type::Int } else { Type::BigInt };
        if let ("COUNT" | "COUNT_BIG", [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]) =
            (name, list.args.as_slice())
        {
            return Ok(Aggregate {
                parts: vec!["COUNT(*)".into()],
                finish: Finish::Plain,
                data_type: counted,
                summed: 0,
            });
        }
        let arguments = plain_arguments(Some(list), name)?;
        if name == "STRING_AGG" {
            return self.string_aggregate(&arguments, order);
        }
        let [argument] = arguments.as_slice() else { return Err(error::argument_count(name, 1)) };
        let value = self.expression(argument)?;
        let operand = collated(&value);
        let invalid = || error::invalid_operand(value.data_type.base_name(), &name.to_ascii_lowercase());
        let (finish, data_type) = match name {
            "COUNT" | "COUNT_BIG" => {
                let parts = vec![format!("COUNT({word}{operand})")];
                return Ok(Aggregate { parts, finish: Finish::Plain, data_type: counted, summed: 0 });
            }
            "MIN" | "MAX" => {
                if value.data_type == Type::Bit {
                    return Err(invalid());
                }
                let parts = vec![format!("{name}({})", self.sorted(&value))];
                let data_type = value.data_type;
                let finish = if is_long_decimal(data_type) { Finish::OfKey } else { Finish::Plain };
                return Ok(Aggregate { parts, finish, data_type, summed: 0 });
            }
            "SUM" | "AVG" => match value.data_type {
                Type::TinyInt | Type::SmallInt | Type::Int => (Finish::Checked, Type::Int),
                Type::BigInt => (Finish::Checked, Type::BigInt),
                Type::Numeric(_, scale) if name == "AVG" => (Finish::Plain, Type::Numeric(38, scale.max(6))),
                Type::Numeric(_, scale) => (Finish::Exact, Type::Numeric(38, scale)),
                Type::Money | Type::SmallMoney => (Finish::Exact, Type::Money),
                Type::Float | Type::Real => (Finish::Plain, Type::Float),
                _ => return Err(invalid()),
            },
            "STDEV" | "STDEVP" | "VAR" | "VARP"
                if value.data_type.family() == Family::Number && !distinct =>
            {
                let value = self.converted(value, Type::Float).text;
                let parts = [format!("{value} * {value}"), value.clone()].map(|each| format!("SUM({each})"));
                let kind = match name {
                    "STDEV" => "0",
                    "STDEVP" => "1",
                    "VAR" => "2",
                    _ => "3",
                };
                let parts = parts.into_iter().chain([format!("COUNT({value})")]).collect();
                let finish = Finish::Deviation(kind);
                return Ok(Aggregate { parts, finish, data_type: Type::Float, summed: 0 });
            }
            "STDEV" | "STDEVP" | "VAR" | "VARP" if !distinct => return Err(invalid()),
            _ => return Err(error::not_modelled(&format!("this form of {name}"))),
        };
        let sum = if value.data_type.decimal().is_some() {
            let number = self.type_number(value.data_type).to_string();
            format!("group_concat({word}{})", self.call("decimal_text", &[&number, &value.text]))
        } else {
            format!("SUM({word}{operand})")
        };
        if name == "AVG" {
            let parts = vec![sum, format!("COUNT({word}{operand})")];
            let summed = decimal::as_numeric(value.data_type).1;
            return Ok(Aggregate { parts, finish: Finish::Average, data_type, summed });
        }
        Ok(Aggregate { parts: vec![sum], finish, data_type, summed: 0 })
    }

    fn string_aggregate(
        &mut self,
        arguments: &[&Expr],
        order: &[OrderByExpr],
    ) -> Result<Aggregate, SqlError> {
        if self.names.around().version() < 14 {
            return Err(error::unknown_function("STRING_AGG"));
        }
        let [value, separator] = two(arguments, "STRING_AGG")?;
        let (value, separator) = (self.expression(value)?, self.expression(separator)?);
        let (value, separator) = (self.as_text(value), self.as_text(separator));
        let mut keys = Vec::new();
        for key in order {
            let lowered = self.expression(&key.expr)?;
            keys.push(format!("{}{}", self.sorted(&lowered), direction(key)?));
        }
        let order = if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
        let data_type = match (value.data_type, value.data_type.length()) {
            (Type::NVarChar(_) | Type::NChar(_), Some(_)) => Type::NVarChar(Some(4000)),
            (Type::NVarChar(_), None) => Type::NVarChar(None),
            (_, Some(_)) => Type::VarChar(Some(8000)),
            _ => Type::VarChar(None),
        };
        let parts = vec![format!("group_concat({}, {}{order})", value.text, separator.text)];
        Ok(Aggregate { parts, finish: Finish::Plain, data_type, summed: 0 })
    }

    /// ROW_NUMBER and its kin.
    pub(super) fn ranking(
        &mut self,
        name: &str,
        list: Option<&FunctionArgumentList>,
        window: &WindowType,
    ) -> Result<Lowered, SqlError> {
        let arguments = plain_arguments(list, name)?;
        let mut values = Vec::new();
        for argument in &arguments {
            values.push(self.expression(argument)?);
        }
        let over = self.window(window)?;
        let data_type = match (name, values.first()) {
            ("ROW_NUMBER" | "RANK" | "DENSE_RANK", None) | ("NTILE", Some(_)) => Type::BigInt,
            ("LAG" | "LEAD" | "FIRST_VALUE" | "LAST_VALUE", Some(first)) => first.data_type,
            _ => return Err(error::unknown_function(name)),
        };
        if !over.contains("ORDER BY") {
            return Err(error::window_order(name));
        }
        let texts: Vec<String> = values.into_iter().map(|value| value.text).collect();
        Ok(Lowered::new(format!("{name}({}){over}", texts.join(", ")), data_type))
    }

    fn window(&mut self, window: &WindowType) -> Result<String, SqlError> {
        let WindowType::WindowSpec(WindowSpec { window_name: None, partition_by, order_by, window_frame }) =
            window
        else {
            return Err(error::not_modelled("named windows"));
        };
        let mut clauses = Vec::new();
        let mut keys = Vec::new();
        for key in partition_by {
            let lowered = self.expression(key)?;
            keys.push(collated(&lowered));
        }
        if !keys.is_empty() {
            clauses.push(format!("PARTITION BY {}", keys.join(", ")));
        }
        let mut keys = Vec::new();
        for key in order_by {
            let lowered = self.expression(&key.expr)?;
            keys.push(format!("{}{}", self.sorted(&lowered), direction(key)?));
        }
        if !keys.is_empty() {
            clauses.push(format!("ORDER BY {}", keys.join(", ")));
        }
        if let Some(frame) = window_frame {
            if !matches!(frame.units, WindowFrameUnits::Rows | WindowFrameUnits::Range) {
                return Err(error::syntax(&frame.units.to_string(), false, 0));
            }
            let start = frame_bound(&frame.start_bound)?;
            let text = match &frame.end_bound {
                Some(end) => format!("{} BETWEEN {start} AND {}", frame.units, frame_bound(end)?),
                None => format!("{} {start}", frame.units),
            };
            clauses.push(text);
        }
        Ok(format!(" OVER ({})", clauses.join(" ")))
    }
}

/// An aggregate on its way: SQLite's aggregates, and what is made of them once the window is known.
struct Aggregate {
    parts: Vec<String>,
    finish: Finish,
    data_type: Type,
    /// Scale of what is summed.
    summed: u8,
}

enum Finish {
    Plain,
    /// The texts of decimals, which are summed.
    Exact,
    /// The key of a decimal, which leads back to it.
    OfKey,
    /// May overflow the type.
    Checked,
    /// Sum by count.
    Average,
    /// Of squares, sum and count: a deviation or variance, of a sample or of all.
    Deviation(&'static str),
}

fn frame_bound(bound: &WindowFrameBound) -> Result<String, SqlError> {
    let rows = |expression: &Expr| {
        let text = expression.to_string();
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(text)
        } else {
            Err(error::syntax(&text, false, 0))
        }
    };
    Ok(match bound {
        WindowFrameBound::CurrentRow => "CURRENT ROW".to_owned(),
        WindowFrameBound::Preceding(None) => "UNBOUNDED PRECEDING".to_owned(),
        WindowFrameBound::Following(None) => "UNBOUNDED FOLLOWING".to_owned(),
        WindowFrameBound::Preceding(Some(count)) => format!("{} PRECEDING", rows(count)?),
        WindowFrameBound::Following(Some(count)) => format!("{} FOLLOWING", rows(count)?),
    })
}
