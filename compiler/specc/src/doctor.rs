//! Says whether this machine has what specc needs.

use crate::arguments::Format;
use crate::show::{Show, pretty};
use specc_build::cargo;
use std::path::Path;
use std::process::Command;

/// One look: what it is, whether it is well, what was found or what to do.
struct Look {
    name: &'static str,
    well: bool,
    detail: String,
}

/// Looks and tells; 0 where everything needed is there, 3 where something is missing.
pub fn run(show: &Show) -> u8 {
    let mut looks = vec![
        tool("cargo", "install the Rust toolchain with rustup"),
        tool("rustc", "install the Rust toolchain with rustup"),
        tool(
            "cc",
            "install a C compiler: the bundled SQLite is C (Debian: apt-get install gcc libc6-dev)",
        ),
    ];
    let target = cargo::target_directory(Path::new(".specc"));
    let writable = std::fs::create_dir_all(&target).is_ok();
    looks.push(Look {
        name: "build folder",
        well: writable,
        detail: if writable {
            target.display().to_string()
        } else {
            format!(
                "{} can't be written; set SPECC_TARGET_DIR to a folder that can",
                target.display()
            )
        },
    });
    let all_well = looks.iter().all(|look| look.well);
    if show.format == Format::Human {
        for look in &looks {
            show.data(&format!(
                "{:<8} {:<14} {}",
                if look.well { "ok" } else { "missing" },
                look.name,
                look.detail
            ));
        }
    } else {
        let list: Vec<_> = looks
            .iter()
            .map(|look| serde_json::json!({ "name": look.name, "ok": look.well, "detail": look.detail }))
            .collect();
        show.data(&pretty(&serde_json::json!({ "looks": list })));
    }
    if all_well { 0 } else { 3 }
}

fn tool(name: &'static str, missing: &str) -> Look {
    match Command::new(name).arg("--version").output() {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            Look {
                name,
                well: true,
                detail: text.lines().next().unwrap_or_default().to_owned(),
            }
        }
        _ => Look {
            name,
            well: false,
            detail: missing.to_owned(),
        },
    }
}
