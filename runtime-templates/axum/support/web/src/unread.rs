//! Whether the body of a request was read to its end. One that was not leaves its bytes on the connection, so the
//! connection can't be used again, and whoever asked has to be told so.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use hyper::body::{Body as _, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// Follows the reading of the request's body; nothing where there is none.
pub(crate) fn follow(request: &mut Request) -> Option<Unread> {
    if request.body().is_end_stream() {
        return None;
    }
    let read = Arc::new(AtomicBool::new(false));
    let body = std::mem::take(request.body_mut());
    *request.body_mut() = Body::new(Followed {
        body,
        read: Arc::clone(&read),
    });
    Some(Unread(read))
}

/// A body under way.
pub(crate) struct Unread(Arc<AtomicBool>);

impl Unread {
    /// Something of it is left.
    pub(crate) fn is_left(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }
}

struct Followed {
    body: Body,
    read: Arc<AtomicBool>,
}

impl hyper::body::Body for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.read.store(true, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
