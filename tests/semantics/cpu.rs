//! The way into machine code and out of it again, with all registers seen.

use std::arch::naked_asm;
use std::cell::Cell;
use std::mem::offset_of;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use crate::arena::CONTEXT;

/// Lies in the arena at [`CONTEXT`]. Registers are loaded from here and saved to here.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Context {
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rbx: u64,
    pub rbp: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub r8: u64,
    pub r9: u64,
    pub r10: u64,
    pub r11: u64,
    pub r12: u64,
    pub r13: u64,
    pub r14: u64,
    pub r15: u64,
    pub rsp: u64,
    pub xmm0: u64,
    /// xmm8 to xmm15.
    pub high: [u64; 8],
    /// Where to go.
    pub target: u64,
    /// Which exit was taken.
    pub exit: u64,
    /// [`leave`].
    pub leave: u64,
    /// [`extern_called`].
    pub extern_called: u64,
    /// The stack pointer on the other side.
    pub host_rsp: u64,
    /// For [`Host`]'s functions: who runs.
    pub host: u64,
    /// The address at which a signal came, and that of the access.
    pub fault: [u64; 3],
}

/// The exit taken when a signal came.
pub const CRASHED: u64 = u64::MAX;

/// What is on the native stack below the machine code's frame.
pub const FRAME: u64 = 136;

macro_rules! at {
    ($field:ident) => {
        CONTEXT + offset_of!(Context, $field)
    };
}

/// Loads the registers from the context in the arena, and goes to its target. Comes back through [`leave`].
#[unsafe(naked)]
unsafe extern "C" fn enter(arena: *mut u8) {
    naked_asm!(
        "push rbp", "push rbx", "push r12", "push r13", "push r14", "push r15",
        "mov [rdi + {host_rsp}], rsp",
        "sub rsp, {frame}",
        "mov rax, [rdi + {rsi}]",
        "movq xmm0, rax", "movq xmm1, rax", "movq xmm2, rax", "movq xmm3, rax",
        "movq xmm4, rax", "movq xmm5, rax", "movq xmm6, rax", "movq xmm7, rax",
        "movq xmm0, qword ptr [rdi + {xmm0}]",
        "movq xmm8, qword ptr [rdi + {high} + 0]", "movq xmm9, qword ptr [rdi + {high} + 8]", "movq xmm10, qword ptr [rdi + {high} + 16]", "movq xmm11, qword ptr [rdi + {high} + 24]",
        "movq xmm12, qword ptr [rdi + {high} + 32]", "movq xmm13, qword ptr [rdi + {high} + 40]", "movq xmm14, qword ptr [rdi + {high} + 48]", "movq xmm15, qword ptr [rdi + {high} + 56]",
        "mov rax, [rdi + {rax}]",
        "mov rcx, [rdi + {rcx}]",
        "mov rdx, [rdi + {rdx}]",
        "mov rbx, [rdi + {rbx}]",
        "mov rbp, [rdi + {rbp}]",
        "mov rsi, [rdi + {rsi}]",
        "mov r8, [rdi + {r8}]",
        "mov r9, [rdi + {r9}]",
        "mov r10, [rdi + {r10}]",
        "mov r11, [rdi + {r11}]",
        "mov r12, [rdi + {r12}]",
        "mov r13, [rdi + {r13}]",
        "mov r14, [rdi + {r14}]",
        "mov r15, rdi",
        "push qword ptr [r15 + {target}]",
        "mov rdi, [r15 + {rdi}]",
        "ret",
        host_rsp = const at!(host_rsp), frame = const FRAME, xmm0 = const at!(xmm0), high = const at!(high),
        rax = const at!(rax), rcx = const at!(rcx), rdx = const at!(rdx), rbx = const at!(rbx), rbp = const at!(rbp),
        rsi = const at!(rsi), rdi = const at!(rdi), r8 = const at!(r8), r9 = const at!(r9), r10 = const at!(r10),
        r11 = const at!(r11), r12 = const at!(r12), r13 = const at!(r13), r14 = const at!(r14),
        target = const at!(target),
    )
}

