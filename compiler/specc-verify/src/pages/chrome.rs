//! A Chromium with one tab, spoken to by its debugging protocol through two pipes. Knows nothing of programs.

use serde_json::{Value as Json, json};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long a page may take to come, and an answer of the browser.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long after a click a page must be on its way.
const SOON: Duration = Duration::from_secs(6);
/// How long the browser may take to start.
const START: Duration = Duration::from_secs(30);
/// So many things that are wrong with a page are kept.
const MOST_WRONG: usize = 8;

/// The two ends of a browser: commands are written to the one, answers and events read from the other, each a JSON text
/// with a zero byte behind it (`--remote-debugging-pipe`).
pub struct Ends {
    /// Commands.
    pub to: Box<dyn Write + Send>,
    /// Answers and events.
    pub from: Box<dyn Read + Send>,
}

/// Why something could not be done in the browser.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Trouble {
    /// The page does not come, or does not come to rest.
    #[error("{0}")]
    Stuck(String),
    /// The browser itself is gone, or says no.
    #[error("{0}")]
    Gone(String),
}

/// What came of a click or of an address.
#[derive(Debug, Clone, Default)]
pub struct Came {
    /// The status of the first answer: of a redirection, where there was one.
    pub first: u16,
    /// Where the first answer leads, if it does.
    pub location: Option<String>,
    /// The status of the document that is there now.
    pub status: u16,
    /// What is wrong beside what it shows: errors in the console, parts that don't come, addresses elsewhere.
    pub wrong: Vec<String>,
}

/// A browser with one tab.
pub struct Chrome {
    to: Box<dyn Write + Send>,
    heard: Receiver<Json>,
    target: String,
    session: String,
    last: u64,
    events: VecDeque<Json>,
    base: String,
    log: Log,
    scripts: bool,
    width: u32,
}

/// What was heard since a page was asked for.
#[derive(Debug, Default)]
struct Log {
    came: Came,
    document: String,
    asked: bool,
    loaded: bool,
}

fn text<'j>(json: &'j Json, pointer: &str) -> &'j str {
    json.pointer(pointer)
        .and_then(Json::as_str)
        .unwrap_or_default()
}

fn status(json: &Json, pointer: &str) -> u16 {
    let number = json.pointer(pointer).and_then(Json::as_u64);
    number
        .and_then(|number| u16::try_from(number).ok())
        .unwrap_or(0)
}

