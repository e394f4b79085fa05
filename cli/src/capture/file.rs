//! The two capture file formats, read packet by packet: `pcap` and `pcapng`.

use std::io::{self, Read};
use std::time::Duration;

use thiserror::Error;

/// The longest packet that is believed; capture programs stop at 256 KiB.
const MAX_PACKET: u32 = 1 << 18;
/// The longest block that is read whole: a packet with its options.
const MAX_BLOCK: u32 = MAX_PACKET + (1 << 16);
/// What a section may describe; more interfaces than this no machine has.
const MAX_INTERFACES: usize = 4096;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;
/// The type of secrets that are lines of a TLS key log.
const TLS_KEY_LOG: u32 = 0x544c_534b;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const PCAP_MICROSECONDS: u32 = 0xa1b2_c3d4;
const PCAP_NANOSECONDS: u32 = 0xa1b2_3c4d;

/// Why a capture cannot be read (further).
#[derive(Debug, Error)]
pub(crate) enum FileError {
    /// The first bytes are of neither format.
    #[error("neither a pcap nor a pcapng file")]
    Format,
    /// The file ends inside a packet or block: it was cut, or is still being written.
    #[error("the file ends inside a packet (at byte {offset}); it was cut short or is still being written")]
    CutShort {
        /// Where the packet or block starts.
        offset: u64,
    },
    /// A length or a field that no capture program writes.
    #[error("damaged at byte {offset}: {what}")]
    Damaged {
        /// Where the packet or block starts.
        offset: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The operating system refused to read.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
}

/// What precedes the IP header, by the numbers of the tcpdump registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkType {
    /// 0 and 108: four bytes of address family.
    Loopback,
    /// 1: Ethernet.
    Ethernet,
    /// 12, 14, 101, 228 and 229: nothing, the IP header comes first.
    Ip,
    /// 113: Linux cooked capture.
    LinuxCooked,
    /// 276: Linux cooked capture, version 2.
    LinuxCooked2,
    /// Any other; its packets are passed over.
    Other(u32),
}

impl From<u32> for LinkType {
    fn from(number: u32) -> Self {
        match number {
            0 | 108 => Self::Loopback,
            1 => Self::Ethernet,
            12 | 14 | 101 | 228 | 229 => Self::Ip,
            113 => Self::LinuxCooked,
            276 => Self::LinuxCooked2,
            other => Self::Other(other),
        }
    }
}

/// One captured packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// Position in the file, counted from 1 as analysers do.
    pub(crate) number: u64,
    /// Since 1970, or what the clock of the capturing machine called so. Zero where the format has no time.
    pub(crate) time: Duration,
    pub(crate) link: LinkType,
    /// What was captured, which may be less than what was sent.
    pub(crate) data: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endian {
    Little,
    Big,
}

impl Endian {
    fn u16(self, at: &[u8]) -> u16 {
        let b = [at[0], at[1]];
        if self == Self::Little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) }
    }

    fn u32(self, at: &[u8]) -> u32 {
        let b = [at[0], at[1], at[2], at[3]];
        if self == Self::Little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) }
    }
}

/// Time stamps of one interface: ticks per second and seconds to add.
#[derive(Clone, Copy, Debug)]
struct Clock {
    ticks: u64,
    offset: i64,
}

impl Clock {
    const MICROSECONDS: Self = Self { ticks: 1_000_000, offset: 0 };

    fn time(self, stamp: u64) -> Duration {
        let seconds = (stamp / self.ticks).saturating_add_signed(self.offset);
        let nanos = u128::from(stamp % self.ticks) * 1_000_000_000 / u128::from(self.ticks);
        Duration::new(seconds, nanos as u32)
    }
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    clock: Clock,
    snap: u32,
}

#[derive(Debug)]
enum Format {
    Pcap { link: LinkType, clock: Clock },
    PcapNg { interfaces: Vec<Interface> },
}

/// The packets of a capture, in the order of the file. Memory does not grow with its length.
#[derive(Debug)]
pub(crate) struct Packets<R> {
    input: R,
    format: Format,
    endian: Endian,
    buffer: Vec<u8>,
    /// Bytes read so far, for error messages.
    offset: u64,
    number: u64,
}

/// Whether a file that starts with `bytes` is a capture.
pub(crate) fn recognises(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|magic| magic_of(*magic).is_some())
}

