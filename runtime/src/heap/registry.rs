//! Lists of objects that own more than their memory.

use super::Collection;

/// Objects in the order of their age.
#[derive(Default)]
pub(crate) struct Registry {
    objects: Vec<u32>,
    /// The objects before this one are old.
    young: usize,
    /// How far the sweep has come that is under way.
    sweep: Option<Progress>,
}

/// The objects before `kept` have been found alive. Places from there to `next` mean nothing; the objects from `next` to
/// `end` are to be looked at; those behind have come since the sweep began.
struct Progress {
    kept: usize,
    next: usize,
    end: usize,
}

impl Registry {
    /// Adds an object, which is young.
    pub fn push(&mut self, object: u32) {
        self.objects.push(object);
    }

    /// From now on [`Registry::sweep`] looks at the objects that are in the list now: all, or the young ones.
    pub fn begin_sweep(&mut self, what: Collection) {
        let first = if what == Collection::Full { 0 } else { self.young };
        self.sweep = Some(Progress {
            kept: first,
            next: first,
            end: self.objects.len(),
        });
    }

    /// Looks at up to `count` objects, and keeps those that `lives` answers true for. Answers whether all have been looked
    /// at.
    pub fn sweep(&mut self, count: usize, mut lives: impl FnMut(u32) -> bool) -> bool {
        let Some(progress) = &mut self.sweep else {
            return true;
        };
        let until = progress.end.min(progress.next.saturating_add(count));
        while progress.next < until {
            let object = self.objects[progress.next];
            progress.next += 1;
            if lives(object) {
                self.objects[progress.kept] = object;
                progress.kept += 1;
            }
        }
        if progress.next < progress.end {
            return false;
        }
        self.close_gap();
        true
    }

    /// Keeps the objects that `lives` answers true for; a minor collection asks about young ones only.
    pub fn retain(&mut self, what: Collection, lives: impl FnMut(u32) -> bool) {
        self.begin_sweep(what);
        self.sweep(usize::MAX, lives);
    }

    /// All objects; none are left.
    pub fn take(&mut self) -> Vec<u32> {
        self.close_gap();
        self.young = 0;
        std::mem::take(&mut self.objects)
    }

    /// All objects but those that a sweep has found dead.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let (kept, next) = self.sweep.as_ref().map_or((0, 0), |sweep| (sweep.kept, sweep.next));
        self.objects[..kept].iter().chain(&self.objects[next..]).copied()
    }

    fn close_gap(&mut self) {
        if let Some(Progress { kept, next, .. }) = self.sweep.take() {
            self.objects.drain(kept..next);
            self.young = kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_during_a_sweep_stays() {
        let mut registry = Registry::default();
        (0..10).for_each(|object| registry.push(object));
        registry.begin_sweep(Collection::Full);
        assert!(!registry.sweep(4, |object| object % 2 == 0));
        registry.push(11);
        assert!(!registry.sweep(4, |object| object % 2 == 0));
        registry.push(13);
        assert!(registry.sweep(4, |object| object % 2 == 0));
        assert!(registry.iter().eq([0, 2, 4, 6, 8, 11, 13]));
        registry.retain(Collection::Minor, |object| object != 11 && object != 0);
        assert!(registry.iter().eq([0, 2, 4, 6, 8, 13]), "old ones are not asked about");
        registry.retain(Collection::Minor, |_| false);
        assert_eq!(registry.iter().count(), 6, "what has survived is old");
    }

    #[test]
    fn a_list_can_be_taken_in_the_middle_of_a_sweep() {
        let mut registry = Registry::default();
        (0..6).for_each(|object| registry.push(object));
        registry.begin_sweep(Collection::Full);
        registry.sweep(3, |object| object == 1);
        registry.push(6);
        assert!(registry.iter().eq([1, 3, 4, 5, 6]));
        assert_eq!(registry.take(), [1, 3, 4, 5, 6]);
        assert!(registry.sweep(1, |_| false) && registry.iter().next().is_none());
    }
}
