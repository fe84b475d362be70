//! The development outbox: mail that would have been sent.

use super::address::local;
use super::context::Context;
use crate::ui::layout::{empty, head};
use crate::ui::value::moment;
use crate::{Site, Visit};
use axum::extract::State;
use axum::response::Response;
use engine::mail;
use engine::refusal::Refusal;
use maud::{Markup, html};

const MOST: usize = 100;

/// `GET /_outbox`
pub async fn outbox(State(site): State<Site>, visit: Visit) -> Response {
    let context = Context::new(&site, &visit);
    if !site.options.shows_outbox() {
        return context.refuse(&Refusal::NotFound);
    }
    match site.engine.read(|r| mail::outbox(r, MOST)) {
        Ok(mails) => context.page("Outbox", None, html! {
            div.middle.stack {
                (head("Outbox", html! { p.about { "Mail this app would have sent. It stays here as long as no mail server is set (SMTP_URL), and only this machine sees it." } }, html! {}))
                @if mails.is_empty() { div.card { (empty("No mail yet", "What the app sends shows up here, the newest first.", html! {})) } }
                @for mail in &mails {
                    article.card {
                        div.card-head { h2 { (mail.subject) } span.bar { span { "to " (mail.to) } (moment(context.display, mail.at)) } }
                        pre.mail { (links(&mail.text)) }
                        @if let Some(path) = mail.path.as_deref().and_then(local) { div.card-foot { a href=(path) { "Open " (path) } } }
                    }
                }
            }
        }),
        Err(refusal) => context.refuse(&refusal),
    }
}

/// Plain text with its addresses as links.
fn links(text: &str) -> Markup {
    html! {
        @for word in text.split_inclusive([' ', '\n']) {
            @let bare = word.trim_end().trim_end_matches(['.', ',', ')', '>']);
            @if bare.starts_with("http://") || bare.starts_with("https://") {
                a href=(bare) { (bare) } (word.get(bare.len()..).unwrap_or_default())
            } @else { (word) }
        }
    }
}
