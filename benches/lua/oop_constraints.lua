-- An incremental one-way constraint solver: variables, strengths and a plan, over chains and projections.
-- quick: 20

local n = tonumber(arg and arg[1]) or 1500

local REQUIRED, STRONG, NORMAL, WEAK = 1, 2, 3, 4

local Variable = {}
Variable.__index = Variable
function Variable.new(name, value)
  return setmetatable({ name = name, value = value, constraints = {}, determined_by = nil, strength = WEAK + 1, mark = 0 }, Variable)
end
function Variable:attach(constraint) self.constraints[#self.constraints + 1] = constraint end
function Variable:detach(constraint)
  local list = self.constraints
  for i = #list, 1, -1 do
    if list[i] == constraint then table.remove(list, i) end
  end
  if self.determined_by == constraint then self.determined_by = nil end
end

local Constraint = {}
Constraint.__index = Constraint
local function subclass()
  local class = setmetatable({}, { __index = Constraint })
  class.__index = class
  return class
end
function Constraint:is_satisfied() return self.output ~= nil end
function Constraint:variables() return self end

-- One variable is to keep its value, or is set from outside.
local Stay = subclass()
function Stay.new(variable, strength) return setmetatable({ variable, strength = strength }, Stay) end
function Stay:choose(mark)
  local v = self[1]
  self.output = v.mark ~= mark and self.strength < v.strength and v or nil
end
function Stay:execute() end

local Edit = subclass()
function Edit.new(variable, strength) return setmetatable({ variable, strength = strength, source = 0 }, Edit) end
Edit.choose = Stay.choose
function Edit:execute() self[1].value = self.source end

-- Two variables are linked: b = a * factor + offset, solved in either direction.
local Linear = subclass()
function Linear.new(a, b, factor, offset, strength)
  return setmetatable({ a, b, factor = factor, offset = offset, strength = strength }, Linear)
end
function Linear:choose(mark)
  local a, b = self[1], self[2]
  self.output = nil
  if a.mark == mark then
    if b.mark ~= mark and self.strength < b.strength then self.output = b end
  elseif b.mark == mark then
    if self.strength < a.strength then self.output = a end
  elseif a.strength >= b.strength then
    if self.strength < a.strength then self.output = a end
  elseif self.strength < b.strength then
    self.output = b
  end
end
function Linear:execute()
  local a, b = self[1], self[2]
  if self.output == b then
    b.value = a.value * self.factor + self.offset
  else
    a.value = (b.value - self.offset) / self.factor
  end
end

local Solver = {}
Solver.__index = Solver
function Solver.new() return setmetatable({ mark = 0 }, Solver) end
function Solver:next_mark()
  self.mark = self.mark + 1
  return self.mark
end
function Solver:add(constraint)
  for _, variable in ipairs(constraint) do variable:attach(constraint) end
  local mark = self:next_mark()
  local retracted = self:satisfy(constraint, mark)
  while retracted do retracted = self:satisfy(retracted, mark) end
end
function Solver:satisfy(constraint, mark)
  constraint:choose(mark)
  local output = constraint.output
  if not output then return nil end
  for _, variable in ipairs(constraint) do
    if variable ~= output then variable.mark = mark end
  end
  local retracted = output.determined_by
  if retracted then retracted.output = nil end
  output.determined_by = constraint
  self:propagate(output)
  output.mark = mark
  return retracted
end
-- The walkabout strength of an output is the weakest of what determines it.
local function output_strength(constraint)
  local strength = constraint.strength
  for _, variable in ipairs(constraint) do
    if variable ~= constraint.output and variable.strength > strength then strength = variable.strength end
  end
  return strength
end
function Solver:propagate(start)
  local work, seen = { start }, 0
  while #work > 0 do
    local variable = table.remove(work)
    seen = seen + 1
    local by = variable.determined_by
    if by then
      variable.strength = output_strength(by)
      by:execute()
    end
    for _, constraint in ipairs(variable.constraints) do
      local output = constraint.output
      if output and output ~= variable and constraint ~= by then work[#work + 1] = output end
    end
  end
  return seen
end
function Solver:remove(constraint)
  local output = constraint.output
  for _, variable in ipairs(constraint) do variable:detach(constraint) end
  constraint.output = nil
  if output then
    output.strength = WEAK + 1
    local again = {}
    for _, other in ipairs(output.constraints) do
      if not other:is_satisfied() then again[#again + 1] = other end
    end
    table.sort(again, function(x, y) return x.strength < y.strength end)
    for _, other in ipairs(again) do
      local retracted = other
      local mark = self:next_mark()
      while retracted do retracted = self:satisfy(retracted, mark) end
    end
    self:propagate(output)
  end
end
function Solver:set(variable, value)
  local edit = Edit.new(variable, STRONG)
  edit.source = value
  self:add(edit)
  self:remove(edit)
end

local function chain(length)
  local solver, variables = Solver.new(), {}
  for i = 1, length do variables[i] = Variable.new("v" .. i, 0) end
  for i = 1, length - 1 do solver:add(Linear.new(variables[i], variables[i + 1], 1, 1, REQUIRED)) end
  solver:add(Stay.new(variables[length], WEAK))
  local sum = 0
  for value = 1, 10 do
    solver:set(variables[1], value)
    sum = sum + variables[length].value
  end
  return sum
end

local function projection(count)
  local solver = Solver.new()
  local sources, targets = {}, {}
  for i = 1, count do
    sources[i], targets[i] = Variable.new("s" .. i, i), Variable.new("t" .. i, i)
    solver:add(Stay.new(sources[i], NORMAL))
    solver:add(Linear.new(sources[i], targets[i], 10, i, REQUIRED))
  end
  local sum = 0
  for i = 1, count do
    solver:set(sources[i], i * 2)
    sum = sum + targets[i].value
    solver:set(targets[i], 1050 + i)
    sum = sum + sources[i].value
  end
  return sum
end

print("chain", chain(100), "projection", projection(100))
local sum = 0
for round = 1, n do sum = (sum + chain(10 + round % 40) + projection(5 + round % 30)) % 1000003 end
print(sum)
