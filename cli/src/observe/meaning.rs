//! What matters in a message, in a few words.

mod families;

use exi_codec::iso20::common_messages::{ParameterValue, PriceSchedule, SeReqControlMode, SeResControlMode};
use exi_codec::iso20::common_types::{EvseStatus, PercentValue, Processing};
use exi_codec::iso20::dc::{ClReqControlMode, ClResControlMode, DcCpdReqMode, DcCpdResMode};
use exi_codec::{Quantity, Rounding, Unit};
use iso15118_20::message::{Request, Response};
use serde_json::{Map, Value, json};
use v2gtp::{PayloadType, SchemaSet};

/// A message as the timeline shows it.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    /// Name of the message.
    pub(crate) name: &'static str,
    /// What matters, in order.
    pub(crate) facts: Map<String, Value>,
}

/// What a payload says; payloads that cannot be read get no facts.
pub(crate) fn of(payload_type: PayloadType, payload: &[u8]) -> Meaning {
    let request = Request::decode(payload_type, SchemaSet::Dc, payload);
    if let Ok(request) = request {
        return Meaning { name: request.kind().name(), facts: of_request(&request) };
    }
    match Response::decode(payload_type, SchemaSet::Dc, payload) {
        Ok(response) => Meaning { name: response.kind().name(), facts: of_response(&response) },
        Err(error) => {
            let facts = Facts::default().add("error", error.to_string()).0;
            Meaning { name: "undecodable", facts }
        }
    }
}

#[derive(Default)]
struct Facts(Map<String, Value>);

impl Facts {
    fn add(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.add(name, value),
            None => self,
        }
    }

    fn processing(self, processing: Processing) -> Self {
        if processing == Processing::Finished { self } else { self.add("processing", processing.as_str()) }
    }

    fn status(self, status: Option<EvseStatus>) -> Self {
        match status {
            Some(status) => self
                .add("notification", status.evse_notification.as_str())
                .add("max_delay_s", status.notification_max_delay),
            None => self,
        }
    }

    /// Needs that the charger settles.
    fn needs(self, departure: Option<u32>, target: Option<PercentValue>) -> Self {
        self.maybe("departure_s", departure).maybe("target_soc", target.map(exi_codec::Ranged::get))
    }

    fn text(self, name: &str, text: &exi_codec::Str<'_>) -> Self {
        self.add(name, text.to_string())
    }
}

fn pricing(price: &PriceSchedule<'_>) -> String {
    match price {
        PriceSchedule::AbsolutePrice(prices) => prices.currency.to_string(),
        PriceSchedule::PriceLevel(_) => "levels".to_owned(),
    }
}

/// A quantity as a plain number in its unit.
fn number<U: Unit>(quantity: Quantity<U>) -> Value {
    let milli = quantity.to_milli_saturating(Rounding::Nearest);
    if milli % 1000 == 0 {
        json!(milli / 1000)
    } else {
        #[allow(clippy::cast_precision_loss, reason = "for display")]
        let value = milli as f64 / 1000.0;
        json!(value)
    }
}

