//! `check`: the architecture is what it is said to be.

mod arrows;
mod links;

use serde_json::Value;

use crate::Failure;
use crate::diagram;
use crate::process::{cargo, metadata, run};

const TARGET: &str = "thumbv7em-none-eabihf";

/// Crates for firmware: no operating system, no heap.
const FIRMWARE_CRATES: &[&str] = &["exi-codec", "v2gtp", "v2g-slac", "v2g-pki", "iso15118-20", "v2g-ffi"];

/// Checks dependency arrows, builds without a standard library, and links in the documentation.
pub(crate) fn all() -> Result<(), Failure> {
    let metadata = metadata()?;
    arrows::check(&metadata)?;
    println!("arrows: as designed");
    no_std(&metadata)?;
    links::check()?;
    diagram::run(diagram::Mode::Check)?;
    let mut doc = cargo();
    doc.env("RUSTDOCFLAGS", "-D warnings").args([
        "doc",
        "--quiet",
        "--workspace",
        "--no-deps",
        "--all-features",
    ]);
    run(&mut doc)?;
    println!("documentation: every link leads somewhere");
    Ok(())
}

/// Checks every firmware crate for a target that has no standard library, and denies warnings: what is unused without a
/// feature is seen here. What links is seen by `sizes` and `firmware`.
fn no_std(metadata: &Value) -> Result<(), Failure> {
    for package in packages(metadata) {
        let name = package["name"].as_str().unwrap_or_default();
        if !FIRMWARE_CRATES.contains(&name) {
            continue;
        }
        let defaults = enabled_by(package, "default");
        if let Some(bad) = defaults.iter().find(|feature| ["std", "alloc"].contains(feature)) {
            return Err(Failure::new(format!("{name}: a default feature needs `{bad}`")));
        }
        let sets = feature_sets(package);
        for features in &sets {
            let mut clippy = cargo();
            clippy.args([
                "clippy",
                "--quiet",
                "--lib",
                "--target",
                TARGET,
                "-p",
                name,
                "--no-default-features",
            ]);
            run(clippy.args(["--features", &features.join(",")]).args(["--", "-D", "warnings"]))?;
        }
        println!("{name}: {} feature sets compile for {TARGET} without a warning", sets.len());
    }
    Ok(())
}

/// So many features have too many sets to look at each.
const MANY: usize = 6;

/// Every combination of up to three features; beyond that none, each alone, the default, and all. `std` and what needs
/// it is not for this target. A package whose metadata say so is nothing without a feature.
fn feature_sets(package: &Value) -> Vec<Vec<&str>> {
    let features = package["features"].as_object().into_iter().flatten();
    let features: Vec<&str> = features
        .map(|(name, _)| name.as_str())
        .filter(|name| *name != "default" && !enabled_by(package, name).contains(&"std"))
        .collect();
    let mut sets: Vec<Vec<&str>> = if features.len() <= 3 {
        let chosen = |set: usize| features.iter().enumerate().filter(move |(bit, _)| set >> bit & 1 == 1);
        (0..1_usize << features.len()).map(|set| chosen(set).map(|(_, name)| *name).collect()).collect()
    } else {
        let alone = features.iter().map(|name| vec![*name]);
        [vec![], features.clone()].into_iter().chain(alone).collect()
    };
    if package["features"]["default"].is_array() {
        sets.push(vec!["default"]);
    }
    // A package may say that it is nothing without one of some features: the first of them joins the others.
    if let Some(needed) = package["metadata"]["v2g"]["needs-one-of"].as_array() {
        let is_needed = |name: &&str| *name == "default" || needed.iter().any(|other| other == *name);
        sets.retain(|set| !set.is_empty());
        // Of many features, those that only join others are seen with all of them.
        if features.len() > MANY {
            sets.retain(|set| set.len() > 1 || set.iter().all(is_needed));
        }
        for set in sets.iter_mut().filter(|set| !set.iter().any(is_needed)) {
            set.extend(needed.first().and_then(Value::as_str));
        }
    }
    sets
}

/// The features that a feature turns on, itself included.
fn enabled_by<'a>(package: &'a Value, feature: &'a str) -> Vec<&'a str> {
    let mut enabled = vec![feature];
    let mut next = 0;
    while let Some(&name) = enabled.get(next) {
        next += 1;
        for more in package["features"][name].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !enabled.contains(&more) {
                enabled.push(more);
            }
        }
    }
    enabled
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}
