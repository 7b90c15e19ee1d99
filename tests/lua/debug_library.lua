-- The parts of debug that programs rely on: traceback, getinfo, getlocal, getmetatable, upvalues.
print((debug.traceback("message"):match("^message\nstack traceback:\n\t[^\n]+"):gsub("%s+", " ")))
print(debug.traceback(5) == 5 or type(debug.traceback(5)), debug.traceback(nil) == nil or "string", type(debug.traceback({})))
local info = debug.getinfo(1)
print(info.short_src, info.source, info.what, info.currentline, info.namewhat)
local function f(a, b)
  local c = 3
  local i = debug.getinfo(1, "nSl")
  return i.name, i.namewhat, i.what, i.linedefined, i.lastlinedefined, i.currentline
end
print((select(1, f(1, 2))), select(2, f(1, 2)))
print(debug.getinfo(print).what, debug.getinfo(print, "S").short_src, debug.getinfo(f, "u").nups, debug.getinfo(f, "f").func == f)
print(debug.getinfo(100))
print(pcall(function() debug.getinfo(f, "X") end))
print(pcall(function() debug.getinfo({}) end))
local mt = {}
print(debug.setmetatable({}, mt) ~= nil, debug.getmetatable(setmetatable({}, { __metatable = "x" })).__metatable, debug.getmetatable("").__index == string)
debug.setmetatable(5, { __index = function(n, k) return k .. n end })
print((5).abc, (6).x)
debug.setmetatable(5, nil)
debug.setmetatable(nil, { __index = function() return "nil indexed" end })
print((nil).x)
debug.setmetatable(nil, nil)
print(pcall(function() return (nil).x end))
local up1, up2 = "one", "two"
local function g() return up1, up2 end
print(debug.getupvalue(g, 1))
print(debug.getupvalue(g, 2))
print(debug.getupvalue(g, 3))
print(debug.setupvalue(g, 1, "changed"))
print(g())
print(up1)
local function locals(p, q)
  local r = "r"
  local names = {}
  local i = 1
  while true do
    local n, v = debug.getlocal(1, i)
    if not n then break end
    names[#names + 1] = n
    i = i + 1
  end
  return table.concat(names, " ")
end
print(locals(1, 2))
print(type(debug.getregistry()), debug.getfenv(g) == _G)
local function lvl() return debug.getinfo(2, "n").name, debug.getinfo(2, "l").currentline end
local function named() local a, b = lvl() return a, b end
print(named())
