//! Every set, messages and fragments.
#![no_std]
#![no_main]

use exi_codec::iso20::{ac, acdp, common_messages, dc, wpt};

v2g_firmware::program!(
    exi_codec::app_protocol::Message<'_>,
    common_messages::Message<'_>,
    common_messages::Fragment<'_>,
    dc::Message<'_>,
    dc::Fragment<'_>,
    ac::Message<'_>,
    ac::Fragment<'_>,
    wpt::Message<'_>,
    wpt::Fragment<'_>,
    acdp::Message<'_>,
    acdp::Fragment<'_>
);
