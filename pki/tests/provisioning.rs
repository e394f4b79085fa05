//! Contract keys on their way, from the provider's message to a signature with the installed key.

mod common;

use common::message::{delivery, installation, pcid};
use common::{Setting, hierarchy, random};
use exi_codec::iso20::common_messages::{CertificateInstallationRes, Message};
use v2g_pki::issue::Entity;
use v2g_pki::keystore::{
    Answer, Blocking, KeyError, KeyHandle, KeyKind, KeyRole, KeyStore, Operation, Progress, Random,
    SoftwareStore, Ticket,
};
use v2g_pki::provision::{self, Aad, Delivery, Kdf, Unwrapping};
use v2g_pki::xmlsig::{self, SignedInfoGrammar};
use v2g_pki::{Algorithm, Certificate, Curves, Rule, Verifier};

type Store = SoftwareStore<Box<dyn FnMut(&mut [u8]) -> Result<(), KeyError>>, 3>;

/// The vehicle's store with its provisioning key.
fn store() -> (Store, KeyHandle) {
    let mut store = Store::new(Box::new(random(5)));
    let key = hierarchy().get(Entity::Provisioning).expect("a vehicle").key.expose();
    let mut copy = key.to_vec();
    let handle = store.load(KeyKind::Signing(Algorithm::P521), KeyRole::Provisioning, &mut copy);
    assert!(copy.iter().all(|octet| *octet == 0), "the host's copy is overwritten");
    (store, handle.expect("in range"))
}

fn decode(octets: &[u8]) -> CertificateInstallationRes<'_> {
    match exi_codec::decode(octets) {
        Ok(Message::CertificateInstallationRes(response)) => response,
        other => panic!("{other:?}"),
    }
}

/// Installs from a delivery; returns what the store says.
fn install<S: KeyStore>(
    store: &mut S,
    provisioning: KeyHandle,
    delivery: &Delivery,
    kdf: Kdf,
    replaces: Option<KeyHandle>,
) -> Result<KeyHandle, KeyError> {
    let hierarchy = hierarchy();
    let octets = installation(hierarchy, delivery);
    let response = decode(&octets);
    let (mut provider, mut contract) = ([0; 6400], [0; 6400]);
    Setting::of(hierarchy, Entity::Cps).with(|trust| {
        let buffers = [&mut provider[..], &mut contract[..]];
        let found = xmlsig::installation(&response, SignedInfoGrammar::default(), trust, buffers);
        let found = found.expect("a valid delivery");
        assert_eq!(found.contract().subject().common_name(), Some("DE8AA0000000006"));
        found.install(store, (provisioning, &pcid(hierarchy)), kdf.into(), replaces)
    })
}

#[test]
fn a_delivered_contract_signs() {
    let (mut store, provisioning) = store();
    let contract =
        install(&mut store, provisioning, &delivery(hierarchy(), Kdf::default()), Kdf::default(), None);
    let contract = contract.expect("installed");
    let signature = store.sign(contract, b"message").expect("a signature");
    let leaf = Certificate::parse(hierarchy().certificate(Entity::Contract(0))).expect("a leaf");
    assert_eq!(Curves.verify_fixed(leaf.key(), b"message", signature.as_bytes()), Ok(()));
    let mut found = Vec::new();
    store.list(KeyRole::Contract, &mut |key| found.push(key));
    assert_eq!(found, [contract]);
}

#[test]
fn a_new_contract_replaces_the_old_one_or_nothing_changes() {
    let (mut store, provisioning) = store();
    let right = delivery(hierarchy(), Kdf::default());
    let old = install(&mut store, provisioning, &right, Kdf::default(), None).expect("installed");
    let mut wrong = right.clone();
    wrong.wrapped[40] ^= 1;
    let refused = install(&mut store, provisioning, &wrong, Kdf::default(), Some(old));
    assert_eq!(refused, Err(KeyError::Refused(Rule::WrappedTag)));
    assert!(store.sign(old, b"still").is_ok());
    let new = install(&mut store, provisioning, &right, Kdf::default(), Some(old)).expect("installed");
    assert!(store.sign(new, b"now").is_ok());
    assert_eq!(store.sign(old, b"gone").err(), Some(KeyError::NoSuchKey));
    // Something else than a contract is not replaced.
    let refused = install(&mut store, provisioning, &right, Kdf::default(), Some(provisioning));
    assert_eq!(refused, Err(KeyError::WrongRole));
}

#[test]
fn both_derivations_agree_only_with_themselves() {
    for (theirs, ours) in [(Kdf::X963, Kdf::X963), (Kdf::X963, Kdf::Sp800_56a)] {
        let (mut store, provisioning) = store();
        let result = install(&mut store, provisioning, &delivery(hierarchy(), theirs), ours, None);
        let expected = if theirs == ours { None } else { Some(KeyError::Refused(Rule::WrappedTag)) };
        assert_eq!(result.err(), expected);
    }
}

