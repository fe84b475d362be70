//! What goes wrong only after several things were done is found, told in the few steps that it takes, and done again.

use specc_build::app::{listen, start_alone};
use specc_tests::faults::{compile, faults};
use specc_tests::judged::generated;
use specc_verify::app::App;
use specc_verify::judge::{Options, Verdict, judge, replay};
use std::time::Duration;

#[test]
fn what_takes_several_steps_is_told_in_few() {
    let made = generated("helpdesk");
    let app = made.folder.join("app");
    for fault in faults("walks") {
        let planted = fault.plant(&app);
        let binary = compile(&app);
        let listener = listen(Some(0)).unwrap();
        let data = tempfile::tempdir().unwrap();
        let running = start_alone(&binary, &listener, data.path()).unwrap();
        drop(planted);
        let app = App::at(format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let options = Options {
            time: Duration::from_secs(120),
            quiet: 2,
            ..Options::default()
        };
        let mut found = judge(&made.ir, &app, options, &mut |_| {});
        found.retain(|record| record.id.starts_with("steps.") && record.is_wrong());
        for record in &found {
            eprintln!("{}: {}: {:#?}", record.id, record.seen, record.steps);
        }
        assert!(!found.is_empty(), "{}", fault.name);
        for record in &found {
            assert_eq!(record.verdict, Verdict::Failed, "{}", record.id);
            let done = record.exchanges.len();
            assert!(done <= 4, "{}: {done} steps", record.id);
            let again = replay(&made.ir, &app, &record.origin).unwrap().unwrap();
            assert_eq!(again.verdict, Verdict::Failed, "{}", record.id);
            assert_eq!(again.steps, record.steps);
            assert_eq!(again.seen, record.seen);
        }
        drop(running);
    }
}
