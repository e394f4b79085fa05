//! What is wrong with a scenario file, and where.

use std::fmt;

/// What is wrong with a scenario file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    line: usize,
    column: usize,
    text: String,
    message: String,
}

impl ScenarioError {
    pub(super) fn new(source: &str, at: Option<usize>, message: &str) -> Self {
        let mut at = at.unwrap_or(0).min(source.len());
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        let before = &source[..at];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let text = source[start..].lines().next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            text: text.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect(),
            message: message.trim_end().to_owned(),
        }
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong, and what to do.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Place, line with a mark, and what is wrong: as compilers do.
impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, text, message } = self;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let mark = " ".repeat(column.saturating_sub(1).min(200));
        write!(
            f,
            "line {line}, column {column}\n{margin} |\n{number} | {text}\n{margin} | {mark}^\n{message}"
        )
    }
}

impl std::error::Error for ScenarioError {}
