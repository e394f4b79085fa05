//! What the structs of the codec are made of: which of their fields are views.

use v2g::generated::{
    ac::*, acdp::*, app_protocol::*, common_messages::*, common_types::*, dc::*, wpt::*, xmldsig::*,
};

use super::reading::{Content, Reader};

/// Structs: the fields that are there always, and those that a flag tells of.
macro_rules! structs {
    ($($name:ident { $($field:ident)* $(; $($optional:ident if $flag:ident)*)? })*) => { $(
        impl Content for $name {
            unsafe fn read(&self, with: &mut Reader) {
                // SAFETY: promised by the caller.
                unsafe {
                    $(self.$field.read(with);)*
                    $($(if self.$flag != 0 {
                        self.$optional.read(with);
                    })*)?
                }
            }
        }
    )* };
}

/// Structs with a union: which member, the kind says.
macro_rules! choices {
    ($($name:ident { $($kind:ident => $field:ident)* })*) => { $(
        impl Content for $name {
            unsafe fn read(&self, with: &mut Reader) {
                assert_ne!(self.kind, 0, "kinds count from 1");
                // SAFETY: promised by the caller; the kind says which member was written.
                unsafe {
                    match self.kind {
                        $($kind => self.value.$field.read(with),)*
                        _ => {}
                    }
                }
            }
        }
    )* };
}

/// Structs with nothing but numbers, which are read where they stand.
macro_rules! numbers {
    ($($name:ident)*) => { $(
        impl Content for $name {
            unsafe fn read(&self, _: &mut Reader) {}
        }
    )* };
}

numbers! {
    v2g_exi_ev_power_schedule_entry
    v2g_exi_ev_price_rule
    v2g_exi_power_schedule_entry
    v2g_exi_price_level_schedule_entry
    v2g_exi_price_rule
    v2g_exi_selected_service
    v2g_exi_service
    v2g_exi_detailed_tax
    v2g_exi_wpt_tx_rx_pulse_order
    v2g_exi_wpt_tx_rx_spec_data
}

