//! Structured logs on standard error: JSON lines, or short lines for people in development. Never a body, a query,
//! a cookie or a token: only method, path, status, time and the request's id.

use tracing_subscriber::EnvFilter;

/// Starts logging; `RUST_LOG` overrides the level.
pub fn start(dev: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .with_target(false);
    // A second start (tests) keeps the first one's settings.
    let _ = if dev {
        builder.compact().with_ansi(false).try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init()
    };
}
