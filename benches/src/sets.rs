//! The types that occur in benchmark messages, with their fields.
//!
//! Written out rather than walked by the `reflect` feature, so that what is counted is the reading alone.

#![allow(clippy::wildcard_imports, reason = "the list below names every type once already")]

mod app_protocol {
    use exi_codec::app_protocol::*;

    use crate::value::values;

    values! {
        enumeration ResponseCode {}
        struct AppProtocol<'_> {
            protocol_namespace, version_number_major, version_number_minor, schema_id, priority
        }
        struct SupportedAppProtocolReq<'_> { app_protocol }
        struct SupportedAppProtocolRes { response_code, schema_id }
        message Message<'_> { SupportedAppProtocolReq, SupportedAppProtocolRes }
    }
}

mod xmldsig {
    use exi_codec::iso20::xmldsig::*;

    use crate::value::values;

    values! {
        struct CanonicalizationMethod<'_> { algorithm }
        struct DigestMethod<'_> { algorithm }
        struct Reference<'_> { id, r#type, uri, transforms, digest_method, digest_value }
        struct Signature<'_> { id, signed_info, signature_value, ..Default }
        struct SignatureMethod<'_> { algorithm, ..Default }
        struct SignatureValue<'_> { id, value }
        struct SignedInfo<'_> { id, canonicalization_method, signature_method, reference, ..Default }
        struct Transform<'_> { algorithm, ..Default }
    }
}

mod common_types {
    use exi_codec::iso20::common_types::*;

    use crate::value::values;

    values! {
        enumeration EvseNotification {}
        enumeration Processing {}
        enumeration ResponseCode {}
        struct DetailedCost { amount, cost_per_unit }
        struct DetailedTax { tax_rule_id, amount }
        struct DisplayParameters {
            present_soc, minimum_soc, target_soc, maximum_soc, remaining_time_to_minimum_soc,
            remaining_time_to_target_soc, remaining_time_to_maximum_soc, charging_complete,
            battery_energy_capacity, inlet_hot
        }
        struct EvseStatus { notification_max_delay, evse_notification }
        struct MessageHeader<'_> { session_id, time_stamp, signature }
        struct MeterInfo<'_> {
            meter_id, charged_energy_reading_wh, bpt_discharged_energy_reading_wh,
            capacitive_energy_reading_varh, bpt_inductive_energy_reading_varh, meter_signature,
            meter_status, meter_timestamp
        }
        struct Receipt<'_> {
            time_anchor, energy_costs, occupancy_costs, additional_services_costs, overstay_costs,
            tax_costs
        }
    }
}

mod common_messages {
    use exi_codec::iso20::common_messages::*;

    use crate::value::values;

