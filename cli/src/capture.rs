//! V2G messages out of captures: `pcap` and `pcapng`, TCP put back in order, SDP, and what cannot be read by name.

mod file;
mod frame;
mod messages;
#[cfg(test)]
mod synth;
mod tcp;
mod tls;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::Read;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use thiserror::Error;
use v2gtp::{Frame, FrameError, PayloadType, SDP_PORT};

pub(crate) use file::FileError;
use file::Packets;
use frame::{Datagram, Segment, Transport};
use messages::{Extractor, Yield};
use tcp::{Origin, Reassembly};
pub(crate) use tls::{Certificates, Records, Suite};
use tls::{Found, KeyLog, Session};

/// Connections that are followed at the same time; the one that was silent longest ends first.
const MAX_CONNECTIONS: usize = 256;
/// The UDP port on which test systems tell the secrets of their TLS sessions, as lines of a key log.
const KEY_LOG_PORT: u16 = 52345;
/// Stations that are remembered from SDP.
const MAX_STATIONS: usize = 1024;

/// Which side of the cable sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The EVCC.
    Vehicle,
    /// The SECC.
    Station,
    /// The capture started too late to tell.
    Unknown,
}

/// From one socket to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) sender: Sender,
}

/// A message or a remark, with the packet that completed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Number of the packet in the file, from 1.
    pub(crate) frame: u64,
    /// Time since the first packet of the file.
    pub(crate) time: Duration,
    pub(crate) flow: Flow,
    pub(crate) content: Content,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A V2GTP message without its header.
    Message {
        payload_type: PayloadType,
        payload: Vec<u8>,
    },
    /// A HomePlug frame, whole. Its flow has no sockets.
    HomePlug(Vec<u8>),
    /// What one side of a TLS connection showed.
    Certificates(Certificates),
    Note(Note),
}

/// What a reader has to know about messages that are not there. Shown as a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Note {
    /// Sent, but not in the capture.
    #[error("{bytes} bytes are missing from the capture")]
    Gap { bytes: u64 },
    /// Read, but without a header in front.
    #[error("{bytes} bytes without a V2GTP header passed over")]
    Skipped { bytes: u64 },
    /// In step, but what follows is no header.
    #[error("no V2GTP header where one must stand: {0}")]
    NoHeader(FrameError),
    /// In step, but the length is beyond belief.
    #[error("a header that announces {bytes} bytes is not believed")]
    TooLong { bytes: u32 },
    /// The stream ends or has a gap inside a message.
    #[error("a message breaks off after {have} of {of} bytes")]
    Incomplete { have: usize, of: u32 },
    /// From here on the connection is TLS.
    #[error("encrypted with TLS")]
    Encrypted,
    /// Its secrets are known.
    #[error("TLS 1.3 opened, {}", suite.name())]
    Opened { suite: Suite },
    /// Why one side ended it, by the number of RFC 8446.
    #[error("TLS alert {}", alert_name(*number))]
    Alert { number: u8 },
    /// What TLS carried, at the end of its connection.
    #[error(
        "end of the TLS connection{}: {} handshake, {} application data, {} alert records{}",
        version_name(*version), records.handshake, records.application_data, records.alert,
        unopened_name(*unopened)
    )]
    EncryptedEnd { version: Option<u16>, records: Records, unopened: u64 },
    /// A connection that is neither V2GTP nor TLS.
    #[error("{bytes} bytes of another protocol passed over")]
    Unrecognised { bytes: u64 },
    /// A datagram to or from the SDP port that is no SDP.
    #[error("not an SDP message: {0}")]
    BadDatagram(FrameError),
}

fn version_name(version: Option<u16>) -> &'static str {
    match version {
        Some(0x0304) => " (TLS 1.3)",
        Some(0x0303) => " (TLS 1.2)",
        Some(0x0302) => " (TLS 1.1)",
        Some(0x0301) => " (TLS 1.0)",
        _ => "",
    }
}

fn unopened_name(unopened: u64) -> String {
    match unopened {
        0 => String::new(),
        1 => ", 1 not decoded".to_owned(),
        more => format!(", {more} not decoded"),
    }
}

