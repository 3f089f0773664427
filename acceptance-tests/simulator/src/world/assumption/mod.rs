//! What the simulator believes without a source, numbered, with the worst credible opposite of each.
//!
//! Code that relies on one says so in a comment that names its number. Tests run the provider under the opposites too:
//! it may refuse then, but not lose data, loop, taint or report success. `docs/design/assumptions.md` is made from these
//! tables.

use std::sync::LazyLock;

mod azure;
mod links;
mod nodes;
mod statements;
mod wire;

pub use azure::*;
pub use links::*;
pub use nodes::*;
pub use statements::*;
pub use wire::*;

/// Something believed.
#[derive(Debug, Clone, Copy)]
pub struct Assumption {
    /// Number, for ever.
    pub number: u16,
    /// What is believed.
    pub believed: &'static str,
    /// The worst credible opposite.
    pub opposite: &'static str,
    /// Whether a number in [`super::Estate::opposites`] puts the opposite in force.
    pub switchable: bool,
    /// Why there is no switch, where there is none.
    pub because: &'static str,
}

impl Assumption {
    const fn because(self, because: &'static str) -> Self {
        Self { because, ..self }
    }
}

/// All of them, by number.
pub static ASSUMPTIONS: LazyLock<Vec<Assumption>> = LazyLock::new(|| {
    let mut all = [LINKS, STATEMENTS, WIRE, NODES, AZURE].concat();
    all.sort_by_key(|one| one.number);
    all
});

const fn entry(number: u16, believed: &'static str, opposite: &'static str) -> Assumption {
    Assumption { number, believed, opposite, switchable: true, because: "" }
}

const fn fixed(number: u16, believed: &'static str, opposite: &'static str) -> Assumption {
    Assumption { number, believed, opposite, switchable: false, because: "" }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::ASSUMPTIONS;

    /// Rewrites the page instead of comparing it.
    const REWRITE: &str = "MILINK_REWRITE_ASSUMPTIONS";

    #[test]
    fn code_and_table_name_the_same_numbers() {
        let listed: Vec<u16> = ASSUMPTIONS.iter().map(|one| one.number).collect();
        assert!(listed.is_sorted_by(|one, next| one < next), "{listed:?}");
        let used: Vec<u16> = uses().into_keys().collect();
        assert_eq!(used, listed);
    }

    #[test]
    fn what_has_no_switch_says_why() {
        for one in ASSUMPTIONS.iter() {
            assert_eq!(one.switchable, one.because.is_empty(), "{}", one.number);
        }
    }

    #[test]
    fn every_switch_is_asked_for_somewhere() {
        let text: String = sources().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/world/assumption");
        let tables: String = fs::read_dir(tables)
            .unwrap()
            .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        let constants = tables.lines().filter_map(|line| {
            let (name, _) = line.strip_prefix("pub const ")?.split_once(": u16")?;
            Some(name.to_owned())
        });
        for name in constants {
            assert!(text.contains(&format!("assumption::{name}")), "{name} is never asked for");
        }
    }

    #[test]
    fn the_page_is_made_from_the_table() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/design/assumptions.md");
        if std::env::var_os(REWRITE).is_some() {
            fs::write(&path, page()).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, page(), "run this test once with {REWRITE}=1 set");
    }

    fn page() -> String {
        let uses = uses();
        let mut page = String::from(
            "# What the simulator assumes\n\n\
             No source settles these, and no real server has confirmed them. Each is believed as stated, and with its\n\
             switch (`opposites` of an estate file) the worst credible opposite is in force. The acceptance suite runs\n\
             under both; `acceptance-tests/src/opposites.rs` names those under which some outcome differs by right. Made from\n\
             `acceptance-tests/simulator/src/world/assumption`; a test compares.\n\n\
             | no. | believed | worst credible opposite | switch | relied on in |\n\
             | --- | --- | --- | --- | --- |\n",
        );
        for one in ASSUMPTIONS.iter() {
            let switch = if one.switchable { "yes".to_owned() } else { format!("no: {}", one.because) };
            let files: Vec<&str> = uses[&one.number].iter().map(String::as_str).collect();
            page += &format!(
                "| {} | {} | {} | {switch} | {} |\n",
                one.number,
                one.believed,
                one.opposite,
                files.join(", ")
            );
        }
        page
    }

    /// In which files each number is named.
    fn uses() -> BTreeMap<u16, BTreeSet<String>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut uses: BTreeMap<u16, BTreeSet<String>> = BTreeMap::new();
        for path in sources() {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            for rest in text.split("ASSUMED").skip(1) {
                let digits: String = rest
                    .strip_prefix(' ')
                    .unwrap_or_default()
                    .chars()
                    .take_while(char::is_ascii_digit)
                    .collect();
                let excerpt = rest.lines().next().unwrap_or_default();
                let number =
                    digits.parse().unwrap_or_else(|_| panic!("{name}: ASSUMED{excerpt} has no number"));
                uses.entry(number).or_default().insert(format!("`{name}`"));
            }
        }
        uses
    }

    fn sources() -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    if !path.ends_with("assumption") {
                        folders.push(path);
                    }
                } else if path.extension().is_some_and(|kind| kind == "rs") {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}
