//! What the collector knows about every kind of object: how large, how to trace.

use std::ops::Range;

use crate::abi::{Header, KIND_CODE, KIND_COROUTINE, KIND_FIRST, KIND_STR, KIND_VALUES};
use crate::code::Code;
use crate::coroutine::{self, Coroutine};
use crate::heap::Tracer;
use crate::language::{Hooks, LanguageInfo, SpecialTrace};

pub struct Kind {
    size: u32,
    item_size: u32,
    pub trace: unsafe fn(*const Header, &mut Tracer<'_>),
    pub special: Option<SpecialTrace>,
}

/// All kinds of a VM, by number. Every byte has an entry, so that looking one up needs no check.
pub struct Kinds(Box<[Kind; 256]>);

impl Kinds {
    pub fn new(language: &LanguageInfo, hooks: &Hooks) -> Self {
        let none = |_| Kind {
            size: 8,
            item_size: 0,
            trace: trace_corrupt,
            special: None,
        };
        let mut kinds: Vec<Kind> = (0..KIND_FIRST).map(none).collect();
        let mut framework = |kind: u8, size, item_size, trace| {
            kinds[kind as usize] = Kind {
                size,
                item_size,
                trace,
                special: None,
            };
        };
        framework(KIND_STR, 12, 1, |_, _| {});
        framework(KIND_VALUES, 8, 8, trace_values);
        framework(KIND_CODE, size_of::<Code>() as u32, 0, trace_code);
        framework(KIND_COROUTINE, size_of::<Coroutine>() as u32, 0, coroutine::trace);
        for kind in language.kinds {
            let (size, item_size) = (kind.size, kind.item_size);
            kinds.push(Kind {
                size,
                item_size,
                trace: kind.trace,
                special: None,
            });
        }
        for &(kind, special) in hooks.special_trace {
            kinds[kind as usize].special = Some(special);
        }
        assert!(kinds.len() <= 256, "a kind is one byte");
        kinds.resize_with(256, || none(0));
        let Ok(kinds) = <Box<[Kind; 256]>>::try_from(kinds) else {
            unreachable!("there are 256 of them")
        };
        Kinds(kinds)
    }

    /// The description of a kind.
    #[inline]
    pub fn get(&self, kind: u8) -> &Kind {
        &self.0[kind as usize]
    }

    /// The elements of an object of this kind that have some of these bytes, from its start.
    pub fn items_at(&self, kind: u8, bytes: Range<usize>) -> Range<usize> {
        let kind = self.get(kind);
        let (fixed, item) = (kind.size as usize, kind.item_size.max(1) as usize);
        bytes.start.saturating_sub(fixed) / item..bytes.end.saturating_sub(fixed).div_ceil(item)
    }

    /// Bytes of an object of this kind with `length` items; a multiple of 8. `None` when there cannot be one.
    pub fn size(&self, kind: u8, length: usize) -> Option<usize> {
        let kind = self.get(kind);
        u32::try_from(length).ok()?;
        let bytes = (kind.item_size as usize)
            .checked_mul(length)?
            .checked_add(kind.size as usize)?;
        Some(bytes.checked_next_multiple_of(8)?.max(8))
    }

    /// Bytes of an object.
    ///
    /// # Safety
    /// A live object.
    #[inline]
    pub unsafe fn size_of(&self, object: *const Header) -> usize {
        // SAFETY: as the caller says.
        let (kind, length) = unsafe { ((*object).kind, (*object).aux) };
        let kind = self.get(kind);
        (kind.size as usize + kind.item_size as usize * length as usize).next_multiple_of(8)
    }
}

unsafe fn trace_values(object: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: a `Values` has `aux` values behind its header.
    unsafe {
        let part = tracer.part((*object).aux as usize);
        tracer.values(object.add(1).cast::<u64>().add(part.start), part.len());
    }
}

unsafe fn trace_code(object: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: a code object has its information from the moment it is made.
    let info = unsafe { &*(*object.cast::<Code>()).info.get() };
    for &reference in &info.references {
        tracer.reference(reference);
    }
}

unsafe fn trace_corrupt(object: *const Header, _: &mut Tracer<'_>) {
    panic!("a reference to memory at {object:p} that holds no object");
}
