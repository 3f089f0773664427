"""SMO makes what a link stands on, lists it, changes it and drops it: reads where as JSON, writes what it saw as JSON."""

import json
import os
import sys

import pythonnet

HOME = os.environ["SMO_HOME"]
pythonnet.load("coreclr", runtime_config=f"{HOME}/runtime.json", dotnet_root=f"{HOME}/dotnet")
import clr

sys.path.append(f"{HOME}/lib")
for assembly in ("System.Data.SqlClient", "Microsoft.SqlServer.ConnectionInfo", "Microsoft.SqlServer.Smo"):
    clr.AddReference(assembly)
from Microsoft.SqlServer.Management import Smo
from Microsoft.SqlServer.Management.Common import ServerConnection
from System import DateTime

ENDPOINT, CERTIFICATE, GROUP, DISTRIBUTED, DATABASE = "database_mirroring_endpoint", "c1", "AG_Sales", "DAG_Sales", "Sales"
JOIN = f"""
CREATE AVAILABILITY GROUP [{DISTRIBUTED}] WITH (DISTRIBUTED) AVAILABILITY GROUP ON
N'{GROUP}' WITH (LISTENER_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT,
    FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC, SESSION_TIMEOUT = 20),
N'mi' WITH (LISTENER_URL = N'tcp://mi.zone.database.windows.net:5022;Server=[mi]', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT,
    FAILOVER_MODE = MANUAL, SEEDING_MODE = AUTOMATIC, SESSION_TIMEOUT = 20)"""


def connect(said):
    connection = ServerConnection(f"{said['host']},{said['port']}", said["user"], said["password"])
    connection.EncryptConnection, connection.TrustServerCertificate = True, True
    return Smo.Server(connection)


def make(server):
    master = server.Databases["master"]
    Smo.MasterKey(master).Create("Only-for-this-1x")

    certificate = Smo.Certificate(master, CERTIFICATE)
    certificate.Subject = "Certificate for x"
    certificate.StartDate, certificate.ExpirationDate = DateTime(2026, 1, 1), DateTime(2031, 3, 30)
    certificate.Create()

    endpoint = Smo.Endpoint(server, ENDPOINT)
    endpoint.ProtocolType, endpoint.EndpointType = Smo.ProtocolType.Tcp, Smo.EndpointType.DatabaseMirroring
    endpoint.Protocol.Tcp.ListenerPort = 5022
    payload = endpoint.Payload.DatabaseMirroring
    payload.ServerMirroringRole = Smo.ServerMirroringRole.All
    payload.EndpointEncryption = Smo.EndpointEncryption.Required
    payload.EndpointEncryptionAlgorithm = Smo.EndpointEncryptionAlgorithm.Aes
    payload.EndpointAuthenticationOrder = Smo.EndpointAuthenticationOrder.Certificate
    payload.Certificate = CERTIFICATE
    endpoint.Create()
    endpoint.Start()

    group = Smo.AvailabilityGroup(server, GROUP)
    group.ClusterType = getattr(Smo.AvailabilityGroupClusterType, "None")
    replica = Smo.AvailabilityReplica(group, "SQL1")
    replica.EndpointUrl = "TCP://10.0.0.4:5022"
    replica.FailoverMode = Smo.AvailabilityReplicaFailoverMode.Manual
    replica.AvailabilityMode = Smo.AvailabilityReplicaAvailabilityMode.SynchronousCommit
    replica.SeedingMode = Smo.AvailabilityReplicaSeedingMode.Automatic
    group.AvailabilityReplicas.Add(replica)
    group.AvailabilityDatabases.Add(Smo.AvailabilityDatabase(group, DATABASE))
    group.Create()
    # Of distributed groups this SMO reads, but writes none.
    server.ConnectionContext.ExecuteNonQuery(JOIN)


def shown(thing, *names):
    """These properties, as JSON can say them."""
    values = ((name, getattr(thing, name)) for name in names)
    return {name: value if isinstance(value, (bool, int, str)) else str(value) for name, value in values}


