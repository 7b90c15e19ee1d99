//! Sites of caches: linking, refusing, forgetting.

mod common;

use std::cell::Cell;

use common::*;
use dg_runtime::*;

/// A VM with a function of one instruction that remembers.
struct Fixture {
    vm: VmBox,
    function: Handle,
}

impl Fixture {
    fn new() -> Self {
        Self::of(GET)
    }

    fn of(opcode: u16) -> Self {
        let vm = new_vm(GcParameters::default());
        let words = [opcode.into(), 0, 0, 0];
        let info = CodeInfo {
            bytecode: words.map(Cell::new).into(),
            ..CodeInfo::default()
        };
        let code = vm.new_code(NewCode {
            params: 0,
            vararg: false,
            frame_size: 1,
            info,
        });
        let function = vm.root(function(&vm, code.unwrap()));
        Fixture { vm, function }
    }

    fn code(&self) -> Ref<'_, Code> {
        // SAFETY: the fixture's function is a value of this leaf, and alive.
        let function = unsafe {
            self.function
                .get(&self.vm)
                .as_reference::<Function>(&self.vm, LEAF_FUNCTION)
        };
        function.unwrap().code.get(&self.vm)
    }

    fn opcode(&self) -> u16 {
        self.code().bytecode()[0].get() as u16
    }

    /// Does what machine code does: stores the words and asks to become `case`.
    fn link(&self, case: u32, key: u32, value: u64) -> bool {
        let words = self.code().bytecode();
        words[1].set(key.into());
        words[2].set(value);
        self.ask(|builtins, vm| {
            // SAFETY: the builtin is of this type.
            let link: extern "C" fn(*const Vm, u32) -> u64 =
                unsafe { std::mem::transmute(builtins[Builtin::CacheLink as usize]) };
            link(vm, case)
        })
    }

    /// Asks that a call of `callee` is remembered.
    fn link_call(&self, callee: &Handle, nargs: u32) -> bool {
        let callee = callee.get(&self.vm).bits() as u32;
        self.ask(|builtins, vm| {
            // SAFETY: the builtin is of this type.
            let link: extern "C" fn(*const Vm, u32, u32) -> u64 =
                unsafe { std::mem::transmute(builtins[Builtin::CallLink as usize]) };
            link(vm, callee, nargs)
        })
    }

    /// Calls a builtin as if the instruction ran.
    fn ask(&self, call: impl FnOnce(&[*const ()], *const Vm) -> u64) -> bool {
        let words = self.code().bytecode();
        let mut frame = [self.function.get(&self.vm).bits() & 0xFFFF_FFFF, 0, 0, 0];
        let hot = self.vm.hot();
        // SAFETY: the hot part is writable; base and pc are put back before anything else looks at them.
        unsafe {
            let (base, pc) = ((*hot).base, (*hot).pc);
            (*hot).base = frame.as_mut_ptr().add(3);
            (*hot).pc = words.as_ptr().cast();
            let builtins = (*hot).builtins;
            let linked = call(&builtins, &*self.vm);
            ((*hot).base, (*hot).pc) = (base, pc);
            linked != 0
        }
    }

    fn node(&self, id: u32) -> Handle {
        self.vm.root(node_value(new_node(&self.vm, id, 0).unwrap()))
    }
}

/// The reference in a handle.
fn raw(fixture: &Fixture, node: &Handle) -> u32 {
    node.get(&fixture.vm).bits() as u32
}

#[test]
fn a_site_becomes_its_case() {
    let fixture = Fixture::new();
    let node = fixture.node(1);
    assert!(fixture.link(0, raw(&fixture, &node), 3.0f64.to_bits()));
    assert_eq!(fixture.opcode(), GET_FOUND);
    assert!(fixture.link(1, raw(&fixture, &node), 0));
    assert_eq!(fixture.opcode(), GET_ABSENT);
}

#[test]
fn what_is_remembered_dies() {
    for full in [false, true] {
        let mut fixture = Fixture::new();
        let (key, value) = (fixture.node(1), fixture.node(2));
        assert!(fixture.link(0, raw(&fixture, &key), value.get(&fixture.vm).bits()));
        fixture.vm.collect_minor();
        assert_eq!(fixture.opcode(), GET_FOUND, "both are alive");
        let young = fixture.node(3);
        assert!(fixture.link(0, raw(&fixture, &key), young.get(&fixture.vm).bits()));
        drop(young);
        match full {
            true => fixture.vm.collect_full(),
            false => fixture.vm.collect_minor(),
        }
        assert_eq!(fixture.opcode(), GET, "the value is dead");
        assert!(fixture.link(1, raw(&fixture, &key), 0));
        drop((key, value));
        fixture.vm.collect_full();
        assert_eq!(fixture.opcode(), GET, "the key is dead");
    }
}

