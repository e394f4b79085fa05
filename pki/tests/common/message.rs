//! Signed messages.

use exi_codec::iso20::common_messages::{
    AReqAuthorizationMode, Authorization, AuthorizationReq, CertificateChain, CertificateInstallationReq,
    CertificateInstallationRes, ContractCertificateChain, EcdhCurve, EncryptedPrivateKey,
    MeteringConfirmationReq, PncAReqAuthorizationMode, SignedCertificateChain, SignedInstallationData,
    SignedMeteringData, SmdtControlMode,
};
use exi_codec::iso20::common_types::{MessageHeader, MeterInfo, Processing, ResponseCode};
use exi_codec::iso20::xmldsig::{Signature, X509IssuerSerial};
use exi_codec::{Bytes, Integer, Lazy, List, Place};
use v2g_pki::Certificate;
use v2g_pki::ids::Pcid;
use v2g_pki::issue::{Entity, Hierarchy};
use v2g_pki::keystore::SignatureValue;
use v2g_pki::provision::{self, Aad, Kdf};
use v2g_pki::xmlsig::{self, Signable, ToSign};

pub(crate) const CHALLENGE: [u8; 16] = *b"0123456789abcdef";

/// Signs an element with the key of somebody and hands the header of its message to `then`.
pub(crate) fn with_header<'m, R>(
    element: &impl Signable<'m>,
    hierarchy: &Hierarchy,
    signer: Entity,
    then: impl FnOnce(MessageHeader<'_>, Signature<'_>) -> R,
) -> R {
    let key = &hierarchy.get(signer).expect("a signer").key;
    let mut scratch = [0; 8192];
    let to_sign = ToSign::new(element, key.algorithm(), &mut scratch).expect("an element");
    let value = SignatureValue::new(&key.sign_fixed(to_sign.message())).expect("a signature");
    let produced = to_sign.finish(value);
    xmlsig::signature(element.id(), &produced, |signature| {
        let header = MessageHeader {
            session_id: [1; 8],
            time_stamp: 1_767_225_600,
            signature: Some(Lazy::new(signature)),
        };
        then(header, *signature)
    })
    .expect("an id")
}

pub(crate) fn encode<'a>(message: &impl exi_codec::Document<'a>) -> Vec<u8> {
    let mut out = vec![0; 16 * 1024];
    let length = exi_codec::encode(message, &mut out).expect("a message");
    out.truncate(length);
    out
}

pub(crate) fn subs<'a>(chain: &[&'a [u8]]) -> Vec<Bytes<'a>> {
    chain.iter().skip(1).map(|certificate| Bytes::new(certificate)).collect()
}

/// An AuthorizationReq by the first contract.
pub(crate) fn authorization(hierarchy: &Hierarchy) -> Vec<u8> {
    let chain = hierarchy.chain(Entity::Contract(0));
    let subs = subs(&chain);
    let element = PncAReqAuthorizationMode {
        id: "id1".into(),
        gen_challenge: CHALLENGE,
        contract_certificate_chain: ContractCertificateChain {
            certificate: chain[0].into(),
            sub_certificates: List::new(&subs),
        },
        place: Place::default(),
    };
    with_header(&element, hierarchy, Entity::Contract(0), |header, _| {
        encode(&AuthorizationReq {
            header,
            selected_authorization_service: Authorization::Pnc,
            authorization_mode: AReqAuthorizationMode::Pnc(element),
        })
    })
}

/// A MeteringConfirmationReq by the first contract.
pub(crate) fn metering(hierarchy: &Hierarchy) -> Vec<u8> {
    let element = SignedMeteringData {
        id: "metering".into(),
        session_id: [1; 8],
        meter_info: MeterInfo { meter_id: "meter".into(), ..MeterInfo::default() },
        receipt: None,
        control_mode: SmdtControlMode::Dynamic,
        place: Place::default(),
    };
    with_header(&element, hierarchy, Entity::Contract(0), |header, _| {
        encode(&MeteringConfirmationReq { header, signed_metering_data: element })
    })
}

/// A CertificateInstallationReq of the vehicle.
pub(crate) fn installation_request(hierarchy: &Hierarchy) -> Vec<u8> {
    let chain = hierarchy.chain(Entity::Provisioning);
    let subs = subs(&chain);
    let element = SignedCertificateChain {
        id: "chain".into(),
        certificate: chain[0].into(),
        sub_certificates: Some(List::new(&subs)),
        place: Place::default(),
    };
    let roots = [X509IssuerSerial {
        x509_issuer_name: "CN=V2G root".into(),
        x509_serial_number: Integer::from_be_bytes(&[1]),
    }];
    with_header(&element, hierarchy, Entity::Provisioning, |header, _| {
        encode(&CertificateInstallationReq {
            header,
            oem_provisioning_certificate_chain: element,
            list_of_root_certificate_ids: List::new(&roots),
            maximum_contract_certificate_chains: 1,
            prioritized_emaids: None,
        })
    })
}

/// A CertificateInstallationRes with the first contract, its key wrapped so.
pub(crate) fn installation(hierarchy: &Hierarchy, delivery: &provision::Delivery) -> Vec<u8> {
    let chain = hierarchy.chain(Entity::Contract(0));
    let contract_subs = subs(&chain);
    let element = SignedInstallationData {
        id: "data".into(),
        contract_certificate_chain: ContractCertificateChain {
            certificate: chain[0].into(),
            sub_certificates: List::new(&contract_subs),
        },
        ecdh_curve: EcdhCurve::SeCp521,
        dh_public_key: delivery.ephemeral.as_slice().into(),
        encrypted_private_key: EncryptedPrivateKey::SeCp521(delivery.wrapped.as_slice().into()),
        place: Place::default(),
    };
    let provider = hierarchy.chain(Entity::Cps);
    let provider_subs = subs(&provider);
    with_header(&element, hierarchy, Entity::Cps, |header, _| {
        encode(&CertificateInstallationRes {
            header,
            response_code: ResponseCode::Ok,
            evse_processing: Processing::Finished,
            cp_s_certificate_chain: CertificateChain {
                certificate: provider[0].into(),
                sub_certificates: Some(List::new(&provider_subs)),
            },
            signed_installation_data: element,
            remaining_contract_certificate_chains: 0,
        })
    })
}

pub(crate) fn pcid(hierarchy: &Hierarchy) -> Pcid {
    let leaf = Certificate::parse(hierarchy.certificate(Entity::Provisioning)).expect("a leaf");
    Pcid::parse(leaf.subject().common_name().expect("a name")).expect("a PCID")
}

/// The key of the first contract for the vehicle.
pub(crate) fn delivery(hierarchy: &Hierarchy, kdf: Kdf) -> provision::Delivery {
    let contract = hierarchy.get(Entity::Contract(0)).expect("a contract");
    let provisioning = hierarchy.get(Entity::Provisioning).expect("a vehicle");
    let leaf = Certificate::parse(&contract.certificate).expect("a leaf");
    let aad = Aad::new(&pcid(hierarchy), &leaf).expect("an identifier");
    let mut random = super::random(1);
    provision::wrap(contract.key.expose(), &provisioning.key.public(), &aad, kdf, &mut random).expect("P-521")
}
