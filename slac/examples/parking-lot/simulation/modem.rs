//! A modem as its host sees it: takes a key, says whether there is a link, measures sounds.

use std::time::Duration;

use v2g_slac::mme::{AttenProfileInd, Qualcomm, SetKeyCnf};
use v2g_slac::{Envelope, GROUPS, Groups, MacAddr, Mme, Network};

/// A modem. It keeps its network while its host is off.
#[derive(Debug)]
pub(crate) struct Modem {
    pub(crate) mac: MacAddr,
    pub(crate) network: Option<Network>,
    /// When it takes part in that network.
    pub(crate) joined_at: Duration,
}

impl Modem {
    pub(crate) fn new(mac: MacAddr) -> Self {
        Self { mac, network: None, joined_at: Duration::ZERO }
    }

    pub(crate) fn is_linked(&self, other: &Self, now: Duration) -> bool {
        self.network.is_some()
            && self.network == other.network
            && self.joined_at <= now
            && other.joined_at <= now
    }

    /// What the modem sends to its host when that asks something.
    pub(crate) fn answer(
        &mut self,
        host: MacAddr,
        message: &Mme<'_>,
        up: bool,
        joins_at: Duration,
    ) -> Option<Vec<u8>> {
        let answer = match message {
            Mme::SetKeyReq(request) => {
                if self.network.as_ref() != Some(&request.network) {
                    self.network = Some(request.network.clone());
                    self.joined_at = joins_at;
                }
                Mme::SetKeyCnf(SetKeyCnf {
                    result: 1,
                    my_nonce: 0x1234_5678,
                    your_nonce: request.my_nonce,
                    pid: 4,
                    prn: 0,
                    pmn: 255,
                    cco_capability: 0,
                })
            }
            Mme::Qualcomm(Qualcomm::LinkStatusReq) => {
                Mme::Qualcomm(Qualcomm::LinkStatusCnf { status: 0, link: u8::from(up) })
            }
            _ => return None,
        };
        Some(self.frame(host, &answer))
    }

    /// What the modem sends to its host when it hears a sound.
    pub(crate) fn profile(&self, host: MacAddr, vehicle: MacAddr, groups: &[u8; GROUPS]) -> Vec<u8> {
        self.frame(
            host,
            &Mme::AttenProfileInd(AttenProfileInd { pev_mac: vehicle, groups: Groups::new(groups) }),
        )
    }

    fn frame(&self, host: MacAddr, message: &Mme<'_>) -> Vec<u8> {
        let envelope = Envelope { destination: host, source: self.mac, version: message.version() };
        let mut out = vec![0; message.buffer_len(envelope.version)];
        message.emit(envelope, &mut out).expect("the buffer is large enough");
        out
    }
}
