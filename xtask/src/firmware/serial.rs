//! The charger alone on the board: its serial port is the byte link to `v2g evcc` on this machine.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv6Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::Failure;
use crate::process::{build, cargo, text};

/// Rounds of the charge loop.
const ROUNDS: &str = "20";

/// Lets `v2g evcc` charge and discharge at the board, and returns what both said of it. Fails if one of them says that the
/// session ended badly.
pub(super) fn charge(elf: &Path) -> Result<String, Failure> {
    let programs = build(cargo().args(["build", "--release", "--bin", "v2g"]))?;
    let v2g = programs.iter().find(|(name, _)| name == "v2g");
    let (_, v2g) = v2g.ok_or_else(|| Failure::new("cargo built no v2g".into()))?;
    let port = TcpListener::bind((Ipv6Addr::LOCALHOST, 0))?.local_addr()?.port();
    let mut board = Board(
        Command::new("timeout")
            .args(["60", "qemu-system-arm", "-M", "mps2-an386", "-cpu", "cortex-m4", "-display", "none"])
            .args(["-monitor", "none", "-semihosting-config", "enable=on,target=native"])
            .args(["-chardev", &format!("socket,id=link,host=::1,port={port},server=on,wait=on")])
            .args(["-serial", "chardev:link", "-kernel"])
            .arg(elf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?,
    );
    let stderr = board.0.stderr.take().ok_or_else(|| Failure::new("QEMU has no standard error".into()))?;
    let mut stderr = BufReader::new(stderr);
    // QEMU says so when it listens.
    let mut said = String::new();
    while !said.contains("waiting for connection") {
        if stderr.read_line(&mut said)? == 0 {
            return Err(Failure::new(format!("QEMU: {said}")));
        }
    }
    let vehicle =
        text(
            Command::new(v2g)
                .args(["evcc", "--connect", &format!("[::1]:{port}"), "--lab", "--json"])
                .args(["--service", "dc-bpt", "--mode", "dynamic", "--loops", ROUNDS]),
        );
    let mut charger = String::new();
    stderr.read_to_string(&mut charger)?;
    let status = board.0.wait()?;
    let vehicle = vehicle.map_err(|error| Failure::new(format!("{error}\nthe charger said:\n{charger}")))?;
    if !status.success() {
        return Err(Failure::new(format!("the charger ended with {status}:\n{charger}")));
    }
    let summary: Value = serde_json::from_str(vehicle.lines().last().unwrap_or_default())?;
    Ok(format!(
        "{charger}vehicle: {}, {} rounds, {} Wh in, {} Wh out\n",
        summary["reason"], summary["rounds"], summary["charged_wh"], summary["discharged_wh"]
    ))
}

/// QEMU, which does not outlive the check.
struct Board(Child);

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
