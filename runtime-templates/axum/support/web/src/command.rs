//! The command line of the app.

use crate::accounts;
use crate::mailer::{Mailer, Smtp};
use crate::site::{Options, Site};
use crate::{check, logs, seed, server};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use engine::Engine;
use engine::def::App;
use engine::refusal::Refusal;
use engine::seal::{KEY_VARIABLE, KeyFrom};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How long the message that is on its way may take once the process is told to stop.
const FAREWELL: Duration = Duration::from_secs(5);

#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the app
    Serve(Serve),
    /// Bring the database up to date
    Migrate(Data),
    /// Fill in example data
    Seed {
        #[command(flatten)]
        data: Data,
        /// Only the seed of this name
        #[arg(long)]
        name: Option<String>,
        /// The password of the people in it; without it one is made up and printed
        #[arg(long)]
        password: Option<String>,
    },
    /// Write a copy of the database, while the app runs or not
    Backup {
        #[command(flatten)]
        data: Data,
        /// A file that does not exist yet
        file: PathBuf,
    },
    /// Put a copy in place of the database; stop the app first
    Restore {
        #[command(flatten)]
        data: Data,
        /// A file that `backup` wrote
        file: PathBuf,
    },
    /// Look after users
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Say what is unsafe about serving this to the world
    CheckDeploy(Serve),
    /// Print the description of the JSON interface
    Openapi,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a user, or a role to one, and print a link to choose a password
    Add {
        #[command(flatten)]
        data: Data,
        /// The e-mail address
        email: String,
        /// A role; may be given several times
        #[arg(long)]
        role: Vec<String>,
        /// The name; the part of the address before the @ without it
        #[arg(long)]
        name: Option<String>,
        /// The address people type, for the link
        #[arg(long, default_value = "http://127.0.0.1:3000")]
        public_url: String,
    },
}

#[derive(Args, Clone)]
struct Data {
    /// The folder of the database
    #[arg(long, default_value = "./data")]
    data: PathBuf,
}

#[derive(Args, Clone)]
struct Serve {
    #[command(flatten)]
    data: Data,
    /// Where to listen; port 0 takes any. A socket inherited as LISTEN_FDS comes first
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Development: mail is shown at /_outbox, to this machine and unless SMTP_URL is set
    #[arg(long)]
    dev: bool,
    /// The address people type, for links in mail; https switches on secure cookies
    #[arg(long)]
    public_url: Option<String>,
    /// Answer to this host name only; may be given several times
    #[arg(long)]
    host: Vec<String>,
    /// Trust X-Forwarded-For and X-Forwarded-Proto of the proxy in front
    #[arg(long)]
    behind_proxy: bool,
    /// Stop when standard input closes: whoever started it is gone
    #[arg(long, hide = true)]
    while_stdin: bool,
}

impl Serve {
    fn options(&self) -> Result<Options, String> {
        Ok(Options {
            dev: self.dev,
            public_url: self.public_url.clone(),
            hosts: self.host.clone(),
            behind_proxy: self.behind_proxy,
            exposed: !self.listen.ip().is_loopback(),
            smtp: Smtp::from_environment()?,
        })
    }
}

