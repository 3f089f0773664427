"""System.Data.SqlClient, Microsoft's client of .NET, driven over pythonnet: the course of run.py.

It decides by the flags of a column alone how a value of it is laid out, so that it reads what a server may not send as
garbage where others are lenient.
"""

import os
import sys

import pythonnet
from course import take

HOME = os.environ["SQLCLIENT_HOME"]
pythonnet.load("coreclr", runtime_config=f"{HOME}/runtime.json", dotnet_root=f"{HOME}/dotnet")
import clr

sys.path.append(f"{HOME}/lib")
clr.AddReference("System.Data.SqlClient")
clr.AddReference("System.Data.Common")
from System import Array, Byte, DateTime, DateTimeOffset, DBNull, Decimal, Double, Guid, Int32, Int64, Single, TimeSpan
from System.Data import SqlDbType
from System.Data.SqlClient import SqlCommand, SqlConnection, SqlConnectionStringBuilder, SqlException, SqlParameter

ENCRYPTED = {"login": False, "on": True}
GUID = "0a0b0c0d-1122-3344-5566-778899aabbcc"


def octets(*values):
    return Array[Byte](list(values))


# Every type that the client sends, with the value and, where it needs one, the size, or precision and scale.
PARAMETERS = {
    "bit": (SqlDbType.Bit, True),
    "tinyint": (SqlDbType.TinyInt, Byte(255)),
    "smallint": (SqlDbType.SmallInt, Int32(-32768)),
    "int": (SqlDbType.Int, Int32(-2147483648)),
    "bigint": (SqlDbType.BigInt, Int64(-9223372036854775808)),
    "real": (SqlDbType.Real, Single(-1.5)),
    "float": (SqlDbType.Float, Double(2.718281828459045)),
    "decimal": (SqlDbType.Decimal, Decimal.Parse("-12345.678"), 18, 3),
    "smallmoney": (SqlDbType.SmallMoney, Decimal.Parse("-1.2500")),
    "money": (SqlDbType.Money, Decimal.Parse("922337203685477.5807")),
    "date": (SqlDbType.Date, DateTime(2026, 3, 1)),
    "time": (SqlDbType.Time, TimeSpan(0, 23, 59, 58, 123)),
    "datetime": (SqlDbType.DateTime, DateTime(2026, 3, 1, 23, 59, 58, 120)),
    "smalldatetime": (SqlDbType.SmallDateTime, DateTime(2026, 3, 1, 23, 59, 0)),
    "datetime2": (SqlDbType.DateTime2, DateTime(2026, 3, 1, 23, 59, 58, 123)),
    "datetimeoffset": (SqlDbType.DateTimeOffset, DateTimeOffset(2026, 3, 1, 23, 59, 58, TimeSpan(-5, 0, 0))),
    "uniqueidentifier": (SqlDbType.UniqueIdentifier, Guid.Parse(GUID)),
    "char": (SqlDbType.Char, "abc", 3),
    "nchar": (SqlDbType.NChar, "日本", 2),
    "varchar": (SqlDbType.VarChar, "é€", 10),
    "varchar(max)": (SqlDbType.VarChar, "x" * 9000, -1),
    "nvarchar": (SqlDbType.NVarChar, "a'b 日本 😀", 20),
    "nvarchar(max)": (SqlDbType.NVarChar, "é" * 5000, -1),
    "binary": (SqlDbType.Binary, octets(1, 2, 3), 3),
    "varbinary": (SqlDbType.VarBinary, octets(0, 255), 2),
    "varbinary(max)": (SqlDbType.VarBinary, octets(*[7] * 9000), -1),
    "sql_variant": (SqlDbType.Variant, Int32(7)),
    "no value": (SqlDbType.Int, DBNull.Value),
}


def connect(said, **other):
    told = {name: said[name] for name in ("user", "password", "database")} | other
    words = SqlConnectionStringBuilder()
    words.DataSource = said["host"] + ("\\" + said["instance"] if "instance" in said else f",{said['port']}")
    words.UserID, words.Password, words.InitialCatalog = told["user"], told["password"], told["database"]
    words.Encrypt, words.TrustServerCertificate = ENCRYPTED[said["mode"]], True
    words.Pooling, words.ConnectRetryCount, words.ConnectTimeout = False, 0, 60
    connection = SqlConnection(words.ConnectionString)
    connection.Open()
    return connection


