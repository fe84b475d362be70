//! Two organisations in one program: neither hears of the other by any door.

use super::{Person, serve};
use serde_json::{Value, json};
use specc_tests::Served;

/// A word that is in each text of the other agency, and nowhere else.
const HIDDEN: &str = "zebra";

/// Two agencies that have made the same things.
struct Town<'s> {
    nora: Person<'s>,
    sara: Person<'s>,
    omar: Person<'s>,
    north: i64,
    south: i64,
    nils: i64,
    sara_id: i64,
    /// A campaign of South, and a spot of it.
    theirs: i64,
    spot: i64,
    ours: i64,
}

fn id(row: &Value) -> i64 {
    row["id"].as_i64().unwrap()
}

fn make(person: &Person<'_>, path: &str, body: &Value) -> Value {
    let (status, row) = person.post(path, body);
    assert_eq!(status, 201, "{path} {body}: {row}");
    row
}

fn town(served: &Served) -> Town<'_> {
    let [nora, sara, omar] = ["nora", "sara", "omar"].map(|name| Person::new(served, name));
    let named = |path: &str, name: &str| {
        let list = nora.list(path);
        let row = list["items"].as_array().unwrap().iter();
        let row = row.clone().find(|row| row["name"] == name);
        row.map(id).unwrap_or_default()
    };
    let (north, south) = (
        named("/api/agencies", "North"),
        named("/api/agencies", "South"),
    );
    let nils = named("/api/users", "Nils");
    let sara_id = id(&sara.list("/api/me"));
    // The same name in both: what is unique is so within an agency, and so are numbers.
    let ours = make(&nora, "/api/campaigns", &json!({ "name": "Spring" }));
    make(&sara, "/api/campaigns", &json!({ "name": "Spring" }));
    let theirs = make(
        &sara,
        "/api/campaigns",
        &json!({ "name": format!("Secret {HIDDEN}"), "lead": sara_id, "budget": "900.00" }),
    );
    assert_eq!(
        (&ours["number"], &theirs["number"]),
        (&json!("01"), &json!("02"))
    );
    let spot = json!({ "title": format!("Spot {HIDDEN}"), "campaign": id(&theirs) });
    let spot = make(&sara, "/api/spots", &spot);
    let own = json!({ "title": "Spot of ours", "campaign": id(&ours) });
    make(&nora, "/api/spots", &own);
    Town {
        north,
        south,
        nils,
        sara_id,
        theirs: id(&theirs),
        spot: id(&spot),
        ours: id(&ours),
        nora,
        sara,
        omar,
    }
}

fn count(answer: &Value) -> i64 {
    answer["total"].as_i64().unwrap()
}

