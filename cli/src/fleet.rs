//! Vehicles of one scenario, each with its engine, its name and what it trusts.

use bumpalo::Bump;
use iso15118_20::evcc::{Evcc, ValueAddedWish};
use v2g_scenario::Scenario;

use crate::credentials::VehicleCredentials;
use crate::failure::Failure;
use crate::runtime::{BUFFER, Cable, FarEnd, Trust, Vehicle, Wishes, value_added_wishes, vehicle_config};
use crate::trust::TrustArgs;

/// Buffers, names and keys, which the vehicles borrow.
pub(crate) struct Garage {
    buffers: Vec<u8>,
    ids: Vec<String>,
    value_added: Vec<ValueAddedWish>,
    keys: Bump,
}

impl Garage {
    /// Room for so many. Vehicles that show a certificate call themselves by its name.
    pub(crate) fn new(vehicles: u32, scenario: &Scenario, credentials: Option<&VehicleCredentials>) -> Self {
        let name = credentials.and_then(|own| own.vehicle.name());
        let id = |vehicle| name.map_or_else(|| vehicle_id(vehicle), ToOwned::to_owned);
        Self {
            buffers: vec![0; BUFFER * vehicles as usize],
            ids: (0..vehicles).map(id).collect(),
            value_added: value_added_wishes(scenario),
            keys: Bump::new(),
        }
    }

    /// A vehicle for each cable.
    pub(crate) fn vehicles<'a>(
        &'a mut self,
        cables: impl Iterator<Item = Cable>,
        far_end: FarEnd,
        scenario: &'a Scenario,
        wishes: &'a Wishes,
        (args, credentials): (&TrustArgs, Option<&'a VehicleCredentials>),
    ) -> Result<Vec<Vehicle<'a>>, Failure> {
        let Self { buffers, ids, value_added, keys } = self;
        let vehicles =
            buffers.chunks_exact_mut(BUFFER).zip(&*ids).zip(cables).map(|((buffer, id), cable)| {
                let mut config = vehicle_config(scenario, id, wishes.at_first(), value_added);
                let trust = credentials.map(|own| {
                    let trust = Trust::new(own, keys, args.contracts());
                    trust.configure(&mut config, args.contracts());
                    trust
                });
                let engine = Evcc::new(&config, buffer).map_err(Failure::failed)?;
                Ok(Vehicle::new(engine, cable, far_end, scenario, wishes).trusting(trust))
            });
        vehicles.collect()
    }
}

/// A name from which the session follows.
fn vehicle_id(session: u32) -> String {
    format!("WMIV2G{:011}", session + 1)
}
