//! The errors that SQL Server raises, on their way to a client.
//!
//! Numbers, severities and texts are in [`super::messages`]; the functions here are for those that several modules
//! raise, with the arguments that their texts take.

use std::fmt::{self, Display};

use super::messages::{self, Message};
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

/// As `sqlcmd` shows it.
impl Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Msg {}, Level {}, State {}: {}", self.number, self.severity, self.state, self.message)
    }
}

impl SqlError {
    /// An error that the table of messages does not have: a user's own, a fault's, or the simulator's.
    pub(crate) fn new(number: i32, severity: u8, state: u8, message: String) -> Self {
        Self { number, severity, state, message, line: 0, procedure: None, before: Vec::new() }
    }
    /// A message of the table with its arguments.
    pub(crate) fn of(message: &Message, arguments: &[&dyn Display]) -> Self {
        Self::new(message.number, message.class, message.state, message.text(arguments))
    }
    /// The same, with another that comes first, and whatever came before that.
    pub(crate) fn after(mut self, mut first: Self) -> Self {
        self.before.append(&mut first.before);
        self.before.push(first);
        self
    }
    /// Whether it only informs (class 0 to 10).
    pub(crate) fn is_no_error(&self) -> bool {
        self.severity <= 10
    }
    /// Number and text, as one end of a link reports them of the other.
    pub(crate) fn told(self) -> (i32, String) {
        (self.number, self.message)
    }
    /// The same in another state.
    pub(crate) fn in_state(self, state: u8) -> Self {
        Self { state, ..self }
    }
    pub(crate) fn at_line(mut self, line: u32) -> Self {
        if self.line == 0 {
            self.line = line;
        }
        self.before = self.before.into_iter().map(|one| one.at_line(line)).collect();
        self
    }
}

/// The engine's error of a number: `raise!(41140, name)`. Numbers that the table of messages lacks, and arguments that
/// their text does not take, do not compile.
macro_rules! raise {
    ($number:literal $(, $argument:expr)* $(,)?) => {
        $crate::tsql::error::raised::<$number, _>([$(&$argument as &dyn ::std::fmt::Display),*])
    };
}
pub(crate) use raise;

/// What [`raise`] stands for.
pub(crate) fn raised<const NUMBER: i32, const COUNT: usize>(arguments: [&dyn Display; COUNT]) -> SqlError {
    let message: &'static Message = const {
        #[allow(clippy::expect_used, reason = "evaluated while compiling")]
        let message = messages::find(NUMBER).expect("a number of the table of messages");
        assert!(message.arguments() == COUNT, "the text of the message takes another number of arguments");
        message
    };
    SqlError::of(message, &arguments)
}

/// 102, or 156 where the offending word is reserved.
pub(crate) fn syntax(near: &str, reserved: bool, line: u32) -> SqlError {
    if reserved { raise!(156, near.to_ascii_uppercase()) } else { raise!(102, near) }.at_line(line)
}

/// 103.
pub(crate) fn name_too_long(name: &str, line: u32) -> SqlError {
    let start: String = name.chars().take(128).collect();
    raise!(103, "identifier", start, 128).at_line(line)
}

/// 1038.
pub(crate) fn empty_name(line: u32) -> SqlError {
    raise!(1038).at_line(line)
}

/// 105.
pub(crate) fn unclosed_quote(rest: &str, line: u32) -> SqlError {
    raise!(105, rest).at_line(line)
}

/// 113.
pub(crate) fn missing_end_comment(line: u32) -> SqlError {
    raise!(113).at_line(line)
}

/// 191.
pub(crate) fn nested_too_deeply(line: u32) -> SqlError {
    raise!(191).at_line(line)
}

/// 4145.
pub(crate) fn condition_expected(near: &str, line: u32) -> SqlError {
    raise!(4145, near).at_line(line)
}

/// 137.
pub(crate) fn undeclared_variable(name: &str) -> SqlError {
    raise!(137, name)
}

/// 1087.
pub(crate) fn undeclared_table_variable(name: &str) -> SqlError {
    raise!(1087, name)
}

/// 207.
pub(crate) fn invalid_column(name: &str) -> SqlError {
    raise!(207, name)
}

/// 208.
pub(crate) fn invalid_object(name: &str) -> SqlError {
    raise!(208, name)
}

/// 209.
pub(crate) fn ambiguous_column(name: &str) -> SqlError {
    raise!(209, name)
}