#[test]
fn nothing_of_another_agency_is_told() {
    let served = serve();
    let town = town(&served);
    let Town {
        theirs,
        spot,
        sara_id,
        ..
    } = town;

    // Lists, counts, search, filters and sorts.
    for (who, campaigns, spots, users) in [
        (&town.nora, 1, 1, 2),
        (&town.sara, 2, 1, 1),
        (&town.omar, 0, 0, 1),
    ] {
        assert_eq!(count(&who.list("/api/campaigns")), campaigns);
        assert_eq!(count(&who.list("/api/spots")), spots);
        assert_eq!(count(&who.list("/api/users")), users);
    }
    assert_eq!(town.nora.column("/api/campaigns", "rank"), ["1"]);
    for path in [
        format!("/api/campaigns?q={HIDDEN}"),
        format!("/api/campaigns?name_contains={HIDDEN}"),
        format!("/api/campaigns?agency={}", town.south),
        format!("/api/campaigns?lead={sara_id}"),
        "/api/campaigns?number=02".to_owned(),
        "/api/campaigns?budget_from=900".to_owned(),
        format!("/api/spots?campaign={theirs}"),
        format!("/api/spots?q={HIDDEN}"),
        format!("/api/users?agency={}", town.south),
        "/api/users?name=Sara".to_owned(),
    ] {
        assert_eq!(count(&town.nora.list(&path)), 0, "{path}");
        assert!(
            count(&town.sara.list(&path)) > 0,
            "{path} finds what is there"
        );
    }

    // Whatever is read of it is as if it were not there, by programs and by people.
    let missing = 999_999;
    for (path, absent) in [
        (
            format!("/campaigns/{theirs}"),
            format!("/campaigns/{missing}"),
        ),
        (format!("/spots/{spot}"), format!("/spots/{missing}")),
        (format!("/users/{sara_id}"), format!("/users/{missing}")),
    ] {
        for who in [&town.nora, &town.omar] {
            for below in ["", "/history", "/spots"] {
                let (given, there) = (format!("/api{path}{below}"), format!("/api{absent}{below}"));
                assert_eq!(who.get(&given), who.get(&there), "{given}");
                assert_eq!(who.get(&given).0, 404, "{given}");
            }
            for below in ["", "/edit", "/delete", "/pass-on"] {
                assert_eq!(who.get(&format!("{path}{below}")).0, 404, "{path}{below}");
            }
        }
        assert_eq!(town.sara.get(&format!("/api{path}")).0, 200);
        assert_eq!(town.sara.get(&path).0, 200);
    }

    // Every page, file and list of choices that a person comes by.
    for path in [
        "/",
        "/campaigns",
        "/campaigns.csv",
        "/campaigns/new",
        "/campaigns/options?q=e",
        "/spots",
        "/spots.csv",
        "/spots/new",
        "/users",
        "/users.csv",
        "/users/options?q=a",
        "/api/campaigns.csv",
        "/api/spots.csv",
        "/api/users.csv",
        "/api/campaigns?sort=-budget",
        "/api/users?sort=name",
        &format!("/campaigns/{}", town.ours),
        &format!("/campaigns/{}/edit", town.ours),
        &format!("/campaigns/{}/pass-on", town.ours),
        &format!("/spots/new?campaign={theirs}"),
    ] {
        let (_, text) = town.nora.get(path);
        assert!(
            !text.contains(HIDDEN) && !text.contains("Sara"),
            "{path}: {text}"
        );
    }
    assert!(town.sara.get("/campaigns").1.contains(HIDDEN));
    assert!(town.sara.get("/api/campaigns.csv").1.contains(HIDDEN));
    assert!(town.sara.get("/users/options?q=a").1.contains("Sara"));
    assert!(town.nora.get("/users/options?q=n").1.contains("Nils"));
}