/// Saves the registers to the context and returns from [`enter`]. Every exit stub ends here, with r15 the arena.
#[unsafe(naked)]
unsafe extern "C" fn leave() {
    naked_asm!(
        "movq qword ptr [r15 + {xmm0}], xmm0",
        "movq qword ptr [r15 + {high} + 0], xmm8", "movq qword ptr [r15 + {high} + 8], xmm9", "movq qword ptr [r15 + {high} + 16], xmm10", "movq qword ptr [r15 + {high} + 24], xmm11",
        "movq qword ptr [r15 + {high} + 32], xmm12", "movq qword ptr [r15 + {high} + 40], xmm13", "movq qword ptr [r15 + {high} + 48], xmm14", "movq qword ptr [r15 + {high} + 56], xmm15",
        "mov [r15 + {rax}], rax",
        "mov [r15 + {rcx}], rcx",
        "mov [r15 + {rdx}], rdx",
        "mov [r15 + {rbx}], rbx",
        "mov [r15 + {rbp}], rbp",
        "mov [r15 + {rsi}], rsi",
        "mov [r15 + {rdi}], rdi",
        "mov [r15 + {r8}], r8",
        "mov [r15 + {r9}], r9",
        "mov [r15 + {r10}], r10",
        "mov [r15 + {r11}], r11",
        "mov [r15 + {r12}], r12",
        "mov [r15 + {r13}], r13",
        "mov [r15 + {r14}], r14",
        "mov [r15 + {r15}], r15",
        "mov [r15 + {rsp}], rsp",
        "mov rsp, [r15 + {host_rsp}]",
        "pop r15", "pop r14", "pop r13", "pop r12", "pop rbx", "pop rbp",
        "ret",
        host_rsp = const at!(host_rsp), rsp = const at!(rsp), r15 = const at!(r15), xmm0 = const at!(xmm0),
        high = const at!(high),
        rax = const at!(rax), rcx = const at!(rcx), rdx = const at!(rdx), rbx = const at!(rbx), rbp = const at!(rbp),
        rsi = const at!(rsi), rdi = const at!(rdi), r8 = const at!(r8), r9 = const at!(r9), r10 = const at!(r10),
        r11 = const at!(r11), r12 = const at!(r12), r13 = const at!(r13), r14 = const at!(r14),
    )
}

/// What a called function got, and then what it answers: in `ints[0]`, `ints[1]` and `floats[0]`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CallRegisters {
    /// rdi, rsi, rdx, rcx, r8, r9.
    pub ints: [u64; 6],
    pub floats: [u64; 8],
    /// Which function.
    pub number: u64,
    /// The stack pointer before the call.
    pub rsp: u64,
}

/// What fake functions of the VM do.
pub trait Host {
    fn called(&mut self, registers: &mut CallRegisters);
}

/// Every fake function ends here, with its number in eax and r15 the arena. All registers that a C function may change
/// are changed.
#[unsafe(naked)]
unsafe extern "C" fn extern_called() {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "sub rsp, 128",
        "and rsp, -16",
        "mov [rsp], rdi",
        "mov [rsp + 8], rsi",
        "mov [rsp + 16], rdx",
        "mov [rsp + 24], rcx",
        "mov [rsp + 32], r8",
        "mov [rsp + 40], r9",
        "movq [rsp + 48], xmm0",
        "movq [rsp + 56], xmm1",
        "movq [rsp + 64], xmm2",
        "movq [rsp + 72], xmm3",
        "movq [rsp + 80], xmm4",
        "movq [rsp + 88], xmm5",
        "movq [rsp + 96], xmm6",
        "movq [rsp + 104], xmm7",
        "mov [rsp + 112], rax",
        "lea rax, [rbp + 16]",
        "mov [rsp + 120], rax",
        "mov rdi, rsp",
        "mov rsi, r15",
        "call {handler}",
        "mov rcx, 0x0123456789abcdef",
        "movq xmm1, rcx", "movq xmm2, rcx", "movq xmm3, rcx", "movq xmm4, rcx", "movq xmm5, rcx",
        "movq xmm6, rcx", "movq xmm7, rcx", "movq xmm8, rcx", "movq xmm9, rcx", "movq xmm10, rcx",
        "movq xmm11, rcx", "movq xmm12, rcx", "movq xmm13, rcx", "movq xmm14, rcx", "movq xmm15, rcx",
        "mov rsi, rcx",
        "mov rdi, rcx",
        "mov r8, rcx",
        "mov r9, rcx",
        "mov r10, rcx",
        "mov r11, rcx",
        "mov rax, [rsp]",
        "mov rdx, [rsp + 8]",
        "movq xmm0, [rsp + 48]",
        "leave",
        "ret",
        handler = sym handle_call,
    )
}

