//! The codec through C's structs, against itself without them: every document of the committed corpus.

use std::fs;
use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr;

use exi_codec::{Document, Error};
use v2g::codec::v2g_exi_error;
use v2g::generated::{ac, acdp, app_protocol, common_messages, dc, wpt};
use v2g::status::{V2G_E_BUFFER, V2G_E_EXI_OTHER, V2G_E_NULL, V2G_OK};

type Decode<C> = unsafe extern "C" fn(*const u8, usize, *mut C, *mut v2g_exi_error) -> i32;
type Encode<C> = unsafe extern "C" fn(*const C, *mut u8, usize, *mut usize, *mut v2g_exi_error) -> i32;

struct Functions<C> {
    decode: Decode<C>,
    encode: Encode<C>,
}

/// Documents of a schema: those of the corpus that are no fragments.
fn corpus(schema: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/corpus");
    let text = fs::read_to_string(folder.join(format!("{schema}.jsonl"))).expect("the corpus is committed");
    let documents = text.lines().filter(|line| line.contains("\"fragment\":false"));
    documents
        .map(|line| {
            let (_, rest) = line.split_once("\"exi_hex\":\"").expect("a document has its bits");
            let (hex, _) = rest.split_once('"').expect("a string ends");
            let octet = |index| u8::from_str_radix(&hex[index..index + 2], 16).expect("two digits");
            (0..hex.len()).step_by(2).map(octet).collect()
        })
        .collect()
}

fn zeroed<C>() -> C {
    // SAFETY: structs of C's are made of integers, pointers and views.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Decodes and encodes both ways.
fn same<'a, D: Document<'a>, C>(functions: &Functions<C>, bytes: &'a [u8]) {
    let expected: Result<D, Error> = exi_codec::decode(bytes);
    let (mut message, mut error): (C, v2g_exi_error) = (zeroed(), zeroed());
    // SAFETY: pointers to locals and slices.
    let status = unsafe { (functions.decode)(bytes.as_ptr(), bytes.len(), &raw mut message, &raw mut error) };
    let expected = match expected {
        Ok(expected) => expected,
        Err(fault) => {
            assert!((V2G_E_EXI_OTHER..0).contains(&status), "{status} for {fault}");
            assert_eq!((error.status, error.bit_offset), (status, fault.bit_offset()), "{fault}");
            assert_eq!(error.path_length as usize, fault.path().count(), "{fault}");
            return;
        }
    };
    assert_eq!(status, V2G_OK);
    let mut rust = vec![0; bytes.len() * 2 + 16];
    let rust_len = exi_codec::encode(&expected, &mut rust).expect("what was decoded can be encoded");
    let (mut c, mut c_len) = (vec![0; rust.len()], 0);
    let mut encode = |out: &mut [u8], length: &mut usize| {
        let (out_ptr, out_len) = (out.as_mut_ptr(), out.len());
        // SAFETY: pointers to locals and slices.
        unsafe { (functions.encode)(&raw const message, out_ptr, out_len, length, &raw mut error) }
    };
    assert_eq!(encode(&mut c, &mut c_len), V2G_OK);
    assert_eq!(c[..c_len], rust[..rust_len]);
    assert_eq!(encode(&mut c[..rust_len - 1], &mut c_len), V2G_E_BUFFER);
    assert_eq!(c_len, rust_len);
}

fn set<D: for<'a> Same<'a, C>, C>(schema: &str, functions: &Functions<C>) {
    let documents = corpus(schema);
    assert!(documents.len() > 1, "{schema}");
    for bytes in documents {
        D::check(functions, &bytes);
        // Damaged, so that errors are the same too.
        for cut in [bytes.len() / 2, bytes.len() - 1] {
            D::check(functions, &bytes[..cut]);
        }
        for place in (1..bytes.len()).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x24;
            D::check(functions, &damaged);
        }
    }
}

/// A family of messages by lifetime.
trait Same<'a, C> {
    fn check(functions: &Functions<C>, bytes: &'a [u8]);
}

macro_rules! sets {
    ($($test:ident $schema:literal $module:ident $($rust:ident)::+;)*) => { $(
        #[test]
        fn $test() {
            struct Set;
            type C = paste!($module);
            impl<'a> Same<'a, C> for Set {
                fn check(functions: &Functions<C>, bytes: &'a [u8]) {
                    use $($rust)::+::Message;
                    same::<Message<'a>, C>(functions, bytes);
                }
            }
            set::<Set, C>($schema, &functions!($module));
        }
    )* };
}

macro_rules! paste {
    (app_protocol) => {
        app_protocol::v2g_exi_app_protocol_message
    };
    (common_messages) => {
        common_messages::v2g_exi_common_messages_message
    };
    (dc) => {
        dc::v2g_exi_dc_message
    };
    (ac) => {
        ac::v2g_exi_ac_message
    };
    (wpt) => {
        wpt::v2g_exi_wpt_message
    };
    (acdp) => {
        acdp::v2g_exi_acdp_message
    };
}

macro_rules! functions {
    (app_protocol) => {
        Functions {
            decode: app_protocol::v2g_exi_app_protocol_decode,
            encode: app_protocol::v2g_exi_app_protocol_encode,
        }
    };
    (common_messages) => {
        Functions {
            decode: common_messages::v2g_exi_common_messages_decode,
            encode: common_messages::v2g_exi_common_messages_encode,
        }
    };
    (dc) => {
        Functions { decode: dc::v2g_exi_dc_decode, encode: dc::v2g_exi_dc_encode }
    };
    (ac) => {
        Functions { decode: ac::v2g_exi_ac_decode, encode: ac::v2g_exi_ac_encode }
    };
    (wpt) => {
        Functions { decode: wpt::v2g_exi_wpt_decode, encode: wpt::v2g_exi_wpt_encode }
    };
    (acdp) => {
        Functions { decode: acdp::v2g_exi_acdp_decode, encode: acdp::v2g_exi_acdp_encode }
    };
}

sets! {
    app_protocol_is_the_same "appprotocol" app_protocol exi_codec::app_protocol;
    common_messages_are_the_same "common" common_messages exi_codec::iso20::common_messages;
    dc_is_the_same "dc" dc exi_codec::iso20::dc;
    ac_is_the_same "ac" ac exi_codec::iso20::ac;
    wpt_is_the_same "wpt" wpt exi_codec::iso20::wpt;
    acdp_is_the_same "acdp" acdp exi_codec::iso20::acdp;
}

#[test]
fn null_is_refused() {
    let mut message: dc::v2g_exi_dc_message = zeroed();
    let octets = [0x80; 4];
    // SAFETY: null is checked for.
    unsafe {
        assert_eq!(dc::v2g_exi_dc_decode(ptr::null(), 4, &raw mut message, ptr::null_mut()), V2G_E_NULL);
        assert_eq!(dc::v2g_exi_dc_decode(octets.as_ptr(), 4, ptr::null_mut(), ptr::null_mut()), V2G_E_NULL);
        // An error that nobody wants to know of.
        assert!(dc::v2g_exi_dc_decode(octets.as_ptr(), 4, &raw mut message, ptr::null_mut()) < 0);
    }
}
