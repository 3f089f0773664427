//! Calls of functions: by the table of [`functions`], or by a grammar or typing rule of their own.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, ObjectName, OrderByExpr, WindowFrameBound, WindowSpec, WindowType,
};

use super::super::error::{self, SqlError};
use super::super::value::{Family, Type};
use super::expression::{self, collation_number};
use super::functions::{self, Known, Returns, Runs, Takes};
use super::select::{direction, parts};
use super::{Compiler, Lowered, collated};

impl Compiler<'_> {
    /// A call.
    pub(super) fn function(&mut self, function: &Function) -> Result<Lowered, SqlError> {
        if function.filter.is_some() || function.uses_odbc_syntax || function.null_treatment.is_some() {
            return Err(error::not_modelled("this form of function call"));
        }
        let list = argument_list(function)?;
        let name = builtin_name(&function.name)?;
        let upper = name.name.to_ascii_uppercase();
        if name.in_sys {
            let known = functions::find_sys(&upper)
                .filter(|known| known.first <= self.names.version())
                .ok_or_else(|| error::unknown_user_function("sys", &format!("sys.{}", name.name)))?;
            let arguments = plain_arguments(list, &upper)?;
            return self.call_known(known, &arguments);
        }
        if functions::is_aggregate(&upper) {
            return self.aggregate(&upper, function, list);
        }
        if let Some(window) = &function.over {
            return self.ranking(&upper, list, window);
        }
        if upper == "CURRENT_TIMESTAMP" {
            return self.known("GETDATE", &[]);
        }
        let arguments = plain_arguments(list, &upper)?;
        match upper.as_str() {
            "COALESCE" => self.coalesce(&arguments),
            "ISNULL" => self.is_null(&arguments),
            "NULLIF" => {
                let [left, right] = two(&arguments, &upper)?;
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                let same = self.compare(left.clone(), "=", right)?;
                let text = format!("CASE WHEN {same} THEN NULL ELSE {} END", left.text);
                Ok(Lowered::new(text, left.data_type))
            }
            "IIF" => {
                let [condition, yes, no] = arguments.as_slice() else {
                    return Err(error::argument_count(&upper, 3));
                };
                let condition = self.condition(condition)?;
                let (yes, no) = (self.expression(yes)?, self.expression(no)?);
                Ok(self.choice(vec![(condition, yes)], no))
            }
            "CHOOSE" => {
                let Some((index, values)) = arguments.split_first() else {
                    return Err(error::argument_range(&upper, 2, 254));
                };
                let index = self.expression(index)?;
                let index = self.converted(index, Type::Int);
                let mut branches = Vec::new();
                for (position, value) in values.iter().enumerate() {
                    branches.push((format!("{} = {}", index.text, position + 1), self.expression(value)?));
                }
                Ok(self.choice(branches, Lowered::new("NULL", Type::Null)))
            }
            "GREATEST" | "LEAST" if self.names.version() >= 16 => self.extreme(&upper, &arguments),
            "DATALENGTH" => {
                let [value] = arguments.as_slice() else { return Err(error::argument_count(&upper, 1)) };
                let value = self.expression(value)?;
                let number = self.type_number(value.data_type).to_string();
                let text = self.call("data_length", &[&value.text, &number]);
                let long = value.data_type.family() != Family::Number && value.data_type.length().is_none();
                Ok(Lowered::new(text, if long { Type::BigInt } else { Type::Int }))
            }
            "DATEADD" => self.date_add(&arguments),
            "DATEDIFF" | "DATEDIFF_BIG" => self.date_difference(&upper, &arguments),
            "DATEPART" | "DATENAME" => {
                let [part, moment] = two(&arguments, &upper)?;
                let part = date_part(part, &upper)?;
                let moment = self.moment(moment)?;
                if upper == "DATEPART" {
                    let text = self.call("date_part", &[&format!("'{part}'"), &moment.text]);
                    Ok(Lowered::new(text, Type::Int))
                } else {
                    let text = self.call("date_name", &[&format!("'{part}'"), &moment.text]);
                    Ok(Lowered::new(text, Type::NVarChar(Some(30))))
                }
            }
            _ => self.known(&name.name, &arguments),
        }
    }

    /// A function of the table.
    ///
    /// # Errors
    /// 195, 174, 189 and those of the arguments.
    pub(super) fn known(&mut self, name: &str, arguments: &[&Expr]) -> Result<Lowered, SqlError> {
        let known = functions::find(name)
            .filter(|known| known.first <= self.names.version())
            .ok_or_else(|| error::unknown_function(name))?;
        self.call_known(known, arguments)
    }

    fn call_known(&mut self, known: &Known, arguments: &[&Expr]) -> Result<Lowered, SqlError> {
        if arguments.len() < known.least || arguments.len() > known.most {
            return Err(if known.least == known.most {
                error::argument_count(known.name, known.least)
            } else {
                error::argument_range(known.name, known.least, known.most)
            });
        }
        let mut lowered = Vec::new();
        for (position, argument) in arguments.iter().enumerate() {
            let value = self.expression(argument)?;
            let takes = known.takes.get(position).or(known.takes.last()).copied().unwrap_or(Takes::Any);
            lowered.push(self.argument(value, takes));
        }
        let data_type = match known.returns {
            Returns::Is(data_type) => data_type,
            Returns::First => match lowered.first().map_or(Type::Null, |first| first.data_type) {
                // ROUND and its kin calculate with text as float.
                text if text.family() == Family::Text && known.takes.first() == Some(&Takes::Any) => {
                    if known.name == "SUBSTRING" { text } else { Type::Float }
                }
                other => other,
            },
            Returns::Text => longest_text(&lowered),
        };
        let collation = lowered.first().and_then(|first| first.collation);
        let texts: Vec<&str> = lowered.iter().map(|argument| argument.text.as_str()).collect();
        let text = match known.runs {
            Runs::Here(function @ ("char_index" | "pat_index" | "replace")) => {
                let collation = collation.unwrap_or_else(|| self.names.collation());
                let mut texts = texts;
                texts.insert(0, collation_number(collation));
                self.call(function, &texts)
            }
            Runs::Here(function) => self.call(function, &texts),
            Runs::Hosted => {
                let name = self.literal(known.name);
                let mut all = vec![name.as_str()];
                all.extend(texts);
                self.call("hosted", &all)
            }
        };
        Ok(Lowered { collation, ..Lowered::new(text, data_type) })
    }

    fn argument(&mut self, value: Lowered, takes: Takes) -> Lowered {
        let family = value.data_type.family();
        match takes {
            Takes::Any => value,
            Takes::Text => self.as_text(value),
            Takes::Whole if matches!(family, Family::Number | Family::Null) => value,
            Takes::Whole => self.converted(value, Type::Int),
            Takes::Float => self.converted(value, Type::Float),
            Takes::Binary if matches!(family, Family::Binary | Family::Null) => value,
            Takes::Binary => self.cast(value, Type::VarBinary(Some(8000)), "0", false),
            Takes::Moment if matches!(family, Family::Moment | Family::Null) => value,
            Takes::Moment => self.converted(value, Type::DateTime2(7)),
        }
    }

    fn coalesce(&mut self, arguments: &[&Expr]) -> Result<Lowered, SqlError> {
        if arguments.len() < 2 {
            return Err(error::syntax(")", false, 0));
        }
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.expression(argument)?);
        }
        let data_type = values.iter().fold(Type::Null, |sum, value| sum.common(value.data_type));
        let nullable = values.iter().all(|value| value.nullable);
        let texts: Vec<String> =
            values.into_iter().map(|value| self.converted(value, data_type).text).collect();
        Ok(Lowered { nullable, ..Lowered::new(format!("COALESCE({})", texts.join(", ")), data_type) })
    }

    /// ISNULL keeps the type of its first argument, and cuts the second one to it.
    fn is_null(&mut self, arguments: &[&Expr]) -> Result<Lowered, SqlError> {
        let [value, otherwise] = two(arguments, "ISNULL")?;
        let (value, otherwise) = (self.expression(value)?, self.expression(otherwise)?);
        let nullable = value.nullable && otherwise.nullable;
        let data_type = if value.data_type == Type::Null { otherwise.data_type } else { value.data_type };
        let otherwise = self.converted(otherwise, data_type);
        let text = format!("COALESCE({}, {})", value.text, otherwise.text);
        Ok(Lowered { nullable, collation: value.collation, ..Lowered::new(text, data_type) })
    }

    fn extreme(&mut self, name: &str, arguments: &[&Expr]) -> Result<Lowered, SqlError> {
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.expression(argument)?);
        }
        let data_type = values.iter().fold(Type::Null, |sum, value| sum.common(value.data_type));
        let (aggregate, mut selects) = (if name == "LEAST" { "MIN" } else { "MAX" }, Vec::new());
        for value in values {
            selects.push(format!("SELECT {} AS c0", self.converted(value, data_type).text));
        }
        let item = collated(&Lowered::new("c0", data_type));
        let text = format!("(SELECT {aggregate}({item}) FROM ({}))", selects.join(" UNION ALL "));
        Ok(Lowered::new(text, data_type))
    }

    fn moment(&mut self, expression: &Expr) -> Result<Lowered, SqlError> {
        let value = self.expression(expression)?;
        Ok(match value.data_type.family() {
            Family::Moment | Family::Null => value,
            _ => self.converted(value, Type::DateTime),
        })
    }

    fn date_add(&mut self, arguments: &[&Expr]) -> Result<Lowered, SqlError> {
        let [part, count, moment] = arguments else { return Err(error::argument_count("dateadd", 3)) };
        let part = date_part(part, "dateadd")?;
        let count = self.expression(count)?;
        let count = self.argument(count, Takes::Whole);
        let moment = self.moment(moment)?;
        let data_type = if moment.data_type == Type::Null { Type::DateTime } else { moment.data_type };
        let number = self.type_number(data_type).to_string();
        let text = self.call("date_add", &[&format!("'{part}'"), &count.text, &moment.text, &number]);
        Ok(Lowered::new(text, data_type))
    }

    fn date_difference(&mut self, name: &str, arguments: &[&Expr]) -> Result<Lowered, SqlError> {
        let [part, start, end] = arguments else { return Err(error::argument_count(name, 3)) };
        let part = date_part(part, name)?;
        let (start, end) = (self.moment(start)?, self.moment(end)?);
        let text = self.call("date_difference", &[&format!("'{part}'"), &start.text, &end.text]);
        if name == "DATEDIFF" {
            let difference = Lowered::new(text, Type::BigInt);
            return Ok(self.converted(difference, Type::Int));
        }
        Ok(Lowered::new(text, Type::BigInt))
    }

    fn aggregate(
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
        let Aggregate { parts, finish, data_type } = result?;
        let over = match &function.over {
            Some(_) if name == "STRING_AGG" => return Err(error::syntax("OVER", true, 0)),
            Some(window) => self.window(window)?,
            None => String::new(),
        };
        let parts: Vec<String> = parts.into_iter().map(|part| part + &over).collect();
        let nullable = !matches!(finish, Finish::Count);
        let first = parts.first().cloned().unwrap_or_default();
        let text = match finish {
            Finish::Count | Finish::Plain => first,
            Finish::Checked => {
                let sum = Lowered::new(first, Type::Numeric(38, 0));
                self.cast(sum, data_type, "0", false).text
            }
            Finish::Average => {
                let number = self.type_number(data_type).to_string();
                let count = parts.get(1).cloned().unwrap_or_default();
                self.call("arith", &[expression::DIVIDE, &number, &first, &count])
            }
        };
        Ok(Lowered { nullable, ..Lowered::new(text, data_type) })
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
                finish: Finish::Count,
                data_type: counted,
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
                return Ok(Aggregate { parts, finish: Finish::Count, data_type: counted });
            }
            "MIN" | "MAX" => {
                if value.data_type == Type::Bit {
                    return Err(invalid());
                }
                let parts = vec![format!("{name}({operand})")];
                return Ok(Aggregate { parts, finish: Finish::Plain, data_type: value.data_type });
            }
            "SUM" | "AVG" => match value.data_type {
                Type::TinyInt | Type::SmallInt | Type::Int => (Finish::Checked, Type::Int),
                Type::BigInt => (Finish::Checked, Type::BigInt),
                Type::Numeric(_, scale) if name == "AVG" => (Finish::Plain, Type::Numeric(38, scale.max(6))),
                Type::Numeric(_, scale) => (Finish::Plain, Type::Numeric(38, scale)),
                Type::Float | Type::Real => (Finish::Plain, Type::Float),
                _ => return Err(invalid()),
            },
            _ => return Err(error::not_modelled(&format!("the aggregate {name}"))),
        };
        let sum = format!("SUM({word}{operand})");
        if name == "AVG" {
            let parts = vec![sum, format!("COUNT({word}{operand})")];
            return Ok(Aggregate { parts, finish: Finish::Average, data_type });
        }
        Ok(Aggregate { parts: vec![sum], finish, data_type })
    }

    fn string_aggregate(
        &mut self,
        arguments: &[&Expr],
        order: &[OrderByExpr],
    ) -> Result<Aggregate, SqlError> {
        if self.names.version() < 14 {
            return Err(error::unknown_function("STRING_AGG"));
        }
        let [value, separator] = two(arguments, "STRING_AGG")?;
        let (value, separator) = (self.expression(value)?, self.expression(separator)?);
        let (value, separator) = (self.as_text(value), self.as_text(separator));
        let mut keys = Vec::new();
        for key in order {
            let lowered = self.expression(&key.expr)?;
            keys.push(format!("{}{}", collated(&lowered), direction(key)?));
        }
        let order = if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
        let data_type = match (value.data_type, value.data_type.length()) {
            (Type::NVarChar(_) | Type::NChar(_), Some(_)) => Type::NVarChar(Some(4000)),
            (Type::NVarChar(_), None) => Type::NVarChar(None),
            (_, Some(_)) => Type::VarChar(Some(8000)),
            _ => Type::VarChar(None),
        };
        let parts = vec![format!("group_concat({}, {}{order})", value.text, separator.text)];
        Ok(Aggregate { parts, finish: Finish::Plain, data_type })
    }

    /// ROW_NUMBER and its kin.
    fn ranking(
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
            keys.push(format!("{}{}", collated(&lowered), direction(key)?));
        }
        if !keys.is_empty() {
            clauses.push(format!("ORDER BY {}", keys.join(", ")));
        }
        if let Some(frame) = window_frame {
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
}

