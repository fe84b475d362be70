//! Rows as CSV (RFC 4180), for spreadsheets.

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
