//! Reads everything that stands in a decoded message, the right way and some wrong ones.

use std::mem::MaybeUninit;

use v2g::codec::{
    v2g_exi_integer, v2g_exi_integer_copy, v2g_exi_iter, v2g_exi_lazy, v2g_exi_list, v2g_exi_octets,
    v2g_exi_octets_begin, v2g_exi_octets_copy, v2g_exi_octets_next, v2g_exi_text, v2g_exi_text_begin,
    v2g_exi_text_copy, v2g_exi_text_next, v2g_exi_u16_begin, v2g_exi_u16_next,
};
use v2g::generated::{app_protocol::*, common_messages::*, common_types::*, wpt::*, xmldsig::*};
use v2g::status::{V2G_E_BUFFER, V2G_E_VALUE, V2G_NONE, V2G_OK};

use super::memory::Memory;

/// Longest text or octet string of the schemas, with all characters of four octets.
const LONGEST: usize = 16 * 1024;

/// What is used while reading.
pub struct Reader {
    out: Memory,
}

impl Reader {
    /// With memory for what is copied.
    pub fn new() -> Self {
        Self { out: Memory::new(LONGEST) }
    }
}

type Copy<T> = unsafe extern "C" fn(*const T, *mut u8, usize, *mut usize) -> i32;

/// Content of which all that can be read is read.
pub trait Content {
    /// Reads it.
    ///
    /// # Safety
    /// It was decoded, and what it was decoded from is still there.
    unsafe fn read(&self, with: &mut Reader);
}

/// Copies into memory that fits, and into memory that is an octet too short.
///
/// # Safety
/// As [`Content::read`].
unsafe fn copied<T>(value: &T, copy: Copy<T>, with: &mut Reader) {
    let out = with.out.start();
    let mut need = usize::MAX;
    // SAFETY: promised by the caller; the memory is as long as is said.
    unsafe {
        let status = copy(value, out, LONGEST, &raw mut need);
        assert!(status == V2G_OK && need <= LONGEST, "{status}");
        if need > 0 {
            let mut again = 0;
            assert_eq!(copy(value, out, need - 1, &raw mut again), V2G_E_BUFFER);
            assert_eq!(again, need);
        }
    }
    with.out.check();
}

impl Content for v2g_exi_text {
    unsafe fn read(&self, with: &mut Reader) {
        // SAFETY: promised by the caller.
        unsafe { copied(self, v2g_exi_text_copy, with) }
    }
}

impl Content for v2g_exi_octets {
    unsafe fn read(&self, with: &mut Reader) {
        // SAFETY: promised by the caller.
        unsafe { copied(self, v2g_exi_octets_copy, with) }
    }
}

impl Content for v2g_exi_integer {
    unsafe fn read(&self, with: &mut Reader) {
        // SAFETY: promised by the caller.
        unsafe { copied(self, v2g_exi_integer_copy, with) }
    }
}

impl Content for u8 {
    unsafe fn read(&self, _: &mut Reader) {
        assert_ne!(*self, 0, "choices count from 1");
    }
}

impl Content for u16 {
    unsafe fn read(&self, _: &mut Reader) {}
}

impl Content for v2g_exi_lazy {
    unsafe fn read(&self, with: &mut Reader) {
        // SAFETY: promised by the caller.
        unsafe {
            let got = [
                got(self, v2g_exi_meter_info_get, with),
                got(self, v2g_exi_receipt_get, with),
                got(self, v2g_exi_signature_get, with),
            ];
            let right = got.iter().filter(|&&status| status == V2G_OK).count();
            assert!(right == 1 || got == [V2G_NONE; 3], "an element has one type: {got:?}");
        }
    }
}

/// # Safety
/// As [`Content::read`].
unsafe fn got<T: Content>(
    element: &v2g_exi_lazy,
    get: unsafe extern "C" fn(*const v2g_exi_lazy, *mut T) -> i32,
    with: &mut Reader,
) -> i32 {
    let mut out = MaybeUninit::<T>::uninit();
    // SAFETY: promised by the caller; there is memory for it, and it was written where it is read.
    unsafe {
        let status = get(element, out.as_mut_ptr());
        match status {
            V2G_OK => out.assume_init_ref().read(with),
            V2G_NONE | V2G_E_VALUE => {}
            other => panic!("{other}"),
        }
        status
    }
}

type Begin = unsafe extern "C" fn(*const v2g_exi_list, *mut v2g_exi_iter) -> i32;
type Next<T> = unsafe extern "C" fn(*mut v2g_exi_iter, *mut T) -> i32;

