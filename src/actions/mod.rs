//! Actions (Terraform 1.14 and later), one a file.
