//! Messages of the discovery protocol, shown like those in EXI.

use std::fmt::{Debug, Display};

use v2gtp::{
    EmspRequest, EmspResponse, SdpMessage, SdpRequest, SdpResponse, WirelessRequest, WirelessResponse,
};

use crate::tree::{Element, Name, Node, Value};

/// The fields of `message` under its name.
pub(super) fn tree(message: &SdpMessage<'_>) -> Element {
    match message {
        SdpMessage::Request(SdpRequest { security, transport }) => {
            element("SDPRequest", vec![code("Security", security), code("TransportProtocol", transport)])
        }
        SdpMessage::Response(response) => element("SDPResponse", server(response)),
        SdpMessage::WirelessRequest(request) => {
            let WirelessRequest { security, transport, devices, coupling, evid, evse_id } = request;
            let fields = vec![
                code("Security", security),
                code("TransportProtocol", transport),
                text("PositioningDevices", format_args!("{:#06x}", devices.bits())),
                code("CouplingType", coupling),
                identifier("EVID", evid.as_bytes()),
                identifier("EVSEID", evse_id.as_bytes()),
            ];
            element("SDPRequestWireless", fields)
        }
        SdpMessage::WirelessResponse(WirelessResponse { server: response, status, coupling, evse_id }) => {
            let mut fields = server(response);
            fields.push(code("DiagStatus", status));
            fields.push(code("CouplingType", coupling));
            fields.push(identifier("EVSEID", evse_id.as_bytes()));
            element("SDPResponseWireless", fields)
        }
        SdpMessage::EmspRequest(EmspRequest { ids }) => {
            element("SDPRequestEMSP", vec![identifier("EMSPIDs", ids)])
        }
        SdpMessage::EmspResponse(EmspResponse { address, port, ids }) => {
            let fields = vec![text("Address", address), number("Port", *port), identifier("EMSPIDs", ids)];
            element("SDPResponseEMSP", fields)
        }
    }
}

fn server(response: &SdpResponse) -> Vec<Node> {
    let SdpResponse { address, port, security, transport } = response;
    vec![
        text("Address", address),
        number("Port", *port),
        code("Security", security),
        code("TransportProtocol", transport),
    ]
}

fn element(name: &str, content: Vec<Node>) -> Element {
    let name = Name { namespace: String::new(), local: name.to_owned() };
    Element { name, attributes: Vec::new(), content }
}

fn leaf(name: &str, value: Value) -> Node {
    Node::Element(element(name, vec![Node::Value(value)]))
}

fn code(name: &str, value: &impl Debug) -> Node {
    leaf(name, Value::Text(format!("{value:?}")))
}

fn text(name: &str, value: impl Display) -> Node {
    leaf(name, Value::Text(value.to_string()))
}

fn number(name: &str, value: u16) -> Node {
    leaf(name, Value::Integer(value.to_string()))
}

/// Identifiers are padded with zeros on the left.
fn identifier(name: &str, bytes: &[u8]) -> Node {
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    text(name, String::from_utf8_lossy(&bytes[start..]))
}
