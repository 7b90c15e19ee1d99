//! The text form, read. See [`super::print`] for what it looks like.

use std::collections::HashMap;
use std::sync::Arc;

use super::function::{Block, Function, FunctionKind, InstData, Program, Role, ValueData, ValueDef};
use super::ids::{BlockId, ExternId, FunctionId, Id, LeafId, OperandId, PlanId, RecordId, Table, ValueId};
use super::inst::{BlockCall, CallArgs, Continuation, ContinuationTarget, Likely, Op, Terminator};
use super::lex::Lexer;
pub use super::lex::ParseError;
use super::names::{self, item};
use super::spec::{
    CacheForm, CacheShape, CacheWord, FieldId, LeafEncoding, OperandKind, ResultKind, SpecTables, Variant,
};
use super::types::{Type, TypeSet};

/// Reads the functions of a program.
///
/// # Errors
/// At the first mistake. What parses may still be ill-formed: the verifier judges that.
pub fn parse_program(spec: &Arc<SpecTables>, text: &str) -> Result<Program, ParseError> {
    let names = function_names(text);
    let mut lexer = Lexer::new(text);
    let mut functions = Table::new();
    while !lexer.at_end() {
        let parser = Parser {
            spec,
            names: &names,
            lexer: &mut lexer,
            kind: FunctionKind::Native(super::ids::NativeId(0)),
            values: HashMap::new(),
        };
        functions.push(parser.function()?);
    }
    Ok(Program {
        spec: Arc::clone(spec),
        functions,
    })
}

/// The names of all functions, in order, so that one can mention a later one.
fn function_names(text: &str) -> Vec<&str> {
    let heads = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn "));
    heads.filter_map(|head| head.split_whitespace().next()).collect()
}

struct Parser<'p, 't> {
    spec: &'p SpecTables,
    names: &'p [&'t str],
    lexer: &'p mut Lexer<'t>,
    kind: FunctionKind,
    /// Values by their number in the text.
    values: HashMap<u32, ValueData>,
}

type Parsed<T> = Result<T, ParseError>;

/// The address and the count of a list.
type ListValues = (ValueId, ValueId);

impl Parser<'_, '_> {
    fn function(mut self) -> Parsed<Function> {
        self.lexer.expect("fn")?;
        let name = self.lexer.take()?.to_string();
        self.kind = match self.lexer.take()? {
            "bytecode" => {
                let name = self.lexer.take()?;
                FunctionKind::Bytecode(self.named(
                    "bytecode",
                    name,
                    self.spec.bytecodes.find(|row| row.name == name),
                )?)
            }
            "native" => {
                let name = self.lexer.take()?;
                FunctionKind::Native(self.named("native", name, self.spec.natives.find(|row| row.name == name))?)
            }
            other => {
                return Err(self
                    .lexer
                    .error_before(format!("`{other}` is neither `bytecode` nor `native`")));
            }
        };
        let variant = if self.lexer.peek() == "(" {
            Some(self.variant()?)
        } else {
            None
        };
        let form = if self.lexer.accept("linking") {
            CacheForm::Linking
        } else if self.lexer.accept("case") {
            CacheForm::Case(self.lexer.number()?)
        } else {
            CacheForm::Plain
        };
        let role = match self.lexer.take()? {
            "entry" => Role::Entry,
            "cold" => Role::Cold {
                of: self.function_of()?,
            },
            "continuation" => Role::Continuation {
                of: self.function_of()?,
            },
            "catch" => Role::Catch {
                of: self.function_of()?,
            },
            other => return Err(self.lexer.error_before(format!("`{other}` is no role of a function"))),
        };
        self.lexer.expect("{")?;
        let mut function = Function::new(name, self.kind);
        function.blocks = Table::new();
        function.variant = variant;
        function.form = form;
        function.role = role;
        while !self.lexer.accept("}") {
            let id = BlockId(self.lexer.id("b")?);
            if id != function.blocks.next_id() {
                return Err(self.lexer.error_before(format!(
                    "blocks are numbered in order: expected `b{}`",
                    function.blocks.len()
                )));
            }
            let block = self.block(id, &mut function)?;
            function.blocks.push(block);
        }
        self.check_blocks(&function)?;
        function.values = self.values_in_order()?;
        Ok(function)
    }

