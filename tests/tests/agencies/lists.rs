//! Lists of much, filtered by every type, as JSON, pages and CSV.

use super::{Person, serve};
use serde_json::json;
use std::io::Read;

/// Rows of the large table.
const ROWS: usize = 20_000;

/// A row of the large table that is unlike the others.
const ODD: usize = 12_345;

#[test]
fn every_row_of_a_large_table_is_exported_in_order() {
    let served = serve();
    let mut store = rusqlite::Connection::open(served.database()).unwrap();
    let transaction = store.transaction().unwrap();
    for number in 0_i64..20_000 {
        let remark = (number == 12_345).then_some("=1+1, \"quoted\"\nand é");
        transaction
            .prepare_cached(
                "INSERT INTO reading (id, meter, value, remark, created, updated, version) VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1)",
            )
            .unwrap()
            .execute((number + 1, format!("m{}", number % 7), number * 10, remark, 1_700_000_000_000_i64))
            .unwrap();
    }
    transaction.commit().unwrap();
    let kim = Person::new(&served, "kim");
    let nora = Person::new(&served, "nora");

    for (path, cells) in [("/api/readings.csv", 7), ("/readings.csv", 6)] {
        // In the order of the list: the newest first, each once.
        let (status, text) = kim.get(path);
        assert_eq!(status, 200);
        let rows = csv(&text);
        assert_eq!(rows.len(), ROWS + 1, "{path}");
        assert_eq!(rows[0][..4], ["id", "meter", "value", "remark"]);
        for (at, row) in rows[1..].iter().enumerate() {
            let number = ROWS - 1 - at;
            assert_eq!(row.len(), cells, "{path}: {row:?}");
            let value = format!("{}.{:02}", number / 10, number % 10 * 10);
            let expected = [(number + 1).to_string(), format!("m{}", number % 7), value];
            assert_eq!(row[..3], expected, "{path}");
            let remark = if number == ODD {
                "'=1+1, \"quoted\"\nand é"
            } else {
                ""
            };
            assert_eq!(row[3], remark, "{path}");
        }
        // Sorted and filtered as the list is, with the rows that its reader may read.
        let narrowed = format!("{path}?meter=m3&sort=value,-id");
        let rows = csv(&nora.get(&narrowed).1);
        let ids: Vec<usize> = rows[1..]
            .iter()
            .map(|row| row[0].parse().unwrap())
            .collect();
        let expected: Vec<usize> = (0..10_000)
            .filter(|at| at % 7 == 3)
            .map(|at| at + 1)
            .collect();
        assert_eq!(ids, expected, "{path}");
        assert_eq!(csv(&kim.get(&format!("{path}?meter=none")).1).len(), 1);
    }

    // It is sent as it is read: what nobody takes is not made.
    let request = kim.agent.get(format!("{}/api/readings.csv", kim.address));
    let mut answer = request.header("Authorization", &kim.token).call().unwrap();
    assert!(answer.headers().get("content-length").is_none());
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let mut start = [0; 1000];
    answer
        .body_mut()
        .as_reader()
        .read_exact(&mut start)
        .unwrap();
    drop(answer);
    assert_eq!(kim.get("/api/readings?per_page=1").0, 200);
}

/// A file of RFC 4180.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => cell.extend(rest.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && rest.peek() == Some(&'\n') => {
                rest.next();
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    assert!(
        cell.is_empty() && row.is_empty() && !quoted,
        "it ends with its last line"
    );
    rows
}