fn of_request(request: &Request<'_>) -> Map<String, Value> {
    let facts = Facts::default();
    match request {
        Request::SupportedAppProtocolReq(m) => {
            let offers: Vec<Value> =
                m.app_protocol.iter().map(|p| p.protocol_namespace.to_string().into()).collect();
            facts.add("protocols", offers)
        }
        Request::SessionSetupReq(m) => facts.text("evcc_id", &m.evcc_id),
        Request::AuthorizationReq(m) => facts.add("service", m.selected_authorization_service.as_str()),
        Request::ServiceDetailReq(m) => facts.add("service_id", m.service_id),
        Request::ServiceSelectionReq(m) => facts
            .add("service_id", m.selected_energy_transfer_service.service_id)
            .add("parameter_set_id", m.selected_energy_transfer_service.parameter_set_id),
        Request::DcChargeParameterDiscoveryReq(m) => match &m.energy_transfer_mode {
            DcCpdReqMode::Dc(l) => facts
                .add("charge_w", number(l.ev_maximum_charge_power))
                .add("charge_a", number(l.ev_maximum_charge_current))
                .add("max_v", number(l.ev_maximum_voltage)),
            DcCpdReqMode::BptDc(l) => facts
                .add("charge_w", number(l.ev_maximum_charge_power))
                .add("discharge_w", number(l.ev_maximum_discharge_power))
                .add("charge_a", number(l.ev_maximum_charge_current))
                .add("discharge_a", number(l.ev_maximum_discharge_current))
                .add("max_v", number(l.ev_maximum_voltage)),
        },
        Request::ScheduleExchangeReq(m) => match &m.control_mode {
            SeReqControlMode::Dynamic(d) => facts
                .add("mode", "Dynamic")
                .add("departure_s", d.departure_time)
                .add("target_wh", number(d.ev_target_energy_request)),
            SeReqControlMode::Scheduled(s) => facts
                .add("mode", "Scheduled")
                .maybe("departure_s", s.departure_time)
                .maybe("target_wh", s.ev_target_energy_request.map(number)),
        },
        Request::DcPreChargeReq(m) => facts
            .processing(m.ev_processing)
            .add("target_v", number(m.ev_target_voltage))
            .add("present_v", number(m.ev_present_voltage)),
        Request::PowerDeliveryReq(m) => {
            facts.add("progress", m.charge_progress.as_str()).processing(m.ev_processing)
        }
        Request::DcChargeLoopReq(m) => {
            let soc = m.display_parameters.and_then(|d| d.present_soc).map(exi_codec::Ranged::get);
            let facts = facts.maybe("soc", soc).add("present_v", number(m.ev_present_voltage));
            match &m.control_mode {
                ClReqControlMode::Dynamic(d) => facts.add("charge_w", number(d.ev_maximum_charge_power)),
                ClReqControlMode::BptDynamic(d) => facts
                    .add("charge_w", number(d.ev_maximum_charge_power))
                    .add("discharge_w", number(d.ev_maximum_discharge_power)),
                ClReqControlMode::Scheduled(s) => facts
                    .add("target_a", number(s.ev_target_current))
                    .add("target_v", number(s.ev_target_voltage)),
                ClReqControlMode::BptScheduled(s) => facts
                    .add("target_a", number(s.ev_target_current))
                    .add("target_v", number(s.ev_target_voltage)),
            }
        }
        Request::DcWeldingDetectionReq(m) => facts.processing(m.ev_processing),
        Request::SessionStopReq(m) => {
            let facts = facts.add("session", m.charging_session.as_str());
            facts.maybe("code", m.ev_termination_code.map(|code| code.to_string()))
        }
        _ => families::of_request(facts, request),
    }
    .0
}