/// # Safety
/// As [`Content::read`].
unsafe fn walked<T: Content>(list: &v2g_exi_list, begin: Begin, next: Next<T>, with: &mut Reader) -> usize {
    let mut iter = MaybeUninit::<v2g_exi_iter>::uninit();
    let mut item = MaybeUninit::<T>::uninit();
    // SAFETY: promised by the caller; what is read was written.
    unsafe {
        match begin(list, iter.as_mut_ptr()) {
            V2G_OK => {}
            V2G_E_VALUE => return 0,
            other => panic!("{other}"),
        }
        let mut count = 0;
        loop {
            match next(iter.as_mut_ptr(), item.as_mut_ptr()) {
                V2G_OK => item.assume_init_ref().read(with),
                V2G_NONE => break,
                other => panic!("{other}"),
            }
            count += 1;
        }
        assert_eq!(count, list.count, "as many as the list says");
        // Another type does not walk on with what is left of this one.
        let mut other = MaybeUninit::<v2g_exi_tax_rule>::uninit();
        let status = v2g_exi_tax_rule_next(iter.as_mut_ptr(), other.as_mut_ptr());
        assert!(status == V2G_E_VALUE || status == V2G_NONE, "{status}");
        1
    }
}

impl Content for v2g_exi_list {
    unsafe fn read(&self, with: &mut Reader) {
        // SAFETY: promised by the caller.
        unsafe {
            let types = [
                walked(self, v2g_exi_app_protocol_begin, v2g_exi_app_protocol_next, with),
                walked(self, v2g_exi_additional_service_begin, v2g_exi_additional_service_next, with),
                walked(self, v2g_exi_authorization_begin, v2g_exi_authorization_next, with),
                walked(
                    self,
                    v2g_exi_ev_power_schedule_entry_begin,
                    v2g_exi_ev_power_schedule_entry_next,
                    with,
                ),
                walked(self, v2g_exi_ev_price_rule_begin, v2g_exi_ev_price_rule_next, with),
                walked(self, v2g_exi_ev_price_rule_stack_begin, v2g_exi_ev_price_rule_stack_next, with),
                walked(self, v2g_exi_overstay_rule_begin, v2g_exi_overstay_rule_next, with),
                walked(self, v2g_exi_parameter_begin, v2g_exi_parameter_next, with),
                walked(self, v2g_exi_parameter_set_begin, v2g_exi_parameter_set_next, with),
                walked(self, v2g_exi_power_schedule_entry_begin, v2g_exi_power_schedule_entry_next, with),
                walked(
                    self,
                    v2g_exi_price_level_schedule_entry_begin,
                    v2g_exi_price_level_schedule_entry_next,
                    with,
                ),
                walked(self, v2g_exi_price_rule_begin, v2g_exi_price_rule_next, with),
                walked(self, v2g_exi_price_rule_stack_begin, v2g_exi_price_rule_stack_next, with),
                walked(self, v2g_exi_schedule_tuple_begin, v2g_exi_schedule_tuple_next, with),
                walked(self, v2g_exi_selected_service_begin, v2g_exi_selected_service_next, with),
                walked(self, v2g_exi_service_begin, v2g_exi_service_next, with),
                walked(self, v2g_exi_tax_rule_begin, v2g_exi_tax_rule_next, with),
                walked(self, v2g_exi_detailed_tax_begin, v2g_exi_detailed_tax_next, with),
                walked(self, v2g_exi_alternative_secc_begin, v2g_exi_alternative_secc_next, with),
                walked(
                    self,
                    v2g_exi_wpt_alignment_check_method_begin,
                    v2g_exi_wpt_alignment_check_method_next,
                    with,
                ),
                walked(
                    self,
                    v2g_exi_wpt_fine_positioning_method_begin,
                    v2g_exi_wpt_fine_positioning_method_next,
                    with,
                ),
                walked(self, v2g_exi_wpt_pairing_method_begin, v2g_exi_wpt_pairing_method_next, with),
                walked(self, v2g_exi_wpt_tx_rx_pulse_order_begin, v2g_exi_wpt_tx_rx_pulse_order_next, with),
                walked(self, v2g_exi_wpt_tx_rx_spec_data_begin, v2g_exi_wpt_tx_rx_spec_data_next, with),
                walked(self, v2g_exi_reference_begin, v2g_exi_reference_next, with),
                walked(self, v2g_exi_transform_begin, v2g_exi_transform_next, with),
                walked(self, v2g_exi_x509_issuer_serial_begin, v2g_exi_x509_issuer_serial_next, with),
                walked(self, v2g_exi_text_begin, v2g_exi_text_next, with),
                walked(self, v2g_exi_octets_begin, v2g_exi_octets_next, with),
                walked(self, v2g_exi_u16_begin, v2g_exi_u16_next, with),
            ];
            // One that is absent is empty for every type.
            let right: usize = types.iter().sum();
            assert!(
                right == 1 || (right == types.len() && self.count == 0),
                "a list has one type: {types:?}"
            );
        }
    }
}
