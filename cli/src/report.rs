//! The report: one page for the browser with everything in it.

mod chart;
mod content;
mod escape;
mod journal;
mod page;

use std::path::Path;

use v2g_scenario::Scenario;

use crate::failure::Failure;

pub(crate) use journal::Journal;

/// Writes the page.
pub(crate) fn write(path: &Path, journal: &Journal, scenario: &Scenario) -> Result<(), Failure> {
    std::fs::write(path, page::html(journal, scenario))
        .map_err(|error| Failure::failed(format!("cannot write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests;
