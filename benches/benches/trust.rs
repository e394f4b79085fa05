//! Time of the PKI: a chain, the contract of an AuthorizationReq, a contract key delivered and installed. P-521, one
//! thread. Time is measured here, not asserted.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use exi_codec::iso20::common_messages::Message;
use v2g_pki::issue::Entity;
use v2g_pki::keystore::{KeyKind, KeyRole, SoftwareStore};
use v2g_pki::provision::Kdf;
use v2g_pki::xmlsig::{self, SignedInfoGrammar, ToSign};
use v2g_pki::{Algorithm, Chain, Role};

#[path = "../../pki/tests/common/mod.rs"]
mod common;

use common::message::{self, CHALLENGE};
use common::{Setting, hierarchy};

fn trust(criterion: &mut Criterion) {
    let hierarchy = hierarchy();
    let grammar = SignedInfoGrammar::default();
    let mut group = criterion.benchmark_group("P-521");
    group.sample_size(20);

    let contract = Setting::of(hierarchy, Entity::Contract(0));
    let chain = hierarchy.chain(Entity::Contract(0));
    let chain = Chain::new(&chain).expect("three certificates");
    contract.with(|trust| {
        group.bench_function("chain of three, OCSP for each", |bencher| {
            bencher.iter(|| v2g_pki::validate(black_box(&chain), Role::Contract, trust).expect("valid"));
        });
    });

    let octets = message::authorization(hierarchy);
    let mut buffer = [0; 6400];
    contract.with(|trust| {
        group.bench_function("AuthorizationReq: signature and chain", |bencher| {
            bencher.iter(|| {
                let Ok(Message::AuthorizationReq(request)) = exi_codec::decode(black_box(&octets)) else {
                    panic!("no request")
                };
                let verified = xmlsig::authorization(&request, &CHALLENGE, grammar, trust, &mut buffer);
                verified.expect("valid").chain().expires()
            });
        });
    });

    let octets = message::metering(hierarchy);
    let Ok(Message::MeteringConfirmationReq(request)) = exi_codec::decode(&octets) else {
        panic!("no request")
    };
    let valid = contract.validate(&hierarchy.chain(Entity::Contract(0)), Role::Contract).expect("valid");
    contract.with(|trust| {
        group.bench_function("MeteringConfirmationReq: signature", |bencher| {
            bencher.iter(|| {
                xmlsig::metering(black_box(&request), &valid, grammar, trust).expect("valid").chain().root()
            });
        });
    });

    let key = &hierarchy.get(Entity::Contract(0)).expect("a contract").key;
    let mut scratch = [0; 8192];
    group.bench_function("sign an element", |bencher| {
        bencher.iter(|| {
            let element = black_box(&request.signed_metering_data);
            let to_sign = ToSign::new(element, Algorithm::P521, &mut scratch).expect("an element");
            key.sign_fixed(to_sign.message())
        });
    });

    let octets = message::installation(hierarchy, &message::delivery(hierarchy, Kdf::default()));
    let mut store = SoftwareStore::<_, 2>::new(common::random(1));
    let vehicle = &hierarchy.get(Entity::Provisioning).expect("a vehicle").key;
    let kind = KeyKind::Signing(Algorithm::P521);
    let provisioning =
        store.load(kind, KeyRole::Provisioning, &mut vehicle.expose().to_vec()).expect("a key");
    let pcid = message::pcid(hierarchy);
    let mut installed = None;
    Setting::of(hierarchy, Entity::Cps).with(|trust| {
        group.bench_function("CertificateInstallationRes: signature, chains, key installed", |bencher| {
            let (mut one, mut other) = ([0; 6400], [0; 6400]);
            bencher.iter(|| {
                let Ok(Message::CertificateInstallationRes(response)) = exi_codec::decode(black_box(&octets))
                else {
                    panic!("no response")
                };
                let found = xmlsig::installation(&response, grammar, trust, [&mut one, &mut other]);
                let key = found.expect("valid").install(
                    &mut store,
                    (provisioning, &pcid),
                    Kdf::default().into(),
                    installed,
                );
                installed = Some(key.expect("installed"));
            });
        });
    });
    group.bench_function("wrap a contract key", |bencher| {
        bencher.iter(|| message::delivery(black_box(hierarchy), Kdf::default()));
    });
    group.finish();
}

criterion_group!(benches, trust);
criterion_main!(benches);
