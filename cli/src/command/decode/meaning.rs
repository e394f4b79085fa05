//! What a payload says, found out by its type or by trial.

use v2gtp::{PayloadType, SchemaSet, SdpMessage};

use super::discovery;
use crate::engine::{self, Coding, Engine, Set, Step};
use crate::tree::Element;

/// What a payload turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An EXI document or fragment of `set`.
    Exi {
        set: Set,
        /// Other sets whose grammar reads the same bytes.
        also: Vec<Set>,
        root: Element,
        /// Bytes behind the end.
        trailing: usize,
    },
    /// A message of the discovery protocol.
    Sdp(Element),
    /// Known for what it is, but not read by this program.
    Named(&'static str),
    /// Not what it should be: a reason for each set that was tried.
    Undecodable(Vec<(Option<Set>, String)>),
}

impl Meaning {
    /// The payload of a V2GTP message.
    pub(super) fn of_payload(engine: &dyn Engine, payload_type: PayloadType, payload: &[u8]) -> Self {
        let sets: &[Set] = match payload_type.schema_set() {
            Some(SchemaSet::AppProtocol) if is_legacy(payload) => {
                return Self::Named("a message of ISO 15118-2 or DIN SPEC 70121");
            }
            Some(SchemaSet::AppProtocol) => &[Set::AppProtocol],
            Some(SchemaSet::CommonMessages) => &[Set::Common],
            Some(SchemaSet::Ac) => &[Set::Ac],
            Some(SchemaSet::Dc) => &[Set::Dc],
            Some(SchemaSet::Acdp) => &[Set::Acdp],
            Some(SchemaSet::Wpt) => &[Set::Wpt],
            Some(SchemaSet::Mixed) => &[Set::Common, Set::Dc, Set::Ac, Set::Wpt],
            Some(SchemaSet::AcDerIec | SchemaSet::AcDerSae) => {
                return Self::Named("a message of Amendment 1");
            }
            None => return Self::of_datagram(payload_type, payload),
        };
        Self::of_exi(engine, sets, Coding::Document, payload)
    }

    /// EXI that may belong to any of `sets`.
    pub(super) fn of_exi(engine: &dyn Engine, sets: &[Set], coding: Coding, exi: &[u8]) -> Self {
        let mut fitting = Vec::new();
        let mut reasons = Vec::new();
        for &set in sets {
            match engine.decode(set, coding, exi) {
                Ok(decoded) => fitting.push((set, decoded)),
                Err(error) => reasons.push((Some(set), error.to_string())),
            }
        }
        // A grammar that leaves nothing over fits better than one that stops midway, a message better than one of
        // the other global elements.
        fitting.sort_by_key(|(_, decoded)| (exi.len() - decoded.consumed, !is_message(&decoded.root)));
        let least = fitting.first().map(|(_, decoded)| decoded.consumed);
        let mut best = fitting.into_iter().filter(|(_, decoded)| Some(decoded.consumed) == least);
        match best.next() {
            None => Self::Undecodable(reasons),
            Some((set, decoded)) => Self::Exi {
                set,
                also: best.map(|(set, _)| set).collect(),
                root: decoded.root,
                trailing: exi.len() - decoded.consumed,
            },
        }
    }

    fn of_datagram(payload_type: PayloadType, payload: &[u8]) -> Self {
        if let PayloadType::Manufacturer(_) = payload_type {
            return Self::Named("a message of a manufacturer's own");
        }
        if let PayloadType::Reserved(_) = payload_type {
            return Self::Named("a message of a reserved type");
        }
        let mut datagram = Vec::with_capacity(v2gtp::HEADER_LEN + payload.len());
        let header = v2gtp::Header { payload_type, payload_len: payload.len() as u32 };
        datagram.extend(header.to_bytes());
        datagram.extend(payload);
        match SdpMessage::parse(&datagram) {
            Ok(message) => Self::Sdp(discovery::tree(&message)),
            Err(error) => Self::Undecodable(vec![(None, error.to_string())]),
        }
    }

