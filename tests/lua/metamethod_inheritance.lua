-- rawequal, rawget and rawset against metamethods; metatables shared, swapped and changed while in use.
local log = {}
local mt = { __index = function(t, k)
  log[#log + 1] = "get " .. tostring(k)
  return rawget(t, "_" .. tostring(k))
end, __newindex = function(t, k, v)
  log[#log + 1] = "set " .. tostring(k)
  rawset(t, "_" .. tostring(k), v)
end }
local t = setmetatable({}, mt)
t.a = 1
t.a = 2
print(t.a, rawget(t, "a"), rawget(t, "_a"), table.concat(log, ","))
rawset(t, "a", "raw")
log = {}
print(t.a, #log)
t.a = nil
log = {}
print(t.a, #log)
local m1, m2 = { __index = { who = "one" } }, { __index = { who = "two" } }
local o = setmetatable({}, m1)
local function who() return o.who end
print(who())
setmetatable(o, m2)
print(who())
m2.__index = { who = "changed" }
print(who())
m2.__index = nil
print(who())
m2.__index = function() return "function" end
print(who())
setmetatable(o, nil)
print(who())
o.who = "own"
print(who())
setmetatable(o, m1)
print(who())
o.who = nil
print(who())
local objs = {}
for i = 1, 20 do objs[i] = setmetatable({ i = i }, m1) end
m1.__index.who = "shared"
local n = 0
for i = 1, 20 do if objs[i].who == "shared" then n = n + 1 end end
print(n)
m1.__add = function(a, b) return a.i + b.i end
print(objs[1] + objs[2])
m1.__add = nil
print(pcall(function() return objs[1] + objs[2] end) == false)
m1.__eq = function(a, b) return a.i % 2 == b.i % 2 end
print(objs[1] == objs[3], objs[1] == objs[2], rawequal(objs[1], objs[3]))
m1.__eq = nil
print(objs[1] == objs[3])
m1.__call = function(self, x) return self.i * x end
print(objs[4](10))
m1.__call = function() return "new" end
print(objs[4](10))
local keys = setmetatable({}, { __index = function(t, k)
  local v = "made " .. tostring(k)
  t[k] = v
  return v
end })
print(keys.x, rawget(keys, "x"), keys[1], #keys)
local lvl = {}
for i = 1, 50 do lvl[i] = setmetatable({ ["f" .. i] = i }, { __index = lvl[i - 1] }) end
print(lvl[50].f1, lvl[50].f50, lvl[50].f51, lvl[1].f50)
lvl[25].f1 = "shadow"
print(lvl[50].f1, lvl[24].f1)
lvl[25].f1 = nil
print(lvl[50].f1)
local env = setmetatable({}, { __index = _G })
print(env.print == print, rawget(env, "print"))
