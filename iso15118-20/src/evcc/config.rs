//! What a vehicle is and wants.

#[cfg(feature = "planner")]
use exi_codec::iso20::common_types::PercentValue;
use thiserror::Error;

use super::RenegotiationStream;
#[cfg(feature = "wpt")]
use super::WptMethods;
use super::authorize::{AuthorizationPolicy, Contract, Installation, MAX_CONTRACTS};
#[cfg(feature = "planner")]
use crate::schedule::ProfilePolicy;
use crate::schedule::SCHEDULE_ENTRIES;
use crate::security::Chain;
use crate::service::{
    AcConnector, BptChannel, ControlMode, Direction, Family, GeneratorMode, InternetProtocol,
    IslandingDetection, MobilityNeeds, Parameters, ParkingKind, ParkingService, Pricing, Service, ValueAdded,
    ValueAddedSet,
};
use crate::settings::{Profile, Settings};
use crate::trace::Trace;

/// Wishes that one vehicle can have.
pub const MAX_WISHES: usize = 16;

/// Wishes for value-added services that one vehicle can have.
pub const MAX_VALUE_ADDED_WISHES: usize = 4;

/// A service and a control mode that the vehicle would take. What is left open may be as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The service.
    pub service: Service,
    /// Who is to plan.
    pub control_mode: ControlMode,
    /// `Connector`. Of AC the three-phase one is found by either of its numbers, see [`AcConnector`].
    pub connector: Option<i32>,
    /// Who settles the mobility needs.
    pub mobility_needs: Option<MobilityNeeds>,
    /// What prices are to come with the schedules.
    pub pricing: Option<Pricing>,
    /// Where energy leaves the vehicle; of bidirectional services only.
    pub channel: Option<BptChannel>,
    /// How the vehicle's converter is to behave towards the grid; of bidirectional services only.
    pub generator: Option<GeneratorMode>,
    /// How it is to notice that the grid is gone; of the bidirectional AC service only.
    pub islanding: Option<IslandingDetection>,
}

impl Wish {
    /// A service in a control mode, the rest as it likes.
    pub const fn new(service: Service, control_mode: ControlMode) -> Self {
        Self {
            service,
            control_mode,
            connector: None,
            mobility_needs: None,
            pricing: None,
            channel: None,
            generator: None,
            islanding: None,
        }
    }

    /// The wish for one connector.
    #[must_use]
    pub const fn with_connector(self, connector: i32) -> Self {
        Self { connector: Some(connector), ..self }
    }

    /// The wish for mobility needs that are settled so.
    #[must_use]
    pub const fn with_mobility_needs(self, mobility_needs: MobilityNeeds) -> Self {
        Self { mobility_needs: Some(mobility_needs), ..self }
    }

    /// The wish for prices.
    #[must_use]
    pub const fn with_pricing(self, pricing: Pricing) -> Self {
        Self { pricing: Some(pricing), ..self }
    }

    /// The wish for a way out of the vehicle.
    #[must_use]
    pub const fn with_channel(self, channel: BptChannel) -> Self {
        Self { channel: Some(channel), ..self }
    }

    /// The wish for a behaviour towards the grid.
    #[must_use]
    pub const fn with_generator(self, generator: GeneratorMode) -> Self {
        Self { generator: Some(generator), ..self }
    }

    /// The wish for a way to notice that the grid is gone.
    #[must_use]
    pub const fn with_islanding(self, islanding: IslandingDetection) -> Self {
        Self { islanding: Some(islanding), ..self }
    }

