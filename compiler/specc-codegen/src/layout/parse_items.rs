//! Tokens to items.

use super::lex::{Kind as Token_, tokens};
use super::parse::{Reader, bare};
use super::tree::{File, Function, Item, ItemKind};

/// A whole file.
pub fn file(source: &str) -> Option<File<'_>> {
    let mut reader = Reader::new(source, tokens(source)?);
    let mut docs = Vec::new();
    let mut attributes = Vec::new();
    loop {
        let token = reader.peek();
        if token.kind == Token_::Doc && token.text.starts_with("//!") {
            docs.push(token.text);
            reader.next();
        } else if reader.is("#") && reader.ahead(1).text == "!" {
            attributes.push(reader.attribute()?);
        } else {
            break;
        }
    }
    let items = reader.items_of("")?;
    Some(File {
        docs,
        attributes,
        items,
    })
}

impl<'a> Reader<'a> {
    fn attribute(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.expect("#")?;
        self.take("!");
        self.expect("[")?;
        self.skip_to(&["]"], false)?;
        self.expect("]")?;
        self.since(start)
    }

    fn items_of(&mut self, end: &str) -> Option<Vec<Item<'a>>> {
        let mut items = Vec::new();
        loop {
            let token = self.peek();
            if token.kind == Token_::End {
                return end.is_empty().then_some(items);
            }
            if !end.is_empty() && self.take(end) {
                return Some(items);
            }
            items.push(self.item()?);
        }
    }

    fn item(&mut self) -> Option<Item<'a>> {
        let mut docs = Vec::new();
        let mut attributes = Vec::new();
        loop {
            let token = self.peek();
            if token.kind == Token_::Doc {
                docs.push(token.text);
                self.next();
            } else if self.is("#") {
                attributes.push(self.attribute()?);
            } else {
                break;
            }
        }
        Some(Item {
            docs,
            attributes,
            kind: self.item_kind()?,
        })
    }

    fn item_kind(&mut self) -> Option<ItemKind<'a>> {
        let start = self.at;
        self.take("pub");
        let word = self.next();
        match word.text {
            "use" => Some(ItemKind::Use(self.declaration(start)?)),
            "struct" => Some(ItemKind::Struct(self.declaration(start)?)),
            "mod" if self.ahead(1).text == ";" => Some(ItemKind::Mod(self.declaration(start)?)),
            "mod" | "impl" => {
                self.skip_to(&["{"], false)?;
                let head = self.since(start)?;
                self.expect("{")?;
                Some(ItemKind::Group(head, self.items_of("}")?))
            }
            "const" | "static" => {
                self.skip_to(&["="], false)?;
                self.expect("=")?;
                let head = self.since(start)?;
                let value = self.expr()?;
                self.expect(";")?;
                Some(ItemKind::Const(head, bare(value)))
            }
            "enum" => {
                self.skip_to(&["{"], false)?;
                let head = self.since(start)?;
                self.expect("{")?;
                let mut variants = Vec::new();
                while !self.take("}") {
                    let mut docs = Vec::new();
                    while self.peek().kind == Token_::Doc {
                        docs.push(self.next().text);
                    }
                    variants.push((docs, self.next().text));
                    if !self.take(",") && !self.is("}") {
                        return None;
                    }
                }
                Some(ItemKind::Enum(head, variants))
            }
            "fn" => Some(ItemKind::Fn(self.function(start)?)),
            _ => None,
        }
    }

    /// Up to its semicolon, without it.
    fn declaration(&mut self, start: usize) -> Option<&'a str> {
        self.skip_to(&[";"], false)?;
        let text = self.since(start)?;
        self.expect(";")?;
        Some(text)
    }

    fn function(&mut self, start: usize) -> Option<Function<'a>> {
        self.skip_to(&["("], true)?;
        let head = self.since(start)?;
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.take(")") {
            let start = self.at;
            self.skip_to(&[",", ")"], true)?;
            parameters.push(self.since(start)?);
            self.take(",");
        }
        let start = self.at;
        let output = if self.is("->") {
            self.skip_to(&["{"], true)?;
            self.since(start)?
        } else {
            ""
        };
        let body = self.block()?;
        Some(Function {
            head,
            parameters,
            output,
            body,
        })
    }
}
