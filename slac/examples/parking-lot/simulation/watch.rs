//! Whether somebody watches.

use v2g_slac::{Frame, Mme};

use super::lot::Lot;
use super::place::Node;

/// What is printed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    Nothing,
    /// Everything that machines hear, say and see.
    Everything,
}

impl Lot {
    pub(super) fn tell(&self, node: Node, what: std::fmt::Arguments<'_>) {
        if self.watch == Watch::Everything {
            println!("{:>10.3} {node}: {what}", self.now.as_secs_f64());
        }
    }

    pub(super) fn tell_frame(&self, node: Node, direction: &str, frame: &[u8]) {
        if self.watch == Watch::Everything
            && let Ok(view) = Frame::new_checked(frame)
        {
            let (to, from) = (view.destination(), view.source());
            match Mme::parse(&view) {
                Ok(Mme::AttenCharInd(message)) => {
                    let mean = message.groups.whole().map(v2g_slac::Attenuation::mean);
                    self.tell(node, format_args!("{direction} {from} > {to} report {mean:?}"));
                }
                Ok(Mme::AttenProfileInd(_) | Mme::MnbcSoundInd(_) | Mme::Qualcomm(_) | Mme::Lumissil(_)) => {}
                Ok(message) => self.tell(node, format_args!("{direction} {from} > {to} {message:?}")),
                Err(error) => self.tell(node, format_args!("{direction} {from} > {to} {error}")),
            }
        }
    }
}
