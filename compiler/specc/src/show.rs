//! What people and programs see: diagnostics, events, lists.

use crate::arguments::{Arguments, Colour, Format};
use anstream::ColorChoice;
use indicatif::{ProgressBar, ProgressStyle};
use specc_build::{BuildError, Event};
use specc_syntax::diagnostic::{Diagnostic, Severity};
use specc_syntax::span::Sources;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Where output goes, and how.
#[derive(Debug)]
pub struct Show {
    /// The chosen format.
    pub format: Format,
    colour: bool,
    progress: Option<ProgressBar>,
}

impl Show {
    /// As the arguments and the terminal say.
    #[must_use]
    pub fn new(arguments: &Arguments) -> Show {
        let choice = match arguments.color {
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
            Colour::Auto => anstream::AutoStream::choice(&std::io::stderr()),
        };
        choice.write_global();
        let colour = !matches!(choice, ColorChoice::Never);
        Show {
            format: arguments.format,
            colour,
            progress: None,
        }
    }

    /// Colours are wanted.
    #[must_use]
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// A line of data on standard output. A reader that has gone away is no error of ours.
    #[expect(clippy::unused_self, reason = "all output goes through here")]
    pub fn data(&self, text: &str) {
        let _ = writeln!(std::io::stdout(), "{}", text.trim_end_matches('\n'));
    }

    /// A line for people on standard error.
    pub fn say(&self, text: &str) {
        match &self.progress {
            Some(progress) => progress.suspend(|| {
                let _ = writeln!(anstream::stderr(), "{text}");
            }),
            None => {
                let _ = writeln!(anstream::stderr(), "{text}");
            }
        }
    }

    /// A failed effect.
    pub fn error(&self, error: &BuildError) {
        let (red, reset) = if self.colour {
            ("\x1b[1;31m", "\x1b[0m")
        } else {
            ("", "")
        };
        self.say(&format!("{red}error{reset}: {error}"));
    }

    /// All diagnostics in the chosen format, and a closing line for people.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        match self.format {
            Format::Human => {
                if !diagnostics.is_empty() {
                    self.say(
                        specc_syntax::draw::draw(diagnostics, sources, self.colour).trim_end(),
                    );
                    self.say(&format!("\n{}", tally(diagnostics)));
                }
            }
            Format::Json | Format::Junit => self.data(&pretty(&specc_syntax::json::diagnostics(
                diagnostics,
                sources,
            ))),
            Format::Sarif => self.data(&pretty(&specc_syntax::json::sarif(diagnostics, sources))),
        }
    }

    /// A build event.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::WaitingForLock => {
                self.say("another build of this program is running; waiting for it")
            }
            Event::Checked {
                files,
                entities,
                took,
            } => self.say(&format!(
                "checked {} with {} in {}",
                count(*files, "file"),
                count(entities.saturating_sub(1), "entity"),
                short(*took)
            )),
            Event::Written {
                written,
                unchanged,
                removed,
                took,
            } if written + removed > 0 => {
                let gone = if *removed > 0 {
                    format!(", removed {removed}")
                } else {
                    String::new()
                };
                self.say(&format!(
                    "wrote {}{gone}, {unchanged} unchanged, in {}",
                    count(*written, "file"),
                    short(*took)
                ));
            }
            Event::Written { .. } => {}
            Event::Migration { name, changes } => {
                self.say(&format!("new migration {name}"));
                for change in changes {
                    self.say(&format!("  {change}"));
                }
            }
            Event::Compiling { first } => {
                if *first {
                    self.say("compiling the app and the libraries it stands on; the first time this takes a minute or two");
                }
                if std::io::stderr().is_terminal() {
                    let style = ProgressStyle::with_template("{spinner} {msg}")
                        .unwrap_or_else(|_| ProgressStyle::default_spinner());
                    let progress = ProgressBar::new_spinner()
                        .with_style(style)
                        .with_message("compiling");
                    progress.enable_steady_tick(Duration::from_millis(100));
                    self.progress = Some(progress);
                }
            }
            Event::Compiled { package, done } => {
                if let Some(progress) = &self.progress {
                    progress.set_message(format!("compiled {done}: {package}"));
                }
            }
            Event::Built { took } => {
                self.end_progress();
                self.say(&format!("compiled in {}", short(*took)));
            }
            Event::UpToDate => self.say("nothing to build: the app is up to date"),
        }
    }

    /// Takes the progress line away.
    pub fn end_progress(&mut self) {
        if let Some(progress) = self.progress.take() {
            progress.finish_and_clear();
        }
    }
}

/// `1 file`, `2 files`, `3 entities`.
#[must_use]
pub fn count(number: usize, word: &str) -> String {
    if number == 1 {
        return format!("1 {word}");
    }
    match word.strip_suffix('y') {
        Some(stem) => format!("{number} {stem}ies"),
        None => format!("{number} {word}s"),
    }
}

/// A duration as people say it.
#[must_use]
pub fn short(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

/// JSON for people and programs.
#[must_use]
pub fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn tally(diagnostics: &[Diagnostic]) -> String {
    let counts = specc_syntax::draw::summary(diagnostics);
    let first = diagnostics
        .iter()
        .find(|problem| problem.severity == Severity::Error)
        .or_else(|| diagnostics.first())
        .map_or("", |problem| problem.name);
    format!("{counts}; `specc explain {first}` tells more")
}
