//! A language of a few objects, and by hand the stubs that a generated VM crate brings: so that the runtime runs as it
//! does under machine code.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::arch::global_asm;
use std::cell::Cell;

use dg_runtime::abi::Header;
use dg_runtime::*;

pub const NIL: u64 = u64::MAX;
pub const LEAF_STR: u32 = 0;
pub const LEAF_NODE: u32 = 1;
pub const LEAF_FUNCTION: u32 = 2;
pub const LEAF_COROUTINE: u32 = 3;

/// A node of a graph; `weak` ones do not keep their children.
#[repr(C)]
pub struct Node {
    pub header: Header,
    pub id: Cell<u32>,
    pub weak: Cell<u32>,
    pub value: ValueField,
}

// SAFETY: `#[repr(C)]`, header first.
unsafe impl Object for Node {
    const KIND: u8 = 8;
}

// SAFETY: the children follow the fixed part.
unsafe impl ArrayObject for Node {
    type Item = OptionalRefField<Node>;
    const ITEMS_OFFSET: usize = 24;
}

/// A callee.
#[repr(C)]
pub struct Function {
    pub header: Header,
    pub code: RefField<Code>,
}

// SAFETY: `#[repr(C)]`, header first.
unsafe impl Object for Function {
    const KIND: u8 = 9;
}

unsafe fn trace_node(object: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: called with live nodes only.
    let node = unsafe { Ref::<Node>::from_pointer(object.cast_mut().cast()) };
    tracer.value(node.value.bits());
    if node.weak.get() != 0 {
        tracer.weak(node.raw().0);
        return;
    }
    for child in node.items() {
        tracer.reference(child.raw().0);
    }
}

unsafe fn trace_function(object: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: called with live functions only.
    let function = unsafe { Ref::<Function>::from_pointer(object.cast_mut().cast()) };
    tracer.reference(function.code.raw().0);
}

fn clear_weak(vm: &Vm, container: u32, marks: &Tracer<'_>, phase: WeakPhase) {
    if phase == WeakPhase::AfterFinalizers {
        return;
    }
    // SAFETY: only nodes are registered.
    let node = unsafe { RawRef::<Node>::new(container).get(vm) };
    for child in node.items() {
        if !child.raw().is_null() && !marks.is_marked(child.raw().0) {
            child.clear();
        }
    }
}

