#!/usr/bin/env python3
"""Clients that we did not write take a course of a simulator's TDS faces, in each way of encrypting that they know.

| client | what it is |
| --- | --- |
| freetds | `tsql` of FreeTDS, of Debian's packages |
| pymssql | FreeTDS' db-lib, of PyPI |
| python-tds | of PyPI |
| mssql-python | Microsoft's ODBC driver 18, of PyPI |
| tedious | of npm |
| mssql-tds | Microsoft's, of crates.io, in a cargo project of its own |
| tiberius | of crates.io, as the workspace has it |
| sqlclient | System.Data.SqlClient of .NET, out of wheels of PyPI |

Each is a program `*_course.*` beside this file: it reads what to do as JSON and writes what it saw as JSON, a line for
each visit (in Python, by `course.py`). Here it is compared with what SQL Server would show. They are installed below target/clients, once.

    acceptance-tests/clients/tds/run.py [CLIENT …]
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from compare import differences
from dotnet import debian, dotnet
from simulator import CLIENTS, TARGET, Simulator, installed, python_environment

HERE = pathlib.Path(__file__).resolve().parent
ESTATE = HERE / "estate.json"
DEBIAN = ["freetds-bin", "libct4", "libsybdb5", "libodbc2", "libltdl7"]
PYTHON = ["pymssql==2.4.6", "python-tds==1.17.1", "pyOpenSSL==26.4.0", "mssql-python==1.16.0"]
NODE = ["tedious@19.2.2"]

# Servers by the names of the estate: what they are and what they ask of connections.
SERVERS = {
    "sql1": ("SQL1", 3),
    "forced": ("FORCED", 3),
    "strict": ("STRICT", 3),
    "bare": ("BARE", 3),
    "old": ("OLD", 3),
    "mi": ("MI", 8),
    "named": (r"NAMED\SALES", 3),
}
# The one that clients find by SQL Server Browser: they are told its host and its name, and no port.
NAMED, INSTANCE = "named", "SALES"
# What a client of a mode gets: everything encrypted, not everything, or nothing at all. [MS-TDS 2.2.6.5]
CONNECTIONS = {
    "off": {"sql1": "FALSE", "forced": None, "strict": None, "bare": "FALSE", "old": "FALSE", "mi": None, "named": "FALSE"},
    "login": {"sql1": "FALSE", "forced": "TRUE", "strict": None, "bare": "FALSE", "old": "FALSE", "mi": "TRUE", "named": "FALSE"},
    "on": {"sql1": "TRUE", "forced": "TRUE", "strict": None, "bare": None, "old": "TRUE", "mi": "TRUE", "named": "TRUE"},
    "strict": {"sql1": "TRUE", "forced": "TRUE", "strict": "TRUE", "bare": None, "old": None, "mi": "TRUE", "named": "TRUE"},
}
# FreeTDS and tiberius give in to a server that insists, and tedious to one that has no TLS.
YIELDS = {"off": {"forced": "TRUE", "mi": "TRUE"}}
NO_TLS_WILL_DO = {"on": {"bare": "FALSE"}}
# tiberius encrypts the login of a server that said that it has no TLS.
NO_TLS_WILL_NOT_DO = {"login": {"bare": None}}

# Where the whole course is taken.
WHOLE = {("off", "sql1"), ("login", "sql1"), ("on", "sql1"), ("strict", "sql1"), ("on", "mi"), ("strict", "mi")}

BATCHES = {
    "who": "SELECT @@SERVERNAME, CAST(SERVERPROPERTY('EngineEdition') AS int), encrypt_option"
           " FROM sys.dm_exec_connections WHERE session_id = @@SPID",
    "sets": "SELECT 1 AS a; SELECT N'é日😀' AS b, 2 AS c; SELECT name FROM sys.databases WHERE database_id < 0",
    "error": "SELECT 1 AS a\n\nRAISERROR(N'Own words', 12, 7)",
    "unbound": "SELECT 1\nSELECT nothing FROM sys.databases",
    "procedure": "\nEXEC sp_certificate_add_issuer 999999, N'*.database.windows.net'",
    "messages": "PRINT N'hello'\nUSE tempdb\nRAISERROR(N'by the way', 5, 3)\nUSE master",
    "wait": "WAITFOR DELAY '23:00:00'",
}


def message(number, severity, state, line, text, procedure=""):
    return {
        "number": number, "class": severity, "state": state, "line": line, "procedure": procedure, "text": text,
    }


ERRORS = {
    "error": [message(50000, 12, 7, 3, "Own words")],
    "unbound": [message(207, 16, 1, 2, "Invalid column name 'nothing'.")],
    # (Which line of its own text a procedure of the system was at, no source says.)
    "procedure": [message(
        15151, 16, 1, 2,
        "Cannot find the certificate '999999', because it does not exist or you do not have permission.",
        "sp_certificate_add_issuer",
    )],
    "wrong": [message(18456, 14, 1, 1, "Login failed for user 'course'.")],
    "nowhere": [
        message(4060, 11, 1, 1, 'Cannot open database "nowhere" requested by the login. The login failed.'),
        message(18456, 14, 1, 1, "Login failed for user 'course'."),
    ],
}
MESSAGES = [
    message(0, 0, 1, 1, "hello"),
    message(5701, 0, 1, 1, "Changed database context to 'tempdb'."),
    message(50000, 5, 3, 3, "by the way"),
    message(5701, 0, 1, 1, "Changed database context to 'master'."),
]
SETS = [[[1]], [["é日😀", 2]], []]


class Client:
    """A client: how it is run, in which modes, and what of an answer it shows."""

    def __init__(self, name, program, modes, expected, environment=(), otherwise=()):
        self.name, self.program, self.modes, self.expected = name, program, modes, expected
        self.environment, self.otherwise = dict(environment), dict(otherwise)

    def gets(self, mode, server):
        """How its connection is encrypted; nothing where there is none."""
        return self.otherwise.get(mode, {}).get(server, CONNECTIONS[mode][server])

    def visits(self, addresses):
        for mode in self.modes:
            for server in SERVERS:
                place = next(name for name in addresses if name.startswith(server + ".") and ":" in name)
                host, port = addresses[place].rsplit(":", 1)
                found = {"host": host, "instance": INSTANCE} if server == NAMED else {"port": int(port)}
                yield {
                    "mode": mode, "server": server, "whole": (mode, server) in WHOLE,
                    "certificate_name": place.rsplit(":", 1)[0],
                } | found

    def run(self, said, addresses):
        """What it saw, by mode and server."""
        said = said | {"visits": list(self.visits(addresses))}
        done = subprocess.run(
            self.program, input=json.dumps(said), capture_output=True, text=True, timeout=300,
            env=os.environ | {"SSL_CERT_FILE": said["ca"], "NODE_EXTRA_CA_CERTS": said["ca"]} | self.environment,
        )
        seen = [json.loads(line) for line in done.stdout.splitlines()]
        if len(seen) != len(said["visits"]):
            raise SystemExit(f"{self.name} ended after {len(seen)} visits: {done.stderr}")
        return {(one["mode"], one["server"]): one["seen"] for one in seen}


def connection(seen, wanted, server):
    """How a visit went, in a word, and whether that is right."""
    if "refused" in seen:
        return "refused", wanted is None
    [[name, edition, encrypted]] = seen["who"]
    word = {"TRUE": "TLS", "FALSE": "clear"}.get(encrypted, encrypted)
    return word, (name, edition) == SERVERS[server] and encrypted == wanted


def wrong(client, seen, server):
    """Steps of the course that did not show what they should."""
    name = SERVERS[server][0]
    found = {}
    for step, wanted in client.expected(name).items():
        if step not in seen or any(differences(wanted, seen[step])):
            found[step] = (wanted, seen.get(step))
    for parameter, word in seen.get("parameters", {}).items():
        if word != "came back":
            found[f"parameter {parameter}"] = ("came back", word)
    return found


def parts(one, keys, name):
    """These parts of a message of a server."""
    return {key: value for key, value in (one | {"server": name}).items() if key in keys}


def errors(*keys, which=slice(None)):
    """Errors of the course as a client shows them: these parts, of all of them or of some."""

    def expected(name):
        found = {}
        for step, said in ERRORS.items():
            shown = [parts(one, keys, name) for one in said]
            found[step] = shown[which]
        return found

    return expected


ALL = ("number", "class", "state", "line", "server", "procedure", "text")
NO_SERVER = tuple(part for part in ALL if part != "server")


def results(**more):
    """Results of the course, which all clients see alike, and what a client does of the rest."""
    return lambda name: {"sets": SETS} | more


def messages(*keys):
    """What the server says beside errors, with these parts."""
    return lambda name: {"messages": [parts(one, keys, name) for one in MESSAGES]}


def of(*expected):
    """All of these, by the server's name."""
    return lambda name: {step: wanted for one in expected for step, wanted in one(name).items()}


