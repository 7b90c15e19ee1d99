-- Instructions that have remembered a method of strings see every change of what strings inherit.
local s = "hello"
local function f(x) return x:byte(1), x:len() end
for i=1,3 do print(f(s)) end
string.foo = function(s) return "foo"..s end
local function g(x) return x:foo() end
print(g(s)); print(g(s))
string.foo = function(s) return "bar"..s end
print(g(s))
string.foo = nil
print(pcall(g, s))
local mt = getmetatable("")
local old = mt.__index
mt.__index = function(s, k) return function(x) return k .. x end end
print(g(s), f(s))
mt.__index = { byte = function() return 1 end, len = function() return 2 end }
print(f(s))
mt.__index = nil
print(pcall(f, s))
mt.__index = old
print(f(s))
debug.setmetatable("", { __index = { byte = function() return "B" end, len = function() return "L" end } })
print(f(s))
debug.setmetatable("", nil)
print(pcall(f, s))
debug.setmetatable("", mt)
print(f(s))
local t = setmetatable({}, {__index = string})
-- one site sees tables and strings
for _, x in ipairs{ "abc", {len=function() return -1 end, byte=function() return -2 end}, "x", setmetatable({}, {__index={byte=function() return 5 end, len=function() return 6 end}}), "y" } do print(f(x)) end
setmetatable(string, {__index = function(t, k) return function(x) return k..x end end})
print(g(s)) print(g(s))
setmetatable(string, {__index = {foo = function() return "inherited foo" end}})
print(g(s)) print(g(s))
setmetatable(string, nil)
print(pcall(g, s)) print(pcall(g, s))
print(pcall(f, 5))
print(pcall(f, nil))
