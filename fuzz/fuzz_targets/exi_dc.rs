//! Messages and fragments of the set DC.
#![no_main]

v2g_fuzz::exi_target!(
    "dc",
    Document exi_codec::iso20::dc::Message<'_>,
    Fragment exi_codec::iso20::dc::Fragment<'_>
);
