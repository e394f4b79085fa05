//! SDP datagrams by exact bytes.

use std::net::Ipv6Addr;

use proptest::prelude::*;
use v2gtp::{
    Coupling, DiagStatus, EmitError, EmspRequest, EmspResponse, Endpoint, EndpointError, FixedId, FrameError,
    IdError, PayloadType, PositioningDevices, SdpError, SdpMessage, SdpRequest, SdpResponse, Security,
    Transport, WirelessRequest, WirelessResponse,
};

const ADDRESS: Ipv6Addr = Ipv6Addr::new(0xFE80, 0, 0, 0, 0x0202, 0xB3FF, 0xFE1E, 0x8329);

const SERVER: SdpResponse =
    SdpResponse { address: ADDRESS, port: 0xC350, security: Security::Tls, transport: Transport::Tcp };

fn server_bytes() -> Vec<u8> {
    let mut bytes = ADDRESS.octets().to_vec();
    bytes.extend([0xC3, 0x50, 0x00, 0x00]);
    bytes
}

fn datagram(code: u16, announced: u8, body: &[u8]) -> Vec<u8> {
    let [c0, c1] = code.to_be_bytes();
    [&[0x01, 0xFE, c0, c1, 0, 0, 0, announced], body].concat()
}

fn emit(message: &SdpMessage<'_>) -> Vec<u8> {
    let mut out = vec![0; message.buffer_len()];
    assert_eq!(message.emit(&mut out), Ok(out.len()));
    out
}

fn both_ways(message: SdpMessage<'_>, bytes: &[u8]) {
    assert_eq!(emit(&message), bytes);
    assert_eq!(SdpMessage::parse(bytes), Ok(message));
}

#[test]
fn wired() {
    let plain = SdpRequest { security: Security::Plain, transport: Transport::Tcp };
    both_ways(SdpMessage::Request(plain), &datagram(0x9000, 2, &[0x10, 0x00]));
    let udp = SdpRequest { security: Security::Tls, transport: Transport::ReservedUdp };
    both_ways(SdpMessage::Request(udp), &datagram(0x9000, 2, &[0x00, 0x10]));
    both_ways(SdpMessage::Response(SERVER), &datagram(0x9001, 20, &server_bytes()));
}

#[test]
fn wireless_request() {
    let request = WirelessRequest {
        security: Security::Tls,
        transport: Transport::Tcp,
        devices: PositioningDevices::LF_VEHICLE | PositioningDevices::PPD_INFRASTRUCTURE,
        coupling: Coupling::Wpt,
        evid: FixedId::UNKNOWN_EVID,
        evse_id: FixedId::new("DE*ABC*E1").unwrap(),
    };
    let mut body = vec![0x00, 0x00, 0x09, 0x00, 0x10];
    body.extend([0; 13]);
    body.extend(b"ZZ00000");
    body.extend([0; 27]);
    body.extend(b"DE*ABC*E1");
    assert_eq!(body.len(), 61);
    both_ways(SdpMessage::WirelessRequest(request), &datagram(0x9002, 61, &body));
    assert!(request.devices.contains(PositioningDevices::LF_VEHICLE));
    assert!(!request.devices.contains(PositioningDevices::LF_VEHICLE | PositioningDevices::CAMERA_VEHICLE));
}

#[test]
fn wireless_response_with_and_without_padding() {
    let response = WirelessResponse {
        server: SERVER,
        status: DiagStatus::FinishedWithEvseId,
        coupling: Coupling::AcdUnderbodyVehicle,
        evse_id: FixedId::new("E1").unwrap(),
    };
    let message = SdpMessage::WirelessResponse(response);
    let mut body = server_bytes();
    body.extend([0x01, 0x21]);
    body.extend([0; 34]);
    body.extend(b"E1");
    both_ways(message, &datagram(0x9003, 58, &body));

    // 60 bytes announced, whether or not the two bytes of padding are sent.
    assert_eq!(SdpMessage::parse(&datagram(0x9003, 60, &body)), Ok(message));
    body.extend([0, 0]);
    assert_eq!(SdpMessage::parse(&datagram(0x9003, 60, &body)), Ok(message));
    body.push(0);
    let too_long = SdpError::PayloadLength { payload_type: PayloadType::SdpWirelessResponse, len: 61 };
    assert_eq!(SdpMessage::parse(&datagram(0x9003, 60, &body)), Err(too_long));
    assert_eq!(SdpMessage::parse(&datagram(0x9003, 61, &body)), Err(too_long));
    let too_short = SdpError::PayloadLength { payload_type: PayloadType::SdpWirelessResponse, len: 57 };
    assert_eq!(SdpMessage::parse(&datagram(0x9003, 57, &body[..57])), Err(too_short));
    assert_eq!(SdpMessage::parse(&datagram(0x9003, 58, &body[..57])), Err(too_short));
}

