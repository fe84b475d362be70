//! The annotated spec: the author's own document as one page, each sentence with a mark in the margin that opens its
//! evidence. It needs nothing from elsewhere, and everything in it that somebody wrote is escaped.

mod document;
#[cfg(test)]
mod tests;

use super::{Outcome, Report};
use serde_json::{Value as Json, json};
use specc_syntax::span::Sources;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
/// The shapes of the marks: verdicts differ in shape, not in colour alone.
const SHAPES: &str = r#"<svg width="0" height="0" aria-hidden="true" focusable="false" class="shapes"><defs>
<symbol id="g-held" viewBox="0 0 16 16"><path d="M3 8.5l3.2 3.2L13 4.6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/></symbol>
<symbol id="g-failed" viewBox="0 0 16 16"><path d="M4 4l8 8M12 4l-8 8" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/></symbol>
<symbol id="g-flaky" viewBox="0 0 16 16"><path d="M2 9c1.6-4 3.4-4 6 0s4.4 4 6 0" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"/></symbol>
<symbol id="g-open" viewBox="0 0 16 16"><circle cx="8" cy="8" r="4.6" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="2.4 2.2"/></symbol>
<symbol id="g-unproven" viewBox="0 0 16 16"><path d="M5.4 6.1a2.6 2.6 0 1 1 3.8 2.3c-.8.4-1.2.9-1.2 1.8" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"/><circle cx="8" cy="12.9" r="1.1" fill="currentColor"/></symbol>
</defs></svg>"#;

/// What is said of a sentence, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Failed,
    Flaky,
    Open,
    Unproven,
    Held,
}

impl Mark {
    const ALL: [Mark; 5] = [
        Mark::Failed,
        Mark::Flaky,
        Mark::Open,
        Mark::Unproven,
        Mark::Held,
    ];

    fn of(verdict: &str) -> Mark {
        match verdict {
            "held" => Mark::Held,
            "flaky" => Mark::Flaky,
            "not exercised" => Mark::Open,
            _ => Mark::Failed,
        }
    }

    /// In the names of classes and shapes.
    fn key(self) -> &'static str {
        match self {
            Mark::Failed => "failed",
            Mark::Flaky => "flaky",
            Mark::Open => "open",
            Mark::Unproven => "unproven",
            Mark::Held => "held",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Mark::Failed => "failed",
            Mark::Flaky => "flaky",
            Mark::Open => "not exercised",
            Mark::Unproven => "unproven",
            Mark::Held => "held",
        }
    }
}

/// What stands at a line of a file.
#[derive(Debug, Default)]
struct Noted {
    /// Positions in the report's results.
    outcomes: Vec<usize>,
    unproven: bool,
    strength: Option<crate::strength::Strength>,
}

impl Noted {
    fn add(&mut self, other: Noted) {
        self.outcomes.extend(other.outcomes);
        self.unproven |= other.unproven;
        self.strength = other.strength.or(self.strength);
    }

    /// `None` for prose.
    fn mark(&self, report: &Report) -> Option<Mark> {
        let verdicts = self
            .outcomes
            .iter()
            .filter_map(|at| report.results.get(*at));
        let worst = verdicts.map(|outcome| Mark::of(&outcome.verdict)).min();
        let weak = self
            .strength
            .is_some_and(|strength| strength.made > strength.equivalent && strength.caught == 0);
        let unproven = (self.unproven || weak).then_some(Mark::Unproven);
        worst.into_iter().chain(unproven).min()
    }
}

/// Text in HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// JSON in a script element.
fn in_script(value: &Json) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// `1,214`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn shape(mark: Mark) -> String {
    format!(
        "<svg class=\"g\" aria-hidden=\"true\" focusable=\"false\"><use href=\"#g-{}\"/></svg>",
        mark.key()
    )
}

/// The page.
#[must_use]
pub fn page(report: &Report, sources: &Sources) -> String {
    let mut notes: BTreeMap<(&str, u32), Noted> = BTreeMap::new();
    for (at, outcome) in report.results.iter().enumerate() {
        if let Some(place) = &outcome.sentence {
            let noted = notes.entry((&place.file, place.line)).or_default();
            noted.outcomes.push(at);
        }
    }
    for place in &report.unproven {
        notes.entry((&place.file, place.line)).or_default().unproven = true;
    }
    for mutant in report.mutants.iter().flatten() {
        let place = &mutant.sentence;
        let noted = notes.entry((&place.file, place.line)).or_default();
        noted.strength.get_or_insert_default().add(mutant.fate);
    }
    let mut marked = Vec::new();
    let mut files = String::new();
    for (at, file) in sources.files.iter().enumerate() {
        let of_file = notes
            .extract_if(.., |(path, _), _| *path == file.path)
            .map(|((_, line), noted)| (line, noted));
        let of_file: BTreeMap<u32, Noted> = of_file.collect();
        document::write(report, (at, file), of_file, &mut marked, &mut files);
    }
    // A builder of HTML of its own would hide what comes out; writing to a string does not fail.
    let mut out = String::new();
    let title = escape(&report.program);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <title>{title}: the annotated spec</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{SHAPES}\n\
         <a class=\"skip\" href=\"#spec\">Skip to the spec</a>\n"
    );
    header(report, &marked, &mut out);
    filter(&marked, &mut out);
    let _ = write!(
        out,
        "<main id=\"spec\" tabindex=\"-1\">\n<p class=\"nothing\" id=\"nothing\" hidden>No sentence has this mark.</p>\n{files}</main>\n"
    );
    footer(report, &mut out);
    out.push_str(
        "<dialog id=\"evidence\" aria-labelledby=\"evidence-title\"><form method=\"dialog\"><button class=\"close\" aria-label=\"Close\">×</button></form><div id=\"evidence-body\"></div></dialog>\n",
    );
    let _ = write!(
        out,
        "<script type=\"application/json\" id=\"data\">{}</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        in_script(&data(report, &marked))
    );
    out
}

