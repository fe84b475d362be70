//! The judge says nothing against apps that are right, whatever their program says: the mutants of the examples are
//! programs that nobody wrote, and each is held against what it means itself.

use specc_build::app::{listen, start_with};
use specc_build::folder::Folder;
use specc_tests::{program, root};
use specc_verify::app::App;
use specc_verify::judge::{Options, Record, Verdict, judge};
use specc_verify::strength::programs;
use std::time::Duration;

/// Of each example; `SPECC_AGREEING=all` takes them all.
const SAMPLE: usize = 4;

#[test]
fn nothing_is_said_against_programs_that_nobody_wrote() {
    let all = std::env::var("SPECC_AGREEING").is_ok_and(|wanted| wanted == "all");
    let mut wrong = Vec::new();
    for (turn, name) in ["helpdesk", "bookings", "purchasing", "journal"]
        .into_iter()
        .enumerate()
    {
        let folder = Folder::at(&program(&root().join("examples").join(name)));
        let checked = specc_build::front::check(&folder).unwrap();
        let mutants = programs(&checked.ir);
        let built = specc_build::strength::build(&folder, &checked, &mutants, &mut |_| {});
        let built = built.unwrap();
        let step = if all { 1 } else { mutants.len() / SAMPLE };
        for (at, ir) in mutants.iter().enumerate().skip(turn).step_by(step) {
            if built.unfit.iter().any(|(unfit, _)| *unfit == at) {
                continue;
            }
            let data = tempfile::tempdir().unwrap();
            let listener = listen(Some(0)).unwrap();
            let number = (at + 1).to_string();
            let variables = [(specc_build::strength::VARIABLE, number.as_str())];
            let running =
                start_with(&built.binary, &listener, data.path(), None, &variables).unwrap();
            let app = App::at(format!("http://{}", listener.local_addr().unwrap())).unwrap();
            // What the scenarios say is said of another program.
            let mut ir = ir.clone();
            ir.scenarios.clear();
            let options = Options {
                seed: at as u64,
                time: Duration::from_secs(1),
                quiet: 1,
                ..Options::default()
            };
            let records = judge(&ir, &app, options, &mut |_| {});
            drop(running);
            let failed = |record: &&Record| record.verdict == Verdict::Failed;
            wrong.extend(records.iter().filter(failed).take(2).map(|record| {
                format!(
                    "{name}, mutant {number}: {} {}: {}\n    {:?}",
                    record.id,
                    record.what,
                    record.seen,
                    record.exchanges.last()
                )
            }));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
