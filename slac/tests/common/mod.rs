//! What the tests of the machines share.
// Not every test uses all of it, and what stands in for random numbers never fails.
#![allow(dead_code, clippy::unnecessary_wraps)]

use std::time::Duration;

use v2g_slac::mme::{
    AttenCharInd, AttenCharRsp, AttenProfileInd, SetKeyCnf, SlacMatchReq, SlacParmCnf, SlacParmReq, Sounding,
    StartAttenCharInd,
};
use v2g_slac::{Envelope, Frame, GROUPS, Groups, MacAddr, Mme, NoEntropy, RunId, StationId};

pub(crate) const EV: MacAddr = MacAddr([2, 0xE0, 0, 0, 0, 1]);
pub(crate) const EVSE: MacAddr = MacAddr([2, 0xC0, 0, 0, 0, 1]);
pub(crate) const OTHER: MacAddr = MacAddr([2, 0xC0, 0, 0, 0, 2]);
pub(crate) const MODEM: MacAddr = MacAddr([2, 0xC1, 0, 0, 0, 1]);
/// What [`entropy`] makes of a request for eight bytes.
pub(crate) const RUN: RunId = RunId([7; 8]);

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Always the same.
pub(crate) fn entropy(out: &mut [u8]) -> Result<(), NoEntropy> {
    out.fill(7);
    Ok(())
}

pub(crate) fn frame(destination: MacAddr, source: MacAddr, message: &Mme<'_>) -> Vec<u8> {
    let envelope = Envelope { destination, source, version: message.version() };
    let mut out = vec![0; message.buffer_len(envelope.version)];
    message.emit(envelope, &mut out).unwrap();
    out
}

pub(crate) fn parse(frame: &[u8]) -> (MacAddr, Mme<'_>) {
    let frame = Frame::new_checked(frame).unwrap();
    (frame.destination(), Mme::parse(&frame).unwrap())
}

pub(crate) fn key_set(host: MacAddr, result: u8) -> Vec<u8> {
    let (my_nonce, your_nonce) = (9, 0);
    let message = SetKeyCnf { result, my_nonce, your_nonce, pid: 4, prn: 0, pmn: 255, cco_capability: 0 };
    frame(host, MODEM, &Mme::SetKeyCnf(message))
}

pub(crate) fn parm_req(run_id: RunId) -> Vec<u8> {
    frame(MacAddr::BROADCAST, EV, &Mme::SlacParmReq(SlacParmReq { run_id }))
}

pub(crate) fn parm_cnf(from: MacAddr) -> Vec<u8> {
    let message = SlacParmCnf { sounding: Sounding::STANDARD, forwarding_sta: EV, run_id: RUN };
    frame(EV, from, &Mme::SlacParmCnf(message))
}

pub(crate) fn start(run_id: RunId) -> Vec<u8> {
    let message = StartAttenCharInd { sounding: Sounding::STANDARD, forwarding_sta: EV, run_id };
    frame(MacAddr::BROADCAST, EV, &Mme::StartAttenCharInd(message))
}

pub(crate) fn profile(decibels: u8) -> Vec<u8> {
    let groups = [decibels; GROUPS];
    let message = AttenProfileInd { pev_mac: EV, groups: Groups::new(&groups) };
    frame(EVSE, MODEM, &Mme::AttenProfileInd(message))
}

pub(crate) fn report(from: MacAddr, decibels: u8) -> Vec<u8> {
    let groups = [decibels; GROUPS];
    let message = AttenCharInd {
        source_address: EV,
        run_id: RUN,
        source_id: StationId::NONE,
        resp_id: StationId::NONE,
        num_sounds: 10,
        groups: Groups::new(&groups),
    };
    frame(EV, from, &Mme::AttenCharInd(message))
}

pub(crate) fn response(run_id: RunId) -> AttenCharRsp {
    let none = StationId::NONE;
    AttenCharRsp { source_address: EV, run_id, source_id: none, resp_id: none, result: 0 }
}

pub(crate) fn choice(run_id: RunId) -> SlacMatchReq {
    let none = StationId::NONE;
    SlacMatchReq { pev_id: none, pev_mac: EV, evse_id: none, evse_mac: EVSE, run_id }
}
