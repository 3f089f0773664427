//! Harness that drives the real Terraform.
