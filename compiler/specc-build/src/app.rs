//! The running app: a child process on a listening socket that outlives it.

use crate::error::BuildError;
use crate::host::{MOST_KEPT, size_of};
use crate::sandbox::Sandbox;
use command_fds::{CommandFdExt, FdMapping};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long an app may take to answer, migrations of large data included.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long an app that is judged may take to answer; its data is small.
pub const JUDGED_START_LIMIT: Duration = Duration::from_secs(20);
/// How long it may take to stop before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// A longer line of its last words is cut, in bytes.
const LONGEST_LINE: u64 = 4 * 1024;

/// An app under way. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// It leads a group of processes of its own.
    group: bool,
    said: Arc<Mutex<VecDeque<String>>>,
}

/// Opens the port, which then stays open however often the app is swapped.
///
/// # Errors
/// [`BuildError::PortInUse`] for a port that was asked for; without one the next free port after 3000 is taken.
pub fn listen(port: Option<u16>) -> Result<TcpListener, BuildError> {
    let open = |port: u16| TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port)));
    match port {
        Some(port) => open(port).map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => BuildError::PortInUse { port },
            _ => BuildError::io("listen on", format!("127.0.0.1:{port}"))(error),
        }),
        None => (3000..3020)
            .find_map(|port| open(port).ok())
            .map_or_else(|| open(0), Ok)
            .map_err(BuildError::io("listen on", "127.0.0.1")),
    }
}

/// Runs one of the app's own commands to its end; gives what it wrote to standard output.
///
/// # Errors
/// Where it can't be started, or ends with an error; the message is what it said.
pub fn command(binary: &Path, arguments: &[&str]) -> Result<String, BuildError> {
    let output = Command::new(binary)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(BuildError::io("start", binary))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(BuildError::Start {
        message: said.trim().to_owned(),
    })
}

/// Starts the app on the socket and waits until it answers.
///
/// # Errors
/// [`BuildError::Start`] with its last words where it ends or does not answer in time.
pub fn start(binary: &Path, listener: &TcpListener, data: &Path) -> Result<Running, BuildError> {
    start_command(
        Command::new(binary),
        binary,
        listener,
        data,
        (START_LIMIT, false),
    )
}

/// [`start`] with nothing of this process's environment: no mail server, no key, no address.
///
/// # Errors
/// As [`start`].
pub fn start_alone(
    binary: &Path,
    listener: &TcpListener,
    data: &Path,
) -> Result<Running, BuildError> {
    start_with(binary, listener, data, None, &[])
}

/// [`start_alone`], in a box where there is one, with these variables and no others. It has [`JUDGED_START_LIMIT`] to answer.
///
/// # Errors
/// As [`start`].
pub fn start_with(
    binary: &Path,
    listener: &TcpListener,
    data: &Path,
    sandbox: Option<&Sandbox>,
    variables: &[(&str, &str)],
) -> Result<Running, BuildError> {
    let mut command = match sandbox {
        Some(sandbox) => sandbox.command(binary, data),
        None => Command::new(binary),
    };
    command.env_clear().envs(variables.iter().copied());
    // Ctrl-C is for whoever asks it: it ends when they do.
    command.process_group(0);
    start_command(command, binary, listener, data, (JUDGED_START_LIMIT, true))
}

fn start_command(
    mut command: Command,
    binary: &Path,
    listener: &TcpListener,
    data: &Path,
    (limit, group): (Duration, bool),
) -> Result<Running, BuildError> {
    let address = listener.local_addr().map_err(BuildError::io(
        "read the address of",
        "the listening socket",
    ))?;
    let socket = listener
        .try_clone()
        .map_err(BuildError::io("pass on", "the listening socket"))?;
    command
        .arg("serve")
        .arg("--dev")
        .arg("--while-stdin")
        .arg("--data")
        .arg(data)
        .env("LISTEN_FDS", "1")
        .env_remove("LISTEN_PID")
        // Closes when this process ends, however it ends: then the app ends, too.
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
        .fd_mappings(vec![FdMapping {
            parent_fd: socket.into(),
            child_fd: 3,
        }])
        .map_err(|_| BuildError::Start {
            message: "the listening socket could not be passed on".to_owned(),
        })?;
    let mut child = command.spawn().map_err(BuildError::io("start", binary))?;
    let said = Arc::new(Mutex::new(VecDeque::new()));
    if let Some(errors) = child.stderr.take() {
        let said = Arc::clone(&said);
        std::thread::spawn(move || keep_last_words(errors, &said));
    }
    let mut running = Running { child, group, said };
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Ok(Some(_)) = running.child.try_wait() {
            return Err(BuildError::Start {
                message: running.last_words(),
            });
        }
        if group && size_of(data) > MOST_KEPT {
            let message = format!(
                "it kept more than {} MiB before it answered",
                MOST_KEPT >> 20
            );
            return Err(BuildError::Start { message });
        }
        if answers(address) {
            return Ok(running);
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let message = format!(
        "no answer on {address} within {} s\n{}",
        limit.as_secs(),
        running.last_words()
    );
    Err(BuildError::Start { message })
}

impl Running {
    /// The last lines it wrote to standard error.
    #[must_use]
    pub fn last_words(&self) -> String {
        // The reader may be a moment behind a process that has just ended.
        std::thread::park_timeout(Duration::from_millis(50));
        self.said
            .lock()
            .map(|said| said.iter().cloned().collect::<Vec<_>>().join("\n"))
            .unwrap_or_default()
    }

    /// It has ended by itself.
    pub fn ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Its number, as the system has it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to finish what it is doing and to end; kills it where it does not.
    pub fn stop(&mut self) {
        if !self.ended() {
            self.signal(Signal::SIGTERM);
            let deadline = Instant::now() + STOP_LIMIT;
            while Instant::now() < deadline && !self.ended() {
                std::thread::park_timeout(Duration::from_millis(5));
            }
        }
        self.kill();
    }

    /// Ends it at once, and all that it started and did not end.
    pub fn kill(&mut self) {
        if self.group {
            let group = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0));
            let _ = killpg(group, Signal::SIGKILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0));
        let _ = kill(id, signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Reads all that is written, however much and whatever it is, and keeps little of it.
fn keep_last_words(errors: impl Read, said: &Mutex<VecDeque<String>>) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = (&mut errors).take(LONGEST_LINE);
        if !limited
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            return;
        }
        if let Ok(mut said) = said.lock() {
            if said.len() >= 20 {
                said.pop_front();
            }
            said.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
    }
}

fn answers(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) else {
        return false;
    };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    if stream.write_all(request.as_bytes()).is_err() {
        return false;
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).is_ok() && answer.starts_with(b"HTTP/1.1 200")
}

/// The program's data folder: what was asked for, else `data` in its state folder.
#[must_use]
pub fn data_directory(asked: Option<&Path>, state: &Path) -> PathBuf {
    asked.map_or_else(|| state.join("data"), Path::to_path_buf)
}
