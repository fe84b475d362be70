//! Who asks, and how: read once from a request's head.

use crate::respond;
use crate::session::{self, Session, Via};
use crate::site::Site;
use axum::extract::FromRequestParts;
use axum::response::Response;
use engine::caller::Caller;
use engine::refusal::Refusal;
use http::header::{AUTHORIZATION, COOKIE, HeaderMap, USER_AGENT};
use http::request::Parts;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// The name of the hidden field with [`Visit::form_token`].
pub const TOKEN_FIELD: &str = "_token";

/// The address at the other end of the connection; put into a request's extensions by the server.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// One request's circumstances.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Who asks.
    pub caller: Caller,
    /// Their session or token; none for a visitor.
    pub session: Option<Arc<Session>>,
    /// The secret of the cookie or token they came with.
    secret: Option<String>,
    /// The decoded query, in order.
    pub query: Vec<(String, String)>,
    /// The path, as sent.
    pub path: String,
    /// Where they are.
    pub peer: IpAddr,
    /// They came by HTTPS.
    pub https: bool,
    /// Their program's name, shortened.
    pub agent: String,
}

/// Where a request came from, for throttles and the list of sessions.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The address.
    pub peer: IpAddr,
    /// The program.
    pub agent: String,
}

impl Visit {
    /// Reads a request's head and looks its session up.
    ///
    /// # Errors
    /// [`Refusal::Unauthenticated`] for a bearer token that is not valid (any more).
    pub fn read(site: &Site, parts: &Parts) -> Result<Visit, Refusal> {
        let headers = &parts.headers;
        let https = is_https(site, headers);
        let peer = peer_of(site, parts);
        let mut visit = Visit {
            caller: Caller::VISITOR,
            session: None,
            secret: None,
            query: pairs(parts.uri.query().unwrap_or_default()),
            path: parts.uri.path().to_owned(),
            peer,
            https,
            agent: first(text(headers, USER_AGENT).unwrap_or_default(), 200).to_owned(),
        };
        if let Some(authorization) = text(headers, AUTHORIZATION) {
            let Some((scheme, token)) = authorization.split_once(' ') else {
                return Err(Refusal::Unauthenticated);
            };
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(Refusal::Unauthenticated);
            }
            let found =
                session::find(site, token.trim(), Via::Token)?.ok_or(Refusal::Unauthenticated)?;
            visit.caller = found.caller;
            visit.session = Some(found.session);
            visit.secret = Some(token.trim().to_owned());
        } else if let Some(secret) = cookie(headers, session::cookie_name(https))
            && let Some(found) = session::find(site, secret, Via::Cookie)?
        {
            visit.caller = found.caller;
            visit.session = Some(found.session);
            visit.secret = Some(secret.to_owned());
        }
        Ok(visit)
    }

    /// Somebody is signed in.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        self.session.is_some()
    }

    /// The user's id.
    ///
    /// # Errors
    /// [`Refusal::Unauthenticated`] for a visitor.
    pub fn user(&self) -> Result<i64, Refusal> {
        self.caller.user.ok_or(Refusal::Unauthenticated)
    }

    /// They came with a cookie, so that another site could have sent them.
    #[must_use]
    pub fn by_cookie(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.via == Via::Cookie)
    }

    /// What a form must carry in the field [`TOKEN_FIELD`], for browsers that do not say where a request comes from.
    /// Empty for a visitor.
    #[must_use]
    pub fn form_token(&self) -> String {
        self.secret
            .as_deref()
            .map(session::form_token)
            .unwrap_or_default()
    }

    /// Where this came from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            peer: self.peer,
            agent: self.agent.clone(),
        }
    }

    /// The value of a query parameter.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl FromRequestParts<Site> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Visit, Response> {
        Visit::read(site, parts).map_err(|refusal| respond::refusal(&refusal))
    }
}

/// `application/x-www-form-urlencoded` pairs, decoded.
#[must_use]
pub fn pairs(text: &str) -> Vec<(String, String)> {
    if text.is_empty() {
        return Vec::new();
    }
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key.trim() == name).then_some(value.trim())
        })
}

/// The first characters of a text.
fn first(text: &str, most: usize) -> &str {
    match text.char_indices().nth(most) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// A header as text.
pub fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// They came by HTTPS, as far as that can be known.
#[must_use]
pub fn is_https(site: &Site, headers: &HeaderMap) -> bool {
    if site.options.behind_proxy
        && let Some(scheme) = headers
            .get("x-forwarded-proto")
            .and_then(|value| value.to_str().ok())
    {
        return scheme.trim() == "https";
    }
    site.options.public_https()
}

/// The address of whoever asks: the connection's, or what the trusted proxy added last.
#[must_use]
pub fn peer_of(site: &Site, parts: &Parts) -> IpAddr {
    let direct = parts
        .extensions
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    if !site.options.behind_proxy {
        return direct;
    }
    parts
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next())
        .and_then(|address| address.trim().parse().ok())
        .unwrap_or(direct)
}
