//! FOR XML and FOR JSON.

use super::{Message, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(
        1086,
        15,
        "The FOR XML and FOR JSON clauses are invalid in views, inline functions, derived tables, and subqueries when they contain a set operator. To work around, wrap the SELECT containing a set operator using derived table or common table expression or view and apply FOR XML or FOR JSON on top of it.",
    ),
    raised(
        6810,
        16,
        "Column name '%.*ls' is repeated. The same attribute cannot be generated more than once on the same XML tag.",
    ),
    raised(6819, 16, "The FOR XML clause is not allowed in a %ls statement."),
    raised(6846, 16, "XML name space prefix '%.*ls' declaration is missing for FOR XML %.*ls name '%.*ls'.")
        .state(4),
    raised(
        6849,
        16,
        "FOR XML PATH error in column '%.*ls' - '//' and leading and trailing '/' are not allowed in simple path expressions.",
    ),
    raised(
        6850,
        16,
        "%.*ls name '%.*ls' contains an invalid XML identifier as required by FOR XML; '%c'(0x%04X) is the first character at fault.",
    ),
    raised(
        6852,
        16,
        "Attribute-centric column '%.*ls' must not come after a non-attribute-centric sibling in XML hierarchy in FOR XML PATH.",
    ),
    raised(6861, 16, "Empty root tag name can't be specified with FOR XML."),
    raised(
        6864,
        16,
        "Row tag omission (empty row tag name) cannot be used with attribute-centric FOR XML serialization.",
    ),
    raised(
        6867,
        16,
        "'xmlns' is invalid in XML tag name in FOR XML PATH, or when WITH XMLNAMESPACES is used with FOR XML.",
    ),
    raised(
        13601,
        16,
        "Property '%.*ls' cannot be generated in JSON output due to a conflict with another column name or alias. Use different names and aliases for each column in SELECT list.",
    ),
    raised(13602, 16, "The FOR JSON clause is not allowed in a %ls statement."),
    raised(
        13605,
        16,
        "Column expressions and data sources without names or aliases cannot be formatted as JSON text using FOR JSON clause. Add alias to the unnamed column or table.",
    ),
];
