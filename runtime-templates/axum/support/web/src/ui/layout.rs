//! The frame of every page, and the small parts pages are put together from.

use super::asset::{Assets, initial};
use super::icon::{Icon, icon};
use super::locale;
use engine::def::App;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

/// What the frame of a page needs to know.
pub struct Frame<'a> {
    /// The app.
    pub app: &'static App,
    /// Its style and script.
    pub assets: &'a Assets,
    /// Who is signed in.
    pub person: Option<Person<'a>>,
    /// What the navigation offers.
    pub links: Vec<Link<'a>>,
    /// What just happened.
    pub flash: Option<Flash<'a>>,
    /// The token a form sends along, empty where none is needed.
    pub form_token: &'a str,
    /// The caller may manage people.
    pub manages_people: bool,
    /// The app runs in development mode.
    pub development: bool,
}

/// Who is signed in.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their e-mail address.
    pub email: &'a str,
}

/// A link of the navigation.
pub struct Link<'a> {
    /// What it says.
    pub text: &'a str,
    /// Where it goes.
    pub href: String,
    /// This is where one is.
    pub current: bool,
}

/// A message above a page.
#[derive(Clone, Copy)]
pub struct Flash<'a> {
    /// How it sounds.
    pub tone: Tone,
    /// What it says.
    pub text: &'a str,
}

/// How a message sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// Something to know.
    Calm,
    /// Take care.
    Warn,
    /// It did not work.
    Bad,
}

/// A whole page.
#[must_use]
pub fn page(frame: &Frame<'_>, title: &str, body: impl Render) -> String {
    let name = frame.app.name;
    let language = if frame.app.language.is_empty() {
        "en"
    } else {
        frame.app.language
    };
    html! {
        (DOCTYPE)
        html lang=(language) dir=[locale::right_to_left(language).then_some("rtl")] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { @if title.is_empty() || title == name { (name) } @else { (title) " · " (name) } }
                link rel="stylesheet" href=(frame.assets.theme.href);
                link rel="stylesheet" href=(frame.assets.style.href);
                link rel="icon" type="image/svg+xml" href=(frame.assets.mark.href);
                script src=(frame.assets.script.href) defer {}
            }
            body {
                a.skip href="#main" { "Skip to content" }
                (header(frame))
                main #main tabindex="-1" {
                    div.wrap {
                        @if let Some(flash) = frame.flash {
                            div.flash { (message(flash.tone, &flash.text)) }
                        }
                        (body)
                    }
                }
                footer.foot {
                    div.wrap {
                        span { (name) }
                        @if frame.development { span { a href="/_outbox" { "Outbox" } " · development mode" } }
                    }
                }
            }
        }
    }
    .into_string()
}

/// What stands at the top of each page: the theme's logo, else the app's name.
fn logo(app: &App) -> &'static str {
    let logo = app.theme.iter().find(|(key, _)| *key == "logo");
    logo.map(|(_, text)| text.trim())
        .filter(|text| !text.is_empty())
        .unwrap_or(app.name)
}

fn header(frame: &Frame<'_>) -> Markup {
    let logo = logo(frame.app);
    html! {
        header.top {
            div.wrap {
                a.brand href="/" {
                    span.mark aria-hidden="true" { (initial(logo)) }
                    span { (logo) }
                }
                nav.nav aria-label="Main" { (links(frame)) }
                div.account { (account(frame)) }
                @if !frame.links.is_empty() {
                    details.menu.small-only {
                        summary.button.quiet.square aria-label="Menu" { (icon(Icon::Menu)) }
                        nav.menu-sheet aria-label="Menu" { (links(frame)) }
                    }
                }
            }
        }
    }
}

fn links(frame: &Frame<'_>) -> Markup {
    html! {
        @for link in &frame.links {
            a href=(link.href) aria-current=[link.current.then_some("page")] { (link.text) }
        }
    }
}

fn account(frame: &Frame<'_>) -> Markup {
    html! {
        @if let Some(person) = frame.person {
            details.menu {
                summary aria-label="Your account" { span.avatar aria-hidden="true" { (initial(person.name)) } }
                div.menu-sheet {
                    p.who { strong { (person.name) } (person.email) }
                    a href="/account" { (icon(Icon::Person)) "Account" }
                    @if frame.manages_people { a href="/account/people" { (icon(Icon::People)) "People and invitations" } }
                    form method="post" action="/logout" {
                        (form_token(frame.form_token))
                        button type="submit" { (icon(Icon::Exit)) "Sign out" }
                    }
                }
            }
        } @else {
            a.button.quiet href="/login" { "Sign in" }
            @if frame.app.accounts.sign_up { a.button.primary.wide-only href="/sign-up" { "Sign up" } }
        }
    }
}

/// The hidden field that proves a form is ours, for browsers that do not say where a request comes from.
#[must_use]
pub fn form_token(token: &str) -> Markup {
    html! { @if !token.is_empty() { input type="hidden" name="_token" value=(token); } }
}

/// A message in the page.
#[must_use]
pub fn message(tone: Tone, body: &dyn Render) -> Markup {
    let (class, sign) = match tone {
        Tone::Good => ("message good", Icon::Check),
        Tone::Calm => ("message", Icon::Info),
        Tone::Warn => ("message warn", Icon::Alert),
        Tone::Bad => ("message bad", Icon::Alert),
    };
    html! {
        @if tone == Tone::Bad { div class=(class) role="alert" tabindex="-1" autofocus { (icon(sign)) div { (body) } } }
        @else { div class=(class) role="status" { (icon(sign)) div { (body) } } }
    }
}

/// Where a page is: `(text, address)`, the last without a link.
#[must_use]
pub fn crumbs(path: &[(&str, &str)]) -> Markup {
    html! {
        nav.crumbs aria-label="You are here" {
            ol { @for (text, href) in path { li { @if href.is_empty() { (text) } @else { a href=(href) { (text) } } } } }
        }
    }
}

/// The head of a page: its title, what is said below it, and what can be done.
#[must_use]
pub fn head(title: impl Render, below: Markup, buttons: Markup) -> Markup {
    html! {
        div.head {
            div.head-text { h1 { (title) } (below) }
            @if !buttons.0.is_empty() { div.bar { (buttons) } }
        }
    }
}

/// Nothing is here, and what to do about it.
#[must_use]
pub fn empty(title: &str, text: &str, buttons: Markup) -> Markup {
    html! {
        div.empty {
            (icon(Icon::Inbox))
            h2 { (title) }
            p { (text) }
            @if !buttons.0.is_empty() { div.bar { (buttons) } }
        }
    }
}

/// Markup that is safe already.
#[must_use]
pub fn safe(html: String) -> Markup {
    PreEscaped(html)
}
