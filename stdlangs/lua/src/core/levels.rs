//! The levels of a stack as programs count them: the frames, what tail calls have replaced, and the host.

use dg_runtime::{Coroutine, Frame, Frames, Ref, Vm};

use super::names;

/// One level of a stack.
#[derive(Clone, Copy)]
pub enum Level<'v> {
    /// A function that runs.
    Function {
        /// Its frame.
        frame: Frame<'v>,
        /// The frame whose instruction has called it, or another function of which it took the place; none if that was
        /// the host.
        outer: Option<Frame<'v>>,
    },
    /// Functions that have ended with tail calls, of which the level before is the last one. (There is no count of
    /// them: the stack does not know how many they were.)
    TailCall,
    /// What runs the program; in PUC Lua that is a C function.
    Host,
}

impl<'v> Level<'v> {
    /// The frame, if a function runs at this level.
    pub fn frame(self) -> Option<Frame<'v>> {
        match self {
            Level::Function { frame, .. } => Some(frame),
            Level::TailCall | Level::Host => None,
        }
    }

    /// The frame whose instruction has called the function, unless that was another function of which it took the place,
    /// or the host.
    pub fn caller(self, vm: &'v Vm) -> Option<Frame<'v>> {
        match self {
            Level::Function { frame, outer } => outer.filter(|&outer| !names::is_replaced(vm, frame, outer)),
            Level::TailCall | Level::Host => None,
        }
    }
}

/// The levels of the running coroutine: 0 runs, 1 has called it, and so on.
pub fn levels(vm: &Vm) -> impl Iterator<Item = Level<'_>> {
    levels_of(vm, vm.current_coroutine())
}

/// The levels of a coroutine.
pub fn levels_of<'v>(vm: &'v Vm, coroutine: Ref<'v, Coroutine>) -> impl Iterator<Item = Level<'v>> {
    let host = (coroutine == vm.main_coroutine()).then_some(Level::Host);
    Functions {
        vm,
        frames: vm.frames_of(coroutine),
        next: None,
        last: None,
    }
    .chain(host)
}

struct Functions<'v> {
    vm: &'v Vm,
    frames: Frames<'v>,
    /// The frame of the next level.
    next: Option<Frame<'v>>,
    /// The last level, until it is known whether it was reached by a tail call.
    last: Option<Level<'v>>,
}

impl<'v> Iterator for Functions<'v> {
    type Item = Level<'v>;

    fn next(&mut self) -> Option<Level<'v>> {
        if let Some(last @ Level::Function { outer: Some(_), .. }) = self.last.take()
            && last.caller(self.vm).is_none()
        {
            return Some(Level::TailCall);
        }
        let frame = self.next.take().or_else(|| self.frames.next())?;
        self.next = self.frames.next();
        let outer = self.next.filter(|_| !frame.is_called_by_host());
        self.last = Some(Level::Function { frame, outer });
        self.last
    }
}
