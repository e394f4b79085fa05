//! The handshake.
#![no_main]

v2g_fuzz::exi_target!(
    "appprotocol",
    Document exi_codec::app_protocol::Message<'_>
);
