//! The statements of a batch, as the parser hands them to the engine.
//!
//! Queries and expressions stay in `sqlparser`'s types; everything else has a type of its own, because that crate
//! reads none of the statements about certificates, endpoints and availability groups (see `parser`).
//! No meaning is looked up here: names may name nothing.

use sqlparser::ast::{DataType, Expr, Ident, ObjectName, Query};

use crate::world::security::PasswordHash;

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
    /// `DELETE FROM @t|#t [WHERE …]`.
    Delete {
        target: ObjectName,
        condition: Option<Box<Expr>>,
    },
    /// `UPDATE @t|#t SET c = e, … [WHERE …]`.
    Update {
        target: ObjectName,
        assignments: Vec<(Ident, Expr)>,
        condition: Option<Box<Expr>>,
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

/// `INSERT [INTO] target [(columns)] source`.
#[derive(Debug, Clone)]
pub(crate) struct Insert {
    pub(crate) target: ObjectName,
    pub(crate) columns: Vec<Ident>,
    pub(crate) source: InsertSource,
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
        password: Option<LoginPassword>,
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
    /// `ALTER ROLE … ADD | DROP MEMBER`, in the current database.
    AlterRole {
        role: Name,
        add: bool,
        member: Name,
    },
    AlterServerRole {
        role: Name,
        add: bool,
        member: Name,
    },
    /// `true`: `WITH NO_INFOMSGS`.
    Dbcc(Dbcc, bool),
}

/// A password on its way to the world; never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[derive(Debug, Clone)]
pub(crate) enum AlterMasterKey {
    AddServiceMasterKey,
    DropServiceMasterKey,
    AddPassword(Secret),
    DropPassword(Secret),
    Regenerate { password: Secret, force: bool },
}

#[derive(Debug, Clone)]
pub(crate) struct CreateCertificate {
    pub(crate) name: Name,
    pub(crate) authorization: Option<Name>,
    pub(crate) source: CertificateSource,
    pub(crate) active_for_begin_dialog: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum CertificateSource {
    /// Born in the server.
    Generated {
        password: Option<Secret>,
        subject: String,
        start_date: Option<String>,
        expiry_date: Option<String>,
    },
    /// `FROM BINARY = 0x…`.
    Binary { der: Vec<u8>, private_key: Option<PrivateKey> },
    /// `FROM [EXECUTABLE] FILE`, and `FROM ASSEMBLY`, whose name is no file.
    File { path: String },
}

/// `PRIVATE KEY (…)`.
#[derive(Debug, Clone, Default)]
pub(crate) struct PrivateKey {
    /// `BINARY = 0x…`.
    pub(crate) binary: Option<KeyFile>,
    /// `FILE = '…'`.
    pub(crate) in_file: bool,
    pub(crate) passwords: KeyPasswords,
}

/// A private key on its way to the world; never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyFile(pub(crate) Vec<u8>);

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyFile(…)")
    }
}

/// The passwords of a `PRIVATE KEY (…)`: the one that it is put under, and the one that it is under.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyPasswords {
    pub(crate) encryption: Option<Secret>,
    pub(crate) decryption: Option<Secret>,
}

#[derive(Debug, Clone)]
pub(crate) enum AlterCertificate {
    RemovePrivateKey,
    PrivateKey(PrivateKey),
    ActiveForBeginDialog(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointState {
    Started,
    Stopped,
    Disabled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointRole {
    Witness,
    Partner,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WindowsAuthentication {
    Ntlm,
    Kerberos,
    Negotiate,
}

/// `AUTHENTICATION = …`: at least one of the two; the order says which is tried first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authentication {
    Windows(WindowsAuthentication),
    Certificate(Name),
    WindowsThenCertificate(WindowsAuthentication, Name),
    CertificateThenWindows(Name, WindowsAuthentication),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Aes,
    Rc4,
    AesRc4,
    Rc4Aes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    Disabled,
    Supported(Option<Algorithm>),
    Required(Option<Algorithm>),
}

/// `AS TCP (…)`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tcp {
    pub(crate) port: Option<i64>,
    /// `None`: not written; `Some(None)`: ALL.
    pub(crate) ip: Option<Option<String>>,
}

/// What stands inside `FOR DATABASE_MIRRORING (…)`; `None` was not written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Mirroring {
    pub(crate) authentication: Option<Authentication>,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) role: Option<EndpointRole>,
}

