"""azure-mgmt-sql against a simulator; what it is to know comes as JSON on standard input. Called by run.py."""

import json
import ssl
import sys
import urllib.parse
import urllib.request

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.sql import SqlManagementClient

said = json.load(sys.stdin)
where = (said["group"], said["instance"])
LINK = "DAG_Sales"


class Credential:
    """A client secret, exchanged at the simulator's token endpoint."""

    def get_token(self, *scopes, **_):
        form = urllib.parse.urlencode({
            "grant_type": "client_credentials", "client_id": said["application"], "client_secret": said["secret"],
            "scope": scopes[0],
        }).encode()
        trusted = ssl.create_default_context(cafile=said["bundle"])
        url = f"{said['origin']}/{said['tenant']}/oauth2/v2.0/token"
        with urllib.request.urlopen(url, form, context=trusted) as answer:
            token = json.load(answer)
        return AccessToken(token["access_token"], 2**31)


def refused(code, act):
    """Asserts that the service refuses with a code."""
    try:
        act()
    except HttpResponseError as error:
        assert error.error is not None and error.error.code == code, error
        return
    raise AssertionError(f"not refused with {code}")


client = SqlManagementClient(
    Credential(), said["subscription"], said["origin"], connection_verify=said["bundle"], polling_interval=1
)
if sys.argv[1:] == ["endpoint"]:
    print(client.endpoint_certificates.get(*where, "DATABASE_MIRRORING").public_blob)
    sys.exit()

assert [one.name for one in client.managed_instances.list()] == [said["instance"]]
assert client.managed_instances.get(*where).state == "Ready"

certificates = client.server_trust_certificates
made = certificates.begin_create_or_update(*where, "sql1", {"properties": {"publicBlob": said["blob"]}}).result()
assert made.public_blob == said["blob"].upper() and len(made.thumbprint) == 40, made
assert [one.name for one in certificates.list_by_instance(*where)] == ["sql1"]

links = client.distributed_availability_groups
properties = {
    "databases": [{"databaseName": "Sales"}], "instanceAvailabilityGroupName": "AG_Sales_MI",
    "partnerAvailabilityGroupName": "AG_Sales", "partnerEndpoint": said["endpoint"], "instanceLinkRole": "Secondary",
}
made = links.begin_create_or_update(*where, LINK, {"properties": properties}).result()
assert made.databases[0].replica_state == "LinkSynchronizing" and made.name == LINK, made
changed = links.begin_update(*where, LINK, {"properties": {"replicationMode": "Sync"}}).result()
assert changed.replication_mode == "Sync", changed
refused(
    "InvalidDistributedAvailabilityGroupFailoverInstanceRole",
    lambda: links.begin_failover(*where, LINK, {"failoverType": "Planned"}).result(),
)
forced = links.begin_failover(*where, LINK, {"failoverType": "ForcedAllowDataLoss"}).result()
assert forced.instance_link_role == "Primary", forced
assert [one.name for one in client.managed_databases.list_by_instance(*where)] == ["Sales"]
refused("ConflictingDatabaseOperation", lambda: client.managed_databases.begin_delete(*where, "Sales").result())

links.begin_delete(*where, LINK).result()
try:
    links.get(*where, LINK)
    raise AssertionError("the link is still there")
except ResourceNotFoundError as error:
    assert error.error.code == "ResourceNotFound", error
client.managed_databases.begin_delete(*where, "Sales").result()
assert list(client.managed_databases.list_by_instance(*where)) == []
certificates.begin_delete(*where, "sql1").result()
assert list(certificates.list_by_instance(*where)) == []
