//! Values and their conversions.
//!
//! Source: "Database Engine events and errors" 0-999, 8000-8999 and 9000-9999, 2022.

use super::{Message, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(220, 16, "Arithmetic overflow error for data type %ls, value = %ld."),
    raised(232, 16, "Arithmetic overflow error for type %ls, value = %f.").state(2),
    raised(234, 16, "There is insufficient result space to convert a money value to %ls."),
    raised(235, 16, "Cannot convert a char value to money. The char value has incorrect syntax."),
    raised(237, 16, "There is insufficient result space to convert a money value to %ls."),
    raised(241, 16, "Conversion failed when converting date and/or time from character string."),
    raised(
        244,
        16,
        "The conversion of the %ls value '%.*ls' overflowed an %hs column. Use a larger integer column.",
    ),
    raised(245, 16, "Conversion failed when converting the %ls value '%.*ls' to data type %ls."),
    raised(248, 16, "The conversion of the %ls value '%.*ls' overflowed an int column."),
    raised(289, 16, "Cannot construct data type %ls, some of the arguments have values which are not valid."),
    raised(293, 16, "Cannot convert char value to smallmoney. The char value has incorrect syntax."),
    raised(402, 16, "The data types %s and %s are incompatible in the %s operator."),
    raised(506, 16, "The invalid escape character \"%.*ls\" was specified in a %ls predicate."),
    raised(517, 16, "Adding a value to a '%ls' column caused an overflow."),
    raised(529, 16, "Explicit conversion from data type %ls to %ls is not allowed.").state(2),
    raised(536, 16, "Invalid length parameter passed to the %ls function."),
    raised(537, 16, "Invalid length parameter passed to the LEFT or SUBSTRING function.").state(3),
    raised(8114, 16, "Error converting data type %ls to %ls.").state(5),
    raised(8115, 16, "Arithmetic overflow error converting %ls to data type %ls.").state(2),
    raised(8116, 16, "Argument data type %ls is invalid for argument %d of %ls function."),
    raised(8117, 16, "Operand data type %ls is invalid for %ls operator."),
    raised(8134, 16, "Divide by zero error encountered."),
    raised(8169, 16, "Conversion failed when converting from a character string to uniqueidentifier.")
        .state(2),
    raised(8170, 16, "Insufficient result space to convert uniqueidentifier value to char.").state(2),
    raised(9818, 16, "The culture parameter '%.*ls' provided in the function call is not supported."),
    raised(9819, 16, "Error converting string value '%.*ls' into data type %.*ls using culture '%.*ls'."),
];
