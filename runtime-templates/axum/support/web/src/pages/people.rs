//! Who is here, which roles they hold, and whom to let in: for those who may.

use super::address::{pair, with_query};
use super::context::{Context, RowId};
use super::detail::title_of;
use super::edit::{own_pairs, written};
use super::fields::{self, Draft};
use crate::accounts::{self, Invitation};
use crate::respond;
use crate::ui::layout::head;
use crate::ui::value::plain;
use crate::{Form, Site, Visit};
use axum::extract::{Path, State};
use axum::response::Response;
use engine::def::{Entity, Fields, Role};
use engine::refusal::{FieldError, Refusal};
use engine::{Reader, access, decode, query};
use http::StatusCode;
use maud::{Markup, html};

const PER_PAGE: u32 = 50;

/// `GET /account/people`
pub async fn people(State(site): State<Site>, visit: Visit) -> Response {
    draw(&Context::new(&site, &visit), StatusCode::OK, &[], &[])
}

/// `POST /account/people/invite`
pub async fn invite(State(site): State<Site>, visit: Visit, Form(typed): Form) -> Response {
    let context = Context::new(&site, &visit);
    let Some(user) = context.app.entities.first().copied() else {
        return context.refuse(&Refusal::NotFound);
    };
    let given: Vec<(String, String)> = own_pairs(&typed)
        .into_iter()
        .filter(|(name, _)| name != "roles")
        .collect();
    let outcome = match decode::form(context.app, user, &given, asked(&context, user), true) {
        Ok(values) => {
            accounts::invite(
                &site,
                &visit,
                Invitation {
                    values,
                    roles: chosen(&typed),
                },
            )
            .await
        }
        Err(errors) => Err(Refusal::Invalid(errors)),
    };
    match outcome {
        Ok(_) => respond::see_other("/account/people?done=invited"),
        Err(Refusal::Invalid(errors)) => {
            draw(&context, StatusCode::UNPROCESSABLE_ENTITY, &typed, &errors)
        }
        Err(refusal) => context.refuse(&refusal),
    }
}

/// `POST /account/people/{id}/roles`
pub async fn roles(
    State(site): State<Site>,
    Path(RowId(id)): Path<RowId>,
    visit: Visit,
    Form(typed): Form,
) -> Response {
    match accounts::set_roles(&site, &visit, id, chosen(&typed)).await {
        Ok(()) => respond::see_other("/account/people?done=saved"),
        Err(refusal) => Context::new(&site, &visit).refuse(&refusal),
    }
}

fn chosen(typed: &[(String, String)]) -> Vec<String> {
    typed
        .iter()
        .filter(|(name, value)| name == "roles" && !value.is_empty())
        .map(|(_, value)| value.clone())
        .collect()
}

/// What is asked of somebody who is invited: what the caller may write, name and address always.
fn asked(context: &Context<'_>, user: &'static Entity) -> Fields {
    let always = (1 << accounts::NAME) | (1 << accounts::EMAIL);
    (access::may_create(context.app, user, &context.caller) & written(user, true)) | always
}

fn draw(
    context: &Context<'_>,
    status: StatusCode,
    typed: &[(String, String)],
    errors: &[FieldError],
) -> Response {
    if !context.manages_people() {
        return context.refuse(&context.forbidden());
    }
    match context
        .site
        .engine
        .read(|r| page(context, r, typed, errors))
    {
        Ok(body) => context.page_with(status, "People", None, body),
        Err(refusal) => context.refuse(&refusal),
    }
}

fn page(
    context: &Context<'_>,
    r: &Reader<'_>,
    typed: &[(String, String)],
    errors: &[FieldError],
) -> Result<Markup, Refusal> {
    let user = context
        .app
        .entities
        .first()
        .copied()
        .ok_or(Refusal::NotFound)?;
    let number: u32 = pair(&context.visit.query, "page")
        .parse()
        .unwrap_or(1)
        .max(1);
    let question = query::ListQuery {
        page: number,
        per_page: PER_PAGE,
        ..query::ListQuery::default()
    };
    let found = query::list(r, &context.caller, user, &question)?;
    let gives = accounts::may_give_roles(context.app, &context.caller);
    let invites = accounts::may_invite(context.app, &context.caller);
    let roles: Vec<&'static Role> = context
        .app
        .roles
        .iter()
        .filter(|role| role.when.is_empty())
        .collect();
    let mut rows = Vec::with_capacity(found.rows.len());
    for shown in &found.rows {
        let held = accounts::given(r, context.app, shown.row.id)?;
        let email = match (
            user.fields.get(accounts::EMAIL),
            shown.row.values.get(accounts::EMAIL),
        ) {
            (Some(field), Some(value)) => plain(context.app, field.kind, value),
            _ => String::new(),
        };
        rows.push((shown, held, email));
    }
    let draft = Draft {
        typed,
        errors,
        prefix: "f",
        known: &[],
    };
    let wanted = asked(context, user);
    let pages = found.total.div_ceil(u64::from(PER_PAGE));
    Ok(html! {
        div.middle.stack {
            (head(html! { "People" span.count { (found.total) } }, html! {}, html! {}))
            section.card aria-label="People" {
                ul.rows {
                    @for (shown, held, email) in &rows {
                        @let name = title_of(context, user, shown);
                        li {
                            a href={ "/" (user.slug) "/" (shown.address) } { (name) }
                            span.side {
                                (email)
                                @for role in held { span.badge.plain { (role.name) } }
                                @if gives && !roles.is_empty() {
                                    details.menu {
                                        summary.button.quiet { "Roles" span.hidden-text { " of " (name) } }
                                        div.menu-sheet {
                                            form.form method="post" action={ "/account/people/" (shown.row.id) "/roles" } {
                                                (context.token())
                                                (role_boxes(&roles, &format!("r{}", shown.row.id), &|role| held.iter().any(|one| one.slug == role.slug)))
                                                div.form-foot { button.button type="submit" { "Save" } }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                @if pages > 1 {
                    div.paging {
                        span { "Page " (number) " of " (pages) }
                        nav.bar aria-label="Pages" {
                            @if number > 1 { a.button href=(with_query("/account/people", &[("page", &(number - 1).to_string())])) { "Previous" } }
                            @if u64::from(number) < pages { a.button href=(with_query("/account/people", &[("page", &(number + 1).to_string())])) { "Next" } }
                        }
                    }
                }
            }
            @if invites {
                section.card {
                    div.card-head { h2 { "Invite somebody" } }
                    div.card-body.stack-small {
                        (draft.summary(&fields::labels(user, wanted)))
                        form.form method="post" action="/account/people/invite" novalidate {
                            (context.token())
                            (draft.fields(context, r, user, wanted, true))
                            @if gives && !roles.is_empty() {
                                fieldset.field {
                                    legend { "Roles" }
                                    (role_boxes(&roles, "new", &|role| typed.iter().any(|(name, value)| name == "roles" && value == role.slug)))
                                }
                            }
                            div.form-foot { button.button.primary type="submit" { "Send the invitation" } }
                        }
                    }
                }
            }
        }
    })
}

fn role_boxes(roles: &[&'static Role], prefix: &str, held: &dyn Fn(&Role) -> bool) -> Markup {
    html! {
        @for role in roles {
            label.check for={ (prefix) "-" (role.slug) } {
                input type="checkbox" id={ (prefix) "-" (role.slug) } name="roles" value=(role.slug) checked[held(role)];
                span { (role.name) @if !role.about.is_empty() { span.help { " " (role.about) } } }
            }
        }
    }
}
