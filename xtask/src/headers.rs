//! `headers`: what C programs include, from the declarations of `v2g-ffi`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cbindgen::{Builder, Config, Language, Style};

use crate::Failure;
use crate::generate::Mode;
use crate::process::metadata;
use crate::workspace;

/// The files, each with what it has to be.
type Files = Vec<(&'static str, String)>;

/// Writes the headers, or checks that those committed are what the declarations say.
pub(crate) fn run(mode: Mode) -> Result<(), Failure> {
    let folder = workspace::root().join("include");
    let mut stale = Vec::new();
    for (name, text) in files()? {
        let path = folder.join(name);
        match mode {
            Mode::Write => {
                fs::create_dir_all(&folder)?;
                fs::write(&path, &text)?;
            }
            Mode::Check if fs::read_to_string(&path).is_ok_and(|committed| committed == text) => {}
            Mode::Check => stale.push(name),
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "not what the declarations say: {}; run `cargo xtask headers`",
        stale.join(", ")
    )))
}

/// Modules that stand in a header of their own.
const CODEC: [&str; 2] = ["codec", "generated"];
const HOSTED: [&str; 1] = ["hosted"];

fn files() -> Result<Files, Failure> {
    let source = workspace::root().join("ffi");
    let of = |path: &PathBuf, modules: &[&str]| {
        let mut parts = path.strip_prefix(&source).into_iter().flat_map(Path::components);
        parts.any(|part| {
            let name = part.as_os_str().to_string_lossy();
            modules.contains(&name.strip_suffix(".rs").unwrap_or(&name))
        })
    };
    let all = sources(&source.join("src"))?;
    let (codec, rest): (Vec<PathBuf>, Vec<PathBuf>) = all.into_iter().partition(|path| of(path, &CODEC));
    let (hosted, rest): (Vec<PathBuf>, Vec<PathBuf>) = rest.into_iter().partition(|path| of(path, &HOSTED));
    let api = declarations(&rest, &[])?;
    let abi = constant(&api, "V2G_ABI_VERSION")?;
    let api = format!("{TOP}{api}{}", tail(&api)?);
    let codec = format!("{CODEC_TOP}{}\n#endif /* V2G_EXI_H */\n", declarations(&codec, &[])?);
    let hosted = declarations(&hosted, &["v2g_file_storage"])?;
    let hosted = format!("{HOSTED_TOP}{hosted}\n{}\n#endif /* V2G_HOSTED_H */\n", initialisers(&hosted));
    let platform = fs::read_to_string(source.join("headers/v2g_platform.h"))?;
    Ok(vec![
        ("v2g.h", api),
        ("v2g_exi.h", codec),
        ("v2g_hosted.h", hosted),
        ("v2g_version.h", version(&abi)?),
        ("v2g_platform.h", platform),
    ])
}

/// All modules below a folder, in an order that stays.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.file_name().is_some_and(|name| name != "lib.rs" && name != "mod.rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// What cbindgen makes of the crate: constants, functions and the structs that they take, with their comments. Structs that only a
/// pointer to anything leads to are named.
fn declarations(sources: &[PathBuf], named: &[&str]) -> Result<String, Failure> {
    let mut config =
        Config { language: Language::C, style: Style::Both, no_includes: true, ..Config::default() };
    config.documentation = true;
    config.export.include = named.iter().map(|name| (*name).to_owned()).collect();
    config.cpp_compat = true;
    config.line_length = 116;
    config.tab_width = 4;
    config.usize_is_size_t = true;
    config.function.args = cbindgen::Layout::Auto;
    let builder = sources.iter().fold(Builder::new().with_config(config), Builder::with_src);
    let bindings = builder.generate()?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    Ok(compact(&String::from_utf8(text)?))
}

