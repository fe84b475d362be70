//! English plurals.

const IRREGULAR: &[(&str, &str)] = &[
    ("person", "people"),
    ("child", "children"),
    ("man", "men"),
    ("woman", "women"),
    ("mouse", "mice"),
    ("goose", "geese"),
    ("foot", "feet"),
    ("tooth", "teeth"),
    ("criterion", "criteria"),
    ("datum", "data"),
    ("life", "lives"),
    ("leaf", "leaves"),
    ("half", "halves"),
    ("shelf", "shelves"),
    ("knife", "knives"),
    ("wife", "wives"),
    ("wolf", "wolves"),
    ("loaf", "loaves"),
    ("thief", "thieves"),
    ("hero", "heroes"),
    ("potato", "potatoes"),
    ("tomato", "tomatoes"),
    ("echo", "echoes"),
    ("veto", "vetoes"),
    ("quiz", "quizzes"),
    ("bus", "buses"),
    ("index", "indexes"),
    ("series", "series"),
    ("species", "species"),
    ("sheep", "sheep"),
    ("fish", "fish"),
    ("equipment", "equipment"),
    ("information", "information"),
    ("news", "news"),
    ("staff", "staff"),
    ("software", "software"),
    ("hardware", "hardware"),
    ("feedback", "feedback"),
    ("inventory", "inventories"),
];

/// The plural of an English noun or noun phrase; only the last word changes, letter case is kept.
pub(super) fn plural(name: &str) -> String {
    let start = name.rfind([' ', '-', '_']).map_or(0, |at| at + 1);
    let (before, last) = name.split_at(start);
    let lower = last.to_lowercase();
    let upper = last.chars().count() > 1 && last.chars().all(|letter| !letter.is_lowercase());
    for (one, many) in IRREGULAR {
        if lower == *one {
            return format!("{before}{}", like(last, many));
        }
        if let Some(stem) = lower.strip_suffix(one)
            && matches!(*one, "person" | "man" | "woman" | "child")
            && stem.len() > 2
            && lower.len() == last.len()
            && lower != "human"
        {
            let kept = last.get(..stem.len()).unwrap_or("");
            return format!("{before}{kept}{many}");
        }
    }
    let mut letters = lower.chars().rev();
    let (end, previous) = (letters.next(), letters.next());
    let cut = |count: usize| {
        let keep = last.chars().count().saturating_sub(count);
        last.chars().take(keep).collect::<String>()
    };
    let word = match (previous, end) {
        _ if lower.ends_with("sis") => cut(2) + "es",
        (Some(previous), Some('y')) if !"aeiou".contains(previous) => cut(1) + "ies",
        (_, Some('s' | 'x' | 'z')) => last.to_owned() + "es",
        (Some('c' | 's'), Some('h')) => last.to_owned() + "es",
        _ if upper => last.to_owned() + "s",
        _ => last.to_owned() + "s",
    };
    format!("{before}{word}")
}

/// The word with its first letter in the case of the model's first letter.
fn like(model: &str, word: &str) -> String {
    if model.chars().next().is_some_and(char::is_uppercase) {
        capital(word)
    } else {
        word.to_owned()
    }
}

/// The text with its first letter in upper case.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
