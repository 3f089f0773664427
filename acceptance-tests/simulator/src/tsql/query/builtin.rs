//! Calls of functions: by the table of [`functions`], or by a grammar or typing rule of their own.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, ObjectName,
};

use super::super::error::{self, SqlError, raise};
use super::super::value::{Family, Type};
use super::expression::collation_number;
use super::from::parts;
use super::functions::{self, Known, Returns, Runs, Takes};
use super::{Compiler, Lowered, is_long_decimal};
use crate::world::collation::Collation;

impl Compiler<'_> {
    /// A call.
    pub(super) fn function(&mut self, function: &Function) -> Result<Lowered, SqlError> {
        if function.filter.is_some() || function.uses_odbc_syntax || function.null_treatment.is_some() {
            return Err(error::not_modelled("this form of function call"));
        }
        let list = argument_list(function)?;
        let collation = self.names.around().collation();
        let name = builtin_name(&function.name, collation)?;
        let upper = name.name.to_ascii_uppercase();
        if name.in_sys {
            let known = functions::find_sys(&name.name, collation)
                .filter(|known| known.first <= self.names.around().version())
                .ok_or_else(|| error::unknown_user_function("sys", &format!("sys.{}", name.name)))?;
            let arguments = plain_arguments(list, &upper)?;
            return self.call_known(known, &arguments);
        }
        if functions::is_aggregate(&upper) {
            return self.aggregate(&upper, function, list);
        }
        let plain = list.is_none_or(|list| list.duplicate_treatment.is_none() && list.clauses.is_empty());
        if !function.within_group.is_empty() || !plain {
            return Err(error::syntax(&name.name, false, 0));
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
            "GREATEST" | "LEAST" if self.names.around().version() >= 16 => self.extreme(&upper, &arguments),
            "DATALENGTH" => {
                let [value] = arguments.as_slice() else { return Err(error::argument_count(&upper, 1)) };
                let value = self.expression(value)?;
                let number = self.type_number(value.data_type).to_string();
                let text = self.call("data_length", &[&value.text, &number]);
                let long = value.data_type.family() != Family::Number && value.data_type.length().is_none();
                Ok(Lowered::new(text, if long { Type::BigInt } else { Type::Int }))
            }
            "GROUPING" | "GROUPING_ID" => self.grouping(&upper, &arguments),
            "PARSE" | "TRY_PARSE" => self.parse(&upper, &arguments),
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

    /// `PARSE (text AS type [USING culture])`: the type comes as a constant.
    fn parse(&mut self, name: &str, arguments: &[&Expr]) -> Result<Lowered, SqlError> {
        let (text, written, culture) = match arguments {
            [text, written] => (text, written, None),
            [text, written, culture] => (text, written, Some(culture)),
            _ => return Err(error::argument_range(name, 2, 3)),
        };
        let written = match written {
            Expr::Value(value) => value.value.clone().into_string().unwrap_or_default(),
            _ => return Err(error::syntax(",", false, 0)),
        };
        let to = Type::parse(&written).ok_or_else(|| error::unknown_type(&written))?;
        let text = self.expression(text)?;
        if !matches!(text.data_type.family(), Family::Text | Family::Null) {
            return Err(raise!(8116, text.data_type.base_name(), 1, name.to_ascii_lowercase()));
        }
        let culture = match culture {
            Some(culture) => {
                let culture = self.expression(culture)?;
                self.as_text(culture).text
            }
            None => "''".to_owned(),
        };
        let number = self.type_number(to).to_string();
        let function = if name == "PARSE" { "parse" } else { "try_parse" };
        let parsed = self.call(function, &[&text.text, &number, &culture]);
        Ok(Lowered::new(parsed, to))
    }

    /// A function of the table.
    ///
    /// # Errors
    /// 195, 174, 189 and those of the arguments.
    pub(super) fn known(&mut self, name: &str, arguments: &[&Expr]) -> Result<Lowered, SqlError> {
        let known = functions::find(name)
            .filter(|known| known.first <= self.names.around().version())
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
        let first = lowered.first().map_or(Type::Null, |first| first.data_type);
        let code =
            ["", "ABS", "SIGN", "CEILING", "FLOOR", "ROUND"].iter().position(|name| *name == known.name);
        if let (Some(code), Some(_)) = (code, first.decimal()) {
            let to = match first {
                Type::Numeric(precision, _) if matches!(code, 3 | 4) => Type::Numeric(precision, 0),
                other => other,
            };
            let (of, into) = (self.type_number(first).to_string(), self.type_number(to).to_string());
            let code = code.to_string();
            let mut texts = vec![code.as_str(), &of, &into];
            texts.extend(lowered.iter().map(|argument| argument.text.as_str()));
            let text = self.call("decimal_function", &texts);
            return Ok(Lowered::new(text, to));
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
                let collation = collation.unwrap_or_else(|| self.names.around().collation());
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
        let item = self.sorted(&Lowered::new("c0", data_type));
        let mut text = format!("(SELECT {aggregate}({item}) FROM ({}))", selects.join(" UNION ALL "));
        if is_long_decimal(data_type) {
            let number = self.type_number(data_type).to_string();
            text = self.call("decimal_of_key", &[&number, &text]);
        }
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
}

struct BuiltinName {
    name: String,
    in_sys: bool,
}

fn builtin_name(name: &ObjectName, collation: Collation) -> Result<BuiltinName, SqlError> {
    let parts = parts(name)?;
    let sys = |schema: &str| collation.equal(schema, "sys");
    match parts.as_slice() {
        [name] => Ok(BuiltinName { name: name.clone(), in_sys: false }),
        [schema, name] if sys(schema) => Ok(BuiltinName { name: name.clone(), in_sys: true }),
        [database, schema, name] if sys(schema) && collation.equal(database, "master") => {
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

pub(super) fn plain_arguments<'a>(
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

pub(super) fn two<'a>(arguments: &[&'a Expr], name: &str) -> Result<[&'a Expr; 2], SqlError> {
    <[&Expr; 2]>::try_from(arguments).map_err(|_| error::argument_count(name, 2))
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