structs! {
    v2g_exi_ac_charge_loop_req { header }
    v2g_exi_ac_charge_loop_res { header meter_info receipt }
    v2g_exi_ac_charge_parameter_discovery_req { header }
    v2g_exi_ac_charge_parameter_discovery_res { header }
    v2g_exi_acdp_connect_req { header }
    v2g_exi_acdp_connect_res { header }
    v2g_exi_acdp_system_status_req { header }
    v2g_exi_acdp_system_status_res { header }
    v2g_exi_acdp_vehicle_positioning_req { header }
    v2g_exi_acdp_vehicle_positioning_res { header }
    v2g_exi_app_protocol { protocol_namespace }
    v2g_exi_supported_app_protocol_req { app_protocol }
    v2g_exi_absolute_price_schedule {
        id price_schedule_description currency language price_algorithm tax_rules price_rule_stacks
        additional_selected_services
        ; overstay_rules if has_overstay_rules
    }
    v2g_exi_additional_service { service_name }
    v2g_exi_authorization_req { header authorization_mode }
    v2g_exi_authorization_res { header }
    v2g_exi_authorization_setup_req { header }
    v2g_exi_authorization_setup_res { header authorization_services authorization_mode }
    v2g_exi_certificate_chain { certificate sub_certificates }
    v2g_exi_certificate_installation_req {
        header oem_provisioning_certificate_chain list_of_root_certificate_ids prioritized_emaids
    }
    v2g_exi_certificate_installation_res { header cp_s_certificate_chain signed_installation_data }
    v2g_exi_charging_schedule { power_schedule ; price_schedule if has_price_schedule }
    v2g_exi_contract_certificate_chain { certificate sub_certificates }
    v2g_exi_dynamic_se_res_control_mode { ; price_schedule if has_price_schedule }
    v2g_exi_ev_absolute_price_schedule { currency price_algorithm ev_price_rule_stacks }
    v2g_exi_ev_energy_offer { ev_power_schedule ev_absolute_price_schedule }
    v2g_exi_ev_power_profile { ev_power_profile_entries }
    v2g_exi_ev_power_schedule { ev_power_schedule_entries }
    v2g_exi_ev_price_rule_stack { ev_price_rule }
    v2g_exi_metering_confirmation_req { header signed_metering_data }
    v2g_exi_metering_confirmation_res { header }
    v2g_exi_overstay_rule { overstay_rule_description }
    v2g_exi_overstay_rule_list { overstay_rule }
    v2g_exi_parameter { name value }
    v2g_exi_parameter_set { parameter }
    v2g_exi_pnc_a_req_authorization_mode { id contract_certificate_chain }
    v2g_exi_pnc_as_res_authorization_mode { supported_providers }
    v2g_exi_power_delivery_req { header ; ev_power_profile if has_ev_power_profile }
    v2g_exi_power_delivery_res { header }
    v2g_exi_power_schedule { power_schedule_entries }
    v2g_exi_price_level_schedule { id price_schedule_description price_level_schedule_entries }
    v2g_exi_price_rule_stack { price_rule }
    v2g_exi_schedule_exchange_req { header control_mode }
    v2g_exi_schedule_exchange_res { header control_mode }
    v2g_exi_schedule_tuple { charging_schedule ; discharging_schedule if has_discharging_schedule }
    v2g_exi_scheduled_se_req_control_mode { ; ev_energy_offer if has_ev_energy_offer }
    v2g_exi_service_detail_req { header }
    v2g_exi_service_detail_res { header service_parameter_list }
    v2g_exi_service_discovery_req { header supported_service_ids }
    v2g_exi_service_discovery_res { header energy_transfer_service_list vas_list }
    v2g_exi_service_selection_req { header selected_vas_list }
    v2g_exi_service_selection_res { header }
    v2g_exi_session_setup_req { header evcc_id }
    v2g_exi_session_setup_res { header evse_id }
    v2g_exi_session_stop_req { header ev_termination_code ev_termination_explanation }
    v2g_exi_session_stop_res { header }
    v2g_exi_signed_certificate_chain { id certificate sub_certificates }
    v2g_exi_signed_installation_data { id contract_certificate_chain dh_public_key encrypted_private_key }
    v2g_exi_signed_metering_data { id meter_info receipt }
    v2g_exi_tax_rule { tax_rule_name }
    v2g_exi_vehicle_check_in_req { header }
    v2g_exi_vehicle_check_in_res { header }
    v2g_exi_vehicle_check_out_req { header }
    v2g_exi_vehicle_check_out_res { header }
    v2g_exi_message_header { signature }
    v2g_exi_meter_info { meter_id meter_signature }
    v2g_exi_receipt { tax_costs }
    v2g_exi_dc_cable_check_req { header }
    v2g_exi_dc_cable_check_res { header }
    v2g_exi_dc_charge_loop_req { header }
    v2g_exi_dc_charge_loop_res { header meter_info receipt }
    v2g_exi_dc_charge_parameter_discovery_req { header }
    v2g_exi_dc_charge_parameter_discovery_res { header }
    v2g_exi_dc_pre_charge_req { header }
    v2g_exi_dc_pre_charge_res { header }
    v2g_exi_dc_welding_detection_req { header }
    v2g_exi_dc_welding_detection_res { header }
    v2g_exi_alternative_secc { ssid bssid ip_address }
    v2g_exi_wpt_alignment_check_req { header vendor_specific_data_container }
    v2g_exi_wpt_alignment_check_res { header vendor_specific_data_container }
    v2g_exi_wpt_charge_loop_req { header manufacturer_specific_data_container }
    v2g_exi_wpt_charge_loop_res { header meter_info receipt manufacturer_specific_data_container }
    v2g_exi_wpt_charge_parameter_discovery_req { header vendor_specific_data_container }
    v2g_exi_wpt_charge_parameter_discovery_res { header sd_manufacturer_specific_data_container }
    v2g_exi_wpt_fine_positioning_req { header vendor_specific_data_container }
    v2g_exi_wpt_fine_positioning_res { header vendor_specific_data_container }
    v2g_exi_wpt_fine_positioning_setup_req {
        header ev_device_fine_positioning_method_list ev_device_pairing_method_list
        ev_device_alignment_check_method_list vendor_specific_data_container
        ; lf_system_setup_data if has_lf_system_setup_data
    }
    v2g_exi_wpt_fine_positioning_setup_res {
        header primary_device_fine_positioning_method_list primary_device_pairing_method_list
        primary_device_alignment_check_method_list vendor_specific_data_container
        ; lf_system_setup_data if has_lf_system_setup_data
    }
    v2g_exi_wpt_lf_receiver_data { rx_spec_data }
    v2g_exi_wpt_lf_system_setup_data { setup }
    v2g_exi_wpt_lf_transmitter_data { tx_spec_data ; tx_package_spec_data if has_tx_package_spec_data }
    v2g_exi_wpt_pairing_req { header vendor_specific_data_container }
    v2g_exi_wpt_pairing_res { header alternative_secc_list vendor_specific_data_container }
    v2g_exi_wpt_tx_rx_package_spec_data { pulse_sequence_order }
    v2g_exi_canonicalization_method { algorithm }
    v2g_exi_digest_method { algorithm }
    v2g_exi_reference { id uri transforms digest_method digest_value }
    v2g_exi_signature { id signed_info signature_value }
    v2g_exi_signature_method { algorithm }
    v2g_exi_signature_value { id value }
    v2g_exi_signed_info { id canonicalization_method signature_method reference }
    v2g_exi_transform { algorithm }
    v2g_exi_x509_issuer_serial { x509_issuer_name x509_serial_number }
}

