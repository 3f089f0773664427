//! The statements of a batch, as the parser hands them to the engine.
//!
//! Queries and expressions stay in `sqlparser`'s types; everything else has a type of its own, because that crate
//! reads none of the statements about certificates, endpoints and availability groups (see `parser`).
//! No meaning is looked up here: names may name nothing.

mod database;
mod endpoint;
mod group;
mod security;

use sqlparser::ast::{DataType, Expr, Ident, ObjectName, Query, SelectItem, TableWithJoins};

pub(crate) use self::database::*;
pub(crate) use self::endpoint::*;
pub(crate) use self::group::*;
pub(crate) use self::security::*;

/// A parsed batch.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) statements: Vec<Statement>,
}

/// One statement, where it stands, and its text.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// Line within the batch, from 1: what `ERROR_LINE()` and the error token report.
    pub(crate) line: u32,
    /// The statement's text with every password replaced; safe for journals and errors.
    pub(crate) text: String,
    pub(crate) kind: StatementKind,
}

/// What a statement does.
#[derive(Debug, Clone)]
pub(crate) enum StatementKind {
    /// `SELECT`, with or without `WITH`; also the assigning form `SELECT @v = …` and `SELECT … INTO #t`.
    Query(Box<Query>),
    Insert(Box<Insert>),
    /// `DELETE [TOP (n)] [FROM] @t|#t [OUTPUT …] [FROM …] [WHERE …]`.
    Delete(Box<Change>),
    /// `UPDATE [TOP (n)] @t|#t SET c = e, … [OUTPUT …] [FROM …] [WHERE …]`.
    Update {
        change: Box<Change>,
        assignments: Vec<(Ident, Expr)>,
    },
    CreateTable {
        name: Ident,
        definition: TableDefinition,
    },
    CreateIndex(Box<CreateIndex>),
    TruncateTable(ObjectName),
    DropTables {
        names: Vec<ObjectName>,
        if_exists: bool,
    },
    Declare(Vec<Declaration>),
    SetVariable {
        name: Ident,
        operator: Option<sqlparser::ast::BinaryOperator>,
        value: Box<Expr>,
    },
    SetOption(SessionOption),
    If {
        condition: Box<Expr>,
        then: Box<Statement>,
        otherwise: Option<Box<Statement>>,
    },
    While {
        condition: Box<Expr>,
        body: Box<Statement>,
    },
    Break,
    Continue,
    /// `name:`.
    Label(Ident),
    Goto(Ident),
    Block(Vec<Statement>),
    TryCatch {
        attempt: Vec<Statement>,
        handler: Vec<Statement>,
    },
    Throw(Option<Box<[Expr; 3]>>),
    RaiseError(Box<RaiseError>),
    Print(Box<Expr>),
    Use(Name),
    Execute(Box<Execute>),
    /// `EXEC (expression)`.
    ExecuteText(Box<Expr>),
    Return(Option<Box<Expr>>),
    /// `WAITFOR DELAY` (`true`) or `TIME`.
    WaitFor {
        delay: bool,
        value: Box<Expr>,
    },
    Transaction(Transaction),
    Checkpoint,
    Reconfigure,
    Ddl(Box<Ddl>),
}

/// An identifier as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(pub(crate) String);

impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// `INSERT [TOP (n)] [INTO] target [(columns)] [OUTPUT …] source`.
#[derive(Debug, Clone)]
pub(crate) struct Insert {
    pub(crate) top: Option<TopRows>,
    pub(crate) target: ObjectName,
    pub(crate) columns: Vec<Ident>,
    pub(crate) outputs: Vec<OutputClause>,
    pub(crate) source: InsertSource,
}

/// What UPDATE and DELETE have in common.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) top: Option<TopRows>,
    /// The table, or the alias that it has in `from`.
    pub(crate) target: ObjectName,
    pub(crate) outputs: Vec<OutputClause>,
    pub(crate) from: Vec<TableWithJoins>,
    pub(crate) condition: Option<Box<Expr>>,
}

