"""pymssql (FreeTDS' db-lib): the course of run.py. It knows no parameters of its own: it writes values into the text."""

from course import take
from pymssql import _mssql

ENCRYPTION = {"off": "off", "login": "request", "on": "require"}


def connect(said, **other):
    told = {name: said[name] for name in ("user", "password", "database")} | other
    place = {"server": said["host"], "port": str(said.get("port"))}
    if "instance" in said:
        place = {"server": said["host"] + "\\" + said["instance"]}
    return _mssql.connect(
        **place, tds_version="7.4", conn_properties="",
        encryption=ENCRYPTION[said["mode"]], **told,
    )


def decoded(said):
    return said.decode() if isinstance(said, bytes) else said


def rows(result):
    return [[row[place] for place in sorted(key for key in row if isinstance(key, int))] for row in result]


def sets(connection, batch):
    """All results of a batch."""
    connection.execute_query(batch)
    found = [rows(connection)]
    while connection.nextresult():
        found.append(rows(connection))
    return found


def failure(call):
    try:
        call()
    except _mssql.MSSQLDatabaseException as error:
        return {
            "number": error.number, "class": error.severity, "state": error.state, "line": error.line,
            "procedure": decoded(error.procname),
            "text": decoded(error.text).split("DB-Lib error message")[0],
        }
    return None


def course(said):
    batches = said["batches"]
    try:
        connection = connect(said)
    except _mssql.MSSQLDriverException as error:
        return {"refused": str(error)}
    except _mssql.MSSQLDatabaseException as error:
        return {"refused": decoded(error.text)}
    seen = {"who": sets(connection, batches["who"])[0]}
    if said["whole"]:
        seen["sets"] = sets(connection, batches["sets"])
        seen["error"] = failure(lambda: sets(connection, batches["error"]))
        seen["unbound"] = failure(lambda: sets(connection, batches["unbound"]))
        seen["procedure"] = failure(lambda: sets(connection, batches["procedure"]))
        heard = []
        connection.set_msghandler(lambda state, severity, server, procedure, line, text: heard.append(
            {"class": severity, "state": state, "line": line, "server": decoded(server), "text": decoded(text)}
        ))
        connection.execute_non_query(batches["messages"])
        seen["messages"] = heard
        seen["wrong"] = failure(lambda: connect(said, password="wrong"))
        seen["nowhere"] = failure(lambda: connect(said, database="nowhere"))
        slow = connect(said)
        slow.query_timeout = 1
        seen["cancelled"] = [failure(lambda: sets(slow, batches["wait"])) is not None, sets(connection, "SELECT 1")]
    connection.close()
    return seen


take(course)
