//! Operand kinds and results of bytecodes: words into kinds.

use dg_spec::ast::{BytecodeCode, Name, OperandDecl, OperandKindExpr, TypeExpr, TypeKind};
use dg_spec::nearest;

use super::error::Error;
use super::types::Written;
use super::{Declarations, TypeName};
use crate::ir::ids::Table;
use crate::ir::spec::{OperandDecl as Operand, OperandKind, RecordKind, ResultKind};
use crate::ir::{OperandId, TypeSet};
use crate::typed::Ty;

const KINDS: [&str; 7] = ["slot", "const", "imm", "label", "slots", "open", "out"];
const IMMEDIATES: [&str; 3] = ["i32", "u32", "u16"];
const RESULTS: [&str; 3] = ["slot", "slots", "open"];

/// A run longer than a frame can be makes no sense.
const LONGEST_RUN: u64 = 250;

impl Declarations<'_> {
    /// The operands of `code`.
    pub fn operands(&self, code: &BytecodeCode, errors: &mut Vec<Error>) -> Table<OperandId, Operand> {
        let mut table = Table::new();
        for decl in &code.operands {
            let mut alternatives = Vec::new();
            for kind in &decl.kinds {
                match self.operand_kinds(kind) {
                    Ok(kinds) => {
                        for new in kinds {
                            if alternatives.contains(&new) {
                                errors.push(Error::BadOperand {
                                    at: kind.span,
                                    why: "the same alternative twice".to_string(),
                                    help: None,
                                });
                            } else {
                                alternatives.push(new);
                            }
                        }
                    }
                    Err(error) => errors.push(error),
                }
            }
            if let Some(error) = mixed(decl, &alternatives) {
                errors.push(error);
                alternatives.truncate(1);
            }
            if alternatives.is_empty() {
                // An error is reported; a slot lets the body be checked all the same.
                alternatives.push(OperandKind::Slot);
            }
            table.push(Operand {
                name: decl.name.text.to_string(),
                alternatives,
            });
        }
        table
    }

    fn operand_kinds(&self, kind: &OperandKindExpr) -> Result<Vec<OperandKind>, Error> {
        let words: Vec<&str> = kind.words.iter().map(Name::as_str).collect();
        if kind.length.is_some() && words != ["slots"] {
            return Err(Error::BadOperand {
                at: kind.span,
                why: "only `slots` has a length".to_string(),
                help: None,
            });
        }
        Ok(vec![match words.as_slice() {
            ["slot"] => OperandKind::Slot,
            ["label"] => OperandKind::Label,
            ["open", "slots"] => OperandKind::OpenSlots,
            ["out", "slot"] => OperandKind::OutSlot,
            ["slots"] => match kind.length {
                None => OperandKind::Slots,
                Some((least, most)) if least > most || most > LONGEST_RUN => {
                    return Err(Error::BadOperand {
                        at: kind.span,
                        why: format!("lengths go up from the first to the second, to {LONGEST_RUN} at most"),
                        help: None,
                    });
                }
                Some((least, most)) => {
                    return Ok((least..=most)
                        .map(|length| OperandKind::SlotsFixed(length as u16))
                        .collect());
                }
            },
            ["imm", "i32"] => OperandKind::ImmI32,
            ["imm", "u32"] => OperandKind::ImmU32,
            ["imm", "u16"] => OperandKind::ImmU16,
            ["imm"] => {
                return Err(Error::BadOperand {
                    at: kind.span,
                    why: "its width is missing".to_string(),
                    help: Some("write `imm i32`, `imm u32` or `imm u16`".to_string()),
                });
            }
            ["imm", _] => return Err(unknown_word(&kind.words[1], "type of immediate", &IMMEDIATES)),
            ["const", _] => {
                let ty = TypeExpr {
                    kind: TypeKind::Name(kind.words[1].clone()),
                    span: kind.words[1].span,
                };
                match self.written(&ty)? {
                    Written::Set(set) => OperandKind::Const(set),
                    Written::Ref {
                        record,
                        nullable: false,
                    } if matches!(self.tables.records[record].kind, RecordKind::Object { .. }) => {
                        match self.leaf_of(record) {
                            Some(leaf) => OperandKind::Const(TypeSet::leaf(leaf)),
                            None => OperandKind::ConstRef(record),
                        }
                    }
                    _ => {
                        return Err(Error::BadOperand {
                            at: ty.span,
                            why: "constants are values, or references to objects".to_string(),
                            help: Some("for a number, write `imm i32`".to_string()),
                        });
                    }
                }
            }
            ["const"] => {
                return Err(Error::BadOperand {
                    at: kind.span,
                    why: "its type is missing".to_string(),
                    help: Some("write `const value` for any constant".to_string()),
                });
            }
            [first, ..] if KINDS.contains(first) => {
                return Err(Error::BadOperand {
                    at: kind.span,
                    why: "these words do not go together".to_string(),
                    help: Some(
                        "kinds are `slot`, `const T`, `imm N`, `label`, `slots`, `open slots`, `out slot`".into(),
                    ),
                });
            }
            _ => {
                let word = &kind.words[0];
                let mut error = unknown_word(word, "operand kind", &KINDS);
                if let (Error::UnknownWord { nearest, .. }, Some(TypeName::Leaf(_) | TypeName::Group(_))) =
                    (&mut error, self.types.get(&word.text))
                {
                    *nearest = Some(format!("const {}", word.text));
                }
                return Err(error);
            }
        }])
    }

    /// The alternatives of the result of `code`.
    pub fn results(&self, code: &BytecodeCode, errors: &mut Vec<Error>) -> Vec<ResultKind> {
        let mut results = Vec::new();
        for kind in &code.result {
            let words: Vec<&str> = kind.words.iter().map(Name::as_str).collect();
            let result = match (words.as_slice(), kind.length) {
                (["slot"], None) => ResultKind::Slot,
                (["slots"], None) => ResultKind::Slots,
                (["open", "slots"], None) => ResultKind::OpenSlots,
                (["slots"], Some(_)) => {
                    errors.push(Error::BadOperand {
                        at: kind.span,
                        why: "the number of results stands in the instruction".to_string(),
                        help: Some("write `slots`".to_string()),
                    });
                    continue;
                }
                _ => {
                    errors.push(unknown_word(&kind.words[0], "kind of result", &RESULTS));
                    // The body is checked as if it were the commonest.
                    ResultKind::Slot
                }
            };
            if results.contains(&result) {
                let why = "the same alternative twice".to_string();
                errors.push(Error::BadOperand {
                    at: kind.span,
                    why,
                    help: None,
                });
            } else {
                results.push(result);
            }
        }
        results
    }

    /// The type of an operand in the body.
    pub fn operand_type(&self, operand: &Operand) -> Ty {
        let mut set = TypeSet::EMPTY;
        for kind in &operand.alternatives {
            match *kind {
                OperandKind::Slot | OperandKind::Last => set = self.tables.any(),
                OperandKind::Const(leaves) => set = set.union(leaves),
                OperandKind::ConstRef(record) => {
                    return Ty::Ref {
                        record,
                        nullable: false,
                    };
                }
                OperandKind::ImmI32 => return Ty::I32,
                OperandKind::ImmU32 => return Ty::U32,
                OperandKind::ImmU16 => return Ty::U16,
                OperandKind::Label => return Ty::Label,
                OperandKind::Slots | OperandKind::SlotsFixed(_) | OperandKind::OpenSlots => return Ty::List,
                OperandKind::OutSlot => return Ty::Unit,
            }
        }
        Ty::Value(set)
    }
}