    /// Every block that is mentioned must be there, or tables could not be indexed by it.
    fn check_blocks(&self, function: &Function) -> Parsed<()> {
        if function.blocks.is_empty() {
            return Err(self.lexer.error_before("a function has at least one block"));
        }
        let mentioned = function.blocks.values().flat_map(|block| block.terminator.successors());
        for block in mentioned {
            if function.blocks.get(block).is_none() {
                return Err(self.lexer.error_before(format!("there is no block `{block}`")));
            }
        }
        let used = function.insts.values().flat_map(|inst| inst.op.args());
        let used = used.chain(function.blocks.values().flat_map(|block| block.terminator.args()));
        for value in used {
            if !self.values.contains_key(&value.0) {
                return Err(self.lexer.error_before(format!("nothing defines `{value}`")));
            }
        }
        Ok(())
    }

    /// Numbers may have gaps in no text that was printed from a compacted function; a gap is an error.
    fn values_in_order(&self) -> Parsed<Table<ValueId, ValueData>> {
        let ids = 0..self.values.len() as u32;
        ids.map(|id| {
            let found = self.values.get(&id).copied();
            found.ok_or_else(|| {
                self.lexer
                    .error_before(format!("values are numbered without gaps: `v{id}` is missing"))
            })
        })
        .collect()
    }

    fn block(&mut self, id: BlockId, function: &mut Function) -> Parsed<Block> {
        let mut params = Vec::new();
        if self.lexer.accept("(") {
            while !self.lexer.accept(")") {
                let def = ValueDef::Param(id, params.len() as u32);
                params.push(self.declare(def)?);
                if self.lexer.peek() != ")" {
                    self.lexer.expect(",")?;
                }
            }
        }
        let cold = self.lexer.accept("cold");
        self.lexer.expect(":")?;
        let mut insts = Vec::new();
        loop {
            let mut results = Vec::new();
            let inst = function.insts.next_id();
            if self
                .lexer
                .peek()
                .strip_prefix('v')
                .is_some_and(|number| number.parse::<u32>().is_ok())
            {
                loop {
                    let def = ValueDef::Result(inst, results.len() as u32);
                    results.push(self.declare(def)?);
                    if self.lexer.accept("=") {
                        break;
                    }
                    self.lexer.expect(",")?;
                }
            }
            let start = self.lexer.position();
            let word = self.lexer.take()?;
            if let Some(op) = self.op(word)? {
                let line = self.line()?;
                insts.push(function.insts.push(InstData { op, results, line }));
                continue;
            }
            self.lexer.rewind(start);
            let terminator = self.terminator()?;
            if !results.is_empty() {
                return Err(self.lexer.error_before("a terminator has no results"));
            }
            let line = self.line()?;
            return Ok(Block {
                params,
                insts,
                terminator,
                line,
                cold,
            });
        }
    }

    fn line(&mut self) -> Parsed<u32> {
        if self.lexer.accept("@") {
            self.lexer.number()
        } else {
            Ok(0)
        }
    }

    fn declare(&mut self, def: ValueDef) -> Parsed<ValueId> {
        let id = self.lexer.id("v")?;
        self.lexer.expect(":")?;
        let ty = self.ty()?;
        if self.values.insert(id, ValueData { ty, def }).is_some() {
            return Err(self.lexer.error_before(format!("`v{id}` is defined twice")));
        }
        Ok(ValueId(id))
    }

