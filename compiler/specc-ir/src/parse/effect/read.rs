//! The grammar of effects: tokens to what an effect says, untyped.

use super::{EffectNode, Place};
use crate::parse::QueryNode;
use crate::parse::syntax::{Node, Parser};
use crate::parse::token::{Fail, Kind, TextPart, Token};
use specc_syntax::names::suggest;

const EFFECTS: &[&str] = &[
    "set",
    "create",
    "delete",
    "do",
    "email",
    "for",
    "when",
    "refuse",
    "otherwise",
    "sign",
];

pub(super) fn read(parser: &mut Parser<'_>) -> Result<EffectNode, Fail> {
    let (start, end) = parser.place();
    if parser.take_words(&["set"]) {
        let target = parser.operand()?;
        if !parser.take_words(&["to"]) {
            return Err(parser
                .expected("`to`")
                .named("bad-effect")
                .help("write `set field to value`"));
        }
        return Ok(EffectNode::Set {
            target,
            value: parser.expression()?,
        });
    }
    if parser.take_words(&["create"]) {
        let entity = parser.name("an entity")?;
        let values = if parser.take_words(&["with"]) {
            values(parser)?
        } else {
            Vec::new()
        };
        let named = parser.is_word(0, "as") && !parser.is_word(1, "system");
        let name = if named && parser.take_words(&["as"]) {
            Some(parser.name("a name behind `as`")?)
        } else {
            None
        };
        return Ok(EffectNode::Create {
            entity,
            values,
            name,
        });
    }
    if parser.take_words(&["delete"]) {
        return Ok(EffectNode::Delete(parser.operand()?));
    }
    if parser.take_words(&["do"]) {
        let first = parser.name("a step or an action")?;
        let mut words = first;
        while !["on", "with", "as"]
            .iter()
            .any(|word| parser.is_word(0, word))
        {
            let Some(Token {
                kind: Kind::Word | Kind::Sign("-"),
                end,
                ..
            }) = parser.peek()
            else {
                break;
            };
            words.1 = *end;
            if !parser.take_sign("-") {
                parser.name("a name")?;
            }
        }
        let row = if parser.take_words(&["on"]) {
            Some(parser.operand()?)
        } else {
            None
        };
        let inputs = if parser.take_words(&["with"]) {
            values(parser)?
        } else {
            Vec::new()
        };
        return Ok(EffectNode::Do {
            words,
            row,
            inputs,
            place: (start, parser.last_end()),
        });
    }
    if parser.take_words(&["email"]) {
        let to = parser.operand()?;
        if !matches!(
            parser.peek(),
            Some(Token {
                kind: Kind::Text(_),
                ..
            })
        ) {
            return Err(parser
                .expected("the text of the message")
                .named("bad-effect")
                .help("write `email who \"Subject: {name}\"`"));
        }
        let text = parser.operand()?;
        return Ok(EffectNode::Email { to, text });
    }
    if parser.take_words(&["for", "each"]) {
        let query = QueryNode::read(parser)?;
        return Ok(EffectNode::ForEach(query, (start, parser.last_end())));
    }
    if parser.take_words(&["when"]) {
        return Ok(EffectNode::When(parser.expression()?));
    }
    if parser.take_words(&["refuse"]) {
        return refuse(parser);
    }
    if parser.take_words(&["otherwise"]) {
        return Err(Fail::new(start, end, "nothing stands before this `otherwise`")
            .named("misplaced-otherwise")
            .help("it stands directly below a `when`, or nested below the effect whose refusal it answers"));
    }
    if parser.take_words(&["sign", "up"]) {
        let values = given(parser, "sign up with email = …, name = …, password = …")?;
        let named = parser.is_word(0, "as") && !parser.is_word(1, "system");
        let name = if named && parser.take_words(&["as"]) {
            Some(parser.name("a name behind `as`")?)
        } else {
            None
        };
        return Ok(EffectNode::SignUp {
            values,
            name,
            place: (start, parser.last_end()),
        });
    }
    if parser.take_words(&["sign", "in"]) {
        let values = given(parser, "sign in with email = …, password = …")?;
        return Ok(EffectNode::SignIn {
            values,
            place: (start, parser.last_end()),
        });
    }
    let word = parser.slice(start, end);
    let fail = Fail::new(start, end, format!("`{word}` begins no effect")).named("bad-effect");
    Err(match suggest(word, EFFECTS.iter().copied()) {
        Some(near) => fail.help(format!("did you mean `{near}`?")).edit(near),
        None => fail.help("effects begin with `set`, `create`, `delete`, `do`, `email`, `for each`, `when`, `otherwise`, `refuse`, `sign up` or `sign in`"),
    })
}

/// `with a = e, b = e`, which must be there.
pub(super) fn given(
    parser: &mut Parser<'_>,
    form: &'static str,
) -> Result<Vec<(Place, Node)>, Fail> {
    if !parser.take_words(&["with"]) {
        return Err(parser
            .expected("`with`")
            .named("bad-effect")
            .help(format!("write `{form}`")));
    }
    values(parser)
}

pub(super) fn values(parser: &mut Parser<'_>) -> Result<Vec<(Place, Node)>, Fail> {
    let mut out = Vec::new();
    loop {
        let name = parser.name("a field")?;
        if !parser.take_sign("=") {
            return Err(parser
                .expected("`=`")
                .named("bad-effect")
                .help("write `field = value`, several separated by commas"));
        }
        out.push((name, parser.expression()?));
        if !parser.take_sign(",") {
            return Ok(out);
        }
    }
}

fn refuse(parser: &mut Parser<'_>) -> Result<EffectNode, Fail> {
    let (start, end) = parser.place();
    let Some(Token {
        kind: Kind::Text(parts),
        ..
    }) = parser.peek().cloned()
    else {
        return Err(parser
            .expected("a sentence")
            .named("bad-effect")
            .help("write `refuse \"The room is taken.\"`"));
    };
    parser.operand()?;
    let mut sentence = String::new();
    for part in parts {
        match part {
            TextPart::Plain(text) => sentence.push_str(&text),
            TextPart::Code(from, to) => {
                return Err(Fail::new(
                    from,
                    to,
                    "the sentence of a refusal is fixed and holds no values",
                )
                .named("bad-effect")
                .help("write the sentence out; a brace itself is `\\{`"));
            }
        }
    }
    if sentence.trim().is_empty() {
        return Err(Fail::new(start, end, "this refusal says nothing")
            .named("bad-effect")
            .help("write the sentence that people read"));
    }
    Ok(EffectNode::Refuse(sentence, (start, end)))
}