#[test]
fn nothing_of_another_agency_is_changed() {
    let served = serve();
    let town = town(&served);
    let Town {
        theirs,
        spot,
        ours,
        sara_id,
        ..
    } = town;
    let (nora, sara, omar) = (&town.nora, &town.sara, &town.omar);
    let before = || {
        let rows = ["/api/campaigns", "/api/spots", "/api/users"];
        rows.map(|path| sara.get(path).1)
    };
    let kept = before();

    // By the interface and by forms, as if it were not there.
    for who in [nora, omar] {
        let me = id(&who.list("/api/me"));
        for (method, path, body) in [
            (
                "PATCH",
                format!("/api/campaigns/{theirs}"),
                json!({ "name": "Mine" }),
            ),
            ("DELETE", format!("/api/campaigns/{theirs}"), Value::Null),
            (
                "POST",
                format!("/api/campaigns/{theirs}/pass-on"),
                json!({ "to": me }),
            ),
            (
                "POST",
                format!("/api/campaigns/{theirs}/spots"),
                json!({ "title": "Mine" }),
            ),
            (
                "PATCH",
                format!("/api/spots/{spot}"),
                json!({ "title": "Mine" }),
            ),
            ("DELETE", format!("/api/spots/{spot}"), Value::Null),
        ] {
            let (status, answer) = who.json(method, &path, &body);
            // A parent that is out of sight is a reference that leads nowhere.
            let wanted = if path.ends_with("/spots") {
                [404, 422]
            } else {
                [404, 404]
            };
            assert!(
                wanted.contains(&status),
                "{method} {path}: {status} {answer}"
            );
        }
        for (path, body) in [
            (format!("/campaigns/{theirs}/edit"), "name=Mine"),
            (format!("/campaigns/{theirs}/delete"), ""),
            (format!("/campaigns/{theirs}/pass-on"), "to=Nils"),
            (format!("/spots/{spot}/edit"), "title=Mine"),
            (format!("/spots/{spot}/delete"), ""),
        ] {
            assert_eq!(who.form(&path, body).0, 404, "{path}");
        }
    }

    // References lead to rows of the same agency, whichever door they come by.
    for (method, path, body, field) in [
        (
            "POST",
            "/api/campaigns".to_owned(),
            json!({ "name": "A", "lead": sara_id }),
            "lead",
        ),
        (
            "POST",
            "/api/campaigns".to_owned(),
            json!({ "name": "A", "before": theirs }),
            "before",
        ),
        (
            "PATCH",
            format!("/api/campaigns/{ours}"),
            json!({ "lead": sara_id }),
            "lead",
        ),
        (
            "PATCH",
            format!("/api/campaigns/{ours}"),
            json!({ "before": theirs }),
            "before",
        ),
        (
            "POST",
            "/api/spots".to_owned(),
            json!({ "title": "A", "campaign": theirs }),
            "campaign",
        ),
        (
            "POST",
            format!("/api/campaigns/{ours}/pass-on"),
            json!({ "to": sara_id }),
            "to",
        ),
    ] {
        let (status, answer) = nora.json(method, &path, &body);
        assert_eq!(status, 422, "{path} {body}: {answer}");
        assert_eq!(answer["errors"][0]["field"], field, "{path}: {answer}");
        // One that never was is refused in the same words.
        let text = body.to_string();
        let nobody = text
            .replace(&format!(":{sara_id}}}"), ":999999}")
            .replace(&format!(":{theirs}}}"), ":999999}")
            .replace(&format!(":{theirs},"), ":999999,");
        assert_ne!(text, nobody);
        let (_, absent) = nora.json(method, &path, &serde_json::from_str(&nobody).unwrap());
        assert_eq!(absent["errors"], answer["errors"], "{path}");
    }

    // Nobody says whose a row is, or whose they are.
    for (method, path, body) in [
        (
            "POST",
            "/api/campaigns".to_owned(),
            json!({ "name": "A", "agency": town.south }),
        ),
        (
            "PATCH",
            format!("/api/campaigns/{ours}"),
            json!({ "agency": town.south }),
        ),
        (
            "PATCH",
            format!("/api/users/{}", town.nils),
            json!({ "agency": town.south }),
        ),
    ] {
        let (status, answer) = nora.json(method, &path, &body);
        assert!([403, 422].contains(&status), "{path}: {status} {answer}");
    }
    let (status, _) = omar.post("/api/campaigns", &json!({ "name": "A" }));
    assert!(
        [403, 422].contains(&status),
        "who belongs to nobody makes nothing: {status}"
    );

    // The program's own hand does not reach over, and counts what is the caller's.
    let offer = |agency: i64| json!({ "agency": agency, "name": "Offered" });
    assert_eq!(nora.post("/api/offer", &offer(town.south)).0, 403);
    assert_eq!(nora.post("/api/offer", &offer(town.north)).0, 204);
    let (status, answer) = nora.post("/api/raise-all-budgets", &json!({}));
    assert_eq!((status, &answer["result"]), (200, &json!(2)), "{answer}");
    assert_eq!(before(), kept);

    // From outside it may: what people of no agency set off goes where it is sent.
    let kim = Person::new(&served, "kim");
    let (status, answer) = kim.post("/api/plant", &offer(town.south));
    assert_eq!(
        (status, &answer["result"]),
        (200, &json!("Offered")),
        "{answer}"
    );
    assert_eq!(count(&sara.list("/api/campaigns")), 3);
    assert_eq!(count(&nora.list("/api/campaigns")), 2);
}
