-- The same source line sees many shapes, types and callees, in changing order.
local function get(o) return o.v end
local shapes = {}
for i = 1, 40 do local o = {} for j = 1, i do o["f" .. j] = j end o.v = i shapes[i] = o end
local s = 0 for round = 1, 50 do for i = 1, 40 do s = s + get(shapes[i]) end end print(s)
for i = 1, 40, 2 do shapes[i].v = nil end
s = 0
for i = 1, 40 do s = s + (get(shapes[i]) or 1000) end
print(s)
local mt = { __index = function(_, k) return 7 end }
for i = 1, 40, 2 do setmetatable(shapes[i], mt) end
s = 0
for i = 1, 40 do s = s + get(shapes[i]) end
print(s)
mt.__index = { v = 9 }
s = 0
for i = 1, 40 do s = s + get(shapes[i]) end
print(s)
mt.__index.v = nil
s = 0
for i = 1, 40 do s = s + (get(shapes[i]) or 0) end
print(s)
for i = 1, 40 do setmetatable(shapes[i], nil) shapes[i].v = i end
s = 0
for i = 1, 40 do s = s + get(shapes[i]) end
print(s)
local function add(a, b) return a + b end
local V = setmetatable({}, { __add = function(a, b) return "meta" end })
local out = {}
for _, p in ipairs { { 1, 2 }, { "3", 4 }, { V, 1 }, { 5, "6" }, { 1, V }, { 0.5, 0.25 }, { {}, 1 }, { 7, 8 } } do
  local ok, r = pcall(add, p[1], p[2])
  out[#out + 1] = ok and tostring(r) or "error"
end
print(table.concat(out, " "))
local function call(f, ...) return f(...) end
local function one(a) return a end
local callable = setmetatable({}, { __call = function(_, a) return "called" end })
out = {}
for _, f in ipairs { one, tostring, callable, math.abs, function(...) return select("#", ...) end, one, type, coroutine.wrap(function(a) return "co" end) } do
  out[#out + 1] = tostring(call(f, -3))
end
print(table.concat(out, " "))
print(pcall(call, 5))
print(call(one, 1))
local function index(t, k) return t[k] end
out = {}
for _, c in ipairs { { { 10, 20 }, 2 }, { { a = 1 }, "a" }, { "str", "len" }, { { [1.5] = "f" }, 1.5 }, { { [true] = "t" }, true }, { {}, 1 }, { setmetatable({}, { __index = function(_, k) return k end }), 3 }, { { 1 }, -1 }, { { 1 }, 1e300 }, { { 10 }, 1.0 } } do
  local r = index(c[1], c[2])
  out[#out + 1] = r == string.len and "len" or tostring(r)
end
print(table.concat(out, " "))
print((pcall(index, nil, 1)), (pcall(index, 5, 1)))
local function set(t, k, v) t[k] = v end
local t = {}
for i, k in ipairs { 1, 2, "a", 4, 3, true, 1.5, "b", 100, 0, -1 } do set(t, k, i) end
local n = 0
for k, v in pairs(t) do n = n + v end
print(n, #t, t[1], t[3], t.a, t[true], t[1.5], t[0], t[-1])
local function cmp(a, b) return a < b, a == b, a <= b end
print(cmp(1, 2))
print(cmp("a", "b"))
print(cmp(2, 1.5))
print(cmp("b", "a"))
print(pcall(cmp, 1, "a"))
print(cmp(3, 3))
local function len(x) return #x end
print(len {}, len "abc", len { 1, 2 }, (pcall(len, 5)), len "")
local function cat(a, b) return a .. b end
print(cat(1, 2), cat("a", "b"), cat("a", 1.5), (pcall(cat, {}, 1)), cat(setmetatable({}, { __concat = function() return "m" end }), 1))
local function neg(x) return -x end
print(neg(1), neg("2"), neg(-0.5), (pcall(neg, {})))
local function truth(x) if x then return 1 else return 0 end end
print(truth(nil), truth(false), truth(0), truth(""), truth({}), truth(true))
local function loop(a, b, c) local n = 0 for i = a, b, c do n = n + i end return n end
print(loop(1, 10, 1), loop(10, 1, -1), loop(0.5, 2, 0.5), loop(1, 0, 1), loop("1", 3, 1))
local g = 0
local function bump() glob_var = (glob_var or 0) + 1 return glob_var end
for i = 1, 100 do bump() end
print(glob_var)
glob_var = "10"
print(bump())
glob_var = nil
print(bump())
local obj = {}
for i = 1, 100 do obj["k" .. i] = i end
for i = 1, 100 do obj["k" .. i] = nil end
obj.v = "after delete"
print(get(obj))
setmetatable(obj, { __newindex = function() error("existing keys bypass") end })
obj.v = 2
print(get(obj))
