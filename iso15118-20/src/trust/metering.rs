//! Meter readings that a vehicle has confirmed.

use exi_codec::iso20::common_messages::{Message, SignedMeteringData};
use v2g_pki::xmlsig::{self, SignedInfoGrammar};
use v2g_pki::{Certificate, Verifier};

use super::{AuthorizedContract, TrustError};
use crate::secc::Meter;
use crate::text::Text;

/// Readings under the signature of the contract that authorized the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmedReadings {
    /// The session that the vehicle signed for.
    pub session: [u8; 8],
    /// `MeterID`.
    pub meter_id: Text<32>,
    /// The energy that was confirmed.
    pub meter: Meter,
}

impl ConfirmedReadings {
    fn of(data: &SignedMeteringData<'_>) -> Self {
        let info = &data.meter_info;
        Self {
            session: data.session_id,
            meter_id: Text::copied(&info.meter_id),
            meter: Meter {
                charged: info.charged_energy_reading_wh,
                discharged: info.bpt_discharged_energy_reading_wh,
            },
        }
    }

    /// Whether the readings can be those of this session's meter: a vehicle confirms what it was shown last, which
    /// is no more than the meter shows by now.
    pub fn is_of(&self, session: [u8; 8], meter_id: &str, now: &Meter) -> bool {
        self.session == session
            && self.meter_id.as_str() == meter_id
            && self.meter.charged <= now.charged
            && self.meter.discharged.unwrap_or(0) <= now.discharged.unwrap_or(0)
    }
}

impl AuthorizedContract {
    /// Checks a `MeteringConfirmationReq`: the signature, by the contract that authorized the session. What the
    /// vehicle confirms comes back, to be compared with the meter.
    ///
    /// # Errors
    /// The signature is wrong, or it is another message: [`MeteringVerdict::Invalid`](crate::secc::MeteringVerdict).
    pub fn check_metering(
        &self,
        request: &[u8],
        grammar: SignedInfoGrammar,
        verifier: &dyn Verifier,
    ) -> Result<ConfirmedReadings, TrustError> {
        let Ok(Message::MeteringConfirmationReq(request)) = exi_codec::decode(request) else {
            return Err(TrustError::OtherMessage);
        };
        let leaf = Certificate::parse(self.leaf())?;
        let signature = request.header.signature.map(|signature| signature.get());
        let data = request.signed_metering_data;
        let signed = xmlsig::verify(signature.as_ref(), data, &leaf, grammar, verifier)?;
        Ok(ConfirmedReadings::of(signed.element()))
    }
}
