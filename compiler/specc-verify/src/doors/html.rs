//! A page as a browser without JavaScript has it: forms with what they would send, links, rows, texts.

use scraper::{ElementRef, Html, Selector};

/// A page, parsed.
pub struct Document(Html);

/// A form of a page.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// Where it is sent.
    pub action: String,
    /// `post` or `get`.
    pub method: String,
    /// What it sends as it stands, in the order of its controls.
    pub pairs: Vec<(String, String)>,
    /// Its controls.
    pub controls: Vec<Control>,
}

/// A control of a form. Those of one name are one control.
#[derive(Debug, Clone, Default)]
pub struct Control {
    /// As it is sent.
    pub name: String,
    /// `text`, `checkbox`, `select`, `textarea`, `hidden`, …
    pub kind: String,
    /// What can be chosen: values of options and boxes.
    pub options: Vec<String>,
    /// It is marked as wrong.
    pub invalid: bool,
    /// What describes it, what is wrong among it.
    pub described: String,
}

fn all<'d>(of: ElementRef<'d>, selector: &str) -> Vec<ElementRef<'d>> {
    match Selector::parse(selector) {
        Ok(selector) => of.select(&selector).collect(),
        Err(_) => Vec::new(),
    }
}

fn attribute(of: ElementRef<'_>, name: &str) -> String {
    of.value().attr(name).unwrap_or_default().to_owned()
}

fn text_of(of: ElementRef<'_>) -> String {
    of.text().collect()
}

/// `Tickets 12`
fn number_behind(text: &str, heading: ElementRef<'_>) -> Option<u64> {
    let words = squeezed(&text_of(heading));
    words
        .strip_prefix(squeezed(text).as_str())?
        .trim()
        .parse()
        .ok()
}

