//! Writes the seeds of the fuzz targets of this crate: `seeds FOLDER`, which is `fuzz/seeds` of the workspace.

use std::error::Error;
use std::fs;
use std::path::Path;

use v2g_pki::RootKind;
use v2g_pki::issue::Entity;
use v2g_pki::provision::Kdf;

#[path = "../tests/common/mod.rs"]
mod common;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: seeds FOLDER")?;
    let folder = Path::new(&folder);
    let write = |target: &str, name: &str, octets: &[u8]| {
        let folder = folder.join(target);
        fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), octets))
    };
    let hierarchy = common::hierarchy();
    let day = common::now().plus(-common::DAY);

    for (name, entity) in [
        ("contract", Entity::Contract(0)),
        ("provisioning", Entity::Provisioning),
        ("root", Entity::Root(RootKind::Mo)),
        ("secc", Entity::Secc),
        ("vehicle", Entity::Vehicle),
    ] {
        write("pki_certificate", name, hierarchy.certificate(entity))?;
    }

    let issuer = Entity::Contract(0).issuer(hierarchy.plan().levels);
    let list = |revoked: &[Entity]| hierarchy.crl(issuer, revoked, day).ok_or("no list");
    write("pki_crl", "good", &list(&[])?)?;
    write("pki_crl", "revoked", &list(&[Entity::Contract(0)])?)?;

    let staples = hierarchy.staples(Entity::Contract(0), day);
    write("pki_ocsp", "good", staples.first().ok_or("no response")?)?;

    let delivery = common::message::delivery(hierarchy, Kdf::default());
    write("pki_provisioning", "right", &[delivery.ephemeral.as_slice(), &delivery.wrapped].concat())?;

    write("pki_signature", "authorization", &common::message::authorization(hierarchy))?;
    write("pki_signature", "installation_request", &common::message::installation_request(hierarchy))?;
    write("pki_signature", "installation", &common::message::installation(hierarchy, &delivery))?;
    write("pki_signature", "metering", &common::message::metering(hierarchy))?;
    Ok(())
}
