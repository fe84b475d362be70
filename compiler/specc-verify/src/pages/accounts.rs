//! Signing up, logging in and out, and invitations, by form, as people do it: with scripts and without.

use super::CLASS;
use super::hands::{Asked, Hands};
use super::look;
use crate::app::{Exchange, NoAnswer, Page};
use crate::doors::browser::exchange;
use crate::doors::forms::Sent;
use crate::doors::html::{Document, Form};
use crate::doors::ledger::{Demand, Ledger, Seen};
use crate::doors::{Eyes as _, Ground, Set, people};
use serde_json::Value as Json;
use specc_ir::eval::Value;
use specc_ir::expr::FieldRef;
use specc_ir::ir::{FieldId, USER};
use specc_ir::model::{Caller, Operation};
use std::collections::BTreeMap;

const NAME: &str = "Marion Keller";
const EMAIL: &str = "marion.keller@example.com";
const INVITED: &str = "jonas.albrecht@example.com";
const PASSWORD: &str = "quiet-lake-sings-5120-often";
/// What nobody may choose.
const SHORT: &str = "x";

/// Judges the account pages.
pub fn judge(ground: Ground<'_>, hands: &mut Hands<'_>, ledger: &mut Ledger) -> Asked<()> {
    hands.look(look::DESK)?;
    for scripts in [true, false] {
        hands.scripts(scripts)?;
        let scene = ground.dice(1, 0).scene(ground.start);
        let email = |user: &i64| {
            let field = FieldRef::Field(FieldId(1));
            let value = ground
                .model
                .value(&scene.state, scene.now, USER, *user, field);
            match value {
                Value::Text(text) => Some((*user, text)),
                _ => None,
            }
        };
        let known = scene.people.iter().rev().find_map(email);
        let passwords = known.iter().map(|(user, _)| (*user, PASSWORD.to_owned()));
        let passwords: BTreeMap<i64, String> = passwords.collect();
        let set = Set::up(ground, scene, passwords)?;
        let mut story = Story {
            ground,
            hands,
            ledger,
            set,
        };
        if let Some((_, email)) = known {
            story.log_in(&email)?;
        }
        story.invite()?;
        if ground.ir().accounts.sign_up {
            story.sign_up()?;
        }
    }
    hands.scripts(true)
}

struct Story<'a, 'h, 'c, 'l> {
    ground: Ground<'a>,
    hands: &'h mut Hands<'c>,
    ledger: &'l mut Ledger,
    set: Set<'a>,
}

type Typed<'t> = [(&'t str, &'t str)];

impl Story<'_, '_, '_, '_> {
    fn note(&mut self, id: &str, what: &str, seen: Seen, told: Option<Exchange>) {
        let demand = self.hands.how().at(Demand {
            id: format!("account.{id}"),
            class: CLASS,
            what: what.to_owned(),
            span: self.ground.ir().accounts.span,
        });
        self.ledger.note(demand, seen, told);
    }

    /// The form of a page that is sent to this address; `None` where there is none to be seen.
    fn form(&mut self, path: &str, action: &str) -> Asked<Option<Form>> {
        Ok(match self.hands.go(self.ground.app, path)? {
            Ok(snapshot) if snapshot.page.status == 200 => {
                Document::of(&snapshot.page.text).form_to(action)
            }
            _ => None,
        })
    }

    /// Types this into a form and sends it: the page, or what is wrong.
    fn send(&mut self, form: &Form, typed: &Typed<'_>) -> Asked<Result<Page, String>> {
        let mut form = form.clone();
        let typed: Vec<(String, Vec<String>)> = typed
            .iter()
            .map(|(name, text)| ((*name).to_owned(), vec![(*text).to_owned()]))
            .collect();
        for (name, texts) in &typed {
            form.fill(name, texts);
        }
        let sent = self.hands.fill_in(&form, &typed, &form.pairs)?;
        self.hands.stood_up();
        Ok(match sent {
            Sent::Page(page) => Ok(page),
            Sent::Impossible => Err(format!("the form to {} can't be filled in", form.action)),
            Sent::Lost(wrong) => Err(wrong),
        })
    }

