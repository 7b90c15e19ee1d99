//! Register allocation: presents machine IR to `regalloc2` and hands back where everything ended up.

mod adapter;

use crate::machine::{Config, MachFunction, SPILL_SLOTS, allocatable};
use adapter::Adapter;
use regalloc2::{MachineEnv, Output, PReg, RegallocOptions};

pub(crate) use adapter::{operand_positions, register_of};

/// Assigns registers and spill slots.
///
/// # Errors
///
/// A message, if the function asks for more registers at once, or more spill slots, than there are; or if the
/// allocator rejects it as malformed.
pub fn allocate(function: &MachFunction, config: &Config) -> Result<Allocated, String> {
    let adapter = Adapter::new(function)?;
    let environment = environment(config);
    let options = RegallocOptions {
        validate_ssa: cfg!(debug_assertions),
        ..RegallocOptions::default()
    };
    let output = regalloc2::run(&adapter, &environment, &options).map_err(|error| error.to_string())?;
    if cfg!(debug_assertions) {
        let mut checker = regalloc2::checker::Checker::new(&adapter, &environment);
        checker.prepare(&output);
        checker
            .run()
            .map_err(|errors| format!("wrong register allocation: {errors:?}"))?;
    }
    if output.num_spillslots > SPILL_SLOTS {
        return Err(format!(
            "{} spill slots are needed, the frame has {SPILL_SLOTS}",
            output.num_spillslots
        ));
    }
    Ok(Allocated {
        first_insts: adapter.first_insts().to_vec(),
        output,
    })
}

/// Where everything ended up.
#[derive(Debug)]
pub struct Allocated {
    /// The allocator's number of each block's first instruction; those of a block are consecutive.
    pub(crate) first_insts: Vec<usize>,
    pub(crate) output: Output,
}

fn environment(config: &Config) -> MachineEnv {
    let (preferred, other) = allocatable(config);
    let split = |registers: &[crate::encoder::Reg]| {
        let mut classes: [Vec<PReg>; 3] = Default::default();
        for register in registers {
            let preg = adapter::preg_of(*register);
            classes[preg.class() as usize].push(preg);
        }
        classes
    };
    MachineEnv {
        preferred_regs_by_class: split(&preferred),
        non_preferred_regs_by_class: split(&other),
        scratch_by_class: [None; 3],
        fixed_stack_slots: Vec::new(),
    }
}
