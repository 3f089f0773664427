//! The errors that parsing, binding and running T-SQL raise by themselves, with SQL Server's numbers, severities
//! and texts. Those of the objects (certificates, endpoints, groups) belong to the world.
//!
//! Sources: learn.microsoft.com "Database Engine events and errors" 0-999, 1000-1999, 8000-8999 and, for 102,
//! 137, 156, 195, 207 and 208, every server that ever ran.

use super::value::Type;

/// An error on its way to the client, with SQL Server's number, severity and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlError {
    pub(crate) number: i32,
    pub(crate) severity: u8,
    pub(crate) state: u8,
    pub(crate) message: String,
    pub(crate) line: u32,
    pub(crate) procedure: Option<String>,
    /// The errors that the server sends before this one, of which CATCH sees the last alone.
    pub(crate) before: Vec<SqlError>,
}
impl SqlError {
    pub(crate) fn new(number: i32, severity: u8, state: u8, message: String) -> Self {
        Self { number, severity, state, message, line: 0, procedure: None, before: Vec::new() }
    }
    /// The same, with another that comes first.
    pub(crate) fn after(mut self, first: Self) -> Self {
        self.before.push(first);
        self
    }
    pub(crate) fn at_line(mut self, line: u32) -> Self {
        if self.line == 0 {
            self.line = line;
        }
        self.before = self.before.into_iter().map(|one| one.at_line(line)).collect();
        self
    }
}

/// An error of the language with its line.
fn at(number: i32, severity: u8, state: u8, line: u32, message: String) -> SqlError {
    SqlError::new(number, severity, state, message).at_line(line)
}

/// 102, or 156 where the offending word is reserved.
pub(crate) fn syntax(near: &str, reserved: bool, line: u32) -> SqlError {
    if reserved {
        at(156, 15, 1, line, format!("Incorrect syntax near the keyword '{}'.", near.to_ascii_uppercase()))
    } else {
        at(102, 15, 1, line, format!("Incorrect syntax near '{near}'."))
    }
}

/// 103.
pub(crate) fn name_too_long(name: &str, line: u32) -> SqlError {
    let start: String = name.chars().take(128).collect();
    at(
        103,
        15,
        4,
        line,
        format!("The identifier that starts with '{start}' is too long. Maximum length is 128."),
    )
}

/// 1038.
pub(crate) fn empty_name(line: u32) -> SqlError {
    let text = "An object or column name is missing or empty. For SELECT INTO statements, verify each column has a \
                name. For other statements, look for empty alias names. Aliases defined as \"\" or [] are not \
                allowed. Change the alias to a valid name.";
    at(1038, 15, 4, line, text.to_owned())
}

/// 105.
pub(crate) fn unclosed_quote(rest: &str, line: u32) -> SqlError {
    at(105, 15, 1, line, format!("Unclosed quotation mark after the character string '{rest}'."))
}

/// 113.
pub(crate) fn missing_end_comment(line: u32) -> SqlError {
    at(113, 15, 1, line, "Missing end comment mark '*/'.".to_owned())
}

/// 191.
pub(crate) fn nested_too_deeply(line: u32) -> SqlError {
    let text = "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller \
                queries.";
    at(191, 15, 1, line, text.to_owned())
}

/// 4145.
pub(crate) fn condition_expected(near: &str, line: u32) -> SqlError {
    let text = format!(
        "An expression of non-boolean type specified in a context where a condition is expected, near '{near}'."
    );
    at(4145, 15, 1, line, text)
}

/// 137.
pub(crate) fn undeclared_variable(name: &str) -> SqlError {
    at(137, 15, 2, 0, format!("Must declare the scalar variable \"{name}\"."))
}

/// 1087.
pub(crate) fn undeclared_table_variable(name: &str) -> SqlError {
    at(1087, 15, 2, 0, format!("Must declare the table variable \"{name}\"."))
}

/// 207.
pub(crate) fn invalid_column(name: &str) -> SqlError {
    at(207, 16, 1, 0, format!("Invalid column name '{name}'."))
}

/// 208.
pub(crate) fn invalid_object(name: &str) -> SqlError {
    at(208, 16, 1, 0, format!("Invalid object name '{name}'."))
}

/// 209.
pub(crate) fn ambiguous_column(name: &str) -> SqlError {
    at(209, 16, 1, 0, format!("Ambiguous column name '{name}'."))
}

