//! Writing rows: create, change, delete, lifecycle steps and actions.

use super::rows::{self, Parent};
use super::{Answer, Call, never};
use crate::session::Via;
use crate::site::Site;
use crate::{accounts, body, respond};
use engine::def::{Action, Entity, Fields, Grants, Input};
use engine::refusal::Refusal;
use engine::{access, decode, ids, operate, query};
use http::StatusCode;
use http::header::{HeaderMap, IF_MATCH, LOCATION};
use kernel::value::Value;
use serde_json::Map;

type Object = Map<String, serde_json::Value>;

/// `POST /api/tickets` and `POST /api/tickets/7/comments`
pub(crate) async fn create(
    mut call: Call,
    entity: &'static Entity,
    parent: Option<Parent>,
) -> Answer {
    let app = call.site.app;
    let caller = call.visit.caller;
    let mut allowed = access::may_create(app, entity, &caller);
    if (entity.create)(&caller).is_empty() {
        return Err(never(&call.visit).into());
    }
    let mut object = read_object(&mut call).await?;
    if let Some((of, field, id)) = parent {
        // The parent of the address wins; saying it again is fine, saying another is not.
        let name = entity.fields.get(field).map_or("", |field| field.name);
        let address = call.site.engine.read(|r| ids::address(r, of, id))?;
        let own: serde_json::Value = match of.named_by() {
            Some(_) => address.into(),
            None => id.into(),
        };
        if let Some(said) = object.remove(name)
            && said != own
        {
            return Err(
                respond::invalid(name, "reference", "This is not the one in the address.").into(),
            );
        }
        let found = call
            .site
            .engine
            .read(|reader| query::get(reader, &caller, of, id))?;
        if found.is_none() {
            return Err(Refusal::NotFound.into());
        }
        object.insert(name.to_owned(), own);
        allowed |= 1 << field;
    }
    let mut values = decode::json(app, entity, &object, allowed, true).map_err(Refusal::Invalid)?;
    call.site
        .field_hashing
        .hide_fields(entity, &mut values)
        .await?;
    let (id, written) = accounts::operate::plain(&call.site, &call.visit, move |writer| {
        let id = operate::create(writer, entity, values.clone())?;
        Ok((id, rows::written(writer, entity, id)?))
    })
    .await?;
    call.site.wrote(entity);
    let address = call.site.engine.read(|r| ids::address(r, entity, id))?;
    let location = format!("/api/{}/{address}", entity.slug);
    let mut response = match written {
        Some(row) => row.response(),
        None => respond::json(
            StatusCode::CREATED,
            &match entity.named_by() {
                Some(_) => serde_json::json!({ "id": address }),
                None => serde_json::json!({ "id": id }),
            },
        ),
    };
    *response.status_mut() = StatusCode::CREATED;
    Ok(respond::with_header(response, LOCATION, &location))
}

/// `PATCH /api/tickets/7`
pub(crate) async fn update(mut call: Call, entity: &'static Entity, id: i64) -> Answer {
    let app = call.site.app;
    let caller = call.visit.caller;
    let allowed = mask(&(entity.update)(&caller));
    if allowed == 0 {
        return Err(hidden_or_never(&call, entity, id)?.into());
    }
    let mut object = read_object(&mut call).await?;
    let mut version = if_match(&call.headers)?;
    if let Some(said) = object.remove("version") {
        let said = said
            .as_i64()
            .ok_or_else(|| respond::invalid("version", "type", "The version is a number."))?;
        version = version.or(Some(said));
    }
    // What only the program writes may stand in a list for its effects.
    let fields = entity.fields.iter().enumerate();
    let asked = fields
        .filter(|(_, field)| field.read_only)
        .fold(allowed, |all, (index, _)| all & !(1 << index));
    let mut values = decode::json(app, entity, &object, asked, false).map_err(Refusal::Invalid)?;
    call.site
        .field_hashing
        .hide_fields(entity, &mut values)
        .await?;
    let written = accounts::operate::plain(&call.site, &call.visit, move |writer| {
        operate::update(writer, entity, id, version, values.clone())?;
        rows::written(writer, entity, id)
    })
    .await?;
    call.site.wrote(entity);
    Ok(written.map_or_else(respond::no_content, rows::Written::response))
}

/// `DELETE /api/tickets/7`
pub(crate) async fn delete(call: Call, entity: &'static Entity, id: i64) -> Answer {
    let caller = call.visit.caller;
    if (entity.delete)(&caller).is_empty() {
        return Err(hidden_or_never(&call, entity, id)?.into());
    }
    let version = if_match(&call.headers)?;
    accounts::operate::plain(&call.site, &call.visit, move |writer| {
        operate::delete(writer, entity, id, version)
    })
    .await?;
    call.site.wrote(entity);
    Ok(respond::no_content())
}

/// Whether this is a step or action of the entity.
pub(crate) fn has_operation(entity: &Entity, slug: &str) -> bool {
    entity.steps.iter().any(|step| step.slug == slug)
        || entity.actions.iter().any(|action| action.slug == slug)
}

