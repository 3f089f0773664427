#!/usr/bin/env python3
"""SMO, what Microsoft's tools see SQL Server through, against a simulated 2019: the newest that this SMO takes.

It makes a master key, a certificate, an endpoint and a group in T-SQL of its own, lists them and a distributed group with
every property that a link depends on, writes them as statements, changes and drops them. Here what it saw is compared with
what was made. SMO reads cluster types otherwise than their page has them, and the estate has them as SMO reads them
(ASSUMED 148).

    acceptance-tests/clients/smo/run.py
"""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from compare import differences
from dotnet import debian, dotnet
from simulator import TARGET, Simulator

HERE = pathlib.Path(__file__).resolve().parent
ESTATE = HERE / "estate.json"

ENDPOINT = {
    "Name": "database_mirroring_endpoint", "EndpointState": "Started", "Owner": "course", "ListenerPort": 5022,
    "IsDynamicPort": False, "ServerMirroringRole": "All", "EndpointEncryption": "Required",
    "EndpointEncryptionAlgorithm": "Aes", "EndpointAuthenticationOrder": "Certificate", "Certificate": "c1",
}
REPLICA = {
    "FailoverMode": "Manual", "SeedingMode": "Automatic", "BackupPriority": 50,
    "ConnectionModeInPrimaryRole": "AllowAllConnections", "ConnectionModeInSecondaryRole": "AllowNoConnections",
}
SYNCHRONOUS = REPLICA | {"AvailabilityMode": "SynchronousCommit", "SessionTimeout": 10}
ASYNCHRONOUS = REPLICA | {"AvailabilityMode": "AsynchronousCommit", "SessionTimeout": 20}
GROUP = {
    "BasicAvailabilityGroup": False, "DatabaseHealthTrigger": False, "DtcSupportEnabled": False,
    "AutomatedBackupPreference": "Secondary", "FailureConditionLevel": "OnCriticalServerErrors", "HealthCheckTimeout": 30000,
    "RequiredSynchronizedSecondariesToCommit": 0, "LocalReplicaRole": "Primary",
    "databases": [{
        "Name": "Sales", "SynchronizationState": "Synchronized", "IsJoined": True, "IsFailoverReady": True,
        "IsSuspended": False,
    }],
}


def state(replica, role, local):
    return {
        "AvailabilityReplicaServerName": replica, "AvailabilityDatabaseName": "Sales", "ReplicaRole": role, "IsLocal": local,
    }


LOCAL = GROUP | {
    "Name": "AG_Sales", "ClusterType": "None", "IsDistributedAvailabilityGroup": False, "PrimaryReplicaServerName": "SQL1",
    "replicas": [SYNCHRONOUS | {"Name": "SQL1", "EndpointUrl": "TCP://10.0.0.4:5022", "Role": "Primary"}],
    "states": [state("SQL1", "Primary", True)],
    "script": [
        "CREATE AVAILABILITY GROUP [AG_Sales] WITH (AUTOMATED_BACKUP_PREFERENCE = SECONDARY, FAILURE_CONDITION_LEVEL = 3,"
        " HEALTH_CHECK_TIMEOUT = 30000, DB_FAILOVER = OFF, DTC_SUPPORT = NONE, CLUSTER_TYPE = NONE,"
        " REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT = 0) FOR DATABASE [Sales] REPLICA ON N'SQL1' WITH"
        " (ENDPOINT_URL = N'TCP://10.0.0.4:5022', FAILOVER_MODE = MANUAL, AVAILABILITY_MODE = SYNCHRONOUS_COMMIT,"
        " SESSION_TIMEOUT = 10, BACKUP_PRIORITY = 50, SEEDING_MODE = AUTOMATIC, PRIMARY_ROLE(ALLOW_CONNECTIONS = ALL),"
        " SECONDARY_ROLE(ALLOW_CONNECTIONS = NO));"
    ],
}
DISTRIBUTED = GROUP | {
    "Name": "DAG_Sales", "IsDistributedAvailabilityGroup": True, "PrimaryReplicaServerName": "AG_Sales",
    "replicas": [
        ASYNCHRONOUS | {"Name": "AG_Sales", "EndpointUrl": "TCP://10.0.0.4:5022", "Role": "Primary"},
        ASYNCHRONOUS | {
            "Name": "mi", "EndpointUrl": "tcp://mi.zone.database.windows.net:5022;Server=[mi]", "Role": "Secondary",
        },
    ],
    "states": [state("AG_Sales", "Primary", True), state("mi", "Secondary", False)],
}


