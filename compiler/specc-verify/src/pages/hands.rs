//! Somebody at the browser: opens pages, types, clicks, and sees what is painted.

use super::CLASS;
use super::chrome::{Chrome, Trouble};
use super::look::{self, Snapshot, ask, point};
use crate::app::{NoAnswer, Page};
use crate::doors::forms::{Filled, Hands as OfForms, Sent};
use crate::doors::html::Form;
use crate::doors::ledger::Seen;
use crate::doors::{Eyes, How, Set};
use crate::judge::Options;
use serde_json::{Value as Json, json};
use specc_ir::model::{Answer, Point, Refusal, State};
use std::time::{Duration, Instant};

/// So many boxes of one group are ticked.
const MOST_CLICKS: usize = 60;
/// After this time a page looks as it will look, and about so often it is drawn.
const SETTLED: Duration = Duration::from_secs(2);
const DRAWN: Duration = Duration::from_millis(20);

/// What comes of a look, where the browser has its say.
pub type Asked<T> = Result<T, NoAnswer>;

/// Somebody at the browser.
pub struct Hands<'c> {
    pub chrome: &'c mut Chrome,
    until: Instant,
    options: Options,
    /// Why nothing more can be done, by no fault of the app.
    why: Option<String>,
    /// The cookie that it has.
    sits: Option<Option<String>>,
    how: How,
}

fn how(id: (&'static str, &'static str), words: &'static str) -> How {
    How {
        class: CLASS,
        id,
        words,
    }
}

