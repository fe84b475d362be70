//! How numbers, money and days are written in the app's language. The words of the interface are English; what is
//! written here follows the habits of the language (Unicode CLDR), and ISO 8601 where they are not known.

use engine::def::App;
use kernel::kind::Kind;
use kernel::value::Value;

/// Between digits: the decimal sign, and what parts thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Signs {
    point: char,
    group: char,
    /// Thousands are parted from this many digits on.
    from: usize,
}

/// In what order a day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// `1 Mar 2026`
    Words,
    /// `Mar 1, 2026`
    AmericanWords,
    /// `01.03.2026`, with this between.
    Down(char),
    /// `2026-03-01`, with this between.
    Up(char),
}

/// The language without its region, in lower case: `de` of `de-CH`.
fn base(language: &str) -> String {
    let base = language.split(['-', '_']).next().unwrap_or_default();
    base.to_ascii_lowercase()
}

fn region(language: &str) -> String {
    let region = language
        .split(['-', '_'])
        .skip(1)
        .find(|part| part.len() == 2);
    region.unwrap_or_default().to_ascii_uppercase()
}

/// Pages in this language run from right to left.
#[must_use]
pub fn right_to_left(language: &str) -> bool {
    const BASES: [&str; 11] = [
        "ar", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi",
    ];
    BASES.contains(&base(language).as_str())
}

/// In this language nouns are written with a capital letter wherever they stand.
#[must_use]
pub fn capital_nouns(language: &str) -> bool {
    ["de", "lb"].contains(&base(language).as_str())
}

fn signs(language: &str) -> Signs {
    let signs = |point, group, from| Signs { point, group, from };
    match (base(language).as_str(), region(language).as_str()) {
        ("de" | "it", "CH" | "LI") => signs('.', '’', 4),
        ("de", "AT") => signs(',', '\u{a0}', 4),
        ("es" | "pt", "MX" | "US" | "GT" | "HN" | "NI" | "PA" | "PE" | "PR" | "SV" | "DO") => {
            signs('.', ',', 4)
        }
        ("es", _) | ("pt", "PT") => signs(
            ',',
            if base(language) == "pt" {
                '\u{a0}'
            } else {
                '.'
            },
            5,
        ),
        ("pl", _) => signs(',', '\u{a0}', 5),
        (
            "de" | "nl" | "it" | "pt" | "da" | "tr" | "el" | "ro" | "sl" | "hr" | "sr" | "bs"
            | "id" | "vi" | "is" | "ca" | "gl" | "mk",
            _,
        ) => signs(',', '.', 4),
        (
            "fr" | "sv" | "nb" | "nn" | "no" | "fi" | "cs" | "sk" | "hu" | "ru" | "uk" | "bg"
            | "lt" | "lv" | "et" | "be" | "kk" | "hy" | "ka",
            _,
        ) => signs(',', '\u{a0}', 4),
        _ => signs('.', ',', 4),
    }
}

