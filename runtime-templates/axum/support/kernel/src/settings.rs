//! What the whole process agrees on: time zone and currency. Set once, before anything is computed.

use jiff::tz::TimeZone;
use std::sync::OnceLock;

/// The app's time zone and currency.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The time zone of `today` and of dates made from timestamps.
    pub time_zone: TimeZone,
    /// ISO 4217.
    pub currency: String,
    /// Digits of the currency behind the point.
    pub currency_digits: u8,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Fixes the settings; a time zone that is not known is UTC. Later calls change nothing.
pub fn set(time_zone: &str, currency: &str, currency_digits: u8) {
    let time_zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let _ = SETTINGS.set(Settings {
        time_zone,
        currency: currency.to_owned(),
        currency_digits,
    });
}

/// The settings; UTC and dollars where nothing was set.
#[must_use]
pub fn get() -> &'static Settings {
    SETTINGS.get_or_init(|| Settings {
        time_zone: TimeZone::UTC,
        currency: "USD".to_owned(),
        currency_digits: 2,
    })
}