/// 4104.
pub(crate) fn unbound_identifier(name: &str) -> SqlError {
    at(4104, 16, 1, 0, format!("The multi-part identifier \"{name}\" could not be bound."))
}

/// 107.
pub(crate) fn unknown_prefix(prefix: &str) -> SqlError {
    let text = format!(
        "The column prefix '{prefix}' does not match with a table name or alias name used in the query."
    );
    at(107, 15, 1, 0, text)
}

/// 195.
pub(crate) fn unknown_function(name: &str) -> SqlError {
    at(195, 15, 10, 0, format!("'{name}' is not a recognized built-in function name."))
}

/// 4121: the same for a function with a schema.
pub(crate) fn unknown_user_function(first: &str, name: &str) -> SqlError {
    let text = format!(
        "Cannot find either column \"{first}\" or the user-defined function or aggregate \"{name}\", or the name is \
         ambiguous."
    );
    at(4121, 16, 1, 0, text)
}

/// 174.
pub(crate) fn argument_count(name: &str, count: usize) -> SqlError {
    at(174, 15, 1, 0, format!("The {} function requires {count} argument(s).", name.to_ascii_lowercase()))
}

/// 189.
pub(crate) fn argument_range(name: &str, least: usize, most: usize) -> SqlError {
    let text = format!("The {} function requires {least} to {most} arguments.", name.to_ascii_lowercase());
    at(189, 15, 1, 0, text)
}

/// 1011.
pub(crate) fn duplicate_alias(name: &str) -> SqlError {
    at(1011, 16, 1, 0, format!("The correlation name '{name}' is specified multiple times in a FROM clause."))
}

/// 8120.
pub(crate) fn not_grouped(column: &str) -> SqlError {
    let text = format!(
        "Column '{column}' is invalid in the select list because it is not contained in either an aggregate function \
         or the GROUP BY clause."
    );
    at(8120, 16, 1, 0, text)
}

/// 205.
pub(crate) fn unequal_set_operands() -> SqlError {
    let text = "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of \
                expressions in their target lists.";
    at(205, 16, 1, 0, text.to_owned())
}

/// 141.
pub(crate) fn assignment_with_retrieval() -> SqlError {
    let text = "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval \
                operations.";
    at(141, 15, 1, 0, text.to_owned())
}

/// 243.
pub(crate) fn unknown_type(name: &str) -> SqlError {
    at(243, 16, 1, 0, format!("Type {name} is not a defined system type."))
}

/// 245.
pub(crate) fn conversion(from: &str, value: &str, to: &str) -> SqlError {
    at(
        245,
        16,
        1,
        0,
        format!("Conversion failed when converting the {from} value '{value}' to data type {to}."),
    )
}

/// 241.
pub(crate) fn date_conversion() -> SqlError {
    at(241, 16, 1, 0, "Conversion failed when converting date and/or time from character string.".to_owned())
}

/// 8169.
pub(crate) fn guid_conversion() -> SqlError {
    let text = "Conversion failed when converting from a character string to uniqueidentifier.";
    at(8169, 16, 2, 0, text.to_owned())
}

/// 8115.
pub(crate) fn overflow(to: &str) -> SqlError {
    at(8115, 16, 2, 0, format!("Arithmetic overflow error converting expression to data type {to}."))
}

/// 8134.
pub(crate) fn divide_by_zero() -> SqlError {
    at(8134, 16, 1, 0, "Divide by zero error encountered.".to_owned())
}

/// 402.
pub(crate) fn incompatible(left: &str, right: &str, operator: &str) -> SqlError {
    let text = format!("The data types {left} and {right} are incompatible in the {operator} operator.");
    at(402, 16, 1, 0, text)
}

/// 512.
pub(crate) fn subquery_many() -> SqlError {
    let text = "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , \
                >, >= or when the subquery is used as an expression.";
    at(512, 16, 1, 0, text.to_owned())
}

/// 116.
pub(crate) fn subquery_columns() -> SqlError {
    let text = "Only one expression can be specified in the select list when the subquery is not introduced with \
                EXISTS.";
    at(116, 16, 1, 0, text.to_owned())
}

/// 155.
pub(crate) fn not_an_option(option: &str, kind: &str, line: u32) -> SqlError {
    at(155, 15, 1, line, format!("'{option}' is not a recognized {kind} option."))
}

