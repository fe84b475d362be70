//! A run as JUnit XML, for the test pages of build servers: a suite for each class, a case for each obligation.

use super::{Outcome, Report};
use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// The text of the file.
///
/// # Errors
/// Where the text can't be made into XML.
pub fn junit(report: &Report) -> Result<String, String> {
    let mut suites: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in &report.results {
        suites.entry(&outcome.class).or_default().push(outcome);
    }
    let mut junit = Junit::new(format!("specc verify {}", report.program));
    for (class, outcomes) in suites {
        let mut suite = TestSuite::new(class);
        suite.add_test_cases(outcomes.into_iter().map(case));
        junit.add_test_suite(suite);
    }
    junit.to_string().map_err(|error| error.to_string())
}

fn case(outcome: &Outcome) -> TestCase {
    let mut status = match outcome.verdict.as_str() {
        "held" => TestCaseStatus::success(),
        "not exercised" => TestCaseStatus::skipped(),
        _ => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    match outcome.verdict.as_str() {
        "held" => {}
        "not exercised" => {
            status.set_message("nothing was seen that would tell");
        }
        verdict => {
            status.set_type(verdict);
            status.set_message(outcome.seen.clone());
            status.set_description(super::told(outcome));
        }
    }
    let mut case = TestCase::new(outcome.id.clone(), status);
    let place = outcome.sentence.as_ref();
    case.set_classname(place.map_or_else(
        || outcome.class.clone(),
        |place| format!("{}:{}", place.file, place.line),
    ));
    if let Some(place) = place {
        case.extra.insert("file".into(), place.file.as_str().into());
        case.extra
            .insert("line".into(), place.line.to_string().into());
    }
    case
}
