//! What an instruction remembers for its `cache`.

use dg_backend_x64::lir::{Addr, MemType, Type as Low};

use super::LowerError;
use super::holes::{Hole, HoleSource};
use super::part::Part;
use crate::abi::Builtin;
use crate::ir::spec::{CacheWord, Variant};
use crate::ir::{Type, ValueId};

impl Part<'_> {
    /// `mov eax, [pc+word]`, or `mov eax, word` in a template.
    pub(super) fn cache_load(&mut self, word: CacheWord, results: &[ValueId]) -> Result<(), LowerError> {
        if self.knows_cache
            && let Some(source) = self.cache_hole(word)
        {
            let number = self.code.hole(Hole::of(source));
            self.define(results, number);
            return Ok(());
        }
        let addr = self.cache_place(word)?;
        match self.function.ty(results[0]) {
            Type::Val(_) => self.define_in_memory(results[0], addr, false),
            ty => {
                let mem = mem_type(self.lir_type(ty));
                let value = self.code.b.load(mem, addr);
                self.define(results, value);
            }
        }
        Ok(())
    }

    /// `mov [pc+word], eax`
    pub(super) fn cache_store(&mut self, word: CacheWord, value: ValueId) -> Result<(), LowerError> {
        let addr = self.cache_place(word)?;
        match self.function.ty(value) {
            Type::Val(_) => self.store_boxed(addr, value),
            ty => {
                let mem = mem_type(self.lir_type(ty));
                let value = self.value(value);
                self.code.b.store(mem, addr, value);
            }
        }
        self.memory_changed();
        Ok(())
    }

    /// The runtime decides whether the instruction becomes one of `case`:
    ///
    /// ```text
    ///     mov  [vm], base
    ///     mov  [vm+8], pc
    ///     mov  rdi, vm
    ///     mov  esi, case
    ///     call [vm+CacheLink]
    /// ```
    pub(super) fn cache_link(&mut self, case: u32, results: &[ValueId]) {
        self.code.save_state();
        let case = self.code.b.const32(case);
        let linked = self.code.call_builtin(Builtin::CacheLink, &[case], &[Low::I64]);
        let linked = self.code.narrow(linked[0]);
        self.memory_changed();
        self.define(results, linked);
    }

    /// The hole for a word of 4 bytes.
    fn cache_hole(&self, word: CacheWord) -> Option<HoleSource> {
        let shape = self.function.variant.as_ref()?.cache.as_ref()?;
        let offset = self.encoding.as_ref()?.cache.as_ref()?.word(word);
        match (word, shape.ty(word)?) {
            (CacheWord::Key(_), Type::Ref(_)) => Some(HoleSource::CacheKey(offset)),
            (CacheWord::Payload { .. }, Type::Ref(_)) => Some(HoleSource::CacheReference(offset)),
            (CacheWord::Payload { .. }, Type::I32 | Type::Bool) => Some(HoleSource::CacheNumber(offset)),
            _ => None,
        }
    }

    fn cache_place(&mut self, word: CacheWord) -> Result<Addr, LowerError> {
        let offset = self.encoding.as_ref().and_then(|encoding| encoding.cache.as_ref());
        match offset.map(|cache| cache.word(word)) {
            Some(offset) => Ok(self.code.instruction(offset as i32)),
            None => self.unsupported("only a bytecode with a cache remembers anything"),
        }
    }
}

/// Can a template hold all that is remembered of this case? A key that consists of references has an impossible value.
pub(super) fn fits_template(variant: &Variant, case: u32) -> bool {
    let Some(shape) = &variant.cache else { return false };
    let is_reference = |ty: &Type| matches!(ty, Type::Ref(_));
    let is_short = |ty: &Type| matches!(ty, Type::Ref(_) | Type::I32 | Type::Bool);
    let (_, words) = &shape.cases[case as usize];
    !shape.key.is_empty() && shape.key.iter().all(is_reference) && words.iter().all(is_short)
}

/// The form in memory of a word that is remembered.
const fn mem_type(ty: Low) -> MemType {
    match ty {
        Low::F64 => MemType::F64,
        Low::I32 => MemType::I32,
        Low::I64 => MemType::I64,
    }
}
