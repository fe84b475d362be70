//! A Chromium of this machine, started for the judge of pages: without a window, with a profile of its own, and with no
//! network but the loopback. It is spoken to through two pipes and ends when they close, however this process ends.

use command_fds::{CommandFdExt, FdMapping};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What names the binary, where it is not on the path.
const VARIABLE: &str = "SPECC_CHROMIUM";
/// What it is called.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// Nothing listens there: what is not for the loopback ends here.
const NOWHERE: &str = "http://127.0.0.1:9";

/// There is no browser; the message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum NoBrowser {
    /// None is installed.
    #[error(
        "there is no Chromium on this machine: install it, for example with `apt-get install chromium`, or name its binary in {VARIABLE}"
    )]
    Missing,
    /// It does not start.
    #[error("{binary} does not start: {source}; name another binary in {VARIABLE}")]
    Start {
        /// Which one.
        binary: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A browser under way. Dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    child: Child,
}

/// Its two ends: what is written to the first are commands, what is read from the second are answers and events, each a
/// JSON text with a zero byte behind it.
#[derive(Debug)]
pub struct Ends {
    /// Commands.
    pub to: File,
    /// Answers and events.
    pub from: File,
}

/// The browser of this machine: named in `SPECC_CHROMIUM`, else the first on the path.
#[must_use]
pub fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|file| file.is_file())
}

/// Starts it with a profile in this folder, which should be empty.
///
/// # Errors
/// Where there is none, or it does not start.
pub fn start(profile: &Path) -> Result<(Browser, Ends), NoBrowser> {
    let binary = find().ok_or(NoBrowser::Missing)?;
    let failed = |source| NoBrowser::Start {
        binary: binary.clone(),
        source,
    };
    let (commands, to) = std::io::pipe().map_err(failed)?;
    let (from, answers) = std::io::pipe().map_err(failed)?;
    let mut command = Command::new(&binary);
    command
        .args(arguments(profile))
        // Of this process's environment it gets what finds programs, and nothing else.
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", profile)
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let handed = |parent: OwnedFd, child_fd| FdMapping {
        parent_fd: parent,
        child_fd,
    };
    command
        .fd_mappings(vec![handed(commands.into(), 3), handed(answers.into(), 4)])
        .map_err(|error| failed(std::io::Error::other(error)))?;
    let child = command.spawn().map_err(failed)?;
    let ends = Ends {
        to: File::from(OwnedFd::from(to)),
        from: File::from(OwnedFd::from(from)),
    };
    Ok((Browser { child }, ends))
}

fn arguments(profile: &Path) -> Vec<String> {
    let mut all: Vec<String> = [
        "--headless",
        "--disable-gpu",
        "--remote-debugging-pipe",
        "--no-first-run",
        "--no-default-browser-check",
        "--lang=en-US",
        "--disable-extensions",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--disable-breakpad",
        "--disable-features=BackForwardCache,SpareRendererForSitePerProcess,ProactivelySwapBrowsingInstance,Translate,OptimizationHints,MediaRouter,AutofillServerCommunication,PasswordLeakDetection",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
        "--mute-audio",
        "--password-store=basic",
        "--use-mock-keychain",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--proxy-bypass-list=127.0.0.1",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push(format!("--proxy-server={NOWHERE}"));
    all.push(format!("--user-data-dir={}", profile.display()));
    // Chromium's own box can't be entered by root; what it opens are pages of one app on the loopback.
    if nix::unistd::geteuid().is_root() {
        all.push("--no-sandbox".to_owned());
    }
    all.push("about:blank".to_owned());
    all
}

impl Browser {
    /// It has ended by itself.
    pub fn ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its helpers end with it.
        let group = i32::try_from(self.child.id()).unwrap_or(0);
        if group > 0 {
            let _ = nix::sys::signal::killpg(
                nix::unistd::Pid::from_raw(group),
                nix::sys::signal::Signal::SIGKILL,
            );
        }
        let _ = self.child.wait();
    }
}
