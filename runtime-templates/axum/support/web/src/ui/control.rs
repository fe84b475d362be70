//! The controls of a form: a label, help, the control itself, and what is wrong with it.

use super::icon::{Icon, icon};
use kernel::kind::Kind;
use maud::{Markup, html};

/// One field of a form.
pub struct Control<'a> {
    /// As sent.
    pub name: &'a str,
    /// As shown.
    pub label: &'a str,
    /// Help text, may be empty.
    pub help: &'a str,
    /// What it holds.
    pub kind: Kind,
    /// Must be given.
    pub required: bool,
    /// Fewest and most characters.
    pub length: (Option<u32>, Option<u32>),
    /// Smallest and largest value as text for the control.
    pub bounds: (Option<String>, Option<String>),
    /// What is in it now: one text, or several for lists and sets.
    pub values: Vec<String>,
    /// What is wrong with it.
    pub errors: Vec<&'a str>,
    /// What can be chosen, for references.
    pub options: Options,
    /// What stands behind a number: a currency, `%`.
    pub unit: &'a str,
    /// Put before its id, where a page has several forms.
    pub prefix: &'a str,
    /// What browsers may fill in.
    pub autocomplete: &'a str,
    /// What it says where nothing is chosen.
    pub nothing: &'a str,
    /// Something hidden is kept already: left empty it stays, and it can be removed where that is offered.
    pub kept: Option<Removal>,
}

/// Whether what is kept can be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// By ticking a box.
    Offered,
    /// It is required.
    Closed,
}

/// What can be chosen.
pub enum Options {
    /// Nothing to choose from.
    None,
    /// All there is: `(id, text)`.
    All(Vec<(String, String)>),
    /// Too many to list: some of them, and where to look for others.
    Search(Vec<String>, String),
}

