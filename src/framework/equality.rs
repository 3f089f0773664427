//! When two values are the same to Terraform: sets have no order, and what a refinement says about an unknown
//! value does not count.

use super::value::{Object, Value};

impl Value {
    /// Whether this is null, also as a null of a known type in a dynamic attribute.
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Dynamic(dynamic) => dynamic.value.is_absent(),
            _ => false,
        }
    }

    /// Whether both are the same to Terraform.
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) | (Self::Unknown(_), Self::Unknown(_)) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => in_order(a, b),
            (Self::Set(a), Self::Set(b)) => in_order(a, b) || in_any_order(a, b),
            (Self::Map(a), Self::Map(b)) | (Self::Object(a), Self::Object(b)) => objects_equal(a, b),
            (Self::Dynamic(a), Self::Dynamic(b)) => a.ty == b.ty && a.value.equals(&b.value),
            _ => false,
        }
    }

    /// Whether this could become `known` once its unknown parts are.
    pub fn admits(&self, known: &Self) -> bool {
        match (self, known) {
            (Self::Unknown(_), _) => true,
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.admits(b))
            }
            // Elements may turn out to be equal, so a set can shrink.
            (Self::Set(a), Self::Set(b)) => {
                self.equals(known)
                    || (b.len() <= a.len()
                        && a.iter().all(|a| b.iter().any(|b| a.admits(b)))
                        && b.iter().all(|b| a.iter().any(|a| a.admits(b))))
            }
            (Self::Map(a), Self::Map(b)) | (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| a.admits(b)))
            }
            (Self::Dynamic(a), Self::Dynamic(b)) => a.ty == b.ty && a.value.admits(&b.value),
            (Self::Dynamic(a), _) => a.value.is_unknown(),
            _ => self.equals(known),
        }
    }
}

/// Whether both objects are the same to Terraform.
pub(crate) fn objects_equal(a: &Object, b: &Object) -> bool {
    a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| value.equals(other)))
}

fn in_order(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b))
}

fn in_any_order(a: &[Value], b: &[Value]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut left: Vec<&Value> = b.iter().collect();
    a.iter().all(|value| match left.iter().position(|other| value.equals(other)) {
        Some(position) => {
            left.swap_remove(position);
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::value::Unknown;

    fn set(words: &[&str]) -> Value {
        Value::Set(words.iter().map(|word| Value::string(*word)).collect())
    }

    #[test]
    fn sets_have_no_order_and_lists_do() {
        assert!(set(&["a", "b"]).equals(&set(&["b", "a"])));
        assert!(!set(&["a", "a"]).equals(&set(&["a", "b"])));
        let list = |words: &[&str]| Value::List(words.iter().map(|word| Value::string(*word)).collect());
        assert!(!list(&["a", "b"]).equals(&list(&["b", "a"])));
        assert!(!list(&["a"]).equals(&set(&["a"])));
    }

    #[test]
    fn refinements_do_not_count() {
        let refined = Value::Unknown(Unknown { refinement: Some(Box::new([0x80])) });
        assert!(refined.equals(&Value::UNKNOWN));
        assert!(!refined.equals(&Value::Null));
    }

    #[test]
    fn a_set_with_unknown_elements_may_shrink() {
        let planned = Value::Set(vec![Value::string("a"), Value::UNKNOWN]);
        assert!(planned.admits(&set(&["a", "b"])));
        assert!(planned.admits(&set(&["a"])));
        assert!(!planned.admits(&set(&["b", "c"])));
        assert!(!planned.admits(&set(&["a", "b", "c"])));
    }
}