    fn ty(&mut self) -> Parsed<Type> {
        Ok(match self.lexer.take()? {
            "val" if self.lexer.peek() == "[" => Type::Val(self.set()?),
            "val" => Type::Val(self.spec.any()),
            "f64" => Type::F64,
            "i32" => Type::I32,
            "i64" => Type::I64,
            "bool" => Type::Bool,
            "ptr" => Type::Ptr,
            "ref" => Type::Ref(self.record()?),
            other => return Err(self.lexer.error_before(format!("`{other}` is no type"))),
        })
    }

    fn set(&mut self) -> Parsed<TypeSet> {
        self.lexer.expect("[")?;
        let mut set = TypeSet::EMPTY;
        while !self.lexer.accept("]") {
            set = set.union(TypeSet::leaf(self.leaf()?));
            if self.lexer.peek() != "]" {
                self.lexer.expect("|")?;
            }
        }
        Ok(set)
    }

    fn variant(&mut self) -> Parsed<Variant> {
        let mut operands = Vec::new();
        self.lexer.expect("(")?;
        while !self.lexer.accept(")") {
            operands.push(self.operand_kind()?);
            if self.lexer.peek() != ")" {
                self.lexer.expect(",")?;
            }
        }
        let result = if self.lexer.accept("->") {
            Some(match self.lexer.take()? {
                "slot" => ResultKind::Slot,
                "slots" => ResultKind::Slots,
                "open_slots" => ResultKind::OpenSlots,
                other => return Err(self.lexer.error_before(format!("`{other}` is no kind of result"))),
            })
        } else {
            None
        };
        let cache = if self.lexer.accept("cache") {
            Some(self.cache_shape()?)
        } else {
            None
        };
        Ok(Variant {
            operands,
            result,
            cache,
        })
    }

    fn cache_shape(&mut self) -> Parsed<CacheShape> {
        let is_call = self.lexer.accept("call");
        let key = self.types()?;
        let mut cases = Vec::new();
        self.lexer.expect("[")?;
        while !self.lexer.accept("]") {
            let name = self.lexer.take()?.to_owned();
            cases.push((name, self.types()?));
            if self.lexer.peek() != "]" {
                self.lexer.expect(",")?;
            }
        }
        let until = if self.lexer.accept("until") {
            Some(self.lexer.take()?.to_owned())
        } else {
            None
        };
        let ways = if self.lexer.accept("ways") {
            self.lexer.number()?
        } else {
            1
        };
        Ok(CacheShape {
            key,
            cases,
            until,
            ways,
            is_call,
        })
    }

    fn types(&mut self) -> Parsed<Vec<Type>> {
        let mut types = Vec::new();
        self.lexer.expect("(")?;
        while !self.lexer.accept(")") {
            types.push(self.ty()?);
            if self.lexer.peek() != ")" {
                self.lexer.expect(",")?;
            }
        }
        Ok(types)
    }

    fn cache_word(&mut self) -> Parsed<CacheWord> {
        match self.lexer.take()? {
            "key" => Ok(CacheWord::Key(self.lexer.number()?)),
            "case" => Ok(CacheWord::Payload {
                case: self.lexer.number()?,
                index: self.lexer.number()?,
            }),
            other => Err(self
                .lexer
                .error_before(format!("`{other}` is neither `key` nor `case`"))),
        }
    }

    fn operand_kind(&mut self) -> Parsed<OperandKind> {
        Ok(match self.lexer.take()? {
            "slot" => OperandKind::Slot,
            "const" => OperandKind::Const(self.set()?),
            "const_ref" => OperandKind::ConstRef(self.record()?),
            "imm_i32" => OperandKind::ImmI32,
            "imm_u32" => OperandKind::ImmU32,
            "imm_u16" => OperandKind::ImmU16,
            "label" => OperandKind::Label,
            "slots" if self.lexer.accept("[") => {
                let count = self.lexer.number()?;
                self.lexer.expect("]")?;
                OperandKind::SlotsFixed(count)
            }
            "slots" => OperandKind::Slots,
            "open_slots" => OperandKind::OpenSlots,
            "out_slot" => OperandKind::OutSlot,
            "last" => OperandKind::Last,
            other => return Err(self.lexer.error_before(format!("`{other}` is no kind of operand"))),
        })
    }