/// 195 for `SET something`.
pub(crate) fn unknown_set_option(name: &str, line: u32) -> SqlError {
    at(195, 15, 5, line, format!("'{name}' is not a recognized SET option."))
}

/// 2812.
pub(crate) fn unknown_procedure(name: &str) -> SqlError {
    at(2812, 16, 62, 0, format!("Could not find stored procedure '{name}'."))
}

/// 201.
pub(crate) fn missing_parameter(procedure: &str, parameter: &str) -> SqlError {
    let text = format!(
        "Procedure or function '{procedure}' expects parameter '{parameter}', which was not supplied."
    );
    at(201, 16, 4, 0, text)
}

/// 8144.
pub(crate) fn too_many_arguments(procedure: &str) -> SqlError {
    at(8144, 16, 2, 0, format!("Procedure or function {procedure} has too many arguments specified."))
}

/// 8145.
pub(crate) fn not_a_parameter(parameter: &str, procedure: &str) -> SqlError {
    at(8145, 16, 1, 0, format!("{parameter} is not a parameter for procedure {procedure}."))
}

/// 8178.
pub(crate) fn missing_query_parameter(statement: &str, parameter: &str) -> SqlError {
    let text = format!(
        "The parameterized query '{statement}' expects the parameter '{parameter}', which was not supplied."
    );
    at(8178, 16, 1, 0, text)
}

/// 214.
pub(crate) fn wrong_parameter_type(parameter: &str, types: &str) -> SqlError {
    at(214, 16, 2, 0, format!("Procedure expects parameter '{parameter}' of type '{types}'."))
}

/// 911.
pub(crate) fn unknown_database(name: &str) -> SqlError {
    let text = format!("Database '{name}' does not exist. Make sure that the name is entered correctly.");
    at(911, 16, 1, 0, text)
}

/// 213.
pub(crate) fn insert_mismatch() -> SqlError {
    let text = "Column name or number of supplied values does not match table definition.";
    at(213, 16, 1, 0, text.to_owned())
}

/// 2714.
pub(crate) fn object_exists(name: &str) -> SqlError {
    at(2714, 16, 6, 0, format!("There is already an object named '{name}' in the database."))
}

/// 3701.
pub(crate) fn cannot_drop(kind: &str, name: &str) -> SqlError {
    let text =
        format!("Cannot drop the {kind} '{name}', because it does not exist or you do not have permission.");
    at(3701, 11, 5, 0, text)
}

/// 226: statements that refuse a user transaction.
pub(crate) fn not_within_transaction(statement: &str) -> SqlError {
    at(226, 16, 6, 0, format!("{statement} statement not allowed within multi-statement transaction."))
}

/// 574.
pub(crate) fn not_inside_transaction(statement: &str) -> SqlError {
    at(574, 16, 0, 0, format!("{statement} statement cannot be used inside a user transaction."))
}