def printed(name):
    """What `tsql` prints, line by line. (That the database changed it keeps to itself.)"""

    def said(one):
        return [
            f"Msg {one['number']} (severity {one['class']}, state {one['state']}) from {name}"
            + (f", Procedure {one['procedure']}" if one["procedure"] else "") + f" Line {one['line']}:",
            f'\t"{one["text"]}"',
        ]

    failed = ["Error 20002 (severity 9):", "\tAdaptive Server connection failed", "There was a problem connecting to the server"]
    lines = {step: [line for one in told for line in said(one)] for step, told in ERRORS.items()}
    return lines | {
        "sets": ["a", "1", "b\tc", "é日😀\t2", "name"],
        "error": ["a", "1", *lines["error"]],
        "messages": ["hello", *said(MESSAGES[2])],
        "wrong": lines["wrong"] + failed,
        "nowhere": lines["nowhere"] + failed,
    }


def set_up():
    """The clients, installed where they are not yet."""
    python = python_environment("tds-python", PYTHON)

    def node(folder):
        (folder / "package.json").write_text("{}")
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *NODE]
        subprocess.run(npm, cwd=folder, check=True)

    net = dotnet("tds-dotnet", {"System.Data.SqlClient.dll", "System.Text.Encoding.CodePages.dll"}.__contains__)
    free, tedious = debian("tds-debian", DEBIAN), installed("tds-node", NODE, node)
    libraries = {"LD_LIBRARY_PATH": str(free / "usr/lib/x86_64-linux-gnu")}
    cargo = ["cargo", "build", "--quiet", "--locked", "--target-dir", CLIENTS / "mssql-tds"]
    subprocess.run([*cargo, "--manifest-path", HERE / "mssql-tds/Cargo.toml"], check=True)
    python = python / "bin/python"
    stopped = [True, [[[1]]]]
    return [
        Client(
            "freetds", [sys.executable, HERE / "freetds_course.py"], ["off", "login", "on"], printed,
            libraries | {"TSQL": str(free / "usr/bin/tsql")}, YIELDS,
        ),
        # It leaves out the text of a login's errors at times.
        Client("pymssql", [python, HERE / "pymssql_course.py"], ["off", "login", "on"], of(
            results(cancelled=stopped), messages("class", "state", "line", "server", "text"),
            errors("number", "class", "state", "line", "procedure", which=-1),
        ), otherwise=YIELDS),
        Client("python-tds", [python, HERE / "python_tds_course.py"], ["off", "login", "on"], of(
            results(cancelled=stopped, transactions=[1, 1, 1], table={"number": 2715}), messages(*ALL),
            errors(*ALL, which=-1),
        )),
        # It shows texts alone, and messages in an order of its own.
        Client("mssql-python", [python, HERE / "mssql_python_course.py"], ["login", "on", "strict"], of(
            results(prepared=[2, 42], transactions=[1, 0], cancelled=stopped), odbc,
        ), libraries),
        Client("tedious", ["node", HERE / "tedious_course.js"], ["off", "on", "strict"], of(
            results(
                prepared={"rows": [2, 42], "after": [8179]}, transactions=[1, 1, 1, 0, 1, 0],
                cancelled=["ECANCEL", [[[1]]]], table=[2715],
            ),
            messages(*ALL), errors(*ALL),
        ), {"NODE_PATH": str(tedious / "node_modules")}, NO_TLS_WILL_DO),
        Client("mssql-tds", [CLIENTS / "mssql-tds/debug/mssql-tds-client"], ["login", "on", "strict"], of(
            results(prepared=[2, 42], transactions=[1, 1, 0, 0], cancelled=stopped, table=[{"number": 2715}]),
            messages(*ALL), errors(*ALL),
        )),
        # It looks for the acknowledgement of an attention in the message that it stopped, where the simulator, for the
        # sake of the others, has it in one of its own: not in its course.
        Client("tiberius", [TARGET / "debug/examples/tiberius-course"], ["off", "login", "on", "strict"], of(
            results(), errors(*ALL, which=slice(1)),
        ), otherwise=YIELDS | NO_TLS_WILL_NOT_DO),
        # It shows where it connected to as the server, and reads the line of an error as two halves in the wrong order
        # until it is signed in.
        Client("sqlclient", [net / "bin/python", HERE / "sqlclient_course.py"], ["login", "on"], of(
            results(prepared=[2, 42], transactions=[1, 1, 0, 0], cancelled=stopped), messages(*NO_SERVER),
            errors(*NO_SERVER), lambda name: {
                step: [parts(one | {"line": one["line"] << 16}, NO_SERVER, name) for one in ERRORS[step]]
                for step in ("wrong", "nowhere")
            },
        ), {"SQLCLIENT_HOME": str(net), "LD_LIBRARY_PATH": str(net / "openssl")}),
    ]