    /// The operation that starts with `word`; `None` when a terminator does.
    fn op(&mut self, word: &str) -> Parsed<Option<Op>> {
        if let Some(op) = item(names::UNARY, word) {
            return Ok(Some(Op::Unary(op, self.value()?)));
        }
        if let Some(op) = item(names::BINARY, word) {
            let (a, b) = self.pair()?;
            return Ok(Some(Op::Binary(op, a, b)));
        }
        Ok(Some(match word {
            "f64" => Op::ConstF64(self.float()?),
            "i32" => Op::ConstI32(self.lexer.number()?),
            "i64" => Op::ConstI64(self.lexer.number()?),
            "bool" => Op::ConstBool(self.lexer.number()?),
            "val" => Op::ConstVal(self.boxed()?),
            "null" => Op::ConstNull(self.record()?),
            "slot_index" => Op::SlotIndex(self.operand()?),
            "operand" => Op::Operand(self.operand()?),
            "const_operand" => Op::ConstOperand(self.operand()?),
            "imm_operand" => Op::ImmOperand(self.operand()?),
            "list_operand" => Op::ListOperand(self.operand()?),
            "callee" => Op::Callee,
            "varargs" => Op::Varargs,
            "call_results" => Op::CallResults,
            "caught" => Op::Caught,
            "slot_load" => {
                let (slot, offset) = self.slot()?;
                Op::SlotLoad { slot, offset }
            }
            "slot_store" => {
                let (slot, offset) = self.slot()?;
                Op::SlotStore {
                    slot,
                    offset,
                    value: self.after("=")?,
                }
            }
            "slot_address" => {
                let (slot, offset) = self.slot()?;
                Op::SlotAddress { slot, offset }
            }
            "ptr_load" => {
                let (ptr, index) = self.indexed()?;
                Op::PtrLoad { ptr, index }
            }
            "ptr_store" => {
                let (ptr, index) = self.indexed()?;
                Op::PtrStore {
                    ptr,
                    index,
                    value: self.after("=")?,
                    owner: self.after("owner")?,
                }
            }
            "ptr_add" => {
                let (ptr, index) = self.indexed()?;
                Op::PtrAdd { ptr, index }
            }
            "store_result" => Op::StoreResult(self.value()?),
            "store_results" => {
                let (ptr, count) = self.pair()?;
                Op::StoreResults { ptr, count }
            }
            "is" => Op::Is {
                value: self.value()?,
                set: self.set()?,
            },
            "both_double" => {
                let (a, b) = self.pair()?;
                Op::BothDouble(a, b)
            }
            "same_bits" => {
                let (a, b) = self.pair()?;
                Op::SameBits(a, b)
            }
            "narrow" => Op::Narrow {
                value: self.value()?,
                set: self.set()?,
            },
            "assume" => Op::Assume {
                value: self.value()?,
                set: self.set()?,
            },
            "unbox" => Op::Unbox(self.value()?),
            "box" => Op::Box {
                leaf: self.leaf()?,
                value: self.value()?,
            },
            "fcmp" => {
                let cond = self.cond(names::FLOAT_CONDS)?;
                let (a, b) = self.pair()?;
                Op::FloatCompare(cond, a, b)
            }
            "icmp" => {
                let cond = self.cond(names::INT_CONDS)?;
                let (a, b) = self.pair()?;
                Op::IntCompare(cond, a, b)
            }
            "load" => {
                let (record, field) = self.field()?;
                Op::Load {
                    record,
                    field,
                    base: self.value()?,
                }
            }
            "store" => {
                let (record, field) = self.field()?;
                Op::Store {
                    record,
                    field,
                    base: self.value()?,
                    value: self.after("=")?,
                    owner: self.after("owner")?,
                }
            }
            "element_ref" => {
                let (record, (base, index)) = (self.record()?, self.indexed()?);
                Op::ElementRef { record, base, index }
            }
            "element_load" => {
                let (record, (base, index)) = (self.record()?, self.indexed()?);
                Op::ElementLoad { record, base, index }
            }
            "element_store" => {
                let (record, (base, index)) = (self.record()?, self.indexed()?);
                Op::ElementStore {
                    record,
                    base,
                    index,
                    value: self.after("=")?,
                }
            }
            "length" => Op::Length {
                record: self.record()?,
                base: self.value()?,
            },
            "new" => {
                let (record, mut fields) = (self.record()?, Vec::new());
                self.lexer.expect("(")?;
                while !self.lexer.accept(")") {
                    let name = self.lexer.take()?;
                    let field = self.named("field", name, self.spec.field(record, name))?;
                    fields.push((field, self.after(":")?));
                    if self.lexer.peek() != ")" {
                        self.lexer.expect(",")?;
                    }
                }
                let array = match self.lexer.accept("array") {
                    true => Some((self.value()?, self.after("times")?)),
                    false => None,
                };
                Op::New { record, fields, array }
            }
            "extern" => {
                let name = self.lexer.take()?;
                let callee: ExternId = self.named("extern", name, self.spec.externs.find(|row| row.name == name))?;
                Op::CallExtern {
                    callee,
                    args: self.list()?,
                }
            }
            "plan_payload" => {
                let answer = self.value()?;
                let (plan, case) = self.plan_case()?;
                Op::PlanPayload {
                    answer,
                    plan,
                    case,
                    index: self.lexer.number()?,
                }
            }
            "cache_load" => Op::CacheLoad(self.cache_word()?),
            "cache_store" => {
                let word = self.cache_word()?;
                self.lexer.expect("=")?;
                Op::CacheStore {
                    word,
                    value: self.value()?,
                }
            }
            "cache_link" => Op::CacheLink {
                case: self.lexer.number()?,
            },
            "call_link" => Op::CallLink {
                callee: self.value()?,
                args: self.operand()?,
            },
            "frame_fits" => Op::FrameFits {
                args: self.operand()?,
                bytes: self.value()?,
            },
            _ => return Ok(None),
        }))
    }

