"""python-tds: the course of run.py."""

import datetime
import decimal
import uuid

import pytds
from course import take
from pytds import tds_types

# Every type that the client sends: what went and what came back.
PARAMETERS = {
    "bit": (tds_types.BitType(), True),
    "tinyint": (tds_types.TinyIntType(), 255),
    "smallint": (tds_types.SmallIntType(), -32768),
    "int": (tds_types.IntType(), -2147483648),
    "bigint": (tds_types.BigIntType(), -9223372036854775808),
    "real": (tds_types.RealType(), -1.5),
    "float": (tds_types.FloatType(), 2.718281828459045),
    "decimal": (tds_types.DecimalType(scale=3, precision=18), decimal.Decimal("-12345.678")),
    "smallmoney": (tds_types.SmallMoneyType(), decimal.Decimal("-1.25")),
    "money": (tds_types.MoneyType(), decimal.Decimal("922337203685477.5807")),
    "date": (tds_types.DateType(), datetime.date(2026, 3, 1)),
    "time": (tds_types.TimeType(precision=6), datetime.time(23, 59, 58, 123456)),
    "datetime": (tds_types.DateTimeType(), datetime.datetime(2026, 3, 1, 23, 59, 58)),
    "smalldatetime": (tds_types.SmallDateTimeType(), datetime.datetime(2026, 3, 1, 23, 59)),
    "datetime2": (tds_types.DateTime2Type(precision=6), datetime.datetime(2026, 3, 1, 23, 59, 58, 123456)),
    "datetimeoffset": (
        tds_types.DateTimeOffsetType(precision=6),
        datetime.datetime(2026, 3, 1, 23, 59, 58, 123456, datetime.timezone(datetime.timedelta(minutes=-210))),
    ),
    "uniqueidentifier": (tds_types.UniqueIdentifierType(), uuid.UUID("0a0b0c0d-1122-3344-5566-778899aabbcc")),
    "varchar": (tds_types.VarCharType(size=20), "é€"),
    "varchar(max)": (tds_types.VarCharMaxType(), "x" * 9000),
    "nvarchar": (tds_types.NVarCharType(size=40), "a'b 日本 😀"),
    "nvarchar(max)": (tds_types.NVarCharMaxType(), "é" * 5000),
    "varbinary": (tds_types.VarBinaryType(size=10), b"\x00\xff"),
    "varbinary(max)": (tds_types.VarBinaryMaxType(), bytes(range(256)) * 40),
    "xml": (tds_types.XmlType(), "<a>é</a>"),
    "no value": (tds_types.IntType(), None),
}


def connect(said, **other):
    told = said | other
    tls = {} if told["mode"] == "off" else {
        "cafile": told["ca"], "validate_host": False, "enc_login_only": told["mode"] == "login",
    }
    place = {"dsn": told["host"], "port": told.get("port")}
    if "instance" in told:
        place = {"dsn": told["host"] + "\\" + told["instance"]}
    return pytds.connect(
        **place, user=told["user"], password=told["password"],
        database=told["database"], disable_connect_retry=True, login_timeout=3, **({"autocommit": True} | tls | told.get("more", {})),
    )


def sets(cursor, batch, *parameters):
    """All results of a batch."""
    cursor.execute(batch, *parameters)
    found = []
    while True:
        if cursor.description:
            found.append([list(row) for row in cursor.fetchall()])
        if not cursor.nextset():
            return found


def plain(error):
    return {
        "number": error.number, "class": error.severity, "state": error.state, "line": error.line,
        "server": error.srvname, "procedure": error.procname, "text": error.text,
    }


def heard(cursor):
    """What the server said beside errors; the driver keeps it in the form of its errors."""
    return [plain(message) for _, message in cursor.messages or []]


def failure(call):
    try:
        call()
    except pytds.DatabaseError as error:
        return plain(error)
    except pytds.Error as error:
        return {"text": str(error)}
    return None


def parameters(cursor):
    came = {}
    for name, (data_type, value) in PARAMETERS.items():
        given = pytds.tds_base.Param(type=data_type, value=value)
        failed = failure(lambda: came.update({name: sets(cursor, "SELECT %s AS p", (given,))[0][0][0]}))
        back = failed or came[name]
        came[name] = "came back" if back == value else f"{value!r} came back as {back!r}"
    return came


def transactions(said):
    """Begun by the driver, for the transaction manager."""
    with connect(said, more={"autocommit": False}) as connection:
        cursor = connection.cursor()
        depths = [sets(cursor, "SELECT @@TRANCOUNT")[0][0][0]]
        for end in (connection.commit, connection.rollback):
            end()
            depths.append(sets(cursor, "SELECT @@TRANCOUNT")[0][0][0])
    return depths


def cancelled(said):
    with connect(said, more={"timeout": 0.5}) as connection:
        cursor = connection.cursor()
        try:
            cursor.execute(said["batches"]["wait"])
        except pytds.TimeoutError:
            return [True, sets(connection.cursor(), "SELECT 1")]
    return [False, []]


def table(cursor):
    numbers = pytds.TableValuedParam("dbo.numbers", [pytds.Column("n", type=tds_types.IntType())], iter([[1]]))
    return failure(lambda: sets(cursor, "SELECT * FROM %s", (numbers,)))


def course(said):
    batches = said["batches"]
    try:
        connection = connect(said)
    except (pytds.Error, OSError) as error:
        return {"refused": str(error)}
    cursor = connection.cursor()
    seen = {"who": sets(cursor, batches["who"])[0]}
    if said["whole"]:
        seen["sets"] = sets(cursor, batches["sets"])
        seen["error"] = failure(lambda: sets(cursor, batches["error"]))
        seen["procedure"] = failure(lambda: sets(cursor, batches["procedure"]))
        seen["unbound"] = failure(lambda: sets(cursor, batches["unbound"]))
        sets(cursor, batches["messages"])
        seen["messages"] = heard(cursor)
        seen["parameters"] = parameters(cursor)
        seen["transactions"] = transactions(said)
        seen["cancelled"] = cancelled(said)
        seen["table"] = table(cursor)
        seen["wrong"] = failure(lambda: connect(said, password="wrong"))
        seen["nowhere"] = failure(lambda: connect(said, database="nowhere"))
    connection.close()
    return seen


take(course)
