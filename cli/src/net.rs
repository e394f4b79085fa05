//! Sockets on the charging link.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::Duration;

use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};
use v2gtp::{
    Answer, Discovery, DiscoveryConfig, DiscoveryEvent, Endpoint, Listeners, Responder, ResponderConfig,
    SDP_PORT, Security,
};

use crate::failure::Failure;
use crate::runtime::Clock;

/// Longest wait for a TCP connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Ports that chargers listen on.
const PORTS: std::ops::RangeInclusive<u16> = 49_152..=65_535;

/// An interface with its link-local address.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    pub(crate) name: String,
    index: u32,
    address: Ipv6Addr,
}

impl Interface {
    /// Finds an interface by its name.
    pub(crate) fn find(name: &str) -> Result<Self, Failure> {
        let table = std::fs::read_to_string("/proc/net/if_inet6").map_err(|error| {
            Failure::failed(format!("cannot read the addresses of this machine: {error}"))
        })?;
        let entry = table.lines().filter_map(parse_entry).find(|entry| entry.name == name);
        entry.ok_or_else(|| {
            Failure::failed(format!("{name} has no IPv6 link-local address"))
                .advise(format!("`ip -6 addr show dev {name}` lists its addresses; the link has to be up"))
        })
    }

    fn scoped(&self, port: u16) -> SocketAddr {
        SocketAddrV6::new(self.address, port, 0, self.index).into()
    }
}

/// A line of `/proc/net/if_inet6`: address, index, prefix, scope, flags, name. Link scope is 20.
fn parse_entry(line: &str) -> Option<Interface> {
    let mut fields = line.split_whitespace();
    let address = u128::from_str_radix(fields.next()?, 16).ok()?;
    let index = u32::from_str_radix(fields.next()?, 16).ok()?;
    let scope = fields.nth(1)?;
    let name = fields.nth(1)?.to_owned();
    (scope == "20").then(|| Interface { name, index, address: Ipv6Addr::from(address) })
}

fn failed(what: &str, error: &io::Error) -> Failure {
    Failure::failed(format!("cannot {what}: {error}"))
}

/// The charging link as sockets see it.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    /// A real interface with multicast.
    Interface(Interface),
    /// This machine alone. It has no link-local address and no multicast, so the discovery machines see [`STAND_IN`]
    /// instead of the loopback address, and requests go straight to the charger's socket.
    Loopback { address: IpAddr, sdp_port: u16 },
}

/// The address that stands for the loopback in discovery messages.
const STAND_IN: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

/// The name of the loopback interface.
const LOOPBACK: &str = "lo";

impl Link {
    /// The loopback within this process: IPv6, or IPv4 where that is all there is. Any port serves discovery.
    pub(crate) fn loopback() -> Self {
        let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
        let address = if UdpSocket::bind((v6, 0)).is_ok() { v6 } else { IpAddr::V4(Ipv4Addr::LOCALHOST) };
        Self::Loopback { address, sdp_port: 0 }
    }

    /// The link on an interface. On the loopback the other end is another process of this machine.
    pub(crate) fn on(interface: &str) -> Result<Self, Failure> {
        match (interface, Self::loopback()) {
            (LOOPBACK, Self::Loopback { address, .. }) => Ok(Self::Loopback { address, sdp_port: SDP_PORT }),
            _ => Interface::find(interface).map(Self::Interface),
        }
    }

    fn scope(&self) -> u32 {
        match self {
            Self::Interface(interface) => interface.index,
            Self::Loopback { .. } => 0,
        }
    }

    fn bind_any(&self) -> SocketAddr {
        match self {
            Self::Interface(interface) => interface.scoped(0),
            Self::Loopback { address, .. } => SocketAddr::new(*address, 0),
        }
    }

    /// A peer's address as the discovery machines are to see it.
    fn seen(&self, from: SocketAddr) -> Option<SocketAddrV6> {
        match (self, from) {
            (Self::Interface(_), SocketAddr::V6(from)) => Some(from),
            (Self::Interface(_), SocketAddr::V4(_)) => None,
            (Self::Loopback { .. }, from) => Some(SocketAddrV6::new(STAND_IN, from.port(), 0, 0)),
        }
    }

