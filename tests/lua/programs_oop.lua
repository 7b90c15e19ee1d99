-- Object orientation by metatables: single and multiple inheritance, super calls, privacy by closures, class fields.
local Base = {} Base.__index = Base Base.count = 0
function Base.new(class, name)
  local o = setmetatable({ name = name }, class)
  Base.count = Base.count + 1
  return o
end
function Base:describe() return self:kind() .. " " .. self.name end
function Base:kind() return "base" end
local Derived = setmetatable({}, { __index = Base }) Derived.__index = Derived
function Derived:kind() return "derived from " .. Base.kind(self) end
local Third = setmetatable({}, { __index = Derived }) Third.__index = Third
function Third:describe() return "<" .. Derived.describe(self) .. ">" end
local a, b, c = Base:new("a"), Derived:new("b"), Third:new("c")
print(a:describe())
print(b:describe())
print(c:describe())
print(Base.count, c.count, rawget(c, "count"))
function Base:late() return "added later to " .. self.name end print(c:late())
function a:kind() return "singleton" end print(a:describe(), Base:new("z"):describe())
local function many(...)
  local parents = { ... }
  local class = setmetatable({}, { __index = function(t, k)
    for _, p in ipairs(parents) do local v = p[k] if v ~= nil then t[k] = v return v end end
  end })
  class.__index = class
  return class
end
local Named, Aged = { get_name = function(s) return s.name end }, { get_age = function(s) return s.age end, get_name = function() return "not me" end }
local Person = many(Named, Aged)
local p = setmetatable({ name = "Ann", age = 30 }, Person)
print(p:get_name(), p:get_age(), rawget(Person, "get_age") ~= nil, p.unknown)
local function account(balance)
  local self = {}
  function self.deposit(v) balance = balance + v return self end
  function self.get() return balance end
  return self
end
local acc = account(100) print(acc.deposit(50).deposit(25).get(), acc.balance)
local Stack = {}
Stack.__index = Stack
function Stack.new() return setmetatable({ n = 0 }, Stack) end
function Stack:push(...)
  for i = 1, select("#", ...) do self.n = self.n + 1 self[self.n] = (select(i, ...)) end
  return self
end
function Stack:pop() local v = self[self.n] self[self.n] = nil self.n = self.n - 1 return v end
local s = Stack.new():push(1, nil, 3) print(s:pop(), s:pop(), s:pop(), s.n)
local props = setmetatable({}, { __index = function(t, k)
  local g = rawget(t, "_get") or {}
  return g[k] and g[k](t)
end, __newindex = function(t, k, v)
  if k == "double" then rawset(t, "half", v / 2) else rawset(t, k, v) end
end })
rawset(props, "_get", { twice = function(t) return t.half * 2 end })
props.double = 20
print(props.half, props.twice, props.none)
local shapes = {}
for i, mk in ipairs { function(n)
  return { area = function() return n * n end }
end, function(n)
  return { area = function() return n / 2 end }
end } do
  shapes[i] = mk(i * 3)
end
local total = 0
for _, sh in ipairs(shapes) do total = total + sh.area() end
print(total)
local Set = {}
Set.__index = Set
Set.__add = function(x, y)
  local r = setmetatable({}, Set)
  for k in pairs(x) do r[k] = true end
  for k in pairs(y) do r[k] = true end
  return r
end
Set.__mul = function(x, y)
  local r = setmetatable({}, Set)
  for k in pairs(x) do r[k] = y[k] end
  return r
end
Set.__tostring = function(x)
  local l = {}
  for k in pairs(x) do l[#l + 1] = tostring(k) end
  table.sort(l)
  return "{" .. table.concat(l, ",") .. "}"
end
local function set(l)
  local r = setmetatable({}, Set)
  for _, v in ipairs(l) do r[v] = true end
  return r
end
print(tostring(set { 1, 2 } + set { 2, 3 }), tostring(set { 1, 2 } * set { 2, 3 }))
