//! What failed once is done again in every later run of the same spec, whatever its seed: it stands in `.specc/kept.json`.

use serde::{Deserialize, Serialize};
use specc_build::BuildError;
use specc_build::files::write_whole;
use specc_build::folder::Folder;
use specc_ir::ir::Ir;
use specc_verify::app::App;
use specc_verify::judge::replay;
use specc_verify::life;
use specc_verify::record::{Origin, Record};
use std::path::PathBuf;

/// The most that are kept; the oldest go first.
const MOST: usize = 100;

/// Something that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Case {
    /// The spec that it was done to, as evidence names it: dice do something else to another one.
    spec: String,
    origin: Origin,
}

/// All that is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Kept(Vec<Case>);

fn path_of(folder: &Folder) -> PathBuf {
    folder.state().join("kept.json")
}

impl Kept {
    /// What earlier runs kept; nothing where none did.
    ///
    /// # Errors
    /// In words, where it can't be understood.
    pub fn read(folder: &Folder) -> Result<Kept, String> {
        let path = path_of(folder);
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Kept::default()),
            Err(error) => Err(format!("{} can't be read: {error}", path.display())),
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                format!(
                    "{} can't be understood ({error}): remove it, and what failed before is done again only by its seed",
                    path.display()
                )
            }),
        }
    }

    /// Does it again.
    pub fn again(&self, ir: &Ir, app: &App, spec: &str) -> Vec<Record> {
        let mut records = Vec::new();
        for case in self.0.iter().filter(|case| case.spec == spec) {
            match replay(ir, app, &case.origin) {
                Ok(record) => records.extend(record),
                Err(dead) => {
                    records.push(life::did_not_answer(ir, app, &dead));
                    break;
                }
            }
        }
        records
    }

    /// Keeps what failed as well, for the next run.
    ///
    /// # Errors
    /// Where the folder can't be written.
    pub fn learn(
        mut self,
        folder: &Folder,
        spec: &str,
        records: &[Record],
    ) -> Result<(), BuildError> {
        let known = self.0.len();
        for record in records.iter().filter(|record| record.is_wrong()) {
            let case = Case {
                spec: spec.to_owned(),
                origin: record.origin.clone(),
            };
            let dice = matches!(case.origin, Origin::Walk { .. } | Origin::Steps { .. });
            if dice && !self.0.contains(&case) {
                self.0.push(case);
            }
        }
        if self.0.len() == known {
            return Ok(());
        }
        self.0.drain(..self.0.len().saturating_sub(MOST));
        let text = serde_json::to_string_pretty(&self).unwrap_or_default();
        let state = folder.state();
        std::fs::create_dir_all(&state).map_err(BuildError::io("create", &state))?;
        write_whole(&path_of(folder), text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use specc_syntax::span::Span;
    use specc_verify::record::Verdict;

    fn record(verdict: Verdict, origin: Origin) -> Record {
        Record {
            verdict,
            origin,
            ..Record::open(String::new(), "walks", String::new(), Span::default())
        }
    }

    fn steps(scene: u64) -> Origin {
        Origin::Steps {
            scene,
            steps: vec![1, 4],
        }
    }

    #[test]
    fn what_failed_is_kept_once_and_the_newest_of_it() {
        let work = tempfile::tempdir().unwrap();
        let folder = Folder::at(work.path());
        let records = [
            record(Verdict::Held, steps(1)),
            record(Verdict::Failed, steps(2)),
            record(Verdict::Flaky, steps(3)),
            record(Verdict::Failed, Origin::Scenario(4)),
            record(Verdict::Failed, steps(2)),
        ];
        let kept = || Kept::read(&folder).unwrap();
        kept().learn(&folder, "a", &records[..1]).unwrap();
        assert!(!path_of(&folder).exists());
        kept().learn(&folder, "a", &records).unwrap();
        kept().learn(&folder, "b", &records[1..2]).unwrap();
        let there: Vec<(String, Origin)> = kept()
            .0
            .into_iter()
            .map(|case| (case.spec, case.origin))
            .collect();
        let of = |spec: &str, scene| (spec.to_owned(), steps(scene));
        assert_eq!(there, [of("a", 2), of("a", 3), of("b", 2)]);
        let many: Vec<Record> = (10..200)
            .map(|scene| record(Verdict::Failed, steps(scene)))
            .collect();
        kept().learn(&folder, "c", &many).unwrap();
        assert_eq!(kept().0.len(), MOST);
        assert_eq!(
            kept().0.last().map(|case| case.origin.clone()),
            Some(steps(199))
        );
        std::fs::write(path_of(&folder), "rubbish").unwrap();
        assert!(Kept::read(&folder).unwrap_err().contains("remove it"));
    }
}