/// 4104.
pub(crate) fn unbound_identifier(name: &str) -> SqlError {
    raise!(4104, name)
}

/// 107.
pub(crate) fn unknown_prefix(prefix: &str) -> SqlError {
    raise!(107, prefix)
}

/// 195.
pub(crate) fn unknown_function(name: &str) -> SqlError {
    raise!(195, name, "built-in function name")
}

/// 4121: the same for a function with a schema.
pub(crate) fn unknown_user_function(first: &str, name: &str) -> SqlError {
    raise!(4121, first, name)
}

/// 174.
pub(crate) fn argument_count(name: &str, count: usize) -> SqlError {
    raise!(174, name.to_ascii_lowercase(), count)
}

/// 189.
pub(crate) fn argument_range(name: &str, least: usize, most: usize) -> SqlError {
    raise!(189, name.to_ascii_lowercase(), least, most)
}

/// 1011.
pub(crate) fn duplicate_alias(name: &str) -> SqlError {
    raise!(1011, name)
}

/// 8120.
pub(crate) fn not_grouped(table: &str, column: &str) -> SqlError {
    raise!(8120, table, column)
}

/// 205.
pub(crate) fn unequal_set_operands() -> SqlError {
    raise!(205)
}

/// 141.
pub(crate) fn assignment_with_retrieval() -> SqlError {
    raise!(141)
}

/// 243.
pub(crate) fn unknown_type(name: &str) -> SqlError {
    raise!(243, name)
}

/// 245.
pub(crate) fn conversion(from: &str, value: &str, to: &str) -> SqlError {
    raise!(245, from, value, to)
}

/// 241.
pub(crate) fn date_conversion() -> SqlError {
    raise!(241)
}

/// 8169.
pub(crate) fn guid_conversion() -> SqlError {
    raise!(8169)
}

/// 8115.
pub(crate) fn overflow(to: &str) -> SqlError {
    raise!(8115, "expression", to)
}

/// 8134.
pub(crate) fn divide_by_zero() -> SqlError {
    raise!(8134)
}

/// 402.
pub(crate) fn incompatible(left: &str, right: &str, operator: &str) -> SqlError {
    raise!(402, left, right, operator)
}

/// 512.
pub(crate) fn subquery_many() -> SqlError {
    raise!(512)
}

/// 116.
pub(crate) fn subquery_columns() -> SqlError {
    raise!(116)
}

/// 155.
pub(crate) fn not_an_option(option: &str, kind: &str, line: u32) -> SqlError {
    raise!(155, option, kind).at_line(line)
}

/// 195 for `SET something`.
pub(crate) fn unknown_set_option(name: &str, line: u32) -> SqlError {
    raise!(195, name, "SET option").in_state(5).at_line(line)
}

/// 2812.
pub(crate) fn unknown_procedure(name: &str) -> SqlError {
    raise!(2812, name)
}

/// 201.
pub(crate) fn missing_parameter(procedure: &str, parameter: &str) -> SqlError {
    raise!(201, procedure, parameter)
}

/// 8144.
pub(crate) fn too_many_arguments(procedure: &str) -> SqlError {
    raise!(8144, procedure)
}

/// 8145.
pub(crate) fn not_a_parameter(parameter: &str, procedure: &str) -> SqlError {
    raise!(8145, parameter, procedure)
}

/// 8178.
pub(crate) fn missing_query_parameter(statement: &str, parameter: &str) -> SqlError {
    raise!(8178, statement, parameter)
}

/// 214.
pub(crate) fn wrong_parameter_type(parameter: &str, types: &str) -> SqlError {
    raise!(214, parameter, types)
}

/// 911.
pub(crate) fn unknown_database(name: &str) -> SqlError {
    raise!(911, name)
}

/// 213.
pub(crate) fn insert_mismatch() -> SqlError {
    raise!(213)
}

/// 2714.
pub(crate) fn object_exists(name: &str) -> SqlError {
    raise!(2714, name)
}

/// 3701.
pub(crate) fn cannot_drop(kind: &str, name: &str) -> SqlError {
    raise!(3701, "drop", kind, name)
}

/// 226: statements that refuse a user transaction.
pub(crate) fn not_within_transaction(statement: &str) -> SqlError {
    raise!(226, statement)
}

/// 574.
pub(crate) fn not_inside_transaction(statement: &str) -> SqlError {
    raise!(574, statement)
}

/// 3902.
pub(crate) fn commit_without_begin() -> SqlError {
    raise!(3902)
}

