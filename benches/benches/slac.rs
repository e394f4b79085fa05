//! SLAC frames: time to parse and to emit each, and that neither allocates.

use std::hint::black_box;

use allocation_counter::measure;
use criterion::Criterion;
use v2g_slac::mme::{
    AttenCharInd, AttenCharRsp, AttenProfileInd, MnbcSoundInd, Qualcomm, SetKeyReq, SlacMatchCnf,
    SlacMatchReq, SlacParmCnf, SlacParmReq, Sounding, StartAttenCharInd, ValidateReq, ValidateResult,
};
use v2g_slac::{Envelope, Frame, GROUPS, Groups, MacAddr, Mme, Network, Nmk, RunId, StationId};

const EV: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const EVSE: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
static GROUP: [u8; GROUPS] = [25; GROUPS];

fn messages() -> Vec<Mme<'static>> {
    let run_id = RunId([7; 8]);
    let none = StationId::NONE;
    let sounding = Sounding::STANDARD;
    let network = Network::of(Nmk::new([9; 16]));
    let request = SlacMatchReq { pev_id: none, pev_mac: EV, evse_id: none, evse_mac: EVSE, run_id };
    let groups = Groups::new(&GROUP);
    vec![
        Mme::SlacParmReq(SlacParmReq { run_id }),
        Mme::SlacParmCnf(SlacParmCnf { sounding, forwarding_sta: EV, run_id }),
        Mme::StartAttenCharInd(StartAttenCharInd { sounding, forwarding_sta: EV, run_id }),
        Mme::MnbcSoundInd(MnbcSoundInd { sender_id: none, remaining: 9, run_id, random: [3; 16] }),
        Mme::AttenProfileInd(AttenProfileInd { pev_mac: EV, groups }),
        Mme::AttenCharInd(AttenCharInd {
            source_address: EV,
            run_id,
            source_id: none,
            resp_id: none,
            num_sounds: 10,
            groups,
        }),
        Mme::AttenCharRsp(AttenCharRsp {
            source_address: EV,
            run_id,
            source_id: none,
            resp_id: none,
            result: 0,
        }),
        Mme::ValidateReq(ValidateReq { timer: 14, result: ValidateResult::Ready }),
        Mme::SlacMatchReq(request),
        Mme::SlacMatchCnf(SlacMatchCnf { request, network: network.clone() }),
        Mme::SetKeyReq(SetKeyReq { my_nonce: 0, cco_capability: 0, network }),
        Mme::Qualcomm(Qualcomm::LinkStatusReq),
    ]
}

fn parse(bytes: &[u8]) -> Mme<'_> {
    Mme::parse(&Frame::new_checked(black_box(bytes)).expect("a frame")).expect("a message")
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for message in messages() {
        let envelope = Envelope { destination: EV, source: EVSE, version: message.version() };
        let mut out = [0; 256];
        let len = message.emit(envelope, &mut out).expect("room enough");
        let frame = out[..len].to_vec();
        let parsing = measure(|| {
            black_box(parse(&frame));
        });
        let emitting = measure(|| {
            black_box(message.emit(envelope, &mut out)).expect("room enough");
        });
        assert_eq!((parsing.count_total, emitting.count_total), (0, 0), "{message:?} allocates");
        let name = message.mmtype().to_string();
        criterion
            .bench_function(&format!("parse {name}"), |bencher| bencher.iter(|| black_box(parse(&frame))));
        criterion.bench_function(&format!("emit {name}"), |bencher| {
            bencher.iter(|| black_box(&message).emit(envelope, black_box(&mut out)));
        });
    }
    criterion.final_summary();
}