#[test]
fn emsp() {
    both_ways(SdpMessage::EmspRequest(EmspRequest { ids: b"" }), &datagram(0x9004, 0, b""));
    both_ways(SdpMessage::EmspRequest(EmspRequest { ids: b"DE8AA" }), &datagram(0x9004, 5, b"DE8AA"));
    let response = EmspResponse { address: ADDRESS, port: 0xC350, ids: b"FR" };
    let body = [&server_bytes()[..18], b"FR"].concat();
    both_ways(SdpMessage::EmspResponse(response), &datagram(0x9005, 20, &body));
    assert_eq!(
        SdpMessage::parse(&datagram(0x9005, 17, &body[..17])),
        Err(SdpError::PayloadLength { payload_type: PayloadType::SdpEmspResponse, len: 17 })
    );
}

#[test]
fn errors_say_what_is_wrong() {
    let parse = |bytes: &[u8]| SdpMessage::parse(bytes).unwrap_err();
    assert_eq!(
        parse(&datagram(0x9000, 2, &[0x10])),
        SdpError::Frame(FrameError::Truncated { needed: 10, available: 9 })
    );
    assert_eq!(parse(&datagram(0x9000, 2, &[0x10, 0, 0])), SdpError::TrailingBytes(1));
    assert_eq!(
        parse(&datagram(0x9000, 3, &[0x10, 0, 0])),
        SdpError::PayloadLength { payload_type: PayloadType::SdpRequest, len: 3 }
    );
    assert_eq!(parse(&datagram(0x8001, 0, &[])), SdpError::NotSdp(PayloadType::SapOrLegacy));
    assert_eq!(parse(&datagram(0x9000, 2, &[0x01, 0])), SdpError::Security(0x01));
    assert_eq!(parse(&datagram(0x9000, 2, &[0x00, 0x11])), SdpError::Transport(0x11));
    let mut body = [0; 61];
    body[4] = 0x06;
    assert_eq!(parse(&datagram(0x9002, 61, &body)), SdpError::Coupling(0x06));
    let mut body = [0; 58];
    body[20] = 0x03;
    assert_eq!(parse(&datagram(0x9003, 58, &body)), SdpError::DiagStatus(0x03));

    let message = SdpMessage::Response(SERVER);
    let mut out = [0xAA; 27];
    assert_eq!(message.emit(&mut out), Err(EmitError::BufferTooSmall { needed: 28, available: 27 }));
    assert_eq!(out, [0xAA; 27]);
}

#[test]
fn ids() {
    assert_eq!(FixedId::<20>::UNKNOWN_EVID, FixedId::new("ZZ00000").unwrap());
    assert_eq!(FixedId::<3>::new("AB").unwrap().as_bytes(), b"\0AB");
    assert_eq!(FixedId::<3>::new("AB").unwrap().text(), Some("AB"));
    assert_eq!(FixedId::<3>::EMPTY.text(), Some(""));
    assert_eq!(FixedId::<3>::new("ABCD"), Err(IdError::TooLong { len: 4, capacity: 3 }));
    assert_eq!(FixedId::<3>::new("A B"), Err(IdError::NotVisibleAscii));
    assert_eq!(FixedId::from_bytes(*b"A\0B").text(), None);
}

#[test]
fn endpoints_are_link_local_hosts() {
    assert!(Endpoint::new(ADDRESS, 1).is_ok());
    let error = |address: &str, port| Endpoint::new(address.parse().unwrap(), port).unwrap_err();
    assert_eq!(error("fe80::1", 0), EndpointError::PortZero);
    assert_eq!(error("::", 1), EndpointError::Unspecified);
    assert_eq!(error("ff02::1", 1), EndpointError::Multicast);
    assert_eq!(error("::1", 1), EndpointError::NotLinkLocal);
    assert_eq!(error("fd00::1", 1), EndpointError::NotLinkLocal);
    assert_eq!(error("2001:db8::1", 1), EndpointError::NotLinkLocal);
    assert_eq!(error("::ffff:192.0.2.1", 1), EndpointError::NotLinkLocal);
}

proptest! {
    #[test]
    fn arbitrary_datagrams_re_emit(
        code in prop_oneof![9 => 0x9000u16..=0x9005, 1 => any::<u16>()],
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..70),
            proptest::collection::vec(prop_oneof![Just(0u8), Just(0x10)], 0..70),
        ],
        announced in proptest::option::of(0u8..70),
    ) {
        let bytes = datagram(code, announced.unwrap_or(body.len() as u8), &body);
        if let Ok(message) = SdpMessage::parse(&bytes) {
            let again = emit(&message);
            prop_assert_eq!(SdpMessage::parse(&again), Ok(message));
            if message.payload_type() != PayloadType::SdpWirelessResponse {
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