    /// The address of whoever the browser is signed in as.
    fn signed_in_as(&mut self) -> Asked<Option<String>> {
        let cookie = self.hands.chrome.cookie();
        let Some(cookie) = self.hands.must(cookie)? else {
            return Ok(None);
        };
        let page = self
            .ground
            .app
            .fetch("GET", "/api/me", &[("cookie", &cookie)], None)?;
        if page.status != 200 {
            return Ok(None);
        }
        let body: Json = serde_json::from_str(&page.text).unwrap_or_default();
        let email = find(&body, "email").unwrap_or_default();
        Ok(Some(email))
    }

    /// Whether somebody is signed in as this address now.
    fn is_in(&mut self, email: &str) -> Asked<Seen> {
        Ok(match self.signed_in_as()? {
            Some(is) if is == email || is.is_empty() => Ok("the browser is signed in".to_owned()),
            Some(other) => Err(format!("the browser is signed in as {other}")),
            None => Err("the browser is not signed in".to_owned()),
        })
    }

    fn log_in(&mut self, email: &str) -> Asked<()> {
        const IN: &str = "who types their address and password is signed in";
        self.hands.sit(None)?;
        let Some(form) = self.form("/login", "/login")? else {
            self.note("log-in", IN, Err("/login shows no form".to_owned()), None);
            return Ok(());
        };
        let sent = self.send(
            &form,
            &[("email", email), ("password", "not-the-one-it-is")],
        )?;
        let told = told_of(&form, &sent);
        let seen = match sent {
            Err(wrong) => Err(wrong),
            Ok(page) => match self.signed_in_as()? {
                Some(_) => Err("a wrong password opens a session".to_owned()),
                None => kept(&page, "/login", &[("email", email)]),
            },
        };
        self.note(
            "log-in-kept",
            "who types a wrong password stays out, finds their address where they typed it, and no password",
            seen,
            told,
        );
        let Some(form) = self.form("/login", "/login")? else {
            return Ok(());
        };
        let sent = self.send(&form, &[("email", email), ("password", PASSWORD)])?;
        let told = told_of(&form, &sent);
        let seen = match sent {
            Err(wrong) => Err(wrong),
            Ok(_) => self.is_in(email)?,
        };
        let is_in = seen.is_ok();
        self.note("log-in", IN, seen, told);
        if is_in {
            self.log_out()?;
        }
        Ok(())
    }

    fn log_out(&mut self) -> Asked<()> {
        let way_out = Form {
            action: "/logout".to_owned(),
            ..Form::default()
        };
        let pressed = self.hands.press(&way_out, false);
        let pressed = self.hands.tried(pressed)?;
        self.hands.stood_up();
        let seen = match pressed.and_then(|pressed| pressed.map(|_| ())) {
            Err(wrong) => Err(wrong),
            Ok(()) => match self.signed_in_as()? {
                None => Ok("the browser is signed out".to_owned()),
                Some(_) => Err("the browser is still signed in".to_owned()),
            },
        };
        self.note(
            "log-out",
            "who clicks on the way out, on any page, is signed out",
            seen,
            None,
        );
        Ok(())
    }

