//! The icons, drawn on a grid of 16, as inline SVG that takes the colour of the text.

use maud::{Markup, PreEscaped, html};

/// An icon by its name; hidden from assistive technology, so the words beside it must do.
#[must_use]
pub fn icon(name: Icon) -> Markup {
    html! {
        svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
            path d=(PreEscaped(name.path())) {}
        }
    }
}

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Something new.
    Plus,
    /// Search.
    Search,
    /// More below.
    Down,
    /// Sorted upwards.
    Up,
    /// Go on.
    Right,
    /// Go back.
    Left,
    /// It went well.
    Check,
    /// Something is wrong.
    Alert,
    /// To know.
    Info,
    /// Change.
    Pencil,
    /// Delete.
    Trash,
    /// Download.
    Download,
    /// Filter.
    Filter,
    /// Navigation.
    Menu,
    /// Nothing here.
    Inbox,
    /// A person.
    Person,
    /// People.
    People,
    /// Sign out.
    Exit,
    /// Mail.
    Mail,
    /// A lock.
    Lock,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Icon::Plus => "M8 3v10M3 8h10",
            Icon::Search => "M7.2 12a4.8 4.8 0 1 0 0-9.6 4.8 4.8 0 0 0 0 9.6ZM10.7 10.7l3 3",
            Icon::Down => "m4 6 4 4 4-4",
            Icon::Up => "m4 10 4-4 4 4",
            Icon::Right => "m6 3.5 4.5 4.5L6 12.5",
            Icon::Left => "M10 3.5 5.5 8l4.5 4.5",
            Icon::Check => "m3 8.5 3.2 3.2L13 4.8",
            Icon::Alert => "M8 2.2 14.4 13.4H1.6L8 2.2ZM8 6.4v3.2M8 11.5v.1",
            Icon::Info => "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.4v3.4M8 5.1v.1",
            Icon::Pencil => "m10.8 2.9 2.3 2.3-7.6 7.6-3 .7.7-3 7.6-7.6Z",
            Icon::Trash => {
                "M2.8 4.4h10.4M6.2 4.2V2.6h3.6v1.6M4.2 4.6l.6 8.8h6.4l.6-8.8M6.7 7v3.8M9.3 7v3.8"
            }
            Icon::Download => "M8 2.4v7.4M4.8 6.9 8 10l3.2-3.1M2.8 13.2h10.4",
            Icon::Filter => "M2.4 4h11.2M4.6 8h6.8M6.6 12h2.8",
            Icon::Menu => "M2.4 4.2h11.2M2.4 8h11.2M2.4 11.8h11.2",
            Icon::Inbox => "M2 9.2 3.9 3h8.2L14 9.2V13H2V9.2ZM2 9.2h3.4l1 1.7h3.2l1-1.7H14",
            Icon::Person => {
                "M8 7.8a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM2.8 13.6c.5-2.5 2.6-3.9 5.2-3.9s4.700 1.400 5.200 3.900"
            }
            Icon::People => {
                "M6 7.600a2.400 2.400 0 1 0 0-4.800 2.400 2.400 0 0 0 0 4.800ZM1.600 13.200c.4-2.300 2.100-3.600 4.400-3.600s4 1.300 4.400 3.600M10.600 3.100a2.400 2.400 0 0 1 0 4.300M11.800 9.900c1.400.4 2.300 1.500 2.600 3.300"
            }
            Icon::Exit => "M6.200 13.600H2.800V2.400h3.400M10.200 11l3-3-3-3M13 8H6",
            Icon::Mail => "M2 3.600h12v8.800H2V3.600ZM2.200 4l5.800 5 5.800-5",
            Icon::Lock => {
                "M3.600 7.200h8.800v6.200H3.600V7.200ZM5.400 7V5.200a2.600 2.600 0 0 1 5.200 0V7"
            }
        }
    }
}