enum Finish {
    /// Never NULL.
    Count,
    Plain,
    /// May overflow the type.
    Checked,
    /// Sum by count.
    Average,
}

struct BuiltinName {
    name: String,
    in_sys: bool,
}

fn builtin_name(name: &ObjectName) -> Result<BuiltinName, SqlError> {
    let parts = parts(name)?;
    let sys = |schema: &str| schema.eq_ignore_ascii_case("sys");
    match parts.as_slice() {
        [name] => Ok(BuiltinName { name: name.clone(), in_sys: false }),
        [schema, name] if sys(schema) => Ok(BuiltinName { name: name.clone(), in_sys: true }),
        [database, schema, name] if sys(schema) && database.eq_ignore_ascii_case("master") => {
            Ok(BuiltinName { name: name.clone(), in_sys: true })
        }
        all => {
            let first = all.first().map(String::as_str).unwrap_or_default();
            Err(error::unknown_user_function(first, &all.join(".")))
        }
    }
}

fn argument_list(function: &Function) -> Result<Option<&FunctionArgumentList>, SqlError> {
    if !matches!(function.parameters, FunctionArguments::None) {
        return Err(error::syntax("(", false, 0));
    }
    match &function.args {
        FunctionArguments::None => Ok(None),
        FunctionArguments::List(list) => Ok(Some(list)),
        FunctionArguments::Subquery(_) => Err(error::syntax("SELECT", true, 0)),
    }
}

