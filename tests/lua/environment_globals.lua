-- Globals, _G, metatables on _G, undefined names.
x = 1 print(_G.x, _G["x"], _G._G == _G) _G.y = 2 print(y) y = nil print(y, rawget(_G, "y"))
print(undefined, _G.undefined) local print, x = print, "local" print(x, _G.x)
setmetatable(_G, { __index = function(_, k) return "auto " .. k end, __newindex = function(t, k, v)
  rawset(t, k, v and "set " .. tostring(v))
end })
print(foo) foo = 5 print(foo) foo = 6 print(foo) setmetatable(_G, nil) print(bar) foo = nil
setmetatable(_G, { __index = function(_, k) error("undefined variable " .. k, 2) end, __newindex = function(_, k)
  error("assignment to undefined " .. k, 2)
end })
print(pcall(function() return nowhere end))
print(pcall(function() nowhere = 1 end))
setmetatable(_G, nil)
for _, name in ipairs { "a", "b" } do _G["dyn_" .. name] = name:rep(2) end print(dyn_a, dyn_b)
local function setter(k, v) _G[k] = v end setter("made", 7) print(made)
function made_function() return "m" end
print(_G.made_function(), type(_G.string), _G.string == string)
local names = {}
for _, n in ipairs { "assert", "collectgarbage", "dofile", "error", "gcinfo", "getfenv", "getmetatable", "ipairs", "load", "loadfile", "loadstring", "module", "newproxy", "next", "pairs", "pcall", "print", "rawequal", "rawget", "rawset", "require", "select", "setfenv", "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall" } do
  names[#names + 1] = type(_G[n]) == "function" and "" or n
end
print(#table.concat(names))
for _, n in ipairs { "coroutine", "debug", "io", "math", "os", "package", "string", "table" } do
  io.write(n, "=", type(_G[n]), " ", tostring(package.loaded[n] == _G[n]), " ")
end
print()
local tostring = function() return "shadowed" end
print(tostring(1), _G.tostring(1))
string.format2 = string.format
print(("%d"):format2(3))
string.format2 = nil