def native(value):
    """What JSON can say of a value."""
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, DBNull):
        return None
    if isinstance(value, (Byte, Int32, Int64)):
        return int(str(value))
    if isinstance(value, (Single, Double)):
        return float(str(value))
    return bytes(value).hex() if isinstance(value, Array[Byte]) else str(value)


def results(command):
    """All results of a command."""
    reader = command.ExecuteReader()
    found = []
    try:
        while True:
            if reader.FieldCount:
                rows = []
                while reader.Read():
                    rows.append([native(reader.GetValue(place)) for place in range(reader.FieldCount)])
                found.append(rows)
            if not reader.NextResult():
                return found
    finally:
        reader.Close()


def sets(connection, text):
    return results(SqlCommand(text, connection))


def told(error):
    return {
        "number": error.Number, "class": error.Class, "state": error.State, "line": error.LineNumber,
        "server": error.Server, "procedure": error.Procedure or "", "text": error.Message,
    }


def errors(call):
    try:
        call()
    except SqlException as failure:
        return [told(error) for error in failure.Errors]
    return None


def parameters(connection):
    came = {}
    for name, (kind, value, *size) in PARAMETERS.items():
        parameter = SqlParameter("@p", kind)
        if len(size) == 2:
            parameter.Precision, parameter.Scale = Byte(size[0]), Byte(size[1])
        elif size:
            parameter.Size = size[0]
        parameter.Value = value
        command = SqlCommand("SELECT @p AS p", connection)
        command.Parameters.Add(parameter)
        try:
            [[[back]]] = results(command)
        except SqlException as failure:
            back = failure.Message
        came[name] = "came back" if back == native(value) else f"{native(value)} came back as {back}"
    return came


def prepared(connection):
    """Prepared once, run twice."""
    command = SqlCommand("SELECT @n + 1 AS n", connection)
    number = command.Parameters.Add(SqlParameter("@n", SqlDbType.Int))
    command.Prepare()
    seen = []
    for value in (1, 41):
        number.Value = Int32(value)
        seen.append(results(command)[0][0][0])
    return seen


def transactions(connection):
    def depth(transaction=None):
        command = SqlCommand("SELECT @@TRANCOUNT", connection)
        command.Transaction = transaction
        return results(command)[0][0][0]

    transaction = connection.BeginTransaction()
    seen = [depth(transaction)]
    transaction.Save("here")
    transaction.Rollback("here")
    seen.append(depth(transaction))
    transaction.Commit()
    seen.append(depth())
    transaction = connection.BeginTransaction()
    transaction.Rollback()
    return [*seen, depth()]


def cancelled(connection, text):
    """Stopped while it runs, by the client's own clock, and the connection goes on."""
    command = SqlCommand(text, connection)
    command.CommandTimeout = 1
    return [errors(command.ExecuteNonQuery) is not None, sets(connection, "SELECT 1")]


def course(said):
    batches = said["batches"]
    try:
        connection = connect(said)
    except SqlException as failure:
        return {"refused": failure.Message}
    seen = {"who": sets(connection, batches["who"])[0]}
    if said["whole"]:
        seen["sets"] = sets(connection, batches["sets"])
        for step in ("error", "unbound", "procedure"):
            seen[step] = errors(lambda step=step: sets(connection, batches[step]))
        heard = []
        hear = lambda _sender, event: heard.extend(told(error) for error in event.Errors)
        connection.InfoMessage += hear
        SqlCommand(batches["messages"], connection).ExecuteNonQuery()
        connection.InfoMessage -= hear
        seen["messages"] = heard
        seen["parameters"] = parameters(connection)
        seen["prepared"] = prepared(connection)
        seen["transactions"] = transactions(connection)
        seen["cancelled"] = cancelled(connection, batches["wait"])
        seen["wrong"] = errors(lambda: connect(said, password="wrong"))
        seen["nowhere"] = errors(lambda: connect(said, database="nowhere"))
    connection.Close()
    return seen


take(course)
