//! `provider::milink::azure_root_certificates()`: the roots that Azure's certificates chain to.
//!
//! A function and not a data source: Terraform calls it while it evaluates the configuration, so the keys of a
//! `for_each` over it are known in every plan.

use std::collections::BTreeMap;

use time::format_description::well_known::Rfc3339;

use crate::certificate::roots::{ROOTS, Root};
use crate::certificate::{Certificate, KeyKind};
use crate::framework::function::{Function, FunctionError, Signature};
use crate::framework::types::Type;
use crate::framework::value::Value;

/// The function.
#[derive(Clone, Copy, Debug)]
pub struct AzureRootCertificates;

impl Function for AzureRootCertificates {
    fn name(&self) -> &'static str {
        "azure_root_certificates"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "Root certificates of Azure",
            description: "The root certificates that managed instances' certificates chain to, by a key that never changes. Each \
                 has `name` (the authority's own name, for SQL Server), `certificate` (PEM), `subject`, `thumbprint` (SHA-1, \
                 upper-case hex, as `sys.certificates` shows it), `not_after` (RFC 3339), `key_algorithm` (`RSA` or `ECDSA`; Microsoft \
                 documents no version of SQL Server that refuses the latter, nor that all take it) and `retired` (whether Azure issues \
                 nothing under it any more). The list comes with the provider and only grows: a root that Azure leaves is \
                 marked `retired`, so an update of the provider never plans to drop one from a server.",
            parameters: Vec::new(),
            variadic: None,
            result: Type::Map(Box::new(Type::object([
                ("name", Type::String),
                ("certificate", Type::String),
                ("subject", Type::String),
                ("thumbprint", Type::String),
                ("not_after", Type::String),
                ("key_algorithm", Type::String),
                ("retired", Type::Bool),
            ]))),
        }
    }

    fn call(&self, _arguments: &[Value]) -> Result<Value, FunctionError> {
        let roots = ROOTS
            .iter()
            .map(|root| Ok((root.slug.to_owned(), object(root)?)))
            .collect::<Result<BTreeMap<_, _>, FunctionError>>()?;
        Ok(Value::Map(roots))
    }
}

fn object(root: &Root) -> Result<Value, FunctionError> {
    // Neither fails: a test reads every root. But a function has no other way to say so than an error.
    let broken = |reason: String| FunctionError {
        text: format!("the root `{}`: {reason}", root.slug),
        argument: None,
    };
    let certificate = Certificate::from_der(root.der).map_err(|error| broken(error.to_string()))?;
    let not_after = certificate.not_after().format(&Rfc3339).map_err(|error| broken(error.to_string()))?;
    let key_algorithm = match certificate.key() {
        KeyKind::Rsa(_) => "RSA",
        KeyKind::Elliptic(_) => "ECDSA",
        KeyKind::Other(identifier) => identifier,
    };
    Ok(Value::Object(
        [
            ("name", Value::string(root.name)),
            ("certificate", Value::string(certificate.to_pem())),
            ("subject", Value::string(certificate.subject())),
            ("thumbprint", Value::string(certificate.sha1())),
            ("not_after", Value::string(not_after)),
            ("key_algorithm", Value::string(key_algorithm)),
            ("retired", Value::Bool(root.retired)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roots_that_the_documentation_asks_for_are_there() {
        let Value::Map(roots) = AzureRootCertificates.call(&[]).unwrap() else { panic!("not a map") };
        assert_eq!(roots.len(), ROOTS.len());
        let Some(Value::Object(root)) = roots.get("microsoft-rsa-root-certificate-authority-2017") else {
            panic!("not there: {:?}", roots.keys());
        };
        assert_eq!(root["thumbprint"], Value::string("73A5E64A3BFF8316FF0EDCCC618A906E4EAE4D74"));
        assert_eq!(root["not_after"], Value::string("2042-07-18T23:00:23Z"));
        assert_eq!(root["key_algorithm"], Value::string("RSA"));
        let elliptic = |root: &Value| matches!(root, Value::Object(root) if root["key_algorithm"] == Value::string("ECDSA"));
        assert_eq!(roots.values().filter(|root| elliptic(root)).count(), 3);
        let Value::String(pem) = &root["certificate"] else { panic!("not text") };
        assert_eq!(Certificate::parse(pem).unwrap().common_name(), Some(root_name(root)));
    }

    fn root_name(root: &BTreeMap<String, Value>) -> &str {
        match &root["name"] {
            Value::String(name) => name,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_object_has_the_attributes_of_the_signature() {
        let Type::Map(element) = AzureRootCertificates.signature().result else { panic!("not a map") };
        let Type::Object(element) = *element else { panic!("not objects") };
        let Value::Map(roots) = AzureRootCertificates.call(&[]).unwrap() else { panic!("not a map") };
        for root in roots.values() {
            let Value::Object(root) = root else { panic!("not an object") };
            assert!(root.keys().eq(element.attributes.keys()));
        }
    }
}
