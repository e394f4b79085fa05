//! Messages and fragments of the set ACDP.
#![no_main]

v2g_fuzz::exi_target!(
    "acdp",
    Document exi_codec::iso20::acdp::Message<'_>,
    Fragment exi_codec::iso20::acdp::Fragment<'_>
);
