//! What a session is about: services, settings, tempers.

use std::time::Duration;

use exi_codec::iso20::common_types::PercentValue;
use exi_codec::iso20::xmldsig::X509IssuerSerial;
use exi_codec::{Bytes, Integer, Str};
use iso15118_20::evcc::{
    AuthorizationPolicy, Contract, EvccConfig, InstallWhen, Installation, PauseReaction, RenegotiationStream,
    ValueAddedWish, Wish,
};
use iso15118_20::schedule::ProfilePolicy;
use iso15118_20::secc::{AuthorizationOffer, ScheduleSource, SeccConfig, Support};
use iso15118_20::security::Chain;
use iso15118_20::service::{
    BptChannel, BptParameters, ControlMode, Family, Fee, InternetProtocol, MobilityNeeds, Offer, Parameters,
    ParkingKind, ParkingService, Pricing, Service, ValueAdded, ValueAddedOffer, ValueAddedSet,
};
use iso15118_20::{
    AnchorUnit, CustomerWait, DischargeSign, PreChargeEnd, PreChargeTarget, Profile, Settings,
    ToleranceRefusal, Transport, UninvitedPause,
};

use super::duo::SERVICES;
use super::link::Faults;
use super::random::Random;
use super::station_host::Temper;

const SEPARATED: BptParameters = BptParameters { channel: BptChannel::Separated, ..BptParameters::DEFAULT };

static SETS: [Parameters; 4] = [
    Parameters::new(1, ControlMode::Scheduled),
    Parameters::new(2, ControlMode::Dynamic),
    Parameters::new(3, ControlMode::Dynamic).with_mobility_needs(MobilityNeeds::VehicleOrCharger),
    Parameters { bpt: SEPARATED, pricing: Pricing::Absolute, ..Parameters::new(4, ControlMode::Scheduled) },
];

static PARKING: [ValueAddedSet; 1] =
    [ValueAddedSet::Parking { id: 1, service: ParkingService::CheckIn, kind: ParkingKind::ManualInternal }];
static INTERNET: [ValueAddedSet; 1] = [ValueAddedSet::Internet(InternetProtocol::Https)];
static VALUE_ADDED: [ValueAddedOffer<'static>; 2] = [
    ValueAddedOffer { service: ValueAdded::Internet, fee: Fee::Free, sets: &INTERNET },
    ValueAddedOffer { service: ValueAdded::ParkingStatus, fee: Fee::Free, sets: &PARKING },
];
static EXTRAS: [ValueAddedWish; 2] = [
    ValueAddedWish::Internet(InternetProtocol::Https),
    ValueAddedWish::Parking(ParkingService::CheckIn, ParkingKind::ManualInternal),
];

