//! The app under judgement, in the judge's hands: it may be killed and started again.

use specc_build::BuildError;
use specc_build::host::Host;
use specc_build::sandbox::Sandbox;
use specc_verify::app::App;
use specc_verify::life;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// An app with its data, both gone when this and all that asks it are dropped.
pub struct Served(Rc<Hosted>);

struct Hosted(Host);

impl Served {
    /// In a box with a folder of its own in `state`; not started yet.
    pub fn new(
        binary: &Path,
        state: &Path,
        variables: &[(&str, &str)],
    ) -> Result<Served, BuildError> {
        let host = Host::new(binary, state, Sandbox::of_this_binary(), variables)?;
        Ok(Served(Rc::new(Hosted(host))))
    }

    /// Starts it; what it said where it does not answer.
    pub fn start(&self) -> Result<App, String> {
        let words = |error: BuildError| error.to_string();
        self.0.0.start(true).map_err(words)?;
        let address = self.0.0.address().map_err(words)?;
        let app = App::at(address).map_err(|error| error.to_string())?;
        let host: Rc<dyn life::Host> = Rc::clone(&self.0) as Rc<dyn life::Host>;
        Ok(app.hosted(host))
    }
}

impl life::Host for Hosted {
    fn ended(&self, wait: Duration) -> Option<String> {
        self.0.ended(wait)
    }

    fn kill(&self) {
        self.0.kill();
    }

    fn stop(&self) -> Result<Duration, String> {
        self.0.stop()
    }

    fn start(&self, empty: bool) -> Result<(), String> {
        self.0.start(empty).map_err(|error| error.to_string())
    }
}