impl<'c> Hands<'c> {
    /// Looks until then, and begins nothing later.
    pub fn new(chrome: &'c mut Chrome, until: Instant, options: Options) -> Hands<'c> {
        Hands {
            chrome,
            until,
            options,
            why: None,
            sits: None,
            how: how(("page.", ""), " in a browser"),
        }
    }

    /// Why nothing more was done, by no fault of the app.
    pub fn why(&mut self) -> Option<String> {
        self.why.take()
    }

    /// The browser is gone, or time is up: nothing is done any more.
    fn given_up(&mut self, why: String) -> NoAnswer {
        let error = NoAnswer::new("GET", "the browser", why.clone());
        self.why = Some(why);
        error
    }

    /// What came of something; `Err` inside is the page's own matter.
    pub fn tried<T>(&mut self, done: Result<T, Trouble>) -> Asked<Result<T, String>> {
        match done {
            Ok(value) => Ok(Ok(value)),
            Err(Trouble::Stuck(what)) => Ok(Err(what)),
            Err(Trouble::Gone(what)) => Err(self.given_up(what)),
        }
    }

    /// What must not go wrong.
    pub fn must<T>(&mut self, done: Result<T, Trouble>) -> Asked<T> {
        done.map_err(|trouble| self.given_up(trouble.to_string()))
    }

    /// The window is so wide from now on.
    pub fn look(&mut self, width: u32) -> Asked<()> {
        self.how = if width == look::PHONE {
            how(("page.", ".phone"), ", on a phone")
        } else {
            how(("page.", ".desk"), ", on a desk")
        };
        let looked = self.chrome.look(width);
        self.must(looked)
    }

    /// Pages run their scripts from now on, or do not.
    pub fn scripts(&mut self, on: bool) -> Asked<()> {
        self.how = if on {
            how(("page.", ".scripts"), ", in a browser with scripts")
        } else {
            how(("page.", ".plain"), ", in a browser without scripts")
        };
        if self.chrome.scripts() == on {
            return Ok(());
        }
        let set = self.chrome.set_scripts(on);
        self.must(set)
    }

    /// A person sits down, with this cookie.
    pub fn sit(&mut self, cookie: Option<String>) -> Asked<()> {
        if self.options.stopped() {
            return Err(self.given_up("it was interrupted".to_owned()));
        }
        if Instant::now() > self.until {
            return Err(self.given_up("there was no time for more".to_owned()));
        }
        if self.sits.as_ref() != Some(&cookie) {
            let sat = self.chrome.be(cookie.as_deref());
            self.must(sat)?;
            self.sits = Some(cookie);
        }
        Ok(())
    }

    /// Whoever sits there may have signed in or out.
    pub fn stood_up(&mut self) {
        self.sits = None;
    }

    /// Opens a path for whoever sits there; `Err` inside is why it does not come.
    pub fn go(&mut self, app: &crate::app::App, path: &str) -> Asked<Result<Snapshot, String>> {
        let opened = self
            .chrome
            .open(path)
            .and_then(|()| look::snapshot(self.chrome));
        let came = self.tried(opened)?;
        if came.is_err() {
            // An app that is dead is another matter than a page that does not come to rest.
            app.fetch("GET", "/healthz", &[], None)?;
        }
        Ok(came)
    }

    /// Puts these texts into controls of a form, by the keyboard and by clicks; what is wrong, or that nobody could.
    fn fill(
        &mut self,
        form: &Form,
        typed: &[(String, Vec<String>)],
    ) -> Result<Option<Sent>, Trouble> {
        for (name, texts) in typed {
            let given =
                json!({ "action": form.action, "main": true, "name": name, "texts": texts });
            for _ in 0..MOST_CLICKS {
                let next = ask(self.chrome, "fill", &given)?;
                if next.get("impossible").is_some() {
                    return Ok(Some(Sent::Impossible));
                }
                if let Some(lost) = next.get("lost").and_then(Json::as_str) {
                    return Ok(Some(Sent::Lost(format!("{name}: {lost}"))));
                }
                if let Some(place) = next.get("click").and_then(point) {
                    self.chrome.click(place)?;
                    continue;
                }
                if let Some(text) = next.get("type").and_then(Json::as_str) {
                    self.chrome.type_text(text)?;
                }
                break;
            }
        }
        Ok(None)
    }

    /// What does not stand in the form as it was put there.
    fn differs(
        &mut self,
        form: &Form,
        pairs: &[(String, String)],
    ) -> Result<Option<String>, Trouble> {
        let given = json!({ "action": form.action, "main": true, "pairs": pairs });
        let found = ask(self.chrome, "pairs", &given)?;
        let sorted = |name: &str| {
            let list = found.get(name).and_then(Json::as_array);
            let mut texts: Vec<String> = list.into_iter().flatten().map(Json::to_string).collect();
            texts.sort();
            texts
        };
        let (there, wanted) = (sorted("there"), sorted("wanted"));
        let lacks = wanted.iter().find(|pair| !there.contains(pair));
        let beside = there.iter().find(|pair| !wanted.contains(pair));
        Ok(match (lacks, beside) {
            (None, None) => None,
            (lacks, beside) => Some(format!(
                "the form holds {}, where {} was put",
                beside.map_or("nothing", String::as_str),
                lacks.map_or("nothing", String::as_str)
            )),
        })
    }

    /// Clicks on the form's button: the page that follows, or why there is none.
    pub fn press(&mut self, form: &Form, main: bool) -> Result<Result<Snapshot, String>, Trouble> {
        let given = json!({ "action": form.action, "main": main });
        let Some(place) = point(&ask(self.chrome, "button", &given)?) else {
            return Ok(Err(format!(
                "the button of the form to {} can't be seen",
                form.action
            )));
        };
        if !self.chrome.press(place)? {
            return Ok(Err("a click on its button sends nothing".to_owned()));
        }
        look::snapshot(self.chrome).map(Ok)
    }

    fn sent(
        &mut self,
        form: &Form,
        typed: &[(String, Vec<String>)],
        pairs: &[(String, String)],
    ) -> Result<Sent, Trouble> {
        if let Some(end) = self.fill(form, typed)? {
            return Ok(end);
        }
        if let Some(wrong) = self.differs(form, pairs)? {
            return Ok(Sent::Lost(wrong));
        }
        Ok(match self.press(form, true)? {
            Err(wrong) => Sent::Lost(wrong),
            Ok(snapshot) => match snapshot.wrong.into_iter().next() {
                Some(wrong) => Sent::Lost(format!("on the page that follows {wrong}")),
                None => Sent::Page(snapshot.page),
            },
        })
    }

    /// What is seen where something was refused, once the cursor is where it will stay.
    fn refused(&mut self, given: &Json) -> Result<Json, Trouble> {
        let end = Instant::now() + SETTLED;
        loop {
            let found = ask(self.chrome, "refused", given)?;
            // Browsers move it when they draw the page for the first time.
            if found.get("focus") == Some(&json!("")) || Instant::now() > end {
                return Ok(found);
            }
            self.chrome.wait(DRAWN)?;
        }
    }

    /// Fills a form in and clicks on its button.
    pub fn fill_in(
        &mut self,
        form: &Form,
        typed: &[(String, Vec<String>)],
        pairs: &[(String, String)],
    ) -> Asked<Sent> {
        let sent = self.sent(form, typed, pairs);
        Ok(match self.tried(sent)? {
            Ok(sent) => sent,
            Err(stuck) => Sent::Lost(stuck),
        })
    }
}

impl<'a> Eyes<'a> for Hands<'_> {
    fn how(&self) -> How {
        self.how
    }

