//! TDS client and typed statements. Knows nothing of Terraform.
