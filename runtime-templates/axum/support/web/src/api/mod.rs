//! The JSON interface under `/api`: addresses taken apart, methods checked, rows read and written.
//!
//! One function dispatches by hand: every entity has the same addresses, and `404`, `405` and `HEAD` come out alike.

mod account;
mod export;
mod rows;
mod write;

use crate::respond;
use crate::site::Site;
use crate::visit::Visit;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use engine::def::{App, Entity};
use engine::ids;
use engine::refusal::Refusal;
use http::header::{ALLOW, HeaderMap};
use http::{Method, StatusCode};

/// An answer; a refusal is drawn as problem details.
pub(crate) type Answer = Result<Response, Problem>;

/// Why there is no answer.
pub(crate) enum Problem {
    /// A refusal of the store.
    Refusal(Refusal),
    /// Written already.
    Response(Box<Response>),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem::Refusal(refusal)
    }
}

impl From<Response> for Problem {
    fn from(response: Response) -> Problem {
        Problem::Response(Box::new(response))
    }
}

/// What a request for JSON is made of.
pub(crate) struct Call {
    pub(crate) site: Site,
    pub(crate) visit: Visit,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

/// Any request under `/api`.
pub async fn answer(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let visit = match Visit::read(&site, &parts) {
        Ok(visit) => visit,
        Err(refusal) => return respond::refusal(&refusal),
    };
    let path = parts.uri.path();
    let path = path.strip_prefix("/api").unwrap_or(path).trim_matches('/');
    let decoded;
    let path = if path.contains('%') {
        match decode(path) {
            Some(text) => {
                decoded = text;
                decoded.as_str()
            }
            None => return respond::problem(StatusCode::BAD_REQUEST, "The address is not UTF-8."),
        }
    } else {
        path
    };
    let method = if parts.method == Method::HEAD {
        Method::GET
    } else {
        parts.method
    };
    let call = Call {
        site,
        visit,
        method,
        headers: parts.headers,
        body,
    };
    let mut pieces = [""; 4];
    let mut count = 0;
    for piece in path.split('/') {
        let Some(slot) = pieces.get_mut(count) else {
            return not_found();
        };
        *slot = piece;
        count += 1;
    }
    let outcome = dispatch(call, pieces.get(..count).unwrap_or_default()).await;
    match outcome {
        Ok(response) => response,
        Err(Problem::Refusal(refusal)) => respond::refusal(&refusal),
        Err(Problem::Response(response)) => *response,
    }
}

async fn dispatch(call: Call, pieces: &[&str]) -> Answer {
    if let Some(answer) = account::is_account(pieces) {
        return account::answer(call, answer, pieces).await;
    }
    let app = call.site.app;
    match pieces {
        [name] => {
            if let Some(entity) = by_slug(app, name) {
                return match call.method {
                    Method::GET => rows::list(&call, entity, None),
                    Method::POST => write::create(call, entity, None).await,
                    _ => Err(wrong_method("GET,HEAD,POST").into()),
                };
            }
            if let Some(entity) = name
                .strip_suffix(".csv")
                .and_then(|name| by_slug(app, name))
            {
                return match call.method {
                    Method::GET => export::csv(&call, entity),
                    _ => Err(wrong_method("GET,HEAD").into()),
                };
            }
            if let Some(action) = app.actions.iter().find(|action| action.slug == *name) {
                return match call.method {
                    Method::POST => write::own_action(call, action).await,
                    _ => Err(wrong_method("POST").into()),
                };
            }
            Err(Refusal::NotFound.into())
        }
        [name, id] => {
            let (entity, id) = row_of(&call, name, id)?;
            match call.method {
                Method::GET => rows::get(&call, entity, id),
                Method::PATCH => write::update(call, entity, id).await,
                Method::DELETE => write::delete(call, entity, id).await,
                _ => Err(wrong_method("GET,HEAD,PATCH,DELETE").into()),
            }
        }
        [name, id, below] => {
            let (entity, id) = row_of(&call, name, id)?;
            if let Some((child, field)) = child_of(app, entity, below) {
                return match call.method {
                    Method::GET => rows::list(&call, child, Some((entity, field, id))),
                    Method::POST => write::create(call, child, Some((entity, field, id))).await,
                    _ => Err(wrong_method("GET,HEAD,POST").into()),
                };
            }
            if write::has_operation(entity, below) {
                return match call.method {
                    Method::POST => write::operation(call, entity, id, below).await,
                    _ => Err(wrong_method("POST").into()),
                };
            }
            if *below == "history" {
                return match call.method {
                    Method::GET => rows::history(&call, entity, id),
                    _ => Err(wrong_method("GET,HEAD").into()),
                };
            }
            if *below == "roles" && entity.index == 0 {
                return account::roles(call, entity, id).await;
            }
            Err(Refusal::NotFound.into())
        }
        _ => Err(Refusal::NotFound.into()),
    }
}

/// The entity with this name in addresses.
pub(crate) fn by_slug(app: &'static App, slug: &str) -> Option<&'static Entity> {
    app.entities
        .iter()
        .copied()
        .find(|entity| entity.slug == slug)
}

/// The row that an address names; a number that no row has where there can be none, so that the refusals are those of
/// a row that is not there.
fn row_of(call: &Call, slug: &str, id: &str) -> Result<(&'static Entity, i64), Refusal> {
    let entity = by_slug(call.site.app, slug).ok_or(Refusal::NotFound)?;
    let number = call.site.engine.read(|r| ids::number(r, entity, id))?;
    if number == ids::NOBODY && entity.named_by().is_none() {
        return Err(Refusal::NotFound);
    }
    Ok((entity, number))
}

/// The child entity with this name, and the field that holds its parent.
fn child_of(app: &'static App, parent: &Entity, slug: &str) -> Option<(&'static Entity, usize)> {
    let child = by_slug(app, slug)?;
    let field = child.parent?;
    let kind = child.fields.get(field)?.kind;
    matches!(kind, kernel::kind::Kind::Reference(of) if of == parent.index)
        .then_some((child, field))
}

/// 401 for a visitor, 403 for others: callers of this kind never may.
pub(crate) fn never(visit: &Visit) -> Refusal {
    if visit.caller.signed_in() {
        Refusal::Forbidden
    } else {
        Refusal::Unauthenticated
    }
}

pub(crate) fn wrong_method(allow: &'static str) -> Response {
    let response = respond::problem(
        StatusCode::METHOD_NOT_ALLOWED,
        &format!("This address takes {}.", allow.replace(',', ", ")),
    );
    respond::with_header(response, ALLOW, allow)
}

fn not_found() -> Response {
    respond::refusal(&Refusal::NotFound)
}

fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
