//! What the commands that run sessions have in common.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use v2g_scenario::Scenario;
use v2g_scenario::scenario::{Fault, FaultKind, ModeChoice, ProfileChoice, ServiceChoice, Side};

use crate::failure::Failure;
use crate::observe::{Audience, Sinks, Trace};
use crate::report::{self, Journal};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to charge with; overrides the scenario.
    #[arg(long, value_enum)]
    pub(crate) service: Option<ServiceChoice>,
    /// Who plans; overrides the scenario.
    #[arg(long, value_enum)]
    pub(crate) mode: Option<ModeChoice>,
    /// How exactly the standard is followed; overrides the scenario. Default: lenient.
    #[arg(long, value_enum)]
    pub(crate) profile: Option<ProfileChoice>,
    /// What happens: a scenario in TOML, see examples/scenarios and the README of the program.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Write every message, event and end, of both ends where both are here, one JSON object per line.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Write a page for the browser: messages, power and limits over time, latencies, how it ended.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// One JSON object per message and line.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(crate) fn audience(&self) -> Audience {
        Audience::json(self.json)
    }

    /// The scenario: of the file, or else `usual`, with what was said on the command line.
    pub(crate) fn scenario(&self, usual: impl FnOnce() -> Scenario) -> Result<Scenario, Failure> {
        let mut scenario = match &self.scenario {
            Some(path) => load(path)?,
            None => usual(),
        };
        if let Some(service) = self.service {
            scenario.services = vec![service];
            scenario.station.offers.clear();
        }
        scenario.mode = self.mode.or(scenario.mode);
        scenario.profile = self.profile.unwrap_or(scenario.profile);
        Ok(scenario)
    }

    /// The places where records go.
    pub(crate) fn outputs(&self, sessions: u32) -> Result<Outputs, Failure> {
        let mut sinks = Sinks::new((sessions == 1).then(|| self.audience()));
        let trace = match &self.trace {
            Some(path) => Some(sinks.add(Trace::create(path)?)),
            None => None,
        };
        if self.report.is_some() && sessions > 1 {
            return Err(Failure::usage("a report shows one session")
                .advise("leave --sessions out; --trace writes any number of sessions"));
        }
        let journal = self.report.as_ref().map(|path| (path.clone(), sinks.add(Journal::default())));
        Ok(Outputs { sinks, trace, journal })
    }
}

/// Where records go.
#[derive(Debug)]
pub(crate) struct Outputs {
    pub(crate) sinks: Sinks,
    trace: Option<Arc<Mutex<Trace>>>,
    journal: Option<(PathBuf, Arc<Mutex<Journal>>)>,
}

impl Outputs {
    /// Writes what is still to be written.
    pub(crate) fn finish(&self, scenario: &Scenario) -> Result<(), Failure> {
        if let Some(trace) = &self.trace {
            trace.lock().unwrap_or_else(PoisonError::into_inner).finish()?;
        }
        if let Some((path, journal)) = &self.journal {
            let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
            report::write(path, &journal, scenario)?;
            // A station may serve another vehicle, whose report takes the place of this one.
            *journal = Journal::default();
        }
        Ok(())
    }
}

fn load(path: &Path) -> Result<Scenario, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    Scenario::parse(&text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// An end alone cannot make the other end's messages go wrong.
pub(crate) fn require_own_faults(scenario: &Scenario, own: Side) -> Result<(), Failure> {
    let foreign = |fault: &&Fault| fault.side != own && fault.what != FaultKind::Unplug;
    match scenario.faults.iter().find(foreign) {
        Some(fault) => Err(Failure::usage(format!(
            "the scenario lets something go wrong at the {} ({}), which is not here",
            fault.side.name(),
            fault.when
        ))
        .advise("`v2g session` runs both ends")),
        None => Ok(()),
    }
}
