//! Batches: control flow, variables, RAISERROR and THROW, changes of tables of the session, doomed transactions.
//!
//! Source: "Database Engine events and errors" 0-999, 1000-1999, 2000-2999, 3000-3999, 6000-6999, 8000-8999,
//! 9000-9999, 18000-18999 and 31000-41399, 2022; states as servers of the field show them.

use super::{Message, raised};

pub(super) const MESSAGES: &[Message] = &[
    raised(
        109,
        15,
        "There are more columns in the INSERT statement than values specified in the VALUES clause. The number of \
         values in the VALUES clause must match the number of columns specified in the INSERT statement.",
    ),
    raised(
        110,
        15,
        "There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of \
         values in the VALUES clause must match the number of columns specified in the INSERT statement.",
    ),
    raised(112, 15, "Variables are not allowed in the %ls statement."),
    raised(
        120,
        15,
        "The select list for the INSERT statement contains fewer items than the insert list. The number of SELECT \
         values must match the number of INSERT columns.",
    ),
    raised(
        121,
        15,
        "The select list for the INSERT statement contains more items than the insert list. The number of SELECT \
         values must match the number of INSERT columns.",
    ),
    raised(128, 15, "The name \"%.*s\" is not permitted in this context. Valid expressions are constants, constant expressions, and (in some contexts) variables. Column names are not permitted."),
    raised(
        132,
        15,
        "The label '%.*ls' has already been declared. Label names must be unique within a query batch or stored \
         procedure.",
    ),
    raised(133, 15, "A GOTO statement references the label '%.*ls' but the label has not been declared."),
    raised(
        134,
        15,
        "The variable name '%.*ls' has already been declared. Variable names must be unique within a query batch or \
         stored procedure.",
    )
    .state(2),
    raised(135, 15, "Cannot use a BREAK statement outside the scope of a WHILE statement."),
    raised(136, 15, "Cannot use a CONTINUE statement outside the scope of a WHILE statement."),
    raised(145, 15, "ORDER BY items must appear in the select list if SELECT DISTINCT is specified."),
    raised(148, 15, "Incorrect time syntax in time string '%.*ls' used with WAITFOR."),
    raised(158, 15, "An aggregate may not appear in the OUTPUT clause."),
    raised(178, 15, "A RETURN statement with a return value cannot be used in this context."),
    raised(179, 15, "Cannot use the OUTPUT option when passing a constant to a stored procedure."),
    raised(206, 16, "Operand type clash: %ls is incompatible with %ls").state(2),
    raised(
        217,
        16,
        "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit %d).",
    ),
    raised(
        240,
        16,
        "Types don't match between the anchor and the recursive part in column \"%.*ls\" of recursive query \"%.*ls\".",
    ),
    raised(252, 16, "Recursive common table expression '%.*ls' does not contain a top-level UNION ALL operator."),
    raised(
        257,
        16,
        "Implicit conversion from data type %ls to %ls is not allowed. Use the CONVERT function to run this query.",
    )
    .state(3),
    raised(259, 16, "Ad hoc updates to system catalogs are not allowed."),
    raised(
        266,
        16,
        "Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. Previous count \
         = %ld, current count = %ld.",
    )
    .state(2),
    raised(
        310,
        15,
        "The value %d specified for the MAXRECURSION option exceeds the allowed maximum of %d.",
    ),
    raised(483, 16, "The OUTPUT clause cannot be used in an INSERT...EXEC statement.").state(2),
    raised(
        515,
        16,
        "Cannot insert the value NULL into column '%.*ls', table '%.*ls'; column does not allow nulls. %ls fails.",
    )
    .state(2),
    raised(
        530,
        16,
        "The statement terminated. The maximum recursion %d has been exhausted before statement completion.",
    ),
    raised(
        544,
        16,
        "Cannot insert explicit value for identity column in table '%.*ls' when IDENTITY_INSERT is set to OFF.",
    ),
    raised(545, 16, "Explicit value must be specified for identity column in table '%.*ls' either when IDENTITY_INSERT is set to ON or when a replication user is inserting into a NOT FOR REPLICATION identity column."),
    raised(547, 16, "The %ls statement conflicted with the %ls constraint \"%.*ls\". The conflict occurred in database \"%.*ls\", table \"%.*ls\"%ls%.*ls%ls.").state(0),
    raised(628, 16, "Cannot issue SAVE TRANSACTION when there is no active transaction.").state(0),
    raised(1026, 15, "GOTO cannot be used to jump into a TRY or CATCH scope."),
    raised(1031, 15, "Percent values must be between 0 and 100."),
    raised(1046, 15, "Subqueries are not allowed in this context. Only scalar expressions are allowed."),
    raised(1062, 16, "The TOP N WITH TIES clause is not allowed without a corresponding ORDER BY clause."),
    raised(1088, 16, "Cannot find the object \"%.*ls\" because it does not exist or you do not have permissions.").state(11),
    raised(1202, 16, "The database-principal '%.*ls' does not exist or user is not a member."),
    raised(1224, 16, "An invalid application lock resource was passed to %ls.").state(5),
    raised(1227, 16, "An invalid application lock time-out was passed to %ls.").state(2),
    raised(1505, 16, "The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name '%.*ls' and the index name '%.*ls'. The duplicate key value is %ls."),
    raised(1750, 16, "Could not create constraint or index. See previous errors.").state(0),
    raised(1754, 16, "Defaults cannot be created on columns with an IDENTITY attribute. Table '%.*ls', column '%.*ls'.").state(0),
    raised(1902, 16, "Cannot create more than one clustered index on %S_MSG '%.*ls'. Drop the existing clustered index '%.*ls' before creating another.").state(3),
    raised(1909, 16, "Cannot use duplicate column names in %S_MSG. Column name '%.*ls' listed more than once."),
    raised(1911, 16, "Column name '%.*ls' does not exist in the target table or view."),
    raised(1913, 16, "The operation failed because an index or statistics with name '%.*ls' already exists on %S_MSG '%.*ls'."),
    raised(1916, 16, "CREATE INDEX options %ls and %ls are mutually exclusive."),
    raised(1919, 16, "Column '%.*ls' in table '%.*ls' is of a type that is invalid for use as a key column in an index."),
    raised(2601, 14, "Cannot insert duplicate key row in object '%.*ls' with unique index '%.*ls'. The duplicate key value is %ls."),
    raised(2627, 14, "Violation of %ls constraint '%.*ls'. Cannot insert duplicate key in object '%.*ls'. The duplicate key value is %ls."),
    raised(
        2628,
        16,
        "String or binary data would be truncated in table '%.*ls', column '%.*ls'. Truncated value: '%.*ls'.",
    ),
    raised(2705, 16, "Column names in each table must be unique. Column name '%.*ls' in table '%.*ls' is specified more than once.").state(3),
    raised(
        2732,
        16,
        "Error number %ld is invalid. The number must be from %ld through %ld and it cannot be 50000.",
    ),
    raised(2744, 16, "Multiple identity columns specified for table '%.*ls'. Only one identity column per table is allowed.").state(2),
    raised(
        2747,
        16,
        "Too many substitution parameters for RAISERROR. Cannot exceed %d substitution parameters.",
    ),
    raised(2748, 16, "Cannot specify %ls data type (parameter %d) as a substitution parameter."),
    raised(2749, 16, "Identity column '%.*ls' must be of data type int, bigint, smallint, tinyint, or decimal or numeric with a scale of 0, unencrypted, and constrained to be nonnullable.").state(2),
    raised(
        2754,
        16,
        "Error severity levels greater than %d can only be specified by members of the sysadmin role, using the WITH \
         LOG option.",
    ),
    raised(2778, 16, "Only System Administrator can specify %s option for %s command.").state(2),
    raised(
        2786,
        16,
        "The data type of substitution parameter %d does not match the expected type of the format specification.",
    ),
    raised(2787, 16, "Invalid format specification: '%.*ls'."),
    raised(3021, 16, "Cannot perform a backup or restore operation within a transaction.").state(0),
    raised(3604, 10, "Duplicate key was ignored."),
    raised(3621, 10, "The statement has been terminated.").class(0).state(0),
    raised(
        3930,
        16,
        "The current transaction cannot be committed and cannot support operations that write to the log file. Roll \
         back the transaction.",
    ),
    raised(
        3931,
        16,
        "The current transaction cannot be committed and cannot be rolled back to a savepoint. Roll back the entire \
         transaction.",
    ),
    raised(
        3998,
        16,
        "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.",
    ),
    raised(4701, 16, "Cannot find the object \"%.*ls\" because it does not exist or you do not have permissions."),
    raised(5812, 14, "You do not have permission to run the RECONFIGURE statement."),
    raised(6401, 16, "Cannot roll back %.*ls. No transaction or savepoint of that name was found."),
    raised(
        8101,
        16,
        "An explicit value for the identity column in table '%.*ls' can only be specified when a column list is used \
         and IDENTITY_INSERT is ON.",
    ),
    raised(8102, 16, "Cannot update identity column '%.*ls'."),
    raised(8106, 16, "Table '%.*ls' does not have the identity property. Cannot perform SET operation."),
    raised(8107, 16, "IDENTITY_INSERT is already ON for table '%.*ls.%.*ls.%.*ls'. Cannot perform SET operation for table '%.*ls'."),
    raised(8110, 16, "Cannot add multiple PRIMARY KEY constraints to table '%.*ls'.").state(0),
    raised(8111, 16, "Cannot define PRIMARY KEY constraint on nullable column in table '%.*ls'."),
    raised(8112, 16, "Cannot add more than one clustered index for constraints on table '%.*ls'.").state(0),
    raised(8141, 16, "Column %ls constraint for column '%.*ls' references another column, table '%.*ls'.").state(0),
    raised(8147, 16, "Could not create IDENTITY attribute on nullable column '%.*ls', table '%.*ls'."),
    raised(8152, 16, "String or binary data would be truncated.").state(14),
    raised(8154, 15, "The table '%.*ls' is ambiguous."),
    raised(
        8162,
        16,
        "The formal parameter \"%.*ls\" was not declared as an OUTPUT parameter, but the actual parameter passed in \
         requested output.",
    )
    .state(2),
    raised(8164, 16, "An INSERT EXEC statement cannot be nested."),
    raised(9815, 16, "Waitfor delay and waitfor time cannot be of type %s.").state(0),
    raised(10705, 15, "Subqueries are not allowed in the OUTPUT clause."),
    raised(15123, 16, "The configuration option '%s' does not exist, or it may be an advanced option."),
    raised(15124, 16, "The configuration option '%s' is not unique."),
    raised(15129, 16, "'%d' is not a valid value for configuration option '%s'."),
    raised(
        15457,
        10,
        "Configuration option '%ls' changed from %ld to %ld. Run the RECONFIGURE statement to install.",
    )
    .class(0),
    raised(
        18054,
        16,
        "Error %d, severity %d, state %d was raised, but no message with that error number was found in sys.messages. \
         If error is larger than 50000, make sure the user-defined message is added using sp_addmessage.",
    )
    .logged(),
    raised(
        35100,
        16,
        "Error number %d in the THROW statement is outside the valid range. Specify an error number in the valid range \
         of 50000 to 2147483647.",
    )
    .state(10),
];
