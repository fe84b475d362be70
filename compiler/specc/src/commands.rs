//! What each command does.

use crate::arguments::{Arguments, Command, Format, Program};
use crate::doctor;
use crate::embedded::{EXAMPLES, PAGES};
use crate::show::{Show, count, pretty, short};
use clap::CommandFactory;
use specc_build::folder::Folder;
use specc_build::front::{self, Checked};
use specc_build::pipeline::{self, Options, Stop};
use specc_build::sandbox;
use specc_build::serve::{self, Notice, ServeOptions};
use specc_build::{BuildError, files};
use specc_ir::ir::{Ir, SeedValue, USER};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Errors in the spec, or something to format.
const SPEC: u8 = 1;
/// Wrong usage or no spec.
const USAGE: u8 = 2;
/// A failed effect.
const EFFECT: u8 = 3;
/// Refused so that nothing is lost.
const REFUSED: u8 = 4;
/// A bug of specc.
const BUG: u8 = 5;

/// Runs the command; gives the exit code.
pub fn run(arguments: &Arguments) -> ExitCode {
    let mut show = Show::new(arguments);
    if arguments.format == Format::Junit && !matches!(arguments.command, Command::Verify { .. }) {
        show.say("error: --format junit is for `specc verify`; others write human, json or sarif");
        return ExitCode::from(USAGE);
    }
    let code = match &arguments.command {
        Command::New { name, from } => new(&show, name, from.as_deref()),
        Command::Check(program) => check(&show, program),
        Command::Fmt { program, check } => format(&show, program, *check),
        Command::Ir { program, schema } => ir(&show, program, *schema),
        Command::Steps(program) => steps(&show, program),
        Command::Explain { name } => explain(&show, name.as_deref()),
        Command::Plan(program) => plan(&show, program),
        Command::Build {
            program,
            release,
            no_compile,
            overwrite,
        } => {
            let options = Options {
                release: *release,
                no_compile: *no_compile,
                overwrite: *overwrite,
            };
            build(&mut show, program, options)
        }
        Command::Verify {
            program,
            seed,
            time,
            strict,
            fail_fast,
            html,
            overwrite,
            no_browser,
            strength,
        } => {
            let options = crate::verify::Wanted {
                html: html.clone(),
                seed: *seed,
                time: Duration::from_secs(*time),
                strict: *strict,
                fail_fast: *fail_fast,
                overwrite: *overwrite,
                browser: !*no_browser,
                strength: *strength,
            };
            crate::verify::verify(&mut show, &folder(program), &options)
        }
        Command::Replay {
            id,
            program,
            overwrite,
        } => crate::verify::replay(&mut show, &folder(program), id, *overwrite),
        Command::Run {
            program,
            port,
            data,
            no_seed,
            no_watch,
        } => {
            let options = ServeOptions {
                port: *port,
                data: data.clone(),
                seed: !no_seed,
                watch: !no_watch,
            };
            serve(&mut show, program, &options)
        }
        Command::Sandboxed {
            level,
            writes,
            words,
        } => sandboxed(&show, *level, writes, words),
        Command::Trace { place, program } => crate::trace::trace(&show, &folder(program), place),
        Command::Doctor => doctor::run(&show),
        Command::Completions { shell } => completions(*shell),
        Command::Man => man(),
    };
    show.end_progress();
    ExitCode::from(code)
}

fn folder(program: &Program) -> Folder {
    Folder::at(&program.path)
}

pub(crate) fn failed(show: &Show, error: &BuildError) -> u8 {
    show.error(error);
    match error {
        BuildError::NoSpec { .. } => USAGE,
        BuildError::Spec { .. } => SPEC,
        BuildError::ChangedByHand { .. }
        | BuildError::Schema { .. }
        | BuildError::NewerFormat { .. } => REFUSED,
        BuildError::Compile { .. } => BUG,
        _ => EFFECT,
    }
}

pub(crate) fn stopped(show: &Show, stop: &Stop) -> u8 {
    match stop {
        Stop::Spec(checked) => {
            show.diagnostics(&checked.diagnostics, &checked.sources);
            SPEC
        }
        Stop::Failed(error) => failed(show, error),
    }
}

fn with_program(show: &Show, program: &Program, then: impl FnOnce(&Checked) -> u8) -> u8 {
    match front::check(&folder(program)) {
        Ok(checked) => then(&checked),
        Err(error) => failed(show, &error),
    }
}

