//! Proves on a token what the key store promises: `token LIBRARY LABEL`, with the PIN in `V2G_PIN`. For
//! `conformance/run pkcs11`, which makes a token of SoftHSM for it. Ends with an error at the first thing that is not so.

use std::error::Error;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use v2g_pkcs11::{Location, OpenError, Pin, TokenStore};
use v2g_pki::issue::{Entity, Hierarchy, Plan, PrivateKey};
use v2g_pki::keystore::{
    Blocking as _, ImportContract, KeyError, KeyHandle, KeyKind, KeyRole, KeyStore as _, SoftwareStore,
    public_key_info,
};
use v2g_pki::provision::{Aad, Delivery, Kdf, Wrapped, seal, wrap};
use v2g_pki::{Algorithm, Certificate, Curves, Rule, Time, Verifier as _, ids::Pcid};

type Failure = Box<dyn Error>;

/// Says that something was seen, or fails.
fn seen(what: &str, holds: bool) -> Result<(), Failure> {
    if holds {
        println!("seen: {what}");
        Ok(())
    } else {
        Err(format!("not so: {what}").into())
    }
}

fn random(out: &mut [u8]) -> Result<(), KeyError> {
    getrandom::fill(out).map_err(|_| KeyError::NoRandomness)
}

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let (library, token) = words.next().zip(words.next()).ok_or("usage: token LIBRARY LABEL")?;
    let location = Location { library: library.into(), token };
    let wrong = TokenStore::open(&location, &Pin::new("not the pin"));
    seen("a wrong PIN is refused", matches!(wrong.err(), Some(OpenError::Login(_))))?;
    let nowhere = Location { token: "nowhere".to_owned(), ..location.clone() };
    let nowhere = TokenStore::open(&nowhere, &Pin::from_env("V2G_PIN")?);
    seen("another token is not taken for ours", matches!(nowhere.err(), Some(OpenError::NoToken(_))))?;

    let mut store = TokenStore::open(&location, &Pin::from_env("V2G_PIN")?)?;
    println!("derivation: {:?}", store.derivation());
    for algorithm in [Algorithm::P521, Algorithm::P384, Algorithm::P256] {
        signs(&mut store, algorithm)?;
    }
    agrees(&mut store)?;
    roles(&mut store)?;
    let contract = contracts(&mut store)?;
    let mut numbers = [[0; 32]; 2];
    store.random(&mut numbers[0])?;
    store.random(&mut numbers[1])?;
    seen("random numbers differ", numbers[0] != numbers[1] && numbers[0] != [0; 32])?;

    // Opened again, beside the first: the same keys are there in their roles.
    let again = TokenStore::open(&location, &Pin::from_env("V2G_PIN")?)?;
    let (mut one, mut other) = ([0; 133], [0; 133]);
    let secc = again.find("secc P521", KeyRole::Secc).ok_or("the key is gone")?;
    let before = store.find("secc P521", KeyRole::Secc).ok_or("the key is gone")?;
    seen("keys outlive the store", again.public(secc, &mut one)? == store.public(before, &mut other)?)?;
    let found = again.find("contract", KeyRole::Contract).ok_or("the contract is gone")?;
    seen(
        "contracts outlive the store",
        again.public(found, &mut one)? == store.public(contract, &mut other)?,
    )?;
    seen("a role is not another", again.find("secc P521", KeyRole::Contract).is_none())?;
    drop(again);

    nobody_reads_a_key(&location)?;
    store.delete(contract)?;
    seen("a deleted key is gone", store.sign(contract, b"x").err() == Some(KeyError::NoSuchKey))?;
    let again = TokenStore::open(&location, &Pin::from_env("V2G_PIN")?)?;
    seen("from the token too", again.find("contract", KeyRole::Contract).is_none())
}

