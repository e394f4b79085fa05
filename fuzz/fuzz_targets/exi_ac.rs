//! Messages and fragments of the set AC.
#![no_main]

v2g_fuzz::exi_target!(
    "ac",
    Document exi_codec::iso20::ac::Message<'_>,
    Fragment exi_codec::iso20::ac::Fragment<'_>
);
