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


def gone(ask):
    """Asserts that the service knows nothing of what is asked for."""
    try:
        ask()
    except ResourceNotFoundError as error:
        assert error.error is not None and error.error.code == "ResourceNotFound", error
        return
    raise AssertionError("it is still there")


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


def endpoint():
    """Prints the certificate of the instance's endpoint."""
    print(client.endpoint_certificates.get(*where, "DATABASE_MIRRORING").public_blob)


def links():
    """Links, trust certificates and what is left of them."""
    assert said["instance"] in [one.name for one in client.managed_instances.list()]
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
    gone(lambda: links.get(*where, LINK))
    client.managed_databases.begin_delete(*where, "Sales").result()
    assert list(client.managed_databases.list_by_instance(*where)) == []
    certificates.begin_delete(*where, "sql1").result()
    assert list(certificates.list_by_instance(*where)) == []


def keys():
    """A customer's key, from its first use to its last."""
    keys, protectors = client.managed_instance_keys, client.managed_instance_encryption_protectors
    properties = {"serverKeyType": "AzureKeyVault", "uri": said["uri"]}
    made = keys.begin_create_or_update(*where, said["key"], {"properties": properties}).result()
    assert (made.name, made.uri, made.kind) == (said["key"], said["uri"], "azurekeyvault"), made
    assert [one.name for one in keys.list_by_instance(*where)] == [said["key"], "ServiceManaged"]

    def protect(key, kind):
        wanted = {"properties": {"serverKeyType": kind, "serverKeyName": key}}
        set_to = protectors.begin_create_or_update(*where, "current", wanted).result()
        assert (set_to.server_key_name, set_to.server_key_type) == (key, kind), set_to

    protect(said["key"], "AzureKeyVault")
    refused("AzureKeyVaultKeyInUse", lambda: keys.begin_delete(*where, said["key"]).result())
    protectors.begin_revalidate(*where, "current").result()
    protect("ServiceManaged", "ServiceManaged")
    assert [one.name for one in protectors.list_by_instance(*where)] == ["current"]
    keys.begin_delete(*where, said["key"]).result()
    gone(lambda: keys.get(*where, said["key"]))


def failover_groups():
    """A failover group, asked of either member where it lives."""
    groups = client.instance_failover_groups
    first, second = (said["group"], "westeurope"), (said["spare_group"], "northeurope")
    primary, partner = (client.managed_instances.get(*one).id for one in (where, (said["spare_group"], said["spare"])))
    properties = {
        "readWriteEndpoint": {"failoverPolicy": "Manual"},
        "partnerRegions": [{"location": "northeurope"}],
        "managedInstancePairs": [{"primaryManagedInstanceId": primary, "partnerManagedInstanceId": partner}],
    }
    made = groups.begin_create_or_update(*first, "fg", {"properties": properties}).result()
    assert (made.replication_role, made.read_write_endpoint.failover_policy) == ("Primary", "Manual"), made
    [seen] = groups.list_by_location(*second)
    assert seen.replication_role == "Secondary", seen
    on_primary = "InstanceFailoverGroupFailoverRequestOnPrimary"
    refused(on_primary, lambda: groups.begin_failover(*first, "fg").result())
    assert groups.begin_failover(*second, "fg").result().replication_role == "Primary"
    assert groups.get(*first, "fg").replication_role == "Secondary"
    groups.begin_delete(*second, "fg").result()
    gone(lambda: groups.get(*first, "fg"))


{"endpoint": endpoint, "links": links, "keys": keys, "failover_groups": failover_groups}[sys.argv[1]]()
