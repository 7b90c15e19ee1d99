-- __len (ignored for tables and strings in 5.1), __tostring, __metatable, getmetatable and setmetatable.
print(#setmetatable({ 1, 2 }, { __len = function() return 99 end }), #"abc", #setmetatable({}, {}))
print(tostring(setmetatable({}, { __tostring = function(s) return "T!" end })))
print(setmetatable({}, { __tostring = function() return "printed" end }))
print(pcall(function()
  return (tostring(setmetatable({}, { __tostring = function() return 5 end })))
end))
print(pcall(print, setmetatable({}, { __tostring = function() return nil end })))
print(string.format("%s", "plain"), pcall(string.format, "%s", setmetatable({}, { __tostring = function() return "formatted" end })))
print(getmetatable({}), getmetatable(1), getmetatable(nil), getmetatable("x").__index == string)
local mt = {}
local t = setmetatable({}, mt)
print(getmetatable(t) == mt, setmetatable(t, nil) == t, getmetatable(t))
local locked = setmetatable({}, { __metatable = "locked" })
print(getmetatable(locked))
print(pcall(function() setmetatable(locked, {}) end))
local hidden = setmetatable({}, { __metatable = false })
print(getmetatable(hidden))
print(pcall(function() setmetatable(hidden, nil) end))
print(pcall(function() setmetatable(1, {}) end))
print(pcall(function() setmetatable({}) end))
print(pcall(function() setmetatable({}, 5) end))
print(pcall(function() getmetatable() end))
local late = setmetatable({}, mt)
print(late.x)
mt.__index = { x = "later" }
print(late.x)
mt.__index = nil
print(late.x)
mt.__add = function() return "added" end
print(late + 1)
mt.__index = function(_, k) return k end
print(late.dynamic)
rawset(mt, "__index", { dynamic = "raw" })
print(late.dynamic)
print(pcall(function() return -"x" end))
print(pcall(function() return #5 end))
print(pcall(function() return #nil end))
print(pcall(function() local u = true return #u end))
print(rawequal(getmetatable("a"), getmetatable("b")))
local sm = getmetatable("")
sm.__add = nil
string.shout = function(s) return s:upper() .. "!" end
print(("hey"):shout())
string.shout = nil
sm.__unm = function(s) return s:reverse() end print(-"abc", -"12") sm.__unm = nil
sm.__call = function(s, ...) return s, select("#", ...) end print(("fmt")(1, 2)) sm.__call = nil
sm.__index = function(s, k) if type(k) == "number" then return s:sub(k, k) end return string[k] end
print(("xyz")[2], ("xyz"):len())
sm.__index = string
print(("xyz")[2])
local proxy = newproxy(true)
getmetatable(proxy).__len = function() return 7 end
getmetatable(proxy).__index = function(_, k) return k .. k end
print(#proxy, proxy.ab, type(proxy))
getmetatable(proxy).__tostring = function() return "proxy" end
print(tostring(proxy), newproxy(proxy) ~= proxy, #newproxy(proxy), getmetatable(newproxy(false)))
getmetatable(proxy).__eq = function() return true end
print(proxy == newproxy(proxy), proxy ~= newproxy(proxy))
print(pcall(function() return #newproxy() end))
print(pcall(function() return newproxy().x end))
print(pcall(function() newproxy().x = 1 end))
print(pcall(function() newproxy(5) end))