    /// Whether a parameter set of the service is what is wished for.
    pub(super) fn accepts(&self, set: &Parameters) -> bool {
        let family = self.service.family();
        let connector = self.connector.is_none_or(|wanted| match family {
            Family::Ac => AcConnector::from_number(wanted) == AcConnector::from_number(set.connector),
            Family::Wpt => true,
            Family::Dc | Family::Acdp => wanted == set.connector,
        });
        // A plug with an unknown number of phases is none of ours.
        let known = family != Family::Ac || AcConnector::from_number(set.connector).is_some();
        let bidirectional = self.service.direction() == Direction::Bidirectional;
        connector
            && known
            && set.control_mode == self.control_mode
            && self.mobility_needs.is_none_or(|wanted| wanted == set.mobility_needs)
            && self.pricing.is_none_or(|wanted| wanted == set.pricing)
            && self.channel.is_none_or(|wanted| !bidirectional || wanted == set.bpt.channel)
            && self.generator.is_none_or(|wanted| !bidirectional || wanted == set.bpt.generator)
            && self
                .islanding
                .is_none_or(|wanted| !(bidirectional && family == Family::Ac) || wanted == set.bpt.islanding)
    }
}

/// A value-added service that the vehicle would take, if it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueAddedWish {
    /// Internet access by a protocol.
    Internet(InternetProtocol),
    /// Check-in or check-out of a parking vehicle.
    Parking(ParkingService, ParkingKind),
}

impl ValueAddedWish {
    pub(super) const fn service(self) -> ValueAdded {
        match self {
            Self::Internet(_) => ValueAdded::Internet,
            Self::Parking(..) => ValueAdded::ParkingStatus,
        }
    }

    pub(super) fn accepts(self, set: ValueAddedSet) -> bool {
        match (self, set) {
            (Self::Internet(wanted), ValueAddedSet::Internet(offered)) => wanted == offered,
            (Self::Parking(service, kind), ValueAddedSet::Parking { service: s, kind: k, .. }) => {
                (service, kind) == (s, k)
            }
            _ => false,
        }
    }
}

/// What the vehicle does when the charger asks it to pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PauseReaction {
    /// It pauses: the session can be resumed.
    #[default]
    Pause,
    /// It goes on with the charge loop without power; if the charger does not want that, it pauses.
    Standby,
    /// It ends the session.
    Leave,
}

/// What the vehicle says to a power tolerance that comes with a schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PowerTolerance {
    /// It accepts it: its plan keeps to the schedule, so any will do.
    #[default]
    Accept,
    /// It does not. If the charger insists, it does after all, once.
    Decline,
}

/// The fixed properties of a vehicle.
#[derive(Clone, Copy, Debug)]
pub struct EvccConfig<'a> {
    /// EVCCID, at most 255 characters.
    pub evcc_id: &'a str,
    /// What to select, best first; 1 to [`MAX_WISHES`].
    pub wishes: &'a [Wish],
    /// What to select besides; up to [`MAX_VALUE_ADDED_WISHES`].
    pub value_added: &'a [ValueAddedWish],
    /// Its contracts, best first, at most [`MAX_CONTRACTS`].
    pub contracts: &'a [Contract<'a>],
    /// Which ways of authorization it takes.
    pub authorization: AuthorizationPolicy,
    /// How it fetches contracts, if it does.
    pub installation: Option<Installation<'a>>,
    /// What to do when the charger asks for a pause.
    pub on_pause: PauseReaction,
    /// What it makes of the schedules that a charger offers where it plans itself (Scheduled): which one it takes,
    /// and when it charges within it. None: the first one, all of it.
    #[cfg(feature = "planner")]
    pub policy: Option<ProfilePolicy>,
    /// How much of the energy that it takes it can give back. A vehicle that looks for the cheapest profile, and may
    /// discharge, exchanges energy within its band ([`Needs::v2x_energy`](super::Needs::v2x_energy)) where prices for both
    /// directions leave a gain after these losses. None: it plans to charge only.
    #[cfg(feature = "planner")]
    pub round_trip: Option<PercentValue>,
    /// `MaximumSupportingPoints`: entries of a schedule that the charger may send, 12 to 1024. All of them are planned
    /// with; what is remembered of a schedule has [`SCHEDULE_ENTRIES`], merged downward. A day of quarter hours takes 96,
    /// and a buffer of 16 KiB takes these three times over with their prices.
    pub schedule_points: u16,
    /// What it says to a power tolerance.
    pub power_tolerance: PowerTolerance,
    /// How it changes a schedule while the charge loop goes on.
    pub renegotiation: RenegotiationStream,
    /// How it finds a coil.
    #[cfg(feature = "wpt")]
    pub wpt: WptMethods<'a>,
    /// Who watches, if anybody.
    pub trace: Option<Trace>,
    /// Times and tolerances.
    pub settings: Settings,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EvccConfigError {
    /// The EVCCID is too long for the schema.
    #[error("the EVCCID is too long")]
    Identifier,
    /// No wish, or too many.
    #[error("no wish, or too many")]
    Wishes,
    /// Certificates beyond the limits of the schema, or too many contracts.
    #[error("certificates beyond the limits of the schema, or too many contracts")]
    Certificates,
    /// No way, or too many, to find, recognise or check a coil.
    #[error("no way to find a coil")]
    Methods,
    /// A service that this engine does not speak: grid codes of Amendment 1, or a family that was left out when
    /// the crate was built.
    #[error("a service that this engine does not speak")]
    Family,
}

