//! Builds a round of the charge loop, puts it into a V2GTP frame, and reads it back.

use std::error::Error;

use exi_codec::iso20::common_types::{DisplayParameters, MessageHeader, PercentValue};
use exi_codec::iso20::dc::{BptDynamicDcClReqControlMode, ClReqControlMode, DcChargeLoopReq};
use exi_codec::{Amperes, Rounding, Volts, WattHours, Watts};
use iso15118_20::message::Request;
use v2gtp::{Frame, SchemaSet};

fn main() -> Result<(), Box<dyn Error>> {
    let request = Request::DcChargeLoopReq(DcChargeLoopReq {
        header: MessageHeader {
            session_id: [0x5a, 1, 2, 3, 4, 5, 6, 7],
            time_stamp: 1_700_000_000,
            signature: None,
        },
        display_parameters: Some(DisplayParameters {
            present_soc: PercentValue::new(55),
            ..DisplayParameters::default()
        }),
        meter_info_requested: false,
        // Quantities are exact decimals: a value and a power of ten, or thousandths rounded to the safe side.
        ev_present_voltage: Volts::from_milli(401_250, Rounding::Nearest),
        control_mode: ClReqControlMode::BptDynamic(BptDynamicDcClReqControlMode {
            ev_target_energy_request: WattHours::new(20, 3),
            ev_maximum_energy_request: WattHours::new(35, 3),
            ev_minimum_energy_request: WattHours::new(-10, 3),
            ev_maximum_charge_power: Watts::from_integer(50_000, Rounding::TowardsZero),
            ev_maximum_charge_current: Amperes::new(125, 0),
            ev_maximum_voltage: Volts::new(460, 0),
            ev_minimum_voltage: Volts::new(300, 0),
            ev_maximum_discharge_power: Watts::new(11, 3),
            ev_maximum_discharge_current: Amperes::new(30, 0),
            ..BptDynamicDcClReqControlMode::default()
        }),
    });

    let mut buffer = [0; 256];
    let len = request.encode(&mut buffer)?;
    print!("{}, {len} bytes: ", request.kind());
    for byte in &buffer[..len] {
        print!("{byte:02x}");
    }
    println!();

    let frame = Frame::new_checked(&buffer[..len])?;
    assert_eq!(Request::decode(frame.payload_type(), SchemaSet::Dc, frame.payload())?, request);
    Ok(())
}
