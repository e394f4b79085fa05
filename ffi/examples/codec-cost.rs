//! One message through the codec, directly and through C's structs, each in a function of its own for callgrind:
//!
//! ```text
//! codec-cost SET HEX
//! ```

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr;

use v2g::generated::{ac, acdp, app_protocol, common_messages, dc, wpt};

/// Times that each is done.
const ROUNDS: usize = 16;

macro_rules! set {
    ($($rust:ident)::+, $c:ty, $decode:path, $encode:path, $bytes:expr) => {{
        use $($rust)::+::Message;

        #[inline(never)]
        fn rust_decode(bytes: &[u8]) {
            black_box(&exi_codec::decode::<Message<'_>>(black_box(bytes)));
        }

        #[inline(never)]
        fn c_decode(bytes: &[u8], out: &mut MaybeUninit<$c>) -> i32 {
            // SAFETY: pointers to a slice and a local.
            unsafe { $decode(bytes.as_ptr(), bytes.len(), out.as_mut_ptr(), ptr::null_mut()) }
        }

        #[inline(never)]
        fn rust_encode(message: &Message<'_>, out: &mut [u8]) -> usize {
            exi_codec::encode(message, out).unwrap_or(0)
        }

        #[inline(never)]
        fn c_encode(message: &$c, out: &mut [u8]) -> usize {
            let mut length = 0;
            // SAFETY: pointers to slices and locals.
            unsafe { $encode(message, out.as_mut_ptr(), out.len(), &raw mut length, ptr::null_mut()) };
            length
        }

        let bytes: &[u8] = $bytes;
        let (mut out, mut message) = (vec![0; bytes.len() + 64], MaybeUninit::uninit());
        for _ in 0..ROUNDS {
            rust_decode(bytes);
            assert_eq!(c_decode(black_box(bytes), black_box(&mut message)), 0);
        }
        let decoded = exi_codec::decode::<Message<'_>>(bytes).expect("a message");
        // SAFETY: it was decoded into.
        let message = unsafe { message.assume_init_ref() };
        for _ in 0..ROUNDS {
            assert_eq!(black_box(rust_encode(black_box(&decoded), &mut out)), bytes.len());
            assert_eq!(black_box(c_encode(black_box(message), &mut out)), bytes.len());
        }
    }};
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [set, hex] = words.as_slice() else { panic!("codec-cost SET HEX") };
    let octet = |index| u8::from_str_radix(&hex[index..index + 2], 16).expect("two digits");
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(octet).collect();
    match set.as_str() {
        "AppProtocol" => set!(
            exi_codec::app_protocol,
            app_protocol::v2g_exi_app_protocol_message,
            app_protocol::v2g_exi_app_protocol_decode,
            app_protocol::v2g_exi_app_protocol_encode,
            &bytes
        ),
        "CommonMessages" => set!(
            exi_codec::iso20::common_messages,
            common_messages::v2g_exi_common_messages_message,
            common_messages::v2g_exi_common_messages_decode,
            common_messages::v2g_exi_common_messages_encode,
            &bytes
        ),
        "DC" => set!(
            exi_codec::iso20::dc,
            dc::v2g_exi_dc_message,
            dc::v2g_exi_dc_decode,
            dc::v2g_exi_dc_encode,
            &bytes
        ),
        "AC" => set!(
            exi_codec::iso20::ac,
            ac::v2g_exi_ac_message,
            ac::v2g_exi_ac_decode,
            ac::v2g_exi_ac_encode,
            &bytes
        ),
        "WPT" => set!(
            exi_codec::iso20::wpt,
            wpt::v2g_exi_wpt_message,
            wpt::v2g_exi_wpt_decode,
            wpt::v2g_exi_wpt_encode,
            &bytes
        ),
        "ACDP" => set!(
            exi_codec::iso20::acdp,
            acdp::v2g_exi_acdp_message,
            acdp::v2g_exi_acdp_decode,
            acdp::v2g_exi_acdp_encode,
            &bytes
        ),
        other => panic!("no set {other}"),
    }
}
