-- What instructions remember of fields must be forgotten in time: each loop runs one site through a change.

-- A method is redefined, overridden in between, and shadowed by a field of the object.
local Base, Middle, Class = {}, {}, {}
Base.__index, Middle.__index, Class.__index = Base, Middle, Class
setmetatable(Middle, Base)
setmetatable(Class, Middle)
function Base:name() return "base" end
local object = setmetatable({}, Class)
local seen = {}
for step = 1, 12 do
  if step == 3 then function Base:name() return "base again" end end
  if step == 5 then function Middle:name() return "middle" end end
  if step == 7 then Middle.name = nil end
  if step == 9 then object.name = function() return "own" end end
  if step == 11 then object.name = nil end
  seen[#seen + 1] = object:name()
end
print(table.concat(seen, ", "))

-- `__index` appears, is replaced, becomes a function, and goes.
local meta, fallback = {}, { x = 1 }
local instance = setmetatable({ y = 0 }, meta)
seen = {}
for step = 1, 12 do
  if step == 3 then meta.__index = fallback end
  if step == 5 then meta.__index = { x = 2 } end
  if step == 7 then meta.__index = function(_, name) return name .. "!" end end
  if step == 9 then rawset(meta, "__index", { x = 3 }) end
  if step == 11 then meta.__index = nil end
  seen[#seen + 1] = tostring(instance.x)
end
print(table.concat(seen, ", "))

-- The holder loses its field, gets it again, and becomes a dictionary.
local holder = { deep = "found" }
local outer = setmetatable({}, { __index = setmetatable({}, { __index = holder }) })
seen = {}
for step = 1, 10 do
  if step == 3 then holder.deep = nil end
  if step == 5 then holder.deep = "back" end
  if step == 7 then for i = 1, 600 do holder["key" .. i] = i end end
  if step == 9 then holder.deep = "hashed" end
  seen[#seen + 1] = tostring(outer.deep)
end
print(table.concat(seen, ", "), outer.key600)

-- `__newindex` appears between two stores by one instruction; the metatable changes.
local log = {}
local observed = {}
local function fresh(metatable) return setmetatable({}, metatable) end
for step = 1, 6 do
  if step == 3 then observed.__newindex = function(_, k, v) log[#log + 1] = k .. "=" .. v end end
  if step == 5 then observed.__newindex = nil end
  local t = fresh(observed)
  t.field = step
  log[#log + 1] = tostring(rawget(t, "field"))
end
print(table.concat(log, " "))

local first, second = { __index = { v = "first" } }, { __index = { v = "second" } }
local switched = setmetatable({}, first)
seen = {}
for step = 1, 6 do
  if step == 3 then setmetatable(switched, second) end
  if step == 5 then setmetatable(switched, nil) end
  seen[#seen + 1] = tostring(switched.v)
end
print(table.concat(seen, ", "))

-- Metamethods of a metatable come and go while it is in use.
local vector = {}
local a, b = setmetatable({ 1 }, vector), setmetatable({ 2 }, vector)
for step = 1, 4 do
  if step == 2 then
    vector.__add = function(l, r) return l[1] + r[1] end
    vector.__eq = function() return true end
  end
  if step == 3 then vector.__add = function() return "other" end end
  if step == 4 then vector.__add, vector.__eq = nil, nil end
  print(step, pcall(function() return a + b end) and a + b, a == b)
end

-- One store instruction, tables of many layouts.
local function poke(t) t.value = (t.value or 0) + 1 return t.value end
local total = 0
for i = 1, 200 do
  local t = {}
  for j = 1, i % 40 do t["f" .. j] = j end
  if i % 3 == 0 then t.value = 10 end
  total = total + poke(t) + poke(t)
end
print(total)

-- Fields beyond those in the table itself, one after another, by constant names and by computed ones.
local wide = {}
wide.a1, wide.a2, wide.a3, wide.a4, wide.a5, wide.a6, wide.a7, wide.a8, wide.a9 = 1, 2, 3, 4, 5, 6, 7, 8, 9
local sum = 0
for _, v in pairs(wide) do sum = sum + v end
print(sum, wide.a9, wide["a" .. 5], rawget(wide, "a10"))

-- A traversal clears and changes fields, and meets each once, whatever part of the table it is in.
local mixed = { 1, 2, 3, x = 4, y = 5, [10.5] = 6, [true] = 7 }
for i = 1, 300 do mixed["m" .. i] = i end
local count, keys = 0, {}
for k in pairs(mixed) do
  assert(not keys[k])
  keys[k] = true
  count = count + 1
  if count % 2 == 0 then mixed[k] = nil else mixed[k] = "changed" end
  mixed.never_there = nil
end
local left = 0
for _, v in pairs(mixed) do assert(v == "changed") left = left + 1 end
print(count, left)

-- Loops by `next` that begin somewhere else, or change the function.
local few = { p = 1, q = 2, r = 3 }
local start = next(few)
local rest = 0
for _ in next, few, start do rest = rest + 1 end
print(rest)
for k, v in next, { 7 } do print(k, v) end

-- The environment is a table like others.
local env = setmetatable({}, { __index = _G })
local f = setfenv(function() hidden = (hidden or 0) + 1 return hidden, type(print) end, env)
for _ = 1, 3 do f() end
print(f())
env.print = 1
print(f())
print(rawget(_G, "hidden"))

-- A class that inherits from itself, and one found through a loop.
local own = {}
own.__index = own
setmetatable(own, own)
print(pcall(function() return own.nothing end))

-- Constructors: names in another order, with nil, with one name twice.
local function make(x, y) return { x = x, y = y } end
local function swap(x, y) return { y = y, x = x } end
local acc = 0
for i = 1, 50 do
  local p = i % 2 == 0 and make(i, nil) or swap(nil, i)
  acc = acc + (p.x or 0) - (p.y or 0)
  p.x = 1
  acc = acc + p.x
end
print(acc, ({ z = 1, z = 2 }).z, next({ n = nil }))