impl<'a> Control<'a> {
    /// A plain control with nothing in it.
    #[must_use]
    pub fn new(name: &'a str, label: &'a str, kind: Kind) -> Control<'a> {
        Control {
            name,
            label,
            help: "",
            kind,
            required: false,
            length: (None, None),
            bounds: (None, None),
            values: Vec::new(),
            errors: Vec::new(),
            options: Options::None,
            unit: "",
            prefix: "f",
            autocomplete: "",
            kept: None,
            nothing: "–",
        }
    }

    /// It must be given.
    #[must_use]
    pub fn required(mut self) -> Control<'a> {
        self.required = true;
        self
    }

    /// With this text below its label.
    #[must_use]
    pub fn help(mut self, help: &'a str) -> Control<'a> {
        self.help = help;
        self
    }

    /// With this in it.
    #[must_use]
    pub fn value(mut self, value: &str) -> Control<'a> {
        self.values = vec![value.to_owned()];
        self
    }

    /// Browsers may fill in this.
    #[must_use]
    pub fn autocomplete(mut self, what: &'a str) -> Control<'a> {
        self.autocomplete = what;
        self
    }

    /// The id of the control, for labels and for links from a summary of errors.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}", self.prefix, self.name)
    }

    /// Takes a whole line where fields stand beside each other.
    const fn is_wide(&self) -> bool {
        matches!(
            self.kind,
            Kind::LongText | Kind::Markdown | Kind::Json | Kind::TextList | Kind::Many(..)
        )
    }

    fn first(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    /// The whole field.
    #[must_use]
    pub fn markup(&self) -> Markup {
        let id = self.id();
        let described = self.described(&id);
        let grouped =
            matches!(self.kind, Kind::Many(..) if matches!(self.options, Options::All(_)));
        html! {
            div.field.wide[self.is_wide()] {
                @if matches!(self.kind, Kind::Bool) {
                    input type="hidden" name=(self.name) value="no";
                    label.check for=(id) {
                        input type="checkbox" id=(id) name=(self.name) value="yes" checked[is_yes(self.first())]
                            aria-describedby=[described.as_deref()] aria-invalid=[self.invalid()];
                        span { (self.label) }
                    }
                    (self.help_text(&id))
                } @else if grouped {
                    fieldset aria-describedby=[described.as_deref()] {
                        legend { (self.label) (self.mark()) }
                        (self.help_text(&id))
                        (self.checks(&id))
                    }
                } @else {
                    label for=(id) { (self.label) (self.mark()) }
                    (self.help_text(&id))
                    (self.control(&id, described.as_deref()))
                    @if self.kept == Some(Removal::Offered) {
                        label.check for={ (id) "-remove" } {
                            input type="checkbox" id={ (id) "-remove" } name="_remove" value=(self.name);
                            span { "Remove what is kept" }
                        }
                    }
                }
                @for (place, error) in self.errors.iter().enumerate() {
                    p.error id={ (id) "-error-" (place) } { (icon(Icon::Alert)) span { (worded(self.label, error)) } }
                }
            }
        }
    }

    fn mark(&self) -> Markup {
        html! { @if self.required { " " span.required aria-hidden="true" { "*" } } }
    }

    fn invalid(&self) -> Option<&'static str> {
        (!self.errors.is_empty()).then_some("true")
    }

    fn described(&self, id: &str) -> Option<String> {
        let mut ids = Vec::new();
        if !self.help_words().is_empty() {
            ids.push(format!("{id}-help"));
        }
        ids.extend((0..self.errors.len()).map(|place| format!("{id}-error-{place}")));
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// The spec's own words, else what the format of the value asks for.
    fn help_words(&self) -> &str {
        if !self.help.is_empty() {
            return self.help;
        }
        match self.kind {
            Kind::Password | Kind::Secret if self.kept.is_some() => "left empty, it stays as it is",
            Kind::TextList => "one per line",
            Kind::Duration => "for example 90 minutes, 14 days or PT1H30M",
            Kind::Markdown => "Markdown works here",
            _ if matches!(self.options, Options::Search(..)) => {
                "type a few letters of the name, or # and its number"
            }
            _ => "",
        }
    }

    fn help_text(&self, id: &str) -> Markup {
        let words = self.help_words();
        html! { @if !words.is_empty() { p.help id={ (id) "-help" } { (words) } } }
    }

    fn checks(&self, id: &str) -> Markup {
        let Options::All(options) = &self.options else {
            return html! {};
        };
        html! {
            input type="hidden" name=(self.name) value="";
            @if options.is_empty() { p.none { "Nothing to choose from yet." } } @else {
                div.checks {
                    @for (value, text) in options {
                        label.check for={ (id) "-" (value) } {
                            input type="checkbox" id={ (id) "-" (value) } name=(self.name) value=(value) checked[self.values.contains(value)];
                            span { (text) }
                        }
                    }
                }
            }
        }
    }

    fn control(&self, id: &str, described: Option<&str>) -> Markup {
        let invalid = self.invalid();
        let value = self.first();
        if let Kind::Choice(choices) = self.kind {
            let options: Vec<(&str, &str)> = choices
                .iter()
                .map(|choice| (choice.value, choice.label))
                .collect();
            return self.select(id, described, &options);
        }
        if let (Kind::Reference(_), Options::All(all)) = (self.kind, &self.options) {
            let options: Vec<(&str, &str)> = all
                .iter()
                .map(|(value, text)| (value.as_str(), text.as_str()))
                .collect();
            return self.select(id, described, &options);
        }
        if let Options::Search(some, address) = &self.options {
            let several = matches!(self.kind, Kind::Many(..));
            return html! {
                @if several {
                    textarea id=(id) name=(self.name) aria-describedby=[described] aria-invalid=[invalid] placeholder="one per line" {
                        "\n" (self.values.join("\n"))
                    }
                } @else {
                    input type="text" id=(id) name=(self.name) value=(value) list={ (id) "-list" } data-options=(address) autocomplete="off"
                        required[self.required] aria-describedby=[described] aria-invalid=[invalid];
                    datalist id={ (id) "-list" } { @for text in some { option value=(text) {} } }
                }
            };
        }
        let text_area = |class: &str, text: &str| {
            html! {
                // A line break right after the tag is dropped by browsers: one of ours keeps one of theirs.
                textarea id=(id) name=(self.name) class=(class) required[self.required] maxlength=[self.length.1]
                    aria-describedby=[described] aria-invalid=[invalid] { "\n" (text) }
            }
        };
        match self.kind {
            Kind::LongText => return text_area("", value),
            Kind::Markdown => return text_area("tall", value),
            Kind::Json => return text_area("tall", value),
            Kind::TextList => return text_area("", &self.values.join("\n")),
            // What is hidden is never put into a page that asks for it.
            Kind::Secret => {
                return html! {
                    textarea.secret id=(id) name=(self.name) required[self.required] maxlength=[self.length.1] rows="2"
                        autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby=[described] aria-invalid=[invalid] {}
                };
            }
            _ => {}
        }
        let (kind, mode, step) = match self.kind {
            Kind::Email => ("email", None, None),
            Kind::Url => ("url", None, None),
            Kind::Password => ("password", None, None),
            Kind::Integer => ("number", Some("numeric"), Some("1")),
            Kind::Decimal(_) | Kind::Money | Kind::Percent => ("text", Some("decimal"), None),
            Kind::Date => ("date", None, None),
            Kind::Time => ("time", None, (value.len() > 5).then_some("1")),
            Kind::Timestamp => ("datetime-local", None, (value.len() > 16).then_some("any")),
            _ => ("text", None, None),
        };
        let short = matches!(
            self.kind,
            Kind::Integer
                | Kind::Decimal(_)
                | Kind::Money
                | Kind::Percent
                | Kind::Date
                | Kind::Time
                | Kind::Timestamp
                | Kind::Duration
        );
        let native = matches!(
            self.kind,
            Kind::Integer | Kind::Date | Kind::Time | Kind::Timestamp
        );
        let texts = matches!(
            self.kind,
            Kind::Text | Kind::Email | Kind::Url | Kind::Slug(_) | Kind::Password
        );
        let autocomplete = match self.kind {
            _ if !self.autocomplete.is_empty() => Some(self.autocomplete),
            Kind::Password => Some("new-password"),
            _ => None,
        };
        let input = html! {
            input type=(kind) id=(id) name=(self.name) value=[(!matches!(self.kind, Kind::Password)).then_some(value)] inputmode=[mode] step=[step]
                minlength=[self.length.0.filter(|least| texts && *least > 0)] maxlength=[self.length.1.filter(|_| texts)]
                min=[self.bounds.0.as_deref().filter(|_| native)] max=[self.bounds.1.as_deref().filter(|_| native)]
                required[self.required] autocomplete=[autocomplete] aria-describedby=[described] aria-invalid=[invalid];
        };
        html! {
            @if !self.unit.is_empty() { div.affix.short { (input) span aria-hidden="true" { (self.unit) } } }
            @else if short { div.short { (input) } }
            @else { (input) }
        }
    }

    fn select(&self, id: &str, described: Option<&str>, options: &[(&str, &str)]) -> Markup {
        let value = self.first();
        let known = value.is_empty() || options.iter().any(|(option, _)| *option == value);
        html! {
            select id=(id) name=(self.name) required[self.required] aria-describedby=[described] aria-invalid=[self.invalid()] {
                @if !self.required || value.is_empty() || !known {
                    option value="" selected[value.is_empty()] { @if self.required { "Choose …" } @else { (self.nothing) } }
                }
                @for (option, text) in options { option value=(option) selected[*option == value] { (text) } }
            }
        }
    }
}

