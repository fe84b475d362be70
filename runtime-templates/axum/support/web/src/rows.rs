//! All rows of a list as text, piece by piece: as much is read as the client takes, and no more is held.

use crate::site::Site;
use axum::body::Body;
use bytes::Bytes;
use engine::caller::Caller;
use engine::def::Entity;
use engine::query::{self, Cursor, ListQuery, Shown};
use engine::refusal::Refusal;
use hyper::body::Frame;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Writes one row.
pub(crate) type Write = Box<dyn Fn(&mut String, &Shown) + Send>;

/// The rows that are still to come.
struct Rows {
    site: Site,
    caller: Caller,
    entity: &'static Entity,
    /// What to ask next; nothing once all rows are read.
    next: Option<ListQuery>,
    /// What was read and not sent yet.
    ready: Option<String>,
    write: Write,
}

/// The head, then a line for each row that the caller may read. Each row is as it was when it was read.
///
/// # Errors
/// What the list is refused with; what goes wrong behind the first rows breaks the answer off.
pub(crate) fn body(
    site: &Site,
    caller: Caller,
    entity: &'static Entity,
    mut wanted: ListQuery,
    head: String,
    write: Write,
) -> Result<Body, Refusal> {
    wanted.page = 1;
    wanted.per_page = u32::MAX;
    let mut rows = Rows {
        site: site.clone(),
        caller,
        entity,
        next: Some(wanted),
        ready: Some(head),
        write,
    };
    rows.read()?;
    Ok(Body::new(rows))
}

impl Rows {
    fn read(&mut self) -> Result<(), Refusal> {
        let Some(mut wanted) = self.next.take() else {
            return Ok(());
        };
        let (rows, next) = self
            .site
            .engine
            .read(|r| query::batch(r, &self.caller, self.entity, &wanted))?;
        let text = self.ready.get_or_insert_default();
        for row in &rows {
            (self.write)(text, row);
        }
        self.next = next.as_deref().and_then(Cursor::read).map(|cursor| {
            wanted.after = Some(cursor);
            wanted
        });
        Ok(())
    }
}

impl hyper::body::Body for Rows {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.ready.is_none()
            && let Err(refusal) = self.read()
        {
            tracing::error!(?refusal, "an export breaks off");
            return Poll::Ready(Some(Err(std::io::Error::other("the export breaks off"))));
        }
        let ready = self.ready.take();
        Poll::Ready(ready.map(|text| Ok(Frame::data(Bytes::from(text)))))
    }
}