/// Alternatives must all be values or all be runs; nothing else has alternatives.
fn mixed(decl: &OperandDecl, alternatives: &[OperandKind]) -> Option<Error> {
    let class = |kind: &OperandKind| match kind {
        OperandKind::Slot | OperandKind::Const(_) => 0,
        OperandKind::Slots | OperandKind::SlotsFixed(_) | OperandKind::OpenSlots => 1,
        _ => 2,
    };
    let first = class(alternatives.first()?);
    let fits = alternatives.len() == 1 || (first < 2 && alternatives.iter().all(|kind| class(kind) == first));
    (!fits).then(|| Error::BadOperand {
        at: decl.span,
        why: "these alternatives mean different things to the body".to_string(),
        help: Some("alternatives are all values (`slot`, `const ..`) or all runs (`slots`, `open slots`)".to_string()),
    })
}

/// The error for a word that is not one of `all`.
pub fn unknown_word(word: &Name, what: &'static str, all: &[&str]) -> Error {
    let nearest = nearest(word.as_str(), all.iter().copied()).map(str::to_string);
    let quoted: Vec<String> = all.iter().map(|word| format!("`{word}`")).collect();
    Error::UnknownWord {
        at: word.span,
        what,
        found: word.text.to_string(),
        nearest,
        all: quoted.join(", "),
    }
}
