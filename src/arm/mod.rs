//! ARM client, long-running operations, typed resources. Knows nothing of Terraform.
