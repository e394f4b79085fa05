//! What the charger's engine lets one watch.

use super::engine::Core;
use crate::trace::{Trace, TraceEvent};

impl Core<'_> {
    pub(super) fn trace(&self, event: TraceEvent) {
        Trace::record(self.config.trace, self.now, self.sequence.stage(), event);
    }
}
