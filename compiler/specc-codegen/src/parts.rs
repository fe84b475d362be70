//! The parts of generated source: what varies from program to program, as Rust text.

pub mod access;
pub mod effects;
pub mod fields;
pub mod operations;
pub mod rules;
pub mod seeds;
pub mod watchers;

use crate::names::NameTable;
use crate::source::comment;
use specc_ir::ir::{Entity, EntityId, Field, FieldId, Ir, RoleId};
use specc_syntax::span::{Sources, Span};

/// What every part reads.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The program.
    pub ir: &'a Ir,
    /// What things are called.
    pub names: &'a NameTable,
    /// The spec's files, for pointers to lines.
    pub places: &'a Places,
    /// The rules that look further than their row: entity and position.
    pub far: &'a [(EntityId, usize)],
}

/// Where lines begin, so that a pointer to the spec is quick to make.
#[derive(Debug)]
pub struct Places {
    /// A path as comments can hold it, and where its lines begin.
    files: Vec<(String, Vec<u32>)>,
}

impl Places {
    /// Of these files.
    #[must_use]
    pub fn new(sources: &Sources) -> Places {
        let files = sources
            .files
            .iter()
            .map(|file| {
                let starts = file
                    .text
                    .bytes()
                    .zip(1_u32..)
                    .filter(|(byte, _)| *byte == b'\n')
                    .map(|(_, next)| next);
                (comment(&file.path), starts.collect())
            })
            .collect();
        Places { files }
    }

    /// `path:line` of a span's start.
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        match self.files.get(span.file.0 as usize) {
            Some((path, starts)) => {
                format!(
                    "{path}:{}",
                    starts.partition_point(|start| *start <= span.start) + 1
                )
            }
            None => "?".to_owned(),
        }
    }
}

impl<'a> Context<'a> {
    /// `path:line` of a span's start.
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        self.places.place(span)
    }

    /// The entity, if there is one.
    #[must_use]
    pub fn entity(&self, entity: EntityId) -> Option<&'a Entity> {
        self.ir.entities.get(entity.0 as usize)
    }

    /// The field, if there is one.
    #[must_use]
    pub fn field(&self, entity: EntityId, field: FieldId) -> Option<&'a Field> {
        self.entity(entity)?.fields.get(field.0 as usize)
    }

    /// The entity's fields with their positions.
    pub fn fields(&self, entity: EntityId) -> impl Iterator<Item = (FieldId, &'a Field)> + use<'a> {
        let fields: &'a [Field] = self
            .entity(entity)
            .map_or(&[], |entity| entity.fields.as_slice());
        (0_u32..)
            .zip(fields)
            .map(|(position, field)| (FieldId(position), field))
    }

    /// The role's name.
    #[must_use]
    pub fn role_name(&self, role: RoleId) -> &'a str {
        self.ir
            .roles
            .get(role.0 as usize)
            .map_or("", |role| &role.name.text)
    }
}

/// A sentence's identifier: small letters and digits, everything else as one hyphen.
#[must_use]
pub fn folded(sentence: &str) -> String {
    let mut out = String::new();
    for letter in sentence.chars() {
        if letter.is_alphanumeric() {
            out.extend(letter.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

/// A name as a label: its first letter a capital, `_` as a blank.
#[must_use]
pub fn label(name: &str) -> String {
    let name = name.replace('_', " ");
    let mut letters = name.trim().chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