    values! {
        enumeration Authorization {}
        enumeration ChannelSelection {}
        enumeration ChargeProgress {}
        enumeration EcdhCurve {}
        enumeration PowerToleranceAcceptance {}
        choice AReqAuthorizationMode<'_> { Eim, Pnc(value) }
        choice EncryptedPrivateKey<'_> { SeCp521(value), X448(value), Tpm(value) }
        choice EvpptControlMode { Dynamic, Scheduled(value) }
        choice ParameterValue<'_> {
            BoolValue(value), ByteValue(value), ShortValue(value), IntValue(value),
            RationalNumber(value), FiniteString(value)
        }
        choice PriceSchedule<'_> { AbsolutePrice(value), PriceLevel(value) }
        choice SeResControlMode<'_> { Dynamic(value), Scheduled(value) }
        struct AbsolutePriceSchedule<'_> {
            id, time_anchor, price_schedule_id, price_schedule_description, currency, language,
            price_algorithm, minimum_cost, maximum_cost, tax_rules, price_rule_stacks,
            overstay_rules, additional_selected_services, ..Default
        }
        struct AdditionalService<'_> { service_name, service_fee }
        struct AuthorizationReq<'_> { header, selected_authorization_service, authorization_mode }
        struct CertificateChain<'_> { certificate, sub_certificates }
        struct CertificateInstallationRes<'_> {
            header, response_code, evse_processing, cp_s_certificate_chain,
            signed_installation_data, remaining_contract_certificate_chains
        }
        struct ChargingSchedule<'_> { power_schedule, price_schedule }
        struct ContractCertificateChain<'_> { certificate, sub_certificates }
        struct DynamicSeResControlMode<'_> { departure_time, minimum_soc, target_soc, price_schedule }
        struct EvPowerProfile<'_> { time_anchor, control_mode, ev_power_profile_entries }
        struct OverstayRule<'_> { overstay_rule_description, start_time, overstay_fee, overstay_fee_period }
        struct OverstayRuleList<'_> { overstay_time_threshold, overstay_power_threshold, overstay_rule }
        struct Parameter<'_> { name, value }
        struct ParameterSet<'_> { parameter_set_id, parameter }
        struct PncAReqAuthorizationMode<'_> { id, gen_challenge, contract_certificate_chain, ..Default }
        struct PowerDeliveryReq<'_> {
            header, ev_processing, charge_progress, ev_power_profile, bpt_channel_selection
        }
        struct PowerSchedule<'_> { time_anchor, available_energy, power_tolerance, power_schedule_entries }
        struct PowerScheduleEntry { duration, power, power_l2, power_l3 }
        struct PriceLevelSchedule<'_> {
            id, time_anchor, price_schedule_id, price_schedule_description,
            number_of_price_levels, price_level_schedule_entries, ..Default
        }
        struct PriceLevelScheduleEntry { duration, price_level }
        struct PriceRule {
            energy_fee, parking_fee, parking_fee_period, carbon_dioxide_emission,
            renewable_generation_percentage, power_range_start
        }
        struct PriceRuleStack<'_> { duration, price_rule }
        struct ScheduleExchangeRes<'_> { header, response_code, evse_processing, go_to_pause, control_mode }
        struct ScheduleTuple<'_> { schedule_tuple_id, charging_schedule, discharging_schedule }
        struct ScheduledEvpptControlMode { selected_schedule_tuple_id, power_tolerance_acceptance }
        struct Service { service_id, free_service }
        struct ServiceDetailRes<'_> { header, response_code, service_id, service_parameter_list }
        struct ServiceDiscoveryRes<'_> {
            header, response_code, service_renegotiation_supported, energy_transfer_service_list,
            vas_list
        }
        struct SessionSetupReq<'_> { header, evcc_id }
        struct SessionSetupRes<'_> { header, response_code, evse_id }
        struct SignedInstallationData<'_> {
            id, contract_certificate_chain, ecdh_curve, dh_public_key, encrypted_private_key,
            ..Default
        }
        struct TaxRule<'_> {
            tax_rule_id, tax_rule_name, tax_rate, tax_included_in_price, applies_to_energy_fee,
            applies_to_parking_fee, applies_to_overstay_fee, applies_minimum_maximum_cost
        }
        message Message<'_> {
            SessionSetupReq, SessionSetupRes, AuthorizationReq, ServiceDiscoveryRes,
            ServiceDetailRes, ScheduleExchangeRes, PowerDeliveryReq, CertificateInstallationRes
        }
    }
}

mod dc {
    use exi_codec::iso20::dc::*;

    use crate::value::values;

