#!/usr/bin/env python3
"""Azure's own clients run links, certificates, keys, protectors and failover groups from create to delete against
`milink-simulator serve`.

`az` of PyPI's azure-cli and the Python SDK azure-mgmt-sql, neither written by us, in virtual environments below
target/clients that are made once. SQL Server's side of the link is set up as an administrator would, over TDS with
FreeTDS (pymssql). Every step asserts what the client shows.

    acceptance-tests/clients/arm/run.py [PATH OF milink-simulator]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import simulator
from simulator import CLIENTS, REPOSITORY, TARGET

# azure-cli bundles an older SDK than the one that is tested, hence two environments.
ENVIRONMENTS = {
    "arm": ["azure-cli==2.91.0"],
    "arm-sdk": ["azure-mgmt-sql==4.0.0", "pymssql==2.4.6"],
}
SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
TENANT = "99999999-8888-4777-8666-555555555555"
APPLICATION = "12345678-1234-4234-8234-123456789abc"
GROUP, INSTANCE = "data-platform", "mi-sales"
# A second instance, a region away: failover groups need one.
SPARE_GROUP, SPARE = "data-recovery", "mi-spare"
VERSION = "951ca8f9bf00493ca26b554cbfebd152"
KEY, URI = f"corp_tde_{VERSION}", f"https://corp.vault.azure.net/keys/tde/{VERSION}"
SQL_SERVER, ENDPOINT = "sql1.corp.example:1433", "TCP://10.0.0.4:5022"
ROOT = REPOSITORY / "src/certificate/roots/digicert-global-root-g2.der"
QUICKSTART = REPOSITORY / "acceptance-tests/simulator/src/scene/demonstration.json"


def estate():
    """The quickstart's, with the second instance in the same DNS zone."""
    described = json.loads(QUICKSTART.read_text())
    [first] = described["managed_instances"]
    first["dns_zone"] = "ac72dfdc4647"
    path = first["id"].replace(GROUP, SPARE_GROUP).replace(INSTANCE, SPARE)
    described["managed_instances"].append({**first, "id": path, "location": "northeurope"})
    return described


class Simulator(simulator.Simulator):
    """A world of that estate, with an administrator of its SQL Server."""

    def __init__(self, program, scratch):
        (scratch / "estate.json").write_text(json.dumps(estate()))
        super().__init__(program, estate=scratch / "estate.json")
        self.secret = self.exports["TF_VAR_client_secret"]

    def sql(self, *batches):
        """Runs batches on the SQL Server; the last one's first column, if it gives rows."""
        host, port = self.addresses[SQL_SERVER].rsplit(":", 1)
        program = "import json, pymssql, sys\n" \
            "said = json.load(sys.stdin)\n" \
            "with pymssql.connect(server=said['host'], port=said['port'], user='terraform', " \
            "password=said['password'], autocommit=True) as connection:\n" \
            "    cursor = connection.cursor()\n" \
            "    for batch in said['batches']: cursor.execute(batch)\n" \
            "    rows = cursor.fetchall() if cursor.description else []\n" \
            "print(json.dumps([row[0].hex() if isinstance(row[0], bytes) else row[0] for row in rows]))"
        said = {"host": host, "port": port, "password": self.exports["TF_VAR_sql_password"], "batches": batches}
        python = CLIENTS / "arm-sdk/bin/python"
        answer = subprocess.run([python, "-c", program], input=json.dumps(said), capture_output=True, text=True)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)


