//! Managed resources, one Terraform object a file.