impl Chrome {
    /// Takes a browser over that just started; `base` is the only address that its pages may name.
    ///
    /// # Errors
    /// Where it does not answer.
    pub fn new(ends: Ends, base: &str) -> Result<Chrome, Trouble> {
        let (say, heard) = channel();
        let mut from = BufReader::new(ends.from);
        // Ends with the pipe, and that with the browser.
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while from.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop();
                if let Ok(json) = serde_json::from_slice(&message)
                    && say.send(json).is_err()
                {
                    return;
                }
                message.clear();
            }
        });
        let mut chrome = Chrome {
            to: ends.to,
            heard,
            target: String::new(),
            session: String::new(),
            last: 0,
            events: VecDeque::new(),
            base: base.to_owned(),
            log: Log::default(),
            scripts: true,
            width: 1280,
        };
        chrome.within(START, "Browser.getVersion", json!({}))?;
        chrome.tab()?;
        Ok(chrome)
    }

    /// A new tab in the place of the old one.
    fn tab(&mut self) -> Result<(), Trouble> {
        let old = std::mem::take(&mut self.target);
        self.session.clear();
        if !old.is_empty() {
            self.call("Target.closeTarget", json!({ "targetId": old }))?;
        }
        let made = self.call("Target.createTarget", json!({ "url": "about:blank" }))?;
        self.target = text(&made, "/targetId").to_owned();
        let asked = json!({ "targetId": self.target, "flatten": true });
        let attached = self.call("Target.attachToTarget", asked)?;
        self.session = text(&attached, "/sessionId").to_owned();
        for domain in ["Page", "Runtime", "Log", "Network", "DOM", "Accessibility"] {
            self.call(&format!("{domain}.enable"), json!({}))?;
        }
        // The tab is drawn and has the keyboard, whatever window is in front.
        let focused = json!({ "enabled": true });
        self.call("Emulation.setFocusEmulationEnabled", focused)?;
        self.call("Page.bringToFront", json!({}))?;
        let calm = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
        self.call("Emulation.setEmulatedMedia", calm)?;
        self.set_scripts(self.scripts)?;
        self.look(self.width)
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// Where none comes, or it is an error.
    pub fn call(&mut self, method: &str, params: Json) -> Result<Json, Trouble> {
        self.within(PATIENCE, method, params)
    }

    fn within(&mut self, patience: Duration, method: &str, params: Json) -> Result<Json, Trouble> {
        let id = self.send(method, params)?;
        let end = Instant::now() + patience;
        while let Some(mut answer) = self.receive(end)? {
            if answer.get("id").and_then(Json::as_u64) != Some(id) {
                // Nothing is answered while a page asks something.
                if !self.is_dialog(&answer)? {
                    self.events.push_back(answer);
                }
                continue;
            }
            return match answer.get("error") {
                Some(error) => Err(Trouble::Gone(format!(
                    "the browser answers {method} with {}",
                    text(error, "/message")
                ))),
                None => Ok(answer.get_mut("result").map(Json::take).unwrap_or_default()),
            };
        }
        Err(Trouble::Stuck(format!(
            "the page does not come to rest within {} s",
            patience.as_secs()
        )))
    }

    fn send(&mut self, method: &str, params: Json) -> Result<u64, Trouble> {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let (false, Some(message)) = (self.session.is_empty(), message.as_object_mut()) {
            message.insert("sessionId".to_owned(), json!(self.session));
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let sent = self.to.write_all(&bytes).and_then(|()| self.to.flush());
        sent.map_err(|error| Trouble::Gone(format!("the browser ended: {error}")))?;
        Ok(self.last)
    }

    /// What the browser says next; `None` where it says nothing until then.
    fn receive(&mut self, end: Instant) -> Result<Option<Json>, Trouble> {
        let wait = end.saturating_duration_since(Instant::now());
        match self.heard.recv_timeout(wait) {
            Ok(json) => Ok(Some(json)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                Err(Trouble::Gone("the browser ended".to_owned()))
            }
        }
    }

    /// Hears one event: one that waits, else the next that comes until then.
    fn hear(&mut self, end: Instant) -> Result<bool, Trouble> {
        let event = match self.events.pop_front() {
            Some(event) => event,
            None => match self.receive(end)? {
                Some(event) => event,
                None => return Ok(false),
            },
        };
        if !self.is_dialog(&event)? && text(&event, "/sessionId") == self.session {
            self.note(&event);
        }
        Ok(true)
    }

    /// Takes what a page asks, at once: as long as it waits, nothing else is answered.
    fn is_dialog(&mut self, event: &Json) -> Result<bool, Trouble> {
        if text(event, "/method") != "Page.javascriptDialogOpening"
            || text(event, "/sessionId") != self.session
        {
            return Ok(false);
        }
        if text(event, "/params/type") != "beforeunload" {
            self.wrong(format!(
                "a dialog opens: {}",
                text(event, "/params/message")
            ));
        }
        self.send("Page.handleJavaScriptDialog", json!({ "accept": true }))?;
        Ok(true)
    }

    fn wrong(&mut self, what: String) {
        let wrong = &mut self.log.came.wrong;
        if wrong.len() < MOST_WRONG && !wrong.contains(&what) {
            wrong.push(what.chars().take(400).collect());
        }
    }

    fn note(&mut self, event: &Json) {
        let params = event.get("params").unwrap_or(&Json::Null);
        let document = text(params, "/type") == "Document";
        match text(event, "/method") {
            "Network.requestWillBeSent" => {
                let url = text(params, "/request/url");
                if document {
                    self.log.asked = true;
                    let redirected = status(params, "/redirectResponse/status");
                    if redirected > 0 && self.log.came.first == 0 {
                        self.log.came.first = redirected;
                        let to = url.strip_prefix(self.base.as_str()).unwrap_or(url);
                        self.log.came.location = Some(to.to_owned());
                    }
                }
                if self.is_elsewhere(url) {
                    self.wrong(format!("something is asked for elsewhere: {url}"));
                }
            }
            "Network.responseReceived" => {
                let code = status(params, "/response/status");
                let url = text(params, "/response/url");
                if document {
                    url.clone_into(&mut self.log.document);
                    self.log.came.status = code;
                    if self.log.came.first == 0 {
                        self.log.came.first = code;
                    }
                } else if code >= 400 {
                    self.wrong(format!("{url} is answered with {code}"));
                }
            }
            "Network.loadingFailed" => {
                let blocked = text(params, "/blockedReason");
                let error = text(params, "/errorText");
                // What is broken off because another page comes is no fault.
                if !document && (error != "net::ERR_ABORTED" || !blocked.is_empty()) {
                    let kind = text(params, "/type").to_lowercase();
                    self.wrong(format!("a {kind} does not come: {error} {blocked}"));
                }
            }
            "Runtime.exceptionThrown" => {
                let details = params.get("exceptionDetails").unwrap_or(&Json::Null);
                let said = match text(details, "/exception/description") {
                    "" => text(details, "/text"),
                    said => said,
                };
                self.wrong(format!("a script breaks off: {said}"));
            }
            "Runtime.consoleAPICalled" if matches!(text(params, "/type"), "error" | "assert") => {
                let said = match text(params, "/args/0/value") {
                    "" => text(params, "/args/0/description"),
                    said => said,
                };
                self.wrong(format!("a script complains: {said}"));
            }
            "Log.entryAdded" if text(params, "/entry/level") == "error" => {
                let url = text(params, "/entry/url");
                // A page that says what is wrong has the status of an error; parts of pages were noted above.
                if text(params, "/entry/source") != "network" {
                    let said = text(params, "/entry/text");
                    self.wrong(format!("the console says: {said} {url}"));
                }
            }
            // Not that of the empty page before.
            "Page.loadEventFired" => self.log.loaded = !self.log.document.is_empty(),
            _ => {}
        }
    }

    fn is_elsewhere(&self, url: &str) -> bool {
        let inside = ["data:", "blob:", "about:"];
        let rest = url.strip_prefix(self.base.as_str());
        !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
            && !inside.iter().any(|scheme| url.starts_with(scheme))
    }

    /// Nothing was heard so far.
    fn forget_what_was_heard(&mut self) -> Result<(), Trouble> {
        while self.hear(Instant::now())? {}
        self.log = Log::default();
        Ok(())
    }

    /// Opens a path of the app and waits until all of it is there.
    ///
    /// # Errors
    /// Where it does not come.
    pub fn open(&mut self, path: &str) -> Result<(), Trouble> {
        self.forget_what_was_heard()?;
        let url = format!("{}{path}", self.base);
        let gone = match self.call("Page.navigate", json!({ "url": url })) {
            Ok(answer) => text(&answer, "/errorText").to_owned(),
            Err(Trouble::Stuck(_)) => {
                // The page before does not let go.
                self.tab()?;
                let answer = self.call("Page.navigate", json!({ "url": url }))?;
                text(&answer, "/errorText").to_owned()
            }
            Err(gone) => return Err(gone),
        };
        if !gone.is_empty() {
            return Err(Trouble::Stuck(format!("{path} does not come: {gone}")));
        }
        self.loaded(path)
    }

    fn loaded(&mut self, what: &str) -> Result<(), Trouble> {
        let end = Instant::now() + PATIENCE;
        while !self.log.loaded {
            if !self.hear(end)? {
                self.tab()?;
                return Err(Trouble::Stuck(format!(
                    "{what} does not come to an end within {} s",
                    PATIENCE.as_secs()
                )));
            }
        }
        Ok(())
    }

    /// Clicks there, and waits for the page that follows; `false` where none does.
    ///
    /// # Errors
    /// Where a page is on its way and does not come.
    pub fn press(&mut self, place: (f64, f64)) -> Result<bool, Trouble> {
        self.forget_what_was_heard()?;
        self.click(place)?;
        let soon = Instant::now() + SOON;
        while !self.log.asked {
            if !self.hear(soon)? {
                return Ok(false);
            }
        }
        self.loaded("the page behind the button")?;
        Ok(true)
    }

    /// Clicks with the mouse.
    ///
    /// # Errors
    /// Where the page does not take it.
    pub fn click(&mut self, (x, y): (f64, f64)) -> Result<(), Trouble> {
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 }),
            )?;
        }
        Ok(())
    }

    /// Types a text where the cursor is, in the place of what is selected.
    ///
    /// # Errors
    /// Where the page does not take it.
    pub fn type_text(&mut self, text: &str) -> Result<(), Trouble> {
        if text.is_empty() {
            for kind in ["keyDown", "keyUp"] {
                let key = json!({ "type": kind, "key": "Delete", "code": "Delete", "windowsVirtualKeyCode": 46 });
                self.call("Input.dispatchKeyEvent", key)?;
            }
            return Ok(());
        }
        self.call("Input.insertText", json!({ "text": text }))?;
        Ok(())
    }

    /// The value of an expression in the page.
    ///
    /// # Errors
    /// Where the page does not answer.
    pub fn value(&mut self, expression: &str) -> Result<Json, Trouble> {
        let asked = json!({ "expression": expression, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", asked)?;
        if let Some(details) = answer.get("exceptionDetails") {
            let said = text(details, "/exception/description");
            return Err(Trouble::Stuck(format!(
                "the page can't be looked at: {said}"
            )));
        }
        let value = answer.pointer_mut("/result/value").map(Json::take);
        Ok(value.unwrap_or_default())
    }

    /// What came of the last click or address, with what was heard until now.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub fn came(&mut self) -> Result<Came, Trouble> {
        while self.hear(Instant::now())? {}
        Ok(self.log.came.clone())
    }

    /// Lets the page go on for so long.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub fn wait(&mut self, time: Duration) -> Result<(), Trouble> {
        let end = Instant::now() + time;
        while self.hear(end)? {}
        Ok(())
    }

    /// The window is so wide from now on, in CSS pixels.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub fn look(&mut self, width: u32) -> Result<(), Trouble> {
        self.width = width;
        let phone = width < 600;
        let metrics = json!({
            "width": width,
            "height": if phone { 780 } else { 900 },
            "deviceScaleFactor": 1,
            "mobile": phone,
        });
        self.call("Emulation.setDeviceMetricsOverride", metrics)?;
        Ok(())
    }

    /// How wide it is.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pages run their scripts from now on, or do not.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub fn set_scripts(&mut self, on: bool) -> Result<(), Trouble> {
        self.scripts = on;
        self.call(
            "Emulation.setScriptExecutionDisabled",
            json!({ "value": !on }),
        )?;
        Ok(())
    }

    /// Whether they do.
    pub fn scripts(&self) -> bool {
        self.scripts
    }

    /// Whoever sits in front of it has this cookie, `name=value`, and no other.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub fn be(&mut self, cookie: Option<&str>) -> Result<(), Trouble> {
        self.call("Network.clearBrowserCookies", json!({}))?;
        if let Some((name, value)) = cookie.and_then(|cookie| cookie.split_once('=')) {
            let cookie =
                json!({ "name": name, "value": value, "url": self.base, "httpOnly": true });
            self.call("Network.setCookie", cookie)?;
        }
        Ok(())
    }

    /// The first of its cookies as it would be sent, `name=value`.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub fn cookie(&mut self) -> Result<Option<String>, Trouble> {
        let answer = self.call("Network.getCookies", json!({ "urls": [self.base] }))?;
        let first = answer.pointer("/cookies/0");
        Ok(first.map(|cookie| format!("{}={}", text(cookie, "/name"), text(cookie, "/value"))))
    }
}