    fn terminator(&mut self) -> Parsed<Terminator> {
        Ok(match self.lexer.take()? {
            "jump" => Terminator::Jump(self.block_call()?),
            "branch" => {
                let (cond, then) = (self.value()?, self.block_call()?);
                self.lexer.expect(",")?;
                let otherwise = self.block_call()?;
                let likely = match self.lexer.accept("likely").then(|| self.lexer.take()).transpose()? {
                    None => Likely::Unknown,
                    Some("then") => Likely::Then,
                    Some("else") => Likely::Else,
                    Some(other) => return Err(self.lexer.error_before(format!("`{other}` is no side of a branch"))),
                };
                Terminator::Branch {
                    cond,
                    then,
                    otherwise,
                    likely,
                }
            }
            "switch" => {
                let (index, mut cases) = (self.value()?, Vec::new());
                self.lexer.expect("[")?;
                while !self.lexer.accept("]") {
                    cases.push(self.block_call()?);
                    if self.lexer.peek() != "]" {
                        self.lexer.expect(",")?;
                    }
                }
                Terminator::Switch { index, cases }
            }
            "cache" => {
                let key = self.list()?;
                self.lexer.expect("ways")?;
                let (ways, body) = (self.lexer.number()?, self.block_call()?);
                self.lexer.expect("done")?;
                Terminator::Cache {
                    key,
                    ways,
                    body,
                    done: BlockId(self.lexer.id("b")?),
                }
            }
            "next" => Terminator::Next,
            "again" => Terminator::Again,
            "goto" => Terminator::Goto(self.operand()?),
            "leave" => {
                let (values, list) = self.values_and_list()?;
                Terminator::Leave { values, list }
            }
            "call" => {
                let (callee, args) = (self.value()?, self.call_args()?);
                let first = self.lexer.accept("first").then(|| self.value()).transpose()?;
                Terminator::Call {
                    callee,
                    args,
                    first,
                    next: self.next_continuation()?,
                    catch: self.catch()?,
                }
            }
            "tail_call" => Terminator::TailCall {
                callee: self.value()?,
                args: self.call_args()?,
            },
            "throw" => Terminator::Throw(self.value()?),
            "delegate" => Terminator::Delegate,
            "resume" => {
                let (coroutine, args) = (self.value()?, self.call_args()?);
                Terminator::Resume {
                    coroutine,
                    args,
                    next: self.next_continuation()?,
                    catch: self.catch()?,
                }
            }
            "yield" => {
                let (values, list) = self.values_and_list()?;
                Terminator::Yield {
                    values,
                    list,
                    next: self.next_continuation()?,
                }
            }
            "tail_jump" => {
                let function = self.function_name()?;
                Terminator::TailJump {
                    function,
                    args: self.list()?,
                }
            }
            "unreachable" => Terminator::Unreachable,
            other => return Err(self.lexer.error_before(format!("`{other}` is no operation"))),
        })
    }