    fn sign_up(&mut self) -> Asked<()> {
        const UP: &str = "a visitor signs up by form, and everything is as the model says";
        self.set.again()?;
        self.hands.stood_up();
        self.hands.sit(None)?;
        let Some(form) = self.form("/sign-up", "/sign-up")? else {
            self.note(
                "sign-up",
                UP,
                Err("/sign-up shows no form".to_owned()),
                None,
            );
            return Ok(());
        };
        let sent = self.send(
            &form,
            &[("name", NAME), ("email", EMAIL), ("password", SHORT)],
        )?;
        let told = told_of(&form, &sent);
        let seen = match sent {
            Err(wrong) => Err(wrong),
            Ok(page) => match self.signed_in_as()? {
                Some(_) => Err(format!("“{SHORT}” is taken as a password")),
                None => {
                    kept(&page, "/sign-up", &[("name", NAME), ("email", EMAIL)]).and_then(|well| {
                        let again = Document::of(&page.text).form_to("/sign-up");
                        let marked = again.is_some_and(|form| {
                            let control = form.control("password");
                            control.is_some_and(|control| {
                                control.invalid && !control.described.is_empty()
                            })
                        });
                        if marked {
                            Ok(well)
                        } else {
                            Err("nothing is said at the password".to_owned())
                        }
                    })
                }
            },
        };
        self.note(
            "sign-up-kept",
            "who signs up with a password that is too short finds what they typed, and reads it at the password",
            seen,
            told,
        );
        let caller = Caller {
            me: None,
            now: self.set.scene.now,
        };
        let operation = Operation::SignUp(NAME.to_owned(), EMAIL.to_owned(), PASSWORD.to_owned());
        let outcome = self
            .ground
            .model
            .perform(&self.set.state, caller, &operation);
        let Some(form) = self.form("/sign-up", "/sign-up")? else {
            return Ok(());
        };
        let sent = self.send(
            &form,
            &[("name", NAME), ("email", EMAIL), ("password", PASSWORD)],
        )?;
        let told = told_of(&form, &sent);
        let seen = match (sent, outcome) {
            (Err(wrong), _) => Err(wrong),
            (Ok(page), Ok((mut state, _))) => {
                self.ground.model.carry(&self.set.state, &mut state);
                let differences = self.set.mirror.compare(&mut state, caller.now)?;
                match differences.into_iter().next() {
                    _ if page.status >= 400 => Err(format!("the answer is {}", page.status)),
                    Some(difference) => Err(difference.text),
                    None if self.ground.ir().accounts.confirm_email => self.confirmed()?,
                    None => self.is_in(EMAIL)?,
                }
            }
            (Ok(page), Err(_)) if page.status >= 400 => {
                Ok(format!("it is refused with {}", page.status))
            }
            (Ok(_), Err(_)) => Err("it is done, though the program refuses it".to_owned()),
        };
        self.note("sign-up", UP, seen, told);
        Ok(())
    }

    /// Whoever signed up is out until they follow the link that they got, and log in.
    fn confirmed(&mut self) -> Asked<Seen> {
        if self.signed_in_as()?.is_some() {
            return Ok(Err(
                "the browser is signed in before the address is confirmed".to_owned(),
            ));
        }
        let Some(link) = self.link_to(EMAIL)? else {
            return Ok(Err(format!("no mail with a link came to {EMAIL}")));
        };
        let Some(form) = self.form(&link, &link)? else {
            return Ok(Err("the page behind the link shows no form".to_owned()));
        };
        if let Err(wrong) = self.send(&form, &[])? {
            return Ok(Err(wrong));
        }
        let Some(form) = self.form("/login", "/login")? else {
            return Ok(Err("/login shows no form".to_owned()));
        };
        match self.send(&form, &[("email", EMAIL), ("password", PASSWORD)])? {
            Err(wrong) => Ok(Err(wrong)),
            Ok(_) => self.is_in(EMAIL),
        }
    }

    /// The path of the newest link that was sent to somebody.
    fn link_to(&self, email: &str) -> Result<Option<String>, NoAnswer> {
        let mails = self.ground.app.mail()?;
        let text = |mail: &Json, name: &str| {
            let text = mail.get(name).and_then(Json::as_str);
            text.unwrap_or_default().to_owned()
        };
        let own = mails.iter().rev().find(|mail| text(mail, "to") == email);
        Ok(own.and_then(|mail| {
            let text = text(mail, "text");
            let start = text.find("/link/")?;
            let path: String = text
                .get(start..)?
                .chars()
                .take_while(|letter| letter.is_ascii_alphanumeric() || "/-_".contains(*letter))
                .collect();
            Some(path)
        }))
    }