macro_rules! stubs {
    ($($name:ident)*) => {
        unsafe extern "C" { $(#[link_name = concat!("dg_test_", stringify!($name))] fn $name();)* }
    };
}
stubs!(enter exit exit_thrown coroutine_finished entry_native entry_vararg pcall pcall_cont pcall_catch resume yield_ recurse echo leave_ resume_cont resume_catch);

macro_rules! spec_native {
    ($constant:ident, $symbol:ident) => {
        pub static $constant: SpecNative = SpecNative {
            name: stringify!($symbol),
            params: 1,
            entry: Address($symbol as *const u8),
        };
    };
}
spec_native!(PCALL, pcall);
spec_native!(RESUME, resume);
spec_native!(YIELD, yield_);
spec_native!(RECURSE, recurse);
spec_native!(ECHO, echo);

static LANGUAGE: LanguageInfo = LanguageInfo {
    name: "graphs",
    reference_leaves: 4,
    nil: NIL,
    callee_leaf: LEAF_FUNCTION,
    callee_kind: Function::KIND,
    callee_code: 8,
    kinds: &[
        KindInfo {
            name: "Node",
            size: 24,
            item_size: 4,
            trace: trace_node,
        },
        KindInfo {
            name: "Function",
            size: 16,
            item_size: 0,
            trace: trace_function,
        },
    ],
    // Nothing runs these; they stand for handlers where the table is looked at.
    dispatch: &[Address(echo as *const u8), Address(recurse as *const u8)],
    externs: &[],
    stubs: Stubs {
        enter: Address(enter as *const u8),
        exit: Address(exit as *const u8),
        exit_thrown: Address(exit_thrown as *const u8),
        coroutine_finished: Address(coroutine_finished as *const u8),
        entry_fixed: Address(std::ptr::null()),
        entry_vararg: Address(entry_vararg as *const u8),
        entry_native: Address(entry_native as *const u8),
        safepoint: Address(leave_ as *const u8),
    },
    catches: &[
        Catch {
            continuation: Address(pcall_cont as *const u8),
            catch: Address(pcall_catch as *const u8),
        },
        Catch {
            continuation: Address(resume_cont as *const u8),
            catch: Address(resume_catch as *const u8),
        },
    ],
    templates: &Templates::NONE,
    compile_after: CompileAfter { calls: 100, jumps: 800 },
    opcodes: &[
        OpcodeInfo {
            name: "LOAD",
            doc: "a constant",
            length: 16,
            operands: &[
                OperandInfo {
                    name: "to",
                    offset: 2,
                    kind: OperandKind::Result,
                },
                OperandInfo {
                    name: "k",
                    offset: 8,
                    kind: OperandKind::Constant,
                },
            ],
            cache: None,
        },
        OpcodeInfo {
            name: "JUMP",
            doc: "a branch",
            length: 8,
            operands: &[OperandInfo {
                name: "to",
                offset: 4,
                kind: OperandKind::Label,
            }],
            cache: None,
        },
        remembers("GET"),
        remembers("GET.found"),
        remembers("GET.absent"),
        remembers("GET.uncached"),
        calls("CALL"),
        calls("CALL.same_closure"),
        calls("CALL.same_code"),
        calls("CALL.uncached"),
    ],
};

pub const GET: u16 = 2;
pub const GET_FOUND: u16 = 3;
pub const GET_ABSENT: u16 = 4;
pub const GET_UNCACHED: u16 = 5;
pub const EVENT: CacheEvent = CacheEvent(1);

/// A form of an instruction of 32 bytes that remembers a node as key and, when found, a value.
const fn remembers(name: &'static str) -> OpcodeInfo {
    static CACHE: CacheInfo = CacheInfo {
        linking: GET,
        uncached: GET_UNCACHED,
        links: 4,
        key: &[CachedReference::Reference(8)],
        cases: &[
            CacheCase {
                opcode: GET_FOUND,
                words: &[CachedReference::Value(16)],
            },
            CacheCase {
                opcode: GET_ABSENT,
                words: &[],
            },
        ],
        until: Some(EVENT),
        ways: 4,
        call: None,
    };
    OpcodeInfo {
        name,
        doc: "what is remembered of a node",
        length: 32,
        operands: &[],
        cache: Some(&CACHE),
    }
}

pub const CALL: u16 = 6;
pub const CALL_CLOSURE: u16 = 7;
pub const CALL_CODE: u16 = 8;
pub const CALL_UNCACHED: u16 = 9;

/// A form of an instruction of 32 bytes that remembers whom it calls.
const fn calls(name: &'static str) -> OpcodeInfo {
    const WORDS: CallWords = CallWords {
        callee: 8,
        first: 16,
        frame: 24,
    };
    static CACHE: CacheInfo = CacheInfo {
        linking: CALL,
        uncached: CALL_UNCACHED,
        links: 4,
        key: &[],
        cases: &[
            CacheCase {
                opcode: CALL_CLOSURE,
                words: &[CachedReference::Value(8)],
            },
            CacheCase {
                opcode: CALL_CODE,
                words: &[CachedReference::Reference(8)],
            },
        ],
        until: None,
        ways: 4,
        call: Some([WORDS, WORDS]),
    };
    OpcodeInfo {
        name,
        doc: "a call",
        length: 32,
        operands: &[],
        cache: Some(&CACHE),
    }
}

/// What hooks report.
#[derive(Default)]
pub struct Log {
    pub finalized: std::cell::RefCell<Vec<u32>>,
    pub thrown: Cell<u32>,
    pub moved: Cell<u32>,
    pub watched: Cell<u32>,
}

pub fn new_vm(gc: GcParameters) -> VmBox {
    let mut hooks = Hooks::new(|vm, error| {
        let text = format!("{error:?}");
        vm.str(text.as_bytes())
            .map_or(NIL, |string| string_value(string).bits())
    });
    hooks.clear_weak = clear_weak;
    hooks.stack_moved = |vm, _, _| vm.data::<Log>().moved.set(vm.data::<Log>().moved.get() + 1);
    hooks.thrown = |vm| {
        vm.data::<Log>().thrown.set(vm.data::<Log>().thrown.get() + 1);
        None
    };
    hooks.watched = |vm, moment| {
        assert_eq!(moment, Moment::Instruction);
        let watched = &vm.data::<Log>().watched;
        watched.set(watched.get() + 1);
        match watched.get() {
            2 => Err(vm.error("stop")),
            3 => {
                vm.watch(false);
                Ok(())
            }
            _ => Ok(()),
        }
    };
    hooks.finalize = |vm, object| {
        // SAFETY: only nodes are given finalisers.
        let id = unsafe { RawRef::<Node>::new(object).get(vm) }.id.get();
        vm.data::<Log>().finalized.borrow_mut().push(id);
    };
    let options = Options {
        gc,
        hash_seed: Some(42),
        jit: JitOptions {
            tier: Tier::Interpreter,
            ..JitOptions::default()
        },
        stack_slots: None,
        no_caches: false,
        count_instructions: false,
    };
    VmBox::new(&LANGUAGE, hooks, options, Box::new(Log::default())).unwrap()
}

pub fn string_value(string: Ref<'_, Str>) -> Value<'_> {
    // SAFETY: the declared leaf.
    unsafe { Value::reference(LEAF_STR, string) }
}

pub fn node_value(node: Ref<'_, Node>) -> Value<'_> {
    // SAFETY: the declared leaf.
    unsafe { Value::reference(LEAF_NODE, node) }
}

pub fn as_node<'v>(vm: &'v Vm, value: Value<'v>) -> Option<Ref<'v, Node>> {
    // SAFETY: the declared leaf.
    unsafe { value.as_reference(vm, LEAF_NODE) }
}

pub fn text(vm: &Vm, value: Value<'_>) -> String {
    // SAFETY: the declared leaf; the value is alive while the VM is borrowed.
    let string = unsafe { Value::from_bits(value.bits()).as_reference::<Str>(vm, LEAF_STR) };
    string.map_or_else(
        || format!("{value:?}"),
        |string| String::from_utf8_lossy(string.as_bytes()).into_owned(),
    )
}

pub fn coroutine_value(coroutine: Ref<'_, Coroutine>) -> Value<'_> {
    // SAFETY: the declared leaf.
    unsafe { Value::reference(LEAF_COROUTINE, coroutine) }
}

pub fn function<'v>(vm: &'v Vm, code: Ref<'v, Code>) -> Value<'v> {
    let function = vm.allocate::<Function>().unwrap();
    function.set(|function| &function.code, code);
    // SAFETY: the declared leaf.
    unsafe { Value::reference(LEAF_FUNCTION, function) }
}

pub fn native(vm: &Vm, native: NativeFn) -> Value<'_> {
    function(vm, vm.new_native_code("native", native).unwrap())
}

pub fn spec<'v>(vm: &'v Vm, native: &SpecNative) -> Value<'v> {
    function(vm, vm.new_spec_code(native).unwrap())
}

pub fn new_node<'v>(vm: &'v Vm, id: u32, children: usize) -> Result<Ref<'v, Node>, Throw> {
    let node = vm.allocate_array::<Node>(children)?;
    node.id.set(id);
    node.value.set_plain(NIL);
    Ok(node)
}

