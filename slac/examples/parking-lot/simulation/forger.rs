//! Frames that nobody meant to send: replayed, altered, invented.

use v2g_slac::mme::{
    AttenCharInd, SlacMatchCnf, SlacMatchReq, SlacParmCnf, SlacParmReq, Sounding, StartAttenCharInd,
    ValidateCnf, ValidateResult,
};
use v2g_slac::{Envelope, GROUPS, Groups, MacAddr, Mme, Network, Nmk, RunId, StationId};

use super::chance::Chance;

/// Frames of the recent past, to be replayed and altered.
#[derive(Debug, Default)]
pub(crate) struct Forger {
    heard: Vec<Vec<u8>>,
}

const REMEMBERED: usize = 64;

impl Forger {
    /// Listens to a frame on the line.
    pub(crate) fn hears(&mut self, frame: &[u8], chance: &mut Chance) {
        if self.heard.len() < REMEMBERED {
            self.heard.push(frame.to_vec());
        } else {
            let place = chance.between(0, REMEMBERED as u64 - 1) as usize;
            self.heard[place] = frame.to_vec();
        }
    }

    /// A frame, against `victims` (a vehicle, its run, and a charger).
    pub(crate) fn forge(
        &self,
        vehicle: MacAddr,
        run_id: RunId,
        evse: MacAddr,
        chance: &mut Chance,
    ) -> Vec<u8> {
        let stranger = MacAddr([2, 0xEE, 0, 0, chance.next() as u8, chance.next() as u8]);
        let foreign = RunId(chance.next().to_le_bytes());
        match chance.between(0, 9) {
            // A frame of the past whose sender is not replaced: stale.
            0 | 1 if !self.heard.is_empty() => {
                let index = chance.between(0, self.heard.len() as u64 - 1) as usize;
                let mut frame = self.heard[index].clone();
                // A choice that is replayed to the charger that it chose is the choice itself.
                let place = chance.between(17, frame.len() as u64 - 1) as usize;
                frame[place] ^= 1 << chance.between(0, 7);
                frame
            }
            // Vehicles that are not there.
            2 | 3 => frame(MacAddr::BROADCAST, stranger, &Mme::SlacParmReq(SlacParmReq { run_id: foreign })),
            // A charger that is not there, and reports no loss at all.
            4 => frame(vehicle, stranger, &report(vehicle, run_id, 0)),
            // The right charger, with a report of another run, or of no loss.
            5 => frame(vehicle, evse, &report(vehicle, foreign, 3)),
            // Sounds in another's name, with and without contradiction.
            6 => {
                let message =
                    StartAttenCharInd { sounding: Sounding::STANDARD, forwarding_sta: vehicle, run_id };
                frame(MacAddr::BROADCAST, stranger, &Mme::StartAttenCharInd(message))
            }
            // A choice by a vehicle that did not sound.
            7 => frame(evse, stranger, &Mme::SlacMatchReq(choice(stranger, evse, foreign))),
            // A key from somebody who was not chosen.
            8 => {
                let network = Network::of(Nmk::new([0x66; 16]));
                let message = SlacMatchCnf { request: choice(vehicle, stranger, run_id), network };
                frame(vehicle, stranger, &Mme::SlacMatchCnf(message))
            }
            // An answer from somebody who was not asked, or in a wrong name.
            _ if chance.happens(500_000) => {
                let answer = ValidateCnf { toggles: 0, result: ValidateResult::Failure };
                frame(vehicle, stranger, &Mme::ValidateCnf(answer))
            }
            _ => {
                let message = SlacParmCnf { sounding: Sounding::STANDARD, forwarding_sta: stranger, run_id };
                frame(vehicle, evse, &Mme::SlacParmCnf(message))
            }
        }
    }
}

fn report(vehicle: MacAddr, run_id: RunId, decibels: u8) -> Mme<'static> {
    const ZERO: [u8; GROUPS] = [0; GROUPS];
    const NEAR: [u8; GROUPS] = [3; GROUPS];
    Mme::AttenCharInd(AttenCharInd {
        source_address: vehicle,
        run_id,
        source_id: StationId::NONE,
        resp_id: StationId::NONE,
        num_sounds: 10,
        groups: Groups::new(if decibels == 0 { &ZERO } else { &NEAR }),
    })
}

fn choice(vehicle: MacAddr, evse: MacAddr, run_id: RunId) -> SlacMatchReq {
    SlacMatchReq {
        pev_id: StationId::NONE,
        pev_mac: vehicle,
        evse_id: StationId::NONE,
        evse_mac: evse,
        run_id,
    }
}

fn frame(destination: MacAddr, source: MacAddr, message: &Mme<'_>) -> Vec<u8> {
    let envelope = Envelope { destination, source, version: message.version() };
    let mut out = vec![0; message.buffer_len(envelope.version)];
    message.emit(envelope, &mut out).expect("the buffer is large enough");
    out
}
