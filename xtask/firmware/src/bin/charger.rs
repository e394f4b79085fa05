//! A charger: engine, framing and codec of DC, and of the families whose features are on.
#![no_std]
#![no_main]

use core::hint::black_box;

use exi_codec::Watts;
use iso15118_20::secc::{
    Announcement, AuthorizationDecision, Installation, Isolation, MeteringVerdict, Secc, SeccConfig, Stop,
};
use iso15118_20::security::ContractVerdict;
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{Connection, Contactor, DcLimits, GridPermit, Instant, Measurement, Settings, Transport};

static SETS: [Parameters; 2] =
    [Parameters::new(1, ControlMode::Scheduled), Parameters::new(2, ControlMode::Dynamic)];
static OFFERS: [Offer<'static>; 2] = [
    Offer { service: Service::Dc, fee: Fee::Paid, sets: &SETS },
    Offer { service: Service::DcBpt, fee: Fee::Paid, sets: &SETS },
];

/// Says everything that a host may say, so that the linker keeps all of it.
#[v2g_firmware::entry]
fn main() -> ! {
    static mut BUFFER: [u8; 8192] = [0; 8192];
    static mut OUT: [u8; 8192] = [0; 8192];
    let config = black_box(SeccConfig::new("EVSE", "M", &OFFERS, Settings::default()));
    let Ok(mut secc) = Secc::new(&config, BUFFER) else {
        loop {
            cortex_m::asm::wfi();
        }
    };
    let mut now = Instant::ZERO;
    secc.start(now, &black_box(Connection::new(Transport::Secured, 0)), [1; 8], [2; 16]);
    loop {
        now = black_box(now);
        let _ = black_box(secc.handle_input(now, black_box(&[0; 64])).consumed);
        secc.handle_timeout(now);
        let _ = black_box(secc.poll_transmit(now, OUT));
        while let Some(event) = secc.poll_event() {
            black_box(event);
        }
        black_box(secc.poll_timeout());
        secc.set_limits(black_box(DcLimits::default()));
        secc.set_grid_permit(black_box(GridPermit::UNLIMITED));
        secc.set_dispatch(black_box(Watts::ZERO));
        secc.measurement(now, black_box(Measurement::default()));
        secc.isolation(now, black_box(Isolation::Valid));
        secc.contactor(now, black_box(Contactor::Closed));
        secc.authorize(now, black_box(AuthorizationDecision::Accepted));
        secc.contract(now, black_box(ContractVerdict::Valid));
        secc.metering(now, black_box(MeteringVerdict::Valid));
        secc.stop(now, black_box(Stop::Emergency));
        let _ = black_box(secc.answer_schedule(now, black_box(&Announcement::default()), OUT));
        if let Some(content) = black_box(None::<Installation<'_>>) {
            let _ = black_box(secc.answer_installation(now, &content, OUT));
        }
        #[cfg(feature = "ac")]
        speak_ac(&mut secc, now);
        #[cfg(feature = "all")]
        speak_the_rest(&mut secc, now);
        if black_box(false) {
            secc.handle_disconnect(now);
        }
    }
}

#[cfg(feature = "ac")]
fn speak_ac(secc: &mut Secc<'_>, now: Instant) {
    use iso15118_20::{AcGrid, AcLimits, AcMeasurement, AcOutput};

    secc.set_ac_limits(black_box(AcLimits::default()));
    secc.set_ac_grid(black_box(AcGrid::default()));
    secc.set_ac_dispatch(black_box(AcOutput::ZERO));
    secc.ac_measurement(now, black_box(AcMeasurement::default()));
}

#[cfg(feature = "all")]
fn speak_the_rest(secc: &mut Secc<'_>, now: Instant) {
    use iso15118_20::WptPad;
    use iso15118_20::secc::{AcdpStatus, Device, PadMeasurement, Positioning, VehiclePosition};

    secc.set_wpt_pad(black_box(WptPad::default()));
    secc.pad_measurement(now, black_box(PadMeasurement::default()));
    secc.positioning(now, black_box(Positioning::Done));
    secc.pairing(now, black_box(Positioning::Done), black_box(None));
    secc.alignment(now, black_box(Positioning::Done));
    secc.vehicle_position(now, black_box(VehiclePosition::default()));
    secc.device(now, black_box(Device::default()));
    secc.set_acdp_status(now, black_box(AcdpStatus::default()));
}