/// Comments of one line in one line.
fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let comment = (line.trim() == "/**").then(|| lines.next()).flatten();
        match comment.map(|first| (first, first.trim().strip_prefix("* "))) {
            None => out.push_str(line),
            Some((_, Some(words))) if lines.peek().is_some_and(|next| next.trim() == "*/") => {
                lines.next();
                let _ = write!(out, "{:indent$}/** {words} */", "");
            }
            Some((first, _)) => {
                let _ = write!(out, "{line}\n{first}");
            }
        }
        out.push('\n');
    }
    out
}

fn constant(api: &str, name: &str) -> Result<String, Failure> {
    let value = api.lines().find_map(|line| line.strip_prefix(&format!("#define {name} ")));
    value.map(str::to_owned).ok_or_else(|| Failure::new(format!("no constant {name}")))
}

/// Version of the package and of the interface.
fn version(abi: &str) -> Result<String, Failure> {
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let version = packages
        .filter(|package| package["name"] == "v2g-ffi")
        .find_map(|package| package["version"].as_str())
        .ok_or_else(|| Failure::new("no version of v2g-ffi".into()))?;
    let mut numbers = version.split('.');
    let mut number = || numbers.next().unwrap_or("0");
    let (major, minor, patch) = (number(), number(), number());
    Ok(format!(
        "/* Version of the library. Generated by `cargo xtask headers`; do not edit. */\n\
         #ifndef V2G_VERSION_H\n#define V2G_VERSION_H\n\n\
         #define V2G_VERSION_MAJOR {major}\n#define V2G_VERSION_MINOR {minor}\n#define V2G_VERSION_PATCH {patch}\n\
         #define V2G_VERSION \"{version}\"\n\n\
         /* Version of the interface, see v2g_abi_check. */\n#define V2G_HEADER_ABI_VERSION {abi}\n\n\
         #endif\n"
    ))
}

/// Initialisers, storage, and what the compiler can check about both.
fn tail(api: &str) -> Result<String, Failure> {
    let mut tail = format!("{MACROS}{}", initialisers(api));
    tail.push_str("\n/* Storage for handles: an upper bound of what v2g_*_size() says. */\n");
    for name in handles(api) {
        let upper = name.to_uppercase();
        constant(api, &format!("{upper}_SIZE_32"))?;
        let _ = writeln!(
            tail,
            "#if UINTPTR_MAX > 0xFFFFFFFFu\n#define {upper}_SIZE {upper}_SIZE_64\n#else\n#define {upper}_SIZE \
             {upper}_SIZE_32\n#endif\ntypedef union {name}_storage {{\n    uint64_t align;\n    uint8_t \
             bytes[{upper}_SIZE];\n}} {name}_storage;\nV2G_STATIC_ASSERT(sizeof({name}_storage) == {upper}_SIZE, \
             \"storage of {name}\");\n"
        );
    }
    tail.push_str("\n#endif /* V2G_H */\n");
    Ok(tail)
}

/// A macro for each struct whose first field is its size.
fn initialisers(api: &str) -> String {
    let mut macros = String::from("/* Initialisers: the size is set, the rest is zero. */\n");
    for name in versioned(api) {
        let _ = writeln!(macros, "#define {}_INIT V2G_SIZED({name})", name.to_uppercase());
    }
    macros
}

/// Structs whose first field is their size.
fn versioned(api: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (start, _) in api.match_indices("typedef struct ") {
        let rest = &api[start + "typedef struct ".len()..];
        let Some((name, body)) = rest.split_once(" {") else { continue };
        let first = body.lines().find(|line| line.trim_end().ends_with(';'));
        if !name.contains(char::is_whitespace) && first.map(str::trim) == Some("uint32_t size;") {
            names.push(name);
        }
    }
    names
}

/// Opaque structs.
fn handles(api: &str) -> Vec<&str> {
    let opaque = |line: &'_ str| {
        let (name, again) = line.strip_prefix("typedef struct ")?.strip_suffix(';')?.split_once(' ')?;
        (name == again).then_some(again.len())
    };
    api.lines()
        .filter_map(|line| {
            let len = opaque(line)?;
            line.get(line.len() - 1 - len..line.len() - 1)
        })
        .collect()
}