    values! {
        choice ClReqControlMode { BptDynamic(value), BptScheduled(value), Dynamic(value), Scheduled(value) }
        choice ClResControlMode { BptDynamic(value), BptScheduled(value), Dynamic(value), Scheduled(value) }
        choice DcCpdReqMode { BptDc(value), Dc(value) }
        struct BptDcCpdReqEnergyTransferMode {
            ev_maximum_charge_power, ev_minimum_charge_power, ev_maximum_charge_current,
            ev_minimum_charge_current, ev_maximum_voltage, ev_minimum_voltage, target_soc,
            ev_maximum_discharge_power, ev_minimum_discharge_power, ev_maximum_discharge_current,
            ev_minimum_discharge_current
        }
        struct BptDynamicDcClReqControlMode {
            departure_time, ev_target_energy_request, ev_maximum_energy_request,
            ev_minimum_energy_request, ev_maximum_charge_power, ev_minimum_charge_power,
            ev_maximum_charge_current, ev_maximum_voltage, ev_minimum_voltage,
            ev_maximum_discharge_power, ev_minimum_discharge_power, ev_maximum_discharge_current,
            ev_maximum_v2x_energy_request, ev_minimum_v2x_energy_request
        }
        struct BptDynamicDcClResControlMode {
            departure_time, minimum_soc, target_soc, ack_max_delay, evse_maximum_charge_power,
            evse_minimum_charge_power, evse_maximum_charge_current, evse_maximum_voltage,
            evse_maximum_discharge_power, evse_minimum_discharge_power,
            evse_maximum_discharge_current, evse_minimum_voltage
        }
        struct BptScheduledDcClReqControlMode {
            ev_target_energy_request, ev_maximum_energy_request, ev_minimum_energy_request,
            ev_target_current, ev_target_voltage, ev_maximum_charge_power,
            ev_minimum_charge_power, ev_maximum_charge_current, ev_maximum_voltage,
            ev_minimum_voltage, ev_maximum_discharge_power, ev_minimum_discharge_power,
            ev_maximum_discharge_current
        }
        struct BptScheduledDcClResControlMode {
            evse_maximum_charge_power, evse_minimum_charge_power, evse_maximum_charge_current,
            evse_maximum_voltage, evse_maximum_discharge_power, evse_minimum_discharge_power,
            evse_maximum_discharge_current, evse_minimum_voltage
        }
        struct DcChargeLoopReq<'_> {
            header, display_parameters, meter_info_requested, ev_present_voltage, control_mode
        }
        struct DcChargeLoopRes<'_> {
            header, response_code, evse_status, meter_info, receipt, evse_present_current,
            evse_present_voltage, evse_power_limit_achieved, evse_current_limit_achieved,
            evse_voltage_limit_achieved, control_mode
        }
        struct DcChargeParameterDiscoveryReq<'_> { header, energy_transfer_mode }
        struct DcCpdReqEnergyTransferMode {
            ev_maximum_charge_power, ev_minimum_charge_power, ev_maximum_charge_current,
            ev_minimum_charge_current, ev_maximum_voltage, ev_minimum_voltage, target_soc
        }
        struct DynamicDcClReqControlMode {
            departure_time, ev_target_energy_request, ev_maximum_energy_request,
            ev_minimum_energy_request, ev_maximum_charge_power, ev_minimum_charge_power,
            ev_maximum_charge_current, ev_maximum_voltage, ev_minimum_voltage
        }
        struct DynamicDcClResControlMode {
            departure_time, minimum_soc, target_soc, ack_max_delay, evse_maximum_charge_power,
            evse_minimum_charge_power, evse_maximum_charge_current, evse_maximum_voltage
        }
        struct ScheduledDcClReqControlMode {
            ev_target_energy_request, ev_maximum_energy_request, ev_minimum_energy_request,
            ev_target_current, ev_target_voltage, ev_maximum_charge_power,
            ev_minimum_charge_power, ev_maximum_charge_current, ev_maximum_voltage,
            ev_minimum_voltage
        }
        struct ScheduledDcClResControlMode {
            evse_maximum_charge_power, evse_minimum_charge_power, evse_maximum_charge_current,
            evse_maximum_voltage
        }
        message Message<'_> { DcChargeParameterDiscoveryReq, DcChargeLoopReq, DcChargeLoopRes }
    }
}

mod ac {
    use exi_codec::iso20::ac::*;

    use crate::value::values;

