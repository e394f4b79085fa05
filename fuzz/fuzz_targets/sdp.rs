//! Datagrams to the SDP messages and to both machines.
#![no_main]

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use v2gtp::{
    Discovery, DiscoveryConfig, DiscoveryEvent, Endpoint, Listeners, Responder, ResponderConfig, SdpMessage,
};

fuzz_target!(|datagram: &[u8]| {
    let message = SdpMessage::parse(datagram);
    if let Ok(message) = message {
        let mut out = vec![0; message.buffer_len()];
        assert_eq!(message.emit(&mut out), Ok(out.len()));
        assert_eq!(SdpMessage::parse(&out), Ok(message));
    }

    let now = Duration::ZERO;
    let peer = SocketAddrV6::new(Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, 0, 1), 50_000, 0, 0);
    let server = Endpoint::new(*peer.ip(), 50_001).expect("link-local");

    let mut evcc = Discovery::new(DiscoveryConfig::default()).expect("default settings");
    evcc.start(now);
    let taken = evcc.handle_input(now, peer, datagram).is_ok();
    match (evcc.poll_event(), message) {
        (Some(DiscoveryEvent::Found(answer)), Ok(SdpMessage::Response(response))) => {
            assert!(taken);
            assert_eq!(
                (*answer.socket_addr().ip(), answer.socket_addr().port()),
                (response.address, response.port)
            );
            assert_eq!(answer.security, response.security);
        }
        (None, _) => assert!(!taken),
        unexpected => panic!("{unexpected:?}"),
    }

    let mut secc = Responder::new(ResponderConfig::default()).expect("default settings");
    secc.link_up();
    secc.listen(Listeners::Tls(server));
    let answered = secc.handle_input(now, peer, datagram).is_ok();
    assert_eq!(secc.poll_transmit().is_some(), answered);
    assert!(!answered || matches!(message, Ok(SdpMessage::Request(_))));
});
