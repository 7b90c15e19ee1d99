//! The host of `glue.dg`: what it is given and what it answers arrives, and what machine code holds survives it.

use dg_runtime::{CodeInfo, Hooks, InstPos, JitOptions, NewCode, Operand, Options, Run, Slot, Throw, Tier, Value, VmBox};
use glue_vm::vm::{
    Boxed, Builder, Externs, Function, Handle, Handle_, Kind, Ref, RefHandle, Status_, Template_, ValueKind, Vm, Vm_,
    call_me_, kinds, language, nil,
};

struct Host;

impl Externs for Host {
    fn every<'v>(
        vm: &'v Vm,
        about: Value<'v>,
        status: Status_,
        a: bool,
        b: i64,
        template: Ref<'v, Template_>,
        x: f64,
    ) -> Result<Handle_<'v>, Throw> {
        assert_eq!((a, b), (x > 0.0, 5));
        match (status, about.kind(vm)) {
            (Status_::Err, _) => Err(vm.throw(about)),
            (_, Kind::Double(double)) => Ok(Handle_::Some(double.boxed())),
            (Status_::Self_, Kind::Nil) => Ok(Handle_::None),
            _ => Ok(Handle_::Many(x as i32, x, template, None, true, 9)),
        }
    }

    fn calm<'v>(_: &'v Vm, vm: Option<Ref<'v, Vm_>>) -> Option<Ref<'v, Vm_>> {
        vm
    }

    fn length<'v>(_: &'v Vm, list: &'v [Value<'v>]) -> u32 {
        list.len() as u32
    }

    fn status<'v>(_: &'v Vm, about: Value<'v>) -> Status_ {
        match about {
            _ if about == call_me_() => Status_::Err,
            _ if about == kinds() => Status_::Ok,
            _ => Status_::Self_,
        }
    }

    fn again<'v>(
        vm: &'v mut Vm,
        function: RefHandle<Function>,
        about: Handle,
        other: Option<RefHandle<Vm_>>,
        list: Vec<Handle>,
    ) -> Result<Value<'v>, Throw> {
        assert!(other.is_none());
        let arguments: Vec<Value> = list.iter().map(|handle| handle.get(vm)).collect();
        let pending = vm.prepare(function.get(vm).boxed(), &arguments)?;
        let answer = vm.call_for_one(pending)?.bits();
        fill(vm);
        assert_eq!(answer, about.get(vm).bits());
        Ok(about.get(vm))
    }

    fn again_plan<'v>(vm: &'v mut Vm, _: RefHandle<Function>, about: Handle) -> Result<Handle_<'v>, Throw> {
        fill(vm);
        Ok(Handle_::Some(about.get(vm)))
    }

    fn again_number(vm: &mut Vm, template: RefHandle<Template_>) -> f64 {
        fill(vm);
        f64::from(template.get(vm).number.get())
    }
}

/// Frees what nobody is known to need, and takes the memory for something else.
fn fill(vm: &mut Vm) {
    vm.collect_full();
    for _ in 0..20_000 {
        let object = vm.allocate::<Template_>().expect("there is memory");
        object.number.set(u32::MAX);
    }
    vm.collect_full();
}

fn machine(tier: Tier) -> VmBox {
    let jit = JitOptions { tier, ..JitOptions::default() };
    let hooks = Hooks::new(|_, error| panic!("{error}"));
    VmBox::new(language::<Host>(), hooks, Options { jit, ..Options::default() }, Box::new(())).expect("there is memory")
}

fn function<'v>(vm: &'v Vm, builder: Builder) -> Value<'v> {
    let info = CodeInfo { bytecode: builder.finish().expect("it is short"), ..CodeInfo::default() };
    let code = vm.new_code(NewCode { params: 4, vararg: false, frame_size: 8, info }).expect("there is memory");
    let function = vm.allocate::<Function>().expect("there is memory");
    function.set(|function| &function.code, code);
    function.boxed()
}

fn with_result(emit: impl FnOnce(&mut Builder, Slot) -> InstPos) -> Builder {
    let mut builder = Builder::new();
    emit(&mut builder, Slot(7));
    builder.emit_return(Slot(7));
    builder
}

/// In both tiers.
fn each(run: impl Fn(&mut Vm)) {
    run(&mut machine(Tier::Interpreter));
    run(&mut machine(Tier::Compiler));
}

#[test]
fn all_types_cross() {
    each(|vm| {
        let emit = |builder: &mut Builder, dst| builder.emit_match(Slot(0), Slot(1), Operand::Slot(Slot(2)), dst);
        let tester = function(vm, with_result(|builder, dst| emit(builder, dst)));
        let tester = vm.root(tester);
        let template = vm.allocate::<Template_>().expect("there is memory").boxed();
        let template = vm.root(template);
        let mut ask = |about: Value<'static>, position: i32| {
            let pending = vm.prepare(tester.get(vm), &[template.get(vm), about, position.boxed()])?;
            Ok::<u64, Throw>(vm.call_for_one(pending)?.bits())
        };
        let as_bits = |value: Value| value.bits();
        assert_eq!(ask(kinds(), 1).unwrap(), as_bits(kinds()));
        assert_eq!(ask(nil(), 1).unwrap(), as_bits(glue_vm::vm::language_()));
        assert_eq!(ask(2.5.boxed(), -1).unwrap(), as_bits(2.5.boxed()));
        assert_eq!(ask(3.boxed(), 6).unwrap(), as_bits(6.boxed()));
        assert!(ask(call_me_(), 0).is_err());
    });
}

#[test]
fn what_machine_code_holds_survives_functions_that_reenter() {
    each(|vm| {
        let identity = function(vm, with_result(|builder, _| builder.emit_return(Slot(0))));
        let identity = vm.root(identity);
        let list = Run { start: Slot(0), count: 4 };
        let tester = function(vm, with_result(|builder, dst| builder.emit_loop(Slot(3), list, dst)));
        let text = vm.str(b"a text").expect("there is memory").boxed();
        let (tester, text) = (vm.root(tester), vm.root(text));
        for _ in 0..3 {
            let f = identity.get(vm);
            let pending = vm.prepare(tester.get(vm), &[text.get(vm), nil(), nil(), f]).unwrap();
            let results = vm.call(pending).unwrap();
            let answer = vm.root(results.get(vm, 0));
            vm.pop(results);
            fill(vm);
            let template = answer.get(vm).as_template(vm).expect("a template");
            assert_eq!((template.number.get(), template.header_.get(vm)), (11, text.get(vm)));
        }
        let twice = function(vm, with_result(|builder, dst| builder.emit_fn_(Slot(0), Slot(1), dst)));
        let pending = vm.prepare(twice, &[identity.get(vm), text.get(vm)]).unwrap();
        assert_eq!(vm.call_for_one(pending).unwrap(), 18.0.boxed());
    });
}
