//! The control-flow graph of a function: orders, predecessors, dominators, cycles.

use petgraph::algo::dominators::{self, Dominators};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::DfsPostOrder;

use super::function::Function;
use super::ids::{BlockId, Id};

/// Control flow at one moment; changing the function makes it stale.
pub struct Cfg {
    order: Vec<BlockId>,
    position: Vec<Option<usize>>,
    predecessors: Vec<Vec<BlockId>>,
    dominators: Dominators<NodeIndex>,
    cyclic: bool,
}

impl Cfg {
    /// The graph of `function`, edges through calls included.
    pub fn new(function: &Function) -> Self {
        let mut graph = DiGraph::<(), ()>::with_capacity(function.blocks.len(), function.blocks.len());
        for _ in function.blocks.ids() {
            graph.add_node(());
        }
        // petgraph walks the edges of a node from the last added to the first, and pushes what it finds on a stack: added
        // in reverse, the first successor is finished last and comes first in reverse postorder.
        for (id, block) in function.blocks.iter() {
            for next in block.terminator.successors().into_iter().rev() {
                graph.add_edge(node(id), node(next), ());
            }
        }
        let mut order = Vec::new();
        let mut walk = DfsPostOrder::new(&graph, node(function.entry));
        while let Some(next) = walk.next(&graph) {
            order.push(BlockId::from_index(next.index()));
        }
        order.reverse();
        let mut position = vec![None; function.blocks.len()];
        for (index, block) in order.iter().enumerate() {
            position[block.index()] = Some(index);
        }
        let mut predecessors = vec![Vec::new(); function.blocks.len()];
        let mut cyclic = false;
        for (index, block) in order.iter().enumerate() {
            for next in function.blocks[*block].terminator.successors() {
                predecessors[next.index()].push(*block);
                cyclic |= position[next.index()].is_some_and(|next| next <= index);
            }
        }
        let dominators = dominators::simple_fast(&graph, node(function.entry));
        Self {
            order,
            position,
            predecessors,
            dominators,
            cyclic,
        }
    }
    /// Reachable blocks in reverse postorder, the entry first.
    pub fn order(&self) -> &[BlockId] {
        &self.order
    }
    /// Whether control can reach `block`.
    pub fn is_reachable(&self, block: BlockId) -> bool {
        self.position[block.index()].is_some()
    }
    /// The reachable blocks with an edge to `block`, one entry per edge.
    pub fn predecessors(&self, block: BlockId) -> &[BlockId] {
        &self.predecessors[block.index()]
    }
    /// The block that all paths to `block` run through last; `None` for the entry and for unreachable blocks.
    pub fn immediate_dominator(&self, block: BlockId) -> Option<BlockId> {
        self.dominators
            .immediate_dominator(node(block))
            .map(|found| BlockId::from_index(found.index()))
    }
    /// Whether every path to `block` runs through `above` (a block dominates itself). Of unreachable blocks, none.
    pub fn dominates(&self, above: BlockId, block: BlockId) -> bool {
        self.dominators
            .dominators(node(block))
            .is_some_and(|mut all| all.any(|found| found == node(above)))
    }
    /// Whether there is a loop.
    pub const fn is_cyclic(&self) -> bool {
        self.cyclic
    }
}

fn node(block: BlockId) -> NodeIndex {
    NodeIndex::new(block.index())
}