/// `POST /api/tickets/7/solve`
pub(crate) async fn operation(
    mut call: Call,
    entity: &'static Entity,
    id: i64,
    slug: &str,
) -> Answer {
    let caller = call.visit.caller;
    let steps = entity.steps.iter().filter(|step| step.slug == slug);
    let action = entity.actions.iter().find(|action| action.slug == slug);
    let may = steps.clone().any(|step| !(step.who)(&caller).is_empty())
        || action.is_some_and(|action| !(action.who)(&caller).is_empty());
    if !may {
        return Err(hidden_or_never(&call, entity, id)?.into());
    }
    let object = read_object(&mut call).await?;
    let version = if_match(&call.headers)?;
    let mut known = steps
        .filter(|step| !step.inputs.is_empty())
        .map(|step| step.inputs);
    let is_step = entity.steps.iter().any(|step| step.slug == slug);
    let inputs: &'static [Input] = match action {
        Some(action) if !is_step => action.inputs,
        _ => known.next().unwrap_or_default(),
    };
    let values = inputs_of(&call.site, inputs, &object).await?;
    let name = slug.to_owned();
    let answer = answer_of(entity, slug);
    let done = accounts::operate::run(&call.site, &call.visit, Via::Token, false, move |writer| {
        let values = values.clone();
        if is_step {
            operate::step(writer, entity, id, &name, version, values)?;
        } else {
            operate::action(writer, Some(entity), Some(id), &name, version, values)?;
        }
        rows::written(writer, entity, id)
    })
    .await?;
    call.site.wrote_anything();
    if answer.is_special() {
        return special(&call.site, &answer, &done);
    }
    let written = done.value.flatten();
    Ok(written.map_or_else(respond::no_content, rows::Written::response))
}

/// `POST /api/close-the-month`: an action of the app itself.
pub(crate) async fn own_action(mut call: Call, action: &'static Action) -> Answer {
    let caller = call.visit.caller;
    if (action.who)(&caller).is_empty() {
        return Err(never(&call.visit).into());
    }
    let object = read_object(&mut call).await?;
    let values = inputs_of(&call.site, action.inputs, &object).await?;
    let quiet = action.answer.returns.is_none();
    let done = accounts::operate::run(&call.site, &call.visit, Via::Token, quiet, move |writer| {
        operate::action(writer, None, None, action.slug, None, values.clone())
    })
    .await?;
    call.site.wrote_anything();
    if action.answer.is_special() {
        return special(&call.site, &action.answer, &done);
    }
    Ok(respond::no_content())
}

/// What the operation of this name answers.
pub(crate) fn answer_of(entity: &Entity, slug: &str) -> engine::def::Answer {
    let of_step = entity
        .steps
        .iter()
        .find(|step| step.slug == slug)
        .map(|step| step.answer);
    let of_action = || {
        entity
            .actions
            .iter()
            .find(|action| action.slug == slug)
            .map(|action| action.answer)
    };
    of_step
        .or_else(of_action)
        .unwrap_or(engine::def::Answer::ROW)
}

/// The answer of an operation that says what it answers, or signs somebody in.
fn special<T>(
    site: &Site,
    answer: &engine::def::Answer,
    done: &accounts::operate::Done<T>,
) -> Answer {
    let mut body = String::from("{");
    if let Some(returns) = answer.returns {
        body.push_str("\"result\":");
        let value = done.result.as_ref().unwrap_or(&Value::Empty);
        body.push_str(&site.engine.read(|r| ids::json(r, returns.kind, value))?);
    }
    if let Some(session) = &done.session {
        let token = serde_json::json!({
            "token": session.secret.text,
            "expires": kernel::time::rfc3339(session.expires),
            "user": session.user,
        });
        if body.len() > 1 {
            body.push(',');
        }
        body.push_str(
            token
                .to_string()
                .trim_start_matches('{')
                .trim_end_matches('}'),
        );
    }
    body.push('}');
    Ok(respond::json_bytes(StatusCode::OK, body.into_bytes()))
}

async fn inputs_of(
    site: &Site,
    inputs: &'static [Input],
    object: &Object,
) -> Result<Vec<(&'static str, Value)>, Refusal> {
    let mut values = decode::inputs_json(site.app, inputs, object).map_err(Refusal::Invalid)?;
    site.field_hashing.hide_inputs(inputs, &mut values).await?;
    Ok(values)
}

pub(crate) async fn read_object(call: &mut Call) -> Result<Object, super::Problem> {
    let body = std::mem::take(&mut call.body);
    Ok(body::json_object(&call.headers, body).await?)
}

fn mask(grants: &Grants) -> Fields {
    grants.iter().fold(0, |fields, grant| fields | grant.fields)
}

/// A caller who never may, asking for a row: 401, 403, or 404 where they could not even read it.
fn hidden_or_never(call: &Call, entity: &'static Entity, id: i64) -> Result<Refusal, Refusal> {
    let caller = &call.visit.caller;
    if !caller.signed_in() {
        return Ok(Refusal::Unauthenticated);
    }
    let found = call
        .site
        .engine
        .read(|reader| query::get(reader, caller, entity, id))?;
    Ok(if found.is_some() {
        Refusal::Forbidden
    } else {
        Refusal::NotFound
    })
}

/// The version in `If-Match`; `*` means any.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Refusal> {
    let Some(value) = headers.get(IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| Refusal::Stale)?.trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text
        .trim_start_matches("W/")
        .trim_matches('"')
        .parse()
        .map_err(|_| Refusal::Stale)?;
    Ok(Some(version))
}
