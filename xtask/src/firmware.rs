//! `firmware`: the C programs in `examples/c/firmware`, built on the static library, run on an emulated Cortex-M4, and measured.

mod serial;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection, SectionKind};
use serde::Serialize;

use crate::Failure;
use crate::process::{cargo, metadata, output, run as run_program};
use crate::sizes::{self, Report};
use crate::workspace;

const TARGET: &str = "thumbv7em-none-eabihf";
const SOURCES: &str = "examples/c/firmware";

/// A build of the library, and the programs that are linked with it.
struct Build {
    features: &'static str,
    /// For the compiler of C.
    defines: &'static [&'static str],
    /// Sources that both ends have besides their own.
    shared: &'static [&'static str],
    images: &'static [Image],
}

/// A program with one end of the cable alone.
struct Image {
    what: &'static str,
    name: &'static str,
    sources: &'static [&'static str],
    defines: &'static [&'static str],
    /// Whose stack counts.
    role: Role,
    flash_goal: u64,
    ram_goal: u64,
}

#[derive(Clone, Copy)]
enum Role {
    Charger,
    Vehicle,
    /// That of the charger's session, or its own.
    Whole,
    /// Its own: it runs, ends, and says.
    Own,
}

/// The image that charges a vehicle over its serial port.
const SERIAL: &str = "charger-dc";

const STATION: &[&str] = &["board.c", "station.c", "alone.c"];
/// What a charger that checks contracts, and a vehicle that has one, share.
const CONTRACT: &[&str] = &["contract.c"];
const VEHICLE: &[&str] = &["board.c", "vehicle.c", "alone.c"];

const BUILDS: [Build; 4] = [
    Build {
        features: "dc",
        defines: &[],
        shared: &[],
        images: &[
            Image {
                what: "codec, DC",
                name: "decode-dc",
                sources: &["board.c", "decode.c"],
                defines: &[],
                role: Role::Own,
                flash_goal: 70_000,
                ram_goal: 8192,
            },
            Image {
                what: "charger, DC",
                name: "charger-dc",
                sources: STATION,
                defines: &[],
                role: Role::Charger,
                flash_goal: 190_000,
                ram_goal: 24_576,
            },
            Image {
                what: "vehicle, DC",
                name: "vehicle-dc",
                sources: VEHICLE,
                defines: &["-DROLE_VEHICLE"],
                role: Role::Vehicle,
                flash_goal: 150_000,
                ram_goal: 20_480,
            },
        ],
    },
    Build {
        features: "dc,ac,wpt,acdp,planner",
        defines: &["-DWITH_AC"],
        shared: &[],
        images: &[Image {
            what: "charger, all services",
            name: "charger-all",
            sources: STATION,
            defines: &[],
            role: Role::Charger,
            flash_goal: 230_000,
            ram_goal: 24_576,
        }],
    },
    Build {
        features: "dc,ac,wpt,acdp,planner,trust",
        defines: &["-DWITH_AC", "-DWITH_CONTRACT"],
        shared: CONTRACT,
        images: &[Image {
            what: "charger, all services, checks contracts (P-521)",
            name: "charger-contracts",
            sources: STATION,
            defines: &[],
            role: Role::Charger,
            flash_goal: 320_000,
            ram_goal: 65_536,
        }],
    },
    Build {
        features: "dc,ac",
        defines: &["-DWITH_AC"],
        shared: &[],
        images: &[
            Image {
                what: "charger, DC and AC",
                name: "charger-dc-ac",
                sources: STATION,
                defines: &[],
                role: Role::Charger,
                flash_goal: 190_000,
                ram_goal: 24_576,
            },
            Image {
                what: "charger, DC and AC, with SLAC and discovery",
                name: "charger-whole",
                sources: &["board.c", "station.c", "whole.c"],
                defines: &[],
                role: Role::Whole,
                flash_goal: 190_000,
                ram_goal: 24_576,
            },
            Image {
                what: "the same, and the messages of DC as structs",
                name: "charger-whole-codec",
                sources: &["board.c", "station.c", "whole.c"],
                defines: &["-DWITH_CODEC"],
                role: Role::Whole,
                flash_goal: 200_000,
                ram_goal: 24_576,
            },
        ],
    },
];

/// What one program takes, octets.
#[derive(Debug, Serialize)]
struct Row {
    what: String,
    flash: u64,
    flash_goal: u64,
    /// Handles and buffers.
    memory: u64,
    /// The deepest.
    stack: u64,
    ram_goal: u64,
}

#[derive(Debug, Serialize)]
struct Figures {
    images: Vec<Row>,
    /// Instructions of a turn of the charge loop at the charger.
    turn: u64,
    /// Instructions of the check of a contract: signature, chain, OCSP responses.
    contract: u64,
}

