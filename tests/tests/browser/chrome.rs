//! A headless Chromium with one tab, driven through its debugging socket. Knows nothing of apps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

/// A browser; ended when dropped.
pub struct Chrome {
    child: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: String,
    last: u64,
    events: VecDeque<Value>,
    _profile: tempfile::TempDir,
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// CSS pixels.
    pub width: u32,
    /// The dark scheme.
    pub dark: bool,
}

/// What came of opening an address.
#[derive(Debug)]
pub struct Opened {
    /// Of the document.
    pub status: u16,
    /// Errors in the console, without those that only say which status the document has.
    pub errors: Vec<String>,
}

/// The browser's binary.
fn binary() -> PathBuf {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| file.is_file());
    match named.or(found) {
        Some(binary) => binary,
        None => panic!("no Chromium on the path: ./test installs it, or name one in CHROMIUM"),
    }
}

impl Chrome {
    /// Starts a browser with an empty profile.
    pub fn start() -> Chrome {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new(binary())
            .args(["--headless", "--no-sandbox", "--disable-gpu"])
            .args(["--remote-debugging-port=0", "--no-first-run", "--lang=en"])
            .args(["--disable-extensions", "--disable-dev-shm-usage"])
            .args(["--hide-scrollbars", "--force-color-profile=srgb"])
            .arg("--disable-background-networking")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.strip_prefix("DevTools listening on ")
                .map(str::to_owned)
        });
        let Some(address) = address else {
            panic!("Chromium ended before it listened")
        };
        // It would stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let (socket, _) = tungstenite::connect(&address).unwrap();
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream
                .set_read_timeout(Some(Duration::from_secs(180)))
                .unwrap();
            stream.set_nodelay(true).unwrap();
        }
        let mut chrome = Chrome {
            child,
            socket,
            session: String::new(),
            last: 0,
            events: VecDeque::new(),
            _profile: profile,
        };
        let target = chrome.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = chrome.call(
            "Target.attachToTarget",
            json!({ "targetId": target["targetId"], "flatten": true }),
        );
        attached["sessionId"]
            .as_str()
            .unwrap()
            .clone_into(&mut chrome.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            chrome.call(&format!("{domain}.enable"), json!({}));
        }
        chrome
    }

    /// Sends a command and waits for its answer.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        match self.ask(method, params) {
            Ok(result) => result,
            Err(error) => panic!("{method}: {error}"),
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.last += 1;
        let id = self.last;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let sent = self.socket.send(Message::text(message.to_string()));
        sent.map_err(|error| json!(error.to_string()))?;
        loop {
            let mut answer = self
                .receive()
                .map_err(|error| json!(format!("no answer: {error}")))?;
            if answer["id"] == json!(id) {
                return match answer.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(answer["result"].take()),
                };
            }
            self.events.push_back(answer);
        }
    }

    fn receive(&mut self) -> Result<Value, tungstenite::Error> {
        loop {
            if let Message::Text(text) = self.socket.read()? {
                return Ok(serde_json::from_str(&text).unwrap());
            }
        }
    }

    /// Opens an address and waits until it is loaded.
    pub fn open(&mut self, address: &str) -> Opened {
        self.events.clear();
        let answer = self.call("Page.navigate", json!({ "url": address }));
        assert!(answer.get("errorText").is_none(), "{address}: {answer}");
        self.loaded()
    }

    /// Waits for the document that is on its way.
    fn loaded(&mut self) -> Opened {
        let (mut status, mut errors) = (0, Vec::new());
        let mut document = String::new();
        loop {
            let event = match self.events.pop_front() {
                Some(event) => event,
                None => match self.receive() {
                    Ok(event) => event,
                    Err(error) => panic!("no page comes after {}: {error}", self.path()),
                },
            };
            let params = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Network.responseReceived" if params["type"] == "Document" => {
                    let response = &params["response"];
                    status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
                    response["url"].as_str().unwrap().clone_into(&mut document);
                }
                "Runtime.exceptionThrown" => errors.push(params["exceptionDetails"].to_string()),
                "Runtime.consoleAPICalled" if params["type"] == "error" => {
                    errors.push(params["args"].to_string());
                }
                "Log.entryAdded" if params["entry"]["level"] == "error" => {
                    let entry = &params["entry"];
                    // A page of an error has the status of an error.
                    if entry["source"] != "network" || entry["url"] != json!(document) {
                        errors.push(entry.to_string());
                    }
                }
                "Page.javascriptDialogOpening" => {
                    errors.push(format!("a dialog: {}", params["message"]));
                }
                "Page.loadEventFired" => return Opened { status, errors },
                _ => {}
            }
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true }),
        );
        if let Some(details) = answer.get("exceptionDetails") {
            let start: String = expression.chars().take(200).collect();
            panic!("{start}: {details}");
        }
        answer["result"]["value"].clone()
    }

    /// Looks at pages in this way from now on.
    pub fn look(&mut self, look: Look) {
        let phone = look.width < 600;
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({
                "width": look.width,
                "height": if phone { 780 } else { 900 },
                "deviceScaleFactor": 1,
                "mobile": phone,
            }),
        );
        let scheme = if look.dark { "dark" } else { "light" };
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [
                { "name": "prefers-color-scheme", "value": scheme },
                { "name": "prefers-reduced-motion", "value": "reduce" },
            ] }),
        );
    }

    /// Switches the scripts of pages on or off.
    pub fn scripts(&mut self, on: bool) {
        self.call(
            "Emulation.setScriptExecutionDisabled",
            json!({ "value": !on }),
        );
    }

    /// Forgets who is signed in.
    pub fn forget(&mut self) {
        self.call("Network.clearBrowserCookies", json!({}));
    }

    /// Types into what the selector finds, instead of what stands there. A choice is made by its words or its value.
    pub fn fill(&mut self, selector: &str, text: &str) {
        let typed = self.value(&format!(
            "(() => {{
              const control = document.querySelector({}), text = {};
              if (!control) return 'missing';
              if (control.tagName === 'SELECT') {{
                const option = [...control.options].find((one) => one.value === text || one.label === text);
                if (!option) return 'missing';
                control.value = option.value;
                return 'done';
              }}
              if (['date', 'time', 'datetime-local'].includes(control.type)) {{ control.value = text; return 'done'; }}
              control.focus();
              control.select();
              return 'type';
            }})()",
            json!(selector),
            json!(text)
        ));
        assert_ne!(
            typed, "missing",
            "there is no {selector} that takes “{text}”"
        );
        if typed == "type" {
            self.call("Input.insertText", json!({ "text": text }));
        }
    }

    /// Clicks with the mouse, and waits for the page that follows.
    pub fn press(&mut self, selector: &str) -> Opened {
        self.click(selector);
        self.loaded()
    }

    /// Clicks with the mouse.
    pub fn click(&mut self, selector: &str) {
        let place = self.value(&format!(
            "(() => {{
              const control = document.querySelector({});
              if (!control) return null;
              control.scrollIntoView({{ block: 'center', behavior: 'instant' }});
              const box = control.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            }})()",
            json!(selector)
        ));
        assert!(place.is_array(), "there is no {selector} to press");
        self.events.clear();
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 }),
            );
        }
    }

    /// The path and query of the page.
    pub fn path(&mut self) -> String {
        let path = self.value("location.pathname + location.search");
        path.as_str().unwrap().to_owned()
    }

    /// The text of the page as people see it.
    pub fn text(&mut self) -> String {
        let text = self.value("document.body.innerText");
        text.as_str().unwrap().to_owned()
    }

    /// Writes a picture of the whole page.
    pub fn picture(&mut self, file: &Path) {
        let picture = self.call(
            "Page.captureScreenshot",
            json!({ "format": "png", "captureBeyondViewport": true }),
        );
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        let _ = self.ask("Browser.close", json!({}));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
