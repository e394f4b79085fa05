//! What the charger's meter says, and its confirmation by the vehicle.

use exi_codec::Lazy;
use exi_codec::iso20::common_messages::{
    MeteringConfirmationReq, ScheduledSmdtControlMode, SignedMeteringData, SmdtControlMode,
};
use exi_codec::iso20::common_types::{MessageHeader, MeterInfo, NumericId, Receipt};
use exi_codec::{Bytes, Str};

use super::authorize::Subject;
use super::{Core, Evcc, Flags, Pending};
use crate::message::{EncodeError, Request};
use crate::price::Costs;
use crate::security::{SIGNED_ID, Signed};
use crate::sequence::Stream;
use crate::service::ControlMode;
use crate::text::Text;

/// Bytes of a meter's signature at most.
const MAX_METER_SIGNATURE: usize = 64;

/// The last reading of the charger's meter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    id: Text<128>,
    charged: u64,
    discharged: Option<u64>,
    capacitive: Option<u64>,
    inductive: Option<u64>,
    signature: [u8; MAX_METER_SIGNATURE],
    signature_len: Option<u8>,
    status: Option<i16>,
    timestamp: Option<u64>,
}

impl Meter {
    fn read(info: &MeterInfo<'_>) -> Self {
        let mut signature = [0; MAX_METER_SIGNATURE];
        let copied =
            info.meter_signature.and_then(|bytes| bytes.copy_to(&mut signature).ok().map(<[u8]>::len));
        Self {
            id: Text::copied(&info.meter_id),
            charged: info.charged_energy_reading_wh,
            discharged: info.bpt_discharged_energy_reading_wh,
            capacitive: info.capacitive_energy_reading_varh,
            inductive: info.bpt_inductive_energy_reading_varh,
            signature,
            signature_len: copied.map(|len| len as u8),
            status: info.meter_status,
            timestamp: info.meter_timestamp,
        }
    }

    fn info(&self) -> MeterInfo<'_> {
        let signature = self.signature_len.and_then(|len| self.signature.get(..usize::from(len)));
        MeterInfo {
            meter_id: Str::new(self.id.as_str()),
            charged_energy_reading_wh: self.charged,
            bpt_discharged_energy_reading_wh: self.discharged,
            capacitive_energy_reading_varh: self.capacitive,
            bpt_inductive_energy_reading_varh: self.inductive,
            meter_signature: signature.map(Bytes::new),
            meter_status: self.status,
            meter_timestamp: self.timestamp,
        }
    }
}

impl Evcc<'_> {
    /// Asks for a reading of the charger's meter in the next rounds, until one comes [V2G20-1081].
    pub fn request_meter(&mut self) {
        self.core.flags.set(Flags::METER_WANTED);
    }

    /// Identifier of the charger's meter, once it has reported.
    pub fn meter_id(&self) -> Option<&str> {
        self.core.meter.as_ref().map(|meter| meter.id.as_str())
    }
}

impl Core<'_> {
    pub(super) fn metered(&mut self, info: Option<Lazy<'_, MeterInfo<'_>>>) {
        let Some(info) = info else { return };
        let info = info.get();
        self.flags.clear(Flags::METER_WANTED);
        self.station.status.charged = Some(info.charged_energy_reading_wh);
        self.station.status.discharged = info.bpt_discharged_energy_reading_wh;
        // While a reading is being confirmed it stays what it is.
        if self.auth.subject != Some(Subject::Metering) && !self.is_confirming() {
            self.meter = Some(Meter::read(&info));
        }
    }

    /// A receipt is news where it says something else than the last one.
    pub(super) fn billed(&mut self, receipt: Option<Lazy<'_, Receipt<'_>>>) {
        let Some(receipt) = receipt else { return };
        let costs = Costs::from(&receipt.get());
        if self.costs != Some(costs) {
            self.costs = Some(costs);
            self.pending.raise(Pending::RECEIPT);
        }
    }

    pub(super) fn metering_data(&self) -> SignedMeteringData<'_> {
        SignedMeteringData {
            id: Str::new(SIGNED_ID),
            session_id: self.session,
            meter_info: self.meter.as_ref().map_or(MeterInfo::default(), Meter::info),
            control_mode: match self.mode() {
                ControlMode::Dynamic => SmdtControlMode::Dynamic,
                ControlMode::Scheduled => SmdtControlMode::Scheduled(ScheduledSmdtControlMode {
                    selected_schedule_tuple_id: NumericId::new(self.station.plan.tuple)
                        .unwrap_or(NumericId::ONE),
                }),
            },
            ..SignedMeteringData::default()
        }
    }

    pub(super) fn encode_metering(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let signed = self.auth.signed;
        let references = signed.as_ref().map(Signed::references);
        let signature =
            signed.as_ref().zip(references.as_ref()).map(|(s, references)| s.signature(references));
        Request::MeteringConfirmationReq(MeteringConfirmationReq {
            header: MessageHeader { signature: signature.as_ref().map(Lazy::new), ..self.header() },
            signed_metering_data: self.metering_data(),
        })
        .encode_on(Stream::MeteringConfirmation, out)
    }
}