    /// The events of EXI in the grammar that fits, else in each that was tried up to what is wrong.
    pub(super) fn explain(&self, coding: Coding, exi: &[u8]) -> Vec<(Set, Vec<Step>)> {
        let sets = match self {
            Self::Exi { set, .. } => vec![*set],
            Self::Undecodable(reasons) => reasons.iter().filter_map(|(set, _)| *set).collect(),
            Self::Sdp(_) | Self::Named(_) => Vec::new(),
        };
        sets.into_iter().map(|set| (set, engine::explain(set, coding, exi))).collect()
    }

    /// The name of the message, where it is known.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Exi { root, .. } | Self::Sdp(root) => Some(&root.name.local),
            Self::Named(_) | Self::Undecodable(_) => None,
        }
    }
}

fn is_message(root: &Element) -> bool {
    root.name.local.ends_with("Req") || root.name.local.ends_with("Res")
}

/// Whether the root code is that of `V2G_Message` in one of the older protocols, which share a payload type with
/// supportedAppProtocol.
fn is_legacy(exi: &[u8]) -> bool {
    matches!(exi, [0x80, root, ..] if matches!(root >> 1, 76 | 77))
}

#[cfg(test)]
mod tests {
    use v2gtp::PayloadType;

    use super::Meaning;
    use crate::engine::{self, Coding, EngineKind, Set};
    use crate::input::hex;

    fn of_payload(payload_type: u16, digits: &str) -> Meaning {
        let engine = engine::of(EngineKind::Grammar);
        Meaning::of_payload(engine.as_ref(), PayloadType::from(payload_type), &hex(digits).unwrap())
    }

    fn reasons(meaning: Meaning) -> Vec<(Option<Set>, String)> {
        match meaning {
            Meaning::Undecodable(reasons) => reasons,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bare_exi_is_tried_with_every_set_and_messages_win() {
        let engine = engine::of(EngineKind::Grammar);
        let exi = hex("80400040").unwrap();
        match Meaning::of_exi(engine.as_ref(), &Set::OF_MESSAGES, Coding::Document, &exi) {
            Meaning::Exi { set, also, root, trailing } => {
                assert_eq!(
                    (set, root.name.local.as_str(), trailing),
                    (Set::AppProtocol, "supportedAppProtocolRes", 0)
                );
                assert_eq!(also, [Set::Wpt]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_names_set_place_and_element() {
        let reasons = reasons(of_payload(0x8004, "803404"));
        assert_eq!(reasons.len(), 1);
        assert_eq!(reasons[0].0, Some(Set::Dc));
        assert!(reasons[0].1.contains("bit 16") && reasons[0].1.contains("SessionID"), "{}", reasons[0].1);
    }

    #[test]
    fn bytes_behind_a_message_are_counted() {
        match of_payload(0x8001, "80400040ffff") {
            Meaning::Exi { trailing, .. } => assert_eq!(trailing, 2),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_this_program_does_not_decode_is_named() {
        for (payload_type, digits) in
            [(0x8001, "8098004011"), (0x8001, "809a00"), (0x8010, "80"), (0xa000, "01"), (0x7000, "01")]
        {
            assert!(matches!(of_payload(payload_type, digits), Meaning::Named(_)), "{payload_type:#x}");
        }
    }

    #[test]
    fn discovery_is_shown_like_other_messages() {
        let Meaning::Sdp(root) = of_payload(0x9001, "fe80000000000000664d70fffe0103bfd74e1000") else {
            panic!()
        };
        let expected = r#"{"Address":"fe80::664d:70ff:fe01:3bf","Port":55118,"Security":"Plain","TransportProtocol":"Tcp"}"#;
        assert_eq!(root.to_json().to_string(), expected);
        assert_eq!(reasons(of_payload(0x9001, "fe80")).len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_payload_has_a_meaning_that_can_be_shown(payload_type: u16, mut payload: Vec<u8>, exi: bool) {
            let payload_type = if exi { 0x8001 + payload_type % 6 } else { payload_type };
            if exi && let Some(first) = payload.first_mut() {
                *first = 0x80;
            }
            let engine = engine::of(EngineKind::Grammar);
            let meaning = Meaning::of_payload(engine.as_ref(), PayloadType::from(payload_type), &payload);
            meaning.explain(Coding::Document, &payload);
            if let Meaning::Exi { root, .. } | Meaning::Sdp(root) = meaning {
                root.to_json();
                proptest::prop_assert!(!root.to_xml().is_empty());
            }
        }
    }
}
