//! The compiler's figures.

use crate::{median, print, program};
use anyhow::{Context, bail};
use specc_build::folder::Folder;
use specc_build::front;
use std::process::Command;
use std::time::Instant;

/// Times check and render, and prints a row for each size.
pub fn run(runs: usize) -> anyhow::Result<()> {
    print(
        "entities  check ms  render ms  its processor ms  files   rendered MB  peak memory of check MB",
    );
    for entities in [100, 300, 1000] {
        let work = tempfile::tempdir()?;
        program::write(work.path(), entities)?;
        let folder = Folder::at(work.path());
        let (mut check, mut render, mut processor) = (Vec::new(), Vec::new(), Vec::new());
        let (mut files, mut bytes) = (0, 0);
        for _ in 0..runs.max(1) {
            let start = Instant::now();
            let checked = front::check(&folder)?;
            check.push(start.elapsed().as_secs_f64() * 1000.0);
            if let Some(problem) = checked.diagnostics.iter().find(|_| checked.errors() > 0) {
                bail!("the generated program has errors: {}", problem.message);
            }
            let (start, used) = (Instant::now(), processor_ms()?);
            let plan =
                specc_codegen::plan(&checked.ir, &checked.sources, &[]).map_err(|refused| {
                    anyhow::anyhow!(
                        "{}",
                        refused
                            .iter()
                            .map(ToString::to_string)
                            .collect::<Vec<_>>()
                            .join("; ")
                    )
                })?;
            let rendered = specc_codegen::render(&plan, &checked.ir, &checked.sources);
            render.push(start.elapsed().as_secs_f64() * 1000.0);
            processor.push(processor_ms()? - used);
            files = rendered.len();
            bytes = rendered.iter().map(|file| file.text.len()).sum::<usize>();
        }
        let memory = Command::new(std::env::current_exe()?)
            .args(["compiler", "--memory-of", &entities.to_string()])
            .output()
            .context("can't start this program again")?;
        print(&format!(
            "{entities:>8}  {:>8.1}  {:>9.1}  {:>16.1}  {files:>5}  {:>11.1}  {:>23}",
            median(check),
            median(render),
            median(processor),
            bytes as f64 / 1e6,
            String::from_utf8_lossy(&memory.stdout).trim()
        ));
    }
    Ok(())
}

/// What all threads of this process used of the processor so far: the same on a busy machine.
fn processor_ms() -> anyhow::Result<f64> {
    let clock = nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID;
    let used = nix::time::clock_gettime(clock).context("this process has no clock")?;
    Ok(std::time::Duration::from(used).as_secs_f64() * 1000.0)
}

/// Checks once in this process and prints its peak resident memory in MB.
pub fn memory(entities: usize) -> anyhow::Result<()> {
    let work = tempfile::tempdir()?;
    program::write(work.path(), entities)?;
    let checked = front::check(&Folder::at(work.path()))?;
    anyhow::ensure!(checked.errors() == 0, "the generated program has errors");
    let status = std::fs::read_to_string("/proc/self/status")
        .context("peak memory is read from /proc, on Linux")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<f64>().ok())
        .unwrap_or(0.0);
    print(&format!("{:.0}", peak / 1024.0));
    Ok(())
}