    fn next_continuation(&mut self) -> Parsed<Continuation> {
        self.lexer.expect("next")?;
        self.continuation()
    }

    fn catch(&mut self) -> Parsed<Option<Continuation>> {
        if self.lexer.accept("catch") {
            self.continuation().map(Some)
        } else {
            Ok(None)
        }
    }

    fn continuation(&mut self) -> Parsed<Continuation> {
        if !self.lexer.accept("fn") {
            return Ok(BlockId(self.lexer.id("b")?).into());
        }
        let target = ContinuationTarget::Function(self.function_name()?);
        self.lexer.expect("saved")?;
        Ok(Continuation {
            target,
            saved: self.list()?,
        })
    }

    fn call_args(&mut self) -> Parsed<CallArgs> {
        if self.lexer.accept("in_place") {
            return Ok(CallArgs::InPlace(self.operand()?));
        }
        self.lexer.expect("copied")?;
        let (fixed, list) = self.values_and_list()?;
        Ok(CallArgs::Copied { fixed, list })
    }

    fn values_and_list(&mut self) -> Parsed<(Vec<ValueId>, Option<ListValues>)> {
        let values = self.list()?;
        if !self.lexer.accept("list") {
            return Ok((values, None));
        }
        self.lexer.expect("(")?;
        let pair = self.pair()?;
        self.lexer.expect(")")?;
        Ok((values, Some(pair)))
    }

    fn block_call(&mut self) -> Parsed<BlockCall> {
        let block = BlockId(self.lexer.id("b")?);
        let args = if self.lexer.peek() == "(" { self.list()? } else { vec![] };
        Ok(BlockCall { block, args })
    }

    fn list(&mut self) -> Parsed<Vec<ValueId>> {
        let mut values = Vec::new();
        self.lexer.expect("(")?;
        while !self.lexer.accept(")") {
            values.push(self.value()?);
            if self.lexer.peek() != ")" {
                self.lexer.expect(",")?;
            }
        }
        Ok(values)
    }

    fn value(&mut self) -> Parsed<ValueId> {
        self.lexer.id("v").map(ValueId)
    }

    fn after(&mut self, word: &str) -> Parsed<ValueId> {
        self.lexer.expect(word)?;
        self.value()
    }

    fn pair(&mut self) -> Parsed<(ValueId, ValueId)> {
        let a = self.value()?;
        Ok((a, self.after(",")?))
    }

