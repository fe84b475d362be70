//! A box for programs that are not to be trusted: apps under test, and later what models wrote. The process enters it by
//! itself, through a command of the binary that starts it, and then becomes the program.
//!
//! Inside there is no network but the sockets that were handed over, nothing may be written outside of one folder, no
//! file may grow without end, and the process ends with the one that started it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The hidden command of the binary that enters the box.
pub const COMMAND: &str = "sandboxed";
/// The largest file that may be written, in bytes.
const LARGEST_FILE: u64 = 1 << 30;

/// How the box is entered.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// A binary whose command [`COMMAND`] calls [`enter`].
    pub launcher: PathBuf,
}

impl Sandbox {
    /// The box that the running binary offers; it must have the command [`COMMAND`].
    #[must_use]
    pub fn of_this_binary() -> Option<Sandbox> {
        let launcher = std::env::current_exe().ok()?;
        Some(Sandbox { launcher })
    }

    /// A command that runs a program in the box; it may write in this folder alone.
    #[must_use]
    pub fn command(&self, program: &Path, writes: &Path) -> Command {
        let mut command = Command::new(&self.launcher);
        command
            .arg(COMMAND)
            .arg("--writes")
            .arg(writes)
            .arg("--")
            .arg(program);
        command
    }

    /// What the box keeps out on this machine, as reports name it: `network, files, limits`, or `none`.
    #[must_use]
    pub fn level(&self) -> String {
        let asked = Command::new(&self.launcher)
            .args([COMMAND, "--level"])
            .output();
        match asked {
            Ok(output) if output.status.success() => {
                String::from_utf8_lossy(&output.stdout).trim().to_owned()
            }
            _ => "none".to_owned(),
        }
    }
}

/// Enters the box and gives what it keeps out. What the system can't do is left out of the answer.
#[must_use]
pub fn enter(writes: &Path) -> Vec<&'static str> {
    let mut kept_out = Vec::new();
    if system::no_network() {
        kept_out.push("network");
    }
    if system::no_files(writes) {
        kept_out.push("files");
    }
    if system::limits() {
        kept_out.push("limits");
    }
    kept_out
}

/// Becomes the program: comes back only where it can't be started.
#[must_use]
pub fn become_program(words: &[OsString]) -> std::io::Error {
    use std::os::unix::process::CommandExt as _;
    match words.split_first() {
        Some((program, arguments)) => Command::new(program).args(arguments).exec(),
        None => std::io::Error::other("there is no program to run"),
    }
}

#[cfg(target_os = "linux")]
mod system {
    use super::LARGEST_FILE;
    use landlock::{
        ABI, Access as _, AccessFs, CompatLevel, Compatible as _, PathBeneath, PathFd, Ruleset,
        RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus,
    };
    use nix::sched::{CloneFlags, unshare};
    use nix::sys::resource::{Resource, setrlimit};
    use std::path::Path;

    /// A network of its own, with nothing in it.
    pub(super) fn no_network() -> bool {
        let (user, group) = (nix::unistd::getuid(), nix::unistd::getgid());
        if unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).is_err() {
            return false;
        }
        // It stays the user that it was.
        let _ = std::fs::write("/proc/self/setgroups", "deny");
        let _ = std::fs::write("/proc/self/uid_map", format!("{user} {user} 1"));
        let _ = std::fs::write("/proc/self/gid_map", format!("{group} {group} 1"));
        true
    }

    pub(super) fn no_files(writes: &Path) -> bool {
        restricted(writes).is_ok_and(|status| status != RulesetStatus::NotEnforced)
    }

    fn restricted(writes: &Path) -> Result<RulesetStatus, landlock::RulesetError> {
        let abi = ABI::V5;
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))?
            .create()?;
        let allowed = [
            (Path::new("/"), AccessFs::from_read(abi)),
            (Path::new("/dev/null"), AccessFs::from_file(abi)),
            (writes, AccessFs::from_all(abi)),
        ];
        for (path, access) in allowed {
            if let Ok(opened) = PathFd::new(path) {
                rules = rules.add_rule(PathBeneath::new(opened, access))?;
            }
        }
        Ok(rules.restrict_self()?.ruleset)
    }

    pub(super) fn limits() -> bool {
        // It does not outlive whoever started it.
        let bound = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).is_ok();
        let files = setrlimit(Resource::RLIMIT_FSIZE, LARGEST_FILE, LARGEST_FILE).is_ok();
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
        bound && files
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::LARGEST_FILE;
    use nix::sys::resource::{Resource, setrlimit};
    use std::path::Path;

    pub(super) fn no_network() -> bool {
        false
    }

    pub(super) fn no_files(_writes: &Path) -> bool {
        false
    }

    pub(super) fn limits() -> bool {
        setrlimit(Resource::RLIMIT_FSIZE, LARGEST_FILE, LARGEST_FILE).is_ok()
    }
}