#[test]
fn a_code_dies_with_its_sites() {
    let mut fixture = Fixture::new();
    let node = fixture.node(1);
    assert!(fixture.link(0, raw(&fixture, &node), 0));
    fixture.function = fixture.vm.root(fixture.vm.nil());
    fixture.vm.collect_minor();
    fixture.vm.collect_full();
    fixture.vm.invalidate(EVENT);
}

#[test]
fn an_event_makes_sites_forget() {
    let fixture = Fixture::new();
    let node = fixture.node(1);
    assert!(fixture.link(1, raw(&fixture, &node), 0));
    fixture.vm.invalidate(CacheEvent(0));
    assert_eq!(fixture.opcode(), GET_ABSENT, "another event");
    fixture.vm.invalidate(EVENT);
    assert_eq!(fixture.opcode(), GET);
    assert!(fixture.link(1, raw(&fixture, &node), 0));
    fixture.vm.invalidate(EVENT);
    assert_eq!(fixture.opcode(), GET, "it was listed again");
}

#[test]
fn a_site_gives_up_until_the_next_full_collection() {
    let mut fixture = Fixture::new();
    let node = fixture.node(1);
    let links = (0..1000)
        .take_while(|case| fixture.link(case % 2, raw(&fixture, &node), 0))
        .count();
    assert!((2..100).contains(&links), "{links} links");
    assert_eq!(fixture.opcode(), GET_UNCACHED);
    fixture.vm.invalidate(EVENT);
    fixture.vm.collect_minor();
    assert_eq!(fixture.opcode(), GET_UNCACHED);
    fixture.vm.collect_full();
    assert_eq!(fixture.opcode(), GET);
    assert!(fixture.link(1, raw(&fixture, &node), 0));
}

/// A function of `params` parameters in each of `closures` closures.
fn closures(fixture: &Fixture, params: u32, closures: usize) -> Vec<Handle> {
    let vm = &fixture.vm;
    let info = CodeInfo {
        bytecode: Box::new([Cell::new(0)]),
        ..CodeInfo::default()
    };
    let code = vm.new_code(NewCode {
        params,
        vararg: false,
        frame_size: 5,
        info,
    });
    let code = code.unwrap();
    (0..closures).map(|_| vm.root(function(vm, code))).collect()
}

#[test]
fn a_call_remembers_the_closure_then_its_code() {
    let mut fixture = Fixture::of(CALL);
    let same = closures(&fixture, 2, 2);
    assert!(fixture.link_call(&same[0], 2));
    assert_eq!(fixture.opcode(), CALL_CLOSURE);
    let words = fixture.code().bytecode();
    assert_eq!(words[1].get(), same[0].get(&fixture.vm).bits());
    assert_eq!(words[3].get(), 40, "bytes of the frame");
    assert!(fixture.link_call(&same[1], 2));
    assert_eq!(fixture.opcode(), CALL_CODE, "another closure of the same function");
    let other = closures(&fixture, 2, 1);
    assert!(fixture.link_call(&other[0], 2));
    assert_eq!(fixture.opcode(), CALL_CLOSURE, "another function");
    drop(other);
    fixture.vm.collect_minor();
    assert_eq!(fixture.opcode(), CALL, "the callee is dead");
}

#[test]
fn a_call_that_wants_more_than_a_frame_is_not_remembered() {
    let fixture = Fixture::of(CALL);
    let native = fixture.vm.root(native(&fixture.vm, |cx| cx.ret_none()));
    let two = closures(&fixture, 2, 1);
    assert!(!fixture.link_call(&native, 2));
    assert_eq!(fixture.opcode(), CALL_UNCACHED);
    let fixture = Fixture::of(CALL);
    drop(two);
    let two = closures(&fixture, 2, 1);
    assert!(!fixture.link_call(&two[0], 1), "an argument is missing");
    assert_eq!(fixture.opcode(), CALL_UNCACHED);
}