unsafe extern "C" fn handle_call(registers: *mut CallRegisters, arena: *mut u8) {
    // SAFETY: `run` has put a valid host there, which nobody else uses until it returns; registers are on the stack.
    unsafe {
        let host = (*arena.add(CONTEXT).cast::<Context>()).host as *mut &mut dyn Host;
        (*host).called(&mut *registers);
    }
}

/// The code of an exit stub: `mov dword [r15+exit], number; jmp [r15+leave]`.
pub fn exit_stub(number: u32) -> Vec<u8> {
    let mut code = vec![0x41, 0xC7, 0x87];
    code.extend((at!(exit) as u32).to_le_bytes());
    code.extend(number.to_le_bytes());
    code.extend([0x41, 0xFF, 0xA7]);
    code.extend((at!(leave) as u32).to_le_bytes());
    code
}

/// The code of a fake function: `mov eax, number; jmp [r15+extern_called]`.
pub fn function_stub(number: u32) -> Vec<u8> {
    let mut code = vec![0xB8];
    code.extend(number.to_le_bytes());
    code.extend([0x41, 0xFF, 0xA7]);
    code.extend((at!(extern_called) as u32).to_le_bytes());
    code
}

/// Runs machine code from `context.target` until an exit is taken.
///
/// # Safety
/// The arena is [`crate::arena::SIZE`] bytes, the code keeps to it and ends in exits of this module.
pub unsafe fn run(arena: *mut u8, mut context: Context, host: &mut dyn Host) -> Context {
    let _alone = machine();
    let mut host = host;
    context.leave = leave as *const () as u64;
    context.extern_called = extern_called as *const () as u64;
    context.host = &raw mut host as u64;
    context.exit = 0;
    // SAFETY: as the caller promises.
    unsafe {
        let place = arena.add(CONTEXT).cast::<Context>();
        place.write(context);
        CURRENT.set(arena);
        RUNNING.store(libc::pthread_self(), Ordering::SeqCst);
        enter(arena);
        RUNNING.store(0, Ordering::SeqCst);
        CURRENT.set(std::ptr::null_mut());
        place.read()
    }
}

thread_local! {
    /// The arena of the machine code that this thread runs.
    static CURRENT: Cell<*mut u8> = const { Cell::new(std::ptr::null_mut()) };
}
/// The thread that runs machine code, 0 if none does.
static RUNNING: AtomicU64 = AtomicU64::new(0);
/// Counts entries.
static ENTRIES: AtomicU64 = AtomicU64::new(0);
static ALONE: Mutex<()> = Mutex::new(());

/// One thread at a time runs machine code. Signals are caught.
fn machine() -> MutexGuard<'static, ()> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGILL,
            libc::SIGFPE,
            libc::SIGTRAP,
            libc::SIGUSR1,
        ] {
            // SAFETY: the handler is async-signal-safe; the struct is valid when zeroed.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = caught as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                assert_eq!(libc::sigaction(signal, &action, std::ptr::null_mut()), 0);
            }
        }
        std::thread::spawn(watch);
    });
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    ENTRIES.fetch_add(1, Ordering::SeqCst);
    guard
}

/// Interrupts machine code that runs for seconds.
fn watch() {
    let mut last = 0;
    loop {
        std::thread::sleep(Duration::from_secs(2));
        let (entries, thread) = (ENTRIES.load(Ordering::SeqCst), RUNNING.load(Ordering::SeqCst));
        if entries == last && thread != 0 {
            // SAFETY: the thread runs machine code, so it lives.
            unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
        }
        last = entries;
    }
}

/// Leaves the machine code that a signal came in; lets the signal kill anything else.
unsafe extern "C" fn caught(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let arena = CURRENT.get();
    // SAFETY: the kernel's pointers; the arena is valid while machine code runs.
    unsafe {
        if arena.is_null() {
            if signal != libc::SIGUSR1 {
                libc::signal(signal, libc::SIG_DFL);
            }
            return;
        }
        let registers = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        let place = arena.add(CONTEXT).cast::<Context>();
        (*place).exit = CRASHED;
        (*place).fault = [
            signal as u64,
            registers[libc::REG_RIP as usize] as u64,
            (*info).si_addr() as u64,
        ];
        registers[libc::REG_RIP as usize] = leave as *const () as i64;
        registers[libc::REG_R15 as usize] = arena as i64;
    }
}