    fn open(&mut self, set: &mut Set<'a>, me: Option<i64>, path: &str) -> Asked<Page> {
        let cookie = set.cookie(me)?;
        self.sit(cookie)?;
        Ok(match self.go(set.mirror.app, path)? {
            Ok(snapshot) => snapshot.page,
            // Nothing can be seen there.
            Err(_) => Page {
                status: 0,
                headers: Vec::new(),
                text: String::new(),
            },
        })
    }
}

impl<'a> OfForms<'a> for Hands<'_> {
    fn forges(&self) -> bool {
        false
    }

    /// Once with scripts, once without; what no page offers is looked at with the controls.
    fn would(&mut self, outcome: &Result<(State, Answer), Refusal>, often: usize) -> bool {
        let never = |refusal: &Refusal| {
            matches!(
                refusal.point,
                Point::SignedIn | Point::Caller | Point::Row | Point::Version
            )
        };
        !outcome.as_ref().is_err_and(never) && self.scripts(often == 0).is_ok()
    }

    fn send(&mut self, form: &Form, filled: &Filled) -> Asked<Sent> {
        self.fill_in(form, &filled.typed, &filled.pairs)
    }

    fn after(
        &mut self,
        form: &Form,
        wrong: &[String],
    ) -> Asked<Vec<(&'static str, &'static str, Seen)>> {
        let given = json!({ "action": form.action, "main": true });
        let refused = self.refused(&given);
        let looked = look::judge(self.chrome);
        let (refused, looked) = (self.tried(refused)?, self.tried(looked)?);
        let mut found = Vec::new();
        match refused {
            Ok(refused) => {
                let focus = refused.get("focus").and_then(Json::as_str).unwrap_or("");
                let seen = match focus {
                    "" => Ok("it stands at what is wrong".to_owned()),
                    other => Err(format!("the cursor is at {other}, not at what is wrong")),
                };
                found.push(("focus", "begins at what is wrong", seen));
                if !wrong.is_empty() {
                    found.push((
                        "marked",
                        "sees the fields that are wrong marked, each with its message",
                        marked(&refused, wrong),
                    ));
                }
            }
            Err(stuck) => found.push(("focus", "begins at what is wrong", Err(stuck))),
        }
        match looked {
            Ok(looked) => {
                let of = looked
                    .into_iter()
                    .map(|(id, seen)| (id, "gets a page that is whole", seen));
                found.extend(of);
            }
            Err(stuck) => found.push(("clean", "gets a page that is whole", Err(stuck))),
        }
        Ok(found)
    }
}

fn marked(refused: &Json, wrong: &[String]) -> Seen {
    let fields = refused.get("fields").and_then(Json::as_array);
    for field in fields.into_iter().flatten() {
        let name = field.get("name").and_then(Json::as_str).unwrap_or_default();
        let well = field
            .get("well")
            .and_then(Json::as_bool)
            .unwrap_or_default();
        if wrong.iter().any(|key| key == name) && !well {
            return Err(format!(
                "{name} is not marked, or its message can't be seen"
            ));
        }
    }
    Ok("each is marked, and its message can be seen".to_owned())
}
