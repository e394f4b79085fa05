//! `diagram`: the order of messages as documentation, from the tables that the engines run on.

use std::fmt::Write as _;
use std::fs;

use iso15118_20::sequence::{Guard, Step, Stream, Table};
use iso15118_20::service::Family;

use crate::Failure;
use crate::workspace;

/// Whether files are written or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Check,
}

const FILE: &str = "docs/sequence.md";

const INTRODUCTION: &str = "\
# The order of messages

Written by `cargo xtask diagram` from the tables of `iso15118-20`, which both engines and their tests read. A row is taken
when its request was answered without reserve: after `Ongoing` or a warning nobody moves (but for `PositionLost`, which is a
warning), and after a failure the session is over. What stands in brackets must hold, or the row does not exist.
";

/// Writes the page, or checks that it is what the tables say.
pub(crate) fn run(mode: Mode) -> Result<(), Failure> {
    let page = page()?;
    let path = workspace::root().join(FILE);
    match mode {
        Mode::Write => Ok(fs::write(path, page)?),
        Mode::Check if fs::read_to_string(&path).unwrap_or_default() == page => {
            println!("{FILE}: as the tables say");
            Ok(())
        }
        Mode::Check => Err(Failure::new(format!("{FILE} is stale: run `cargo xtask diagram`"))),
    }
}

fn page() -> Result<String, Failure> {
    let mut page = INTRODUCTION.to_owned();
    for (title, family) in
        [("AC", Family::Ac), ("DC and MCS", Family::Dc), ("Wireless", Family::Wpt), ("ACDP", Family::Acdp)]
    {
        section(&mut page, title, Table::of(family))?;
    }
    for (title, stream) in [
        ("Side stream: schedule renegotiation (DC)", Stream::ScheduleRenegotiation),
        ("Side stream: metering confirmation", Stream::MeteringConfirmation),
        ("Side stream: ACDP system status", Stream::AcdpSystemStatus),
        ("Side stream: parking", Stream::Parking),
    ] {
        section(&mut page, title, Table::on(stream, Family::Dc))?;
    }
    Ok(page)
}

fn section(page: &mut String, title: &str, table: &Table) -> Result<(), Failure> {
    writeln!(page, "\n## {title}\n\n```mermaid\n{table}```\n")?;
    writeln!(page, "| From | Request | If | To |\n|---|---|---|---|")?;
    for row in table.rows() {
        let step = match row.step {
            Step::Plain => String::new(),
            step => format!(" ({step:?})"),
        };
        let guard = match row.guard {
            Guard::None => String::new(),
            guard => format!("{guard:?}"),
        };
        writeln!(page, "| {} | {}{step} | {guard} | {} |", row.from, row.request, row.to)?;
    }
    Ok(())
}
