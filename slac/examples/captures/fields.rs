//! What a frame says, by the names that the captures have for it.

use serde_json::{Map, Value, json};
use v2g_slac::mme::{Qualcomm, SlacMatchReq, Sounding};
use v2g_slac::{Frame, Groups, MacAddr, Mme, Nid, RunId, StationId, Version};

use super::record::{Record, hex};

/// Compares a frame with what is recorded of it, field by field and byte by byte.
pub(crate) fn check(record: &Record) -> Result<(), String> {
    let frame = Frame::new_checked(&record.bytes).map_err(|error| error.to_string())?;
    let message = Mme::parse(&frame).map_err(|error| error.to_string())?;
    let mut ours = of_message(&message);
    ours.insert("dst".into(), mac(frame.destination()));
    ours.insert("src".into(), mac(frame.source()));
    ours.insert("mmv".into(), json!(frame.version().code()));
    if frame.version() != Version::Av10 {
        // What is fragmented is refused.
        ours.insert("fmi".into(), json!("0000"));
    }
    let mut theirs = record.fields.clone();
    theirs.remove("note");
    if !matches!(message, Mme::Raw { .. }) && theirs.iter().any(|(name, _)| !ours.contains_key(name)) {
        return Err(format!("fields {:?}, ours {:?}", theirs.keys(), ours.keys()));
    }
    for (name, value) in &theirs {
        if ours.get(name) != Some(value) {
            return Err(format!("{name}: {value}, ours {:?}", ours.get(name)));
        }
    }
    let mut out = vec![0; message.buffer_len(frame.version())];
    message.emit(frame.envelope(), &mut out).map_err(|error| error.to_string())?;
    let len = message.message_len(frame.version());
    if out[..len] != record.bytes[..len] || out[len..].iter().any(|byte| *byte != 0) {
        return Err(format!("emits {}", hex(&out)));
    }
    Ok(())
}

fn mac(address: MacAddr) -> Value {
    json!(address.to_string())
}

struct Fields(Map<String, Value>);

