//! Markdown of users as safe HTML: no raw HTML, no script, no address but http, https and mailto.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html as writer};

/// Safe HTML of Markdown text. Raw HTML is shown as text, images become links, links do not vouch for their target.
#[must_use]
pub fn html(text: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut depth = 0_usize;
    let events = Parser::new_ext(text, options).map(move |event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Link {
            dest_url,
            link_type,
            ..
        }) => {
            depth += 1;
            Event::InlineHtml(link(&dest_url, link_type))
        }
        Event::End(TagEnd::Link) => {
            depth = depth.saturating_sub(1);
            Event::InlineHtml(CowStr::Borrowed("</a>"))
        }
        Event::Start(Tag::Image { dest_url, .. }) => {
            if depth > 0 {
                Event::Text(CowStr::Borrowed(""))
            } else {
                Event::InlineHtml(link(&dest_url, LinkType::Inline))
            }
        }
        Event::End(TagEnd::Image) => {
            if depth > 0 {
                Event::Text(CowStr::Borrowed(""))
            } else {
                Event::InlineHtml(CowStr::Borrowed("</a>"))
            }
        }
        other => other,
    });
    let mut out = String::with_capacity(text.len() * 3 / 2);
    writer::push_html(&mut out, events);
    out
}

fn link(target: &str, kind: LinkType) -> CowStr<'static> {
    let target = match kind {
        LinkType::Email => format!("mailto:{target}"),
        _ => target.to_owned(),
    };
    let lower = target.trim().to_ascii_lowercase();
    let outside = lower.starts_with("https://")
        || lower.starts_with("http://")
        || lower.starts_with("mailto:");
    let inside = (lower.starts_with('/') && !lower.starts_with("//") && !lower.contains('\\'))
        || lower.starts_with('#');
    if !outside && !inside {
        return CowStr::Borrowed("<a>");
    }
    let mut escaped = String::with_capacity(target.len());
    for letter in target.trim().chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    CowStr::from(format!(
        "<a href=\"{escaped}\" rel=\"nofollow noopener noreferrer ugc\">"
    ))
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn markdown_is_rendered() {
        assert_eq!(
            html("It **smokes**."),
            "<p>It <strong>smokes</strong>.</p>\n"
        );
    }

    #[test]
    fn nothing_runs() {
        for hostile in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "![x](https://evil.example/pixel.png)",
            "[x](https://a.example/\"onmouseover=\"alert(1))",
            "<javascript:alert(1)>",
        ] {
            let page = html(hostile);
            for word in [
                "<script",
                "<img",
                "href=\"javascript",
                "href=\"data",
                " onmouseover=",
                " onerror=x",
            ] {
                assert!(!page.contains(word), "{hostile} gives {page}");
            }
        }
    }
}
