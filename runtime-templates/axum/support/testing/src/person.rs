//! Somebody who asks the app for something, as anybody does: over its JSON interface.

use crate::outcome::Outcome;
use crate::row::{Called, Entity, Row};
use crate::scene::Scene;
use crate::values::Given;
use http::Method;
use serde_json::{Map, Value as Json, json};

/// Somebody in a scene; a visitor where they have no name.
#[derive(Debug, Clone, Copy)]
pub struct Person<'s> {
    pub(crate) scene: &'s Scene,
    pub(crate) id: Option<i64>,
}

impl Person<'_> {
    /// Makes a row with what is given, and nothing else.
    pub fn creates<E: Entity>(self, row: E) -> Outcome {
        let body = self.body(E::SLUG, row.into());
        self.ask(Method::POST, &format!("/api/{}", E::SLUG), Some(body))
    }

    /// Opens a row.
    pub fn reads(self, row: &Called) -> Outcome {
        self.ask(Method::GET, &self.scene.address(row), None)
    }

    /// Changes what is given of a row.
    pub fn updates<E: Entity>(self, row: &Called, change: E) -> Outcome {
        let body = self.body(E::SLUG, change.into());
        self.ask(Method::PATCH, &self.scene.address(row), Some(body))
    }

    /// Deletes a row.
    pub fn deletes(self, row: &Called) -> Outcome {
        self.ask(Method::DELETE, &self.scene.address(row), None)
    }

    /// Opens the list of an entity.
    pub fn lists<E: Entity>(self) -> Outcome {
        self.ask(Method::GET, &list::<E>(), None)
    }

    /// Takes a step of a row's lifecycle or runs an action on it, by its name in addresses.
    pub fn does<const N: usize>(
        self,
        operation: &str,
        row: &Called,
        inputs: [(&'static str, Given); N],
    ) -> Outcome {
        let declared = self.scene.inputs_on(row.entity, operation);
        let body = self.scene.inputs(declared, inputs);
        let path = format!("{}/{operation}", self.scene.address(row));
        self.ask(Method::POST, &path, Some(body))
    }

    /// Runs an action that stands alone, by its name in addresses.
    pub fn runs<const N: usize>(self, action: &str, inputs: [(&'static str, Given); N]) -> Outcome {
        let declared = self.scene.inputs_of(action);
        let body = self.scene.inputs(declared, inputs);
        self.ask(Method::POST, &format!("/api/{action}"), Some(body))
    }

    /// Signs up under a name. [`Scene::person`] knows them from then on.
    pub fn signs_up_as(self, name: &str) -> Outcome {
        let email = crate::scene::email(name);
        let body = json!({ "name": name, "email": email, "password": "correct horse battery" });
        let outcome = self.ask(Method::POST, "/api/sign-up", Some(body));
        if outcome.is_success() {
            self.scene.knows_by_email(name, &email);
        }
        outcome
    }

    /// Their list of an entity has so many rows.
    ///
    /// # Panics
    /// Where it has more or fewer.
    #[track_caller]
    pub fn sees<E: Entity>(self, count: usize) {
        let names = self.names::<E>();
        assert!(
            names.len() == count,
            "expected {count} of {}, they see {names:?}",
            E::SLUG
        );
    }

    /// Their list of an entity is these rows, in this order.
    ///
    /// # Panics
    /// Where it is another.
    #[track_caller]
    pub fn sees_in_order<E: Entity>(self, order: &[&str]) {
        let names = self.names::<E>();
        assert!(names == order, "expected {order:?}, they see {names:?}");
    }

    /// A row is in their list.
    ///
    /// # Panics
    /// Where it is not.
    #[track_caller]
    pub fn sees_row<E: Entity>(self, name: &str) {
        assert!(self.has_in_list::<E>(name), "they do not see {name:?}");
    }

    /// A row is not in their list.
    ///
    /// # Panics
    /// Where it is.
    #[track_caller]
    pub fn does_not_see<E: Entity>(self, name: &str) {
        assert!(!self.has_in_list::<E>(name), "they see {name:?}");
    }

    /// So many e-mails were sent to them since the scene began; of this subject where one is named.
    ///
    /// # Panics
    /// Where it were more or fewer.
    #[track_caller]
    pub fn gets_mail(self, count: usize, subject: Option<&str>) {
        let all = self.scene.mail_to(self.id);
        let found = all
            .iter()
            .filter(|mail| subject.is_none_or(|subject| *mail == subject));
        let found = found.count();
        assert!(
            found == count,
            "expected {count} e-mails, there are {found}; all of theirs are {all:?}"
        );
    }

    fn has_in_list<E: Entity>(self, name: &str) -> bool {
        let entity = self.scene.entity(E::SLUG);
        let row = self.scene.find(entity, name);
        row.is_some_and(|row| self.rows::<E>().contains(&row))
    }

    fn names<E: Entity>(self) -> Vec<String> {
        let entity = self.scene.entity(E::SLUG);
        let rows = self.rows::<E>();
        rows.into_iter()
            .map(|row| self.scene.name(entity, row))
            .collect()
    }

    /// The rows of their list.
    fn rows<E: Entity>(self) -> Vec<i64> {
        let list = self.ask(Method::GET, &list::<E>(), None).body();
        let items = list.get("items").and_then(Json::as_array);
        let entity = self.scene.entity(E::SLUG);
        let rows = items.into_iter().flatten();
        rows.filter_map(|row| self.scene.row_of(entity, row.get("id")?))
            .collect()
    }

    fn body(self, slug: &str, row: Row) -> Json {
        let entity = self.scene.entity(slug);
        let fields = row.fields.into_iter().map(|(name, given)| {
            let kind = self.scene.field(entity, name).1.kind;
            (name.to_owned(), self.scene.sent(kind, given))
        });
        Json::Object(fields.collect::<Map<_, _>>())
    }

    fn ask(self, method: Method, path: &str, body: Option<Json>) -> Outcome {
        self.scene.ask(self.id, method, path, body)
    }
}

fn list<E: Entity>() -> String {
    format!("/api/{}?per_page=200", E::SLUG)
}