def listener(state, port):
    return (
        f"CREATE ENDPOINT [database_mirroring_endpoint] STATE={state} AS TCP (LISTENER_PORT = {port}, LISTENER_IP = ALL)"
        " FOR DATA_MIRRORING (ROLE = ALL, AUTHENTICATION = CERTIFICATE [c1] , ENCRYPTION = REQUIRED ALGORITHM AES)"
    )


EXPECTED = {
    "databases": ["master", "model", "msdb", "Sales", "tempdb"],
    "key": {"IsEncryptedByServer": True, "IsOpen": False},
    "certificates": [{
        "Name": "c1", "Subject": "Certificate for x", "Issuer": "Certificate for x", "StartDate": "01/01/2026 00:00:00",
        "ExpirationDate": "03/30/2031 00:00:00", "PrivateKeyEncryptionType": "MasterKey", "Owner": "dbo",
    }],
    "endpoints": [ENDPOINT | {"script": [listener("STARTED", 5022)]}],
    "groups": [LOCAL, DISTRIBUTED],
    "changed": [ENDPOINT | {"ListenerPort": 5023, "EndpointState": "Stopped", "script": [listener("STOPPED", 5023)]}],
    "remade": [LOCAL],
    "left": [0, 0, 0],
}


def icu():
    """Debian's ICU, and its version as .NET wants it said."""
    names = subprocess.run(["apt-cache", "pkgnames", "libicu"], capture_output=True, text=True, check=True).stdout.split()
    newest = max(int(digits) for name in names if (digits := name.removeprefix("libicu")).isdigit())
    folder = debian("smo-debian", [f"libicu{newest}"]) / "usr/lib/x86_64-linux-gnu"
    [library] = folder.glob(f"libicuuc.so.{newest}.*")
    return folder, library.name.removeprefix("libicuuc.so.")


def main():
    home = dotnet("smo-dotnet", lambda file: file.endswith(".dll"), cultures=True)
    libraries, version = icu()
    world = Simulator(os.environ.get("MILINK_SIMULATOR", TARGET / "debug/milink-simulator"), ESTATE, ())
    try:
        place = next(name for name in world.addresses if name.startswith("sql1.") and ":" in name)
        login = json.loads(ESTATE.read_text())["sql_servers"][0]["logins"][0]
        said = {
            "host": "127.0.0.1", "port": int(world.addresses[place].rsplit(":", 1)[1]), "user": login["name"],
            "password": login["password"],
        }
        done = subprocess.run(
            [home / "bin/python", HERE / "course.py"], input=json.dumps(said), capture_output=True, text=True, timeout=300,
            env=os.environ | {
                "SMO_HOME": str(home), "LD_LIBRARY_PATH": f"{home / 'openssl'}:{libraries}", "CLR_ICU_VERSION_OVERRIDE": version,
            },
        )
    finally:
        world.stop()
    if done.returncode:
        raise SystemExit(f"SMO ended early: {done.stderr}")
    faults = list(differences(EXPECTED, json.loads(done.stdout)))
    if faults:
        raise SystemExit("\n".join(faults))
    print("    SMO made, listed, wrote, changed and dropped a key, a certificate, an endpoint and two groups")


if __name__ == "__main__":
    main()
