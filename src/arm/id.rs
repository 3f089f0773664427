//! Resource ids, parsed. Names keep the letter case that was written; comparison ignores it, as ARM does.

use std::fmt;

/// What an id should look like.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not the id of {what}: expected {form}")]
pub struct IdError {
    what: &'static str,
    form: &'static str,
}

/// `/subscriptions/…/resourceGroups/…/providers/Microsoft.Sql/managedInstances/…`.
#[derive(Clone, Debug)]
pub struct ManagedInstanceId {
    /// Subscription, a UUID.
    pub subscription: String,
    /// Resource group.
    pub resource_group: String,
    /// Name of the instance: the first label of its FQDN.
    pub name: String,
}

/// The id of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkId {
    /// The instance that it belongs to.
    pub instance: ManagedInstanceId,
    /// Its name, which is the distributed availability group's.
    pub name: String,
}

/// The id of an uploaded certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustCertificateId {
    /// The instance that it belongs to.
    pub instance: ManagedInstanceId,
    /// Its name.
    pub name: String,
}

const INSTANCE_FORM: &str =
    "/subscriptions/<uuid>/resourceGroups/<name>/providers/Microsoft.Sql/managedInstances/<name>";

impl ManagedInstanceId {
    /// Parses an id.
    ///
    /// # Errors
    /// Says what it should look like.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match parse(text) {
            Some((instance, None)) => Ok(instance),
            _ => Err(IdError { what: "a managed instance", form: INSTANCE_FORM }),
        }
    }
}

impl LinkId {
    /// Parses an id.
    ///
    /// # Errors
    /// Says what it should look like.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match parse(text) {
            Some((instance, Some((kind, name))))
                if kind.eq_ignore_ascii_case("distributedAvailabilityGroups") =>
            {
                Ok(Self { instance, name })
            }
            _ => Err(IdError {
                what: "a link",
                form: "<managed instance id>/distributedAvailabilityGroups/<name>",
            }),
        }
    }
}

impl TrustCertificateId {
    /// Parses an id.
    ///
    /// # Errors
    /// Says what it should look like.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match parse(text) {
            Some((instance, Some((kind, name)))) if kind.eq_ignore_ascii_case("serverTrustCertificates") => {
                Ok(Self { instance, name })
            }
            _ => Err(IdError {
                what: "a server trust certificate",
                form: "<managed instance id>/serverTrustCertificates/<name>",
            }),
        }
    }
}

impl PartialEq for ManagedInstanceId {
    fn eq(&self, other: &Self) -> bool {
        self.subscription.eq_ignore_ascii_case(&other.subscription)
            && self.resource_group.eq_ignore_ascii_case(&other.resource_group)
            && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl Eq for ManagedInstanceId {}

impl fmt::Display for ManagedInstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subscription, resource_group, name } = self;
        write!(
            f,
            "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.Sql/managedInstances/{name}"
        )
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/distributedAvailabilityGroups/{}", self.instance, self.name)
    }
}

impl fmt::Display for TrustCertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/serverTrustCertificates/{}", self.instance, self.name)
    }
}

/// An instance, and a child of it where there is one.
fn parse(text: &str) -> Option<(ManagedInstanceId, Option<(String, String)>)> {
    let parts: Vec<&str> = text.strip_prefix('/')?.split('/').collect();
    let (head, child) = parts.split_at_checked(8)?;
    let [subscriptions, subscription, groups, group, providers, provider, kind, name] = head else {
        return None;
    };
    let words = [
        (*subscriptions, "subscriptions"),
        (*groups, "resourceGroups"),
        (*providers, "providers"),
        (*provider, "Microsoft.Sql"),
        (*kind, "managedInstances"),
    ];
    let fits = words.iter().all(|(is, should)| is.eq_ignore_ascii_case(should))
        && uuid::Uuid::try_parse(subscription).is_ok()
        && is_name(group)
        && is_name(name);
    if !fits {
        return None;
    }
    let instance = ManagedInstanceId {
        subscription: (*subscription).to_owned(),
        resource_group: (*group).to_owned(),
        name: (*name).to_owned(),
    };
    match child {
        [] => Some((instance, None)),
        [kind, name] if is_name(name) => Some((instance, Some(((*kind).to_owned(), (*name).to_owned())))),
        _ => None,
    }
}

/// Whether it can stand as a segment of a URL's path: everything that would end the segment is refused.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 260
        && !text.chars().any(|c| c.is_control() || "<>*%&\\:?#/".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: &str = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi";

    #[test]
    fn ids_survive_and_compare_without_case() {
        let id = ManagedInstanceId::parse(INSTANCE).unwrap();
        assert_eq!(id.to_string(), INSTANCE);
        assert_eq!(id, ManagedInstanceId::parse(&INSTANCE.to_uppercase()).unwrap());
        let link = LinkId::parse(&format!("{INSTANCE}/distributedAvailabilityGroups/DAG_Sales")).unwrap();
        assert_eq!((link.name.as_str(), &link.instance), ("DAG_Sales", &id));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "mi",
            &INSTANCE.replace("Microsoft.Sql", "Microsoft.Web"),
            &format!("{INSTANCE}/x"),
            &format!("{INSTANCE}?a=b"),
        ] {
            assert!(ManagedInstanceId::parse(text).is_err(), "{text}");
        }
        assert!(LinkId::parse(INSTANCE).is_err());
    }
}
