//! Compares the grammars of every schema set with the reference implementation's.
//!
//! `compare <folder with the XSDs> [folder with the grammars]`; the second defaults to `oracle/grammars` below
//! `$V2G_EVIDENCE`.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(schemas) = arguments.next() else {
        eprintln!("usage: compare <schemas> [<grammars>]");
        return ExitCode::FAILURE;
    };
    let evidence = || PathBuf::from(std::env::var_os("V2G_EVIDENCE").unwrap_or("../shared".into()));
    let grammars = arguments.next().unwrap_or_else(|| evidence().join("oracle/grammars"));
    match v2g_schema::compare_all(&schemas, &grammars) {
        Ok(reports) => {
            for report in reports {
                println!("{report}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
