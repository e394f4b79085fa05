//! `generate`: from the XSDs to the committed code.

mod profile;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use v2g_schema::{GeneratedFile, Model};

use crate::Failure;
use crate::workspace;

/// Writes the generated code, or with `Mode::Check` compares it with what is there.
pub(crate) fn run(schemas: Option<PathBuf>, mode: Mode) -> Result<(), Failure> {
    let schemas = match schemas {
        Some(folder) => folder,
        None => oracle_schemas()?,
    };
    let mut different = Vec::new();
    for (folder, file) in generate(&schemas)? {
        let path = workspace::root().join(folder).join(&file.path);
        let text = format(&file)?;
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        match mode {
            Mode::Check => different.push(file.path),
            Mode::Write => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::write(&path, text)?;
                println!("wrote {}", file.path);
            }
        }
    }
    if different.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("not what the schemas generate: {}", different.join(", "))))
}

/// What to do with generated code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write what differs.
    Write,
    /// Fail if anything differs.
    Check,
}

/// The messages, and what C sees of them.
const FOLDERS: [&str; 2] = ["exi-codec/src/generated", "ffi/src/generated"];

fn generate(schemas: &Path) -> Result<Vec<(&'static str, GeneratedFile)>, Failure> {
    let [codec, c] = FOLDERS;
    let models = profile::PROFILE
        .sets
        .iter()
        .map(|set| {
            let set =
                v2g_schema::set(set.key).ok_or_else(|| Failure::new(format!("unknown set {}", set.key)))?;
            set.load(schemas).map_err(Failure::from)
        })
        .collect::<Result<Vec<Model>, Failure>>()?;
    let mut files = v2g_schema::generate(&profile::PROFILE, &models)?;
    // The tables of the interpreter, for the same sets.
    let sets = profile::PROFILE.sets.iter().zip(&models);
    let sets = sets.filter_map(|(set, model)| Some((v2g_schema::set(set.key)?, model))).collect::<Vec<_>>();
    files.extend(v2g_schema::emit_grammar(&sets)?);
    let for_c = v2g_schema::generate_c(&profile::PROFILE, &models)?;
    let files = files.into_iter().map(|file| (codec, file));
    Ok(files.chain(for_c.into_iter().map(|file| (c, file))).collect())
}

/// Runs the text through `rustfmt` with the project's settings.
fn format(file: &GeneratedFile) -> Result<String, Failure> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(workspace::root().join("rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(file.text.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(Failure::new(format!("rustfmt refuses {}", file.path)));
    }
    String::from_utf8(output.stdout).map_err(|_| Failure::new("rustfmt printed no UTF-8".into()))
}

/// The folder that the reference codec keeps its schemas in.
fn oracle_schemas() -> Result<PathBuf, Failure> {
    let oracle = workspace::root().join("conformance/oracle/exi-oracle");
    let output = Command::new(&oracle).arg("schemas").stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(Failure::new(format!("{} could not provide the schemas", oracle.display())));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Compares the grammars of all sets with the state tables of the reference implementation.
pub(crate) fn compare(schemas: Option<PathBuf>) -> Result<(), Failure> {
    let schemas = match schemas {
        Some(folder) => folder,
        None => oracle_schemas()?,
    };
    let tables = workspace::evidence().join("oracle/grammars");
    for report in v2g_schema::compare_all(&schemas, &tables)? {
        println!("{report}");
    }
    Ok(())
}