    /// Where a datagram of the discovery machines really goes.
    fn real(&self, to: SocketAddrV6) -> SocketAddr {
        match self {
            Self::Interface(_) => to.into(),
            Self::Loopback { address, sdp_port } => {
                let port = if to.port() == SDP_PORT { *sdp_port } else { to.port() };
                SocketAddr::new(*address, port)
            }
        }
    }
}

/// A charger's sockets: discovery and TCP.
#[derive(Debug)]
pub(crate) struct Server {
    link: Link,
    discovery: mio::net::UdpSocket,
    listener: mio::net::TcpListener,
    responder: Responder,
}

impl Server {
    /// Listens on a link, for TLS or without. See [`Server::link`] for the ports.
    pub(crate) fn bind(mut link: Link, security: Security) -> Result<Self, Failure> {
        let listener = listen(&link)?;
        let port = listener.local_addr().map_err(|error| failed("listen", &error))?.port();
        let discovery = bind_discovery(&link).map_err(|error| {
            failed(&format!("listen on UDP port {SDP_PORT}"), &error)
                .advise("another charger may be running on this machine")
        })?;
        let address = match &mut link {
            Link::Interface(interface) => interface.address,
            Link::Loopback { sdp_port, .. } => {
                *sdp_port = discovery.local_addr().map_err(|error| failed("listen", &error))?.port();
                STAND_IN
            }
        };
        let config = ResponderConfig { scope_id: link.scope(), ..ResponderConfig::default() };
        let mut responder = Responder::new(config).map_err(Failure::failed)?;
        let endpoint = Endpoint::new(address, port).map_err(Failure::failed)?;
        responder.link_up();
        responder.listen(match security {
            Security::Tls => Listeners::Tls(endpoint),
            Security::Plain => Listeners::Plain(endpoint),
        });
        discovery.set_nonblocking(true).map_err(|error| failed("listen", &error))?;
        let discovery = mio::net::UdpSocket::from_std(discovery);
        Ok(Self { link, discovery, listener, responder })
    }

    /// The link with the ports that are in use, for a vehicle in the same process.
    pub(crate) fn link(&self) -> Link {
        self.link.clone()
    }

    /// Lets an event loop watch both sockets.
    pub(crate) fn register(&mut self, registry: &Registry) -> Result<(), Failure> {
        registry
            .register(&mut self.listener, Token(0), Interest::READABLE)
            .and_then(|()| registry.register(&mut self.discovery, Token(1), Interest::READABLE))
            .map_err(|error| failed("listen", &error))
    }

    /// The next vehicle that has connected, if there is one.
    pub(crate) fn accept(&mut self) -> Result<Option<(mio::net::TcpStream, SocketAddr)>, Failure> {
        loop {
            match self.listener.accept() {
                Ok(accepted) => return Ok(Some(accepted)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                // A vehicle that is gone before it was let in is not the charger's business.
                Err(error)
                    if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(error) => return Err(failed("accept a connection", &error)),
            }
        }
    }

    /// Answers the discovery requests that have come.
    pub(crate) fn answer(&mut self, now: iso15118_20::Instant) -> Result<(), Failure> {
        let mut datagram = [0; 512];
        loop {
            match self.discovery.recv_from(&mut datagram) {
                Ok((len, from)) => {
                    let Some(from) = self.link.seen(from) else { continue };
                    // What is ignored is ignored for a reason that the vehicle has to mend.
                    let _ = self.responder.handle_input(now, from, &datagram[..len]);
                    if let Some(answer) = self.responder.poll_transmit() {
                        let to = self.link.real(answer.destination());
                        match self.discovery.send_to(answer.datagram(), to) {
                            Ok(_) => {}
                            // The vehicle asks again.
                            Err(error) if is_timeout(&error) => {}
                            Err(error) => return Err(failed("answer", &error)),
                        }
                    }
                }
                Err(error) if is_timeout(&error) => return Ok(()),
                Err(error) => return Err(failed("receive discovery requests", &error)),
            }
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// A listener on a free port of the range that the standard reserves.
fn listen(link: &Link) -> Result<mio::net::TcpListener, Failure> {
    let mut address = link.bind_any();
    let first = 49_152 + (std::process::id() as u16 % 8192);
    for port in (first..=*PORTS.end()).chain(*PORTS.start()..first) {
        address.set_port(port);
        match mio::net::TcpListener::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => return Err(failed(&format!("listen on {address}"), &error)),
        }
    }
    Err(Failure::failed("no free TCP port from 49152 on"))
}

fn bind_discovery(link: &Link) -> io::Result<UdpSocket> {
    match link {
        Link::Interface(interface) => {
            let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
            socket.set_only_v6(true)?;
            socket.set_reuse_address(true)?;
            socket.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, SDP_PORT)).into())?;
            socket.join_multicast_v6(&v2gtp::ALL_NODES, interface.index)?;
            Ok(socket.into())
        }
        Link::Loopback { address, sdp_port } => UdpSocket::bind((*address, *sdp_port)),
    }
}

