//! Signatures of messages: right ones, and every way to get around them that is known.

mod common;

use common::message::{CHALLENGE, authorization, encode, installation_request, metering, with_header};
use common::{Setting, hierarchy};
use exi_codec::iso20::common_messages::{
    AReqAuthorizationMode, Authorization, AuthorizationReq, CertificateInstallationReq, Message,
    MeteringConfirmationReq, PncAReqAuthorizationMode,
};
use exi_codec::iso20::common_types::{MessageHeader, ResponseCode};
use exi_codec::iso20::xmldsig::{DigestMethod, Reference, Signature, SignatureMethod, Transform};
use exi_codec::{Lazy, List, Str};
use v2g_pki::issue::{Entity, Hierarchy, Plan};
use v2g_pki::xmlsig::{self, SignedInfoGrammar, ToSign};
use v2g_pki::{Algorithm, Algorithms, Certificate, Curves, Error, Policy, Role, Rule};

fn decode(octets: &[u8]) -> AuthorizationReq<'_> {
    match exi_codec::decode(octets) {
        Ok(Message::AuthorizationReq(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn check(octets: &[u8], challenge: &[u8; 16]) -> Result<String, Error> {
    check_in(hierarchy(), Policy::default(), octets, challenge)
}

fn check_in(
    hierarchy: &Hierarchy,
    policy: Policy,
    octets: &[u8],
    challenge: &[u8; 16],
) -> Result<String, Error> {
    let setting = Setting { policy, ..Setting::of(hierarchy, Entity::Contract(0)) };
    let mut buffer = [0; 6400];
    setting.with(|trust| {
        let request = decode(octets);
        let grammar = SignedInfoGrammar::default();
        let verified = xmlsig::authorization(&request, challenge, grammar, trust, &mut buffer)?;
        assert_eq!(verified.element().gen_challenge, *challenge);
        Ok(verified.chain().identity().to_owned())
    })
}

fn rule(octets: &[u8]) -> Rule {
    check(octets, &CHALLENGE).expect_err("refused").rule()
}

#[test]
fn signed_messages_are_accepted() {
    let hierarchy = hierarchy();
    let octets = authorization(hierarchy);
    assert_eq!(check(&octets, &CHALLENGE).as_deref(), Ok("DE8AA0000000006"));

    let octets = installation_request(hierarchy);
    let Ok(Message::CertificateInstallationReq(request)) = exi_codec::decode(&octets) else { panic!() };
    let request: CertificateInstallationReq<'_> = request;
    let mut buffer = [0; 6400];
    Setting::of(hierarchy, Entity::Provisioning).with(|trust| {
        let verified =
            xmlsig::installation_request(&request, SignedInfoGrammar::StandAlone, trust, &mut buffer);
        assert_eq!(verified.map(|it| it.chain().role()), Ok(Role::Provisioning));
    });

    let octets = metering(hierarchy);
    let Ok(Message::MeteringConfirmationReq(request)) = exi_codec::decode(&octets) else { panic!() };
    let request: MeteringConfirmationReq<'_> = request;
    for (signer, expected) in [(0, None), (1, Some(Rule::SignatureValue))] {
        let setting = Setting::of(hierarchy, Entity::Contract(signer));
        let chain = hierarchy.chain(Entity::Contract(signer));
        let contract = setting.validate(&chain, Role::Contract).expect("a contract");
        setting.with(|trust| {
            let verified = xmlsig::metering(&request, &contract, SignedInfoGrammar::default(), trust);
            assert_eq!(verified.err().map(|error| error.rule()), expected);
        });
    }
}

#[test]
fn every_algorithm_signs() {
    for algorithm in [Algorithm::P256, Algorithm::Ed448] {
        let plan = Plan { algorithm, ..Plan::new([3; 32], common::start()) };
        let Ok(hierarchy) = Hierarchy::new(plan) else { continue };
        let policy = Policy { algorithms: Algorithms::only(algorithm), ..Policy::default() };
        let octets = authorization(&hierarchy);
        assert!(check_in(&hierarchy, policy, &octets, &CHALLENGE).is_ok(), "{algorithm:?}");
        // A key of an algorithm that is not allowed signs nothing.
        let refused = check_in(&hierarchy, Policy::default(), &octets, &CHALLENGE).expect_err("refused");
        assert_eq!(refused.rule(), Rule::Algorithm);
    }
}

#[test]
fn the_challenge_comes_first() {
    let octets = authorization(hierarchy());
    let error = check(&octets, &[0; 16]).expect_err("another challenge");
    assert_eq!(error.rule(), Rule::Challenge);
    assert_eq!(error.authorization_code(), ResponseCode::WarningChallengeInvalid);
}

/// Whatever bit is flipped: what is accepted has the same signed content. Session and time are not signed.
#[test]
fn every_flipped_bit_is_refused_or_outside_of_the_signature() {
    let octets = authorization(hierarchy());
    let right = decode(&octets);
    let mut outside = 0;
    for bit in 0..octets.len() * 8 {
        // One bit of every octet, of every third octet in the long certificates: signatures take time.
        if bit % 8 != bit / 8 % 8 || (bit > 600 * 8 && bit / 8 % 3 > 0) {
            continue;
        }
        let mut damaged = octets.clone();
        damaged[bit / 8] ^= 0x80 >> (bit % 8);
        let Ok(Message::AuthorizationReq(request)) = exi_codec::decode(&damaged) else { continue };
        if check(&damaged, &CHALLENGE).is_ok() {
            outside += 1;
            assert_eq!(request.authorization_mode, right.authorization_mode, "bit {bit}");
            assert_eq!(
                request.header.signature.map(|it| it.get()),
                right.header.signature.map(|it| it.get()),
                "bit {bit}"
            );
        }
    }
    // 8 octets of the session, those of the time, the service that is selected, and the padding.
    assert!(outside <= 64 + 5 * 8 + 16, "{outside}");
}

/// Builds the request with a changed signature and header, then asks which rule it breaks.
fn with_changed(change: impl Fn(&mut Signature<'_>, &mut PncAReqAuthorizationMode<'_>)) -> Rule {
    let octets = authorization(hierarchy());
    let request = decode(&octets);
    let AReqAuthorizationMode::Pnc(mut element) = request.authorization_mode else { panic!() };
    let mut signature = request.header.signature.expect("signed").get();
    change(&mut signature, &mut element);
    let header = MessageHeader { signature: Some(Lazy::new(&signature)), ..request.header };
    rule(&encode(&AuthorizationReq {
        header,
        selected_authorization_service: Authorization::Pnc,
        authorization_mode: AReqAuthorizationMode::Pnc(element),
    }))
}

fn only_reference<'a>(signature: &Signature<'a>) -> Reference<'a> {
    signature.signed_info.reference.first().expect("one")
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn set_reference(signature: &mut Signature<'_>, change: impl Fn(&mut Reference<'_>)) {
    let digest: &'static [u8] = leak(only_reference(signature).digest_value.iter().collect::<Vec<u8>>());
    let transform: &'static [Transform<'static>] =
        leak([Transform { algorithm: "http://www.w3.org/TR/canonical-exi/".into(), xpath: None }]);
    let mut reference = Reference {
        id: None,
        r#type: None,
        uri: Some("#id1".into()),
        transforms: Some(List::new(transform)),
        digest_method: DigestMethod { algorithm: "http://www.w3.org/2001/04/xmlenc#sha512".into() },
        digest_value: digest.into(),
    };
    change(&mut reference);
    // The static lifetime of all that a test puts in.
    let id: Option<&'static str> =
        reference.id.and_then(|id| id.as_str()).map(|id| leak(id.to_owned()).as_str());
    let uri = reference.uri.and_then(|id| id.as_str()).map(|id| leak(id.to_owned()).as_str());
    let kind = reference.r#type.and_then(|id| id.as_str()).map(|id| leak(id.to_owned()).as_str());
    let method = leak(reference.digest_method.algorithm.as_str().expect("text").to_owned()).as_str();
    let transforms: Vec<Transform<'static>> = reference
        .transforms
        .into_iter()
        .flatten()
        .map(|it| Transform {
            algorithm: leak(it.algorithm.as_str().expect("text").to_owned()).as_str().into(),
            xpath: None,
        })
        .collect();
    let transforms = reference.transforms.map(|_| List::new(leak(transforms).as_slice()));
    let reference = leak([Reference {
        id: id.map(Str::new),
        r#type: kind.map(Str::new),
        uri: uri.map(Str::new),
        transforms,
        digest_method: DigestMethod { algorithm: method.into() },
        digest_value: digest.into(),
    }]);
    signature.signed_info.reference = List::new(reference);
}