const TOP: &str = r"/*
 * ISO 15118-20 for C: charger (SECC) and vehicle (EVCC), and what lies below them.
 *
 * Generated by `cargo xtask headers`; do not edit. C99, C11 and C++17.
 *
 * Memory.  The library owns none. A handle (`v2g_secc`, `v2g_evcc`, ...) lives in storage that the caller gives to its
 * `*_init` function: a `*_storage`, which has the right size and alignment, or any memory that has. Storage must not be
 * moved, copied or reused before `*_deinit`. What else has to live as long as a handle is said with its configuration.
 *
 * Pointers.  Each must be null or point to as much memory as the function needs, of the type that it has. What can be
 * checked is: null where it must not be is V2G_E_NULL, misaligned V2G_E_ALIGN, anything but a live handle of the right
 * kind V2G_E_HANDLE. Pointers with a length of 0 may be null.
 *
 * Structs whose first field is `size` are made with their `*_INIT` macro. It sets that field to what this header knows,
 * and everything else to zero, which is the usual value. Programs that were compiled with an older header keep working:
 * newer fields read as zero for them, and are not written.
 *
 * Threads.  There are no globals and no thread-locals. A handle is used by one thread at a time; different handles may
 * be used by different threads at the same time.
 *
 * Time.  `now_ms` is the time since an epoch of the caller's choice, in milliseconds, by a clock that does not go back.
 *
 * Errors.  Functions return a status: V2G_OK (0), V2G_NONE or V2G_PENDING (positive), or V2G_E_* (negative). After an
 * error nothing has changed unless it says so. Nothing that a peer sends, and no value that is passed, makes the library
 * panic; if it did, v2g_platform_panic would be called, and no exception crosses into C.
 */
#ifndef V2G_H
#define V2G_H

#include <stddef.h>
#include <stdint.h>

#include <v2g_version.h>

";

const CODEC_TOP: &str = r"/*
 * The messages of ISO 15118-20 for C, and the codec.
 *
 * Generated by `cargo xtask headers` from what `cargo xtask generate` made of the schemas; do not edit.
 *
 * Reading.  v2g_exi_<set>_decode fills a struct with the kind of the message and a union. Numbers, choices and octet strings of
 * fixed length stand in it. Texts, octets, lists and large optional elements are views of the octets that were decoded, which
 * have to stay: copy them with v2g_exi_text_copy and v2g_exi_octets_copy, read lists with the *_begin and *_next functions of the
 * type that the field names, and large elements with its *_get function. All of it was checked: reading does not fail.
 *
 * Writing.  Begin with zeros, which are absent. Optional fields that are numbers or choices say so themselves (v2g_number with
 * `present`, choices with 0), texts, octets and lists by null pointers, everything else by a has_* flag. Choices and kinds count
 * from 1.
 *
 *     v2g_exi_dc_message message;
 *     v2g_exi_error error;
 *     int32_t status = v2g_exi_dc_decode(bytes, length, &message, &error);
 *     if (status == V2G_OK && message.kind == V2G_EXI_DC_MESSAGE_DC_CHARGE_LOOP_REQ) {
 *         v2g_number voltage = message.value.dc_charge_loop_req.ev_present_voltage;
 *     }
 *
 * Pointers, threads and errors: see v2g.h.
 */
#ifndef V2G_EXI_H
#define V2G_EXI_H

#include <v2g.h>

";

const HOSTED_TOP: &str = r"/*
 * ISO 15118-20 for C, on an operating system: TLS 1.3 with certificates at both ends, and roots in files.
 *
 * Generated by `cargo xtask headers`; do not edit. The functions are in libraries that were built with the feature `hosted`.
 *
 * Memory.  TLS needs a heap, so a `v2g_tls` is allocated, and freed by v2g_tls_free. What it is made of is copied.
 *
 * Randomness is that of the operating system. There is no socket: octets of the wire go in and come out.
 *
 * Threads.  A handle is used by one thread at a time, not always the same one; so is the `user` that it was given.
 *
 * Pointers, structs and errors: see v2g.h. A panic ends the process; v2g_platform_panic is not needed.
 */