    /// The first person who may invites somebody, who follows the link.
    fn invite(&mut self) -> Asked<()> {
        const PLACE: &str = "/account/people";
        const SENDS: &str = "/account/people/invite";
        self.set.again()?;
        self.hands.stood_up();
        let persons = people(self.ground.ir(), &self.set.scene, 0);
        for person in persons.into_iter().filter(|person| person.me.is_some()) {
            let cookie = self.set.cookie(person.me)?;
            self.hands.sit(cookie)?;
            let Some(form) = self.form(PLACE, SENDS)? else {
                continue;
            };
            let sent = self.send(&form, &[("name", NAME), ("email", "nobody")])?;
            let told = told_of(&form, &sent);
            let seen =
                sent.and_then(|page| kept(&page, SENDS, &[("name", NAME), ("email", "nobody")]));
            self.note(
                "invite-kept",
                "who invites somebody with an address that is none finds what they typed",
                seen,
                told,
            );
            let Some(form) = self.form(PLACE, SENDS)? else {
                return Ok(());
            };
            let sent = self.send(&form, &[("name", NAME), ("email", INVITED)])?;
            let told = told_of(&form, &sent);
            let seen = match sent {
                // What else this program asks of people is not known here.
                Ok(page) if page.status == 422 => return Ok(()),
                Ok(page) if page.status >= 400 => Err(format!("the answer is {}", page.status)),
                Ok(_) => self.accepted()?,
                Err(wrong) => Err(wrong),
            };
            self.note(
                "invite",
                "who is invited by form gets a link, chooses a password there, and is signed in",
                seen,
                told,
            );
            return Ok(());
        }
        Ok(())
    }

    fn accepted(&mut self) -> Asked<Seen> {
        let Some(link) = self.link_to(INVITED)? else {
            return Ok(Err(format!("no mail with a link came to {INVITED}")));
        };
        self.hands.sit(None)?;
        let Some(form) = self.form(&link, &link)? else {
            return Ok(Err("the page behind the link shows no form".to_owned()));
        };
        match self.send(&form, &[("password", PASSWORD)])? {
            Err(wrong) => Ok(Err(wrong)),
            Ok(_) => self.is_in(INVITED),
        }
    }
}

/// What was typed stands in the form that came back, and no password does.
fn kept(page: &Page, action: &str, typed: &Typed<'_>) -> Seen {
    if page.status != 422 {
        return Err(format!("the answer is {}, not 422", page.status));
    }
    let Some(form) = Document::of(&page.text).form_to(action) else {
        return Err("the form does not come back".to_owned());
    };
    for (name, text) in typed {
        if form.values(name) != [*text] {
            return Err(format!(
                "in {name} stands {:?}, not {text:?}",
                form.values(name)
            ));
        }
    }
    let passwords = form
        .controls
        .iter()
        .filter(|control| control.kind == "password");
    for control in passwords {
        if form
            .values(&control.name)
            .iter()
            .any(|text| !text.is_empty())
        {
            return Err(format!("{} is sent back in the page", control.name));
        }
    }
    Ok("everything stands there as it was typed, but the password".to_owned())
}

fn told_of(form: &Form, sent: &Result<Page, String>) -> Option<Exchange> {
    let page = sent.as_ref().ok()?;
    Some(exchange("POST", &form.action, None, page))
}

/// The text of this name, wherever it stands.
fn find(body: &Json, name: &str) -> Option<String> {
    match body {
        Json::Object(map) => match map.get(name) {
            Some(Json::String(text)) => Some(text.clone()),
            _ => map.values().find_map(|value| find(value, name)),
        },
        _ => None,
    }
}
