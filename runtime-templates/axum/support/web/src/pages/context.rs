//! What every page is drawn with: the app, the caller, the frame around it.

use crate::respond;
use crate::ui::asset::Assets;
use crate::ui::layout::{self, Flash, Frame, Link, Person, Tone};
use crate::ui::value::Display;
use crate::{Site, Visit, accounts};
use axum::response::Response;
use engine::caller::Caller;
use engine::def::{App, Entity, Fields, Grant};
use engine::refusal::Refusal;
use engine::{Reader, access, ids};
use http::StatusCode;
use kernel::kind::Kind;
use maud::{Markup, PreEscaped, html};
use std::sync::{PoisonError, RwLock};

/// What a page is drawn with.
pub struct Context<'v> {
    /// The site.
    pub site: &'v Site,
    /// The request.
    pub visit: &'v Visit,
    /// The app.
    pub app: &'static App,
    /// Who asks.
    pub caller: Caller,
    /// How values are shown.
    pub display: Display,
}

impl<'v> Context<'v> {
    /// For this request.
    #[must_use]
    pub fn new(site: &'v Site, visit: &'v Visit) -> Context<'v> {
        let app = site.app;
        let caller = visit.caller;
        let linked = app
            .entities
            .iter()
            .filter(|entity| !(entity.read)(&caller).is_empty())
            .fold(0, |all, entity| all | bit(entity.index));
        let (now, _) = site.engine.now();
        Context {
            site,
            visit,
            app,
            caller,
            display: Display { app, now, linked },
        }
    }

    /// The number of the row that an address names; [`ids::NOBODY`] where there can be none.
    #[must_use]
    pub fn row(&self, slug: &str, address: &str) -> i64 {
        let Some(entity) = self.entity(slug) else {
            return ids::NOBODY;
        };
        self.site
            .engine
            .read(|r| ids::number(r, entity, address))
            .unwrap_or(ids::NOBODY)
    }

    /// The entity with this name in addresses.
    #[must_use]
    pub fn entity(&self, slug: &str) -> Option<&'static Entity> {
        self.app
            .entities
            .iter()
            .copied()
            .find(|entity| entity.slug == slug)
    }

    /// A caller of this kind may read some rows of this entity.
    ///
    /// # Errors
    /// 401 for a visitor, 403 for others.
    pub fn may_read(&self, entity: &Entity) -> Result<(), Refusal> {
        if self.display.links_to(entity.index) {
            return Ok(());
        }
        Err(self.forbidden())
    }

    /// The refusal for something nobody of the caller's kind may do.
    #[must_use]
    pub fn forbidden(&self) -> Refusal {
        if self.caller.signed_in() {
            Refusal::Forbidden
        } else {
            Refusal::Unauthenticated
        }
    }

    /// The fields a caller of this kind may read on some rows.
    #[must_use]
    pub fn readable(&self, entity: &Entity) -> Fields {
        (entity.read)(&self.caller)
            .iter()
            .fold(0, |all, grant: &Grant| all | grant.fields)
    }

    /// The fields this caller could give a new row, as far as can be known before it is filled in; none where they
    /// could make none. A child's parent is given by the field and the id.
    ///
    /// # Errors
    /// Where the store fails.
    pub fn could_create(
        &self,
        r: &Reader<'_>,
        entity: &'static Entity,
        parent: Option<(usize, i64)>,
    ) -> Result<Option<Fields>, Refusal> {
        if (entity.create)(&self.caller).is_empty() {
            return Ok(None);
        }
        access::could_create(r, &self.caller, entity, parent)
    }

    /// The entities a caller sees at the top: those with lists of their own.
    pub fn lists(&self) -> impl Iterator<Item = &'static Entity> {
        let caller = self.caller;
        self.app.entities.iter().copied().filter(move |entity| {
            let grants = (entity.read)(&caller);
            let worth_a_list = if entity.index == 0 {
                grants.iter().any(|grant| grant.when.is_empty())
            } else {
                !grants.is_empty()
            };
            entity.parent.is_none() && worth_a_list
        })
    }

    /// Markdown of the app's own words.
    #[must_use]
    pub fn markdown(&self, text: &str) -> Markup {
        PreEscaped(kernel::markdown::html(text))
    }

    /// The entity a child belongs to, with the field that says to which row.
    #[must_use]
    pub fn parent_of(&self, entity: &Entity) -> Option<(&'static Entity, usize)> {
        let index = entity.parent?;
        match entity.fields.get(index)?.kind {
            Kind::Reference(parent) => Some((self.app.entities.get(parent).copied()?, index)),
            _ => None,
        }
    }

    /// A page.
    #[must_use]
    pub fn page(&self, title: &str, current: Option<&Entity>, body: Markup) -> Response {
        self.page_with(StatusCode::OK, title, current, body)
    }

    /// A page with a status.
    #[must_use]
    pub fn page_with(
        &self,
        status: StatusCode,
        title: &str,
        current: Option<&Entity>,
        body: Markup,
    ) -> Response {
        let current = current.map(|entity| {
            self.parent_of(entity)
                .map_or(entity.index, |(parent, _)| parent.index)
        });
        let links = self
            .lists()
            .map(|entity| Link {
                text: entity.plural,
                href: format!("/{}", entity.slug),
                current: current == Some(entity.index),
            })
            .collect();
        let form_token = self.visit.form_token();
        let person = self.visit.session.as_deref().map(|session| Person {
            name: &session.name,
            email: &session.email,
        });
        let done = self
            .visit
            .query_value("done")
            .and_then(|code| self.done(code));
        let frame = Frame {
            app: self.app,
            assets: assets(self.app),
            person,
            links,
            flash: done.as_deref().map(|text| Flash {
                tone: Tone::Good,
                text,
            }),
            form_token: &form_token,
            manages_people: self.manages_people(),
            development: self.site.options.shows_outbox(),
        };
        respond::html_status(status, layout::page(&frame, title, body))
    }

    /// The caller may invite people or give them roles.
    #[must_use]
    pub fn manages_people(&self) -> bool {
        self.caller.signed_in()
            && (accounts::may_invite(self.app, &self.caller)
                || accounts::may_give_roles(self.app, &self.caller))
    }

    /// Any refusal as a page; visitors who must sign in are asked to.
    #[must_use]
    pub fn refuse(&self, refusal: &Refusal) -> Response {
        super::problem::refuse(self, refusal)
    }

    /// The hidden field of every posted form.
    #[must_use]
    pub fn token(&self) -> Markup {
        layout::form_token(&self.visit.form_token())
    }

    /// A button that posts, with nothing to fill in.
    #[must_use]
    pub fn post_button(&self, action: &str, class: &str, text: Markup) -> Markup {
        html! {
            form method="post" action=(action) {
                (self.token())
                button type="submit" class={ "button " (class) } { (text) }
            }
        }
    }

    /// What the address says has just been done: one of a closed list of words.
    fn done(&self, code: &str) -> Option<String> {
        let text = match code {
            "created" => "Created.",
            "saved" => "Saved.",
            "deleted" => "Deleted.",
            "signed-up" => "Welcome!",
            "password" => "Your password is changed. Other devices have been signed out.",
            "confirmed" => "Your e-mail address is confirmed.",
            "sent" => "Sent.",
            "invited" => "The invitation is on its way.",
            "revoked" => "That session has ended.",
            "revoked-others" => "Every other session has ended.",
            "goodbye" => "Your account is deleted.",
            "signed-out" => "You are signed out.",
            _ => {
                let names = self.app.entities.iter().flat_map(|entity| {
                    entity
                        .steps
                        .iter()
                        .map(|step| (step.slug, step.name))
                        .chain(
                            entity
                                .actions
                                .iter()
                                .map(|action| (action.slug, action.name)),
                        )
                });
                let own = self
                    .app
                    .actions
                    .iter()
                    .map(|action| (action.slug, action.name));
                let (_, name) = names.chain(own).find(|(slug, _)| *slug == code)?;
                return Some(format!("{name}: done."));
            }
        };
        Some(text.to_owned())
    }
}