/// 3902.
pub(crate) fn commit_without_begin() -> SqlError {
    at(3902, 16, 1, 0, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.".to_owned())
}

/// 3903.
pub(crate) fn rollback_without_begin() -> SqlError {
    at(3903, 16, 1, 0, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.".to_owned())
}

/// 10704.
pub(crate) fn throw_outside_catch(line: u32) -> SqlError {
    let text = "To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the THROW statement \
                inside a CATCH block, or add error parameters to the THROW statement.";
    at(10704, 15, 1, line, text.to_owned())
}

/// A construct of T-SQL that the subset leaves out.
///
/// No server raises this: it says so itself instead of guessing, so that nothing ever succeeds in silence. 49999
/// lies in the range that SQL Server keeps for itself and does not use.
pub(crate) fn not_modelled(what: &str) -> SqlError {
    SqlError::new(49999, 16, 1, format!("The simulator does not model {what}."))
}

/// 35236.
pub(crate) fn endpoint_url_missing(replica: &str, line: u32) -> SqlError {
    let text = format!(
        "The endpoint URL was not specified for the availability replica hosted by server instance '{replica}'. \
         Reenter the command, specifying the endpoint URL of this instance of SQL Server."
    );
    at(35236, 15, 1, line, text)
}

/// 41197.
pub(crate) fn failover_mode_missing(replica: &str, line: u32) -> SqlError {
    let text = format!(
        "The FAILOVER_MODE option has not been specified for the replica '{replica}'. Reenter the command, specifying \
         a FAILOVER_MODE for the replica."
    );
    at(41197, 15, 1, line, text)
}

/// 41198.
pub(crate) fn availability_mode_missing(replica: &str, line: u32) -> SqlError {
    let text = format!(
        "The AVAILABILITY_MODE option has not been specified for the replica '{replica}'. Reenter the command, \
         specifying an AVAILABILITY_MODE for the replica."
    );
    at(41198, 15, 1, line, text)
}

/// 2526.
pub(crate) fn unknown_dbcc(line: u32) -> SqlError {
    let text = "Incorrect DBCC statement. Check the documentation for the correct DBCC syntax and options.";
    at(2526, 16, 3, line, text.to_owned())
}

/// 529.
pub(crate) fn not_allowed_conversion(from: Type, to: Type) -> SqlError {
    let text = format!(
        "Explicit conversion from data type {} to {} is not allowed.",
        from.base_name(),
        to.base_name()
    );
    at(529, 16, 2, 0, text)
}

/// 8114.
pub(crate) fn conversion_to(from: &str, to: &str) -> SqlError {
    at(8114, 16, 5, 0, format!("Error converting data type {from} to {to}."))
}

/// 10709.
pub(crate) fn values_mismatch() -> SqlError {
    let text = "The number of columns for each row in a table value constructor must be the same.";
    at(10709, 16, 1, 0, text.to_owned())
}

/// 10741.
pub(crate) fn top_with_offset() -> SqlError {
    at(10741, 15, 2, 0, "A TOP can not be used in the same query or sub-query as an OFFSET.".to_owned())
}

/// 263.
pub(crate) fn no_table_for_star() -> SqlError {
    at(263, 16, 1, 0, "Must specify table to select from.".to_owned())
}

/// 104.
pub(crate) fn order_by_union() -> SqlError {
    let text = "ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT \
                operator.";
    at(104, 16, 1, 0, text.to_owned())
}

/// 108.
pub(crate) fn order_by_position(position: &str) -> SqlError {
    let text = format!(
        "The ORDER BY position number {position} is out of range of the number of items in the select list."
    );
    at(108, 16, 1, 0, text)
}

/// 8155.
pub(crate) fn unnamed_column(position: usize, table: &str) -> SqlError {
    at(8155, 16, 2, 0, format!("No column name was specified for column {position} of '{table}'."))
}

/// 8158 and 8159.
pub(crate) fn alias_columns(table: &str, fewer: bool) -> SqlError {
    if fewer {
        at(8158, 16, 1, 0, format!("'{table}' has more columns than were specified in the column list."))
    } else {
        at(8159, 16, 1, 0, format!("'{table}' has fewer columns than were specified in the column list."))
    }
}

/// 321.
pub(crate) fn not_a_hint(hint: &str) -> SqlError {
    let text = format!(
        "\"{hint}\" is not a recognized table hints option. If it is intended as a parameter to a table-valued function \
         or to the CHANGETABLE function, ensure that your database compatibility mode is set to 90."
    );
    at(321, 15, 1, 0, text)
}

/// 8117.
pub(crate) fn invalid_operand(data_type: &str, operator: &str) -> SqlError {
    at(8117, 16, 1, 0, format!("Operand data type {data_type} is invalid for {operator} operator."))
}

/// 4112.
pub(crate) fn window_order(function: &str) -> SqlError {
    at(4112, 15, 1, 0, format!("The function '{function}' must have an OVER clause with ORDER BY."))
}

/// 506.
pub(crate) fn invalid_escape(escape: &str) -> SqlError {
    at(506, 16, 1, 0, format!("The invalid escape character \"{escape}\" was specified in a LIKE predicate."))
}

/// 537 for LEFT and its kin.
pub(crate) fn invalid_length(function: &str) -> SqlError {
    at(537, 16, 3, 0, format!("Invalid length parameter passed to the {function} function."))
}

/// 8116.
pub(crate) fn invalid_argument_type(function: &str) -> SqlError {
    at(8116, 16, 1, 0, format!("Argument data type int is invalid for argument 1 of {function} function."))
}

/// 517.
pub(crate) fn date_overflow(data_type: &str) -> SqlError {
    at(517, 16, 1, 0, format!("Adding a value to a '{data_type}' column caused an overflow."))
}

/// 289.
pub(crate) fn date_parts() -> SqlError {
    let text = "Cannot construct data type date, some of the arguments have values which are not valid.";
    at(289, 16, 1, 0, text.to_owned())
}