impl<R: Read> Packets<R> {
    /// Reads the file header.
    pub(crate) fn new(input: R) -> Result<Self, FileError> {
        let mut packets = Self {
            input,
            format: Format::PcapNg { interfaces: Vec::new() },
            endian: Endian::Little,
            buffer: Vec::new(),
            offset: 0,
            number: 0,
        };
        packets
            .fill(4, 0)
            .map_err(|e| if matches!(e, FileError::CutShort { .. }) { FileError::Format } else { e })?;
        let magic = packets.buffer.first_chunk().and_then(|m| magic_of(*m)).ok_or(FileError::Format)?;
        match magic {
            Magic::PcapNg => packets.section(0)?,
            Magic::Pcap(endian, ticks) => {
                packets.fill(20, 0)?;
                // The upper bits say how long the frame check sequence is.
                let link = LinkType::from(endian.u32(&packets.buffer[16..]) & 0x0fff_ffff);
                packets.endian = endian;
                packets.format = Format::Pcap { link, clock: Clock { ticks, offset: 0 } };
            }
        }
        Ok(packets)
    }

    /// Bytes of the file that have been read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.offset
    }

    /// The next packet, `None` at the end of the file. Lines of TLS key logs that stand before it are added to `keys`.
    pub(crate) fn next(&mut self, keys: &mut Vec<u8>) -> Result<Option<Packet<'_>>, FileError> {
        match self.format {
            Format::Pcap { link, clock } => self.next_pcap(link, clock),
            Format::PcapNg { .. } => self.next_pcapng(keys),
        }
    }

    fn next_pcap(&mut self, link: LinkType, clock: Clock) -> Result<Option<Packet<'_>>, FileError> {
        let start = self.offset;
        if !self.fill_or_end(16, start)? {
            return Ok(None);
        }
        let field = |i: usize| self.endian.u32(&self.buffer[i..]);
        let (seconds, fraction, length) = (field(0), field(4), field(8));
        if length > MAX_PACKET {
            return Err(FileError::Damaged {
                offset: start,
                what: "a packet longer than any capture program writes",
            });
        }
        self.fill(length, start)?;
        self.number += 1;
        let stamp = u64::from(seconds) * clock.ticks + u64::from(fraction);
        Ok(Some(Packet { number: self.number, time: clock.time(stamp), link, data: &self.buffer }))
    }

    fn next_pcapng(&mut self, keys: &mut Vec<u8>) -> Result<Option<Packet<'_>>, FileError> {
        loop {
            let start = self.offset;
            if !self.fill_or_end(4, start)? {
                return Ok(None);
            }
            if self.endian.u32(&self.buffer) == SECTION_HEADER {
                self.section(start)?;
                continue;
            }
            let kind = self.endian.u32(&self.buffer);
            self.fill(4, start)?;
            let length = self.endian.u32(&self.buffer);
            if length < 12 || !length.is_multiple_of(4) {
                return Err(FileError::Damaged { offset: start, what: "a block with an impossible length" });
            }
            let known =
                matches!(kind, INTERFACE_DESCRIPTION | SIMPLE_PACKET | ENHANCED_PACKET | DECRYPTION_SECRETS);
            if !known {
                self.skip(u64::from(length) - 8, start)?;
                continue;
            }
            if length > MAX_BLOCK {
                return Err(FileError::Damaged { offset: start, what: "a block longer than any packet" });
            }
            self.fill(length - 8, start)?;
            self.buffer.truncate(length as usize - 12);
            if kind == INTERFACE_DESCRIPTION {
                self.interface(start)?;
            } else if kind == DECRYPTION_SECRETS {
                keys.extend_from_slice(self.key_log());
                keys.push(b'\n');
            } else {
                self.number += 1;
                return self.packet(kind, start).map(Some);
            }
        }
    }

    /// A section header, of which the block type has been read: byte order, and no interfaces yet.
    fn section(&mut self, start: u64) -> Result<(), FileError> {
        self.fill(8, start)?;
        self.endian = [Endian::Little, Endian::Big]
            .into_iter()
            .find(|e| e.u32(&self.buffer[4..]) == BYTE_ORDER_MAGIC)
            .ok_or(FileError::Damaged { offset: start, what: "a section of unknown byte order" })?;
        let length = self.endian.u32(&self.buffer);
        if length < 28 || !length.is_multiple_of(4) {
            return Err(FileError::Damaged {
                offset: start,
                what: "a section header with an impossible length",
            });
        }
        self.format = Format::PcapNg { interfaces: Vec::new() };
        self.skip(u64::from(length) - 12, start)
    }

    /// The lines of a block with secrets; those of other protocols are of no use.
    fn key_log(&self) -> &[u8] {
        let (Some((kind, rest)), true) = (self.buffer.split_at_checked(4), self.buffer.len() >= 8) else {
            return &[];
        };
        let length = self.endian.u32(rest) as usize;
        let lines = rest.get(4..).and_then(|rest| rest.get(..length)).unwrap_or_default();
        if self.endian.u32(kind) == TLS_KEY_LOG { lines } else { &[] }
    }

    fn interface(&mut self, start: u64) -> Result<(), FileError> {
        if self.buffer.len() < 8 {
            return Err(FileError::Damaged {
                offset: start,
                what: "an interface description that is too short",
            });
        }
        let link = LinkType::from(u32::from(self.endian.u16(&self.buffer)));
        let snap = self.endian.u32(&self.buffer[4..]);
        let clock = self.clock(&self.buffer[8..]);
        if let Format::PcapNg { interfaces } = &mut self.format {
            if interfaces.len() == MAX_INTERFACES {
                return Err(FileError::Damaged { offset: start, what: "too many interfaces" });
            }
            interfaces.push(Interface { link, clock, snap });
        }
        Ok(())
    }

    /// The options `if_tsresol` (9) and `if_tsoffset` (14); what is malformed counts as absent.
    fn clock(&self, mut options: &[u8]) -> Clock {
        let mut clock = Clock::MICROSECONDS;
        while let Some((head, rest)) = options.split_at_checked(4) {
            let (code, length) = (self.endian.u16(head), usize::from(self.endian.u16(&head[2..])));
            let Some(value) = rest.get(..length) else { break };
            match (code, value) {
                (0, _) => break,
                (9, &[resolution]) => {
                    let exponent = u32::from(resolution & 0x7f);
                    let ticks = if resolution & 0x80 == 0 {
                        10u64.checked_pow(exponent)
                    } else {
                        2u64.checked_pow(exponent)
                    };
                    clock.ticks = ticks.unwrap_or(clock.ticks);
                }
                (14, &[.., _, _, _, _]) if length == 8 => {
                    let (low, high) = match self.endian {
                        Endian::Little => (self.endian.u32(value), self.endian.u32(&value[4..])),
                        Endian::Big => (self.endian.u32(&value[4..]), self.endian.u32(value)),
                    };
                    clock.offset = ((u64::from(high) << 32) | u64::from(low)) as i64;
                }
                _ => {}
            }
            options = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        clock
    }

    fn packet(&self, kind: u32, start: u64) -> Result<Packet<'_>, FileError> {
        let Format::PcapNg { interfaces } = &self.format else {
            unreachable!("only blocks of pcapng come here")
        };
        let damaged = |what| FileError::Damaged { offset: start, what };
        let field = |i: usize| self.buffer.get(i..i + 4).map(|b| self.endian.u32(b));
        let short = || damaged("a packet block that is too short");
        let interface = |id: u32| {
            interfaces
                .get(id as usize)
                .copied()
                .ok_or_else(|| damaged("a packet of an interface that was not described"))
        };
        if kind == SIMPLE_PACKET {
            let Interface { link, snap, .. } = interface(0)?;
            let original = field(0).ok_or_else(short)?;
            let data = &self.buffer[4..];
            let captured = if snap == 0 { original } else { original.min(snap) } as usize;
            let data = &data[..captured.min(data.len())];
            return Ok(Packet { number: self.number, time: Duration::ZERO, link, data });
        }
        let Interface { link, clock, .. } = interface(field(0).ok_or_else(short)?)?;
        let (Some(high), Some(low), Some(captured), Some(_)) = (field(4), field(8), field(12), field(16))
        else {
            return Err(short());
        };
        let data = self.buffer[20..].get(..captured as usize).ok_or_else(short)?;
        let time = clock.time((u64::from(high) << 32) | u64::from(low));
        Ok(Packet { number: self.number, time, link, data })
    }

    /// Puts the next `length` bytes of the file into the buffer; false if the file ends right here.
    fn fill_or_end(&mut self, length: u32, start: u64) -> Result<bool, FileError> {
        self.buffer.clear();
        let got = self.input.by_ref().take(u64::from(length)).read_to_end(&mut self.buffer)?;
        self.offset += got as u64;
        match got as u64 {
            0 => Ok(length == 0),
            n if n == u64::from(length) => Ok(true),
            _ => Err(FileError::CutShort { offset: start }),
        }
    }

    fn fill(&mut self, length: u32, start: u64) -> Result<(), FileError> {
        if self.fill_or_end(length, start)? { Ok(()) } else { Err(FileError::CutShort { offset: start }) }
    }

    fn skip(&mut self, length: u64, start: u64) -> Result<(), FileError> {
        let skipped = io::copy(&mut self.input.by_ref().take(length), &mut io::sink())?;
        self.offset += skipped;
        if skipped == length { Ok(()) } else { Err(FileError::CutShort { offset: start }) }
    }
}

enum Magic {
    /// Byte order and ticks per second.
    Pcap(Endian, u64),
    PcapNg,
}

fn magic_of(bytes: [u8; 4]) -> Option<Magic> {
    if u32::from_be_bytes(bytes) == SECTION_HEADER {
        return Some(Magic::PcapNg);
    }
    [Endian::Little, Endian::Big].into_iter().find_map(|endian| match endian.u32(&bytes) {
        PCAP_MICROSECONDS => Some(Magic::Pcap(endian, 1_000_000)),
        PCAP_NANOSECONDS => Some(Magic::Pcap(endian, 1_000_000_000)),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
