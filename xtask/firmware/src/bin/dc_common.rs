//! What a DC station or vehicle needs: the handshake, the common messages and DC.
#![no_std]
#![no_main]

use exi_codec::iso20::{common_messages, dc};

v2g_firmware::program!(
    exi_codec::app_protocol::Message<'_>,
    common_messages::Message<'_>,
    common_messages::Fragment<'_>,
    dc::Message<'_>
);
