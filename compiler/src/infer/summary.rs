//! What can be said about a `fn` from its syntax: which functions it uses, whether it calls guest code, whether it is
//! pure. Known for all of them before any body is checked.

use std::collections::BTreeSet;

use dg_spec::ast::{Block, Expr, ExprKind, StatementKind};

use crate::ir::ids::{Id, Table};
use crate::resolve::error::Error;
use crate::resolve::{Declarations, FunctionName};
use crate::typed::{HelperId, Ty};

/// What is known about a `fn`.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// It may call guest code.
    pub calls: bool,
    /// It may ask a function that answers by plan.
    pub plans: bool,
    /// It does something that must not happen twice.
    pub effect: bool,
    /// It has a `cache`.
    pub caches: bool,
    /// The events after which what it answers is not right any more.
    pub events: BTreeSet<String>,
    /// What it does that a cache would not repeat, in words.
    pub impure: Option<String>,
    /// How many expressions it is made of when everything it uses is inlined.
    pub size: usize,
    /// The functions it uses, once per use.
    uses: Vec<HelperId>,
}

/// Summaries of all `fn`s; reports those that use themselves.
pub fn summarise(declarations: &Declarations<'_>, errors: &mut Vec<Error>) -> Table<HelperId, Summary> {
    let mut summaries: Table<HelperId, Summary> = declarations
        .helpers
        .values()
        .map(|helper| own(declarations, &helper.decl.body))
        .collect();
    // What a used function does, its user does; used ones come first in this order.
    for id in used_first(declarations, &summaries, errors) {
        for used in summaries[id].uses.clone() {
            let Summary {
                calls,
                plans,
                effect,
                caches,
                events,
                impure,
                size,
                ..
            } = summaries[used].clone();
            let user = &mut summaries[id];
            user.calls |= calls;
            user.plans |= plans;
            user.effect |= effect;
            user.caches |= caches;
            user.events.extend(events);
            user.impure = user.impure.take().or(impure);
            user.size = user.size.saturating_add(size);
        }
    }
    summaries
}

fn own(declarations: &Declarations<'_>, body: &Block) -> Summary {
    let mut summary = Summary::default();
    let impure = |what: &str| Some(what.to_string());
    let mut size = 0;
    visit_block(body, &mut |expr| {
        size += usize::from(!matches!(expr.kind, ExprKind::Block(_)))
    });
    summary.size = size;
    visit_block(body, &mut |expr| match &expr.kind {
        ExprKind::Apply { function, .. } => match declarations.functions.get(&function.text) {
            Some(FunctionName::Helper(helper)) => summary.uses.push(*helper),
            Some(FunctionName::Extern(id)) => {
                let effects = &declarations.tables.externs[*id].effects;
                summary.calls |= effects.reenters;
                summary.effect |= !effects.is_removable();
                summary.events.extend(effects.until.clone());
                summary.plans |= matches!(declarations.externs[*id].result, Ty::Plan(_));
                if let Some(effect) = impurity(effects) {
                    summary.impure = impure(&format!("`{}` {effect}", function.text));
                }
            }
            None => {}
        },
        ExprKind::Call { .. } | ExprKind::Resume { .. } | ExprKind::Yield(_) | ExprKind::TailCall { .. } => {
            summary.calls = true;
            summary.effect = true;
            summary.impure = impure("it calls guest code");
        }
        ExprKind::Field(base, _) if !matches!(&base.kind, ExprKind::Name(name) if is_enum(declarations, &name.text)) => {
            summary.impure = impure("it reads fields");
        }
        ExprKind::Index(..) => summary.impure = impure("it reads elements"),
        ExprKind::Assign { .. } => {
            summary.effect = true;
            summary.impure = impure("it writes");
        }
        ExprKind::Throw(_) => summary.impure = impure("it throws"),
        ExprKind::New { .. } => {
            summary.effect = true;
            summary.impure = impure("it allocates");
        }
        ExprKind::Cache { .. } => summary.caches = true,
        _ => {}
    });
    summary
}

fn is_enum(declarations: &Declarations<'_>, name: &str) -> bool {
    matches!(declarations.types.get(name), Some(crate::resolve::TypeName::Enum(_)))
}