/// A sentence with a mark.
struct Marked {
    mark: Mark,
    noted: Noted,
    /// Its id in the page.
    id: String,
}

fn header(report: &Report, marked: &[Marked], out: &mut String) {
    let count = report.summary.count;
    let broken = count.failed + count.flaky;
    let (class, verdict) = if broken > 0 {
        let sentences = marked
            .iter()
            .filter(|marked| marked.mark <= Mark::Flaky)
            .count();
        let sentences = match sentences {
            1 => "1 sentence".to_owned(),
            several => format!("{} sentences", thousands(several)),
        };
        ("failed", format!("The app breaks {sentences}."))
    } else if report.interrupted {
        (
            "open",
            "Interrupted: what was seen until then held.".to_owned(),
        )
    } else if count.held == 0 {
        ("open", "Nothing was seen that would tell.".to_owned())
    } else if count.not_exercised > 0 {
        ("held", "Everything that was seen holds.".to_owned())
    } else {
        ("held", "The app does what the spec says.".to_owned())
    };
    let _ = write!(
        out,
        "<header class=\"front\">\n<p class=\"kicker\">Annotated spec</p>\n<p class=\"name\">{}</p>\n\
         <p class=\"verdict {class}\">{verdict}</p>\n<p class=\"lead\">{}</p>\n",
        escape(&report.program),
        escape(&lead(report)),
    );
    bar(report, out);
    broken_sentences(report, marked, out);
    out.push_str("</header>\n");
}

fn lead(report: &Report) -> String {
    let count = report.summary.count;
    let mut parts = vec![format!(
        "{} of {} obligations held",
        thousands(count.held),
        thousands(count.obligations)
    )];
    if count.failed > 0 {
        parts.push(format!("{} failed", thousands(count.failed)));
    }
    if count.flaky > 0 {
        parts.push(format!("{} came out now so, now otherwise", count.flaky));
    }
    if count.not_exercised > 0 {
        parts.push(format!(
            "for {} nothing was seen that would tell",
            thousands(count.not_exercised)
        ));
    }
    let mut text = format!("{}.", parts.join("; "));
    if let Some(strength) = report.summary.strength {
        text.push_str(&format!(
            " Of {} programs that are wrong in one place, {} were told from this one.",
            thousands(strength.made - strength.equivalent.min(strength.made)),
            thousands(strength.caught)
        ));
    }
    text
}

fn bar(report: &Report, out: &mut String) {
    let count = report.summary.count;
    out.push_str("<div class=\"bar\" aria-hidden=\"true\">");
    for (mark, number) in [
        (Mark::Failed, count.failed),
        (Mark::Flaky, count.flaky),
        (Mark::Open, count.not_exercised),
        (Mark::Held, count.held),
    ] {
        if number > 0 {
            let _ = write!(
                out,
                "<span class=\"{}\" style=\"flex-grow:{number}\"></span>",
                mark.key()
            );
        }
    }
    out.push_str("</div>\n");
}

/// What is broken, first of all, with the way to it.
fn broken_sentences(report: &Report, marked: &[Marked], out: &mut String) {
    let mut items = String::new();
    for marked in marked.iter().filter(|marked| marked.mark <= Mark::Flaky) {
        let mut of_it = marked
            .noted
            .outcomes
            .iter()
            .filter_map(|at| report.results.get(*at));
        if let Some(outcome) = of_it.find(|outcome| Mark::of(&outcome.verdict) == marked.mark) {
            let place = outcome.sentence.as_ref();
            let place = place.map_or_else(String::new, |place| {
                format!("{}:{}", place.file, place.line)
            });
            let _ = writeln!(
                items,
                "<li><a href=\"#{}\">{}</a> {}. <span class=\"but\">{}</span></li>",
                marked.id,
                escape(&place),
                escape(&capital(&outcome.done)),
                escape(&actual(outcome))
            );
        }
    }
    let homeless = report
        .results
        .iter()
        .filter(|outcome| outcome.sentence.is_none() && Mark::of(&outcome.verdict) <= Mark::Flaky);
    for outcome in homeless.take(20) {
        let _ = writeln!(
            items,
            "<li>{}. <span class=\"but\">{}</span> <code>{}</code></li>",
            escape(&capital(&outcome.done)),
            escape(&actual(outcome)),
            escape(&outcome.replay)
        );
    }
    if !items.is_empty() {
        let _ = write!(
            out,
            "<section class=\"broken\" aria-labelledby=\"broken\"><h2 id=\"broken\">What is broken</h2>\n<ul>\n{items}</ul></section>\n"
        );
    }
}

