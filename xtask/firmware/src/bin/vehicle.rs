//! A DC vehicle: engine, framing and codec of one family.
#![no_std]
#![no_main]

use core::hint::black_box;

use iso15118_20::evcc::{
    Contract, Demand, DischargePermit, Evcc, EvccConfig, InstallationVerdict, Needs, Wish,
};
use iso15118_20::security::{SignatureScheme, Signed};
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Connection, Contactor, DcLimits, Instant, Measurement, Transport};

static WISHES: [Wish; 2] =
    [Wish::new(Service::DcBpt, ControlMode::Dynamic), Wish::new(Service::Dc, ControlMode::Scheduled)];
static CONTRACTS: [Contract<'static>; 0] = [];

/// Says everything that a host may say, so that the linker keeps all of it.
#[v2g_firmware::entry]
fn main() -> ! {
    static mut BUFFER: [u8; 8192] = [0; 8192];
    static mut OUT: [u8; 8192] = [0; 8192];
    let config = black_box(EvccConfig::new("EV", &WISHES));
    let Ok(mut evcc) = Evcc::new(&config, BUFFER) else {
        loop {
            cortex_m::asm::wfi();
        }
    };
    let mut now = Instant::ZERO;
    evcc.start(now, &black_box(Connection::new(Transport::Secured, 0)));
    loop {
        now = black_box(now);
        let _ = black_box(evcc.handle_input(now, black_box(&[0; 64])).consumed);
        evcc.handle_timeout(now);
        let _ = black_box(evcc.poll_transmit(now, OUT));
        while let Some(event) = evcc.poll_event() {
            black_box(event);
        }
        black_box(evcc.poll_timeout());
        evcc.set_limits(black_box(DcLimits::default()));
        evcc.set_demand(black_box(Demand::default()));
        evcc.set_needs(black_box(Needs::default()));
        evcc.set_discharge_permit(black_box(DischargePermit::Allowed));
        evcc.measurement(now, black_box(Measurement::default()));
        evcc.contactor(now, black_box(Contactor::Closed));
        evcc.set_contracts(black_box(&CONTRACTS));
        let _ = black_box(evcc.to_be_signed(OUT));
        if let Some(signed) = Signed::new(SignatureScheme::EcdsaP521Sha512, black_box(&[1]), &[2]) {
            evcc.signed(now, signed);
        }
        evcc.installed(now, black_box(InstallationVerdict::Accepted));
        let _ = black_box(evcc.pause(now));
        let _ = black_box(evcc.standby(now));
        let _ = black_box(evcc.exit_standby(now));
        let _ = black_box(evcc.renegotiate_schedule(now));
        let _ = black_box(evcc.renegotiate_service(now));
        evcc.stop(now);
        if black_box(false) {
            evcc.handle_disconnect(now);
        }
    }
}
