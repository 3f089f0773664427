//! Syntax, binding and queries.
//!
//! Source: "Database Engine events and errors" 0-999, 1000-1999, 2000-2999, 4000-4999, 8000-8999 and
//! 10000-10999, 2022.

use super::{Message, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(102, 15, "Incorrect syntax near '%.*ls'."),
    raised(103, 15, "The %S_MSG that starts with '%.*ls' is too long. Maximum length is %d.").state(4),
    raised(
        104,
        15,
        "ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or \
         EXCEPT operator.",
    ),
    raised(105, 15, "Unclosed quotation mark after the character string '%.*ls'."),
    raised(
        107,
        15,
        "The column prefix '%.*ls' does not match with a table name or alias name used in the query.",
    ),
    raised(
        108,
        15,
        "The ORDER BY position number %ld is out of range of the number of items in the select list.",
    ),
    raised(113, 15, "Missing end comment mark '*/'."),
    raised(
        116,
        15,
        "Only one expression can be specified in the select list when the subquery is not introduced with \
         EXISTS.",
    ),
    raised(127, 15, "A TOP N or FETCH rowcount value may not be negative."),
    raised(137, 15, "Must declare the scalar variable \"%.*ls\".").state(2),
    raised(
        141,
        15,
        "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval \
         operations.",
    ),
    raised(153, 15, "Invalid usage of the option %.*ls in the %ls statement.").state(2),
    raised(155, 15, "'%.*ls' is not a recognized %ls option."),
    raised(156, 15, "Incorrect syntax near the keyword '%.*ls'."),
    raised(174, 15, "The %.*ls function requires %d argument(s)."),
    raised(189, 15, "The %ls function requires %d to %d arguments."),
    raised(
        191,
        15,
        "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into \
         smaller queries.",
    ),
    raised(195, 15, "'%.*ls' is not a recognized %S_MSG.").state(10),
    raised(
        205,
        16,
        "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of \
         expressions in their target lists.",
    ),
    raised(207, 16, "Invalid column name '%.*ls'."),
    raised(208, 16, "Invalid object name '%.*ls'."),
    raised(209, 16, "Ambiguous column name '%.*ls'."),
    raised(213, 16, "Column name or number of supplied values does not match table definition."),
    raised(243, 16, "Type %.*ls is not a defined system type."),
    raised(263, 16, "Must specify table to select from."),
    raised(313, 16, "An insufficient number of arguments were supplied for the procedure or function %.*ls.")
        .state(3),
    raised(321, 15, "\"%.*ls\" is not a recognized table hints option."),
    raised(447, 16, "Expression type %ls is invalid for COLLATE clause.").state(0),
    raised(494, 16, "The TABLESAMPLE clause can only be used with local tables."),
    raised(
        512,
        16,
        "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= \
         , >, >= or when the subquery is used as an expression.",
    ),
    raised(
        1007,
        15,
        "The %S_MSG '%.*ls' is out of the range for numeric representation (maximum precision 38).",
    ),
    raised(1011, 15, "The correlation name '%.*ls' is specified multiple times in a FROM clause."),
    raised(
        1033,
        15,
        "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.",
    ),
    raised(
        1038,
        15,
        "An object or column name is missing or empty. For SELECT INTO statements, verify each column has a \
         name. For other statements, look for empty alias names. Aliases defined as \"\" or [] are not \
         allowed. Change the alias to a valid name.",
    )
    .state(4),
    raised(
        1060,
        15,
        "The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.",
    ),
    raised(1087, 15, "Must declare the table variable \"%.*ls\".").state(2),
    raised(
        2526,
        16,
        "Incorrect DBCC statement. Check the documentation for the correct DBCC syntax and options.",
    )
    .state(3),
    raised(4104, 16, "The multi-part identifier \"%.*ls\" could not be bound."),
    raised(4112, 16, "The function '%.*ls' must have an OVER clause with ORDER BY."),
    raised(
        4121,
        16,
        "Cannot find either column \"%.*ls\" or the user-defined function or aggregate \"%.*ls\", or the \
         name is ambiguous.",
    ),
    raised(
        4145,
        15,
        "An expression of non-boolean type specified in a context where a condition is expected, near \
         '%.*ls'.",
    ),
    raised(
        8120,
        16,
        "Column '%.*ls.%.*ls' is invalid in the select list because it is not contained in either an \
         aggregate function or the GROUP BY clause.",
    ),
    raised(8155, 15, "No column name was specified for column %d of '%.*ls'.").state(2),
    raised(8158, 15, "'%.*ls' has more columns than were specified in the column list."),
    raised(8159, 15, "'%.*ls' has fewer columns than were specified in the column list."),
    raised(
        8161,
        16,
        "Argument %d of the %ls function does not match any of the expressions in the GROUP BY clause.",
    ),
    raised(
        10703,
        15,
        "The WITH CUBE and WITH ROLLUP options are not permitted with a ROLLUP, CUBE, or GROUPING SETS specification.",
    ),
    raised(
        10704,
        15,
        "To rethrow an error, a THROW statement must be used inside a CATCH block. Insert the THROW \
         statement inside a CATCH block, or add error parameters to the THROW statement.",
    ),
    raised(10709, 16, "The number of columns for each row in a table value constructor must be the same."),
    raised(10715, 15, "'%.*ls' is not a valid hint."),
    raised(10741, 15, "A TOP can not be used in the same query or sub-query as an OFFSET.").state(2),
    raised(10742, 15, "The offset specified in a OFFSET clause may not be negative."),
    raised(10743, 15, "The number of rows provided for a OFFSET clause must be an integer."),
    raised(10744, 15, "The number of rows provided for a FETCH clause must be greater then zero."),
    raised(11501, 16, "The batch could not be analyzed because of compile errors.").state(2),
    raised(
        11504,
        16,
        "The parameter type for '%.*ls' cannot be deduced because no type would make the query valid.",
    ),
    raised(
        11506,
        16,
        "The parameter type cannot be uniquely deduced; two possibilities were found for parameter '%.*ls'.",
    ),
    raised(11508, 16, "The undeclared parameter '%.*ls' is used more than once in the batch being analyzed."),
    raised(
        11509,
        16,
        "The metadata could not be determined because the statement '%.*ls' is not compatible with the statement '%.*ls'.",
    ),
    raised(
        11513,
        16,
        "The metadata could not be determined because statement '%.*ls' contains dynamic SQL. Consider using the WITH RESULT SETS clause to explicitly describe the result set.",
    ),
    raised(
        11525,
        16,
        "The metadata could not be determined because statement '%.*ls' uses a temp table. Metadata discovery only supports temp tables when analyzing a single-statement batch.",
    ),
    raised(
        11529,
        16,
        "The metadata could not be determined because every code path results in an error; see previous errors for some of these.",
    ),
];
