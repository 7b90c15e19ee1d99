//! `match` over plans, enums and attempted calls.

use dg_spec::ast::{self, ExprKind as Ast, Name, Pattern};
use dg_spec::{Span, nearest};

use super::{Checker, Want};
use crate::resolve::error::Error;
use crate::typed::{Arm, Expr, ExprKind, LocalId, LocalKind, Ty};

/// What can be matched: its name, and the names and contents of its cases.
struct Cases {
    of: String,
    names: Vec<String>,
    carries: Vec<Vec<Ty>>,
}

impl Checker<'_, '_> {
    /// `match subject { arms }`
    pub(super) fn matching(&mut self, subject: &ast::Expr, arms: &[ast::Arm], want: Want, span: Span) -> Expr {
        let any = Ty::Value(self.declarations.tables.any());
        let attempt = match &subject.kind {
            Ast::Call {
                catch: true,
                callee,
                args,
            } => Some((false, self.invocation(callee, args))),
            Ast::Resume { coroutine, args } => {
                self.resume_place(subject.span);
                Some((true, self.resumption(coroutine, args)))
            }
            _ => None,
        };
        if let Some((resume, invocation)) = attempt {
            self.note_call(subject.span);
            let cases = Cases {
                of: if resume { "resume" } else { "try call" }.to_string(),
                names: vec!["Returned".to_string(), "Threw".to_string()],
                carries: vec![vec![Ty::List], vec![any]],
            };
            let (arms, ty) = self.arms(&cases, arms, want, span);
            let path = |case: u32| {
                let arm = arms.iter().find(|arm| arm.cases.contains(&case));
                arm.map(|arm| (arm.bindings.first().copied().flatten(), Box::new(arm.body.clone())))
            };
            let (Some(returned), Some(threw)) = (path(0), path(1)) else {
                return self.poison(span);
            };
            return Expr {
                kind: ExprKind::Attempt {
                    resume,
                    invocation,
                    returned,
                    threw,
                },
                ty,
                span,
            };
        }

        let subject = self.infer(subject, Want::Any);
        let tables = &self.declarations.tables;
        let cases = match subject.ty {
            Ty::Plan(plan) => Cases {
                of: tables.plans[plan].name.clone(),
                names: tables.plans[plan].cases.iter().map(|case| case.name.clone()).collect(),
                carries: self.declarations.payloads[plan].clone(),
            },
            Ty::Enum(id) => Cases {
                of: tables.enums[id].name.clone(),
                names: tables.enums[id].cases.clone(),
                carries: vec![Vec::new(); tables.enums[id].cases.len()],
            },
            ty => {
                if ty != Ty::Never {
                    let ty = self.declarations.ty_name(ty);
                    self.errors.push(Error::NoCases { at: subject.span, ty });
                }
                return self.poison(span);
            }
        };
        let (arms, ty) = self.arms(&cases, arms, want, span);
        let subject_ty = subject.ty;
        let subject = Box::new(subject);
        let kind = match subject_ty {
            Ty::Plan(plan) => ExprKind::MatchPlan { subject, plan, arms },
            _ => ExprKind::MatchEnum { subject, arms },
        };
        Expr { kind, ty, span }
    }

    fn resume_place(&mut self, at: Span) {
        if !matches!(self.kind, super::CodeKind::Native(_)) {
            self.errors.push(Error::Misplaced {
                at,
                what: "`resume`".to_string(),
                why: "only a `native fn` runs between two other functions".to_string(),
                help: None,
            });
        }
    }