fn plain_arguments<'a>(
    list: Option<&'a FunctionArgumentList>,
    name: &str,
) -> Result<Vec<&'a Expr>, SqlError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    list.args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Ok(expression),
            FunctionArg::Unnamed(_) => Err(error::syntax("*", false, 0)),
            _ => Err(error::not_modelled(&format!("named arguments of {name}"))),
        })
        .collect()
}

fn two<'a>(arguments: &[&'a Expr], name: &str) -> Result<[&'a Expr; 2], SqlError> {
    <[&Expr; 2]>::try_from(arguments).map_err(|_| error::argument_count(name, 2))
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

/// The text type that a function of texts returns.
fn longest_text(arguments: &[Lowered]) -> Type {
    let wide = arguments.iter().any(|each| matches!(each.data_type, Type::NVarChar(_) | Type::NChar(_)));
    let endless = arguments
        .iter()
        .any(|each| each.data_type.family() == Family::Text && each.data_type.length().is_none());
    match (wide, endless) {
        (true, true) => Type::NVarChar(None),
        (true, false) => Type::NVarChar(Some(4000)),
        (false, true) => Type::VarChar(None),
        (false, false) => Type::VarChar(Some(8000)),
    }
}

/// A date part by any of its names.
fn date_part(expression: &Expr, function: &str) -> Result<&'static str, SqlError> {
    let text = expression.to_string();
    Ok(match text.to_ascii_lowercase().as_str() {
        "year" | "yy" | "yyyy" => "YEAR",
        "quarter" | "qq" | "q" => "QUARTER",
        "month" | "mm" | "m" => "MONTH",
        "dayofyear" | "dy" | "y" => "DAYOFYEAR",
        "day" | "dd" | "d" => "DAY",
        "week" | "wk" | "ww" => "WEEK",
        "weekday" | "dw" | "w" => "WEEKDAY",
        "hour" | "hh" => "HOUR",
        "minute" | "mi" | "n" => "MINUTE",
        "second" | "ss" | "s" => "SECOND",
        "millisecond" | "ms" => "MILLISECOND",
        "microsecond" | "mcs" => "MICROSECOND",
        "nanosecond" | "ns" => "NANOSECOND",
        _ => return Err(error::not_an_option(&text, &function.to_ascii_lowercase(), 0)),
    })
}
