//! A browser without JavaScript: it keeps cookies, and sends forms as they stand.

use super::forms::{Filled, Hands, Sent};
use super::html::Form;
use super::{Eyes, How, Set};
use crate::app::{App, Exchange, NoAnswer, Page};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The longest part of a page that goes into a record.
const MOST_KEPT: usize = 4000;

/// Somebody in front of a browser.
pub struct Browser<'a> {
    app: &'a App,
    cookies: BTreeMap<String, String>,
}

/// Pairs of a form.
pub type Pairs = Vec<(String, String)>;

impl<'a> Browser<'a> {
    /// A browser that was never here.
    pub fn new(app: &'a App) -> Browser<'a> {
        Browser {
            app,
            cookies: BTreeMap::new(),
        }
    }

    /// With this cookie, `name=value`.
    pub fn with(app: &'a App, cookie: &str) -> Browser<'a> {
        let mut browser = Browser::new(app);
        if let Some((name, value)) = cookie.split_once('=') {
            browser.cookies.insert(name.to_owned(), value.to_owned());
        }
        browser
    }

    /// What it sends as its cookies.
    pub fn cookie(&self) -> String {
        let pairs = self.cookies.iter();
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    /// Asks for a page.
    pub fn get(&mut self, path: &str) -> Result<Page, NoAnswer> {
        self.send("GET", path, &[], None)
    }

    /// Sends a form from one of the app's own pages.
    pub fn post(&mut self, path: &str, pairs: &[(String, String)]) -> Result<Page, NoAnswer> {
        let base = self.app.base().to_owned();
        let headers = [("sec-fetch-site", "same-origin"), ("origin", base.as_str())];
        self.post_from(path, pairs, &headers)
    }

    /// Sends a form, saying this of where it comes from.
    pub fn post_from(
        &mut self,
        path: &str,
        pairs: &[(String, String)],
        headers: &[(&str, &str)],
    ) -> Result<Page, NoAnswer> {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers);
        self.send("POST", path, &all, Some(encoded(pairs)))
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Page, NoAnswer> {
        let cookie = self.cookie();
        let mut all = headers.to_vec();
        if !cookie.is_empty() {
            all.push(("cookie", cookie.as_str()));
        }
        let page = self.app.fetch(method, path, &all, body)?;
        for (name, value) in &page.headers {
            if name == "set-cookie" {
                self.keep(value);
            }
        }
        Ok(page)
    }

    fn keep(&mut self, line: &str) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let gone = parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
        if gone || value.is_empty() {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Whoever opens the pages of a scene in it.
#[derive(Default)]
pub struct Plain<'a>(Option<Browser<'a>>);

impl<'a> Eyes<'a> for Plain<'a> {
    fn how(&self) -> How {
        How::FORMS
    }

    fn open(&mut self, set: &mut Set<'a>, me: Option<i64>, path: &str) -> Result<Page, NoAnswer> {
        let mut browser = set.browser(me)?;
        let page = browser.get(path)?;
        self.0 = Some(browser);
        Ok(page)
    }
}

impl<'a> Hands<'a> for Plain<'a> {
    fn send(&mut self, form: &Form, filled: &Filled) -> Result<Sent, NoAnswer> {
        match &mut self.0 {
            Some(browser) => browser.post(&form.action, &filled.pairs).map(Sent::Page),
            None => Ok(Sent::Impossible),
        }
    }
}

/// `a=1&b=2`
pub fn encoded(pairs: &[(String, String)]) -> String {
    let url = reqwest::Url::parse_with_params("http://app/", pairs).ok();
    let query = url.and_then(|url| url.query().map(str::to_owned));
    query.unwrap_or_default()
}

/// For a record: what was asked and what came.
pub fn exchange(
    method: &str,
    path: &str,
    sent: Option<&[(String, String)]>,
    page: &Page,
) -> Exchange {
    let text: String = page.text.chars().take(MOST_KEPT).collect();
    let body = serde_json::from_str(&page.text).unwrap_or(Json::String(text));
    Exchange {
        method: method.to_owned(),
        path: path.to_owned(),
        sent: sent.map(|pairs| json!(pairs)),
        status: page.status,
        body,
        user: None,
    }
}