/// What keeps a function with these effects from being cached, in words.
pub fn impurity(effects: &crate::ir::spec::Effects) -> Option<&'static str> {
    match effects {
        effects if effects.throws => Some("throws"),
        effects if effects.writes => Some("writes"),
        effects if effects.allocates => Some("allocates"),
        effects if effects.reenters => Some("runs guest code"),
        effects if effects.reads => Some("reads what may change"),
        _ => None,
    }
}

/// All functions, each behind those it uses; reports the ones that use themselves.
fn used_first(
    declarations: &Declarations<'_>,
    summaries: &Table<HelperId, Summary>,
    errors: &mut Vec<Error>,
) -> Vec<HelperId> {
    let mut order = Vec::new();
    // Depth-first with an explicit path: 0 not seen, 1 on the path, 2 done.
    let mut state = vec![0_u8; summaries.len()];
    for root in summaries.ids() {
        let mut path: Vec<(HelperId, usize)> = vec![];
        if state[root.index()] == 0 {
            state[root.index()] = 1;
            path.push((root, 0));
        }
        while let Some((id, next)) = path.last_mut() {
            let Some(&used) = summaries[*id].uses.get(*next) else {
                state[id.index()] = 2;
                order.push(*id);
                path.pop();
                continue;
            };
            *next += 1;
            match state[used.index()] {
                0 => {
                    state[used.index()] = 1;
                    path.push((used, 0));
                }
                1 => {
                    let name = |id: HelperId| declarations.helpers[id].signature.name.to_string();
                    let start = path.iter().position(|(id, _)| *id == used).unwrap_or(0);
                    let through = path[start + 1..]
                        .iter()
                        .map(|(id, _)| format!("`{}`", name(*id)))
                        .collect();
                    let at = declarations.helpers[used].signature.span;
                    errors.push(Error::Recursion {
                        at,
                        name: name(used),
                        through,
                    });
                }
                _ => {}
            }
        }
    }
    order
}

/// Visits every expression of `block`, outer ones first.
pub fn visit_block(block: &Block, visit: &mut dyn FnMut(&Expr)) {
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Let { value, .. } => visit_expr(value, visit),
            StatementKind::Assume(test) => visit_expr(test, visit),
            StatementKind::Expr(expr) => visit_expr(expr, visit),
        }
    }
    if let Some(value) = &block.value {
        visit_expr(value, visit);
    }
}

fn visit_expr(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Int(_) | ExprKind::Double(_) | ExprKind::Name(_) | ExprKind::Goto(_) | ExprKind::Delegate => {}
        ExprKind::Field(base, _)
        | ExprKind::Unary(_, base)
        | ExprKind::Is { subject: base, .. }
        | ExprKind::Yield(base)
        | ExprKind::Slow(base)
        | ExprKind::Throw(base) => visit_expr(base, visit),
        ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) | ExprKind::Assign { place: a, value: b } => {
            visit_expr(a, visit);
            visit_expr(b, visit);
        }
        ExprKind::Apply { args, .. } | ExprKind::Return(args) | ExprKind::Leave(args) => {
            args.iter().for_each(|arg| visit_expr(arg, visit));
        }
        ExprKind::Call { callee, args, .. }
        | ExprKind::Resume {
            coroutine: callee,
            args,
        }
        | ExprKind::TailCall { callee, args } => {
            visit_expr(callee, visit);
            args.iter().for_each(|arg| visit_expr(arg, visit));
        }
        ExprKind::Cache { keys, body, .. } => {
            keys.iter().for_each(|key| visit_expr(key, visit));
            visit_expr(body, visit);
        }
        ExprKind::New { fields, .. } => {
            for field in fields {
                visit_expr(&field.value, visit);
                if let Some(count) = &field.count {
                    visit_expr(count, visit);
                }
            }
        }
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => {
            visit_expr(condition, visit);
            visit_block(then, visit);
            if let Some(otherwise) = otherwise {
                visit_expr(otherwise, visit);
            }
        }
        ExprKind::Match { subject, arms } => {
            visit_expr(subject, visit);
            arms.iter().for_each(|arm| visit_expr(&arm.body, visit));
        }
        ExprKind::Block(block) => visit_block(block, visit),
    }
}