def odbc(name):
    """Errors and messages as `mssql-python` shows them."""
    last = {step: said[-1]["text"] for step, said in ERRORS.items()}
    return {step: {"text": f"[Microsoft][SQL Server]{text}"} for step, text in last.items()} | {
        "messages": sorted(
            [f"[01000] ({one['number']})", f"[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]{one['text']}"]
            for one in MESSAGES
        )
    }


def main():
    started = time.monotonic()
    chosen = sys.argv[1:]
    clients = [client for client in set_up() if not chosen or client.name in chosen]
    print(f"    set up in {time.monotonic() - started:.0f} s", flush=True)
    started = time.monotonic()
    world = Simulator(os.environ.get("MILINK_SIMULATOR", TARGET / "debug/milink-simulator"), ESTATE, ())
    try:
        with tempfile.TemporaryDirectory(dir=CLIENTS) as scratch:
            authority = pathlib.Path(scratch, "authority.pem")
            authority.write_text(world.authority)
            login = json.loads(ESTATE.read_text())["sql_servers"][0]["logins"][0]
            said = {
                "host": "127.0.0.1", "user": login["name"], "password": login["password"], "database": "master",
                "ca": str(authority), "authority": world.authority, "batches": BATCHES,
            }
            with concurrent.futures.ThreadPoolExecutor() as pool:
                running = [pool.submit(client.run, said, world.addresses) for client in clients]
                seen = [one.result() for one in running]
    finally:
        world.stop()
    report(clients, seen)
    print(f"    run in {time.monotonic() - started:.0f} s", flush=True)


def report(clients, seen):
    """Prints the matrix; ends with 1 where a cell is not as it should be."""
    faults = []
    print(f"\n    {'':14} {'':7}" + "".join(f"{server:9}" for server in SERVERS) + " course")
    for client, visits in zip(clients, seen):
        for mode in client.modes:
            cells = ""
            taken = []
            for server in SERVERS:
                word, right = connection(visits[mode, server], client.gets(mode, server), server)
                cells += f"{word if right else word + '!':9}"
                if not right:
                    faults.append(f"{client.name}, {mode}, {server}: {visits[mode, server]}")
                if (mode, server) in WHOLE and word != "refused":
                    steps = wrong(client, visits[mode, server], server)
                    taken.append(f"{server} {'right' if not steps else 'WRONG'}")
                    faults += [
                        f"{client.name}, {mode}, {server}, {step}:\n  {json.dumps(wanted, ensure_ascii=False)}\n  "
                        f"{json.dumps(came, ensure_ascii=False)}"
                        for step, (wanted, came) in steps.items()
                    ]
            print(f"    {client.name:14} {mode:7}{cells} {', '.join(taken)}")
    if faults:
        raise SystemExit("\n" + "\n".join(faults))


if __name__ == "__main__":
    main()
