//! What a run of Terraform said.

use std::process::ExitStatus;

/// A run that has ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// The arguments.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// The exit code; nothing for a process that was killed.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Asserts that the run ended well.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert!(self.status.success(), "{self}");
        self
    }

    /// Asserts that the run ended with an error, and that Terraform itself ended it.
    #[track_caller]
    pub fn failed(self) -> Self {
        assert_eq!(self.code(), Some(1), "{self}");
        self
    }

    /// Everything that was said, without Terraform's frames and line breaks, so that sentences can be looked for
    /// however they were wrapped.
    pub fn text(&self) -> String {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        let unframed = all.lines().map(|line| line.trim_start_matches(['│', '╷', '╵', ' ']));
        unframed.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }

    /// Asserts that `sentence` was said.
    #[track_caller]
    pub fn says(self, sentence: &str) -> Self {
        assert!(self.text().contains(sentence), "it does not say `{sentence}`:\n{self}");
        self
    }

    /// Asserts that `sentence` was not said.
    #[track_caller]
    pub fn does_not_say(self, sentence: &str) -> Self {
        assert!(!self.text().contains(sentence), "it says `{sentence}`:\n{self}");
        self
    }

    /// How many diagnostics of a kind (`Error`, `Warning`) were shown.
    pub fn diagnostics(&self, kind: &str) -> usize {
        self.titles(kind).len()
    }

    /// The titles of the diagnostics of a kind, sorted. Terraform shows warnings of one title as one.
    pub fn titles(&self, kind: &str) -> Vec<String> {
        let start = format!("{kind}: ");
        let lines = self.stdout.lines().chain(self.stderr.lines());
        let titles = lines.filter_map(|line| line.trim_start_matches(['│', ' ']).strip_prefix(&start));
        let mut titles: Vec<String> = titles.map(str::to_owned).collect();
        titles.sort();
        titles
    }

    /// The first diagnostic with this title, without Terraform's frame and line breaks.
    #[track_caller]
    pub fn detail(&self, title: &str) -> String {
        let lines = self.stdout.lines().chain(self.stderr.lines());
        let lines = lines.skip_while(|line| !line.ends_with(&format!(": {title}")));
        let lines = lines.take_while(|line| !line.starts_with('╵'));
        let words = lines.flat_map(|line| line.trim_start_matches(['│', ' ']).split_whitespace());
        let text = words.collect::<Vec<_>>().join(" ");
        assert!(!text.is_empty(), "no `{title}` in {self}");
        text
    }

    /// Asserts that exactly these warnings were shown, by their titles, beside the one that every rehearsal has.
    #[track_caller]
    pub fn warns_exactly(self, expected: &[&str]) -> Self {
        let mut expected: Vec<&str> = [expected, &["This is a rehearsal"]].concat();
        expected.sort_unstable();
        assert_eq!(self.titles("Warning"), expected, "{self}");
        self
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, status, stdout, stderr } = self;
        write!(f, "terraform {command}: {status}\n{stdout}\n{stderr}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_found_however_they_are_wrapped() {
        let output = Output {
            command: "plan".into(),
            status: ExitStatus::default(),
            stdout: String::new(),
            stderr: "╷\n│ Error: No such server\n│ \n│   with milink_link.x,\n│ There is no server\n│ of that name.\n╵\n"
                .into(),
        };
        let output = output.says("There is no server of that name.").succeeded();
        assert_eq!((output.diagnostics("Error"), output.diagnostics("Warning")), (1, 0));
        assert_eq!(output.titles("Error"), ["No such server"]);
    }
}
