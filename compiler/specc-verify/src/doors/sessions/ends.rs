//! How a session ends: with a role, with its time, after too many tries, with a new password, with its user.

use super::{ANOTHER, DAY, MOST_TRIES, PASSWORD, Story, bad, gives_away};
use crate::app::NoAnswer;
use crate::doors::browser::{Browser, exchange};
use crate::doors::html::Document;
use crate::doors::{Person, people, plain};
use crate::wire;
use serde_json::{Value as Json, json};
use specc_ir::ir::{EntityId, Ir, RoleId, USER};
use specc_ir::model::{Operation, Query};

impl Story<'_, '_> {
    /// The administrator takes a role away: what the model lets nobody without it see is gone.
    pub(super) fn roles(&mut self) -> Result<(), NoAnswer> {
        let ir = self.ground.ir();
        let Some(role) = administrator(ir) else {
            return Ok(());
        };
        let people_before = self.set.state.clone();
        let holds = |user: &i64, role: RoleId| {
            let row = people_before.row(USER, *user);
            row.is_some_and(|row| row.roles.contains(&role))
        };
        let admin = self
            .set
            .scene
            .people
            .iter()
            .copied()
            .find(|user| holds(user, role));
        let Some(admin) = admin else { return Ok(()) };
        let now = self.set.scene.now;
        let others = people(ir, &self.set.scene, 1);
        let losers: Vec<Person> = others
            .into_iter()
            .filter(|person| person.me.is_some_and(|me| me != admin))
            .collect();
        for loser in losers {
            let Some(me) = loser.me else { continue };
            let mut without = self.set.state.clone();
            without.set_roles(me, &[]);
            let path = format!(
                "/api/{}/{}/roles",
                self.set.mirror.slug(USER),
                plain(&self.set.name(me))
            );
            let lists = (0..u32::try_from(ir.entities.len()).unwrap_or(0)).map(EntityId);
            let caller = loser.caller(now);
            let differs = lists.clone().find(|entity| {
                let list = Operation::List(Query::all(*entity));
                let model = self.ground.model;
                let answer = |state| {
                    model
                        .perform(state, caller, &list)
                        .map(|(_, answer)| answer)
                };
                answer(&self.set.state) != answer(&without)
            });
            let Some(entity) = differs else { continue };
            let token = self.ground.app.token(&self.set.name(me))?;
            let cookie = self.ground.app.cookie(&self.set.name(me))?;
            // It is in use, so that what is remembered of it would show.
            let list = Operation::List(Query::all(entity));
            let before = self.set.mirror.act(caller, &list)?;
            Browser::with(self.ground.app, &cookie).get("/account")?;
            let body = json!({ "roles": [] });
            if !holds(&me, role) {
                let wanted = json!({ "roles": [wire::slug(&name_of(ir, role))] });
                let own = self
                    .ground
                    .app
                    .ask("PUT", &path, Some(&token), Some(&wanted))?;
                let seen = if (400..500).contains(&own.status) {
                    Ok(format!("it is refused with {}", own.status))
                } else {
                    bad(format!(
                        "{} gives themself the role: {}",
                        loser.kind, own.status
                    ))
                };
                self.note("roles-guarded", seen, Some(own));
            }
            let admin_token = self.ground.app.token(&self.set.name(admin))?;
            let taken = self
                .ground
                .app
                .ask("PUT", &path, Some(&admin_token), Some(&body))?;
            if taken.status != 200 {
                continue;
            }
            let wanted = self
                .ground
                .model
                .perform(&without, caller, &list)
                .map(|(_, answer)| answer);
            let after = self.set.mirror.act(caller, &list)?;
            let by_page = self.by_cookie(&cookie)?;
            let body: Json = serde_json::from_str(&by_page.text).unwrap_or(Json::Null);
            let left = body
                .get("roles")
                .and_then(Json::as_array)
                .map_or(0, Vec::len);
            let seen = if let Some(difference) = self.set.mirror.judge(&list, &wanted, &after) {
                bad(format!(
                    "of {}: {}; before it was {}",
                    loser.kind, difference.text, before.status
                ))
            } else if left > conditional(ir) {
                bad(format!("their session still has roles: {body}"))
            } else {
                Ok("what needs the role is refused with the next request".to_owned())
            };
            self.note("roles", seen, Some(after));
        }
        self.set.again()
    }