static SUBS: [Bytes<'static>; 1] = [Bytes::new(&[4, 5])];
static CONTRACTS: [Contract<'static>; 2] = [
    Contract { chain: Chain { leaf: &[1; 600], subs: &SUBS }, emaid: "DE-AAA-C12345678-9" },
    Contract { chain: Chain { leaf: &[2; 600], subs: &SUBS }, emaid: "" },
];
static PROVIDERS: [Str<'static>; 1] = [Str::new("DEAAA")];
static EMAIDS: [Str<'static>; 1] = [Str::new("DEAAAC123456789")];

/// Roots that a vehicle knows.
pub fn roots() -> [X509IssuerSerial<'static>; 1] {
    [X509IssuerSerial {
        x509_issuer_name: Str::new("CN=Root"),
        x509_serial_number: Integer::from_be_bytes(&[1, 2, 3]),
    }]
}

/// Everything about a session but what happens in it.
#[derive(Debug)]
pub struct Scenario {
    pub service: Service,
    pub transport: Transport,
    pub offers: Vec<Offer<'static>>,
    pub wishes: Vec<Wish>,
    pub station_settings: Settings,
    pub vehicle_settings: Settings,
    pub station: Temper,
    pub vehicle: Temper,
    pub faults: Faults,
    /// Rounds of the loop after which the vehicle has enough.
    pub rounds: u64,
    /// Messages, in percent, with which a host says something unasked.
    pub words: u64,
    /// How many of those are anything, in percent; the rest is likely.
    pub wild: u64,
    contract: Support,
    install: Support,
    value_added: Support,
    schedules: ScheduleSource,
    standby: Support,
    renegotiation: Support,
    stream: RenegotiationStream,
    on_pause: PauseReaction,
    policy: AuthorizationPolicy,
    when: InstallWhen,
    contracts: usize,
    max_chains: u8,
    /// Whether the charger's host knows the control pilot.
    pub pilot: Support,
    ack_max_delay: Option<u16>,
    plans: Option<ProfilePolicy>,
    round_trip: Option<PercentValue>,
    points: u16,
    /// Entries of schedules that the charger has memory for, besides its own.
    pub room: usize,
}

fn settings(random: &mut Random) -> Settings {
    let mut settings = Settings::new(if random.percent(50) { Profile::Strict } else { Profile::Lenient });
    settings.timing.repeat_pause = Duration::from_millis(random.pick(&[100, 250, 900]));
    settings.timing.loop_pause = Duration::from_millis(random.pick(&[50, 100, 300]));
    if random.percent(30) {
        settings.discharge_sign = random.pick(&[DischargeSign::Positive, DischargeSign::Negative]);
        settings.pre_charge_end = random.pick(&[PreChargeEnd::Announced, PreChargeEnd::VoltageMatches]);
        settings.pre_charge_target = random.pick(&[PreChargeTarget::Refuse, PreChargeTarget::Clamp]);
        settings.customer_wait = random.pick(&[CustomerWait::Extends, CustomerWait::Counts]);
        settings.anchor_unit = random.pick(&[AnchorUnit::Seconds, AnchorUnit::Microseconds]);
        settings.uninvited_pause = random.pick(&[UninvitedPause::Refuse, UninvitedPause::Allow]);
        settings.tolerance_refusal = random.pick(&[ToleranceRefusal::Warn, ToleranceRefusal::Fail]);
        settings.profile_violations = random.pick(&[0, 2, 10]);
    }
    settings
}

impl Scenario {
    pub fn of(random: &mut Random) -> Self {
        let service = random.pick(&SERVICES);
        let mode = random.pick(&[ControlMode::Scheduled, ControlMode::Dynamic]);
        let offer = |service| Offer { service, fee: Fee::Paid, sets: &SETS };
        let mut offers = vec![offer(service)];
        let mut wishes = vec![Wish::new(service, mode)];
        for other in SERVICES {
            if other != service && offers.len() < 8 && random.percent(30) {
                offers.push(offer(other));
            }
        }
        if random.percent(30) {
            offers.rotate_left(1);
        }
        if random.percent(5) {
            offers.retain(|offer| offer.service != service || random.percent(50));
        }
        if offers.is_empty() {
            offers.push(offer(Service::Dc));
        }
        if random.percent(30) {
            wishes.push(Wish::new(random.pick(&SERVICES), mode));
        }
        if random.percent(20) {
            wishes.insert(0, Wish::new(service, mode).with_channel(BptChannel::Separated));
        }
        if random.percent(20) {
            wishes.insert(0, Wish::new(service, mode).with_mobility_needs(MobilityNeeds::VehicleOrCharger));
        }
        let support = |random: &mut Random, percent| {
            if random.percent(percent) { Support::Offered } else { Support::Absent }
        };
        Self {
            service,
            transport: random.pick(&[Transport::Secured, Transport::InsecureLab]),
            offers,
            wishes,
            station_settings: settings(random),
            vehicle_settings: settings(random),
            station: Temper::of(random),
            vehicle: Temper::of(random),
            faults: Faults::of(random),
            rounds: random.pick(&[3, 10, 40, 100]),
            words: random.pick(&[0, 1, 3, 10]),
            wild: random.pick(&[0, 20, 60]),
            contract: support(random, 50),
            install: support(random, 40),
            value_added: support(random, 30),
            schedules: random.pick(&[ScheduleSource::Engine, ScheduleSource::Host]),
            standby: support(random, 60),
            renegotiation: support(random, 60),
            stream: random.pick(&[RenegotiationStream::Side, RenegotiationStream::Main]),
            on_pause: random.pick(&[PauseReaction::Pause, PauseReaction::Standby, PauseReaction::Leave]),
            policy: match random.below(20) {
                0 => AuthorizationPolicy::ContractOnly,
                1..=4 => AuthorizationPolicy::ExternalOnly,
                _ => AuthorizationPolicy::ContractFirst,
            },
            when: random.pick(&[InstallWhen::Needed, InstallWhen::Offered]),
            contracts: random.below(3) as usize,
            max_chains: random.below(3) as u8,
            pilot: support(random, 50),
            ack_max_delay: random.maybe(40, |r| r.pick(&[0, 1, 5])),
            plans: random.maybe(50, |r| {
                r.pick(&[
                    ProfilePolicy::Cheapest,
                    ProfilePolicy::Cheapest,
                    ProfilePolicy::Earliest,
                    ProfilePolicy::Greenest,
                ])
            }),
            round_trip: random.maybe(80, |r| PercentValue::clamped(r.pick(&[100, 85, 50, 1, 0]))),
            points: random.pick(&[12, 12, 30, 96, 1024]),
            room: random.pick(&[0, 0, 5, 40, 96]),
        }
    }

    pub fn station_config(&self) -> SeccConfig<'_> {
        SeccConfig {
            value_added: if self.value_added == Support::Offered { &VALUE_ADDED } else { &[] },
            authorization: AuthorizationOffer {
                external: Support::Offered,
                contract: self.contract,
                installation: self.install,
                providers: if self.contracts == 1 { &PROVIDERS } else { &[] },
            },
            schedules: self.schedules,
            standby: self.standby,
            service_renegotiation: self.renegotiation,
            ack_max_delay: self.ack_max_delay,
            ..SeccConfig::new("DE*V2G*E1", "M1", &self.offers, self.station_settings)
        }
    }

    pub fn vehicle_config<'a>(&'a self, roots: &'a [X509IssuerSerial<'a>]) -> EvccConfig<'a> {
        let installation = Installation {
            chain: Chain { leaf: &[6; 500], subs: &SUBS },
            roots,
            emaids: &EMAIDS,
            max_chains: self.max_chains,
            when: self.when,
        };
        EvccConfig {
            value_added: if self.value_added == Support::Offered { &EXTRAS } else { &[] },
            contracts: &CONTRACTS[..self.contracts],
            authorization: self.policy,
            installation: (self.max_chains > 0).then_some(installation),
            on_pause: self.on_pause,
            renegotiation: self.stream,
            settings: self.vehicle_settings,
            policy: self.plans,
            round_trip: self.round_trip,
            schedule_points: self.points,
            ..EvccConfig::new("WMIV1234567890ABCDEX", &self.wishes)
        }
    }

    pub fn family(&self) -> Family {
        self.service.family()
    }
}