impl Fields {
    fn put(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn header(self) -> Self {
        self.put("application_type", 0).put("security_type", 0)
    }

    fn run(self, run_id: RunId) -> Self {
        self.put("run_id", hex(&run_id.0))
    }

    fn sounding(self, sounding: Sounding) -> Self {
        self.put("num_sounds", sounding.num_sounds.get())
            .put("time_out", sounding.time_out.get())
            .put("resp_type", 1)
    }

    fn station(self, name: &str, id: StationId) -> Self {
        self.put(name, hex(&id.0))
    }

    fn nid(self, nid: Nid) -> Self {
        self.put("nid", hex(&nid.0))
    }

    fn nonce(self, name: &str, nonce: u32) -> Self {
        self.put(name, hex(&nonce.to_le_bytes()))
    }

    fn groups(self, groups: Groups<'_>) -> Self {
        self.put("num_groups", groups.count()).put("aag", groups.as_slice().to_vec())
    }

    fn choice(self, message: &SlacMatchReq) -> Self {
        self.header()
            .station("pev_id", message.pev_id)
            .put("pev_mac", mac(message.pev_mac))
            .station("evse_id", message.evse_id)
            .put("evse_mac", mac(message.evse_mac))
            .run(message.run_id)
            .put("rsvd", "0000000000000000")
    }
}

fn of_message(message: &Mme<'_>) -> Map<String, Value> {
    let fields = Fields(Map::new());
    match message {
        Mme::SlacParmReq(message) => fields.header().run(message.run_id),
        Mme::SlacParmCnf(message) => fields
            .header()
            .put("m_sound_target", mac(MacAddr::BROADCAST))
            .sounding(message.sounding)
            .put("forwarding_sta", mac(message.forwarding_sta))
            .run(message.run_id),
        Mme::StartAttenCharInd(message) => fields
            .header()
            .sounding(message.sounding)
            .put("forwarding_sta", mac(message.forwarding_sta))
            .run(message.run_id),
        Mme::MnbcSoundInd(message) => fields
            .header()
            .station("sender_id", message.sender_id)
            .put("cnt", message.remaining)
            .run(message.run_id)
            .put("rsvd", "0000000000000000")
            .put("rnd", hex(&message.random)),
        Mme::AttenProfileInd(message) => {
            fields.put("pev_mac", mac(message.pev_mac)).put("rsvd", 0).groups(message.groups)
        }
        Mme::AttenCharInd(message) => {
            let groups = message.groups.as_slice();
            let sum: f64 = groups.iter().map(|group| f64::from(*group)).sum();
            let mean = (sum / groups.len() as f64 * 1000.0).round() / 1000.0;
            fields
                .header()
                .put("source_address", mac(message.source_address))
                .run(message.run_id)
                .station("source_id", message.source_id)
                .station("resp_id", message.resp_id)
                .put("num_sounds", message.num_sounds)
                .groups(message.groups)
                .put("avg_attenuation_db", mean)
        }
        Mme::AttenCharRsp(message) => fields
            .header()
            .put("source_address", mac(message.source_address))
            .run(message.run_id)
            .station("source_id", message.source_id)
            .station("resp_id", message.resp_id)
            .put("result", message.result),
        Mme::SlacMatchReq(message) => fields.choice(message).put("mvf_length", 62),
        Mme::SlacMatchCnf(message) => fields
            .choice(&message.request)
            .put("mvf_length", 86)
            .nid(message.network.nid)
            .put("rsvd2", 0)
            .put("nmk", hex(message.network.nmk.expose())),
        Mme::SetKeyReq(message) => fields
            .put("key_type", 1)
            .nonce("my_nonce", message.my_nonce)
            .put("your_nonce", "00000000")
            .put("pid", 4)
            .put("prn", 0)
            .put("pmn", 0)
            .put("cco_cap", message.cco_capability)
            .nid(message.network.nid)
            .put("new_eks", 1)
            .put("new_key", hex(message.network.nmk.expose())),
        Mme::SetKeyCnf(message) => fields
            .put("result", message.result)
            .nonce("my_nonce", message.my_nonce)
            .nonce("your_nonce", message.your_nonce)
            .put("pid", message.pid)
            .put("prn", message.prn)
            .put("pmn", message.pmn)
            .put("cco_cap", message.cco_capability),
        Mme::GetKeyReq(message) => fields
            .put("request_type", message.request_type)
            .put("key_type", message.key_type)
            .nid(message.nid)
            .nonce("my_nonce", message.my_nonce)
            .put("pid", message.pid)
            .put("prn", message.prn)
            .put("pmn", message.pmn),
        Mme::GetKeyCnf(message) => fields
            .put("result", message.result)
            .put("key_type", message.key_type)
            .nonce("my_nonce", message.my_nonce)
            .nonce("your_nonce", message.your_nonce)
            .nid(message.network.nid)
            .put("eks", message.eks)
            .put("pid", message.pid)
            .put("prn", message.prn)
            .put("pmn", message.pmn)
            .put("key", hex(message.network.nmk.expose())),
        Mme::NwInfoCnf(message) => {
            let networks: Vec<Value> = message
                .networks()
                .map(|network| {
                    json!({
                        "nid": hex(&network.nid.0), "snid": network.snid, "tei": network.tei,
                        "role": network.role, "cco_mac": network.cco_mac.to_string(),
                        "access": network.access, "num_coord": network.neighbours,
                    })
                })
                .collect();
            fields.put("num_nw", networks.len()).put("networks", networks)
        }
        Mme::Qualcomm(message) => of_qualcomm(fields, message),
        _ => fields,
    }
    .0
}

fn of_qualcomm(fields: Fields, message: &Qualcomm<'_>) -> Fields {
    match message {
        Qualcomm::SwVerCnf(message) => fields
            .put("oui", "00b052")
            .put("mstatus", message.status)
            .put("device_class", message.device_class)
            .put("ver_len", message.version.len())
            .put("version", String::from_utf8_lossy(message.version).trim_end_matches('\0')),
        Qualcomm::AttenCharInd(message) => fields
            .put("oui", hex(&message.oui))
            .put("pev_mac", mac(message.pev_mac))
            .put("rsvd", hex(&message.reserved))
            .groups(message.groups),
        _ => fields.put("oui", "00b052"),
    }
}