#ifndef V2G_HOSTED_H
#define V2G_HOSTED_H

#include <v2g.h>

";

const MACROS: &str = r#"
/* A number: V2G_NUMBER(22, 3) is 22 000. In an initialiser of C, or anywhere as v2g_number_of(22, 3). */
#define V2G_NUMBER(value, exponent) { (value), (exponent), 1 }

static inline v2g_number v2g_number_of(int16_t value, int8_t exponent)
{
    v2g_number number;
    number.value = value;
    number.exponent = exponent;
    number.present = 1;
    return number;
}

/* No number, where one may be absent. */
static inline v2g_number v2g_number_none(void)
{
    v2g_number number;
    number.value = 0;
    number.exponent = 0;
    number.present = 0;
    return number;
}

/* Octets that a caller has. */
static inline v2g_bytes v2g_bytes_of(const uint8_t *data, size_t length)
{
    v2g_bytes bytes;
    bytes.data = data;
    bytes.length = length;
    return bytes;
}

static inline v2g_str v2g_str_of(const char *data, size_t length)
{
    v2g_str text;
    text.data = data;
    text.length = length;
    return text;
}

/* A text from a literal: V2G_STR("DE*V2G*E1"); in the initialiser of something static, V2G_STR_INIT("DE*V2G*E1"). */
#define V2G_STR(literal) v2g_str_of((literal), sizeof(literal) - 1)
#define V2G_STR_INIT(literal) { (literal), sizeof(literal) - 1 }

/* The library belongs to this header: V2G_OK or V2G_E_ABI. */
#define V2G_CHECK() v2g_abi_check(V2G_HEADER_ABI_VERSION, (uint32_t)sizeof(void *))

#ifdef __cplusplus
#define V2G_STATIC_ASSERT(condition, text) static_assert(condition, text)
template <class T> constexpr T v2g_sized()
{
    T value{};
    value.size = static_cast<uint32_t>(sizeof(T));
    return value;
}
#define V2G_SIZED(type) (v2g_sized<type>())
#else
#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define V2G_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#else
#define V2G_ASSERT_NAME2(line) v2g_assert_##line
#define V2G_ASSERT_NAME(line) V2G_ASSERT_NAME2(line)
#define V2G_STATIC_ASSERT(condition, text) \
    enum { V2G_ASSERT_NAME(__LINE__) = 1 / ((condition) ? 1 : 0) }
#endif
#define V2G_SIZED(type) { .size = (uint32_t)sizeof(type) }
#endif

V2G_STATIC_ASSERT(V2G_HEADER_ABI_VERSION == V2G_ABI_VERSION, "headers of one version");
V2G_STATIC_ASSERT(sizeof(v2g_number) == 4, "a number has four octets");

"#;

#[cfg(test)]
mod tests {
    use super::{compact, handles, versioned};

    #[test]
    fn short_comments_take_one_line() {
        let long = "/**\n * One.\n * Two.\n */\nint a;\n";
        assert_eq!(compact(long), long);
        assert_eq!(compact("    /**\n     * One.\n     */\n    int a;\n"), "    /** One. */\n    int a;\n");
    }

    #[test]
    fn structs_and_handles_are_told_apart() {
        let api = "typedef struct v2g_a v2g_a;\ntypedef struct v2g_b {\n    /**\n     * Its size; octets.\n     */\n    \
                   uint32_t size;\n} v2g_b;\ntypedef struct v2g_c {\n    uint32_t kind;\n} v2g_c;\n";
        assert_eq!(handles(api), ["v2g_a"]);
        assert_eq!(versioned(api), ["v2g_b"]);
    }
}
