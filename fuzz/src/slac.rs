//! What the targets of the matching machines are fed.

use v2g_slac::mme::{
    AmpMapCnf, AmpMapReq, AmplitudeMap, AttenCharInd, AttenCharRsp, AttenProfileInd, Lumissil, MnbcSoundInd,
    Qualcomm, SetKeyCnf, SlacMatchCnf, SlacMatchReq, SlacParmCnf, SlacParmReq, Sounding, StartAttenCharInd,
    ValidateCnf, ValidateReq, ValidateResult,
};
use v2g_slac::{Envelope, GROUPS, Groups, MacAddr, Mme, Network, Nmk, RunId, StationId};

/// The machine's own address.
pub const SELF: MacAddr = MacAddr([2, 0x5E, 0, 0, 0, 0]);
/// The other's address, with another last byte for others.
pub const PEER: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
/// Name of the run of those who do not choose another.
pub const RUN: RunId = RunId([7; 8]);

/// Takes decisions from the bytes of the fuzzer; zeros when they are used up.
#[derive(Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All decisions.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether there are decisions left.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *byte
    }

    /// So many bytes as the first one says.
    pub fn bytes(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes
    }

    fn run(&mut self) -> RunId {
        if self.byte() < 224 { RUN } else { RunId([self.byte(); 8]) }
    }

    fn id(&mut self) -> StationId {
        if self.byte() < 240 { StationId::NONE } else { StationId([1; 17]) }
    }
}

const MAP: [u8; 4] = [0x21; 4];

/// A message between a vehicle and a charger, or from a modem; most of them fit.
///
/// # Panics
/// Never.
#[must_use]
pub fn message(kind: u8, vehicle: MacAddr, evse: MacAddr, input: &mut Input<'_>) -> Mme<'static> {
    const NEAR: [u8; GROUPS] = [9; GROUPS];
    const FARTHER: [u8; GROUPS] = [25; GROUPS];
    const NOTHING: [u8; GROUPS] = [0; GROUPS];
    let groups = |byte: u8| match byte % 8 {
        0 => &NOTHING[..],
        1 => &NEAR[..57],
        2..=4 => &FARTHER,
        _ => &NEAR,
    };
    let choice = |input: &mut Input<'_>| SlacMatchReq {
        pev_id: input.id(),
        pev_mac: vehicle,
        evse_id: input.id(),
        evse_mac: evse,
        run_id: input.run(),
    };
    let result = |byte: u8| match byte % 5 {
        0 => ValidateResult::NotReady,
        1 => ValidateResult::Ready,
        2 => ValidateResult::Success,
        3 => ValidateResult::Failure,
        _ => ValidateResult::NotRequired,
    };
    match kind % 19 {
        0 => Mme::SlacParmReq(SlacParmReq { run_id: input.run() }),
        1 => Mme::SlacParmCnf(SlacParmCnf {
            sounding: Sounding::STANDARD,
            forwarding_sta: vehicle,
            run_id: input.run(),
        }),
        2 => Mme::StartAttenCharInd(StartAttenCharInd {
            sounding: Sounding::STANDARD,
            forwarding_sta: vehicle,
            run_id: input.run(),
        }),
        3 => Mme::MnbcSoundInd(MnbcSoundInd {
            sender_id: input.id(),
            remaining: input.byte(),
            run_id: input.run(),
            random: [1; 16],
        }),
        4 | 5 => Mme::AttenProfileInd(AttenProfileInd {
            pev_mac: vehicle,
            groups: Groups::new(groups(input.byte())),
        }),
        6 => Mme::AttenCharInd(AttenCharInd {
            source_address: vehicle,
            run_id: input.run(),
            source_id: input.id(),
            resp_id: input.id(),
            num_sounds: input.byte() % 11,
            groups: Groups::new(groups(input.byte())),
        }),
        7 => Mme::AttenCharRsp(AttenCharRsp {
            source_address: vehicle,
            run_id: input.run(),
            source_id: input.id(),
            resp_id: input.id(),
            result: input.byte() / 250,
        }),
        8 => Mme::ValidateReq(ValidateReq { timer: input.byte() % 40, result: result(input.byte() / 40) }),
        9 => Mme::ValidateCnf(ValidateCnf { toggles: input.byte() % 4, result: result(input.byte()) }),
        10 => Mme::SlacMatchReq(choice(input)),
        11 => Mme::SlacMatchCnf(SlacMatchCnf {
            request: choice(input),
            network: Network::of(Nmk::new([input.byte(); 16])),
        }),
        12 | 13 => Mme::SetKeyCnf(SetKeyCnf {
            result: input.byte() & 1,
            my_nonce: 5,
            your_nonce: u32::from(input.byte() / 250),
            pid: 4,
            prn: 0,
            pmn: 255,
            cco_capability: 0,
        }),
        14 => Mme::AmpMapReq(AmpMapReq { map: AmplitudeMap::new(8, &MAP).expect("eight carriers") }),
        15 => Mme::AmpMapCnf(AmpMapCnf { result: input.byte() & 1 }),
        16 => Mme::Lumissil(Lumissil::LinkStatus { id: 0, status: input.byte() & 1 }),
        _ => Mme::Qualcomm(Qualcomm::LinkStatusCnf { status: 0, link: input.byte() & 1 }),
    }
}

/// The frame of a message.
///
/// # Panics
/// Never.
#[must_use]
pub fn frame(destination: MacAddr, source: MacAddr, message: &Mme<'_>) -> Vec<u8> {
    let envelope = Envelope { destination, source, version: message.version() };
    let mut out = vec![0; message.buffer_len(envelope.version)];
    message.emit(envelope, &mut out).expect("the buffer is large enough");
    out
}
