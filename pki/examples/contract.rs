//! Writes a signed AuthorizationReq with its root and the OCSP responses of its chain, each behind its length:
//! `contract FILE`. For `cargo xtask sizes`, which measures the stack of the check.

use std::error::Error;

use v2g_pki::RootKind;
use v2g_pki::issue::Entity;

#[path = "../tests/common/mod.rs"]
mod common;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("usage: contract FILE")?;
    let hierarchy = common::hierarchy();
    let staples = hierarchy.staples(Entity::Contract(0), common::now().plus(-common::DAY));
    let message = common::message::authorization(hierarchy);
    let root = hierarchy.certificate(Entity::Root(RootKind::Mo)).to_vec();
    let mut out = Vec::new();
    for part in [message, root].iter().chain(&staples) {
        out.extend(u32::try_from(part.len())?.to_le_bytes());
        out.extend(part);
    }
    Ok(std::fs::write(file, out)?)
}
