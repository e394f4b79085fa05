//! `sizes`: what codec, engines, trust and matching cost on a Cortex-M4: flash, structs, stack.

mod corpus;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection, SectionKind};
use serde::Serialize;

use crate::Failure;
use crate::process::{build, cargo, metadata, run as run_program, text};
use crate::workspace;

const TARGET: &str = "thumbv7em-none-eabihf";

const STACK_GOAL: u64 = 4096;
const MESSAGE_GOAL: u64 = 2048;
const LOOP_GOAL: u64 = 256;
const PKI_GOAL: u64 = 90_000;
const PKI_STACK_GOAL: u64 = 20_480;
/// An engine, without the buffers that its host lends.
const ENGINE_GOAL: u64 = 4096;

/// An engine with its codec and framing, linked alone.
struct Engine {
    what: &'static str,
    program: &'static str,
    features: &'static str,
    goal: u64,
}

const fn engine(what: &'static str, program: &'static str, features: &'static str, goal: u64) -> Engine {
    Engine { what, program, features, goal }
}

const ENGINES: [Engine; 5] = [
    engine("charger, all services", "charger", "all", 190_000),
    engine("charger, DC and AC", "charger", "ac", 160_000),
    engine("charger, DC", "charger", "", 150_000),
    engine("vehicle, DC, planning by price", "vehicle", "planner", 150_000),
    engine("vehicle, DC", "vehicle", "", 120_000),
];
/// One more vehicle that a charger matches.
const RUN_GOAL: u64 = 1024;

/// A measured size.
#[derive(Debug, Serialize)]
struct Size {
    what: String,
    octets: u64,
    goal: u64,
}

#[derive(Debug, Serialize)]
struct Sizes {
    /// Code and constants of linked programs.
    flash: Vec<Size>,
    /// Message structs.
    structs: Vec<Size>,
    /// The deepest stack of all messages measured, by set and direction.
    stack: Vec<Size>,
    /// How many messages the stack was measured with.
    messages: u64,
}

/// What to do with the sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// Print JSON.
    Json,
    /// Print the table and write it into the README.
    Write,
    /// Print the table and fail if that in the README is another.
    Check,
}

/// Measures and reports. Fails if something is larger than its goal.
pub(crate) fn run(report: Report) -> Result<(), Failure> {
    let sizes = measure()?;
    let table = table(&sizes);
    match report {
        Report::Json => println!("{}", serde_json::to_string_pretty(&sizes)?),
        Report::Write | Report::Check => {
            print!("{table}");
            update_readme("sizes", &table, report)?;
        }
    }
    let missed: Vec<&str> =
        all(&sizes).filter(|size| size.octets > size.goal).map(|size| size.what.as_str()).collect();
    if missed.is_empty() { Ok(()) } else { Err(Failure::new(format!("too large: {}", missed.join(", ")))) }
}

fn all(sizes: &Sizes) -> impl Iterator<Item = &Size> {
    sizes.flash.iter().chain(&sizes.structs).chain(&sizes.stack)
}

fn measure() -> Result<Sizes, Failure> {
    let target_dir = metadata()?["target_directory"].as_str().map(PathBuf::from).unwrap_or_default();
    let messages = target_dir.join("firmware-messages.bin");
    fs::create_dir_all(&target_dir)?;
    fs::write(&messages, corpus::messages()?)?;
    let contract = target_dir.join("firmware-pki.bin");
    run_program(
        cargo()
            .args(["run", "--quiet", "--package", "v2g-pki", "--features", "issue", "--example", "contract"])
            .arg("--")
            .arg(&contract),
    )?;
    let build = |what: &[&str]| {
        build(
            cargo()
                .current_dir(workspace::root().join("xtask/firmware"))
                .env("V2G_FIRMWARE_MESSAGES", &messages)
                .env("V2G_FIRMWARE_PKI", &contract)
                .args(["build", "--locked", "--profile", "firmware", "--target", TARGET, "--target-dir"])
                .arg(&target_dir)
                .args(what),
        )
    };
    let mut flash = Vec::new();
    for engine in ENGINES {
        let programs = build(&["--bin", engine.program, "--features", engine.features])?;
        let octets = flash_of(find(&programs, engine.program)?)?;
        flash.push(Size { what: engine.what.into(), octets, goal: engine.goal });
    }
    let programs = build(&["--bins", "--features", "all"])?;
    for (what, program, goal) in
        [("DC and CommonMessages", "dc_common", 70_000), ("all sets", "all_sets", 164_000)]
    {
        flash.insert(0, Size { what: what.into(), octets: flash_of(find(&programs, program)?)?, goal });
    }
    let pki = flash_of(find(&programs, "pki")?)?.saturating_sub(flash_of(find(&programs, "pki_codec")?)?);
    flash.push(Size {
        what: "check of a contract, P-521, without the codec".into(),
        octets: pki,
        goal: PKI_GOAL,
    });
    flash.push(Size {
        what: "SLAC, charger with its frames".into(),
        octets: flash_of(find(&programs, "slac_evse")?)?,
        goal: 24_000,
    });
    let mut sizes = evaluate(flash, &emulate(find(&programs, "stack")?)?)?;
    sizes.stack.push(contract_stack(&emulate(find(&programs, "pki_stack")?)?)?);
    Ok(sizes)
}

/// Runs a program on an emulated Cortex-M4 and returns what it prints.
fn emulate(program: &Path) -> Result<String, Failure> {
    text(
        Command::new("qemu-system-arm")
            .args(["-M", "mps2-an386", "-cpu", "cortex-m4", "-nographic"])
            .args(["-semihosting-config", "enable=on,target=native", "-icount", "shift=0", "-kernel"])
            .arg(program),
    )
}

