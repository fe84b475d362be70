//! The same program written by hand, to measure the generated one against. A peer whose tools are not installed is left
//! out, and said to be.

use crate::server::{self, Server, is_there};
use anyhow::{bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// With Fastify and better-sqlite3, as its authors recommend.
pub fn fastify(repository: &Path, work: &Path, rows: u32) -> anyhow::Result<Server> {
    if !is_there("node") || !is_there("npm") {
        bail!("node or npm is not installed");
    }
    let peer = repository.join("bench/peers/fastify");
    if !peer.join("node_modules").is_dir() {
        let status = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--no-package-lock"])
            .current_dir(&peer)
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "npm install failed in {}", peer.display());
    }
    let file = work.join("fastify.db");
    let status = Command::new("node")
        .arg(peer.join("seed.js"))
        .arg(&file)
        .arg(rows.to_string())
        .status()?;
    ensure!(status.success(), "the rows could not be written");
    let mut command = Command::new("taskset");
    command
        .args(["-c", "0", "node"])
        .arg(peer.join("server.js"))
        .arg(&file)
        .arg("3912");
    server::peer(command, 3912, "fastify")
}

/// With Django REST framework behind gunicorn.
pub fn django(repository: &Path, work: &Path, rows: u32) -> anyhow::Result<Server> {
    let peer = repository.join("bench/peers/django");
    let bin = environment(repository, &peer)?;
    let file = work.join("django.db");
    let status = Command::new(bin.join("python"))
        .arg(peer.join("seed.py"))
        .arg(&file)
        .arg(rows.to_string())
        .status()?;
    ensure!(status.success(), "the rows could not be written");
    let mut command = Command::new("taskset");
    // Twice the cores and one more, says gunicorn's documentation; the server has one core.
    command
        .args(["-c", "0"])
        .arg(bin.join("gunicorn"))
        .args(["--workers", "3", "--bind", "127.0.0.1:3913"])
        .arg("helpdesk.wsgi")
        .current_dir(&peer)
        .env("HELPDESK_DATABASE", &file)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    server::peer(command, 3913, "django")
}

/// A virtual environment with the peer's packages, made once and kept under `target`.
fn environment(repository: &Path, peer: &Path) -> anyhow::Result<PathBuf> {
    if !is_there("python3") {
        bail!("python3 is not installed");
    }
    let requirements = std::fs::read_to_string(peer.join("requirements.txt"))?;
    let folder = repository.join("target/bench/django");
    let made = folder.join("made-from.txt");
    let bin = folder.join("bin");
    if std::fs::read_to_string(&made).is_ok_and(|kept| kept == requirements) {
        return Ok(bin);
    }
    let status = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .stdout(Stdio::null())
        .status()?;
    ensure!(
        status.success(),
        "python3 can't make a virtual environment (Debian package: python3-venv)"
    );
    let status = Command::new(bin.join("pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(peer.join("requirements.txt"))
        .status()?;
    ensure!(status.success(), "pip could not install its packages");
    std::fs::write(made, requirements)?;
    Ok(bin)
}
