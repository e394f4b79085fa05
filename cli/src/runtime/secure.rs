//! TLS between an engine and its socket, and what is known of the peer once it is there.

use iso15118_20::security::PeerId;
use serde_json::{Map, Value, json};
use v2g_pki::Certificate;
use v2g_tls::{Handshake, Link, Peer, Phase};

/// What stands between an engine and its socket.
#[derive(Debug)]
pub(super) enum Wire {
    /// Nothing: a laboratory.
    Plain,
    /// TLS.
    Tls(Box<Link>),
}

/// How far a handshake is.
#[derive(Clone, Debug)]
pub(super) enum Handshaking {
    UnderWay,
    Done(Secured),
    Failed(String),
}

impl Wire {
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// Where the handshake stands; without TLS there is none.
    pub(super) fn handshake(&self) -> Handshaking {
        let Self::Tls(link) = self else { return Handshaking::UnderWay };
        match (link.phase(), link.peer()) {
            // Charging takes a full handshake [V2G20-2677].
            (_, Some(peer)) if peer.handshake() == Handshake::Resumed => {
                Handshaking::Failed("the session was resumed, which is not for charging".to_owned())
            }
            (Phase::Open | Phase::PeerClosed, Some(peer)) => Handshaking::Done(Secured::new(peer)),
            (Phase::Handshake, _) => Handshaking::UnderWay,
            _ => Handshaking::Failed("the peer closed the connection during the handshake".to_owned()),
        }
    }
}

/// A link that nobody else reads, and who is at its other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secured {
    /// What sessions are bound to.
    pub(crate) peer: PeerId,
    /// The common name of the peer's leaf.
    pub(crate) name: String,
    /// The common name of who issued it.
    issuer: String,
    suite: String,
    group: &'static str,
}

impl Secured {
    fn new(peer: &Peer) -> Self {
        let leaf = Certificate::parse(peer.leaf()).ok();
        let text = |name: Option<&str>| name.unwrap_or("?").to_owned();
        Self {
            peer: PeerId(peer.fingerprint()),
            name: text(leaf.and_then(|leaf| leaf.subject().common_name())),
            issuer: text(leaf.and_then(|leaf| leaf.issuer().common_name())),
            suite: peer.suite().as_str().unwrap_or("?").replace("TLS13_", "TLS_"),
            group: peer.group().and_then(|group| group.as_str()).unwrap_or("?"),
        }
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let Self { name, issuer, suite, group, .. } = self;
        format!("TLS 1.3  {suite}  {group}  peer {name}, issued by {issuer}, {}", self.fingerprint())
    }

    /// For programs.
    pub(crate) fn facts(&self) -> Map<String, Value> {
        let facts = json!({
            "version": "TLS 1.3", "suite": self.suite, "group": self.group, "peer": self.name,
            "issuer": self.issuer, "fingerprint": self.fingerprint(),
        });
        match facts {
            Value::Object(facts) => facts,
            _ => Map::new(),
        }
    }

    /// The beginning of the fingerprint, enough to tell certificates apart.
    fn fingerprint(&self) -> String {
        let [first, .., _] = self.peer.0.as_chunks::<8>().0 else { return String::new() };
        format!("sha512 {}", crate::input::to_hex(first))
    }
}