    /// The clock moves to the end of a session, and of a token.
    pub(super) fn expiry(&mut self) -> Result<(), NoAnswer> {
        let app = self.ground.app;
        let now = self.set.scene.now;
        app.clock(now)?;
        let mut browser = Browser::new(app);
        self.enter(&mut browser, &self.ana.1, PASSWORD)?;
        let cookie = browser.cookie();
        let pair = json!({ "email": self.ana.1, "password": PASSWORD });
        let opened = app.ask("POST", "/api/tokens", None, Some(&pair))?;
        let token = opened
            .body
            .get("token")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned();
        let life = i64::from(self.ground.ir().accounts.session_days) * DAY;
        if self.by_cookie(&cookie)?.status == 200 {
            app.clock(now + life - 1)?;
            let last = self.by_cookie(&cookie)?;
            app.clock(now + life)?;
            let after = self.by_cookie(&cookie)?;
            let told = exchange("GET", "/api/me", None, &after);
            let seen = match (last.status, after.status) {
                (200, 401) => Ok("it lives to its last millisecond".to_owned()),
                (200, other) => bad(format!("after its time it is answered with {other}")),
                (other, _) => bad(format!(
                    "before its time is over it is answered with {other}"
                )),
            };
            self.note("expiry", seen, Some(told));
        }
        let ends = opened.body.get("expires").and_then(Json::as_str);
        let ends = ends.and_then(|text| text.parse::<jiff::Timestamp>().ok());
        app.clock(now)?;
        if let Some(ends) = ends
            && self.by_token(&token)?.status == 200
        {
            app.clock(ends.as_millisecond() - 1)?;
            let last = self.by_token(&token)?;
            app.clock(ends.as_millisecond())?;
            let after = self.by_token(&token)?;
            let told = exchange("GET", "/api/me", None, &after);
            let seen = match (last.status, after.status) {
                (200, 401) => Ok("it lives to its last millisecond".to_owned()),
                (200, other) => bad(format!("after its time it is answered with {other}")),
                (other, _) => bad(format!(
                    "before its time is over it is answered with {other}"
                )),
            };
            self.note("token-expiry", seen, Some(told));
        }
        app.clock(now)
    }

    pub(super) fn throttle(&mut self) -> Result<(), NoAnswer> {
        let app = self.ground.app;
        self.set.again()?;
        let address = self.ana.1.clone();
        let ask = |email: &str, password: &str| {
            let pair = json!({ "email": email, "password": password });
            app.ask("POST", "/api/session", None, Some(&pair))
        };
        let mut tries = 0;
        let mut stopped = None;
        while tries < MOST_TRIES && stopped.is_none() {
            tries += 1;
            let answer = ask(&address, &format!("guess-number-{tries}"))?;
            if answer.status == 429 {
                stopped = Some(answer);
            } else if answer.status < 400 {
                self.note("throttle", bad("a guess opens a session"), Some(answer));
                return Ok(());
            }
        }
        let Some(stopped) = stopped else {
            let seen = bad(format!(
                "{tries} wrong passwords in a row are all looked at"
            ));
            self.note("throttle", seen, None);
            return Ok(());
        };
        let right = ask(&address, PASSWORD)?;
        let other = ask(&self.ben.1, PASSWORD)?;
        let seen = if right.status != 429 {
            bad(format!(
                "the right password is taken all the same: {}",
                right.status
            ))
        } else if other.status >= 400 {
            bad(format!("nobody else gets in: {}", other.status))
        } else {
            Ok(format!("after {tries} tries it is 429, and others get in"))
        };
        self.note("throttle", seen, Some(stopped));
        Ok(())
    }