/// 3903.
pub(crate) fn rollback_without_begin() -> SqlError {
    raise!(3903)
}

/// 10704.
pub(crate) fn throw_outside_catch(line: u32) -> SqlError {
    raise!(10704).at_line(line)
}

/// The number of [`not_modelled`].
pub(crate) const NOT_MODELLED: i32 = 49999;

/// A construct of T-SQL that the subset leaves out.
///
/// No server raises this: it says so itself instead of guessing, so that nothing ever succeeds in silence. 49999
/// lies in the range that SQL Server keeps for itself and does not use.
pub(crate) fn not_modelled(what: &str) -> SqlError {
    SqlError::new(NOT_MODELLED, 16, 1, format!("The simulator does not model {what}."))
}

/// 35236.
pub(crate) fn endpoint_url_missing(replica: &str, line: u32) -> SqlError {
    raise!(35236, replica).at_line(line)
}

/// 41197.
pub(crate) fn failover_mode_missing(replica: &str, line: u32) -> SqlError {
    raise!(41197, replica).at_line(line)
}

/// 41198.
pub(crate) fn availability_mode_missing(replica: &str, line: u32) -> SqlError {
    raise!(41198, replica).at_line(line)
}

/// 2526.
pub(crate) fn unknown_dbcc(line: u32) -> SqlError {
    raise!(2526).at_line(line)
}

/// 529.
pub(crate) fn not_allowed_conversion(from: Type, to: Type) -> SqlError {
    raise!(529, from.base_name(), to.base_name())
}

/// 8114.
pub(crate) fn conversion_to(from: &str, to: &str) -> SqlError {
    raise!(8114, from, to)
}

/// 10709.
pub(crate) fn values_mismatch() -> SqlError {
    raise!(10709)
}

/// 10741.
pub(crate) fn top_with_offset() -> SqlError {
    raise!(10741)
}

/// 263.
pub(crate) fn no_table_for_star() -> SqlError {
    raise!(263)
}

/// 104.
pub(crate) fn order_by_union() -> SqlError {
    raise!(104)
}

/// 108.
pub(crate) fn order_by_position(position: &str) -> SqlError {
    raise!(108, position)
}

/// 8155.
pub(crate) fn unnamed_column(position: usize, table: &str) -> SqlError {
    raise!(8155, position, table)
}

/// 8158 and 8159.
pub(crate) fn alias_columns(table: &str, fewer: bool) -> SqlError {
    if fewer { raise!(8158, table) } else { raise!(8159, table) }
}

/// 321.
pub(crate) fn not_a_hint(hint: &str) -> SqlError {
    raise!(321, hint)
}

/// 8117.
pub(crate) fn invalid_operand(data_type: &str, operator: &str) -> SqlError {
    raise!(8117, data_type, operator)
}

/// 4112.
pub(crate) fn window_order(function: &str) -> SqlError {
    raise!(4112, function)
}

/// 506.
pub(crate) fn invalid_escape(escape: &str) -> SqlError {
    raise!(506, escape, "LIKE")
}

/// 537 for LEFT and SUBSTRING, 536 for RIGHT.
pub(crate) fn invalid_length(function: &str) -> SqlError {
    if function == "right" { raise!(536, function) } else { raise!(537) }
}

/// 8116.
pub(crate) fn invalid_argument_type(function: &str) -> SqlError {
    raise!(8116, "int", 1, function)
}

/// 517.
pub(crate) fn date_overflow(data_type: &str) -> SqlError {
    raise!(517, data_type)
}

/// 289.
pub(crate) fn date_parts() -> SqlError {
    raise!(289, "date")
}

/// 206.
pub(crate) fn type_clash(from: Type, to: Type) -> SqlError {
    raise!(206, from.base_name(), to.base_name())
}

/// 257.
pub(crate) fn implicit_conversion(from: Type, to: Type) -> SqlError {
    raise!(257, from.base_name(), to.base_name())
}

/// 109 and 110: VALUES against the list of columns.
pub(crate) fn values_count(more: bool) -> SqlError {
    if more { raise!(110) } else { raise!(109) }
}

/// 120 and 121: SELECT against the list of columns.
pub(crate) fn select_count(more: bool) -> SqlError {
    if more { raise!(121) } else { raise!(120) }
}

/// 310.
pub(crate) fn recursion_limit(limit: i64, line: u32) -> SqlError {
    raise!(310, limit, 32767).at_line(line)
}