/// The app's style, theme and script, made once.
#[must_use]
pub fn assets(app: &'static App) -> &'static Assets {
    static MADE: RwLock<Vec<(usize, &'static Assets)>> = RwLock::new(Vec::new());
    let key = std::ptr::from_ref(app) as usize;
    let find = |made: &[(usize, &'static Assets)]| {
        made.iter()
            .find(|(app, _)| *app == key)
            .map(|(_, assets)| *assets)
    };
    if let Some(assets) = find(&MADE.read().unwrap_or_else(PoisonError::into_inner)) {
        return assets;
    }
    let mut made = MADE.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(assets) = find(&made) {
        return assets;
    }
    // One per app and process, needed until its end.
    let assets: &'static Assets = Box::leak(Box::new(Assets::new(app.theme, app.name)));
    made.push((key, assets));
    assets
}

/// A row's id in an address; what is no number is the id of no row.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(from = "String")]
pub struct RowId(pub i64);

impl From<String> for RowId {
    fn from(text: String) -> RowId {
        RowId(text.parse().ok().filter(|id| *id > 0).unwrap_or(-1))
    }
}

/// The field or entity at this position as a bit.
#[must_use]
pub const fn bit(index: usize) -> u128 {
    if index < 128 { 1 << index } else { 0 }
}
