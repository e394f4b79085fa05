//! A HomePlug frame as a tree, and who sent it.

use v2g_slac::mme::{Lumissil, Qualcomm, SlacMatchReq, Sounding};
use v2g_slac::{Attenuation, Frame, Groups, MmType, Mme};

use crate::capture::Sender;
use crate::tree::{Element, Name, Node, Value};

/// The content of a message; keys are left out.
pub(crate) fn describe(frame: &Frame<'_>) -> Result<Element, v2g_slac::MmeError> {
    let message = Mme::parse(frame)?;
    let mut fields = Fields(Vec::new());
    fields.text("Source", frame.source());
    fields.text("Destination", frame.destination());
    of_message(&mut fields, &message);
    Ok(element(&frame.mmtype().to_string(), fields.0))
}

/// Which side of the cable sends a message of this type.
pub(crate) fn sender(mmtype: MmType) -> Sender {
    use v2g_slac::MmType as T;
    match mmtype {
        T::CM_SLAC_PARM_REQ
        | T::CM_START_ATTEN_CHAR_IND
        | T::CM_MNBC_SOUND_IND
        | T::CM_ATTEN_CHAR_RSP
        | T::CM_VALIDATE_REQ
        | T::CM_SLAC_MATCH_REQ => Sender::Vehicle,
        T::CM_SLAC_PARM_CNF
        | T::CM_ATTEN_CHAR_IND
        | T::CM_ATTEN_PROFILE_IND
        | T::CM_VALIDATE_CNF
        | T::CM_SLAC_MATCH_CNF => Sender::Station,
        _ => Sender::Unknown,
    }
}

fn name(local: &str) -> Name {
    Name { namespace: String::new(), local: local.to_owned() }
}

fn element(local: &str, content: Vec<Node>) -> Element {
    Element { name: name(local), attributes: Vec::new(), content }
}

struct Fields(Vec<Node>);

impl Fields {
    fn value(&mut self, local: &str, value: Value) {
        self.0.push(Node::Element(element(local, vec![Node::Value(value)])));
    }

    fn text(&mut self, local: &str, text: impl std::fmt::Display) {
        self.value(local, Value::Text(format!("{text}")));
    }

    fn number(&mut self, local: &str, number: impl Into<u64>) {
        self.value(local, Value::Integer(number.into().to_string()));
    }

    fn hex(&mut self, local: &str, bytes: &[u8]) {
        self.value(local, Value::Hex(bytes.to_vec()));
    }

    fn sounding(&mut self, sounding: Sounding) {
        self.number("NumSounds", sounding.num_sounds.get());
        self.number("TimeOut", sounding.time_out.get());
    }

    fn groups(&mut self, groups: Groups<'_>) {
        if let Some(whole) = groups.whole() {
            self.text("Mean", Attenuation::mean(whole));
        }
        self.number("NumGroups", groups.count());
        self.hex("Groups", groups.as_slice());
    }

    fn choice(&mut self, message: &SlacMatchReq) {
        self.text("PevMac", message.pev_mac);
        self.text("EvseMac", message.evse_mac);
        self.text("RunId", message.run_id);
    }
}