    fn indexed(&mut self) -> Parsed<(ValueId, ValueId)> {
        let (base, index) = (self.value()?, self.after("[")?);
        self.lexer.expect("]")?;
        Ok((base, index))
    }

    fn slot(&mut self) -> Parsed<(ValueId, i32)> {
        let slot = self.value()?;
        self.lexer.expect("[")?;
        let offset = self.lexer.number()?;
        self.lexer.expect("]")?;
        Ok((slot, offset))
    }

    fn cond<T: Copy>(&mut self, table: &[(&str, T)]) -> Parsed<T> {
        let word = self.lexer.take()?;
        self.named("condition", word, item(table, word))
    }

    fn float(&mut self) -> Parsed<u64> {
        if self.lexer.peek().starts_with("0x") {
            self.bits()
        } else {
            self.lexer.number().map(f64::to_bits)
        }
    }

    fn bits(&mut self) -> Parsed<u64> {
        let token = self.lexer.take()?;
        let bits = token
            .strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        bits.ok_or_else(|| {
            self.lexer
                .error_before(format!("`{token}` is not a hexadecimal number of 64 bits"))
        })
    }

    fn boxed(&mut self) -> Parsed<u64> {
        if self.lexer.peek().starts_with("0x") {
            return self.bits();
        }
        let leaf = self.leaf()?;
        match self.spec.leaves[leaf].encoding {
            LeafEncoding::Unit { bits } => Ok(bits),
            LeafEncoding::Double => self.float(),
            LeafEncoding::Int32 { tag } => {
                let number: i32 = self.lexer.number()?;
                Ok(u64::from(tag) << 32 | u64::from(number as u32))
            }
            LeafEncoding::Ref { .. } => Err(self.lexer.error_before("a reference is written as its bits")),
        }
    }

    fn leaf(&mut self) -> Parsed<LeafId> {
        let name = self.lexer.take()?;
        self.named("leaf type", name, self.spec.leaves.find(|leaf| leaf.name == name))
    }

    fn record(&mut self) -> Parsed<RecordId> {
        let name = self.lexer.take()?;
        self.named("record", name, self.spec.records.find(|record| record.name == name))
    }

    fn field(&mut self) -> Parsed<(RecordId, FieldId)> {
        let path = self.lexer.take()?;
        let (record, field) = path.split_once('.').unwrap_or((path, ""));
        let record = self.named("record", record, self.spec.records.find(|row| row.name == record))?;
        Ok((record, self.named("field", path, self.spec.field(record, field))?))
    }

    fn plan_case(&mut self) -> Parsed<(PlanId, u32)> {
        let path = self.lexer.take()?;
        let (plan, case) = path.split_once('.').unwrap_or((path, ""));
        let plan = self.named("plan", plan, self.spec.plans.find(|row| row.name == plan))?;
        let case = self.spec.plans[plan].cases.iter().position(|row| row.name == case);
        Ok((plan, self.named("case", path, case)? as u32))
    }

    fn operand(&mut self) -> Parsed<OperandId> {
        let name = self.lexer.take()?;
        let found = match self.kind {
            FunctionKind::Bytecode(id) => self.spec.bytecodes[id].operands.find(|operand| operand.name == name),
            FunctionKind::Native(_) => None,
        };
        self.named("operand", name, found)
    }

    fn function_of(&mut self) -> Parsed<FunctionId> {
        self.lexer.expect("of")?;
        self.function_name()
    }

    fn function_name(&mut self) -> Parsed<FunctionId> {
        let name = self.lexer.take()?;
        let index = self.names.iter().position(|found| *found == name);
        Ok(FunctionId::from_index(self.named("function", name, index)?))
    }

    fn named<T>(&self, what: &str, name: &str, found: Option<T>) -> Parsed<T> {
        found.ok_or_else(|| self.lexer.error_before(format!("there is no {what} `{name}`")))
    }
}