/// The whole program: reads the command line and does what it says.
#[must_use]
pub fn main(app: &'static App) -> ExitCode {
    let about = app
        .about
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or(app.name);
    let command = Line::command().about(about.to_owned());
    let line = match command
        .try_get_matches()
        .and_then(|matches| Line::from_arg_matches(&matches))
    {
        Ok(line) => line,
        Err(error) => error.exit(),
    };
    match run(app, line.command) {
        Ok(code) => code,
        Err(message) => {
            say(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn run(app: &'static App, command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Serve(serve) => self::serve(app, &serve)?,
        Command::Migrate(data) => {
            open(app, &data.data, false)?;
            say("the database is up to date");
        }
        Command::Seed {
            data,
            name,
            password,
        } => seed(app, &data, name.as_deref(), password)?,
        Command::Backup { data, file } => {
            let engine = open(app, &data.data, false)?;
            engine::backup::backup(&engine, &file).map_err(|error| error.to_string())?;
            say(&format!("copied the database to {}", file.display()));
            match engine.secret_key() {
                Some(KeyFrom::File(key)) => say(&format!(
                    "the secrets in it are encrypted; without the key in {} nobody reads them again, so keep a copy of \
                     that file too, in another place",
                    key.display()
                )),
                Some(KeyFrom::Variable) => say(&format!(
                    "the secrets in it are encrypted; without the key in {KEY_VARIABLE} nobody reads them again"
                )),
                None => {}
            }
        }
        Command::Restore { data, file } => {
            make_folder(&data.data)?;
            let key = secret_key()?;
            engine::backup::restore(app, &file, &database(&data.data), key.as_deref())
                .map_err(|error| error.to_string())?;
            say(&format!("put {} in place of the database", file.display()));
        }
        Command::User {
            command:
                UserCommand::Add {
                    data,
                    email,
                    role,
                    name,
                    public_url,
                },
        } => {
            let engine = open(app, &data.data, false)?;
            let name =
                name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
            let path = accounts::add_user(&engine, &email, &name, &role)
                .map_err(|refusal| words(&refusal))?;
            print(&format!("{}{path}", public_url.trim_end_matches('/')));
            say("open this link within seven days to choose a password; it works once");
        }
        Command::CheckDeploy(serve) => return check_deploy(app, &serve),
        Command::Openapi => {
            let text = serde_json::to_string_pretty(&crate::openapi::document(app))
                .map_err(|error| error.to_string())?;
            print(&text);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn seed(
    app: &'static App,
    data: &Data,
    name: Option<&str>,
    password: Option<String>,
) -> Result<(), String> {
    let engine = open(app, &data.data, false)?;
    let planted = seed::plant(&engine, name, password).map_err(|refusal| words(&refusal))?;
    if planted.rows == 0 {
        say("nothing to do: this example data is there already");
        return Ok(());
    }
    say(&format!("wrote {} rows of example data", planted.rows));
    for (email, roles) in &planted.people {
        say(&format!(
            "log in as {email} ({}) with the password {}",
            roles.join(", "),
            planted.password
        ));
    }
    Ok(())
}

fn check_deploy(app: &'static App, serve: &Serve) -> Result<ExitCode, String> {
    let engine = open(app, &serve.data.data, false)?;
    let findings = check::deployment(&engine, &serve.options()?, &serve.data.data)
        .map_err(|refusal| words(&refusal))?;
    for finding in &findings {
        print(&format!(
            "{}: {}",
            if finding.serious { "unsafe" } else { "note" },
            finding.text
        ));
    }
    if findings.is_empty() {
        print("nothing to put right");
    }
    let serious = findings.iter().any(|finding| finding.serious);
    Ok(if serious {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn serve(app: &'static App, serve: &Serve) -> Result<(), String> {
    logs::start(serve.dev);
    if let Some(address) = check::clashes(app).first() {
        return Err(format!(
            "two things have the address {address}; rename one of them"
        ));
    }
    let listener = listener(serve.listen)?;
    let address = listener
        .local_addr()
        .map_err(|error| format!("the socket has no address: {error}"))?;
    let engine = open(app, &serve.data.data, true)?;
    let mut options = serve.options()?;
    options.exposed = !address.ip().is_loopback();
    if options.public_url.is_none() {
        options.public_url = Some(format!("http://{address}"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("web")
        .build()
        .map_err(|error| format!("the worker threads do not start: {error}"))?;
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)
            .map_err(|error| format!("can't listen: {error}"))?;
        let signal = stop_signal()?;
        let alone = stdin_closed(serve.while_stdin);
        let stop = async move {
            tokio::select! {
                () = signal => {}
                () = alone => {}
            }
        };
        print(&format!("listening on http://{address}"));
        let site = Site::new(engine, options);
        let mailer = match &site.options.smtp {
            Some(smtp) => Some(
                Mailer::start(site.clone(), smtp.clone())
                    .map_err(|error| format!("the mail thread does not start: {error}"))?,
            ),
            None if site.options.shows_outbox() => None,
            None => {
                tracing::warn!("no mail server is set (SMTP_URL): mail stays in the outbox");
                None
            }
        };
        let served = server::serve(site, listener, stop).await;
        if let Some(mailer) = mailer {
            // A message that is on its way is waited for, but not for long.
            let stopped = tokio::task::spawn_blocking(move || mailer.stop());
            let _ = tokio::time::timeout(FAREWELL, stopped).await;
        }
        served.map_err(|error| format!("serving ended: {error}"))
    })
}

/// The inherited socket (`LISTEN_FDS`), or a new one.
fn listener(address: SocketAddr) -> Result<TcpListener, String> {
    let inherited = listenfd::ListenFd::from_env()
        .take_tcp_listener(0)
        .map_err(|error| format!("the inherited socket can't be used: {error}"))?;
    let listener = match inherited {
        Some(listener) => listener,
        None => TcpListener::bind(address).map_err(|error| {
            format!("can't listen on {address}: {error}; choose another with --listen")
        })?,
    };
    listener
        .set_nonblocking(true)
        .map_err(|error| format!("can't listen: {error}"))?;
    Ok(listener)
}

/// Ends when standard input does; never where nobody wants to know.
async fn stdin_closed(wanted: bool) {
    if !wanted {
        return std::future::pending().await;
    }
    let (closed, wait) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = closed.send(());
    });
    let _ = wait.await;
}

#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|error| format!("no signals: {error}"))?;
    let mut interrupt =
        signal(SignalKind::interrupt()).map_err(|error| format!("no signals: {error}"))?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>, String> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// The database in a data folder.
#[must_use]
pub fn database(data: &Path) -> PathBuf {
    data.join("app.db")
}

fn open(app: &'static App, data: &Path, exclusive: bool) -> Result<Engine, String> {
    make_folder(data)?;
    let readers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let options = engine::Options {
        path: database(data),
        readers,
        exclusive,
        secret_key: secret_key()?,
        ..engine::Options::default()
    };
    let engine = Engine::open(app, &options).map_err(|error| error.to_string())?;
    accounts::prepare(&engine).map_err(|refusal| words(&refusal))?;
    Ok(engine)
}

/// The key of secrets, where the environment holds it.
fn secret_key() -> Result<Option<String>, String> {
    match std::env::var(KEY_VARIABLE) {
        Ok(key) => Ok(Some(key)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(format!(
            "{KEY_VARIABLE} holds no key: a key is 64 hexadecimal digits"
        )),
    }
}

fn make_folder(data: &Path) -> Result<(), String> {
    if data.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(data)
        .map_err(|error| format!("can't make the folder {}: {error}", data.display()))
}

fn words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Fault(cause) => cause.clone(),
        Refusal::Invalid(errors) => {
            let all: Vec<String> = errors
                .iter()
                .map(|error| {
                    if error.field.is_empty() {
                        error.message.clone()
                    } else {
                        format!("{}: {}", error.field, error.message)
                    }
                })
                .collect();
            all.join("; ")
        }
        other => crate::respond::sentence_of(other),
    }
}

/// A line of data, on standard output.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody listens: nothing to be done about it.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A line for people, on standard error.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
