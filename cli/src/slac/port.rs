//! Raw packets on an interface.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use pnet_datalink::{Channel, ChannelType, Config, DataLinkSender, NetworkInterface};
use v2g_slac::{ETHERTYPE, MacAddr};

use crate::failure::Failure;

/// How often a reader looks whether anybody still wants its frames.
const LOOK: Duration = Duration::from_millis(200);

/// Which frames are of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    HomePlug,
    Everything,
}

/// An interface that frames are sent to. Received ones go where [`Port::open`] was told.
pub(super) struct Port {
    mac: MacAddr,
    sender: Box<dyn DataLinkSender>,
    closed: Arc<AtomicBool>,
}

impl Port {
    /// Opens an interface. Every received frame is made into a message for `to`, until the port is dropped.
    pub(super) fn open<T: Send + 'static>(
        name: &str,
        interest: Interest,
        to: Sender<T>,
        make: impl Fn(Vec<u8>) -> T + Send + 'static,
    ) -> Result<Self, Failure> {
        let interface = find(name)?;
        let mac = interface.mac.map(|mac| MacAddr(mac.octets()));
        let mac = mac.ok_or_else(|| Failure::failed(format!("{name} has no Ethernet address")))?;
        let config = Config {
            read_timeout: Some(LOOK),
            channel_type: ChannelType::Layer2,
            promiscuous: interest == Interest::Everything,
            ..Config::default()
        };
        let (sender, mut receiver) = match pnet_datalink::channel(&interface, config) {
            Ok(Channel::Ethernet(sender, receiver)) => (sender, receiver),
            Ok(_) => return Err(Failure::failed(format!("{name} is no Ethernet interface"))),
            Err(error) => return Err(denied(name, &error)),
        };
        let closed = Arc::new(AtomicBool::new(false));
        let over = closed.clone();
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                match receiver.next() {
                    Ok(frame) if interest == Interest::HomePlug && !is_homeplug(frame) => {}
                    Ok(frame) => {
                        if to.send(make(frame.to_vec())).is_err() {
                            return;
                        }
                    }
                    Err(error) if is_passing(error.kind()) => {}
                    Err(_) => return,
                }
            }
        });
        Ok(Self { mac, sender, closed })
    }

    /// Opens an interface for HomePlug frames alone.
    pub(super) fn homeplug(name: &str) -> Result<(Self, Receiver<Vec<u8>>), Failure> {
        let (to, frames) = std::sync::mpsc::channel();
        Ok((Self::open(name, Interest::HomePlug, to, |frame| frame)?, frames))
    }

    /// The address of the interface.
    pub(super) fn mac(&self) -> MacAddr {
        self.mac
    }

    /// Sends a frame. One that cannot be sent is lost, as on the line.
    pub(super) fn send(&mut self, frame: &[u8]) {
        let _ = self.sender.send_to(frame, None);
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

fn find(name: &str) -> Result<NetworkInterface, Failure> {
    let found = pnet_datalink::interfaces().into_iter().find(|interface| interface.name == name);
    found.ok_or_else(|| {
        Failure::failed(format!("there is no interface {name}")).advise("`ip link` lists the interfaces")
    })
}

fn denied(name: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::failed(format!("cannot open {name} for raw packets: {error}"));
    match error.kind() {
        ErrorKind::PermissionDenied => failure.advise("raw packets need root or CAP_NET_RAW"),
        _ => failure,
    }
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn is_homeplug(frame: &[u8]) -> bool {
    let ethertype =
        |at: usize| frame.get(at..).and_then(<[u8]>::first_chunk).copied().map(u16::from_be_bytes);
    ethertype(12) == Some(ETHERTYPE) || ethertype(12) == Some(0x8100) && ethertype(16) == Some(ETHERTYPE)
}