/// A small random number generator (xorshift64*), so that failures repeat.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }
}

// r15 = vm, rbx = base, rbp = pc; [r15 + 0x100 + 8n] = builtin n; a function's code is at [r15 + 8*function + 8].
global_asm!(
    r#"
dg_test_enter:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    sub rsp, 136
    mov r15, rdi
    mov rbx, rsi
    mov eax, ecx
    mov ecx, edx
    mov edx, eax
    mov rbp, [r15+8]
    jmp [r15+rdx*8+8]

dg_test_exit:
    mov [r15+0x30], rax
    mov eax, ecx
    mov [r15+0x38], rax
    xor eax, eax
    jmp dg_test_leave_enter
dg_test_exit_thrown:
    mov eax, 1
dg_test_leave_enter:
    add rsp, 136
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret

dg_test_throw:
    mov rdi, r15
    call [r15+0x118]
dg_test_switch:
    mov rbx, [r15]
    mov rbp, [r15+8]
    mov rax, [r15+0x30]
    mov rcx, [r15+0x38]
    mov rdi, [r15+0x40]
    mov edx, [r15+0x50]
    jmp [r15+0x28]

dg_test_entry_native:
    mov [r15], rbx
    mov [r15+8], rbp
    mov rdi, r15
    mov esi, ecx
    call [r15+0x140]
    test rdx, rdx
    jz dg_test_throw
    mov rbx, [r15]
    mov rax, [r15+0x30]
    mov rcx, [r15+0x38]
dg_test_return:
    jmp [rbx-16]

// where a call goes on: leaves the frame above; rdi is its base
dg_test_leave_frame:
    mov rdi, rbx
    mov r11, [rbx-24]
    shr r11, 32
    shl r11, 3
    mov rbp, [rbx-8]
    sub rbx, r11
    ret

dg_test_coroutine_finished:
    mov rdi, r15
    mov rsi, rax
    mov edx, ecx
    call [r15+0x138]
    jmp dg_test_switch

// f(x, ...): moves its frame above the arguments, as vararg code does, and throws x
dg_test_entry_vararg:
    mov r8d, ecx
    add r8, 4
    lea r10, [rbx+r8*8]
    mov r9, r8
    shl r9, 32
    mov rax, [rbx-24]
    add rax, r9
    mov [r10-24], rax
    mov rax, [rbx-16]
    mov [r10-16], rax
    mov rax, [rbx-8]
    mov [r10-8], rax
    or r9, rcx
    mov [r10-32], r9
    mov rax, [rbx]
    mov [r15+0x20], rax
    mov rbx, r10
    mov [r15], rbx
    mov [r15+8], rbp
    jmp dg_test_throw

// pcall(f, ...): 1 and the first result, or 0, the error, and the distance to the callee's base
dg_test_pcall:
    mov r8d, ecx
    lea r9, [r8+4]
    lea r10, [rbx+r9*8]
    dec ecx
    xor esi, esi
2:  cmp esi, ecx
    jae 3f
    mov rax, [rbx+rsi*8+8]
    mov [r10+rsi*8], rax
    inc esi
    jmp 2b
3:  mov eax, [rbx]
    mov edx, [r15+rax*8+8]
    shl r9, 32
    or rax, r9
    mov [r10-24], rax
    lea rax, [rip+dg_test_pcall_cont]
    mov [r10-16], rax
    mov [r10-8], rbp
    mov rbx, r10
    jmp [r15+rdx*8+8]
dg_test_pcall_cont:
    call dg_test_leave_frame
    mov rax, [rax]
    mov [rbx+8], rax
    mov rax, 0x3FF0000000000000
    mov [rbx], rax
    mov rax, rbx
    mov ecx, 2
    jmp dg_test_return
dg_test_pcall_catch:
    call dg_test_leave_frame
    xor r8d, r8d
4:  mov [rbx], r8
    mov rax, [rax]
    mov [rbx+8], rax
    sub rdi, rbx
    shr rdi, 3
    cvtsi2sd xmm0, rdi
    movsd [rbx+16], xmm0
    mov rax, rbx
    mov ecx, 3
    jmp dg_test_return

// resume(coroutine, ...): the results, or -1, the error, and the distance to the callee's base
dg_test_resume:
    mov [r15], rbx
    mov [r15+8], rbp
    mov rdi, r15
    mov esi, [rbx]
    lea rdx, [rbx+8]
    mov r10d, ecx
    lea r9, [rbx+r10*8+32]
    lea r11d, [r10+4]
    mov [r9-20], r11d
    mov [r9-8], rbp
    dec ecx
    lea r8, [rip+dg_test_resume_cont]
    call [r15+0x128]
    jmp dg_test_switch
dg_test_resume_cont:
    call dg_test_leave_frame
    jmp dg_test_return
dg_test_resume_catch:
    call dg_test_leave_frame
    mov r8, 0xBFF0000000000000
    jmp 4b

// yield(...): what is passed to resume
dg_test_yield_:
    mov [r15], rbx
    mov [r15+8], rbp
    mov rdi, r15
    mov rsi, rbx
    mov edx, ecx
    lea rcx, [rip+dg_test_yield_cont]
    lea r8, [rbx+rdx*8+32]
    lea r11d, [rdx+4]
    mov [r8-20], r11d
    mov [r8-8], rbp
    call [r15+0x130]
    jmp dg_test_switch
dg_test_yield_cont:
    call dg_test_leave_frame
    jmp dg_test_return

// echo(x): yields x, then for ever what it is resumed with
dg_test_echo:
    mov [r15], rbx
    mov [r15+8], rbp
    mov rdi, r15
    mov rsi, rbx
    mov edx, 1
    lea rcx, [rip+dg_test_echo_cont]
    lea r8, [rbx+40]
    mov dword ptr [r8-20], 5
    mov [r8-8], rbp
    call [r15+0x130]
    jmp dg_test_switch
dg_test_echo_cont:
    call dg_test_leave_frame
    mov rax, [rax]
    mov [rbx], rax
    jmp dg_test_echo

// recurse(f): calls f(f) in a frame of 16 slots, for ever if f is recurse
dg_test_recurse:
    lea rax, [rbx+128]
    cmp rax, [r15+0x10]
    jbe 5f
    mov [r15], rbx
    mov [r15+8], rbp
    mov rdi, r15
    mov esi, 16
    push rcx
    push rdx
    call [r15+0x110]
    mov r8, rdx
    pop rdx
    pop rcx
    test r8, r8
    jz dg_test_throw
    mov rbx, [r15]
5:  mov rax, [rbx]
    lea r10, [rbx+160]
    mov [r10], rax
    mov eax, eax
    mov edx, [r15+rax*8+8]
    mov r9, 20
    shl r9, 32
    or rax, r9
    mov [r10-24], rax
    lea rax, [rip+dg_test_leave_]
    mov [r10-16], rax
    mov [r10-8], rbp
    mov rbx, r10
    mov ecx, 1
    jmp [r15+rdx*8+8]
dg_test_leave_:
    call dg_test_leave_frame
    jmp dg_test_return
"#
);
