"""mssql-python (Microsoft's ODBC driver 18): the course of run.py."""

import datetime
import decimal
import uuid

import mssql_python
from course import take

ENCRYPT = {"login": "no", "on": "yes", "strict": "strict", "off": "no"}
UTC = datetime.timezone.utc
HALF_PAST = datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))

# Every type that the client sends: what went and what came back.
PARAMETERS = {
    "bit": True,
    "tinyint": 255,
    "smallint": -32768,
    "int": -2147483648,
    "bigint": -9223372036854775808,
    "float": 2.718281828459045,
    "decimal": decimal.Decimal("-12345.678"),
    "decimal(38)": decimal.Decimal("12345678901234567890123456789012345.678"),
    "date": datetime.date(2026, 3, 1),
    "time": datetime.time(23, 59, 58, 123456),
    "datetime2": datetime.datetime(2026, 3, 1, 23, 59, 58, 123456),
    "datetimeoffset": datetime.datetime(2026, 3, 1, 23, 59, 58, 123456, HALF_PAST),
    "uniqueidentifier": uuid.UUID("0a0b0c0d-1122-3344-5566-778899aabbcc"),
    "varchar": "plain",
    "nvarchar": "a'b 日本 😀",
    "nvarchar(max)": "é" * 5000,
    "varbinary": b"\x00\xff",
    "varbinary(max)": bytes(range(256)) * 40,
    "no value": None,
}


def connect(said, **other):
    told = said | other
    password = told["password"].replace("}", "}}")
    place = told["host"] + ("\\" + told["instance"] if "instance" in told else f",{told['port']}")
    return mssql_python.connect(
        f"Server={place};Database={told['database']};UID={told['user']};PWD={{{password}}};"
        f"Encrypt={ENCRYPT[told['mode']]};HostNameInCertificate={told['certificate_name']};TrustServerCertificate=no",
        timeout=10,
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


def failure(call):
    try:
        call()
    except mssql_python.Error as error:
        return {"text": error.ddbc_error}
    return None


def parameters(cursor):
    came = {}
    for name, value in PARAMETERS.items():
        back = failure(lambda: came.update({name: sets(cursor, "SELECT ? AS p", value)[0][0][0]})) or came[name]
        came[name] = "came back" if repr(back) == repr(value) else f"{value!r} came back as {back!r}"
    return came


def course(said):
    batches = said["batches"]
    try:
        connection = connect(said)
    except mssql_python.Error as error:
        return {"refused": str(error)}
    connection.autocommit = True
    cursor = connection.cursor()
    seen = {"who": sets(cursor, batches["who"])[0]}
    if said["whole"]:
        seen["sets"] = sets(cursor, batches["sets"])
        seen["error"] = failure(lambda: sets(cursor, batches["error"]))
        seen["procedure"] = failure(lambda: sets(cursor, batches["procedure"]))
        seen["unbound"] = failure(lambda: sets(cursor, batches["unbound"]))
        cursor.execute(batches["messages"])
        heard = list(cursor.messages)
        while cursor.nextset():
            heard += cursor.messages
        seen["messages"] = sorted(list(one) for one in heard)
        seen["parameters"] = parameters(cursor)
        # Prepared at the first, by its handle at the second.
        seen["prepared"] = [sets(cursor, "SELECT ? + 1", n)[0][0][0] for n in (1, 41)]
        connection.autocommit = False
        depth = sets(cursor, "SELECT @@TRANCOUNT")[0][0][0]
        connection.rollback()
        connection.autocommit = True
        seen["transactions"] = [depth, sets(cursor, "SELECT @@TRANCOUNT")[0][0][0]]
        connection.timeout = 1
        slow = connection.cursor()
        seen["cancelled"] = [failure(lambda: sets(slow, batches["wait"])) is not None, sets(cursor, "SELECT 1")]
        seen["wrong"] = failure(lambda: connect(said, password="wrong"))
        seen["nowhere"] = failure(lambda: connect(said, database="nowhere"))
    connection.close()
    return seen


take(course)
