//! Addresses that actions have of their own: they lead to where the action is anyway.

use engine::def::App;
use http::Uri;

/// An address and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPath {
    pieces: Vec<&'static str>,
    page: String,
    json: String,
}

/// The addresses of all actions that have one.
pub(crate) fn all(app: &'static App) -> Vec<OwnPath> {
    let own = app.actions.iter().map(|action| {
        (
            action.path,
            format!("/do/{}", action.slug),
            format!("/api/{}", action.slug),
        )
    });
    let of_rows = app.entities.iter().flat_map(|entity| {
        entity.actions.iter().map(|action| {
            let usual = format!("/{}/{{id}}/{}", entity.slug, action.slug);
            (action.path, usual.clone(), format!("/api{usual}"))
        })
    });
    own.chain(of_rows)
        .filter(|(path, ..)| !path.is_empty())
        .map(|(path, page, json)| OwnPath {
            pieces: path.trim_start_matches('/').split('/').collect(),
            page,
            json,
        })
        .collect()
}

/// The address that is meant.
pub(crate) fn meant(paths: &[OwnPath], uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let (json, rest) = match path.strip_prefix("/api/") {
        Some(rest) => (true, rest),
        None => (false, path.strip_prefix('/')?),
    };
    let target = paths.iter().find_map(|own| {
        let mut id = "";
        let mut pieces = rest.split('/');
        for wanted in &own.pieces {
            let piece = pieces.next()?;
            if *wanted == "{id}" {
                id = piece;
            } else if *wanted != piece {
                return None;
            }
        }
        if pieces.next().is_some() {
            return None;
        }
        let to = if json { &own.json } else { &own.page };
        Some(to.replace("{id}", id))
    })?;
    let query = uri
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    format!("{target}{query}").parse().ok()
}

/// Where a page of an action is, its own address first.
pub(crate) fn address(path: &str, usual: &str, row: &str) -> String {
    if path.is_empty() {
        usual.to_owned()
    } else {
        path.replace("{id}", row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_its_own_leads_to_the_action() {
        let paths = vec![
            OwnPath {
                pieces: vec!["grab", "{id}"],
                page: "/tickets/{id}/take-over".to_owned(),
                json: "/api/tickets/{id}/take-over".to_owned(),
            },
            OwnPath {
                pieces: vec!["enter"],
                page: "/do/enter".to_owned(),
                json: "/api/enter".to_owned(),
            },
        ];
        let to = |path: &str| meant(&paths, &path.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(
            to("/grab/7?a=b").as_deref(),
            Some("/tickets/7/take-over?a=b")
        );
        assert_eq!(
            to("/api/grab/7").as_deref(),
            Some("/api/tickets/7/take-over")
        );
        assert_eq!(to("/enter").as_deref(), Some("/do/enter"));
        assert_eq!(to("/enter/7"), None);
        assert_eq!(to("/grab"), None);
        assert_eq!(to("/tickets/7"), None);
    }
}