/// Whatever bit of ephemeral key or wrapped key is flipped, the key is refused.
#[test]
fn every_flipped_bit_of_a_delivery_is_refused() {
    let hierarchy = hierarchy();
    let right = delivery(hierarchy, Kdf::default());
    let leaf = Certificate::parse(hierarchy.certificate(Entity::Contract(0))).expect("a leaf");
    let aad = Aad::new(&pcid(hierarchy), &leaf).expect("an identifier");
    let (mut store, provisioning) = store();
    let mut import = |delivery: &Delivery| {
        store.import_contract(v2g_pki::keystore::ImportContract {
            provisioning,
            ephemeral: &delivery.ephemeral,
            wrapped: provision::Wrapped::Secp521(&delivery.wrapped),
            aad: &aad,
            unwrapping: Unwrapping::default(),
            contract: *leaf.key(),
            replaces: None,
        })
    };
    for bit in 0..right.wrapped.len() * 8 {
        let mut wrong = right.clone();
        wrong.wrapped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(import(&wrong), Err(KeyError::Refused(Rule::WrappedTag)), "bit {bit}");
    }
    for bit in 0..right.ephemeral.len() * 8 {
        let mut wrong = right.clone();
        wrong.ephemeral[bit / 8] ^= 1 << (bit % 8);
        // A flipped bit leaves the curve: the point is refused before anything is computed with it.
        assert_eq!(import(&wrong), Err(KeyError::Refused(Rule::EphemeralKey)), "bit {bit}");
    }
    assert!(import(&right).is_ok());
}

#[test]
fn a_key_is_one_and_the_right_one() {
    let hierarchy = hierarchy();
    let leaf = Certificate::parse(hierarchy.certificate(Entity::Contract(0))).expect("a leaf");
    let aad = Aad::new(&pcid(hierarchy), &leaf).expect("an identifier");
    let provisioning = hierarchy.get(Entity::Provisioning).expect("a vehicle").key.public();
    let with = |plain: &[u8], aad: &Aad| {
        let mut generator = random(9);
        let generator: &mut dyn Random = &mut generator;
        let delivery =
            provision::seal(plain, &provisioning, aad, Kdf::default(), generator).expect("wrapped");
        let (mut store, key) = store();
        install(&mut store, key, &delivery, Kdf::default(), None)
    };
    let right = hierarchy.get(Entity::Contract(0)).expect("a contract").key.expose();
    assert!(with(right, &aad).is_ok());
    let mut top = right.to_vec();
    top[0] |= 2;
    assert_eq!(with(&top, &aad), Err(KeyError::Refused(Rule::KeyRange)));
    assert_eq!(with(&[0; 66], &aad), Err(KeyError::Refused(Rule::KeyRange)));
    let mut above = [0xFF; 66];
    above[0] = 1;
    assert_eq!(with(&above, &aad), Err(KeyError::Refused(Rule::KeyRange)));
    let foreign = hierarchy.get(Entity::Contract(1)).expect("a contract").key.expose();
    assert_eq!(with(foreign, &aad), Err(KeyError::Refused(Rule::KeyMismatch)));
    // Made for another contract or vehicle.
    let other = Certificate::parse(hierarchy.certificate(Entity::Contract(1))).expect("a leaf");
    let other = Aad::new(&pcid(hierarchy), &other).expect("an identifier");
    assert_eq!(with(right, &other), Err(KeyError::Refused(Rule::WrappedTag)));
}

#[test]
fn a_key_works_only_in_its_role() {
    let (mut store, provisioning) = store();
    let peer = hierarchy().get(Entity::Secc).expect("a station").key.public();
    assert_eq!(store.agree(provisioning, &peer).err(), Some(KeyError::WrongRole));
    let p521 = KeyKind::Signing(Algorithm::P521);
    let ephemeral = store.generate(p521, KeyRole::Ephemeral).expect("a key");
    assert_eq!(store.sign(ephemeral, b"no").err(), Some(KeyError::WrongRole));
    let wrong = install(&mut store, ephemeral, &delivery(hierarchy(), Kdf::default()), Kdf::default(), None);
    assert_eq!(wrong, Err(KeyError::WrongRole));

    // Two ends agree.
    let mut other = SoftwareStore::<_, 1>::new(random(8));
    let theirs = other.generate(p521, KeyRole::Ephemeral).expect("a key");
    let (mut a, mut b) = ([0; 133], [0; 133]);
    let ours_public = store.public(ephemeral, &mut a).expect("a key").to_vec();
    let ours = store.agree(ephemeral, other.public(theirs, &mut b).expect("a key")).expect("agreed");
    assert!(ours == other.agree(theirs, &ours_public).expect("agreed"));
    assert_eq!(store.agree(ephemeral, &[4; 133]).err(), Some(KeyError::Refused(Rule::EphemeralKey)));

    store.delete(ephemeral).expect("there");
    assert_eq!(store.delete(ephemeral), Err(KeyError::NoSuchKey));
    assert_eq!(other.generate(p521, KeyRole::Secc).err(), Some(KeyError::Full));
}

