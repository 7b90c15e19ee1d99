-- __index: function, table, chain; rawget; keys of all types; strings; methods; missing values.
local base = { greet = "hello", n = 1 }
local t = setmetatable({ own = "mine" }, { __index = base })
print(t.own, t.greet, t.n, t.missing)
base.n = 2
print(t.n)
t.n = 3
print(t.n, base.n, rawget(t, "greet"), rawget(t, "n"))
t.n = nil print(t.n)
local f = setmetatable({}, { __index = function(self, k)
  return type(k) .. ":" .. tostring(k), "second"
end })
print(f.x, f[1], f[true], f[1.5], (f.y)) print(f.z)
print(f[nil]) local nan = 0 / 0 print((f[nan]:gsub("%-", "")))
local chain = setmetatable({ a = 1 }, { __index = setmetatable({ b = 2 }, { __index = setmetatable({ c = 3 }, { __index = function(_, k) return k .. "?" end }) }) })
print(chain.a, chain.b, chain.c, chain.d)
local present = setmetatable({ no = false }, { __index = function() return "fallback" end })
print(present.no, present.yes)
print(("abc").len == string.len, ("abc").missing, #("abc"), ("abc").upper("x"))
print(pcall(function() local s = "abc" return s.x.y end))
print(pcall(function() local n = 5 return n.x end))
print(pcall(function() return (nil).x end))
print(pcall(function() return (true).x end))
local called = setmetatable({}, { __index = setmetatable({}, { __call = function() return "not called: __index of a table" end, __index = function(_, k) return "indexed " .. k end }) })
print(called.key)
print(pcall(function() return setmetatable({}, { __index = 5 }).x end))
print(setmetatable({}, { __index = "str" }).len == string.len)
local self_ref = {} self_ref.__index = self_ref setmetatable(self_ref, nil)
print(setmetatable({}, self_ref).anything)
local loop = {} setmetatable(loop, { __index = loop })
print(pcall(function() return loop.x end))
local count = 0
local lazy = setmetatable({}, { __index = function(s, k)
  count = count + 1
  local v = k * k
  rawset(s, k, v)
  return v
end })
print(lazy[4], lazy[4], lazy[5], count)
local Class = { kind = "class" } Class.__index = Class
function Class:describe() return self.kind .. "/" .. tostring(self.name) end
local Sub = setmetatable({ kind = "sub" }, Class) Sub.__index = Sub
print(setmetatable({ name = "o" }, Class):describe(), setmetatable({ name = "p" }, Sub):describe())
print(pcall(function() return setmetatable({}, Class):nothing() end))
print(#setmetatable({}, { __index = { 1, 2, 3 } }), next(setmetatable({}, { __index = { 1 } })))
local seen = {}
for i, v in ipairs(setmetatable({}, { __index = function(_, i) if i < 4 then return i end end })) do
  seen[#seen + 1] = v
end
print(#seen)
print(rawget(chain, "b"), rawget(f, 1), pcall(rawget, 1, 2))