fn alert_name(number: u8) -> String {
    let name = match number {
        10 => "unexpected_message",
        20 => "bad_record_mac",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        90 => "user_canceled",
        109 => "missing_extension",
        113 => "bad_certificate_status_response",
        116 => "certificate_required",
        other => return other.to_string(),
    };
    name.to_owned()
}

/// One connection, both directions. Index 0 is the socket that was seen sending first.
#[derive(Debug)]
struct Connection {
    sockets: [SocketAddr; 2],
    /// Index of the side that opened the connection.
    client: Option<usize>,
    halves: [Half; 2],
    /// Number of the last packet.
    used: u64,
    tls: Option<Box<Session>>,
}

#[derive(Debug, Default)]
struct Half {
    reassembly: Reassembly,
    extractor: Extractor,
}

/// Reads a capture and yields its V2G messages in the order in which they became complete.
///
/// Memory is bounded whatever the length of the file. An error is the last item; what was complete
/// before it comes first.
#[derive(Debug)]
pub(crate) struct Capture<R> {
    packets: Packets<R>,
    started: Option<Duration>,
    connections: HashMap<(SocketAddr, SocketAddr), Connection>,
    /// Sockets that SDP announced.
    stations: HashSet<SocketAddr>,
    keys: KeyLog,
    /// Lines of key logs that stand in the file.
    lines: Vec<u8>,
    ready: VecDeque<Item>,
    end: Option<Result<(), FileError>>,
}

/// Whether a file that starts with these four bytes or more is a capture.
pub(crate) fn recognises(bytes: &[u8]) -> bool {
    file::recognises(bytes)
}

impl<R: Read> Capture<R> {
    /// Reads the file header.
    pub(crate) fn new(input: R) -> Result<Self, FileError> {
        Ok(Self {
            packets: Packets::new(input)?,
            started: None,
            connections: HashMap::new(),
            stations: HashSet::new(),
            keys: KeyLog::default(),
            lines: Vec::new(),
            ready: VecDeque::new(),
            end: None,
        })
    }

    /// Learns the secrets of TLS sessions from the lines of a key log, and returns how many there were.
    pub(crate) fn learn(&mut self, lines: &[u8]) -> usize {
        let learned = self.keys.add(lines);
        if learned > 0 {
            for connection in self.connections.values_mut() {
                connection.go_on(&self.keys, &mut self.ready);
            }
        }
        learned
    }

    /// When the capture begins, since 1970, once a packet was read.
    pub(crate) fn started(&self) -> Option<Duration> {
        self.started
    }

    /// Bytes of the file that have been read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.packets.bytes_read()
    }

    /// Reads one packet; `None` at the end of the file.
    fn packet(&mut self) -> Result<Option<()>, FileError> {
        let Some(packet) = self.packets.next(&mut self.lines)? else { return Ok(None) };
        self.keys.add(&self.lines);
        self.lines.clear();
        let started = *self.started.get_or_insert(packet.time);
        let origin = Origin { frame: packet.number, time: packet.time.saturating_sub(started) };
        if let Some(frame) = frame::homeplug(packet.link, packet.data) {
            self.ready.push_back(homeplug(origin, frame));
            return Ok(Some(()));
        }
        let Some(datagram) = frame::parse(packet.link, packet.data) else { return Ok(Some(())) };
        let Datagram { source, destination, transport } = datagram;
        match transport {
            Transport::Udp(data) if source.port() == SDP_PORT || destination.port() == SDP_PORT => {
                let item = discovery(&mut self.stations, origin, source, destination, data);
                self.ready.push_back(item);
            }
            Transport::Udp(data) if source.port() == KEY_LOG_PORT || destination.port() == KEY_LOG_PORT => {
                let lines = data.to_vec();
                self.learn(&lines);
            }
            Transport::Udp(_) => {}
            Transport::Tcp(segment) => {
                let key = if source <= destination { (source, destination) } else { (destination, source) };
                let open = self.connections.get(&key);
                let reopened =
                    open.is_some_and(|c| c.halves[c.index(source)].reassembly.is_reopened_by(&segment));
                if reopened {
                    close(self.connections.remove(&key), &self.keys, &mut self.ready);
                }
                if self.connections.len() == MAX_CONNECTIONS && !self.connections.contains_key(&key) {
                    let silent = self.connections.iter().min_by_key(|(_, c)| c.used).map(|(key, _)| *key);
                    let silent = silent.and_then(|key| self.connections.remove(&key));
                    close(silent, &self.keys, &mut self.ready);
                }
                let connection =
                    self.connections.entry(key).or_insert_with(|| Connection::new(source, destination));
                connection.identify(&self.stations);
                connection.segment(origin, source, &segment, &self.keys, &mut self.ready);
            }
        }
        Ok(Some(()))
    }

    /// Ends all connections, in the order of their last packets.
    fn finish(&mut self) {
        let mut open: Vec<_> = self.connections.drain().map(|(_, connection)| connection).collect();
        open.sort_by_key(|c| c.used);
        for connection in open {
            close(Some(connection), &self.keys, &mut self.ready);
        }
    }
}