def script(thing):
    return [" ".join(str(line).split()) for line in thing.Script()]


def certificates(master):
    own = [one for one in master.Certificates if not one.Name.startswith("##")]
    return [
        shown(one, "Name", "Subject", "Issuer", "StartDate", "ExpirationDate", "PrivateKeyEncryptionType", "Owner")
        | {"Thumbprint": bytes(one.Thumbprint).hex().upper()} for one in own
    ]


def endpoints(server):
    of_links = [one for one in server.Endpoints if one.EndpointType == Smo.EndpointType.DatabaseMirroring]
    return [
        shown(one, "Name", "EndpointState", "Owner") | shown(one.Protocol.Tcp, "ListenerPort", "IsDynamicPort")
        | shown(
            one.Payload.DatabaseMirroring, "ServerMirroringRole", "EndpointEncryption", "EndpointEncryptionAlgorithm",
            "EndpointAuthenticationOrder", "Certificate",
        ) | {"script": script(one)} for one in of_links
    ]


def groups(server):
    return [
        shown(
            one, "Name", "ClusterType", "IsDistributedAvailabilityGroup", "BasicAvailabilityGroup", "DatabaseHealthTrigger",
            "DtcSupportEnabled", "AutomatedBackupPreference", "FailureConditionLevel", "HealthCheckTimeout",
            "RequiredSynchronizedSecondariesToCommit", "LocalReplicaRole", "PrimaryReplicaServerName",
        ) | {
            "replicas": [
                shown(
                    replica, "Name", "EndpointUrl", "AvailabilityMode", "FailoverMode", "SeedingMode", "SessionTimeout",
                    "BackupPriority", "ConnectionModeInPrimaryRole", "ConnectionModeInSecondaryRole", "Role",
                ) for replica in one.AvailabilityReplicas
            ],
            "databases": [
                shown(database, "Name", "SynchronizationState", "IsJoined", "IsFailoverReady", "IsSuspended")
                for database in one.AvailabilityDatabases
            ],
            "states": [
                shown(state, "AvailabilityReplicaServerName", "AvailabilityDatabaseName", "IsLocal", "ReplicaRole")
                for state in one.DatabaseReplicaStates
            ],
            "script": [] if one.IsDistributedAvailabilityGroup else script(one),
        } for one in server.AvailabilityGroups
    ]


def change(server):
    endpoint = server.Endpoints[ENDPOINT]
    endpoint.Protocol.Tcp.ListenerPort = 5023
    endpoint.Alter()
    endpoint.Stop()
    endpoint.Refresh()
    return endpoints(server)


def remake(said, scripts):
    """Drops the groups, and runs what SMO wrote of the local one."""
    server = connect(said)
    for name in (DISTRIBUTED, GROUP):
        server.AvailabilityGroups[name].Drop()
    for statement in scripts:
        server.ConnectionContext.ExecuteNonQuery(statement)
    return groups(connect(said))


def drop(said):
    """Drops the rest; what is left of each kind."""
    server = connect(said)
    master = server.Databases["master"]
    server.AvailabilityGroups[GROUP].Drop()
    server.Endpoints[ENDPOINT].Drop()
    master.Certificates[CERTIFICATE].Drop()
    master.MasterKey.Drop()
    left = connect(said)
    return [len(found) for found in (left.AvailabilityGroups, endpoints(left), certificates(left.Databases["master"]))]


def course(said):
    make(connect(said))
    server = connect(said)
    master = server.Databases["master"]
    listed = groups(server)
    return {
        "databases": [one.Name for one in server.Databases],
        "key": shown(master.MasterKey, "IsEncryptedByServer", "IsOpen"),
        "certificates": certificates(master),
        "endpoints": endpoints(server),
        "groups": listed,
        "changed": change(server),
        "remade": remake(said, listed[0]["script"]),
        "left": drop(said),
    }


json.dump(course(json.load(sys.stdin)), sys.stdout)