/// Reads what `firmware/src/bin/pki_stack.rs` prints.
fn contract_stack(report: &str) -> Result<Size, Failure> {
    let octets = report.trim().strip_prefix("contract ").and_then(|rest| rest.strip_suffix(" true"));
    let octets = octets.and_then(|octets| octets.parse().ok());
    let octets = octets.ok_or_else(|| Failure::new(format!("the firmware printed: {report}")))?;
    Ok(Size { what: "check of a contract, P-521".into(), octets, goal: PKI_STACK_GOAL })
}

/// The program of a name among those that cargo built.
fn find<'a>(programs: &'a [(String, PathBuf)], name: &str) -> Result<&'a PathBuf, Failure> {
    let found = programs.iter().find(|(program, _)| program == name);
    found.map(|(_, path)| path).ok_or_else(|| Failure::new(format!("cargo built no {name}")))
}

/// Code and constants of a linked program.
fn flash_of(program: &Path) -> Result<u64, Failure> {
    let data = fs::read(program)?;
    let file = object::File::parse(data.as_slice())?;
    let in_flash = |kind| matches!(kind, SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::Data);
    Ok(file
        .sections()
        // The vector table is the program's, not the codec's.
        .filter(|section| in_flash(section.kind()) && section.name() != Ok(".vector_table"))
        .map(|section| section.size())
        .sum())
}

/// Reads what `firmware/src/bin/stack.rs` prints.
fn evaluate(flash: Vec<Size>, report: &str) -> Result<Sizes, Failure> {
    let mut sizes = Sizes { flash, structs: Vec::new(), stack: Vec::new(), messages: 0 };
    let mut deepest: BTreeMap<String, u64> = BTreeMap::new();
    for line in report.lines() {
        let unexpected = || Failure::new(format!("the firmware printed: {line}"));
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["size", name, octets] => {
                let goal = match *name {
                    "Secc" | "Evcc" => ENGINE_GOAL,
                    "SLAC::run" => RUN_GOAL,
                    name if name.contains("ChargeLoop") => LOOP_GOAL,
                    _ => MESSAGE_GOAL,
                };
                let octets = octets.parse().map_err(|_| unexpected())?;
                sizes.structs.push(Size { what: (*name).to_owned(), octets, goal });
            }
            ["stack", set, direction, octets, _] => {
                let octets: u64 = octets.parse().map_err(|_| unexpected())?;
                let worst = deepest.entry(format!("{set}, {direction}")).or_default();
                *worst = octets.max(*worst);
            }
            ["messages", count] => sizes.messages = count.parse().map_err(|_| unexpected())?,
            _ => return Err(unexpected()),
        }
    }
    if sizes.messages == 0 || sizes.structs.is_empty() {
        return Err(Failure::new("the firmware did not run to its end".into()));
    }
    sizes.stack = deepest.into_iter().map(|(what, octets)| Size { what, octets, goal: STACK_GOAL }).collect();
    Ok(sizes)
}

fn table(sizes: &Sizes) -> String {
    let mut table = String::from("| On thumbv7em, size-optimised | Octets | Goal |\n|---|--:|--:|\n");
    let mut rows = |title: &str, sizes: &[Size]| {
        for size in sizes {
            let _ = writeln!(table, "| {title} {} | {} | {} |", size.what, size.octets, size.goal);
        }
    };
    rows("code and constants:", &sizes.flash);
    rows("struct", &sizes.structs);
    rows("stack:", &sizes.stack);
    let _ = writeln!(
        table,
        "\nStack of the codec: the deepest of {} messages, the message itself included.",
        sizes.messages
    );
    table
}

/// Writes a table between the marks of its name in the README, or checks that it is there.
pub(crate) fn update_readme(name: &str, table: &str, report: Report) -> Result<(), Failure> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let path = workspace::root().join("README.md");
    let readme = fs::read_to_string(&path)?;
    let parts = readme.split_once(&start).and_then(|(head, rest)| Some((head, rest.split_once(&end)?)));
    let Some((head, (old, tail))) = parts else {
        return Err(Failure::new(format!("{}: no table between {} and {end}", path.display(), start.trim())));
    };
    match report {
        _ if old == table => Ok(()),
        Report::Check if is_current(old, table) => Ok(()),
        Report::Check => {
            Err(Failure::new(format!("the table `{name}` in the README is not what is measured")))
        }
        Report::Json | Report::Write => Ok(fs::write(&path, format!("{head}{start}{table}{end}{tail}"))?),
    }
}

/// Whether a table says the same as another, up to the few octets that the place of a build folder makes.
fn is_current(old: &str, new: &str) -> bool {
    let same = |old: &str, new: &str| match (old.trim().parse::<u64>(), new.trim().parse::<u64>()) {
        (Ok(old), Ok(new)) => old.abs_diff(new) <= 64.max(new / 100),
        _ => old == new,
    };
    let rows = old.lines().zip(new.lines());
    old.lines().count() == new.lines().count()
        && rows.into_iter().all(|(old, new)| {
            old.split('|').count() == new.split('|').count()
                && old.split('|').zip(new.split('|')).all(|(old, new)| same(old, new))
        })
}

#[cfg(test)]
mod tests {
    use super::is_current;

    #[test]
    fn a_few_octets_are_no_difference_and_many_or_another_row_are() {
        let row = "| code and constants: all sets | 107492 | 164000 |\n";
        assert!(is_current(row, row));
        assert!(is_current(row, &row.replace("107492", "107500")));
        assert!(!is_current(row, &row.replace("107492", "109000")));
        assert!(!is_current(row, &row.replace("all sets", "no sets")));
        assert!(!is_current(row, &format!("{row}{row}")));
    }
}