choices! {
    v2g_exi_ac_message {
        V2G_EXI_AC_MESSAGE_AC_CHARGE_LOOP_REQ => ac_charge_loop_req
        V2G_EXI_AC_MESSAGE_AC_CHARGE_LOOP_RES => ac_charge_loop_res
        V2G_EXI_AC_MESSAGE_AC_CHARGE_PARAMETER_DISCOVERY_REQ => ac_charge_parameter_discovery_req
        V2G_EXI_AC_MESSAGE_AC_CHARGE_PARAMETER_DISCOVERY_RES => ac_charge_parameter_discovery_res
 }
    v2g_exi_acdp_message {
        V2G_EXI_ACDP_MESSAGE_ACDP_CONNECT_REQ => acdp_connect_req
        V2G_EXI_ACDP_MESSAGE_ACDP_CONNECT_RES => acdp_connect_res
        V2G_EXI_ACDP_MESSAGE_ACDP_DISCONNECT_REQ => acdp_disconnect_req
        V2G_EXI_ACDP_MESSAGE_ACDP_DISCONNECT_RES => acdp_disconnect_res
        V2G_EXI_ACDP_MESSAGE_ACDP_SYSTEM_STATUS_REQ => acdp_system_status_req
        V2G_EXI_ACDP_MESSAGE_ACDP_SYSTEM_STATUS_RES => acdp_system_status_res
        V2G_EXI_ACDP_MESSAGE_ACDP_VEHICLE_POSITIONING_REQ => acdp_vehicle_positioning_req
        V2G_EXI_ACDP_MESSAGE_ACDP_VEHICLE_POSITIONING_RES => acdp_vehicle_positioning_res
 }
    v2g_exi_app_protocol_message {
        V2G_EXI_APP_PROTOCOL_MESSAGE_SUPPORTED_APP_PROTOCOL_REQ => supported_app_protocol_req
 }
    v2g_exi_a_req_authorization_mode {
        V2G_EXI_A_REQ_AUTHORIZATION_MODE_PNC => pnc
 }
    v2g_exi_as_res_authorization_mode {
        V2G_EXI_AS_RES_AUTHORIZATION_MODE_PNC => pnc
 }
    v2g_exi_encrypted_private_key {
        V2G_EXI_ENCRYPTED_PRIVATE_KEY_SE_CP521 => se_cp521
        V2G_EXI_ENCRYPTED_PRIVATE_KEY_X448 => x448
        V2G_EXI_ENCRYPTED_PRIVATE_KEY_TPM => tpm
 }
    v2g_exi_parameter_value {
        V2G_EXI_PARAMETER_VALUE_FINITE_STRING => finite_string
 }
    v2g_exi_price_schedule {
        V2G_EXI_PRICE_SCHEDULE_ABSOLUTE_PRICE => absolute_price
        V2G_EXI_PRICE_SCHEDULE_PRICE_LEVEL => price_level
 }
    v2g_exi_se_req_control_mode {
        V2G_EXI_SE_REQ_CONTROL_MODE_SCHEDULED => scheduled
 }
    v2g_exi_se_res_control_mode {
        V2G_EXI_SE_RES_CONTROL_MODE_DYNAMIC => dynamic
        V2G_EXI_SE_RES_CONTROL_MODE_SCHEDULED => scheduled
 }
    v2g_exi_common_messages_message {
        V2G_EXI_COMMON_MESSAGES_MESSAGE_AUTHORIZATION_REQ => authorization_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_AUTHORIZATION_RES => authorization_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_AUTHORIZATION_SETUP_REQ => authorization_setup_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_AUTHORIZATION_SETUP_RES => authorization_setup_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_CERTIFICATE_INSTALLATION_REQ => certificate_installation_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_CERTIFICATE_INSTALLATION_RES => certificate_installation_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_METERING_CONFIRMATION_REQ => metering_confirmation_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_METERING_CONFIRMATION_RES => metering_confirmation_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_POWER_DELIVERY_REQ => power_delivery_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_POWER_DELIVERY_RES => power_delivery_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SCHEDULE_EXCHANGE_REQ => schedule_exchange_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SCHEDULE_EXCHANGE_RES => schedule_exchange_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SERVICE_DETAIL_REQ => service_detail_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SERVICE_DETAIL_RES => service_detail_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SERVICE_DISCOVERY_REQ => service_discovery_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SERVICE_DISCOVERY_RES => service_discovery_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SERVICE_SELECTION_REQ => service_selection_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SERVICE_SELECTION_RES => service_selection_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SESSION_SETUP_REQ => session_setup_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SESSION_SETUP_RES => session_setup_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SESSION_STOP_REQ => session_stop_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_SESSION_STOP_RES => session_stop_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_VEHICLE_CHECK_IN_REQ => vehicle_check_in_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_VEHICLE_CHECK_IN_RES => vehicle_check_in_res
        V2G_EXI_COMMON_MESSAGES_MESSAGE_VEHICLE_CHECK_OUT_REQ => vehicle_check_out_req
        V2G_EXI_COMMON_MESSAGES_MESSAGE_VEHICLE_CHECK_OUT_RES => vehicle_check_out_res
 }
    v2g_exi_dc_message {
        V2G_EXI_DC_MESSAGE_DC_CABLE_CHECK_REQ => dc_cable_check_req
        V2G_EXI_DC_MESSAGE_DC_CABLE_CHECK_RES => dc_cable_check_res
        V2G_EXI_DC_MESSAGE_DC_CHARGE_LOOP_REQ => dc_charge_loop_req
        V2G_EXI_DC_MESSAGE_DC_CHARGE_LOOP_RES => dc_charge_loop_res
        V2G_EXI_DC_MESSAGE_DC_CHARGE_PARAMETER_DISCOVERY_REQ => dc_charge_parameter_discovery_req
        V2G_EXI_DC_MESSAGE_DC_CHARGE_PARAMETER_DISCOVERY_RES => dc_charge_parameter_discovery_res
        V2G_EXI_DC_MESSAGE_DC_PRE_CHARGE_REQ => dc_pre_charge_req
        V2G_EXI_DC_MESSAGE_DC_PRE_CHARGE_RES => dc_pre_charge_res
        V2G_EXI_DC_MESSAGE_DC_WELDING_DETECTION_REQ => dc_welding_detection_req
        V2G_EXI_DC_MESSAGE_DC_WELDING_DETECTION_RES => dc_welding_detection_res
 }
    v2g_exi_lf_setup {
        V2G_EXI_LF_SETUP_LF_TRANSMITTER => lf_transmitter
        V2G_EXI_LF_SETUP_LF_RECEIVER => lf_receiver
 }
    v2g_exi_wpt_message {
        V2G_EXI_WPT_MESSAGE_WPT_ALIGNMENT_CHECK_REQ => wpt_alignment_check_req
        V2G_EXI_WPT_MESSAGE_WPT_ALIGNMENT_CHECK_RES => wpt_alignment_check_res
        V2G_EXI_WPT_MESSAGE_WPT_CHARGE_LOOP_REQ => wpt_charge_loop_req
        V2G_EXI_WPT_MESSAGE_WPT_CHARGE_LOOP_RES => wpt_charge_loop_res
        V2G_EXI_WPT_MESSAGE_WPT_CHARGE_PARAMETER_DISCOVERY_REQ => wpt_charge_parameter_discovery_req
        V2G_EXI_WPT_MESSAGE_WPT_CHARGE_PARAMETER_DISCOVERY_RES => wpt_charge_parameter_discovery_res
        V2G_EXI_WPT_MESSAGE_WPT_FINE_POSITIONING_REQ => wpt_fine_positioning_req
        V2G_EXI_WPT_MESSAGE_WPT_FINE_POSITIONING_RES => wpt_fine_positioning_res
        V2G_EXI_WPT_MESSAGE_WPT_FINE_POSITIONING_SETUP_REQ => wpt_fine_positioning_setup_req
        V2G_EXI_WPT_MESSAGE_WPT_FINE_POSITIONING_SETUP_RES => wpt_fine_positioning_setup_res
        V2G_EXI_WPT_MESSAGE_WPT_PAIRING_REQ => wpt_pairing_req
        V2G_EXI_WPT_MESSAGE_WPT_PAIRING_RES => wpt_pairing_res
 }
}
