//! Writes right chains of every role and faulty ones of every kind: `chains FOLDER`. For `conformance/run openssl`,
//! which asks OpenSSL what it thinks of them.
//!
//! Each chain is a folder with `leaf.pem`, `subs.pem`, `roots.pem`, and `case.json` with our own verdict.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use v2g_pki::issue::{Entity, Fault, FaultyChain, Hierarchy, Plan};
use v2g_pki::status::Evidence;
use v2g_pki::{Algorithm, Algorithms, Anchor, Chain, Curves, Edition, Policy, Role, RootKind, Time, Trust};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: chains FOLDER")?;
    let folder = Path::new(&folder);
    let start = Time::from_date(2026, 1, 1).ok_or("a day")?;
    for (name, algorithm, edition) in [
        ("p521", Algorithm::P521, Edition::Y2022),
        ("p521-amd1", Algorithm::P521, Edition::Amd1),
        ("p256", Algorithm::P256, Edition::Y2022),
        ("p256-iso2", Algorithm::P256, Edition::Iso2),
        ("ed448", Algorithm::Ed448, Edition::Y2022),
    ] {
        let plan = Plan { algorithm, edition, ..Plan::new([9; 32], start) };
        let Ok(hierarchy) = Hierarchy::new(plan) else {
            println!("{name}: the algorithm is not built in");
            continue;
        };
        for role in [Role::Secc, Role::Vehicle, Role::Contract, Role::Provisioning, Role::Cps] {
            if let Some(right) = right(&hierarchy, role) {
                write(&folder.join(format!("{name}-{role:?}").to_lowercase()), &right)?;
            }
        }
        for fault in Fault::ALL.iter().filter(|fault| fault.exists_in(edition)) {
            write(&folder.join(format!("{name}-fault-{}", fault.name())), &fault.chain(&hierarchy))?;
        }
    }
    Ok(())
}

/// A chain without a fault, in the form of those with one.
fn right(hierarchy: &Hierarchy, role: Role) -> Option<FaultyChain> {
    let plan = hierarchy.plan();
    if role == Role::Vehicle && plan.edition == Edition::Iso2 {
        return None;
    }
    let leaf = Entity::leaf(role)?;
    let now = plan.start.plus(10 * 86_400);
    Some(FaultyChain {
        role,
        chain: hierarchy.chain(leaf).into_iter().map(<[u8]>::to_vec).collect(),
        roots: [RootKind::V2g, RootKind::Oem, RootKind::Mo]
            .map(|kind| (kind, hierarchy.certificate(Entity::Root(kind)).to_vec()))
            .to_vec(),
        ocsp: hierarchy.staples(leaf, now.plus(-86_400)),
        now,
        policy: Policy { algorithms: Algorithms::only(plan.algorithm), ..Policy::new(plan.edition) },
        rule: v2g_pki::Rule::Empty,
        subject: v2g_pki::Subject::Chain,
    })
}

fn write(folder: &Path, case: &FaultyChain) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let chain: Vec<&[u8]> = case.chain.iter().map(Vec::as_slice).collect();
    let anchors: Vec<Anchor<'_>> = case.roots.iter().map(|(kind, der)| Anchor::new(*kind, der)).collect();
    let ocsp: Vec<&[u8]> = case.ocsp.iter().map(Vec::as_slice).collect();
    let trust = Trust {
        anchors: &anchors.as_slice(),
        evidence: Evidence { ocsp: &ocsp, ..Evidence::default() },
        policy: case.policy,
        verifier: &Curves,
        now: case.now,
    };
    let verdict = Chain::new(&chain).and_then(|chain| v2g_pki::validate(&chain, case.role, &trust));
    let pem = |certificates: &[&[u8]]| certificates.iter().map(|der| to_pem(der)).collect::<String>();
    let (leaf, subs) = chain.split_first().ok_or("no leaf")?;
    let roots: Vec<&[u8]> = case.roots.iter().map(|(_, der)| der.as_slice()).collect();
    fs::write(folder.join("leaf.pem"), pem(&[leaf]))?;
    fs::write(folder.join("subs.pem"), pem(subs))?;
    fs::write(folder.join("roots.pem"), pem(&roots))?;
    for (index, ((about, issuer), response)) in
        chain.iter().zip(chain.iter().skip(1)).zip(&case.ocsp).enumerate()
    {
        fs::write(folder.join(format!("ocsp-{index}.der")), response)?;
        fs::write(folder.join(format!("ocsp-{index}-about.pem")), pem(&[about]))?;
        fs::write(folder.join(format!("ocsp-{index}-issuer.pem")), pem(&[issuer]))?;
    }
    let why = verdict.err().map(|error| error.to_string()).unwrap_or_default();
    let json = format!(
        r#"{{"role": "{:?}", "valid": {}, "why": "{why}", "unix": {}}}"#,
        case.role,
        why.is_empty(),
        case.now.unix()
    );
    Ok(fs::write(folder.join("case.json"), json)?)
}

/// PEM (RFC 7468).
fn to_pem(der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in der.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        let _ = writeln!(pem, "{}", String::from_utf8_lossy(line));
    }
    pem + "-----END CERTIFICATE-----\n"
}