    fn arms(&mut self, cases: &Cases, arms: &[ast::Arm], want: Want, span: Span) -> (Vec<Arm>, Ty) {
        let before = self.flow.clone();
        let mut after: Option<super::flow::Flow> = None;
        let mut covered: Vec<Option<Span>> = vec![None; cases.names.len()];
        let mut heads: Vec<(Vec<u32>, Vec<Option<LocalId>>)> = Vec::new();
        let mut bodies = Vec::new();
        for arm in arms {
            self.flow = before.clone();
            let depth = self.scope.len();
            let numbers = self.covers(cases, &arm.pattern, &mut covered);
            let carries = match (numbers.as_slice(), &arm.pattern.case) {
                ([number], Some(_)) => cases.carries[*number as usize].as_slice(),
                _ => &[],
            };
            let bindings = self.bindings(&arm.pattern, carries, !numbers.is_empty());
            bodies.push(self.expr(&arm.body, want));
            self.leave_scope(depth);
            heads.push((numbers, bindings));
            let flow = std::mem::take(&mut self.flow);
            after = Some(match after {
                None => flow,
                Some(other) => other.join(flow),
            });
        }
        self.flow = after.unwrap_or(before);
        let missing: Vec<String> = cases
            .names
            .iter()
            .zip(&covered)
            .filter(|(_, by)| by.is_none())
            .map(|(name, _)| name.clone())
            .collect();
        if !missing.is_empty() {
            let at = Span {
                start: span.start,
                end: span.start + 5,
            };
            self.errors.push(Error::MissingCases {
                at,
                of: cases.of.clone(),
                missing,
            });
        }
        let ty = self.unify(&mut bodies, want);
        let arms = heads
            .into_iter()
            .zip(bodies)
            .map(|((cases, bindings), body)| Arm { cases, bindings, body });
        (arms.collect(), ty)
    }

    /// The cases that `pattern` is for and that no earlier arm has covered.
    fn covers(&mut self, cases: &Cases, pattern: &Pattern, covered: &mut [Option<Span>]) -> Vec<u32> {
        if let Some(owner) = &pattern.owner
            && *owner.text != *cases.of
        {
            let (wanted, found) = (
                format!("a case of `{}`", cases.of),
                format!("a case of `{}`", owner.text),
            );
            self.errors.push(Error::Mismatch {
                at: pattern.span,
                wanted,
                found,
                help: None,
            });
            return Vec::new();
        }
        let Some(case) = &pattern.case else {
            let rest: Vec<u32> = (0..cases.names.len() as u32)
                .filter(|case| covered[*case as usize].is_none())
                .collect();
            if rest.is_empty() {
                self.errors.push(Error::CoveredArm {
                    at: pattern.span,
                    case: "_".to_string(),
                    first: None,
                });
            }
            covered.fill(Some(pattern.span));
            return rest;
        };
        let Some(number) = cases.names.iter().position(|name| **name == *case.text) else {
            let error = self.unknown_case(case, &cases.of, &cases.names);
            self.errors.push(error);
            return Vec::new();
        };
        if let Some(first) = covered[number] {
            let case = case.text.to_string();
            self.errors.push(Error::CoveredArm {
                at: pattern.span,
                case,
                first: Some(first),
            });
            return Vec::new();
        }
        covered[number] = Some(pattern.span);
        let found = pattern.bindings.as_ref().map_or(0, Vec::len);
        let carries = &cases.carries[number];
        if found != carries.len() {
            let carries = carries.iter().map(|ty| self.declarations.ty_name(*ty)).collect();
            self.errors.push(Error::CaseArity {
                at: pattern.span,
                case: case.text.to_string(),
                carries,
                found,
            });
        }
        vec![number as u32]
    }

    /// The locals that a pattern declares.
    fn bindings(&mut self, pattern: &Pattern, carries: &[Ty], known: bool) -> Vec<Option<LocalId>> {
        let any = Ty::Value(self.declarations.tables.any());
        let names: &[Name] = pattern.bindings.as_deref().unwrap_or_default();
        let mut locals = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if name.as_str() == "_" {
                locals.push(None);
                continue;
            }
            let local = self.local(
                name,
                carries.get(index).copied().unwrap_or(any),
                LocalKind::Let,
                "binding",
            );
            if !known || index >= carries.len() {
                // What is wrong with the pattern is reported; its names are not to blame.
                self.uses[local.0 as usize].2 = true;
            }
            locals.push(Some(local));
        }
        locals
    }

    /// The error for a case that there is not.
    pub(super) fn unknown_case(&self, case: &Name, of: &str, names: &[String]) -> Error {
        let nearest = nearest(case.as_str(), names.iter().map(String::as_str)).map(str::to_string);
        let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let (at, of, case) = (case.span, of.to_string(), case.text.to_string());
        Error::UnknownCase {
            at,
            of,
            case,
            nearest,
            all: all.join(", "),
        }
    }
}