/// Builds, runs, checks, and reports. Fails if a session ends badly, something is linked that must not be, or a goal is missed.
pub(crate) fn run(report: Report) -> Result<(), Failure> {
    let target = metadata()?["target_directory"].as_str().map(PathBuf::from).unwrap_or_default();
    let folder = target.join("firmware-c");
    fs::create_dir_all(&folder)?;
    run_program(
        cargo()
            .args(["run", "--quiet", "--package", "v2g-ffi", "--example", "contract-data", "--"])
            .arg(folder.join("contract_data.h")),
    )?;
    let mut figures = Figures { images: Vec::new(), turn: 0, contract: 0 };
    let mut session = String::new();
    let (mut serial, mut contract) = (String::new(), String::new());
    for build in BUILDS {
        let library = library(&target, build.features)?;
        let both = [&["board.c", "station.c", "vehicle.c", "main.c"], build.shared].concat();
        let pair = Program { name: "pair", sources: &both };
        let elf = link(&target, &library, &pair, build.defines)?;
        session = emulate(&elf)?;
        let figure = |name: &str| figure(&session, name);
        figures.turn = figure("charger-turn-ticks")? * INSTRUCTIONS_PER_TICK;
        if build.shared == CONTRACT {
            figures.contract = figure("contract-ticks")? * INSTRUCTIONS_PER_TICK;
            contract.clone_from(&session);
        }
        for image in build.images {
            let sources = [image.sources, build.shared].concat();
            let program = Program { name: image.name, sources: &sources };
            let defines = [build.defines, image.defines].concat();
            let elf = link(&target, &library, &program, &defines)?;
            if image.name == SERIAL {
                serial = serial::charge(&elf)?;
            }
            let stack = match image.role {
                Role::Charger => figure("charger-stack")?,
                Role::Vehicle => figure("vehicle-stack")?,
                Role::Whole => figure("charger-stack")?.max(self::figure(&emulate(&elf)?, "stack")?),
                Role::Own => self::figure(&emulate(&elf)?, "stack")?,
            };
            let (flash, memory) = sections(&elf)?;
            let (flash_goal, ram_goal) = (image.flash_goal, image.ram_goal);
            figures.images.push(Row { what: image.what.into(), flash, flash_goal, memory, stack, ram_goal });
        }
    }
    if report == Report::Json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        println!("DC_BPT over the serial port, with a vehicle on this machine:\n{serial}");
        println!("DC_BPT with a contract:");
        for line in contract.lines().take_while(|line| !line.contains("ServiceDiscoveryReq")) {
            println!("{line}");
        }
        // The last one: both sessions.
        for line in session.lines().filter(|line| !line.starts_with("figure ")) {
            println!("{line}");
        }
        let table = table(&figures);
        print!("{table}");
        sizes::update_readme("firmware", &table, report)?;
    }
    if let Some(row) = figures.images.iter().find(|row| row.stack >= STACK) {
        return Err(Failure::new(format!(
            "{}: the stack is too small, what it did beyond is not known",
            row.what
        )));
    }
    let missed: Vec<&str> = figures
        .images
        .iter()
        .filter(|row| row.flash > row.flash_goal || row.memory + row.stack > row.ram_goal)
        .map(|row| row.what.as_str())
        .collect();
    if missed.is_empty() { Ok(()) } else { Err(Failure::new(format!("too large: {}", missed.join(", ")))) }
}

/// Octets of the stack that `link.ld` gives.
const STACK: u64 = 32 * 1024;

/// `-icount shift=0` runs one instruction in a nanosecond of the board's time; its timer has 25 MHz.
const INSTRUCTIONS_PER_TICK: u64 = 40;

struct Program<'a> {
    name: &'static str,
    sources: &'a [&'a str],
}

/// Builds the archive.
fn library(target: &Path, features: &str) -> Result<PathBuf, Failure> {
    let features = format!("panic-handler,{features}");
    run_program(cargo().args(["rustc", "--quiet", "--package", "v2g-ffi", "--profile", "firmware"]).args([
        "--target",
        TARGET,
        "--crate-type",
        "staticlib",
        "--no-default-features",
        "--features",
        &features,
    ]))?;
    Ok(target.join(TARGET).join("firmware/libv2g.a"))
}

/// Compiles and links a program, and checks what came in.
fn link(target: &Path, library: &Path, program: &Program<'_>, defines: &[&str]) -> Result<PathBuf, Failure> {
    let sources = workspace::root().join(SOURCES);
    let folder = target.join("firmware-c");
    let elf = folder.join(program.name).with_extension("elf");
    let map = elf.with_extension("map");
    let mut gcc = Command::new("arm-none-eabi-gcc");
    gcc.args([
        "-mcpu=cortex-m4",
        "-mthumb",
        "-mfloat-abi=hard",
        "-mfpu=fpv4-sp-d16",
        "-std=c11",
        "-Os",
        "-g",
    ])
    .args(["-ffreestanding", "-ffunction-sections", "-fdata-sections", "-nostdlib"])
    .args(["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"])
    .arg("-I")
    .arg(workspace::root().join("include"))
    .arg("-I")
    .arg(&folder)
    .args(defines)
    .args(["-Wl,--gc-sections", "-Wl,--no-warn-execstack", "-T"])
    .arg(sources.join("link.ld"))
    .arg(format!("-Wl,-Map={}", map.display()))
    .args(program.sources.iter().map(|source| sources.join(source)))
    .arg(library)
    .arg("-o")
    .arg(&elf);
    run_program(&mut gcc)?;
    check_map(&fs::read_to_string(&map)?)?;
    Ok(elf)
}