fn of_response(response: &Response<'_>) -> Map<String, Value> {
    let mut facts = Facts::default();
    if let Some(code) = response.code() {
        facts = facts.add("code", code.as_str());
    }
    match response {
        Response::SupportedAppProtocolRes(m) => {
            facts.add("code", m.response_code.as_str()).maybe("schema_id", m.schema_id)
        }
        Response::SessionSetupRes(m) => facts.text("evse_id", &m.evse_id),
        Response::AuthorizationSetupRes(m) => {
            let services: Vec<Value> = m.authorization_services.iter().map(|s| s.as_str().into()).collect();
            facts.add("services", services)
        }
        Response::AuthorizationRes(m) => facts.processing(m.evse_processing),
        Response::ServiceDiscoveryRes(m) => {
            let ids: Vec<Value> =
                m.energy_transfer_service_list.iter().map(|s| s.service_id.into()).collect();
            facts.add("service_ids", ids)
        }
        Response::ServiceDetailRes(m) => {
            let sets: Vec<Value> = m
                .service_parameter_list
                .iter()
                .map(|set| {
                    let mut map = Map::new();
                    map.insert("id".into(), set.parameter_set_id.into());
                    for parameter in &set.parameter {
                        if let ParameterValue::IntValue(value) = parameter.value {
                            map.insert(parameter.name.to_string(), value.into());
                        }
                    }
                    Value::Object(map)
                })
                .collect();
            facts.add("service_id", m.service_id).add("sets", sets)
        }
        Response::DcChargeParameterDiscoveryRes(m) => match &m.energy_transfer_mode {
            DcCpdResMode::Dc(l) => facts
                .add("charge_w", number(l.evse_maximum_charge_power))
                .add("charge_a", number(l.evse_maximum_charge_current))
                .add("max_v", number(l.evse_maximum_voltage)),
            DcCpdResMode::BptDc(l) => facts
                .add("charge_w", number(l.evse_maximum_charge_power))
                .add("discharge_w", number(l.evse_maximum_discharge_power))
                .add("charge_a", number(l.evse_maximum_charge_current))
                .add("discharge_a", number(l.evse_maximum_discharge_current))
                .add("max_v", number(l.evse_maximum_voltage)),
        },
        Response::ScheduleExchangeRes(m) => {
            let facts = facts.processing(m.evse_processing);
            match &m.control_mode {
                SeResControlMode::Dynamic(d) => facts
                    .add("mode", "Dynamic")
                    .needs(d.departure_time, d.target_soc)
                    .maybe("prices", d.price_schedule.as_ref().map(pricing)),
                SeResControlMode::Scheduled(tuples) => {
                    let first = tuples.first().map(|tuple| tuple.charging_schedule);
                    let entries = first.map(|schedule| schedule.power_schedule.power_schedule_entries);
                    let power = entries.and_then(|entries| entries.first());
                    let price = first.and_then(|schedule| schedule.price_schedule);
                    facts
                        .add("mode", "Scheduled")
                        .add("tuples", tuples.len())
                        .maybe("entries", entries.map(|entries| entries.len()))
                        .maybe("power_w", power.map(|entry| number(entry.power)))
                        .maybe("prices", price.as_ref().map(pricing))
                }
            }
        }
        Response::DcCableCheckRes(m) => facts.processing(m.evse_processing),
        Response::DcPreChargeRes(m) => facts.add("present_v", number(m.evse_present_voltage)),
        Response::PowerDeliveryRes(m) => facts.status(m.evse_status),
        Response::DcChargeLoopRes(m) => {
            let facts = facts
                .add("present_v", number(m.evse_present_voltage))
                .add("present_a", number(m.evse_present_current));
            let facts = match &m.control_mode {
                ClResControlMode::Dynamic(d) => facts
                    .add("charge_w", number(d.evse_maximum_charge_power))
                    .needs(d.departure_time, d.target_soc),
                ClResControlMode::BptDynamic(d) => facts
                    .add("charge_w", number(d.evse_maximum_charge_power))
                    .add("discharge_w", number(d.evse_maximum_discharge_power))
                    .needs(d.departure_time, d.target_soc),
                ClResControlMode::Scheduled(s) => {
                    facts.maybe("charge_w", s.evse_maximum_charge_power.map(number))
                }
                ClResControlMode::BptScheduled(s) => facts
                    .maybe("charge_w", s.evse_maximum_charge_power.map(number))
                    .maybe("discharge_w", s.evse_maximum_discharge_power.map(number)),
            };
            let meter = m.meter_info.map(|meter| meter.get());
            facts.maybe("meter_wh", meter.map(|meter| meter.charged_energy_reading_wh)).status(m.evse_status)
        }
        Response::DcWeldingDetectionRes(m) => facts.add("present_v", number(m.evse_present_voltage)),
        _ => families::of_response(facts, response),
    }
    .0
}

#[cfg(test)]
mod tests {
    use iso15118_20::message::MessageKind;
    use serde_json::Value;

    /// Messages of the committed corpus.
    fn corpus(set: &str) -> Vec<(String, Vec<u8>)> {
        let path = format!("{}/../conformance/corpus/{set}.jsonl", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter(|line| line["fragment"] != true)
            .map(|line| {
                let exi = crate::input::hex(line["exi_hex"].as_str().unwrap()).unwrap();
                (line["xml"].as_str().unwrap().to_owned(), exi)
            })
            .collect()
    }

    #[test]
    fn messages_of_every_family_are_read_by_name() {
        for set in ["common", "dc", "ac", "wpt", "acdp"] {
            let mut read = 0;
            for (xml, exi) in corpus(set) {
                let kind = MessageKind::ALL.iter().find(|kind| {
                    xml.contains(&format!(":{} ", kind.name())) || xml.contains(&format!("<{} ", kind.name()))
                });
                let Some(kind) = kind else { continue };
                let meaning = super::of(kind.payload_type(), &exi);
                assert_eq!(meaning.name, kind.name(), "{:?}", meaning.facts);
                read += 1;
                let facts = &meaning.facts;
                if !kind.is_request() {
                    assert!(facts["code"].is_string(), "{kind}: {facts:?}");
                }
                if kind.name().contains("ChargeLoopReq") {
                    assert!(
                        facts.iter().any(|(name, _)| name.ends_with("_w") || name.ends_with("_v")),
                        "{kind}: {facts:?}"
                    );
                }
            }
            assert!(read >= 5, "{set}: {read}");
        }
    }
}