#[test]
fn without_randomness_nothing_is_made() {
    let mut store = SoftwareStore::<_, 1>::new(|_: &mut [u8]| Err(KeyError::NoRandomness));
    let kind = KeyKind::Signing(Algorithm::P521);
    assert_eq!(store.generate(kind, KeyRole::Secc), Err(KeyError::NoRandomness));
}

/// A device that needs three questions for every operation.
struct Slow(Store, Option<Answer>, u32);

impl KeyStore for Slow {
    fn capabilities(&self) -> v2g_pki::keystore::Capabilities {
        self.0.capabilities()
    }
    fn random(&mut self, out: &mut [u8]) -> Result<(), KeyError> {
        KeyStore::random(&mut self.0, out)
    }
    fn kind(&self, key: KeyHandle) -> Result<KeyKind, KeyError> {
        self.0.kind(key)
    }
    fn public<'o>(&self, key: KeyHandle, out: &'o mut [u8]) -> Result<&'o [u8], KeyError> {
        self.0.public(key, out)
    }
    fn list(&self, role: KeyRole, visit: &mut dyn FnMut(KeyHandle)) {
        self.0.list(role, visit);
    }
    fn start(&mut self, operation: Operation<'_>) -> Result<Progress, KeyError> {
        if let Progress::Done(answer) = self.0.start(operation)? {
            self.1 = Some(answer);
            self.2 = 3;
        }
        Ok(Progress::Pending(Ticket(7)))
    }
    fn poll(&mut self, ticket: Ticket) -> Result<Progress, KeyError> {
        assert_eq!(ticket, Ticket(7));
        self.2 -= 1;
        if self.2 > 0 {
            return Ok(Progress::Pending(ticket));
        }
        self.1.take().map(Progress::Done).ok_or(KeyError::NoSuchTicket)
    }
}

#[test]
fn slow_devices_are_waited_for() {
    let (inner, provisioning) = store();
    let mut store = Slow(inner, None, 0);
    let right = delivery(hierarchy(), Kdf::default());
    let contract = install(&mut store, provisioning, &right, Kdf::default(), None).expect("installed");
    assert!(store.sign(contract, b"slowly").is_ok());
}

/// Agreement by X448, the key of an Ed448 contract: as the setting says, and for nobody else.
#[cfg(feature = "curve448")]
#[test]
fn an_ed448_contract_comes_under_x448() {
    use v2g_pki::keystore::{ImportContract, public_key_info};
    use v2g_pki::provision::{Ed448Fit, Wrapped};

    let ed448 = KeyKind::Signing(Algorithm::Ed448);
    let (mut store, p521) = store();
    let provisioning = store.generate(KeyKind::X448, KeyRole::Provisioning).expect("a key");
    let mut public = [0; 133];
    let public = store.public(provisioning, &mut public).expect("a key").to_vec();

    // The provider draws a key that ends in zero, and certifies it.
    let mut key = [0x5A; 57];
    key[56] = 0;
    let mut drawn = SoftwareStore::<_, 1>::new(random(6));
    let handle = drawn.load(ed448, KeyRole::Contract, &mut key.clone()).expect("a key");
    let mut point = [0; 133];
    let point = drawn.public(handle, &mut point).expect("a key").to_vec();
    let mut info = [0; 160];
    let info = public_key_info(Algorithm::Ed448, &point, &mut info).expect("a point");
    let template = Entity::Contract(0).template(hierarchy().plan(), &point, &point);
    let signer = hierarchy().get(Entity::Provisioning).expect("a vehicle");
    let certificate = template.sign(info, &template.subject.to_der(), &signer.key);
    let certificate = Certificate::parse(&certificate).expect("a certificate");
    let aad = Aad::new(&pcid(hierarchy()), &certificate).expect("identifiers");
    let wrap = |key: &[u8]| provision::wrap_x448(key, &public, &aad, Kdf::default(), &mut random(4));
    let right = wrap(&key).expect("wrapped");
    assert!(right.ephemeral[56..].iter().all(|octet| *octet == 0));

    let mut import = |key, delivery: &Delivery<84>, ed448| {
        store.import_contract(ImportContract {
            provisioning: key,
            ephemeral: &delivery.ephemeral,
            wrapped: Wrapped::X448(&delivery.wrapped),
            aad: &aad,
            unwrapping: Unwrapping { ed448, ..Unwrapping::default() },
            contract: *certificate.key(),
            replaces: None,
        })
    };
    assert_eq!(import(provisioning, &right, Ed448Fit::Refused), Err(KeyError::Unsupported));
    assert_eq!(import(p521, &right, Ed448Fit::LastIsZero), Err(KeyError::Refused(Rule::Curve)));
    for bit in (0..right.wrapped.len() * 8).step_by(5) {
        let mut wrong = right.clone();
        wrong.wrapped[bit / 8] ^= 1 << (bit % 8);
        let refused = import(provisioning, &wrong, Ed448Fit::LastIsZero);
        assert_eq!(refused, Err(KeyError::Refused(Rule::WrappedTag)), "bit {bit}");
    }
    let mut longer = right.clone();
    longer.ephemeral[60] = 1;
    let refused = import(provisioning, &longer, Ed448Fit::LastIsZero);
    assert_eq!(refused, Err(KeyError::Refused(Rule::EphemeralKey)));
    let other = wrap(&[[0x33; 56].as_slice(), &[0]].concat()).expect("wrapped");
    let refused = import(provisioning, &other, Ed448Fit::LastIsZero);
    assert_eq!(refused, Err(KeyError::Refused(Rule::KeyMismatch)));
    let installed = import(provisioning, &right, Ed448Fit::LastIsZero).expect("installed");
    let signature = store.sign(installed, b"authorization").expect("a signature");
    assert_eq!(Curves.verify_fixed(certificate.key(), b"authorization", signature.as_bytes()), Ok(()));

    assert_eq!(wrap(&[0x5A; 57]).err(), Some(KeyError::Refused(Rule::KeyRange)), "the last one is not zero");
}