/// The beginning of a sentence.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn actual(outcome: &Outcome) -> String {
    if outcome.actual.is_empty() {
        return outcome.seen.clone();
    }
    format!(
        "Expected: {}. Actual: {}.",
        outcome.expected, outcome.actual
    )
}

fn filter(marked: &[Marked], out: &mut String) {
    out.push_str(
        "<nav class=\"filter\" aria-label=\"Sentences by mark\"><fieldset><legend>Show</legend>\n\
         <label><input type=\"radio\" name=\"show\" value=\"all\" checked><span>the whole spec</span></label>\n",
    );
    for mark in Mark::ALL {
        let number = marked.iter().filter(|marked| marked.mark == mark).count();
        if number == 0 && matches!(mark, Mark::Flaky | Mark::Unproven) {
            continue;
        }
        let disabled = if number == 0 { " disabled" } else { "" };
        let _ = writeln!(
            out,
            "<label class=\"{key}\"><input type=\"radio\" name=\"show\" value=\"{key}\"{disabled}><span>{} {} <b>{}</b></span></label>",
            shape(mark),
            mark.label(),
            thousands(number),
            key = mark.key(),
        );
    }
    out.push_str("</fieldset></nav>\n");
}

fn footer(report: &Report, out: &mut String) {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let _ = write!(
        out,
        "<footer>\n<p>A mark in the margin counts what was demanded of a sentence and opens what was seen. \
         What has no mark is prose, or says nothing that could be told from outside.</p>\n\
         <dl><div><dt>Judged</dt><dd>{}, in {} s</dd></div><div><dt>Seed</dt><dd>{}</dd></div>\
         <div><dt>Spec</dt><dd><code>{}</code></dd></div><div><dt>Binary</dt><dd><code>{}</code></dd></div>\
         <div><dt>Sandbox</dt><dd>{}</dd></div></dl>\n</footer>\n",
        escape(&report.taken),
        report.summary.seconds,
        report.seed,
        escape(&short(&report.spec)),
        escape(&short(&report.binary)),
        escape(&report.sandbox),
    );
}

/// What the marks open: what was done and seen once, obligations that refer to it, and which of them belong to which mark.
fn data(report: &Report, marked: &[Marked]) -> Json {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut evidence = Vec::new();
    let mut units = Vec::new();
    for marked in marked {
        let mut obligations = Vec::new();
        let outcomes = marked
            .noted
            .outcomes
            .iter()
            .filter_map(|at| report.results.get(*at));
        for outcome in outcomes {
            let key = json!([outcome.origin, outcome.verdict]).to_string();
            let at = *seen.entry(key).or_insert_with(|| {
                evidence.push(shown(outcome));
                evidence.len() - 1
            });
            obligations.push(json!([
                outcome.id,
                outcome.class,
                Mark::of(&outcome.verdict).key(),
                outcome.what,
                at
            ]));
        }
        let strength = marked.noted.strength;
        units.push(json!({ "mark": marked.mark.key(), "all": obligations, "unproven": marked.noted.unproven, "strength": strength }));
    }
    json!({ "evidence": evidence, "units": units })
}

fn shown(outcome: &Outcome) -> Json {
    let exchanges = outcome.exchanges.iter().map(|exchange| {
        let cut = |json: &Json| {
            let text = serde_json::to_string_pretty(json).unwrap_or_default();
            if text.chars().count() <= 1_200 {
                return text;
            }
            let start: String = text.chars().take(1_200).collect();
            format!("{start}\n…")
        };
        json!({
            "request": format!("{} {}", exchange.method, exchange.path),
            "user": exchange.user,
            "sent": exchange.sent.as_ref().map(cut),
            "status": match exchange.status {
                0 => json!("no answer"),
                status => json!(status),
            },
            "body": (!exchange.body.is_null()).then(|| cut(&exchange.body)),
        })
    });
    let suspects = outcome.suspects.iter().map(|guess| {
        let place = &guess.sentence;
        format!("{} ({}:{})", guess.what, place.file, place.line)
    });
    json!({
        "done": outcome.done,
        "steps": outcome.steps,
        "expected": outcome.expected,
        "actual": outcome.actual,
        "seen": outcome.seen,
        "suspects": suspects.collect::<Vec<_>>(),
        "exchanges": exchanges.collect::<Vec<_>>(),
    })
}