/// A complaint as a sentence about its field: `must be a date` → `Due must be a date`; a sentence stays as it is.
#[must_use]
pub fn worded(label: &str, message: &str) -> String {
    if message.starts_with(char::is_lowercase) {
        format!("{label} {message}")
    } else {
        message.to_owned()
    }
}

/// The same in a list of all that is wrong, where the field is out of sight.
#[must_use]
pub fn listed(label: &str, message: &str) -> String {
    if message.starts_with(char::is_lowercase) {
        worded(label, message)
    } else {
        format!("{label}: {message}")
    }
}

fn is_yes(text: &str) -> bool {
    matches!(text, "yes" | "true" | "1" | "on")
}

/// What is wrong, above a form: links to the fields, and what concerns no single field.
#[must_use]
pub fn error_summary(errors: &[(Option<String>, String)]) -> Markup {
    html! {
        @if !errors.is_empty() {
            // Whoever works by keyboard or ear begins here, with scripts or without.
            div.message.bad role="alert" tabindex="-1" autofocus {
                (icon(Icon::Alert))
                div {
                    h2 { @if errors.len() == 1 { "One thing needs your attention" } @else { (errors.len()) " things need your attention" } }
                    ul {
                        @for (id, text) in errors {
                            li { @if let Some(id) = id { a href={ "#" (id) } { (text) } } @else { (text) } }
                        }
                    }
                }
            }
        }
    }
}
