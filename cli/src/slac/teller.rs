//! Events on the standard output.

use std::io::Write;
use std::time::Duration;

use serde_json::json;

use super::machine::Told;
use crate::failure::Failure;
use crate::observe::{Audience, micros};

/// Writes events for people or programs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teller(Audience);

impl Teller {
    pub(super) fn new(audience: Audience) -> Self {
        Self(audience)
    }

    pub(super) fn tell(self, at: Duration, told: &Told) -> Result<(), Failure> {
        let line = match self.0 {
            Audience::People => format!("{:>10.3}  {}", at.as_secs_f64(), told.text),
            Audience::Programs => {
                let mut line = json!({ "time": micros(at) });
                if let (Some(line), Some(more)) = (line.as_object_mut(), told.json.as_object()) {
                    line.extend(more.clone());
                }
                line.to_string()
            }
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()?;
        Ok(())
    }
}