/// A certificate for a key of the token, made by an authority in files.
fn signs(store: &mut TokenStore, algorithm: Algorithm) -> Result<(), Failure> {
    let key = store.generate(algorithm, KeyRole::Secc, &format!("secc {algorithm:?}"))?;
    let (mut out, mut info) = ([0; 133], [0; 160]);
    let public = store.public(key, &mut out)?;
    let info = public_key_info(algorithm, public, &mut info)?.to_vec();
    let signer = PrivateKey::from_seed(Algorithm::P521, &[1; 32], "authority")?;
    let start = Time::from_date(2026, 1, 1).ok_or("a day")?;
    let template = Entity::Secc.template(&Plan::new([1; 32], start), public, &signer.public());
    let certificate = template.sign(&info, &template.subject.to_der(), &signer);
    let certificate = Certificate::parse(&certificate)?;
    let mut good = true;
    for message in [&b""[..], b"a message", &[7; 5000]] {
        let signature = store.sign(key, message)?;
        let check = |message| Curves.verify_fixed(certificate.key(), message, signature.as_bytes());
        good &= check(message).is_ok() && check(b"another").is_err();
    }
    seen(&format!("{algorithm:?}: signatures of the token hold under its public key"), good)?;
    seen("the kind of the key is known", store.kind(key)? == KeyKind::Signing(algorithm))
}

/// Both ends of an agreement, one of them in software.
fn agrees(store: &mut TokenStore) -> Result<(), Failure> {
    let mut software = SoftwareStore::<_, 4>::new(random);
    for algorithm in [Algorithm::P521, Algorithm::P256] {
        let kind = KeyKind::Signing(algorithm);
        let (ours, theirs) = (
            store.generate(algorithm, KeyRole::Ephemeral, "e")?,
            software.generate(kind, KeyRole::Ephemeral)?,
        );
        let (mut near, mut far) = ([0; 133], [0; 133]);
        let (near, far) =
            (store.public(ours, &mut near)?.to_vec(), software.public(theirs, &mut far)?.to_vec());
        let (a, b) = (store.agree(ours, &far)?, software.agree(theirs, &near)?);
        seen(
            &format!("{algorithm:?}: token and software agree"),
            a == b && a.expose().len() == algorithm.private_len(),
        )?;
        let mut off_curve = far.clone();
        off_curve[40] ^= 1;
        seen("a point off the curve is refused", store.agree(ours, &off_curve).is_err())?;
        store.delete(ours)?;
    }
    Ok(())
}

fn roles(store: &mut TokenStore) -> Result<(), Failure> {
    let ephemeral = store.generate(Algorithm::P521, KeyRole::Ephemeral, "e")?;
    let wrong = Some(KeyError::WrongRole);
    seen("what agrees does not sign", store.sign(ephemeral, b"x").err() == wrong)?;
    let secc = store.find("secc P521", KeyRole::Secc).ok_or("the key is gone")?;
    seen("what signs does not agree", store.agree(secc, &[4; 133]).err() == wrong)?;
    store.delete(ephemeral)?;
    let unsupported = Some(KeyError::Unsupported);
    seen("X448 is refused", store.generate(Algorithm::Ed448, KeyRole::Secc, "x").err() == unsupported)?;
    seen("no key has another's handle", store.kind(KeyHandle::new(9999)).is_err())
}

