//! SLAC frames: time to parse and to emit each, and that neither allocates.

use std::hint::black_box;
use std::time::Duration;

use allocation_counter::measure;
use criterion::Criterion;
use v2g_slac::mme::{
    AmpMapCnf, AmpMapReq, AmplitudeMap, AttenCharInd, AttenCharRsp, AttenProfileInd, Lumissil,
    LumissilRequest, MnbcSoundInd, Qualcomm, SetKeyCnf, SetKeyReq, SlacMatchCnf, SlacMatchReq, SlacParmCnf,
    SlacParmReq, Sounding, StartAttenCharInd, ValidateCnf, ValidateReq, ValidateResult, VsAttenCharInd,
    VsOpAttributesCnf, VsOpAttributesReq, VsSwVerCnf,
};
use v2g_slac::{
    Envelope, Frame, GROUPS, Groups, MacAddr, MmType, Mme, Network, Nmk, RunId, StationId, Version,
};

const EV: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const EVSE: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
static GROUP: [u8; GROUPS] = [25; GROUPS];
static MAP: [u8; 459] = [0x21; 459];

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
        Mme::ValidateCnf(ValidateCnf { toggles: 2, result: ValidateResult::Success }),
        Mme::SetKeyCnf(SetKeyCnf {
            result: 1,
            my_nonce: 1,
            your_nonce: 0,
            pid: 4,
            prn: 0,
            pmn: 255,
            cco_capability: 0,
        }),
        Mme::AmpMapReq(AmpMapReq { map: AmplitudeMap::new(917, &MAP).expect("two carriers in a byte") }),
        Mme::AmpMapCnf(AmpMapCnf { result: 0 }),
        Mme::NwInfoReq,
        Mme::NwStatsReq,
        parsed(MmType::CM_NW_STATS_CNF, Version::Av11, &[1, 2, 0, 0, 0, 0, 1, 10, 12]),
    ]
}

/// The messages of modems.
fn of_modems() -> Vec<Mme<'static>> {
    let groups = Groups::new(&GROUP);
    let qualcomm = [
        Qualcomm::SwVerReq(None),
        Qualcomm::SwVerCnf(VsSwVerCnf { status: 0, device_class: 0x20, version: b"MAC-QCA7005-1.1.0" }),
        Qualcomm::RsDevReq,
        Qualcomm::RsDevCnf(0),
        Qualcomm::NwInfoReq,
        Qualcomm::OpAttributesReq(VsOpAttributesReq { cookie: 1, report: 0 }),
        Qualcomm::OpAttributesCnf(VsOpAttributesCnf {
            status: 0,
            cookie: 1,
            report: 0,
            attributes: &[0x41; 118],
        }),
        Qualcomm::LinkStatusReq,
        Qualcomm::LinkStatusCnf { status: 0, link: 1 },
        Qualcomm::AttenCharInd(VsAttenCharInd {
            oui: [0x00, 0xB0, 0x52],
            pev_mac: EV,
            reserved: [0; 9],
            groups,
        }),
    ];
    // One network of one station.
    let info = [&[0x00, 0xB0, 0x52, 1][..], &[0; 17], &[1], &[0; 15]].concat();
    let request = |request| Lumissil::Request { id: 1, request };
    let lumissil = [
        request(LumissilRequest::Version),
        request(LumissilRequest::Reset),
        request(LumissilRequest::DeviceState),
        request(LumissilRequest::LinkStatus),
        Lumissil::Version { id: 1, numbers: [1, 2, 3, 4, 5] },
        Lumissil::DeviceState { id: 1, state: 5 },
        Lumissil::LinkStatus { id: 1, status: 1 },
        Lumissil::HostMessage { id: 1, event: 2 },
    ];
    let info = parsed(MmType::VS_NW_INFO_CNF, Version::Av10, &info);
    let qualcomm = qualcomm.into_iter().map(Mme::Qualcomm);
    qualcomm.chain(lumissil.into_iter().map(Mme::Lumissil)).chain([info]).collect()
}

/// A message that is a view of its bytes.
fn parsed(mmtype: MmType, version: Version, payload: &[u8]) -> Mme<'static> {
    let mut frame = vec![0; 256];
    let envelope = Envelope { destination: EV, source: EVSE, version };
    Mme::Raw { mmtype, payload }.emit(envelope, &mut frame).expect("room enough");
    let message = parse(frame.leak());
    assert!(!matches!(message, Mme::Raw { .. } | Mme::Qualcomm(Qualcomm::Other { .. })), "{message:?}");
    message
}

fn parse(bytes: &[u8]) -> Mme<'_> {
    Mme::parse(&Frame::new_checked(black_box(bytes)).expect("a frame")).expect("a message")
}

fn main() {
    // Nanoseconds need no long measurement, and there are many messages.
    let criterion = Criterion::default().warm_up_time(Duration::from_millis(200));
    let criterion = criterion.measurement_time(Duration::from_millis(500)).sample_size(20);
    let mut criterion = criterion.configure_from_args();
    for message in messages().into_iter().chain(of_modems()) {
        let envelope = Envelope { destination: EV, source: EVSE, version: message.version() };
        let mut out = [0; 512];
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