    values! {
        choice ClReqControlMode { BptDynamic(value), BptScheduled(value), Dynamic(value), Scheduled(value) }
        choice ClResControlMode { BptDynamic(value), BptScheduled(value), Dynamic(value), Scheduled(value) }
        struct AcChargeLoopReq<'_> { header, display_parameters, meter_info_requested, control_mode }
        struct AcChargeLoopRes<'_> {
            header, response_code, evse_status, meter_info, receipt, evse_target_frequency,
            control_mode
        }
        struct BptDynamicAcClReqControlMode {
            departure_time, ev_target_energy_request, ev_maximum_energy_request,
            ev_minimum_energy_request, ev_maximum_charge_power, ev_maximum_charge_power_l2,
            ev_maximum_charge_power_l3, ev_minimum_charge_power, ev_minimum_charge_power_l2,
            ev_minimum_charge_power_l3, ev_present_active_power, ev_present_active_power_l2,
            ev_present_active_power_l3, ev_present_reactive_power, ev_present_reactive_power_l2,
            ev_present_reactive_power_l3, ev_maximum_discharge_power,
            ev_maximum_discharge_power_l2, ev_maximum_discharge_power_l3,
            ev_minimum_discharge_power, ev_minimum_discharge_power_l2,
            ev_minimum_discharge_power_l3, ev_maximum_v2x_energy_request,
            ev_minimum_v2x_energy_request
        }
        struct BptDynamicAcClResControlMode {
            departure_time, minimum_soc, target_soc, ack_max_delay, evse_target_active_power,
            evse_target_active_power_l2, evse_target_active_power_l3, evse_target_reactive_power,
            evse_target_reactive_power_l2, evse_target_reactive_power_l3,
            evse_present_active_power, evse_present_active_power_l2, evse_present_active_power_l3
        }
        struct BptScheduledAcClReqControlMode {
            ev_target_energy_request, ev_maximum_energy_request, ev_minimum_energy_request,
            ev_maximum_charge_power, ev_maximum_charge_power_l2, ev_maximum_charge_power_l3,
            ev_minimum_charge_power, ev_minimum_charge_power_l2, ev_minimum_charge_power_l3,
            ev_present_active_power, ev_present_active_power_l2, ev_present_active_power_l3,
            ev_present_reactive_power, ev_present_reactive_power_l2, ev_present_reactive_power_l3,
            ev_maximum_discharge_power, ev_maximum_discharge_power_l2,
            ev_maximum_discharge_power_l3, ev_minimum_discharge_power,
            ev_minimum_discharge_power_l2, ev_minimum_discharge_power_l3
        }
        struct BptScheduledAcClResControlMode {
            evse_target_active_power, evse_target_active_power_l2, evse_target_active_power_l3,
            evse_target_reactive_power, evse_target_reactive_power_l2,
            evse_target_reactive_power_l3, evse_present_active_power,
            evse_present_active_power_l2, evse_present_active_power_l3
        }
        struct DynamicAcClReqControlMode {
            departure_time, ev_target_energy_request, ev_maximum_energy_request,
            ev_minimum_energy_request, ev_maximum_charge_power, ev_maximum_charge_power_l2,
            ev_maximum_charge_power_l3, ev_minimum_charge_power, ev_minimum_charge_power_l2,
            ev_minimum_charge_power_l3, ev_present_active_power, ev_present_active_power_l2,
            ev_present_active_power_l3, ev_present_reactive_power, ev_present_reactive_power_l2,
            ev_present_reactive_power_l3
        }
        struct DynamicAcClResControlMode {
            departure_time, minimum_soc, target_soc, ack_max_delay, evse_target_active_power,
            evse_target_active_power_l2, evse_target_active_power_l3, evse_target_reactive_power,
            evse_target_reactive_power_l2, evse_target_reactive_power_l3,
            evse_present_active_power, evse_present_active_power_l2, evse_present_active_power_l3
        }
        struct ScheduledAcClReqControlMode {
            ev_target_energy_request, ev_maximum_energy_request, ev_minimum_energy_request,
            ev_maximum_charge_power, ev_maximum_charge_power_l2, ev_maximum_charge_power_l3,
            ev_minimum_charge_power, ev_minimum_charge_power_l2, ev_minimum_charge_power_l3,
            ev_present_active_power, ev_present_active_power_l2, ev_present_active_power_l3,
            ev_present_reactive_power, ev_present_reactive_power_l2, ev_present_reactive_power_l3
        }
        struct ScheduledAcClResControlMode {
            evse_target_active_power, evse_target_active_power_l2, evse_target_active_power_l3,
            evse_target_reactive_power, evse_target_reactive_power_l2,
            evse_target_reactive_power_l3, evse_present_active_power,
            evse_present_active_power_l2, evse_present_active_power_l3
        }
        message Message<'_> { AcChargeLoopReq, AcChargeLoopRes }
    }
}

mod wpt {
    use exi_codec::iso20::wpt::*;

    use crate::value::values;

    values! {
        enumeration WptEvResult {}
        choice LfData { LfTx(value), LfRx(value) }
        struct WptFinePositioningReq<'_> {
            header, ev_processing, ev_result_code, vendor_specific_data_container,
            wpt_lf_data_package_list
        }
        struct WptLfDataPackage { package_index, data }
        struct WptLfDataPackageList { num_packages, wpt_lf_data_package }
        struct WptLfRxData { rx_identifier, rssi_data }
        struct WptLfRxDataList { wpt_lf_rx_data_list }
        struct WptLfRxRssi { tx_identifier, rssi }
        struct WptLfRxRssiList { rssi_data_list }
        struct WptLfTxData { tx_identifier, eirp }
        struct WptLfTxDataList { wpt_lf_tx_data_list }
        message Message<'_> { WptFinePositioningReq }
    }
}

mod acdp {
    use exi_codec::iso20::acdp::*;

    use crate::value::values;

    values! {
        struct AcdpVehiclePositioningReq<'_> { header, ev_mobility_status, ev_positioning_support }
        message Message<'_> { AcdpVehiclePositioningReq }
    }
}
