-- Finds the nesting of loops in generated control-flow graphs: depth-first numbering, union-find, classes.
-- quick: 2

local n = tonumber(arg and arg[1]) or 160

local Block = {}
Block.__index = Block
function Block.new(id) return setmetatable({ id = id, ins = {}, outs = {} }, Block) end

local Graph = {}
Graph.__index = Graph
function Graph.new() return setmetatable({ blocks = {} }, Graph) end
function Graph:block()
  local block = Block.new(#self.blocks + 1)
  self.blocks[block.id] = block
  return block
end
function Graph:edge(from, to)
  from.outs[#from.outs + 1] = to
  to.ins[#to.ins + 1] = from
end

-- Each builder hangs a shape behind `from` and returns the block where it ends.
function Graph:straight(from, length)
  for _ = 1, length do
    local following = self:block()
    self:edge(from, following)
    from = following
  end
  return from
end
function Graph:diamond(from)
  local left, right, join = self:block(), self:block(), self:block()
  self:edge(from, left)
  self:edge(from, right)
  self:edge(left, join)
  self:edge(right, join)
  return join
end
function Graph:loop(from, depth, width)
  local header = self:straight(from, 1)
  local body = self:diamond(header)
  if depth > 1 then
    for _ = 1, width do body = self:loop(body, depth - 1, width) end
  end
  local latch = self:straight(body, 1)
  self:edge(latch, header)
  return self:straight(header, 1)
end

local Loop = {}
Loop.__index = Loop
function Loop.new(header) return setmetatable({ header = header, blocks = 1, parent = nil }, Loop) end
function Loop:depth()
  local depth, loop = 1, self.parent
  while loop do depth, loop = depth + 1, loop.parent end
  return depth
end

local Node = {}
Node.__index = Node
function Node.new(block, number)
  local node = setmetatable({ block = block, number = number, last = number }, Node)
  node.set = node
  return node
end
function Node:find()
  local root = self
  while root.set ~= root do root = root.set end
  local node = self
  while node ~= root do node, node.set = node.set, root end
  return root
end

local Finder = {}
Finder.__index = Finder
function Finder.new(graph) return setmetatable({ graph = graph, order = {}, node_of = {}, loops = {} }, Finder) end

function Finder:number()
  local stack = { { self.graph.blocks[1], 0 } }
  local function enter(block)
    local node = Node.new(block, #self.order + 1)
    self.order[node.number], self.node_of[block] = node, node
  end
  enter(self.graph.blocks[1])
  while #stack > 0 do
    local top = stack[#stack]
    local block = top[1]
    top[2] = top[2] + 1
    local successor = block.outs[top[2]]
    if not successor then
      self.node_of[block].last = #self.order
      stack[#stack] = nil
    elseif not self.node_of[successor] then
      enter(successor)
      stack[#stack + 1] = { successor, 0 }
    end
  end
end

local function is_ancestor(above, below) return above.number <= below.number and below.number <= above.last end

function Finder:find()
  self:number()
  for number = #self.order, 1, -1 do
    local header = self.order[number]
    local work, member = {}, {}
    for _, block in ipairs(header.block.ins) do
      local node = self.node_of[block]
      if node and is_ancestor(header, node) then
        local root = node:find()
        if root ~= header and not member[root] then
          member[root] = true
          work[#work + 1] = root
        elseif root == header then
          header.is_self_loop = true
        end
      end
    end
    local next_work = 1
    while next_work <= #work do
      local node = work[next_work]
      next_work = next_work + 1
      for _, block in ipairs(node.block.ins) do
        local from = self.node_of[block]:find()
        if from ~= header and not member[from] and is_ancestor(header, from) then
          member[from] = true
          work[#work + 1] = from
        end
      end
    end
    if #work > 0 or header.is_self_loop then self:close(header, work) end
  end
end

function Finder:close(header, members)
  local loop = Loop.new(header.block)
  self.loops[#self.loops + 1] = loop
  header.loop = loop
  for _, node in ipairs(members) do
    node.set = header
    if node.loop then
      node.loop.parent = loop
      loop.blocks = loop.blocks + node.loop.blocks
    else
      loop.blocks = loop.blocks + 1
    end
  end
end

local graph = Graph.new()
local at = graph:straight(graph:block(), 2)
for shape = 1, 12 do
  at = graph:loop(at, 1 + shape % 4, 3)
  at = graph:diamond(at)
end
for round = 1, n do
  local finder = Finder.new(graph)
  finder:find()
  local deepest, sum = 0, 0
  for _, loop in ipairs(finder.loops) do
    deepest = math.max(deepest, loop:depth())
    sum = (sum + loop.blocks * loop.header.id) % 1000003
  end
  if round == 1 or round == n then print(#graph.blocks, #finder.loops, deepest, sum) end
  at = graph:loop(at, 2, 2)
end