#[derive(Debug, Clone)]
pub(crate) struct CreateEndpoint {
    pub(crate) name: Name,
    pub(crate) authorization: Option<Name>,
    pub(crate) state: Option<EndpointState>,
    /// `AFFINITY` was written.
    pub(crate) affinity: bool,
    pub(crate) tcp: Tcp,
    pub(crate) mirroring: Mirroring,
}

#[derive(Debug, Clone)]
pub(crate) struct AlterEndpoint {
    pub(crate) name: Name,
    pub(crate) state: Option<EndpointState>,
    /// `AFFINITY` was written.
    pub(crate) affinity: bool,
    pub(crate) tcp: Option<Tcp>,
    pub(crate) mirroring: Option<Mirroring>,
    /// Another protocol or payload was written than those of mirroring endpoints.
    pub(crate) of_another_kind: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecurableClass {
    Server,
    Endpoint,
    AvailabilityGroup,
    Database,
    Certificate,
    Login,
    /// A view, table or procedure; the name has its schema and perhaps its database, with points between.
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PermissionVerb {
    Grant,
    Deny,
    Revoke,
}

#[derive(Debug, Clone)]
pub(crate) struct Permission {
    pub(crate) verb: PermissionVerb,
    pub(crate) with_grant_option: bool,
    /// `REVOKE GRANT OPTION FOR`.
    pub(crate) grant_option_for: bool,
    pub(crate) cascade: bool,
    /// Upper-case, words joined by one blank: `CONNECT`, `VIEW SERVER STATE`.
    pub(crate) permissions: Vec<String>,
    pub(crate) securable: Option<(SecurableClass, Name)>,
    pub(crate) principals: Vec<Name>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AvailabilityMode {
    Synchronous,
    Asynchronous,
    ConfigurationOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailoverMode {
    Automatic,
    Manual,
    External,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeedingMode {
    Automatic,
    Manual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackupPreference {
    Primary,
    SecondaryOnly,
    Secondary,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClusterType {
    Wsfc,
    External,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AllowConnections {
    No,
    ReadOnly,
    ReadWrite,
    All,
}

/// Options of a group: those of `CREATE … WITH (…)` and `ALTER … SET (…)`. `None` was not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GroupOptions {
    pub(crate) backup_preference: Option<BackupPreference>,
    pub(crate) failure_condition_level: Option<i64>,
    pub(crate) health_check_timeout: Option<i64>,
    pub(crate) db_failover: Option<bool>,
    /// `true`: PER_DB.
    pub(crate) dtc_support: Option<bool>,
    pub(crate) required_synchronized_secondaries: Option<i64>,
    pub(crate) cluster_type: Option<ClusterType>,
    pub(crate) basic: bool,
    pub(crate) distributed: bool,
    pub(crate) contained: bool,
    pub(crate) reuse_system_databases: bool,
}

/// One member: `N'name' WITH (…)`. `None` was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplicaOptions {
    pub(crate) name: String,
    /// `ENDPOINT_URL` of a replica, `LISTENER_URL` of a member of a distributed group.
    pub(crate) url: Option<String>,
    pub(crate) availability_mode: Option<AvailabilityMode>,
    pub(crate) failover_mode: Option<FailoverMode>,
    pub(crate) seeding_mode: Option<SeedingMode>,
    pub(crate) backup_priority: Option<i64>,
    pub(crate) session_timeout: Option<i64>,
    pub(crate) primary_connections: Option<AllowConnections>,
    pub(crate) secondary_connections: Option<AllowConnections>,
    /// `READ_ONLY_ROUTING_URL`; `Some(None)` is `NONE`.
    pub(crate) read_only_routing_url: Option<Option<String>>,
    pub(crate) read_write_routing_url: Option<Option<String>>,
    /// `READ_ONLY_ROUTING_LIST`: names, in load-balanced sets.
    pub(crate) read_only_routing_list: Option<Vec<Vec<String>>>,
}

impl ReplicaOptions {
    /// A member of that name with nothing written about it.
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            url: None,
            availability_mode: None,
            failover_mode: None,
            seeding_mode: None,
            backup_priority: None,
            session_timeout: None,
            primary_connections: None,
            secondary_connections: None,
            read_only_routing_url: None,
            read_write_routing_url: None,
            read_only_routing_list: None,
        }
    }
}

/// A group's listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) dns_name: String,
    /// Addresses with their subnet masks (IPv4).
    pub(crate) addresses: Vec<(String, Option<String>)>,
    pub(crate) dhcp: bool,
    /// `DHCP ON`: the subnet and its mask.
    pub(crate) subnet: Option<(String, Option<String>)>,
    pub(crate) port: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct CreateAvailabilityGroup {
    pub(crate) name: Name,
    pub(crate) options: GroupOptions,
    pub(crate) form: GroupForm,
}

#[derive(Debug, Clone)]
pub(crate) enum GroupForm {
    Local {
        databases: Vec<Name>,
        replicas: Vec<ReplicaOptions>,
        listener: Option<Listener>,
    },
    /// `AVAILABILITY GROUP ON …`.
    Distributed {
        members: Vec<ReplicaOptions>,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum AlterAvailabilityGroup {
    Set(GroupOptions),
    /// `SET (ROLE = SECONDARY)`.
    SetRoleSecondary,
    AddDatabases(Vec<Name>),
    RemoveDatabases(Vec<Name>),
    AddReplicas(Vec<ReplicaOptions>),
    ModifyReplicas(Vec<ReplicaOptions>),
    RemoveReplicas(Vec<String>),
    Join {
        cluster_type: Option<ClusterType>,
    },
    JoinDistributed(Vec<ReplicaOptions>),
    ModifyDistributed(Vec<ReplicaOptions>),
    Failover,
    ForceFailover,
    Offline,
    GrantCreateAnyDatabase,
    DenyCreateAnyDatabase,
    AddListener(Listener),
    RemoveListener(String),
    RestartListener(String),
    ModifyListener {
        dns_name: String,
        port: Option<i64>,
        add_ip: Option<(String, Option<String>)>,
    },
}

#[derive(Debug, Clone)]
pub(crate) enum AlterDatabase {
    RecoveryModel(RecoveryModel),
    Hadr(HadrOption),
    /// `ONLINE`, `OFFLINE`.
    Online(bool),
    /// `READ_ONLY` (`true`), `READ_WRITE`.
    ReadOnly(bool),
    UserAccess(UserAccess),
    Broker(bool),
    AutoClose(bool),
    AcceleratedRecovery(bool),
    CompatibilityLevel(i64),
    Encryption(bool),
    Rename(Name),
    /// An option of the subset's grammar that changes nothing the world models, by its upper-case name.
    Unmodelled(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecoveryModel {
    Full,
    BulkLogged,
    Simple,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserAccess {
    Multi,
    Single,
    Restricted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HadrOption {
    Group(Name),
    Off,
    Suspend,
    Resume,
}

#[derive(Debug, Clone)]
pub(crate) struct Backup {
    pub(crate) database: Name,
    pub(crate) kind: BackupKind,
    pub(crate) targets: Vec<String>,
    pub(crate) copy_only: bool,
    pub(crate) checksum: bool,
    /// `NORECOVERY` (tail-log).
    pub(crate) norecovery: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackupKind {
    Full,
    Differential,
    Log,
}

#[derive(Debug, Clone)]
pub(crate) struct Restore {
    pub(crate) database: Name,
    pub(crate) log: bool,
    pub(crate) sources: Vec<String>,
    pub(crate) norecovery: bool,
    /// Options as they were written, lower case; those of no meaning here too.
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct CreateLogin {
    pub(crate) name: Name,
    pub(crate) source: LoginSource,
    pub(crate) options: LoginOptions,
}

/// Options of a login; `None` was not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LoginOptions {
    pub(crate) default_database: Option<Name>,
    pub(crate) check_policy: Option<bool>,
    pub(crate) check_expiration: Option<bool>,
    pub(crate) must_change: bool,
    pub(crate) sid: Option<Vec<u8>>,
}

/// What a login gets as its password.
#[derive(Debug, Clone)]
pub(crate) enum LoginPassword {
    Plain(Secret),
    /// `0x… HASHED`; nothing where that is no hash.
    Hashed(Option<PasswordHash>),
}

#[derive(Debug, Clone)]
pub(crate) enum LoginSource {
    Password(LoginPassword),
    Windows,
    External,
    Certificate(Name),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dbcc {
    TraceOn {
        flags: Vec<i64>,
        global: bool,
    },
    TraceOff {
        flags: Vec<i64>,
        global: bool,
    },
    /// Empty: all that are on.
    TraceStatus {
        flags: Vec<i64>,
        global: bool,
    },
    /// `DBCC SQLPERF (LOGSPACE)`.
    LogSpace,
}