/// A contract key into the token, and everything that must not get there.
fn contracts(store: &mut TokenStore) -> Result<KeyHandle, Failure> {
    let provisioning = store.generate(Algorithm::P521, KeyRole::Provisioning, "provisioning")?;
    let mut out = [0; 133];
    let public = store.public(provisioning, &mut out)?.to_vec();
    let start = Time::from_date(2026, 1, 1).ok_or("a day")?;
    let hierarchy = Hierarchy::new(Plan::new([2; 32], start))?;
    let issued = hierarchy.get(Entity::Contract(0)).ok_or("a contract")?;
    let certificate = Certificate::parse(&issued.certificate)?;
    let pcid = Pcid::parse("WMIPROV12345678905").ok_or("a PCID")?;
    let aad = Aad::new(&pcid, &certificate)?;
    let other = Aad::new(&Pcid::parse("WMIPROV12345678906").ok_or("a PCID")?, &certificate)?;
    let mut import = |delivery: &Delivery, aad: &Aad, kdf: Kdf, replaces| {
        store.import_contract(ImportContract {
            provisioning,
            ephemeral: &delivery.ephemeral,
            wrapped: Wrapped::Secp521(&delivery.wrapped),
            aad,
            unwrapping: kdf.into(),
            contract: *certificate.key(),
            replaces,
        })
    };
    let good = wrap(issued.key.expose(), &public, &aad, Kdf::default(), &mut random)?;
    let refused = |rule| Some(KeyError::Refused(rule));
    for (at, rule) in [(0, Rule::WrappedTag), (20, Rule::WrappedTag), (93, Rule::WrappedTag)] {
        let mut changed = good.clone();
        changed.wrapped[at] ^= 1;
        let result = import(&changed, &aad, Kdf::default(), None).err();
        seen(&format!("octet {at} changed is refused"), result == refused(rule))?;
    }
    let result = import(&good, &other, Kdf::default(), None).err();
    seen("a key for another vehicle is refused", result == refused(Rule::WrappedTag))?;
    let result = import(&good, &aad, Kdf::X963, None).err();
    seen("another derivation is refused", result == refused(Rule::WrappedTag))?;
    let mut off_curve = good.clone();
    off_curve.ephemeral[70] ^= 1;
    let result = import(&off_curve, &aad, Kdf::default(), None).err();
    seen("an ephemeral key off the curve is refused", result == refused(Rule::EphemeralKey))?;
    let foreign = PrivateKey::from_seed(Algorithm::P521, &[3; 32], "foreign")?;
    let foreign = wrap(foreign.expose(), &public, &aad, Kdf::default(), &mut random)?;
    let result = import(&foreign, &aad, Kdf::default(), None).err();
    seen("a key of another certificate is refused", result == refused(Rule::KeyMismatch))?;
    let mut top = issued.key.expose().to_vec();
    top[0] |= 0x80;
    let top = seal(&top, &public, &aad, Kdf::default(), &mut random)?;
    let result = import(&top, &aad, Kdf::default(), None).err();
    seen("bits above the number are refused", result == refused(Rule::KeyRange))?;

    let other_order = wrap(issued.key.expose(), &public, &aad, Kdf::X963, &mut random)?;
    let first = import(&other_order, &aad, Kdf::X963, None)?;
    let contract = import(&good, &aad, Kdf::default(), Some(first))?;
    seen("a replaced contract is gone", store.kind(first).err() == Some(KeyError::NoSuchKey))?;
    let signature = store.sign(contract, b"authorization")?;
    let held = Curves.verify_fixed(certificate.key(), b"authorization", signature.as_bytes());
    seen("the contract key signs for its certificate", held.is_ok())?;
    let mut count = 0;
    store.list(KeyRole::Contract, &mut |_| count += 1);
    seen("there is one contract", count == 1)?;
    Ok(contract)
}

/// Asks the token for the value of every private key, as a thief in our place would.
fn nobody_reads_a_key(location: &Location) -> Result<(), Failure> {
    let context = Pkcs11::new(&location.library)?;
    // The store has done so already.
    let _ = context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let mut slots = context.get_slots_with_token()?.into_iter();
    let ours = |slot: &cryptoki::slot::Slot| {
        context.get_token_info(*slot).is_ok_and(|info| info.label().trim_end() == location.token)
    };
    let session = context.open_rw_session(slots.find(ours).ok_or("no slot")?)?;
    let _ = session.login(UserType::User, Some(&AuthPin::from(std::env::var("V2G_PIN")?)));
    let mut roles = Vec::new();
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
        for key in session.find_objects(&[Attribute::Class(class)])? {
            let wanted = [AttributeType::Sensitive, AttributeType::Extractable, AttributeType::Label];
            for attribute in session.get_attributes(key, &wanted)? {
                match attribute {
                    Attribute::Sensitive(value) => seen("CKA_SENSITIVE is true", value)?,
                    Attribute::Extractable(value) => seen("CKA_EXTRACTABLE is false", !value)?,
                    Attribute::Label(value) => roles.push(String::from_utf8_lossy(&value).into_owned()),
                    _ => {}
                }
            }
            let info = session.get_attribute_info(key, &[AttributeType::Value])?;
            seen("CKA_VALUE is not given", matches!(info[..], [AttributeInfo::Sensitive]))?;
            let value = session.get_attributes(key, &[AttributeType::Value]).unwrap_or_default();
            seen("nor by asking outright", value.is_empty())?;
        }
    }
    roles.sort();
    println!("private keys on the token: {}", roles.join(", "));
    seen("that were all", roles.len() == 5 && roles.contains(&"contract".to_owned()))
}