fn new(show: &Show, path: &Path, from: Option<&str>) -> u8 {
    let example = from.unwrap_or("helpdesk");
    let chosen: Vec<_> = EXAMPLES
        .iter()
        .filter(|(name, ..)| *name == example)
        .collect();
    if chosen.is_empty() {
        let mut names: Vec<&str> = EXAMPLES.iter().map(|(name, ..)| *name).collect();
        names.dedup();
        show.say(&format!(
            "error: there is no example {example}; there are {}",
            names.join(", ")
        ));
        return USAGE;
    }
    if path
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
        || path.is_file()
    {
        show.say(&format!(
            "error: {} is there already and not empty; choose another name",
            path.display()
        ));
        return USAGE;
    }
    for (_, name, text) in chosen {
        let target = path.join(name);
        let written = target
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .map_err(BuildError::io("create", path))
            .and_then(|()| files::write_whole(&target, text.as_bytes()));
        if let Err(error) = written {
            return failed(show, &error);
        }
    }
    let ignore = path.join(".gitignore");
    if let Err(error) = files::write_whole(&ignore, b".specc/\napp/target/\n") {
        return failed(show, &error);
    }
    let shown = path.display();
    show.say(&format!("made {shown} from the example {example}\n\nnext:\n  cd {shown}\n  specc run\n\nthen edit spec/ and look at the page again"));
    0
}

fn check(show: &Show, program: &Program) -> u8 {
    with_program(show, program, |checked| {
        show.diagnostics(&checked.diagnostics, &checked.sources);
        if checked.errors() > 0 {
            return SPEC;
        }
        if show.format == Format::Human {
            let ir = &checked.ir;
            let rules: usize = ir.entities.iter().map(|entity| entity.rules.len()).sum();
            let access: usize = ir.entities.iter().map(|entity| entity.access.len()).sum();
            show.say(&format!(
                "{}: {}, {}, {}, {}, {}; checked in {}",
                ir.program.name,
                count(ir.entities.len().saturating_sub(1), "entity"),
                count(access, "permission"),
                count(rules, "rule"),
                count(ir.actions.len(), "action"),
                count(ir.scenarios.len(), "scenario"),
                short(checked.took)
            ));
            if !ir.unproven.is_empty() {
                show.say(&format!(
                    "\n{} read like requirements and have no code behind them:",
                    count(ir.unproven.len(), "sentence")
                ));
                for sentence in &ir.unproven {
                    show.say(&format!(
                        "  {}  {}",
                        checked.sources.place(sentence.span),
                        plain(&sentence.text)
                    ));
                }
            }
        }
        0
    })
}

fn format(show: &Show, program: &Program, check: bool) -> u8 {
    let folder = folder(program);
    let sources = match specc_build::folder::read(&folder) {
        Ok((sources, problems)) if problems.is_empty() => sources,
        Ok((sources, problems)) => {
            show.diagnostics(&problems, &sources);
            return SPEC;
        }
        Err(error) => return failed(show, &error),
    };
    let mut code = 0;
    for file in &sources.files {
        let formatted = specc_syntax::format(&file.text);
        if formatted == file.text {
            continue;
        }
        if check {
            show.data(&file.path);
            code = SPEC;
            continue;
        }
        // What a link leads to is written, and the link stays.
        let path = folder.root.join(&file.path);
        let path = path.canonicalize().unwrap_or(path);
        if let Err(error) = files::write_whole(&path, formatted.as_bytes()) {
            return failed(show, &error);
        }
        show.say(&format!("formatted {}", file.path));
    }
    code
}

fn ir(show: &Show, program: &Program, schema: bool) -> u8 {
    if schema {
        show.data(&pretty(&specc_ir::json::schema()));
        return 0;
    }
    with_program(show, program, |checked| {
        if checked.errors() > 0 {
            show.diagnostics(&checked.diagnostics, &checked.sources);
            return SPEC;
        }
        show.data(&pretty(&specc_ir::json::to_json(
            &checked.ir,
            &checked.sources,
        )));
        0
    })
}

fn steps(show: &Show, program: &Program) -> u8 {
    with_program(show, program, |checked| {
        let vocabulary = specc_ir::lower::vocabulary(&checked.ir);
        if show.format == Format::Human {
            for line in vocabulary {
                show.data(&line);
            }
        } else {
            show.data(&pretty(&serde_json::json!({ "steps": vocabulary })));
        }
        0
    })
}

fn explain(show: &Show, name: Option<&str>) -> u8 {
    let Some(name) = name else {
        for (name, severity, meaning) in specc_syntax::names::NAMES {
            let severity = format!("{severity:?}").to_lowercase();
            show.data(&format!("{name:<28} {severity:<8} {meaning}"));
        }
        return 0;
    };
    if let Some((_, page)) = PAGES.iter().find(|(page, _)| *page == name) {
        show.data(page);
        return 0;
    }
    let names = specc_syntax::names::NAMES.iter().map(|entry| entry.0);
    let hint = specc_syntax::names::suggest(name, names)
        .map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default();
    show.say(&format!(
        "error: there is no diagnostic {}{hint}; `specc explain` lists them all",
        plain(name)
    ));
    USAGE
}