impl<R: Read> Iterator for Capture<R> {
    type Item = Result<Item, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            match self.end.take() {
                Some(Ok(())) => {
                    self.end = Some(Ok(()));
                    return None;
                }
                Some(Err(error)) => {
                    self.end = Some(Ok(()));
                    return Some(Err(error));
                }
                None => match self.packet() {
                    Ok(Some(())) => {}
                    Ok(None) => {
                        self.finish();
                        self.end = Some(Ok(()));
                    }
                    Err(error) => {
                        self.finish();
                        self.end = Some(Err(error));
                    }
                },
            }
        }
    }
}

/// A frame between modems and their hosts.
fn homeplug(origin: Origin, frame: &[u8]) -> Item {
    let sender =
        v2g_slac::Frame::new_checked(frame).map_or(Sender::Unknown, |f| crate::slac::sender(f.mmtype()));
    let nowhere = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);
    let flow = Flow { source: nowhere, destination: nowhere, sender };
    Item { frame: origin.frame, time: origin.time, flow, content: Content::HomePlug(frame.to_vec()) }
}

/// A datagram of the discovery protocol; a response also tells where a station listens.
fn discovery(
    stations: &mut HashSet<SocketAddr>,
    origin: Origin,
    source: SocketAddr,
    destination: SocketAddr,
    data: &[u8],
) -> Item {
    let mut sender = if destination.port() == SDP_PORT { Sender::Vehicle } else { Sender::Station };
    let content = match Frame::new_checked(data) {
        Ok(frame) => {
            use PayloadType::{SdpEmspResponse, SdpResponse, SdpWirelessResponse};
            if matches!(frame.payload_type(), SdpResponse | SdpWirelessResponse | SdpEmspResponse) {
                sender = Sender::Station;
                if let Some((address, [p0, p1, ..])) = frame.payload().split_first_chunk::<16>()
                    && stations.len() < MAX_STATIONS
                {
                    let address = IpAddr::V6(Ipv6Addr::from(*address));
                    stations.insert(SocketAddr::new(address, u16::from_be_bytes([*p0, *p1])));
                }
            }
            Content::Message { payload_type: frame.payload_type(), payload: frame.payload().to_vec() }
        }
        Err(error) => Content::Note(Note::BadDatagram(error)),
    };
    Item { frame: origin.frame, time: origin.time, flow: Flow { source, destination, sender }, content }
}

impl Connection {
    fn new(first: SocketAddr, second: SocketAddr) -> Self {
        Self { sockets: [first, second], client: None, halves: <[Half; 2]>::default(), used: 0, tls: None }
    }

    fn index(&self, source: SocketAddr) -> usize {
        usize::from(self.sockets[0] != source)
    }

    /// A connection to a socket that SDP announced comes from the vehicle.
    fn identify(&mut self, stations: &HashSet<SocketAddr>) {
        if self.client.is_none()
            && let Some(station) = self.sockets.iter().position(|s| stations.contains(s))
        {
            self.client = Some(1 - station);
        }
    }