class Az:
    """`az`, signed in to the simulator as to a cloud of its own."""

    def __init__(self, folder, simulator, scratch):
        self.program = folder / "bin/az"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "ARM_"))}
        self.environment |= {
            "AZURE_CONFIG_DIR": str(scratch / "az"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
            "AZURE_CORE_NO_COLOR": "1",
            "REQUESTS_CA_BUNDLE": str(scratch / "authority.pem"),
        }
        self("cloud", "register", "-n", "Simulator", "--endpoint-resource-manager", simulator.origin)
        self("cloud", "set", "-n", "Simulator")
        # Or its library asks the public cloud about an authority that it does not know.
        self("config", "set", "core.instance_discovery=false")
        who = ("--service-principal", "-u", APPLICATION, "-p", simulator.secret, "--tenant", TENANT)
        accounts = self("login", *who)
        assert accounts[0]["id"] == SUBSCRIPTION, accounts

    def run(self, *arguments):
        return subprocess.run(
            [self.program, *arguments, "-o", "json"], env=self.environment, capture_output=True, text=True
        )

    def __call__(self, *arguments):
        """What the command prints, as JSON."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"az {arguments[:4]}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def mi(self, kind, verb, *arguments):
        return self("sql", "mi", kind, verb, "-g", GROUP, "--mi", INSTANCE, *arguments)

    def refused(self, status, code, *arguments):
        done = self.run(*arguments)
        assert done.returncode == status and f"({code})" in done.stderr, (done.returncode, done.stderr)


def bare(blob):
    return blob.upper().removeprefix("0X")


def prepare(simulator, fqdn, endpoint_certificate):
    """SQL Server's side, as the documentation of the link says; gives SQL Server's certificate, hex."""
    how = "AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC"
    return simulator.sql(
        "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Str0ng and long!'",
        "CREATE CERTIFICATE endpoint_cert WITH SUBJECT = N'SQL1', EXPIRY_DATE = '20990101'",
        "CREATE ENDPOINT [hadr] STATE = STARTED AS TCP (LISTENER_PORT = 5022, LISTENER_IP = ALL) FOR DATABASE_MIRRORING"
        " (AUTHENTICATION = CERTIFICATE [endpoint_cert], ENCRYPTION = REQUIRED ALGORITHM AES, ROLE = ALL)",
        f"CREATE CERTIFICATE [{fqdn}] FROM BINARY = 0x{bare(endpoint_certificate)}",
        f"CREATE CERTIFICATE [Root] FROM BINARY = 0x{ROOT.read_bytes().hex()}",
        "DECLARE @id int; SELECT @id = CERT_ID(N'Root'); EXEC sp_certificate_add_issuer @id, N'*.database.windows.net'",
        "CREATE AVAILABILITY GROUP [AG_Sales] WITH (CLUSTER_TYPE = NONE) FOR DATABASE [Sales] REPLICA ON N'SQL1' WITH"
        f" (ENDPOINT_URL = N'{ENDPOINT}', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL,"
        " SEEDING_MODE = AUTOMATIC)",
        "CREATE AVAILABILITY GROUP [DAG_Sales] WITH (DISTRIBUTED) AVAILABILITY GROUP ON"
        f" N'AG_Sales' WITH (LISTENER_URL = N'{ENDPOINT}', {how}),"
        f" N'AG_Sales_MI' WITH (LISTENER_URL = N'tcp://{fqdn}:5022;Server=[{INSTANCE}]', {how})",
        "SELECT CERTENCODED(CERT_ID(N'endpoint_cert'))",
    )[0]


def with_az(az, simulator, fqdn):
    """The commands of link, trust certificate and endpoint certificate, from create to delete."""
    shown = az.mi("endpoint-cert", "list")
    assert "DATABASE_MIRRORING" in [one["name"] for one in shown], shown
    own = az.mi("endpoint-cert", "show", "-n", "DATABASE_MIRRORING")["publicBlob"]
    blob = prepare(simulator, fqdn, own)

    assert az.mi("partner-cert", "list") == []
    az.mi("partner-cert", "create", "-n", "sql1", "--public-blob", "0x" + blob)
    assert bare(az.mi("partner-cert", "show", "-n", "sql1")["publicBlob"]) == blob.upper()
    assert [one["name"] for one in az.mi("partner-cert", "list")] == ["sql1"]
    again = ("sql", "mi", "partner-cert", "create", "-g", GROUP, "--mi", INSTANCE, "-n", "other", "--public-blob", blob)
    az.refused(1, "CertificateAlreadyExists", *again)

    link = ("-n", "DAG_Sales")
    made = az.mi(
        "link", "create", *link, "--databases", "[{database-name:Sales}]", "--failover-mode", "Manual",
        "--instance-ag-name", "AG_Sales_MI", "--partner-ag-name", "AG_Sales", "--partner-endpoint", ENDPOINT,
        "--instance-link-role", "Secondary", "--seeding-mode", "Automatic",
    )
    assert made["databases"][0]["replicaState"] == "LinkSynchronizing", made
    assert [one["name"] for one in az.mi("link", "list")] == ["DAG_Sales"]
    assert az.mi("link", "update", *link, "--replication-mode", "Sync")["replicationMode"] == "Sync"

    planned = ("sql", "mi", "link", "failover", "-g", GROUP, "--mi", INSTANCE, *link, "--yes", "--failover-type", "Planned")
    az.refused(1, "InvalidDistributedAvailabilityGroupFailoverInstanceRole", *planned)
    # To the instance it goes in T-SQL only, back in Azure only.
    simulator.sql("ALTER AVAILABILITY GROUP [DAG_Sales] FAILOVER")
    role(lambda: az.mi("link", "show", *link)["instanceLinkRole"], "Primary")
    assert az(*planned)["instanceLinkRole"] == "Secondary"
    forced = az.mi("link", "failover", *link, "--yes", "--failover-type", "ForcedAllowDataLoss")
    assert forced["instanceLinkRole"] == "Primary", forced

    az.mi("link", "delete", *link, "--yes")
    az.refused(3, "ResourceNotFound", "sql", "mi", "link", "show", "-g", GROUP, "--mi", INSTANCE, *link)
    assert az.mi("link", "list") == []
    az.mi("partner-cert", "delete", "-n", "sql1", "--yes")
    assert az.mi("partner-cert", "list") == []


def keys_with_az(az):
    """The commands of keys and of the protector."""
    assert [one["name"] for one in az.mi("key", "list")] == ["ServiceManaged"]
    made = az.mi("key", "create", "--kid", URI)
    assert (made["name"], made["uri"], len(made["thumbprint"])) == (KEY, URI, 40), made
    protector = az.mi("tde-key", "set", "-t", "AzureKeyVault", "-k", URI)
    assert (protector["serverKeyName"], protector["uri"]) == (KEY, URI), protector
    where = ("-g", GROUP, "--mi", INSTANCE)
    az.refused(1, "AzureKeyVaultKeyInUse", "sql", "mi", "key", "delete", *where, "--kid", URI)
    az.mi("tde-key", "set", "-t", "ServiceManaged")
    assert az.mi("tde-key", "show")["serverKeyType"] == "ServiceManaged"
    az.mi("key", "delete", "--kid", URI)
    az.refused(3, "ResourceNotFound", "sql", "mi", "key", "show", *where, "--kid", URI)


def failover_groups_with_az(az):
    """The commands of failover groups: asked of either member where it lives."""
    group = ("sql", "instance-failover-group")
    first, second = ("-g", GROUP, "-l", "westeurope"), ("-g", SPARE_GROUP, "-l", "northeurope")
    made = az(
        *group, "create", "-n", "fg", "-g", GROUP, "--mi", INSTANCE, "--partner-mi", SPARE,
        "--partner-resource-group", SPARE_GROUP, "--failover-policy", "Automatic", "--grace-period", "2",
    )
    assert made["readWriteEndpoint"]["failoverWithDataLossGracePeriodMinutes"] == 120, made
    assert az(*group, "show", "-n", "fg", *second)["replicationRole"] == "Secondary"
    az(*group, "set-primary", "-n", "fg", *second)
    assert az(*group, "show", "-n", "fg", *second)["replicationRole"] == "Primary"
    code = "InstanceFailoverGroupUpdateOrDeleteRequestOnSecondary"
    az.refused(1, code, *group, "delete", "-n", "fg", *first)
    az(*group, "delete", "-n", "fg", *second)
    az.refused(3, "ResourceNotFound", *group, "show", "-n", "fg", *first)


def role(shown, wanted, seconds=30):
    """Waits until a link has a role: T-SQL changes it without an operation to wait for."""
    end = time.monotonic() + seconds
    while (now := shown()) != wanted:
        assert time.monotonic() < end, f"{now} for {seconds} s, not {wanted}"


def sdk(simulator, scratch, step, **more):
    """Runs a step of sdk.py in its own environment; what it prints."""
    said = {
        "origin": simulator.origin, "bundle": str(scratch / "authority.pem"), "subscription": SUBSCRIPTION,
        "tenant": TENANT, "application": APPLICATION, "secret": simulator.secret, "group": GROUP,
        "instance": INSTANCE, "endpoint": ENDPOINT, **more,
    }
    program = pathlib.Path(__file__).with_name("sdk.py")
    done = subprocess.run(
        [CLIENTS / "arm-sdk/bin/python", program, step], input=json.dumps(said), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def with_sdk(simulator, scratch, fqdn):
    """The same with the SDK."""
    blob = prepare(simulator, fqdn, sdk(simulator, scratch, "endpoint"))
    sdk(simulator, scratch, "links", blob=blob)
    sdk(simulator, scratch, "keys", key=KEY, uri=URI)
    sdk(simulator, scratch, "failover_groups", spare_group=SPARE_GROUP, spare=SPARE)


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else TARGET / "debug/milink-simulator"
    folders = {name: simulator.python_environment(name, packages) for name, packages in ENVIRONMENTS.items()}
    with tempfile.TemporaryDirectory(dir=CLIENTS) as scratch:
        scratch = pathlib.Path(scratch)
        for client in ("az", "azure-mgmt-sql"):
            # Each in a world of its own.
            world = Simulator(program, scratch)
            try:
                (scratch / "authority.pem").write_text(world.authority)
                names = [name.rsplit(":", 1)[0] for name in world.addresses]
                fqdn = next(name for name in names if name.startswith(INSTANCE + "."))
                if client == "az":
                    az = Az(folders["arm"], world, scratch)
                    with_az(az, world, fqdn)
                    keys_with_az(az)
                    failover_groups_with_az(az)
                else:
                    with_sdk(world, scratch, fqdn)
            finally:
                world.stop()
            print(
                f"    {client}: links, trust and endpoint certificates, keys, protectors and failover groups from create to "
                "delete",
                flush=True,
            )


if __name__ == "__main__":
    main()
