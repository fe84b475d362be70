//! Serves an app over HTTP: pages for people, JSON for programs, the command line for whoever runs it.
//! Knows no entity by name; everything it says comes from the app's description.
//!
//! How the halves meet:
//!
//! - [`Site`] is the state of the router (cheap to clone): `site.app`, `site.engine`, `site.options`.
//! - [`Visit`] is an extractor (`visit: Visit` in a handler): who asks and how. `visit.caller`, `visit.session`,
//!   `visit.query` (decoded pairs), `visit.peer`, `visit.https`, `visit.path`, `visit.form_token()` for the hidden
//!   field named [`visit::TOKEN_FIELD`], `visit.is_signed_in()`.
//! - [`Form`] is the last extractor of a handler for a posted form: `Form(pairs): Form`; limits and the
//!   cross-site check are done by then.
//! - `pages::routes(site: &Site) -> axum::Router<Site>` gives every address that answers HTML, `static` files included.
//! - `pages::error(site, visit, status, detail) -> Response` draws any refusal as a page; used by the router's
//!   fallback and by the front for 405 and the like outside `/api`.
//! - [`respond`] has what both need: `respond::html(String)`, `respond::see_other(path)`,
//!   `respond::with_cookie(response, cookie)`, `respond::problem(…)`, `respond::refusal(&Refusal)`.
//! - [`accounts`] is sign-up, login, logout, passwords, confirmation, invitations, sessions, tokens, roles and
//!   deletion as plain async functions that return typed results or a `Refusal`. Both the JSON addresses
//!   and the pages call them; none of them knows a request.
//! - Security headers, request ids, HEAD, metrics and logs are added by [`front`] to every answer.

pub mod accounts;
pub mod api;
pub mod body;
pub mod check;
pub mod command;
pub mod front;
pub mod logs;
pub mod mailer;
pub mod metrics;
pub mod openapi;
pub mod pages;
mod paths;
pub mod respond;
pub mod results;
pub mod router;
mod rows;
pub mod seed;
pub mod server;
pub mod session;
pub mod site;
#[cfg(feature = "testing")]
pub mod testing;
pub mod throttle;
pub mod ui;
mod unread;
#[cfg(feature = "verification")]
mod verification;
pub mod visit;

#[cfg(test)]
mod tests;

pub use body::Form;
pub use command::main;
pub use mailer::{Mailer, Smtp};
pub use site::{Options, Site};
pub use visit::Visit;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