/// What each filter finds of the four goods, by the first letters of their titles.
const FINDS: &[(&str, &str)] = &[
    ("title=Dill", "D"),
    ("title=dill", ""),
    ("title=%C3%84pfel", "Ä"),
    // The same letter, in two characters.
    ("title=A%CC%88pfel", "Ä"),
    ("title_contains=%C3%A4PF", "Ä"),
    ("title_contains=100%25", "C"),
    ("title_contains=%25", "C"),
    ("title_contains=_", ""),
    ("title_contains=Brot+%26", "B"),
    ("title_from=C", "CDÄ"),
    ("title_to=C", "B"),
    ("slug=brot-butter", "B"),
    ("about_contains=SWEET", "Ä"),
    ("about=Plain", "B"),
    ("about=", "CD"),
    ("note_contains=from", "BÄ"),
    ("note=From+here", "B"),
    ("contact=A%40SHOP.test", "Ä"),
    ("contact_contains=shop", "BÄ"),
    ("contact=", "CD"),
    ("site=https%3A%2F%2Fapples.test%2F%3Fa%3D1", "Ä"),
    ("site_contains=BREAD", "B"),
    ("stock=-7", "B"),
    ("stock=0", "C"),
    ("stock=", "D"),
    ("stock_from=0", "CÄ"),
    ("stock_min=0&stock_max=6", "C"),
    ("stock_to=0", "BC"),
    ("weight=1", "B"),
    ("weight=0.250", "Ä"),
    ("weight_to=0.25", "CÄ"),
    ("price=19.9", "B"),
    ("price=0", "C"),
    ("price_from=1.20&price_to=19.89", "Ä"),
    ("discount=0.1250", "Ä"),
    ("discount=12.5+%25", "Ä"),
    ("discount_from=0.125", "CÄ"),
    ("discount=1", "C"),
    ("listed=true", "Ä"),
    ("listed=yes", "Ä"),
    ("listed=false", "BC"),
    ("listed=", "D"),
    ("since=2026-03-01", "Ä"),
    ("since_from=2026-01-01&since_to=2026-03-01", "Ä"),
    ("since_to=2026-01-01", "C"),
    ("opens=09%3A30", "Ä"),
    ("opens=09%3A30%3A00", "Ä"),
    ("opens_from=09%3A30%3A00", "BÄ"),
    ("opens_to=09%3A29", "C"),
    // In the time zone of the program, one hour ahead: half past midnight is the day before in UTC.
    ("checked=2026-03-01T08%3A30%3A00Z", "Ä"),
    ("checked=2026-03-01T10%3A30%3A00%2B02%3A00", "Ä"),
    ("checked_from=2026-03-02", "C"),
    ("checked_to=2026-03-01", "BÄ"),
    ("checked_from=2026-03-01&checked_to=2026-03-01", "BÄ"),
    ("checked_from=2026-03-01T22%3A30%3A00Z", "BC"),
    ("shelf_life=PT1H30M", "Ä"),
    ("shelf_life=90+minutes", "Ä"),
    ("shelf_life=P3D", "B"),
    ("shelf_life_to=PT90M", "CÄ"),
    ("colour=red", "BC"),
    ("colour=dark_green", "Ä"),
    ("colour=", "D"),
    ("size=s", "Ä"),
    ("size_from=m", "BC"),
    ("words=a", "BC"),
    ("words=a%2C+b", "Ä"),
    ("words=[%22a%22,%22b%22]", "C"),
    ("words=", "D"),
    ("margin=4.98", "B"),
    ("margin_from=0.30&margin_to=0.30", "Ä"),
    ("days=2026-03-02", "BCDÄ"),
    ("days=2026-03-03", ""),
    ("page_is=3", "Ä"),
    ("page_from=3", "BÄ"),
    ("colour=red&size=m", "B"),
    ("colour=red&size=s", ""),
];

/// What is no filter, and the field that the refusal names.
const REFUSED: &[&str] = &[
    "stock=many",
    "stock=1.5",
    "stock=99999999999999999999",
    "weight=0.2500000001",
    "price=a",
    "discount=12.5.1",
    "listed=perhaps",
    "since=2026-02-30",
    "opens=25%3A00",
    "checked=yesterday",
    "checked_from=2026-13-01",
    "shelf_life=long",
    "colour=blue",
    "size=XL",
    "seller=nobody",
    "tags_from=1",
    "words_to=a",
    "extra=1",
    "key=top1",
    "nothing=1",
    "stock_is_is=1",
];

