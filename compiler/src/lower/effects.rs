//! Calls of runtime functions.

use dg_backend_x64::lir::{self, CallTarget, MemType, Pinned, Type as Low, UnaryOp};

use super::LowerError;
use super::frame::Code;
use super::part::Part;
use crate::abi::hot;
use crate::ir::spec::{ExternResult, ExternType};
use crate::ir::{ExternId, Id, Type, ValueId};

impl Part<'_> {
    /// Calls a runtime function.
    ///
    /// ```text
    ///     mov  [vm], base                 ; unless it is pure
    ///     mov  [vm+8], pc
    ///     mov  rdi, vm
    ///     ..   rsi, rdx, .., xmm0, ..: the arguments
    ///     call [vm+extern]
    ///     test rdx, rdx                   ; if it may throw
    ///     je   stub.throw
    /// ```
    pub(super) fn call_extern(
        &mut self,
        callee: ExternId,
        args: &[ValueId],
        results: &[ValueId],
    ) -> Result<(), LowerError> {
        let function = &self.spec.externs[callee];
        let effects = &function.effects;
        let mut low_args = vec![self.code.b.get_pinned(Pinned::Vm)];
        for arg in args {
            low_args.push(self.value(*arg));
        }
        let floats = low_args
            .iter()
            .filter(|arg| self.code.b.value_type(**arg) == Low::F64)
            .count();
        if floats > 8 || low_args.len() - floats > 6 {
            return self.unsupported(format!("`{}` has more arguments than registers hold", function.name));
        }
        let in_use = if effects.reenters { self.keep_across()? } else { None };
        if effects.throws || effects.allocates || effects.reads || effects.writes || effects.reenters {
            self.code.save_state();
        }
        let is_float = matches!(function.result, ExternResult::One(ExternType::F64));
        let types: &[Low] = match (effects.throws, function.result) {
            (true, _) => &[Low::I64, Low::I64],
            (false, ExternResult::None) => &[],
            (false, _) if is_float => &[Low::F64],
            (false, _) => &[Low::I64],
        };
        let target = CallTarget::Memory(Code::hot(hot::EXTERNS + 8 * callee.index() as i32));
        self.code.b.comment(function.name.clone());
        let answers = self.code.b.call(target, low_args, types);
        if let Some(in_use) = in_use {
            self.code.store_hot(MemType::I32, hot::OPEN_TOP, in_use);
        }
        if effects.throws {
            self.code.throw_unless(answers[1]);
        }
        if effects.reenters {
            self.code.reload_base();
        }
        if !effects.is_pure() {
            self.memory_changed();
        }
        match (function.result, results) {
            (ExternResult::None, _) | (_, []) => Ok(()),
            (ExternResult::One(ExternType::F64), _) if effects.throws => {
                let float = self.code.b.unary(UnaryOp::F64FromBits, answers[0]);
                self.define(results, float);
                Ok(())
            }
            (ExternResult::One(_) | ExternResult::Plan(_), _) => {
                let value = self.of_word(answers[0], self.function.ty(results[0]));
                self.define(results, value);
                Ok(())
            }
        }
    }

    /// A word that came from Rust as a value of type `ty`.
    fn of_word(&mut self, word: lir::Value, ty: Type) -> lir::Value {
        match (self.code.b.value_type(word), self.lir_type(ty)) {
            (Low::I64, Low::I32) => self.code.narrow(word),
            _ => word,
        }
    }

    /// Reads what came with the answer of a runtime function: `[vm+plan+8*word]`.
    pub(super) fn plan_payload(&mut self, index: u32, results: &[ValueId]) {
        let addr = Code::hot(hot::PLAN + 8 * index as i32);
        match self.function.ty(results[0]) {
            Type::Val(_) => self.define_in_memory(results[0], addr, false),
            ty => {
                let mem = match self.lir_type(ty) {
                    Low::F64 => MemType::F64,
                    Low::I32 => MemType::I32,
                    Low::I64 => MemType::I64,
                };
                let value = self.code.b.load(mem, addr);
                self.define(results, value);
            }
        }
    }
}
