//! Rows as CSV (RFC 4180), for spreadsheets.

use axum::body::Body;
use axum::response::Response;
use engine::def::Entity;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

/// The file with these lines.
pub fn answer(entity: &Entity, body: Body) -> Response {
    let mut response = Response::new(body);
    let media = HeaderValue::from_static("text/csv; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, media);
    let name = format!("attachment; filename=\"{}.csv\"", entity.slug);
    crate::respond::with_header(response, CONTENT_DISPOSITION, &name)
}

/// Adds a cell; a comma before it unless it is the first of its line.
pub fn cell(out: &mut String, first: bool, text: &str) {
    if !first {
        out.push(',');
    }
    // Spreadsheets run text that looks like a formula; a number may keep its sign.
    let formula = text.starts_with(['=', '@', '\t', '\r'])
        || (text.starts_with(['+', '-']) && text.parse::<f64>().is_err());
    if !formula && !text.contains([',', '"', '\n', '\r']) {
        out.push_str(text);
        return;
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    for c in text.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}

/// Ends a line.
pub fn end(out: &mut String) {
    out.push_str("\r\n");
}