#[test]
fn lists_are_filtered_by_fields_of_every_type() {
    let served = serve();
    let nora = Person::new(&served, "nora");
    let kim = Person::new(&served, "kim");
    let found = |query: &str| {
        let titles = nora.column(&format!("/api/goods?{query}"), "title");
        let mut starts: Vec<char> = titles
            .iter()
            .filter_map(|title| title.chars().next())
            .collect();
        starts.sort_unstable();
        starts.into_iter().collect::<String>()
    };
    let mut wrong = Vec::new();
    let mut finds: Vec<(String, &str)> = Vec::new();
    finds.extend(
        FINDS
            .iter()
            .map(|(query, goods)| ((*query).to_owned(), *goods)),
    );
    let id_of = |path: &str, field: &str, text: &str| {
        let list = nora.list(path);
        let rows = list["items"].as_array().unwrap();
        rows.iter().find(|row| row[field] == text).unwrap()["id"].clone()
    };
    let (old, new) = (
        id_of("/api/tags", "word", "old"),
        id_of("/api/tags", "word", "new"),
    );
    let me = id_of("/api/users", "name", "Nora");
    let bread = id_of("/api/goods", "title", "Brot & Butter");
    finds.extend([
        (format!("tags={old}"), "Ä"),
        (format!("tags={new}"), "BÄ"),
        (format!("tags=[{old},{new}]"), "Ä"),
        ("tags=".to_owned(), "D"),
        (format!("seller={me}"), "CÄ"),
        ("seller=".to_owned(), "D"),
        (format!("others={bread}"), "B"),
    ]);
    for (query, goods) in &finds {
        let got = found(query);
        if got != *goods {
            wrong.push(format!("{query}: {got}, not {goods}"));
        }
        // The count is of the same rows, and the page and the file show them, too.
        let list = nora.list(&format!("/api/goods?{query}&per_page=1"));
        assert_eq!(list["total"], got.chars().count(), "{query}");
        let file = csv(&nora.get(&format!("/api/goods.csv?{query}")).1);
        assert_eq!(file.len(), got.chars().count() + 1, "{query}");
        if !query.ends_with('=') && !query.starts_with("page") {
            let (status, page) = nora.get(&format!("/goods?{query}"));
            assert_eq!(status, 200, "{query}");
            let rows = page.matches("<th scope=\"row\">").count();
            assert_eq!(rows, got.chars().count(), "{query} on the page");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for query in REFUSED {
        let (status, answer) = nora.json("GET", &format!("/api/goods?{query}"), &json!(null));
        assert_eq!(status, 422, "{query}: {answer}");
        assert_eq!(answer["errors"][0]["rule"], "type", "{query}: {answer}");
        let name = query.split('=').next();
        assert_eq!(answer["errors"][0]["field"].as_str(), name, "{answer}");
        let (status, _) = nora.get(&format!("/goods?{query}"));
        assert_eq!(status, 422, "{query} on the page");
    }
    // What somebody may not read finds nothing, for it can't be asked for.
    assert_eq!(
        kim.column("/api/goods?hidden=y", "title"),
        ["Brot & Butter"]
    );
    let (status, text) = nora.get("/api/goods?hidden=y");
    let nothing = status == 200 && nora.column("/api/goods?hidden=y", "title").is_empty();
    assert!(status == 422 || nothing, "{status}: {text}");
}

#[test]
fn lists_stand_in_answers_as_they_are() {
    let served = serve();
    let nora = Person::new(&served, "nora");
    let list = nora.list("/api/goods?sort=title");
    let rows = list["items"].as_array().unwrap();
    let good = |title: &str| rows.iter().find(|row| row["title"] == title).unwrap();
    let apples = good("Äpfel");
    assert_eq!(apples["words"], json!(["red", "a, b"]));
    assert_eq!(
        apples["days"],
        json!(["2025-12-31", "2026-03-01", "2026-03-02"])
    );
    assert_eq!(apples["others"], json!([apples["id"]]));
    assert_eq!(apples["tags"].as_array().unwrap().len(), 2);
    assert_eq!(apples["extra"], json!({ "a": 1 }));
    assert_eq!(good("Dill")["words"], json!([]));
    assert_eq!(good("Dill")["others"], json!([]));

    let rows = csv(&nora.get("/api/goods.csv?title=%C3%84pfel").1);
    let cell = |name: &str| {
        let at = rows[0].iter().position(|head| head == name).unwrap();
        rows[1][at].clone()
    };
    assert_eq!(cell("words"), r#"["red","a, b"]"#);
    assert_eq!(cell("days"), r#"["2025-12-31","2026-03-01","2026-03-02"]"#);
    assert_eq!(cell("others"), format!("[{}]", apples["id"]));
    assert!(!rows[0].contains(&"key".to_owned()) && !rows[0].contains(&"hidden".to_owned()));
}

#[test]
fn lists_are_written_by_programs_and_in_forms() {
    let served = serve();
    let kim = Person::new(&served, "kim");
    let tags = kim.list("/api/tags?sort=word");
    let tag = |at: usize| tags["items"][at]["id"].clone();
    let good = json!({ "title": "Eis", "words": [" cold ", "a, b", ""], "tags": [tag(1), tag(0), tag(1)] });
    let (status, row) = kim.post("/api/goods", &good);
    assert_eq!(status, 201, "{row}");
    // White space at the ends goes, what is empty is no entry, a set has each once.
    assert_eq!(row["words"], json!(["cold", "a, b"]));
    assert_eq!(row["tags"].as_array().unwrap().len(), 2);
    let path = format!("/api/goods/{}", row["id"]);
    for (body, field) in [
        (json!({ "words": "cold" }), "words"),
        (json!({ "words": [1] }), "words"),
        (json!({ "words": ["a\nb"] }), "words"),
        (json!({ "words": ["a", "b\u{1b}"] }), "words"),
        (json!({ "words": ["é".repeat(1001)] }), "words"),
        (json!({ "words": vec!["a"; 101] }), "words"),
        (json!({ "tags": tag(0) }), "tags"),
        (json!({ "tags": [999_999] }), "tags"),
        (json!({ "tags": ["old"] }), "tags"),
        (json!({ "days": ["2026-03-01"] }), "days"),
        (json!({ "others": [] }), "others"),
    ] {
        let (status, answer) = kim.json("PATCH", &path, &body);
        assert_eq!(status, 422, "{body}: {answer}");
        assert_eq!(answer["errors"][0]["field"], field, "{body}: {answer}");
        assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{answer}");
    }
    let change = json!({ "words": [], "tags": [tag(2)] });
    let (status, row) = kim.json("PATCH", &path, &change);
    assert_eq!(
        (status, &row["words"], &row["tags"]),
        (200, &json!([]), &json!([tag(2)]))
    );

    // A form has a line for each text, and a box for each row of a set.
    let page = format!("/goods/{}/edit", row["id"]);
    let body = format!(
        "words=one%0D%0Atwo%2C+three&tags={}&tags={}",
        tag(0),
        tag(1)
    );
    let (status, text) = kim.form(&page, &body);
    assert_eq!(status, 303, "{text}");
    let row = kim.list(&path);
    assert_eq!(row["words"], json!(["one", "two, three"]));
    assert_eq!(row["tags"].as_array().unwrap().len(), 2);
    let (status, text) = kim.get(&format!("/goods/{}", row["id"]));
    assert!(status == 200 && text.contains("two, three"), "{text}");
}
