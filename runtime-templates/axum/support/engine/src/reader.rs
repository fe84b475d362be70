//! A read-only transaction on a connection of this thread.

use crate::caller::Caller;
use crate::counts::Counts;
use crate::def::App;
use crate::plan::Plans;
use crate::refusal::Refusal;
use crate::scope::{Scope, Work};
use crate::sign::Sign;
use rusqlite::Connection;
use std::cell::RefCell;
use std::ops::Deref;

/// A consistent view of the store; derefs to the connection.
pub struct Reader<'r> {
    pub(crate) connection: &'r Connection,
    /// The app.
    pub app: &'static App,
    pub(crate) plans: &'r Plans,
    pub(crate) counts: &'r Counts,
    /// Milliseconds, the same throughout.
    pub now: i64,
    /// Days, in the app's time zone.
    pub today: i64,
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Reader<'_> {
    pub(crate) fn with_scope<T>(
        &self,
        caller: Caller,
        run: impl FnOnce(&Scope<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let work = RefCell::new(Work::default());
        let sign = RefCell::new(Sign::default());
        run(&Scope {
            connection: self.connection,
            app: self.app,
            plans: self.plans,
            caller,
            now: self.now,
            today: self.today,
            work: &work,
            sign: &sign,
            elevated: caller.system,
        })
    }
}