/// A delivery of ISO 15118-2 that OpenSSL made: agreement, derivation and encryption.
#[test]
fn a_delivery_of_iso_15118_2_made_by_openssl() {
    let number = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    };
    let mut provisioning = number("48b457115dd6de755167fbae2033744bb2d540006414ae402626427ff1ee7bcd");
    let ephemeral = number(concat!(
        "045d647a6fbcf83e5d3ca274dcb02e263ebabeeeb61d1bf8a7e553815bd39051af",
        "8bb2450cc8505883dd083541e55ba5f2cf33e129a2389d958095e2d170185033"
    ));
    let contract = number(concat!(
        "044ce8e9fd5eb1f32425781028885f1b564cf2c41004b7fae716dcb394eea0cac9",
        "4d84c40146c6a61d4c57e8edc23b3e847baf520b87447608654f68659c0095b7"
    ));
    let wrapped = number(concat!(
        "101112131415161718191a1b1c1d1e1f",
        "d90f2f4c06a883433e481bf85d25da547ad498cd5ab1f2182a5c423278e5d93d"
    ));
    let wrapped: [u8; 48] = wrapped.try_into().expect("48 octets");
    let (mut store, p521) = store();
    let kind = KeyKind::Signing(Algorithm::P256);
    let key = store.load(kind, KeyRole::Provisioning, &mut provisioning).expect("in range");
    let signer = hierarchy().get(Entity::Provisioning).expect("a vehicle");
    let mut info = [0; 160];
    let info = v2g_pki::keystore::public_key_info(Algorithm::P256, &contract, &mut info).expect("a point");
    let template = Entity::Contract(0).template(hierarchy().plan(), &contract, &contract);
    let certificate = template.sign(info, &template.subject.to_der(), &signer.key);
    let certificate = Certificate::parse(&certificate).expect("a certificate");
    let aad = Aad::new(&pcid(hierarchy()), &certificate).expect("identifiers");
    let mut import = |provisioning, wrapped: &[u8; 48]| {
        store.import_contract(v2g_pki::keystore::ImportContract {
            provisioning,
            ephemeral: &ephemeral,
            wrapped: provision::Wrapped::Iso2(wrapped),
            aad: &aad,
            unwrapping: Unwrapping::default(),
            contract: *certificate.key(),
            replaces: None,
        })
    };
    for bit in 0..48 * 8 {
        let mut changed = wrapped;
        changed[bit / 8] ^= 1 << (bit % 8);
        let refused = import(key, &changed).expect_err("changed");
        assert!(
            matches!(refused, KeyError::Refused(Rule::KeyMismatch | Rule::KeyRange)),
            "bit {bit}: {refused}"
        );
    }
    assert_eq!(import(p521, &wrapped), Err(KeyError::Refused(Rule::Curve)));
    let installed = import(key, &wrapped).expect("as OpenSSL made it");
    let signature = store.sign(installed, b"authorization").expect("a signature");
    assert_eq!(Curves.verify_fixed(certificate.key(), b"authorization", signature.as_bytes()), Ok(()));
}