/// `TOP (n) [PERCENT]` of a change.
#[derive(Debug, Clone)]
pub(crate) struct TopRows {
    pub(crate) count: Expr,
    pub(crate) percent: bool,
}

/// `OUTPUT items [INTO target [(columns)]]`; one without INTO answers the client.
#[derive(Debug, Clone)]
pub(crate) struct OutputClause {
    pub(crate) items: Vec<SelectItem>,
    pub(crate) into: Option<(ObjectName, Vec<Ident>)>,
}

#[derive(Debug, Clone)]
pub(crate) enum InsertSource {
    Query(Box<Query>),
    Execute(Box<Execute>),
    ExecuteText(Box<Expr>),
    /// `DEFAULT VALUES`.
    Defaults,
}

/// `RAISERROR (message, severity, state [, argument …]) [WITH option …]`.
#[derive(Debug, Clone)]
pub(crate) struct RaiseError {
    pub(crate) message: Expr,
    pub(crate) severity: Expr,
    pub(crate) state: Expr,
    pub(crate) arguments: Vec<Expr>,
    pub(crate) with_log: bool,
    pub(crate) with_nowait: bool,
    pub(crate) set_error: bool,
}

impl RaiseError {
    /// All that it takes, in order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Expr> {
        [&self.message, &self.severity, &self.state].into_iter().chain(&self.arguments)
    }
}

/// One variable of a `DECLARE`.
#[derive(Debug, Clone)]
pub(crate) enum Declaration {
    Scalar { name: Ident, data_type: DataType, value: Option<Box<Expr>> },
    Table { name: Ident, definition: TableDefinition },
}

/// What stands between the parentheses of `CREATE TABLE` and `DECLARE … TABLE`.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableDefinition {
    pub(crate) columns: Vec<TableColumn>,
    /// Those of columns too, in the order in which they are written.
    pub(crate) constraints: Vec<Constraint>,
}

/// A column of a table variable or temporary table.
#[derive(Debug, Clone)]
pub(crate) struct TableColumn {
    pub(crate) name: Ident,
    pub(crate) data_type: DataType,
    /// `NULL` or `NOT NULL`; `None` was not written.
    pub(crate) nullable: Option<bool>,
    /// `IDENTITY(seed, increment)`.
    pub(crate) identity: Option<(i64, i64)>,
    pub(crate) default: Option<Expr>,
    pub(crate) collation: Option<Name>,
}

/// What rows of a table have to keep to.
#[derive(Debug, Clone)]
pub(crate) struct Constraint {
    pub(crate) name: Option<Name>,
    /// The column that it is written behind.
    pub(crate) column: Option<Ident>,
    pub(crate) rule: Rule,
}

#[derive(Debug, Clone)]
pub(crate) enum Rule {
    Key {
        form: KeyForm,
        /// `None` was not written.
        clustered: Option<bool>,
        columns: Vec<Ident>,
        /// `IGNORE_DUP_KEY = ON`: INSERT leaves out what is there already.
        ignores: bool,
    },
    Check(Box<Expr>),
}

/// What a key is, and so what a row that is there already is refused with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyForm {
    Primary,
    Unique,
    /// An index; whether it is unique.
    Index(bool),
}

/// `CREATE [UNIQUE] [CLUSTERED | NONCLUSTERED] INDEX name ON #t (column, …)`.
#[derive(Debug, Clone)]
pub(crate) struct CreateIndex {
    pub(crate) table: ObjectName,
    /// With its name.
    pub(crate) index: Constraint,
}

