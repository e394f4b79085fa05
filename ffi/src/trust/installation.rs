//! Contracts that are installed through a charger: what the back end has sent becomes the answer to the vehicle.

use exi_codec::iso20::common_messages::{
    CertificateInstallationRes, EncryptedPrivateKey, Message, SignedInstallationData,
};
use exi_codec::iso20::common_types::{Processing, ResponseCode};
use exi_codec::iso20::xmldsig::Signature;
use exi_codec::{Bytes, Str};
use iso15118_20::secc::{EncryptedKey, Installation, InstallationFault};
use iso15118_20::security::{Chain, SignatureScheme, Signed};

use crate::border::{Outcome, enter, slice_mut, status, with, writable, write};
use crate::secc::offer::of_answer;
use crate::secc::v2g_secc;
use crate::session::{instant, v2g_transmit};
use crate::status::{V2G_E_CONTENT, V2G_E_VALUE, V2G_OK, of_exi};
use crate::text::v2g_bytes;

/// No contract: there is no certificate.
pub const V2G_INSTALLATION_NO_CERTIFICATE: u32 = 1;
/// No contract: none for this vehicle.
pub const V2G_INSTALLATION_NO_CONTRACT: u32 = 2;
/// No contract: a certificate of the vehicle has expired.
pub const V2G_INSTALLATION_EXPIRED: u32 = 3;
/// No contract: a certificate of the vehicle is not valid yet.
pub const V2G_INSTALLATION_NOT_YET_VALID: u32 = 4;
/// No contract: a certificate of the vehicle is revoked.
pub const V2G_INSTALLATION_REVOKED: u32 = 5;
/// No contract: the chain of the vehicle does not hold.
pub const V2G_INSTALLATION_INVALID: u32 = 6;
/// No contract: the provider is not known.
pub const V2G_INSTALLATION_PROVIDER_UNKNOWN: u32 = 7;
/// No contract: the signature of the request is wrong. The session ends.
pub const V2G_INSTALLATION_BAD_SIGNATURE: u32 = 8;

/// Longest certificate, octets [V2G20-1234].
const LONGEST: usize = 1600;
/// Longest ID of a signed element, octets.
const LONGEST_ID: usize = 63;
const CANONICAL_EXI: &str = "http://www.w3.org/TR/canonical-exi/";

/// Answers the request for a contract that is open (`V2G_SECC_INSTALLATION_WANTED`, `V2G_SECC_INSTALLATION_OPEN`), right into
/// `out`. The frame counts as sent. 12 KiB hold any.
///
/// `response` is the EXI of the `CertificateInstallationRes` that the back end has sent (OCPP `Get15118EVCertificate`:
/// `exiResponse`, after Base64). What the provider has signed goes on as it is; the header becomes that of this session.
///
/// `V2G_E_NOT_ASKED`: no request is open; keep the response, the vehicle asks again. `V2G_E_CONTENT`: it is another message, it
/// delivers nothing, or its signature has a form that V2G does not allow: call `v2g_secc_refuse_installation`. `V2G_E_EXI_*`: it
/// cannot be read. `V2G_E_BUFFER`: `out` is too small. In all these cases nothing has changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_respond_installation(
    secc: *mut v2g_secc,
    now_ms: u64,
    response: v2g_bytes,
    out: *mut u8,
    capacity: usize,
    sent: *mut v2g_transmit,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    let answer = || unsafe {
        let mut secc = enter(secc)?;
        let response = response.get()?;
        writable(sent)?;
        let out = slice_mut(out, capacity)?;
        let frame = delivered(response, |content| {
            secc.answer_installation(instant(now_ms), content, out).map_err(of_answer)
        })?;
        write(sent, frame.into())?;
        Ok(V2G_OK)
    };
    status(answer())
}

/// There are no certificates for the vehicle, `V2G_INSTALLATION_*`. Said with the answer to the request that is open, or to the
/// next. Where none was asked for nothing happens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_refuse_installation(secc: *mut v2g_secc, now_ms: u64, fault: u32) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.refuse_installation(instant(now_ms), installation_fault(fault)?);
            Ok(())
        })
    }
}

fn installation_fault(number: u32) -> Outcome<InstallationFault> {
    Ok(match number {
        V2G_INSTALLATION_NO_CERTIFICATE => InstallationFault::NoCertificate,
        V2G_INSTALLATION_NO_CONTRACT => InstallationFault::NoContract,
        V2G_INSTALLATION_EXPIRED => InstallationFault::Expired,
        V2G_INSTALLATION_NOT_YET_VALID => InstallationFault::NotYetValid,
        V2G_INSTALLATION_REVOKED => InstallationFault::Revoked,
        V2G_INSTALLATION_INVALID => InstallationFault::Invalid,
        V2G_INSTALLATION_PROVIDER_UNKNOWN => InstallationFault::ProviderUnknown,
        V2G_INSTALLATION_BAD_SIGNATURE => InstallationFault::BadSignature,
        _ => return Err(V2G_E_VALUE),
    })
}