fn of_message(fields: &mut Fields, message: &Mme<'_>) {
    match message {
        Mme::SlacParmReq(message) => fields.text("RunId", message.run_id),
        Mme::SlacParmCnf(message) => {
            fields.sounding(message.sounding);
            fields.text("ForwardingSta", message.forwarding_sta);
            fields.text("RunId", message.run_id);
        }
        Mme::StartAttenCharInd(message) => {
            fields.sounding(message.sounding);
            fields.text("ForwardingSta", message.forwarding_sta);
            fields.text("RunId", message.run_id);
        }
        Mme::MnbcSoundInd(message) => {
            fields.number("Remaining", message.remaining);
            fields.text("RunId", message.run_id);
            fields.hex("Random", &message.random);
        }
        Mme::AttenProfileInd(message) => {
            fields.text("PevMac", message.pev_mac);
            fields.groups(message.groups);
        }
        Mme::AttenCharInd(message) => {
            fields.text("SourceAddress", message.source_address);
            fields.text("RunId", message.run_id);
            fields.number("NumSounds", message.num_sounds);
            fields.groups(message.groups);
        }
        Mme::AttenCharRsp(message) => {
            fields.text("SourceAddress", message.source_address);
            fields.text("RunId", message.run_id);
            fields.number("Result", message.result);
        }
        Mme::ValidateReq(message) => {
            fields.number("Timer", message.timer);
            fields.text("Result", format!("{:?}", message.result));
        }
        Mme::ValidateCnf(message) => {
            fields.number("Toggles", message.toggles);
            fields.text("Result", format!("{:?}", message.result));
        }
        Mme::SlacMatchReq(message) => fields.choice(message),
        Mme::SlacMatchCnf(message) => {
            fields.choice(&message.request);
            fields.text("Nid", message.network.nid);
        }
        Mme::SetKeyReq(message) => fields.text("Nid", message.network.nid),
        Mme::SetKeyCnf(message) => fields.number("Result", message.result),
        Mme::GetKeyReq(message) => fields.text("Nid", message.nid),
        Mme::GetKeyCnf(message) => {
            fields.number("Result", message.result);
            fields.text("Nid", message.network.nid);
        }
        Mme::AmpMapReq(message) => fields.number("Carriers", message.map.carriers()),
        Mme::AmpMapCnf(message) => fields.number("Result", message.result),
        Mme::NwInfoReq | Mme::NwStatsReq => {}
        Mme::NwInfoCnf(message) => {
            for network in message.networks() {
                fields.text("Nid", network.nid);
                fields.text("Coordinator", network.cco_mac);
            }
        }
        Mme::NwStatsCnf(message) => {
            for station in message.stations() {
                let text = format!("{}, {} and {} Mbit/s", station.station, station.to, station.from);
                fields.text("Station", text);
            }
        }
        Mme::Qualcomm(message) => of_qualcomm(fields, message),
        Mme::Lumissil(message) => of_lumissil(fields, message),
        Mme::Raw { payload, .. } => fields.hex("Payload", payload),
    }
}

fn of_qualcomm(fields: &mut Fields, message: &Qualcomm<'_>) {
    match message {
        Qualcomm::SwVerCnf(message) => {
            fields.number("DeviceClass", message.device_class);
            fields.text("Version", String::from_utf8_lossy(message.version).trim_end_matches('\0'));
        }
        Qualcomm::RsDevCnf(status) => fields.number("Status", *status),
        Qualcomm::NwInfoCnf(message) => {
            for network in message.networks() {
                fields.text("Nid", network.nid);
                fields.number("Stations", network.stations);
            }
            for station in message.stations() {
                fields
                    .text("Station", format!("{}, {} and {} Mbit/s", station.mac, station.to, station.from));
            }
        }
        Qualcomm::OpAttributesCnf(message) => {
            let (names, _) = message.attributes.split_at(message.attributes.len().min(32));
            for (name, text) in ["Hardware", "Software"].into_iter().zip(names.chunks(16)) {
                fields.text(name, String::from_utf8_lossy(text).trim_end_matches('\0'));
            }
        }
        Qualcomm::LinkStatusCnf { status, link } => {
            fields.number("Status", *status);
            fields.number("Link", *link);
        }
        Qualcomm::AttenCharInd(message) => {
            fields.text("PevMac", message.pev_mac);
            fields.groups(message.groups);
        }
        Qualcomm::Other { data, .. } => fields.hex("Data", data),
        Qualcomm::SwVerReq(_)
        | Qualcomm::RsDevReq
        | Qualcomm::NwInfoReq
        | Qualcomm::OpAttributesReq(_)
        | Qualcomm::LinkStatusReq => {}
    }
}

fn of_lumissil(fields: &mut Fields, message: &Lumissil<'_>) {
    match message {
        Lumissil::Request { .. } => {}
        Lumissil::Version { numbers, .. } => fields.text("Version", numbers.map(|n| n.to_string()).join(".")),
        Lumissil::DeviceState { state, .. } => fields.number("State", *state),
        Lumissil::LinkStatus { status, .. } => fields.number("Link", *status),
        Lumissil::HostMessage { event, .. } => fields.number("Event", *event),
        Lumissil::Other { data, .. } => fields.hex("Data", data),
    }
}