/// With single blanks between its words.
pub fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Document {
    /// Parses a page, however it is written.
    pub fn of(text: &str) -> Document {
        Document(Html::parse_document(text))
    }

    fn root(&self) -> ElementRef<'_> {
        self.0.root_element()
    }

    /// The text of its main part.
    pub fn main_text(&self) -> String {
        let main = all(self.root(), "main");
        main.into_iter()
            .map(|main| squeezed(&text_of(main)))
            .collect()
    }

    /// All that stands in it, also where browsers don't show it: texts, and what attributes hold.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for node in self.root().descendants() {
            let value = node.value();
            if let Some(text) = value.as_text() {
                words.push('\n');
                words.push_str(text);
            }
            if let Some(comment) = value.as_comment() {
                words.push_str(comment);
            }
            for (_, text) in value.as_element().into_iter().flat_map(|one| one.attrs()) {
                words.push('\n');
                words.push_str(text);
                words.push('\n');
            }
        }
        words
    }

    /// The number behind this text in the main heading: how many there are.
    pub fn count(&self, text: &str) -> Option<u64> {
        let heads = all(self.root(), "main h1");
        number_behind(text, *heads.first()?)
    }

    /// The number behind this text in a heading below it.
    pub fn heading(&self, text: &str) -> Option<u64> {
        let heads = all(self.root(), "main h2");
        heads.into_iter().find_map(|head| number_behind(text, head))
    }

    /// The addresses of the rows of its table, in order: where the head of each row leads.
    pub fn rows(&self) -> Vec<String> {
        let rows = all(self.root(), "main table tbody tr");
        rows.into_iter()
            .filter_map(|row| all(row, "th a[href], td a[href]").into_iter().next())
            .map(|link| attribute(link, "href"))
            .collect()
    }

    /// Where its links lead, without what comes behind a question mark or a hash.
    pub fn links(&self) -> Vec<String> {
        let links = all(self.root(), "main a[href]").into_iter().map(|link| {
            let href = attribute(link, "href");
            let end = href.find(['?', '#']).unwrap_or(href.len());
            href.get(..end).unwrap_or_default().to_owned()
        });
        links.filter(|href| !href.is_empty()).collect()
    }

    /// All its forms.
    pub fn forms(&self) -> Vec<Form> {
        let forms = all(self.root(), "form");
        forms.into_iter().map(|form| self.form(form)).collect()
    }

    /// The forms of its main part.
    pub fn main_forms(&self) -> Vec<Form> {
        let forms = all(self.root(), "main form");
        forms.into_iter().map(|form| self.form(form)).collect()
    }

    /// The form that posts to this address.
    pub fn form_to(&self, action: &str) -> Option<Form> {
        let mut forms = self.forms().into_iter();
        forms.find(|form| form.method == "post" && form.action == action)
    }

    fn form(&self, form: ElementRef<'_>) -> Form {
        let mut found = Form {
            action: attribute(form, "action"),
            method: attribute(form, "method").to_lowercase(),
            ..Form::default()
        };
        for control in all(form, "input[name], select[name], textarea[name]") {
            let name = attribute(control, "name");
            let element = control.value().name();
            let kind = match element {
                "input" => match attribute(control, "type") {
                    none if none.is_empty() => "text".to_owned(),
                    kind => kind.to_lowercase(),
                },
                other => other.to_owned(),
            };
            let value = attribute(control, "value");
            let mut options = Vec::new();
            let sent = match kind.as_str() {
                "checkbox" | "radio" => {
                    options.push(value.clone());
                    let checked = control.value().attr("checked").is_some();
                    checked.then_some(value)
                }
                "select" => {
                    let of = all(control, "option");
                    options = of.iter().map(|one| attribute(*one, "value")).collect();
                    let mut chosen = of.iter().rev();
                    let chosen = chosen.find(|one| one.value().attr("selected").is_some());
                    let chosen = chosen.map(|one| attribute(*one, "value"));
                    chosen.or_else(|| options.first().cloned())
                }
                // Browsers send line breaks as two characters.
                "textarea" => Some(text_of(control).replace("\r\n", "\n").replace('\n', "\r\n")),
                "submit" | "button" | "reset" | "image" | "file" => continue,
                _ => Some(value),
            };
            if let Some(sent) = sent {
                found.pairs.push((name.clone(), sent));
            }
            let described = self.described(control);
            let invalid = attribute(control, "aria-invalid") == "true";
            match found.controls.iter_mut().find(|known| known.name == name) {
                Some(known) => {
                    if known.kind == "hidden" {
                        known.kind = kind;
                    }
                    known.options.extend(options);
                    known.invalid |= invalid;
                    known.described.push_str(&described);
                }
                None => found.controls.push(Control {
                    name,
                    kind,
                    options,
                    invalid,
                    described,
                }),
            }
        }
        found
    }

    /// What describes a control, or the group that it stands in.
    fn described(&self, control: ElementRef<'_>) -> String {
        let group = control.ancestors().filter_map(ElementRef::wrap);
        let group = group.filter(|one| one.value().name() == "fieldset");
        let mut text = String::new();
        for one in std::iter::once(control).chain(group) {
            for id in attribute(one, "aria-describedby").split_whitespace() {
                let same = |known: &&ElementRef<'_>| known.value().attr("id") == Some(id);
                let elements = all(self.root(), "[id]");
                if let Some(found) = elements.iter().find(same) {
                    text.push_str(&squeezed(&text_of(*found)));
                    text.push('\n');
                }
            }
        }
        text
    }

    /// Something that would run, or take a form elsewhere: a script in the page itself, an attribute with code, a link to
    /// code.
    pub fn live(&self) -> Option<String> {
        for element in self.root().descendants().filter_map(ElementRef::wrap) {
            let name = element.value().name();
            let inline = name == "script" && element.value().attr("src").is_none();
            let strange = matches!(name, "iframe" | "object" | "embed" | "base" | "style");
            if inline || strange {
                return Some(format!("an element {name}"));
            }
            for (attribute, value) in element.value().attrs() {
                let leads = matches!(attribute, "href" | "src" | "action" | "formaction");
                let code = value.trim_start().to_lowercase();
                if attribute.starts_with("on") || (leads && code.starts_with("javascript:")) {
                    return Some(format!("an attribute {attribute} with {value}"));
                }
            }
        }
        None
    }

    /// Its elements with the names of their attributes, in order, one a line: its shape without its words, and without what
    /// is chosen in it, which depends on the order of words.
    pub fn shape(&self) -> Vec<String> {
        let elements = self.root().descendants().filter_map(ElementRef::wrap);
        let lines = elements.map(|element| {
            let names = element.value().attrs().map(|(name, _)| name);
            let mut names: Vec<&str> = names.filter(|name| *name != "selected").collect();
            names.sort_unstable();
            format!("{} {}", element.value().name(), names.join(" "))
        });
        lines.collect()
    }
}

impl Form {
    /// The control of this name.
    pub fn control(&self, name: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.name == name)
    }

    /// What stands in it under this name.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let pairs = self.pairs.iter().filter(|(known, _)| known == name);
        pairs.map(|(_, value)| value.as_str()).collect()
    }

    /// Puts this into it, in the place of what stood there.
    pub fn fill(&mut self, name: &str, values: &[String]) {
        self.pairs.retain(|(known, _)| known != name);
        let pairs = values.iter().map(|value| (name.to_owned(), value.clone()));
        self.pairs.extend(pairs);
    }
}
