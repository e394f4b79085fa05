//! The fragment that signatures are computed over.
#![no_main]

v2g_fuzz::exi_target!(
    "xmldsig",
    Fragment exi_codec::iso20::xmldsig::Fragment<'_>
);