    fn segment(
        &mut self,
        origin: Origin,
        source: SocketAddr,
        segment: &Segment<'_>,
        keys: &KeyLog,
        ready: &mut VecDeque<Item>,
    ) {
        let from = self.index(source);
        self.used = origin.frame;
        if segment.syn {
            self.client = Some(if segment.acknowledged.is_none() { from } else { 1 - from });
        }
        // What the other side has received and we have not will not come any more.
        if let Some(acknowledged) = segment.acknowledged {
            let Half { reassembly, extractor } = &mut self.halves[1 - from];
            reassembly.acknowledge(acknowledged, extractor);
        }
        let Half { reassembly, extractor } = &mut self.halves[from];
        reassembly.push(origin, segment, extractor);
        if segment.rst {
            self.halves.iter_mut().for_each(|Half { reassembly, extractor }| reassembly.flush(extractor));
        }
        self.drain(1 - from, keys, ready);
        self.drain(from, keys, ready);
    }

    fn drain(&mut self, from: usize, keys: &KeyLog, ready: &mut VecDeque<Item>) {
        let flow = self.flow(from);
        let Self { halves, tls, .. } = self;
        for (origin, found) in halves[from].extractor.drain() {
            let content = match found {
                Yield::Message(payload_type, payload) => Content::Message { payload_type, payload },
                // Once for the connection, not once for each direction.
                Yield::Note(Note::Encrypted) if tls.is_some() => continue,
                Yield::Note(note) => {
                    if note == Note::Encrypted {
                        *tls = Some(Box::default());
                    }
                    Content::Note(note)
                }
                Yield::Record(record) => {
                    if let Some(tls) = tls {
                        tls.record(from, origin, record, keys);
                    }
                    continue;
                }
                Yield::Missing(bytes) => {
                    if let Some(tls) = tls {
                        tls.gap(from, origin, bytes);
                    }
                    continue;
                }
            };
            ready.push_back(Item { frame: origin.frame, time: origin.time, flow, content });
        }
        self.carried(ready);
    }

    /// Secrets have become known.
    fn go_on(&mut self, keys: &KeyLog, ready: &mut VecDeque<Item>) {
        if let Some(tls) = &mut self.tls {
            tls.go_on(keys);
            self.carried(ready);
        }
    }

    /// What was in the TLS of this connection.
    fn carried(&mut self, ready: &mut VecDeque<Item>) {
        let flows = [self.flow(0), self.flow(1)];
        let Some(tls) = &mut self.tls else { return };
        for (from, Origin { frame, time }, found) in tls.drain() {
            let content = match found {
                Found::Opened(suite) => Content::Note(Note::Opened { suite }),
                Found::Alert(number) => Content::Note(Note::Alert { number }),
                Found::Certificates(certificates) => Content::Certificates(certificates),
                Found::Carried(Yield::Message(payload_type, payload)) => {
                    Content::Message { payload_type, payload }
                }
                Found::Carried(Yield::Note(note)) => Content::Note(note),
                // TLS in TLS is none of ours.
                Found::Carried(Yield::Record(_) | Yield::Missing(_)) => continue,
            };
            ready.push_back(Item { frame, time, flow: flows[from], content });
        }
    }

    fn flow(&self, from: usize) -> Flow {
        let sender = match self.client {
            None => Sender::Unknown,
            Some(client) if client == from => Sender::Vehicle,
            Some(_) => Sender::Station,
        };
        Flow { source: self.sockets[from], destination: self.sockets[1 - from], sender }
    }
}

/// What is left in a connection that ends.
fn close(connection: Option<Connection>, keys: &KeyLog, ready: &mut VecDeque<Item>) {
    let Some(mut connection) = connection else { return };
    for Half { reassembly, extractor } in &mut connection.halves {
        reassembly.flush(extractor);
    }
    let tls: Vec<_> = connection.halves.iter().filter_map(|h| h.extractor.tls()).collect();
    let records = tls.iter().fold(Records::default(), |sum, f| sum + f.records);
    let version = tls.iter().find_map(|f| f.version);
    let last = connection.halves.iter().filter_map(|h| h.extractor.last()).max_by_key(|o| o.frame);
    for from in [0, 1] {
        connection.halves[from].extractor.finish();
        connection.drain(from, keys, ready);
    }
    if let (Some(Origin { frame, time }), Some(tls)) = (last, &mut connection.tls) {
        tls.finish(keys);
        let unopened = tls.unopened;
        connection.carried(ready);
        let flow = connection.flow(connection.client.unwrap_or(0));
        let content = Content::Note(Note::EncryptedEnd { version, records, unopened });
        ready.push_back(Item { frame, time, flow, content });
    }
}

#[cfg(test)]
mod tests;
