//! Frames to the management messages and back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use v2g_slac::mme::{Lumissil, Qualcomm};
use v2g_slac::{Frame, Mme};

fuzz_target!(|bytes: &[u8]| {
    let Ok(frame) = Frame::new_checked(bytes) else { return };
    let Ok(message) = Mme::parse(&frame) else { return };
    let mut out = vec![0xAA; message.buffer_len(frame.version())];
    assert_eq!(message.emit(frame.envelope(), &mut out), Ok(out.len()));
    let again = Frame::new_checked(&out).expect("what is emitted is a frame");
    assert_eq!((again.envelope(), again.mmtype()), (frame.envelope(), frame.mmtype()));
    let parsed = Mme::parse(&again).expect("what is emitted is a message");
    match message {
        // Their length is not known: padding becomes part of them.
        Mme::Raw { payload, .. } => assert!(again.payload().starts_with(payload)),
        Mme::Qualcomm(Qualcomm::Other { .. }) | Mme::Lumissil(Lumissil::Other { .. }) => {}
        message => assert_eq!(parsed, message),
    }
    let mut twice = vec![0; parsed.buffer_len(again.version())];
    assert_eq!(parsed.emit(again.envelope(), &mut twice), Ok(twice.len()));
    assert_eq!(twice, out);
    let _ = format!("{parsed:?}");
});