impl<'a> EvccConfig<'a> {
    /// A vehicle with these wishes, external authorization, and the lenient profile.
    pub const fn new(evcc_id: &'a str, wishes: &'a [Wish]) -> Self {
        Self {
            evcc_id,
            wishes,
            value_added: &[],
            contracts: &[],
            authorization: AuthorizationPolicy::ContractFirst,
            installation: None,
            on_pause: PauseReaction::Pause,
            #[cfg(feature = "planner")]
            policy: None,
            #[cfg(feature = "planner")]
            round_trip: Some(PercentValue::clamped(85)),
            schedule_points: SCHEDULE_ENTRIES as u16,
            power_tolerance: PowerTolerance::Accept,
            renegotiation: RenegotiationStream::Side,
            #[cfg(feature = "wpt")]
            wpt: WptMethods::MANUAL,
            trace: None,
            settings: Settings::new(Profile::Lenient),
        }
    }

    pub(super) fn check(&self) -> Result<(), EvccConfigError> {
        if self.evcc_id.chars().count() > 255 {
            return Err(EvccConfigError::Identifier);
        }
        check_wishes(self.wishes)?;
        if self.value_added.len() > MAX_VALUE_ADDED_WISHES {
            return Err(EvccConfigError::Wishes);
        }
        let fits =
            |chain: &Chain<'_>| !chain.leaf.is_empty() && chain.leaf.len() <= 1600 && chain.subs.len() <= 3;
        let contracts = self.contracts.iter().all(|c| fits(&c.chain) && !c.chain.subs.is_empty());
        let installation = self
            .installation
            .is_none_or(|i| fits(&i.chain) && (1..=20).contains(&i.roots.len()) && i.emaids.len() <= 8);
        if !contracts || !installation || self.contracts.len() > MAX_CONTRACTS {
            return Err(EvccConfigError::Certificates);
        }
        #[cfg(feature = "wpt")]
        if !self.wpt.are_valid() {
            return Err(EvccConfigError::Methods);
        }
        Ok(())
    }
}

/// Whether wishes can be had.
pub(super) fn check_wishes(wishes: &[Wish]) -> Result<(), EvccConfigError> {
    if wishes.is_empty() || wishes.len() > MAX_WISHES {
        return Err(EvccConfigError::Wishes);
    }
    if wishes.iter().any(|wish| !is_spoken(wish.service)) {
        return Err(EvccConfigError::Family);
    }
    Ok(())
}

const fn is_spoken(service: Service) -> bool {
    match service {
        Service::AcDerIec | Service::AcDerSae => false,
        service => match service.family() {
            Family::Ac => cfg!(feature = "ac"),
            Family::Dc => cfg!(feature = "dc"),
            Family::Wpt => cfg!(feature = "wpt"),
            Family::Acdp => cfg!(feature = "acdp"),
        },
    }
}