/// A `SET` of the session that the engine knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SessionOption {
    ImplicitTransactions(bool),
    XactAbort(bool),
    NoCount(bool),
    /// Milliseconds; -1 waits for ever.
    LockTimeout(i64),
    /// `LANGUAGE us_english`: the client is told.
    Language,
    /// `IDENTITY_INSERT table ON | OFF`.
    IdentityInsert(String, bool),
    /// `ROWCOUNT`: rows that a statement returns or changes at most; 0 is all.
    RowCount(Box<Expr>),
    /// Bytes of a long value that a query returns; -1 is all.
    TextSize(i64),
    ContextInfo(Box<Expr>),
    /// Its number in `sys.dm_exec_sessions`.
    Isolation(u8),
    /// `FMTONLY`: columns, but no rows.
    FormatOnly(bool),
    NoExec(bool),
    ParseOnly(bool),
    ArithAbort(bool),
    CursorCloseOnCommit(bool),
    Several(Vec<SessionOption>),
    /// Options that change nothing as they are set: `ANSI_NULLS ON`, `DATEFIRST 7`, …
    Without,
}

/// `EXEC [@r =] procedure arguments`.
#[derive(Debug, Clone)]
pub(crate) struct Execute {
    pub(crate) result: Option<Ident>,
    pub(crate) procedure: Procedure,
    pub(crate) arguments: Vec<Argument>,
}

#[derive(Debug, Clone)]
pub(crate) enum Procedure {
    Named(ObjectName),
    /// `EXEC @name …`.
    Variable(Ident),
}

#[derive(Debug, Clone)]
pub(crate) struct Argument {
    pub(crate) name: Option<Ident>,
    /// `None`: the word `DEFAULT`.
    pub(crate) value: Option<Expr>,
    pub(crate) output: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Transaction {
    /// With its name, which a rollback may use.
    Begin(Option<String>),
    Commit,
    /// Of the whole, or to a savepoint.
    Rollback(Option<String>),
    Save(String),
}

/// Statements that create, change or drop objects of the instance.
#[derive(Debug, Clone)]
pub(crate) enum Ddl {
    CreateMasterKey {
        password: Option<Secret>,
    },
    AlterMasterKey(AlterMasterKey),
    DropMasterKey,
    OpenMasterKey {
        password: Secret,
    },
    CloseMasterKey,
    BackupMasterKey {
        password: Secret,
    },
    RestoreMasterKey,
    CreateCertificate(CreateCertificate),
    AlterCertificate {
        name: Name,
        change: AlterCertificate,
    },
    DropCertificate {
        name: Name,
    },
    BackupCertificate {
        name: Name,
        file: String,
        private_key: Option<KeyPasswords>,
    },
    CreateEndpoint(CreateEndpoint),
    AlterEndpoint(AlterEndpoint),
    DropEndpoint {
        name: Name,
    },
    AlterAuthorization {
        class: SecurableClass,
        name: Name,
        owner: Option<Name>,
    },
    Permission(Permission),
    CreateAvailabilityGroup(CreateAvailabilityGroup),
    AlterAvailabilityGroup {
        name: Name,
        change: AlterAvailabilityGroup,
    },
    DropAvailabilityGroup {
        name: Name,
    },
    CreateDatabase {
        name: Name,
        collation: Option<Name>,
    },
    AlterDatabase {
        name: Option<Name>,
        /// More than one only of `SET a, b, …`.
        changes: Vec<AlterDatabase>,
    },
    DropDatabases {
        names: Vec<Name>,
        if_exists: bool,
    },
    Backup(Backup),
    Restore(Restore),
    CreateLogin(CreateLogin),
    AlterLogin {
        name: Name,
        enable: Option<bool>,
        password: Option<NewPassword>,
        options: LoginOptions,
    },
    DropLogin {
        name: Name,
    },
    CreateUser {
        name: Name,
        login: Option<Name>,
        without_login: bool,
    },
    DropUser {
        name: Name,
        if_exists: bool,
    },
    CreateRole {
        scope: RoleScope,
        name: Name,
        owner: Option<Name>,
    },
    AlterRole {
        scope: RoleScope,
        name: Name,
        change: AlterRole,
    },
    DropRole {
        scope: RoleScope,
        name: Name,
        if_exists: bool,
    },
    /// `true`: `WITH NO_INFOMSGS`.
    Dbcc(Dbcc, bool),
}
