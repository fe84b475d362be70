//! An app that misbehaves, for the tests of the judge. It takes the command line and the socket of an app; how it
//! misbehaves stands in the file `mode` beside it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::zombie_processes,
    reason = "it misbehaves"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

fn main() {
    let own = std::env::current_exe().unwrap();
    let mode = std::fs::read_to_string(own.with_file_name("mode")).unwrap();
    let mode = mode.trim();
    let words: Vec<String> = std::env::args().collect();
    let data = words.iter().skip_while(|word| *word != "--data").nth(1);
    let data = std::path::PathBuf::from(data.unwrap());
    // It ends with whoever started it, as apps do.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    match mode {
        "ends at once" => {
            eprintln!("nothing works here");
            std::process::exit(7);
        }
        "never listens" => rest(),
        "fills the disk before it starts" => fill(&data),
        "prints a gigabyte" => print(),
        "leaves others behind" => {
            let mut child = Command::new("sleep");
            child.arg("4711").stdin(Stdio::null()).spawn().unwrap();
        }
        _ => {}
    }
    let listener: TcpListener = listenfd::ListenFd::from_env()
        .take_tcp_listener(0)
        .unwrap()
        .unwrap();
    listener.set_nonblocking(false).unwrap();
    for stream in listener.incoming().map_while(Result::ok) {
        let (mode, data) = (mode.to_owned(), data.clone());
        std::thread::spawn(move || answer(stream, &mode, &data));
    }
}

/// For ever, as far as anybody can wait.
fn rest() {
    std::thread::park_timeout(Duration::from_secs(3600));
}

/// A file after the other.
fn fill(data: &std::path::Path) {
    let piece = vec![b'x'; 1 << 20];
    for number in 0.. {
        let mut file = std::fs::File::create(data.join(format!("{number}"))).unwrap();
        for _ in 0..64 {
            if file.write_all(&piece).is_err() {
                return;
            }
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn print() {
    let line = [b'x'; 1 << 16];
    for _ in 0..(1 << 14) {
        let _ = std::io::stdout().write_all(&line);
        let _ = std::io::stderr().write_all(&line);
    }
}

fn answer(stream: TcpStream, mode: &str, data: &std::path::Path) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut out = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) <= 2 {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let _ = reader.read_exact(&mut vec![0; length]);
        let mut say = |status: &str, kind: &str, body: &str, more: usize| {
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nLocation: {path}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len() + more
            );
            out.write_all(head.as_bytes())
        };
        if path == "/healthz" {
            let _ = say("200 OK", "text/plain", "ok", 0);
            continue;
        }
        let said = match mode {
            "hangs" => {
                rest();
                return;
            }
            "is no HTTP" => out.write_all(b"220 mail.example.com ESMTP\r\n"),
            "answers with pages" => say("200 OK", "text/html", "<h1>Welcome</h1>", 0),
            "breaks off" => {
                let _ = say("200 OK", "application/json", "{\"ids\":", 500);
                return;
            }
            "redirects for ever" => say("302 Found", "text/plain", "", 0),
            "dies" => std::process::exit(9),
            "fills the disk" => {
                fill(data);
                return;
            }
            _ => say("500 Internal Server Error", "application/json", "{}", 0),
        };
        if said.is_err() {
            return;
        }
    }
}