/// Connects to a charger. `from` is told the own address before the charger can see it.
pub(crate) fn connect(to: SocketAddr, from: impl FnOnce(SocketAddr)) -> Result<mio::net::TcpStream, Failure> {
    let connect = || {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
        // On the loopback the own address is known beforehand, which is where it is asked for.
        if to.ip().is_loopback() {
            socket.bind(&SocketAddr::new(to.ip(), 0).into())?;
            if let Some(own) = socket.local_addr()?.as_socket() {
                from(own);
            }
        }
        socket.connect_timeout(&to.into(), CONNECT)?;
        socket.set_nonblocking(true)?;
        Ok(mio::net::TcpStream::from_std(socket.into()))
    };
    connect().map_err(|error: io::Error| failed(&format!("connect to {to}"), &error))
}

/// Finds the charger of a link that speaks TLS, or one that does not.
pub(crate) fn discover(link: &Link, security: Security, clock: &Clock) -> Result<SocketAddr, Failure> {
    let answer = search(link, security, clock)?;
    Ok(match link {
        Link::Interface(_) => answer.socket_addr().into(),
        Link::Loopback { address, .. } => SocketAddr::new(*address, answer.endpoint.port()),
    })
}

fn search(link: &Link, security: Security, clock: &Clock) -> Result<Answer, Failure> {
    let socket = UdpSocket::bind(link.bind_any()).map_err(|error| failed("search for a charger", &error))?;
    if let Link::Interface(interface) = link {
        let socket = socket2::SockRef::from(&socket);
        socket
            .set_multicast_if_v6(interface.index)
            .map_err(|error| failed("search for a charger", &error))?;
    }
    let config = DiscoveryConfig {
        scope_id: link.scope(),
        security,
        conflict_window: Duration::ZERO,
        ..DiscoveryConfig::default()
    };
    let mut discovery = Discovery::new(config).map_err(Failure::failed)?;
    discovery.start(clock.now());
    let mut datagram = [0; 512];
    loop {
        if let Some(request) = discovery.poll_transmit() {
            let to = link.real(request.destination());
            socket.send_to(request.datagram(), to).map_err(|error| failed("search for a charger", &error))?;
        }
        match discovery.poll_event() {
            Some(DiscoveryEvent::Found(answer)) => return Ok(answer),
            Some(DiscoveryEvent::Conflict { .. }) => {
                return Err(Failure::failed(
                    "two chargers answered: the link reaches further than the cable",
                ));
            }
            Some(DiscoveryEvent::Failed { requests, .. }) => {
                return Err(Failure::failed(format!("no charger answered any of {requests} requests")));
            }
            None => {}
        }
        let wait =
            discovery.poll_timeout().map_or(Duration::from_millis(250), |at| at.saturating_sub(clock.now()));
        socket
            .set_read_timeout(Some(wait.max(Duration::from_millis(1))))
            .map_err(|error| failed("search for a charger", &error))?;
        match socket.recv_from(&mut datagram) {
            Ok((len, from)) => {
                if let Some(from) = link.seen(from) {
                    let _ = discovery.handle_input(clock.now(), from, &datagram[..len]);
                }
            }
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(failed("search for a charger", &error)),
        }
        discovery.handle_timeout(clock.now());
    }
}

#[cfg(test)]
mod tests {
    use super::parse_entry;

    #[test]
    fn link_local_addresses_are_found_in_the_table() {
        let entry = parse_entry("fe800000000000000000000000000001 0a 40 20 80     eth0").unwrap();
        assert_eq!((entry.name.as_str(), entry.index), ("eth0", 10));
        assert_eq!(entry.address, "fe80::1".parse::<std::net::Ipv6Addr>().unwrap());
        assert!(parse_entry("00000000000000000000000000000001 01 80 10 80       lo").is_none());
        assert!(parse_entry("nonsense").is_none());
    }
}
