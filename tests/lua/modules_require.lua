-- package.preload, package.loaded, require, module, package.seeall, loaders and their errors.
package.preload.first = function(...)
  loads = (loads or 0) + 1
  return { name = (...), n = loads }
end
local a, b = require "first", require "first"
print(a == b, a.name, a.n, package.loaded.first == a)
package.loaded.first = nil
print(require("first").n, require("first") == a)
package.preload.nothing = function() end
print(require "nothing", package.loaded.nothing)
package.preload.no = function() return false end
print(require "no", package.loaded.no)
package.preload.sets = function(name) package.loaded[name] = "set by itself" end
print(require "sets")
package.preload.fails = function() error("loader fails", 0) end
print(pcall(require, "fails"))
print((select(2, pcall(require, "no_such_module_anywhere")):match("module 'no_such_module_anywhere' not found:")))
package.preload.loop = function() return require "loop" end
print((select(2, pcall(require, "loop")):match("loop or previous error loading module 'loop'")))
print(pcall(function() require() end))
package.preload.mod = function(...)
  module(..., package.seeall)
  function hello() return "hello from " .. _NAME end
  value = 5
end
local mod = require "mod"
print(mod.hello(), mod.value, mod == _G.mod, mod._NAME, mod._M == mod, hello)
package.preload["a.b.c"] = function(...) module(...) deep = true end
require "a.b.c"
print(type(a) == "table", _G.a.b.c.deep, _G.a.b.c._PACKAGE)
table.insert(package.loaders, function(name)
  if name:match("^virtual%.") then return function(n) return { virtual = n } end end
  return "\n\tno virtual module"
end)
print(require("virtual.x").virtual)
print((select(2, pcall(require, "still_missing")):find("no virtual module", 1, true)) ~= nil)
print(type(package.path), type(package.cpath), package.config:sub(1, 1), #package.loaders, package.loaded._G == _G)
local name = os.tmpname()
local f = io.open(name .. "_m.lua", "w")
f:write("local n = ... loaded_as = n return { from = 'file' }")
f:close()
package.path = name:match("^(.*/)") .. "?.lua"
local short = name:match("([^/]+)$") .. "_m"
print(require(short).from, loaded_as == short, require(short) == package.loaded[short])
f = io.open(name .. "_m.lua", "w") f:write("syntax error") f:close()
package.loaded[short] = nil
print((select(2, pcall(require, short)):match("error loading module")), package.loaded[short])
os.remove(name .. "_m.lua") os.remove(name)
