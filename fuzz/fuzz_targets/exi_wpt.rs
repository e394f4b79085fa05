//! Messages and fragments of the set WPT.
#![no_main]

v2g_fuzz::exi_target!(
    "wpt",
    Document exi_codec::iso20::wpt::Message<'_>,
    Fragment exi_codec::iso20::wpt::Fragment<'_>
);
