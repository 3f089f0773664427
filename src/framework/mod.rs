//! Terraform's protocol semantics: values, schemas, plan rules, the traits of objects. Knows neither SQL nor Azure.
