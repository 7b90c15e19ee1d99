-- function a.b.c:d, recursion by name, redefinition, methods on strings and numbers, self in nested functions.
local a = { b = { c = {} } }
function a.f(x) return x end
function a.b.g(x) return x + 1 end
function a.b.c:h(x) return self == a.b.c, x end
print(a.f(1), a.b.g(1), a.b.c:h(5))
print(a.b.c.h(nil, 5))
function a:f(x) return "replaced", x end
print(a:f(2))
local function rec(n) if n == 0 then return "done" end return rec(n - 1) end
print(rec(5))
local g = rec
rec = function() return "other" end
print(g(3))
print(a.b.c.h(a.b.c, 1))
function global_function(n) return n <= 1 and 1 or n * global_function(n - 1) end
print(global_function(10))
local o = { items = {} }
function o:add(v) self.items[#self.items + 1] = v return self end
function o:each(f) for i, v in ipairs(self.items) do f(v, i) end return self end
print(o:add(1):add(2):add(3) == o, #o.items)
local s = 0
o:each(function(v, i) s = s + v * i end):add(4)
print(s, #o.items)
print(("%d-%s"):format(5, "x"), ("abc"):upper():lower():rep(2), #("x"):rep(10))
local m = "upper"
print(("dyn")[m]("dyn"), string[m]("s"))
local proto = {}
proto.__index = proto
function proto.new(v) return setmetatable({ v = v }, proto) end
function proto:map(f) return proto.new(f(self.v)) end
function proto:nested() return (function() return self.v end)() end
print(proto.new(3):map(function(x) return x * 2 end):map(tostring).v, proto.new("n"):nested())
local call_count = 0
local function obj() call_count = call_count + 1 return o end
obj():add(5)
print(call_count, #o.items)
print(pcall(function() return o:missing() end))
print(pcall(function() return o.items:missing(1) end))
print(pcall(function() local n = nil return n:m() end))
print(pcall(function() return (5):m() end))
o["odd name"] = function(self) return self == o end
print(o["odd name"](o))
local t = { f = function(self, ...) return select("#", ...), ... end }
print(t:f(1, nil))
print(t:f())
print(t:f(t:f(1, 2)))
