//! Finding by name among many.
//!
//! An engine's lists of databases and groups are plain lists that statements change as they like. So the table of names
//! beside a list is only ever a hint: what it says is checked against the list, and where that fails the list is
//! searched and the table made anew. With a thousand databases a lookup that reads the whole list is what makes a look at
//! the world slow.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use super::collation::Collation;

/// Lists that are shorter are searched as they are.
const FEW: usize = 8;

/// Where in a list each name was seen last.
#[derive(Default)]
pub struct Names(RefCell<HashMap<String, usize>>);

impl fmt::Debug for Names {
    /// Says nothing: the table is no part of what the world is like.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Names")
    }
}

impl Names {
    /// The place in `all` of the first that has this name under a collation.
    pub(super) fn place<T>(
        &self,
        all: &[T],
        comparing: Collation,
        name: &str,
        name_of: impl Fn(&T) -> &str,
    ) -> Option<usize> {
        let has_it = |one: &T| comparing.equal(name_of(one), name);
        if all.len() <= FEW {
            return all.iter().position(has_it);
        }
        let known = self.0.borrow().get(&comparing.fold(name)).copied();
        if known.and_then(|place| all.get(place)).is_some_and(has_it) {
            return known;
        }
        let place = all.iter().position(has_it)?;
        // The first of a name wins, as in the search.
        let table = all.iter().enumerate().rev().map(|(place, one)| (comparing.fold(name_of(one)), place));
        *self.0.borrow_mut() = table.collect();
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_is_now() {
        let names = Names::default();
        let place = |all: &[String], name: &str| {
            names.place(all, Collation::CaseInsensitive, name, |one: &String| one.as_str())
        };
        let mut all: Vec<String> = (0..100).map(|number| format!("Name{number}")).collect();
        assert_eq!(place(&all, "NAME7"), Some(7));
        all.remove(3);
        assert_eq!(place(&all, "name7"), Some(6));
        assert_eq!(place(&all, "name3"), None);
        all.push("name3".to_owned());
        assert_eq!(place(&all, "Name3"), Some(99));
        all.swap(0, 50);
        assert_eq!((place(&all, "Name0"), place(&all, "Name51")), (Some(50), Some(0)));
        all.truncate(4);
        assert_eq!((place(&all, "Name51"), place(&all, "Name0")), (Some(0), None));
    }
}
