//! What a probe found, and how it is told: as text for people and as JSON for whoever collects reports.

use std::fmt::Write as _;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The real server says what the simulator says.
    Confirmed,
    /// It says something else: the simulator is wrong.
    Contradicted,
    /// It was not decided, for this reason.
    Open(String),
}

impl Verdict {
    /// Open, for a reason.
    pub fn open(reason: impl Into<String>) -> Self {
        Self::Open(reason.into())
    }

    /// Confirmed where something holds.
    pub fn of(holds: bool) -> Self {
        if holds { Self::Confirmed } else { Self::Contradicted }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Contradicted => "contradicted",
            Self::Open(_) => "open",
        }
    }
}

/// A verdict with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What became of the question.
    pub verdict: Verdict,
    /// What the real side said, a line each.
    pub evidence: Vec<String>,
}

impl Outcome {
    /// A verdict without evidence.
    pub fn new(verdict: Verdict) -> Self {
        Self { verdict, evidence: Vec::new() }
    }

    /// The same with a line of evidence.
    #[must_use]
    pub fn with(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// Open, for a reason.
    pub fn open(reason: impl Into<String>) -> Self {
        Self::new(Verdict::open(reason))
    }
}

/// A question, what the simulator says, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `assumption 27`, `columns sys.certificates`, `statement groups`: the same in every report.
    pub id: String,
    /// What was asked.
    pub question: String,
    /// What the simulator says.
    pub expected: String,
    /// What the real side says.
    pub outcome: Outcome,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// When it was made.
    pub made: OffsetDateTime,
    /// What was asked: versions, editions, policies. No names.
    pub facts: Vec<(String, String)>,
    /// All findings.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether anything that the simulator says is wrong.
    pub fn contradicts(&self) -> bool {
        self.count(&Verdict::Contradicted) > 0
    }

    /// How many findings have this verdict; reasons do not count.
    pub fn count(&self, verdict: &Verdict) -> usize {
        self.of(verdict.word()).count()
    }

    /// The finding of that id.
    pub fn finding(&self, id: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.id == id)
    }

    fn of(&self, word: &'static str) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.outcome.verdict.word() == word)
    }

    fn day(&self) -> String {
        self.made.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
    }

    /// For people: what is wrong comes first.
    pub fn to_text(&self) -> String {
        let mut text = format!("milink-simulator {} probe, {}\n\n", env!("CARGO_PKG_VERSION"), self.day());
        for (name, value) in &self.facts {
            line(&mut text, format_args!("  {name:<24}{value}"));
        }
        let [wrong, right, open] = ["contradicted", "confirmed", "open"].map(|word| self.of(word).count());
        line(&mut text, format_args!("\n{wrong} contradicted, {right} confirmed, {open} open"));
        for word in ["contradicted", "confirmed", "open"] {
            if self.of(word).next().is_none() {
                continue;
            }
            line(&mut text, format_args!("\n== {word}{}", if word == "confirmed" { "\n" } else { "" }));
            for finding in self.of(word) {
                self.tell(&mut text, finding);
            }
        }
        text
    }

    fn tell(&self, text: &mut String, finding: &Finding) {
        // What holds needs no comparing, and there is much of it.
        let holds = finding.outcome.verdict == Verdict::Confirmed;
        line(text, format_args!("{}{}: {}", if holds { "" } else { "\n" }, finding.id, finding.question));
        if !holds {
            line(text, format_args!("    simulator: {}", finding.expected));
        }
        for evidence in &finding.outcome.evidence {
            line(text, format_args!("    found: {evidence}"));
        }
        if let Verdict::Open(reason) = &finding.outcome.verdict {
            line(text, format_args!("    open: {reason}"));
        }
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let finding = |finding: &Finding| {
            let mut one = json!({
                "id": finding.id,
                "question": finding.question,
                "expected": finding.expected,
                "verdict": finding.outcome.verdict.word(),
                "evidence": finding.outcome.evidence,
            });
            if let (Verdict::Open(reason), Some(one)) = (&finding.outcome.verdict, one.as_object_mut()) {
                one.insert("reason".to_owned(), reason.clone().into());
            }
            one
        };
        let facts: serde_json::Map<String, Value> =
            self.facts.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        json!({
            "simulator": env!("CARGO_PKG_VERSION"),
            "made": self.day(),
            "facts": facts,
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    }
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _written = writeln!(text, "{words}");
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn report() -> Report {
        let finding = |id: &str, outcome| Finding {
            id: id.to_owned(),
            question: "is it so?".to_owned(),
            expected: "yes".to_owned(),
            outcome,
        };
        Report {
            made: datetime!(2026-11-29 18:00 UTC),
            facts: vec![("server".to_owned(), "16.0.4125.3".to_owned())],
            findings: vec![
                finding("assumption 2", Outcome::open("a link is needed").with("no link")),
                finding("assumption 1", Outcome::new(Verdict::Confirmed).with("it is")),
                finding("assumption 3", Outcome::new(Verdict::Contradicted).with("it is not")),
            ],
        }
    }

    #[test]
    fn what_is_wrong_comes_first() {
        let text = report().to_text();
        assert!(text.contains("1 contradicted, 1 confirmed, 1 open"), "{text}");
        let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is not in\n{text}"));
        assert!(
            place("assumption 3") < place("assumption 1") && place("assumption 1") < place("assumption 2")
        );
        for part in
            ["2026-11-29", "16.0.4125.3", "simulator: yes", "found: it is not", "open: a link is needed"]
        {
            place(part);
        }
        assert!(report().contradicts());
    }

    #[test]
    fn programs_read_the_same() {
        let json = report().to_json();
        assert_eq!(json["facts"]["server"], "16.0.4125.3");
        let verdicts: Vec<_> =
            json["findings"].as_array().unwrap().iter().map(|one| &one["verdict"]).collect();
        assert_eq!(verdicts, ["open", "confirmed", "contradicted"]);
        assert_eq!(json["findings"][0]["reason"], "a link is needed");
    }
}