/// No libc, no compiler's helpers, no allocator.
fn check_map(map: &str) -> Result<(), Failure> {
    const ARCHIVES: [&str; 5] = ["libc.a", "libc_nano.a", "libg.a", "libm.a", "libnosys.a"];
    const ALLOCATORS: [&str; 6] = ["malloc", "calloc", "realloc", "__rust_alloc", "__rg_alloc", "_sbrk"];
    for line in map.lines() {
        if let Some(archive) = ARCHIVES.iter().find(|archive| line.contains(&format!("/{archive}"))) {
            return Err(Failure::new(format!("{archive} was linked: {line}")));
        }
        let symbol = line.split_whitespace().last().unwrap_or_default();
        let symbol = symbol.strip_prefix(".text.").unwrap_or(symbol);
        if ALLOCATORS.contains(&symbol) {
            return Err(Failure::new(format!("an allocator was linked: {line}")));
        }
    }
    Ok(())
}

/// Runs a program on an emulated Cortex-M4. Fails if it does not end with status 0.
fn emulate(elf: &Path) -> Result<String, Failure> {
    let printed = output(
        Command::new("timeout")
            .args(["300", "qemu-system-arm", "-M", "mps2-an386", "-cpu", "cortex-m4", "-nographic"])
            .args(["-semihosting-config", "enable=on,target=native", "-icount", "shift=0", "-kernel"])
            .arg(elf),
    )?;
    // QEMU writes what comes through the debugger to the standard error.
    Ok(String::from_utf8_lossy(&printed.stderr).into_owned())
}

fn figure(report: &str, name: &str) -> Result<u64, Failure> {
    report
        .lines()
        .filter_map(|line| line.strip_prefix("figure ")?.split_once(' '))
        .find_map(|(key, value)| (key == name).then(|| value.trim().parse().ok()).flatten())
        .ok_or_else(|| Failure::new(format!("the firmware printed no figure {name}:\n{report}")))
}

/// Octets in flash, and of static memory without the stack.
fn sections(elf: &Path) -> Result<(u64, u64), Failure> {
    let data = fs::read(elf)?;
    let file = object::File::parse(data.as_slice())?;
    let (mut flash, mut memory) = (0, 0);
    for section in file.sections() {
        match section.kind() {
            SectionKind::Text | SectionKind::ReadOnlyData => flash += section.size(),
            SectionKind::Data => {
                flash += section.size();
                memory += section.size();
            }
            SectionKind::UninitializedData if section.name() != Ok(".stack") => memory += section.size(),
            _ => {}
        }
    }
    Ok((flash, memory))
}

fn table(figures: &Figures) -> String {
    let mut table = String::from(
        "| C program on a Cortex-M4 | Flash | Goal | Handles and buffers | Deepest stack | RAM | Goal |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    for row in &figures.images {
        let Row { what, flash, flash_goal, memory, stack, ram_goal } = row;
        let ram = memory + stack;
        let _ =
            writeln!(table, "| {what} | {flash} | {flash_goal} | {memory} | {stack} | {ram} | {ram_goal} |");
    }
    table.push_str("\n| Charger, a turn of the charge loop | Instructions |\n|---|--:|\n");
    let _ = writeln!(table, "| DC_BPT, Dynamic | {} |", figures.turn);
    table.push_str("\n| Charger, the check of a contract | Instructions |\n|---|--:|\n");
    let _ = writeln!(table, "| P-521: signature, chain of three, OCSP responses | {} |", figures.contract);
    table
}

#[cfg(test)]
mod tests {
    use super::{check_map, figure};

    #[test]
    fn what_must_not_be_linked_is_found() {
        assert!(
            check_map(" .text.v2g_secc_init\n                0x00000a10                v2g_secc_init\n")
                .is_ok()
        );
        assert!(check_map("LOAD /usr/lib/arm-none-eabi/lib/libc.a\n").is_err());
        assert!(check_map("                0x00000a10                malloc\n").is_err());
        assert!(check_map(" .text.__rust_alloc\n").is_err());
    }

    #[test]
    fn figures_are_found_by_name() {
        let report = "session\nfigure charger-stack 5856\nfigure static 1\n";
        assert_eq!(figure(report, "charger-stack").ok(), Some(5856));
        assert!(figure(report, "stack").is_err());
    }
}
