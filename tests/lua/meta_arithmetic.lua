-- __add, __sub, __mul, __div, __mod, __pow, __unm: operands, order, results, strings and numbers as partners.
local log
local function event(name)
  return function(a, b) log = name .. " " .. type(a) .. " " .. type(b) return name end
end
local mt = {}
for _, name in ipairs { "add", "sub", "mul", "div", "mod", "pow", "unm" } do
  mt["__" .. name] = event(name)
end
local t = setmetatable({}, mt)
print(t + 1, log)
print(1 + t, log)
print(t - "x", log)
print("x" * t, log)
print(t / t, log)
print({} % t, log)
print(t ^ nil, log) print(nil ^ t, log) print(-t, log) print(true + t, log) print(t + print, log)
print("10" + 5, log == nil)
print(rawequal(t + t, "add"), (t + 1) .. "!")
local left = setmetatable({ n = "left" }, { __add = function(a, b) return "left handler" end })
local right = setmetatable({ n = "right" }, { __add = function(a, b) return "right handler" end })
print(left + right, right + left, 1 + right, left + 1, {} + right)
local V = {}
V.__index = V
local function v(x, y) return setmetatable({ x = x, y = y }, V) end
V.__add = function(a, b) return v(a.x + b.x, a.y + b.y) end
V.__sub = function(a, b) return v(a.x - b.x, a.y - b.y) end
V.__mul = function(a, b)
  if type(a) == "number" then
    return v(a * b.x, a * b.y)
  elseif type(b) == "number" then
    return b * a
  end
  return a.x * b.x + a.y * b.y
end
V.__unm = function(a) return v(-a.x, -a.y) end
V.__tostring = function(a) return "(" .. a.x .. "," .. a.y .. ")" end
print(tostring(v(1, 2) + v(3, 4) * 2 - -v(1, 1)), v(1, 2) * v(3, 4), tostring(2 * v(1, 2) + v(0, 1)))
local several = setmetatable({}, { __add = function() return 1, 2, 3 end, __sub = function() end })
print(several + 1) print(several - 1) print((several + 1) + (several + 2))
print(pcall(function() return t + setmetatable({}, {}) end))
print(pcall(function() return {} + {} end))
print(pcall(function() return setmetatable({}, {}) - 1 end))
local bad = setmetatable({}, { __add = 5, __mul = setmetatable({}, { __call = function(self, a, b) return "called with", b end }) })
print(pcall(function() return bad + 1 end))
print(bad * 7)
local errs = setmetatable({}, { __div = function() error("in handler", 0) end })
print(pcall(function() return errs / 2 end))
local counter = setmetatable({ n = 0 }, { __add = function(self, k) self.n = self.n + k return self end })
for i = 1, 10 do counter = counter + i end
print(counter.n)
