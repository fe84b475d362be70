//! What the judge does is thought of without any app: whatever tells a wrong program from the right one has to be among
//! it, and what is said to mean the same must never be told.

use specc_build::folder::Folder;
use specc_tests::{program, root};
use specc_verify::strength::untold;

/// Mutants that mean the same as their program, for a reason that has to be read.
const EQUIVALENT: &[(&str, &str, &str)] = &[
    (
        "purchasing",
        "item.access.2.signed-in",
        "the only effect that makes items makes them in a draft of the caller's own, and nobody else reads drafts",
    ),
    (
        "purchasing",
        "purchase.lifecycle.2.right0",
        "a manager reads what their department wants, and what they want themselves, which nobody approves",
    ),
];

/// What the dice come upon too seldom: a sum at the edge of a limit, for whoever is bound by it, in their own department,
/// within its budget. The judge says of these that they were not exercised where it did not meet them.
const SELDOM: &[(&str, &str)] = &[
    ("purchasing", "purchase.lifecycle.2.always"),
    ("purchasing", "purchase.lifecycle.2.left0"),
    ("purchasing", "purchase.lifecycle.2.operator6"),
];

#[test]
fn every_mutant_of_the_examples_is_told_from_the_program_or_means_the_same() {
    let scenes = std::env::var("SPECC_SCENES").map_or(200, |wanted| wanted.parse().unwrap());
    let mut wrong = Vec::new();
    for name in ["helpdesk", "bookings", "purchasing", "journal"] {
        let folder = Folder::at(&program(&root().join("examples").join(name)));
        let checked = specc_build::front::check(&folder).unwrap();
        let start = std::time::Instant::now();
        let all = specc_ir::mutate::mutants(&checked.ir);
        let untold = untold(&checked.ir, 1, scenes);
        let mut same = 0;
        for (at, mutant) in all.iter().enumerate() {
            let told = !untold.iter().any(|(open, _)| *open == at);
            let by_hand = EQUIVALENT
                .iter()
                .find(|(of, id, _)| *of == name && *id == mutant.id);
            let reason = mutant.equivalent.or(by_hand.map(|(_, _, reason)| *reason));
            same += usize::from(reason.is_some());
            match (told, reason) {
                (true, Some(reason)) => {
                    wrong.push(format!("{name}: {mutant:?} is told, though {reason}"));
                }
                (false, None) if SELDOM.contains(&(name, mutant.id.as_str())) => {}
                (false, None) => wrong.push(format!("{name}: {mutant:?} is not told")),
                _ => {}
            }
        }
        let made = all.len();
        println!(
            "{name}: {made} made, {same} mean the same, after {:?}",
            start.elapsed()
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
