//! Connections: accepted, bounded, answered, and let go in peace when the process is told to stop.

use crate::site::Site;
use crate::visit::Peer;
use crate::{front, router};
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How long a client may take to send the head of a request, idle time before it included.
const HEAD_PATIENCE: Duration = Duration::from_secs(60);

/// Most bytes of a request's head.
const LARGEST_HEAD: usize = 64 * 1024;

/// Most headers of a request.
const MOST_HEADERS: usize = 100;

/// Most connections at a time.
const MOST_CONNECTIONS: usize = 8192;

/// How long open requests may take once the process is told to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// Always sooner than the patience of any connection.
const TICK: Duration = Duration::from_secs(15);

/// Keeps a timer waiting at all times. With none, each request's own would be the first to come due, and the runtime
/// would be woken to hear of it: a system call for each request.
async fn tick() {
    loop {
        tokio::time::sleep(TICK).await;
    }
}

/// Serves until `stop` resolves, then lets open requests end.
///
/// # Errors
/// If the listener breaks for good.
pub async fn serve(
    site: Site,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let router = router::build(&site);
    tokio::spawn(tick());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .half_close(false);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut stop = std::pin::pin!(stop);
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            break;
        };
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Too many open files and the like: others may leave.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "the connection keeps its delay");
        }
        let peer = Peer(address.ip().to_canonical());
        let (shared, routes) = (site.clone(), router.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let answer =
                front::answer(shared.clone(), routes.clone(), peer, request.map(Body::new));
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        let site = site.clone();
        site.metrics.connected();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            site.metrics.disconnected();
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(FAREWELL, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not end in time");
    }
    Ok(())
}
