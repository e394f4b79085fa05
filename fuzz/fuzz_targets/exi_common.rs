//! Messages and fragments of the set CommonMessages.
#![no_main]

v2g_fuzz::exi_target!(
    "common",
    Document exi_codec::iso20::common_messages::Message<'_>,
    Fragment exi_codec::iso20::common_messages::Fragment<'_>
);