/// Calls `then` with what a response delivers. Certificates stand at odd bits of it, so leaves are copied.
fn delivered<R>(response: &[u8], then: impl FnOnce(&Installation<'_>) -> Outcome<R>) -> Outcome<R> {
    let response: CertificateInstallationRes<'_> = match exi_codec::decode(response) {
        Ok(Message::CertificateInstallationRes(response)) => response,
        Ok(_) => return Err(V2G_E_CONTENT),
        Err(error) => return Err(of_exi(&error)),
    };
    if response.evse_processing != Processing::Finished
        || !matches!(response.response_code, ResponseCode::Ok | ResponseCode::OkCertificateExpiresSoon)
    {
        return Err(V2G_E_CONTENT);
    }
    let SignedInstallationData {
        id,
        contract_certificate_chain: contract,
        dh_public_key,
        encrypted_private_key,
        ..
    } = response.signed_installation_data;
    let provider = response.cp_s_certificate_chain;
    let signature = response.header.signature.ok_or(V2G_E_CONTENT)?.get();
    let signed = signed(&signature, id)?;

    let mut id_memory = [0; LONGEST_ID];
    let id = id.copy_to(&mut id_memory).map_err(|_| V2G_E_CONTENT)?;
    let (mut contract_leaf, mut provider_leaf) = ([0; LONGEST], [0; LONGEST]);
    let mut subs = [[Bytes::new(&[]); 3]; 2];
    let [contract_subs, provider_subs] = &mut subs;
    let contract_subs = above(contract.sub_certificates.iter(), contract_subs)?;
    let provider_subs = above(provider.sub_certificates.iter().flatten(), provider_subs)?;
    let mut public_key = [0; 133];
    exactly(dh_public_key, &mut public_key)?;
    let (mut p521, mut x448, mut tpm) = ([0; 94], [0; 84], [0; 206]);
    let key = match encrypted_private_key {
        EncryptedPrivateKey::SeCp521(key) => {
            exactly(key, &mut p521)?;
            EncryptedKey::P521(&p521)
        }
        EncryptedPrivateKey::X448(key) => {
            exactly(key, &mut x448)?;
            EncryptedKey::X448(&x448)
        }
        EncryptedPrivateKey::Tpm(key) => {
            exactly(key, &mut tpm)?;
            EncryptedKey::Tpm(&tpm)
        }
    };
    then(&Installation {
        provisioning: Chain { leaf: copied(provider.certificate, &mut provider_leaf)?, subs: provider_subs },
        id,
        contract: Chain { leaf: copied(contract.certificate, &mut contract_leaf)?, subs: contract_subs },
        public_key: &public_key,
        key,
        remaining: response.remaining_contract_certificate_chains,
        signed,
    })
}

/// The signature, if it has the one form in which the engine writes it: otherwise its value would not hold any more.
fn signed(signature: &Signature<'_>, id: Str<'_>) -> Outcome<Signed> {
    let info = &signature.signed_info;
    let algorithm = info.signature_method.algorithm;
    let schemes =
        [SignatureScheme::EcdsaP521Sha512, SignatureScheme::Ed448Shake256, SignatureScheme::EcdsaP256Sha256];
    let scheme = schemes.into_iter().find(|scheme| algorithm == scheme.signature_uri());
    let scheme = scheme.ok_or(V2G_E_CONTENT)?;
    let mut references = info.reference.iter();
    let (Some(reference), None) = (references.next(), references.next()) else { return Err(V2G_E_CONTENT) };
    let mut transforms = reference.transforms.iter().flatten();
    let transformed = match (transforms.next(), transforms.next()) {
        (Some(only), None) => only.algorithm == CANONICAL_EXI && only.xpath.is_none(),
        _ => false,
    };
    let target = reference.uri.ok_or(V2G_E_CONTENT)?;
    let usual = info.canonicalization_method.algorithm == CANONICAL_EXI
        && info.signature_method.hmac_output_length.is_none()
        && transformed
        && info.id.is_none()
        && reference.id.is_none()
        && reference.r#type.is_none()
        && reference.digest_method.algorithm == scheme.digest_uri()
        && target.chars().eq(core::iter::once('#').chain(id.chars()));
    if !usual {
        return Err(V2G_E_CONTENT);
    }
    let (mut digest, mut value) = ([0; 64], [0; 132]);
    let digest = copied(reference.digest_value, &mut digest)?;
    let value = copied(signature.signature_value.value, &mut value)?;
    Signed::new(scheme, digest, value).ok_or(V2G_E_CONTENT)
}

fn copied<'o>(octets: Bytes<'_>, out: &'o mut [u8]) -> Outcome<&'o [u8]> {
    octets.copy_to(out).map_err(|_| V2G_E_CONTENT)
}

fn exactly(octets: Bytes<'_>, out: &mut [u8]) -> Outcome {
    if octets.len() != out.len() {
        return Err(V2G_E_CONTENT);
    }
    copied(octets, out).map(|_| ())
}

/// The certificates above a leaf, which stay where they are.
fn above<'a, 'm>(
    certificates: impl Iterator<Item = Bytes<'m>>,
    memory: &'a mut [Bytes<'m>; 3],
) -> Outcome<&'a [Bytes<'m>]> {
    let mut count = 0;
    for certificate in certificates {
        *memory.get_mut(count).ok_or(V2G_E_CONTENT)? = certificate;
        count += 1;
    }
    Ok(memory.get(..count).unwrap_or_default())
}