#[test]
fn structure_is_what_v2g_allows() {
    let reference =
        |change: fn(&mut Reference<'_>)| with_changed(|signature, _| set_reference(signature, change));
    // Names another element, or none.
    assert_eq!(reference(|it| it.uri = Some("#id2".into())), Rule::ReferenceTarget);
    assert_eq!(reference(|it| it.uri = Some("id1".into())), Rule::ReferenceTarget);
    assert_eq!(reference(|it| it.uri = Some("".into())), Rule::ReferenceTarget);
    assert_eq!(reference(|it| it.uri = None), Rule::ReferenceTarget);
    // Has the Id of the element itself.
    assert_eq!(reference(|it| it.id = Some("id1".into())), Rule::ReferenceTarget);
    assert_eq!(with_changed(|signature, _| signature.id = Some("id1".into())), Rule::ReferenceTarget);
    // Another element under the signature: the Id of the element that is used is another.
    assert_eq!(with_changed(|_, element| element.id = "other".into()), Rule::ReferenceTarget);
    assert_eq!(with_changed(|_, element| element.id = "".into()), Rule::ReferenceTarget);
    // Forbidden content [V2G20-771].
    assert_eq!(reference(|it| it.r#type = Some("type".into())), Rule::SignatureContent);
    assert_eq!(
        with_changed(|signature, _| signature.signed_info.id = Some("x".into())),
        Rule::SignatureContent
    );
    assert_eq!(
        with_changed(|signature, _| signature.signature_value.id = Some("x".into())),
        Rule::SignatureContent
    );
    // Transforms.
    assert_eq!(reference(|it| it.transforms = None), Rule::Transform);
    let other = |signature: &mut Signature<'_>, _: &mut PncAReqAuthorizationMode<'_>| {
        signature.signed_info.canonicalization_method.algorithm =
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315".into();
    };
    assert_eq!(with_changed(other), Rule::Transform);
    let two = |signature: &mut Signature<'_>, _: &mut PncAReqAuthorizationMode<'_>| {
        set_reference(signature, |it| {
            let one = Transform { algorithm: "http://www.w3.org/TR/canonical-exi/".into(), xpath: None };
            it.transforms = Some(List::new(leak([one, one])));
        });
    };
    assert_eq!(with_changed(two), Rule::Transform);
    // Two references.
    let twice = |signature: &mut Signature<'_>, _: &mut PncAReqAuthorizationMode<'_>| {
        set_reference(signature, |_| ());
        let one = signature.signed_info.reference.first().expect("one");
        let digest: &'static [u8] = leak(one.digest_value.iter().collect::<Vec<u8>>());
        let one = Reference {
            id: None,
            r#type: None,
            uri: Some("#id1".into()),
            transforms: None,
            digest_method: DigestMethod { algorithm: "http://www.w3.org/2001/04/xmlenc#sha512".into() },
            digest_value: digest.into(),
        };
        signature.signed_info.reference = List::new(leak([one, one]));
    };
    assert_eq!(with_changed(twice), Rule::ReferenceCount);
}

#[test]
fn algorithms_are_those_of_the_key() {
    for algorithm in [
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512",
        "",
    ] {
        let change = |signature: &mut Signature<'_>, _: &mut PncAReqAuthorizationMode<'_>| {
            signature.signed_info.signature_method =
                SignatureMethod { algorithm: algorithm.into(), hmac_output_length: None };
        };
        assert_eq!(with_changed(change), Rule::SignatureAlgorithm, "{algorithm}");
    }
    let digest = |signature: &mut Signature<'_>, _: &mut PncAReqAuthorizationMode<'_>| {
        set_reference(signature, |it| {
            it.digest_method.algorithm = "http://www.w3.org/2001/04/xmlenc#sha256".into();
        });
    };
    assert_eq!(with_changed(digest), Rule::SignatureAlgorithm);
}

#[test]
fn digest_and_value_are_both_checked() {
    assert_eq!(with_changed(|it, _| it.signature_value.value = (&[0; 132]).into()), Rule::SignatureValue);
    assert_eq!(with_changed(|it, _| it.signature_value.value = (&[1; 131]).into()), Rule::SignatureValue);
    assert_eq!(with_changed(|it, _| it.signature_value.value = (&[1; 200]).into()), Rule::SignatureValue);
    assert_eq!(
        with_changed(|_, element| element.contract_certificate_chain.sub_certificates =
            List::new(leak([(&[1_u8; 4]).into()]))),
        Rule::DigestValue
    );
}

#[test]
fn nothing_unsigned_is_verified() {
    let octets = authorization(hierarchy());
    let request = decode(&octets);
    let header = MessageHeader { signature: None, ..request.header };
    assert_eq!(rule(&encode(&AuthorizationReq { header, ..request })), Rule::SignatureMissing);
    let eim = AuthorizationReq { authorization_mode: AReqAuthorizationMode::Eim, ..request };
    assert_eq!(rule(&encode(&eim)), Rule::SignatureMissing);
    // What was built here and never received has no bits to be checked.
    let AReqAuthorizationMode::Pnc(element) = request.authorization_mode else { panic!() };
    let built = PncAReqAuthorizationMode { place: exi_codec::Place::default(), ..element };
    let hierarchy = hierarchy();
    let leaf = Certificate::parse(hierarchy.certificate(Entity::Contract(0))).expect("a leaf");
    let signature = request.header.signature.map(|it| it.get());
    let verified = xmlsig::verify(signature.as_ref(), built, &leaf, SignedInfoGrammar::default(), &Curves);
    assert_eq!(verified.map(|_| ()).unwrap_err().rule(), Rule::NotCanonical);
}

#[test]
fn a_signature_is_not_another_certificates() {
    let hierarchy = hierarchy();
    let octets = authorization(hierarchy);
    let request = decode(&octets);
    let AReqAuthorizationMode::Pnc(element) = request.authorization_mode else { panic!() };
    let leaf = Certificate::parse(hierarchy.certificate(Entity::Contract(0))).expect("a leaf");
    let signature = request.header.signature.map(|it| it.get());
    let signed = xmlsig::verify(signature.as_ref(), element, &leaf, SignedInfoGrammar::default(), &Curves);
    let signed = signed.expect("holds");
    let setting = Setting::of(hierarchy, Entity::Contract(1));
    let chain = hierarchy.chain(Entity::Contract(1));
    let other = setting.validate(&chain, Role::Contract).expect("valid");
    assert_eq!(signed.by(other).map(|_| ()).unwrap_err().rule(), Rule::SignerMismatch);
}

/// One vehicle writes `SignedInfo` in the grammar of CommonMessages.
#[test]
fn both_grammars_of_signed_info_are_read() {
    let hierarchy = hierarchy();
    let octets = authorization(hierarchy);
    let request = decode(&octets);
    let AReqAuthorizationMode::Pnc(element) = request.authorization_mode else { panic!() };
    let signature = request.header.signature.expect("signed").get();
    let fragment = exi_codec::iso20::common_messages::Fragment::from(signature.signed_info);
    let mut text = [0; 512];
    let length = exi_codec::encode(&fragment, &mut text).expect("fits");
    let key = &hierarchy.get(Entity::Contract(0)).expect("a contract").key;
    let value = key.sign_fixed(&text[..length]);
    let signature = Signature {
        signature_value: exi_codec::iso20::xmldsig::SignatureValue {
            id: None,
            value: value.as_slice().into(),
        },
        ..signature
    };
    let header = MessageHeader { signature: Some(Lazy::new(&signature)), ..request.header };
    let octets = encode(&AuthorizationReq { header, ..request });
    assert!(check(&octets, &CHALLENGE).is_ok());
    let request = decode(&octets);
    let leaf = Certificate::parse(hierarchy.certificate(Entity::Contract(0))).expect("a leaf");
    let AReqAuthorizationMode::Pnc(received) = request.authorization_mode else { panic!() };
    let signature = request.header.signature.map(|it| it.get());
    let strict = xmlsig::verify(signature.as_ref(), received, &leaf, SignedInfoGrammar::StandAlone, &Curves);
    assert_eq!(strict.map(|_| ()).unwrap_err().rule(), Rule::SignatureValue);
    let _ = element;
}

#[test]
fn what_cannot_be_signed_is_said() {
    let hierarchy = hierarchy();
    let octets = authorization(hierarchy);
    let AReqAuthorizationMode::Pnc(element) = decode(&octets).authorization_mode else { panic!() };
    let sign = |id: &'static str, algorithm, scratch: &mut [u8]| {
        let element = PncAReqAuthorizationMode { id: id.into(), ..element };
        ToSign::new(&element, algorithm, scratch).map(|_| ()).map_err(|error| error.rule())
    };
    let mut scratch = [0; 8192];
    assert_eq!(sign("id1", Algorithm::P521, &mut scratch), Ok(()));
    assert_eq!(sign("", Algorithm::P521, &mut scratch), Err(Rule::ReferenceTarget));
    assert_eq!(sign("id1", Algorithm::P384, &mut scratch), Err(Rule::SignatureAlgorithm));
    assert_eq!(sign("id1", Algorithm::P521, &mut [0; 100]), Err(Rule::BufferTooSmall));
    with_header(&element, hierarchy, Entity::Contract(0), |header, signature| {
        assert_eq!(header.signature.map(|it| it.get()), Some(signature));
    });
}