    pub(super) fn new_password(&mut self) -> Result<(), NoAnswer> {
        let app = self.ground.app;
        self.set.again()?;
        let name = self.set.name(self.ana.0);
        let (here, there, token) = (app.cookie(&name)?, app.cookie(&name)?, app.token(&name)?);
        let mut browser = Browser::with(app, &here);
        let page = browser.get("/account")?;
        let form = Document::of(&page.text).form_to("/account/password");
        let Some(mut form) = form else { return Ok(()) };
        let passwords: Vec<String> = form
            .controls
            .iter()
            .filter(|control| control.kind == "password")
            .map(|control| control.name.clone())
            .collect();
        for (at, control) in passwords.iter().enumerate() {
            let text = if at == 0 { PASSWORD } else { ANOTHER };
            form.fill(control, &[text.to_owned()]);
        }
        let page = browser.post(&form.action, &form.pairs)?;
        if page.status != 303 {
            let told = exchange("POST", &form.action, None, &page);
            self.note(
                "new-password",
                bad(format!("it can't be changed: {}", page.status)),
                Some(told),
            );
            return Ok(());
        }
        let kept = self.by_cookie(&browser.cookie())?;
        let told = exchange("POST", &form.action, None, &page);
        if kept.status != 200 {
            let seen = bad("whoever changes their password is signed out");
            self.note("new-password", seen, Some(told));
        }
        let asked = vec![
            ("another browser", self.by_cookie(&there)?),
            ("a token", self.by_token(&token)?),
        ];
        self.refused("new-password", asked);
        let tables = app.tables()?;
        let shown = tables
            .iter()
            .find(|(_, cells)| cells.iter().any(|cell| gives_away(cell)));
        if let Some((table, _)) = shown {
            self.note(
                "password",
                bad(format!("a new password can be read in the table {table}")),
                None,
            );
        }
        Ok(())
    }

    /// Somebody deletes their account: their other sessions end.
    pub(super) fn gone(&mut self) -> Result<(), NoAnswer> {
        let app = self.ground.app;
        self.set.again()?;
        for (user, _) in [self.ana.clone(), self.ben.clone()] {
            let name = self.set.name(user);
            let (here, there, token) = (app.cookie(&name)?, app.cookie(&name)?, app.token(&name)?);
            let mut browser = Browser::with(app, &here);
            let page = browser.get("/account/delete")?;
            let Some(mut form) = Document::of(&page.text).form_to("/account/delete") else {
                continue;
            };
            form.fill("password", &[PASSWORD.to_owned()]);
            let page = browser.post(&form.action, &form.pairs)?;
            if page.status == 303 {
                let asked = vec![
                    ("their own browser", self.by_cookie(&here)?),
                    ("another browser", self.by_cookie(&there)?),
                    ("a token", self.by_token(&token)?),
                ];
                self.refused("gone", asked);
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The role whose holders give roles: the first that nobody can sign up for and that no other includes.
fn administrator(ir: &Ir) -> Option<RoleId> {
    let roles = (0..).map(RoleId).zip(&ir.roles);
    let mut roles = roles.filter(|(id, role)| {
        let included = ir.roles.iter().any(|other| other.includes.contains(id));
        !role.sign_up && !included && role.when.is_none()
    });
    roles.next().map(|(id, _)| id)
}

/// How many roles are held without being given, at most.
fn conditional(ir: &Ir) -> usize {
    let held = ir.roles.iter().filter(|role| role.when.is_some());
    held.map(|role| 1 + role.includes.len()).sum()
}

fn name_of(ir: &Ir, role: RoleId) -> String {
    let role = ir.roles.get(role.0 as usize);
    role.map_or_else(String::new, |role| role.name.text.clone())
}
