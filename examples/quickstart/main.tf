# One database, linked from SQL Server to Azure SQL Managed Instance: everything from the master key to the
# moment the copy in Azure follows. Order matters here more than in most configurations, and Terraform knows only
# the order that references and `depends_on` give it; each such line below says what it is for.

terraform {
  required_version = ">= 1.11" # write-only arguments and ephemeral variables

  required_providers {
    milink = {
      source = "milink/milink"
    }
  }
}

provider "milink" {
  azure {
    subscription_id = var.subscription_id
    tenant_id       = var.tenant_id
    client_id       = var.client_id
    client_secret   = var.client_secret
  }

  sql_server {
    name = "hq"
    host = var.sql_server_host

    sql_login {
      username = var.sql_username
      password = var.sql_password
    }
  }
}

locals {
  managed_instance_id = join("/", [
    "/subscriptions", var.subscription_id,
    "resourceGroups", var.resource_group,
    "providers/Microsoft.Sql/managedInstances", var.managed_instance,
  ])

  # Where the instance reaches SQL Server's mirroring endpoint: an address that routes from the instance's subnet.
  partner_endpoint = "TCP://${var.sql_server_address}:5022"
}

# --- Trust, the SQL Server side -------------------------------------------------------------------------------

# Protects the certificate's private key. A key that exists already is taken over untouched, and destroy leaves it.
resource "milink_master_key" "hq" {
  sql_server          = "hq"
  password_wo         = var.master_key_password
  password_wo_version = 1
}

# The certificate that SQL Server shows to the instance. Its private key is born in SQL Server and stays there.
# `name_prefix` and not `name`: a rotation makes the new one while the old one is still in use.
resource "milink_certificate" "endpoint" {
  sql_server    = "hq"
  name_prefix   = "milink_"
  valid_for     = "1825d"
  rotate_before = "60d"

  depends_on = [milink_master_key.hq] # the private key needs it

  lifecycle {
    create_before_destroy = true # the old one goes when the endpoint has left it
  }
}

# The roots that Azure's certificates chain to, each allowed to vouch for the instances' domain. A function and not
# a data source, so that the keys of `for_each` are known whatever happens.
resource "milink_imported_certificate" "root" {
  for_each = provider::milink::azure_root_certificates()

  sql_server      = "hq"
  name            = each.value.name
  certificate     = each.value.certificate
  trusted_for_dns = ["*.database.windows.net"]
}

# The certificate that the instance shows to SQL Server. SQL Server finds it by name: it must be the instance's FQDN.
data "milink_endpoint_certificate" "instance" {
  managed_instance_id = local.managed_instance_id
}

resource "milink_imported_certificate" "instance" {
  sql_server  = "hq"
  name        = data.milink_endpoint_certificate.instance.fully_qualified_domain_name
  certificate = data.milink_endpoint_certificate.instance.certificate

  depends_on = [milink_imported_certificate.root] # on destroy, the roots go after what they vouch for
}

# --- Trust, the Azure side ------------------------------------------------------------------------------------

# SQL Server's certificate, for the instance to recognise it by.
resource "milink_server_trust_certificate" "hq" {
  managed_instance_id = local.managed_instance_id
  name                = milink_certificate.endpoint.name
  certificate         = milink_certificate.endpoint.certificate

  lifecycle {
    create_before_destroy = true # on the certificate alone, a rotation would remove the old upload first
  }
}

# --- The endpoint ---------------------------------------------------------------------------------------------

# The one database mirroring endpoint of the instance. If there is one already, only what is written here is
# managed; it is never dropped while anything uses it.
resource "milink_mirroring_endpoint" "hq" {
  sql_server  = "hq"
  port        = 5022
  certificate = milink_certificate.endpoint.name
  state       = "started"

  # Default "keep": an endpoint is shared by everything on the instance that replicates. This one was made for the
  # demonstration, so a destroy drops it (and is refused while any group is left).
  on_destroy = "drop"

  depends_on = [milink_server_trust_certificate.hq] # the instance knows a certificate before the endpoint shows it
}

# --- The link -------------------------------------------------------------------------------------------------

resource "milink_availability_group" "sales" {
  sql_servers  = ["hq"]
  name         = "AG_${var.database}"
  databases    = [var.database]
  endpoint_url = local.partner_endpoint

  depends_on = [milink_mirroring_endpoint.hq] # replicas listen on it
}

resource "milink_link" "sales" {
  name                             = "DAG_${var.database}"
  managed_instance_id              = local.managed_instance_id
  sql_servers                      = ["hq"]
  availability_group_name          = milink_availability_group.sales.name
  instance_availability_group_name = "AG_${var.database}_MI"
  partner_endpoint                 = local.partner_endpoint
  databases                        = [var.database]

  # Default true: a destroy of the link is refused. A demonstration wants to clean up after itself; production should
  # leave this line out. A plan that would replace the link is refused either way, unless `reseed = true` says that the
  # copy may be deleted and seeded anew.
  deletion_protection = false

  # What a destroy does, also to a link that an interrupted apply had left and the next one took over: it ends the
  # replication. The copy on the instance stays, as an independent database.
  on_destroy = "detach"

  # Nothing above refers to the link's trust, so these lines give the order: trust first, and on destroy trust last.
  depends_on = [
    milink_imported_certificate.root,
    milink_imported_certificate.instance,
    milink_server_trust_certificate.hq,
    milink_mirroring_endpoint.hq,
  ]
}

# Waits until the copy in Azure follows. A gate, passed once for each making of the link; what happens to the link
# later is the business of the link's own `status`, of the warnings of later plans, and of monitoring.
resource "milink_link_synchronization" "sales" {
  link_id         = milink_link.sales.id
  link_generation = milink_link.sales.link_generation
  wait_for        = "synchronized"

  timeouts {
    create = "2h"
  }
}