fn plan(show: &Show, program: &Program) -> u8 {
    let planned = match pipeline::plan(&folder(program)) {
        Ok(planned) => planned,
        Err(stop) => return stopped(show, &stop),
    };
    if show.format != Format::Human {
        let value = serde_json::json!({
            "write": planned.outcome.written,
            "remove": planned.outcome.removed,
            "unchanged": planned.outcome.unchanged,
            "data": planned.migration,
            "model_calls": 0,
        });
        show.data(&pretty(&value));
        return 0;
    }
    for path in &planned.outcome.written {
        show.data(&format!("write   {path}"));
    }
    for path in &planned.outcome.removed {
        show.data(&format!("remove  {path}"));
    }
    for change in &planned.migration {
        show.data(&format!("data    {change}"));
    }
    show.say(&format!(
        "{} to write, {} to remove, {} unchanged; no model needed",
        planned.outcome.written.len(),
        planned.outcome.removed.len(),
        planned.outcome.unchanged
    ));
    0
}

fn build(show: &mut Show, program: &Program, options: Options) -> u8 {
    let folder = folder(program);
    match pipeline::build(&folder, options, &mut |event| show.event(&event)) {
        Ok(built) => {
            show.diagnostics(&built.checked.diagnostics, &built.checked.sources);
            if let Some(binary) = built.binary {
                show.say(&format!(
                    "the app's source is in {}, its binary is",
                    folder.app().display()
                ));
                show.data(&binary.display().to_string());
            }
            0
        }
        Err(stop) => {
            show.end_progress();
            stopped(show, &stop)
        }
    }
}

fn serve(show: &mut Show, program: &Program, options: &ServeOptions) -> u8 {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    if ctrlc::set_handler(move || told.store(true, Ordering::Relaxed)).is_err() {
        show.say("warning: signals can't be caught here; stop with kill");
    }
    let folder = folder(program);
    let served = serve::serve(&folder, options, &stop, &mut |notice| match notice {
        Notice::Build(event) => show.event(&event),
        Notice::Listening {
            address,
            seeded,
            built,
        } => {
            show.diagnostics(&built.checked.diagnostics, &built.checked.sources);
            // Said before the address, so that whoever waits for that line has them.
            if seeded {
                for line in demo_accounts(&built.checked.ir) {
                    show.say(&line);
                }
            }
            if options.watch {
                show.say(&format!(
                    "watching {}; stop with Ctrl-C",
                    folder.spec().display()
                ));
            }
            show.data(&format!("listening on {address}"));
        }
        Notice::Swapped { took, built } => {
            show.diagnostics(&built.checked.diagnostics, &built.checked.sources);
            show.say(&format!("serving the edit, {} after it", short(took)));
        }
        Notice::Unchanged => show.say("the edit changes nothing that is served"),
        Notice::Kept(stop) => {
            show.end_progress();
            stopped(show, &stop);
            show.say("the app of before goes on");
        }
        Notice::Restarted { message } => show.say(&format!(
            "the app ended by itself and was started again\n{}",
            plain(&message)
        )),
    });
    match served {
        Ok(()) => 0,
        Err(stop) => {
            show.end_progress();
            stopped(show, &stop)
        }
    }
}

/// The example users with the password that seeding gives them.
fn demo_accounts(ir: &Ir) -> Vec<String> {
    let Some(user) = ir.entities.first() else {
        return Vec::new();
    };
    let email = user
        .fields
        .iter()
        .position(|field| field.name.text.eq_ignore_ascii_case("email"));
    let mut lines = Vec::new();
    for row in ir
        .seeds
        .iter()
        .flat_map(|seed| &seed.rows)
        .filter(|row| row.entity == USER)
    {
        let address = row.values.iter().find_map(|(field, value)| match value {
            SeedValue::Value(expr) if Some(field.0 as usize) == email => match &expr.kind {
                specc_ir::expr::ExprKind::Literal(specc_ir::expr::Literal::Text(text)) => {
                    Some(text.clone())
                }
                _ => None,
            },
            _ => None,
        });
        let roles: Vec<&str> = row
            .roles
            .iter()
            .filter_map(|role| ir.roles.get(role.0 as usize))
            .map(|role| role.name.text.as_str())
            .collect();
        if let Some(address) = address {
            lines.push(format!(
                "  {:<32} {}",
                plain(&address),
                plain(&roles.join(", "))
            ));
        }
    }
    if !lines.is_empty() {
        lines.insert(
            0,
            format!(
                "demo log-ins, all with the password {}:",
                serve::DEMO_PASSWORD
            ),
        );
    }
    lines
}

/// Text from a spec or a process made safe for a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

fn completions(shell: clap_complete::Shell) -> u8 {
    clap_complete::generate(
        shell,
        &mut Arguments::command(),
        "specc",
        &mut std::io::stdout(),
    );
    0
}

fn man() -> u8 {
    match clap_mangen::Man::new(Arguments::command()).render(&mut std::io::stdout()) {
        Ok(()) => 0,
        Err(_) => EFFECT,
    }
}

/// Enters the box and becomes the program.
fn sandboxed(show: &Show, level: bool, writes: &Path, words: &[std::ffi::OsString]) -> u8 {
    let kept_out = sandbox::enter(writes);
    if level {
        show.data(&if kept_out.is_empty() {
            "none".to_owned()
        } else {
            kept_out.join(", ")
        });
        return 0;
    }
    let error = sandbox::become_program(words);
    show.say(&format!("error: the program can't be started: {error}"));
    1
}
