# Facts that change only when somebody acts. No resource has states that move by themselves (lag, health, progress):
# in an output they would make every later plan differ.

output "link_id" {
  description = "The link in Azure."
  value       = milink_link.sales.id
}

output "endpoint_certificate" {
  description = "Name and thumbprint of the certificate that SQL Server shows, and when it ends."
  value = {
    name            = milink_certificate.endpoint.name
    thumbprint_sha1 = milink_certificate.endpoint.thumbprint_sha1
    not_after       = milink_certificate.endpoint.not_after
  }
}

output "instance_fqdn" {
  description = "Where applications connect to after a cutover."
  value       = data.milink_endpoint_certificate.instance.fully_qualified_domain_name
}