fn day(language: &str) -> Day {
    match (base(language).as_str(), region(language).as_str()) {
        ("en" | "", "US") => Day::AmericanWords,
        ("en" | "", _) => Day::Words,
        (
            "de" | "da" | "fi" | "nb" | "nn" | "no" | "cs" | "sk" | "pl" | "ru" | "uk" | "tr"
            | "ro" | "et" | "lv" | "is" | "sl" | "hr" | "sr" | "bs" | "bg" | "be" | "mk" | "he"
            | "kk" | "hy" | "ka",
            _,
        ) => Day::Down('.'),
        ("fr", "CA") => Day::Up('-'),
        ("fr" | "es" | "it" | "pt" | "el" | "ca" | "gl" | "id" | "vi" | "ms", _) => Day::Down('/'),
        ("nl", _) => Day::Down('-'),
        ("ja", _) => Day::Up('/'),
        _ => Day::Up('-'),
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A day: `1 Mar 2026` in English, `01.03.2026` in German, `2026-03-01` where the habit is not known.
#[must_use]
pub fn date(language: &str, days: i64) -> String {
    let date = Some(days);
    let parts = (
        kernel::time::year_of_date(date),
        kernel::time::month_of_date(date),
        kernel::time::day_of_date(date),
    );
    let (Some(year), Some(month), Some(number)) = parts else {
        return kernel::time::date_text(days);
    };
    let word = usize::try_from(month)
        .ok()
        .and_then(|month| MONTHS.get(month.checked_sub(1)?))
        .copied()
        .unwrap_or_default();
    match day(language) {
        Day::Words => format!("{number} {word} {year}"),
        Day::AmericanWords => format!("{word} {number}, {year}"),
        Day::Down(sign) => format!("{number:02}{sign}{month:02}{sign}{year:04}"),
        Day::Up(sign) => format!("{year:04}{sign}{month:02}{sign}{number:02}"),
    }
}

/// A moment on the clock of the app: `1 Mar 2026, 14:05`.
#[must_use]
pub fn moment(language: &str, at: i64) -> String {
    let text = kernel::time::local_text(at);
    match (kernel::time::date_of(Some(at)), text.split_once(' ')) {
        (Some(days), Some((_, clock))) => format!("{}, {clock}", date(language, days)),
        _ => text,
    }
}

/// `1,234.50` with the signs of the language; `plain` is `1234.50` or `-1,234.50`.
fn with_signs(plain: &str, signs: Signs) -> String {
    let whole = plain.split('.').next().unwrap_or_default();
    let digits = whole.chars().filter(char::is_ascii_digit).count();
    plain
        .chars()
        .filter_map(|letter| match letter {
            ',' => (digits >= signs.from).then_some(signs.group),
            '.' => Some(signs.point),
            '-' => Some('−'),
            other => Some(other),
        })
        .collect()
}

/// A number with a comma, as people of the language type it, as the program reads it: `1.234,50` is `1234.50`.
#[must_use]
pub fn typed(language: &str, kind: Kind, written: &str) -> Option<String> {
    let is_number = matches!(kind, Kind::Decimal(_) | Kind::Money | Kind::Percent);
    if !is_number || signs(language).point != ',' || written.matches(',').count() != 1 {
        return None;
    }
    let groups = ['.', ' ', '\u{a0}', '\u{202f}'];
    let (whole, part) = written.trim().split_once(',')?;
    Some(format!("{}.{part}", whole.replace(groups, "")))
}

/// What the program writes for a form, `1234.50`, with the decimal sign of the language.
#[must_use]
pub fn in_form(language: &str, kind: Kind, text: String) -> String {
    let is_number = matches!(kind, Kind::Decimal(_) | Kind::Money | Kind::Percent);
    if is_number && signs(language).point == ',' {
        text.replace('.', ",")
    } else {
        text
    }
}

/// A message about what was typed, its example with the decimal sign of the language.
#[must_use]
pub fn message(language: &str, message: &str) -> String {
    if signs(language).point == ',' {
        message.replace("such as 12.50", "such as 12,50")
    } else {
        message.to_owned()
    }
}

/// A value without markup, as people of the app's language read it.
#[must_use]
pub fn text(app: &App, kind: Kind, value: &Value) -> String {
    let language = app.language;
    let signs = signs(language);
    match (kind, value) {
        (Kind::Date, Value::Int(days)) => date(language, *days),
        (Kind::Timestamp, Value::Int(at)) => moment(language, *at),
        (Kind::Money, Value::Int(_)) => {
            // Without a currency it knows, the amount comes first and the code behind it.
            let shown = kernel::format::show(&kind, value, "", app.currency_digits);
            let amount = with_signs(shown.trim_end(), signs);
            money(app.currency, &amount, signs.point == ',')
        }
        (Kind::Decimal(_) | Kind::Percent, Value::Int(_)) => {
            with_signs(&kernel::format::show(&kind, value, "", 0), signs)
        }
        (Kind::Integer, Value::Int(number)) => number.to_string().replace('-', "−"),
        _ => kernel::format::show(&kind, value, app.currency, app.currency_digits),
    }
}

fn money(currency: &str, amount: &str, behind: bool) -> String {
    let sign = match currency {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        other => return format!("{amount}\u{a0}{other}"),
    };
    if behind {
        return format!("{amount}\u{a0}{sign}");
    }
    match amount.strip_prefix('−') {
        Some(amount) => format!("−{sign}{amount}"),
        None => format!("{sign}{amount}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_the_language_does() {
        // 1 March 2026.
        let days = 20_513;
        for (language, written) in [
            ("", "1 Mar 2026"),
            ("en", "1 Mar 2026"),
            ("en-US", "Mar 1, 2026"),
            ("de", "01.03.2026"),
            ("de-CH", "01.03.2026"),
            ("fr", "01/03/2026"),
            ("fr-CA", "2026-03-01"),
            ("nl", "01-03-2026"),
            ("sv", "2026-03-01"),
            ("ja", "2026/03/01"),
            ("tlh", "2026-03-01"),
        ] {
            assert_eq!(date(language, days), written, "{language}");
        }
    }

    #[test]
    fn numbers_are_written_as_the_language_does() {
        for (language, written, small) in [
            ("en", "−1,234,567.50", "1,234.50"),
            ("de", "−1.234.567,50", "1.234,50"),
            ("de-CH", "−1’234’567.50", "1’234.50"),
            ("fr", "−1\u{a0}234\u{a0}567,50", "1\u{a0}234,50"),
            ("es", "−1.234.567,50", "1234,50"),
            ("ja", "−1,234,567.50", "1,234.50"),
        ] {
            assert_eq!(with_signs("-1,234,567.50", signs(language)), written);
            assert_eq!(with_signs("1,234.50", signs(language)), small);
        }
        assert_eq!(money("EUR", "24,00", true), "24,00\u{a0}€");
        assert_eq!(money("EUR", "−24.00", false), "−€24.00");
        assert_eq!(money("CHF", "24.00", false), "24.00\u{a0}CHF");
    }

    #[test]
    fn numbers_are_typed_as_they_are_read() {
        let money = |language, written| typed(language, Kind::Money, written);
        assert_eq!(money("de", "1,50").as_deref(), Some("1.50"));
        assert_eq!(money("de", " 1.234,5").as_deref(), Some("1234.5"));
        assert_eq!(money("fr", "-1\u{202f}234,50").as_deref(), Some("-1234.50"));
        assert_eq!(money("de", "1.50"), None);
        assert_eq!(money("de", "1,2,3"), None);
        assert_eq!(money("en", "1,50"), None);
        assert_eq!(money("de-CH", "1,50"), None);
        assert_eq!(
            typed("sv", Kind::Percent, "12,5 %").as_deref(),
            Some("12.5 %")
        );
        assert_eq!(typed("de", Kind::Text, "a,b"), None);
        assert_eq!(in_form("de", Kind::Money, "1234.50".to_owned()), "1234,50");
        assert_eq!(in_form("en", Kind::Money, "1234.50".to_owned()), "1234.50");
        assert_eq!(in_form("de", Kind::Text, "a.b".to_owned()), "a.b");
    }

    #[test]
    fn scripts_that_run_from_right_to_left_are_known() {
        assert!(right_to_left("ar-EG") && right_to_left("he") && right_to_left("FA"));
        assert!(!right_to_left("en") && !right_to_left("arn") && !right_to_left(""));
    }
}
