-- getfenv and setfenv: of functions, levels, closures, coroutines; inheritance; globals through environments.
print(getfenv() == _G, getfenv(1) == _G, getfenv(0) == _G, getfenv(print) == _G)
local function f() return x end
x = "global"
local env = { x = "private" }
print(f(), setfenv(f, env) == f, f(), getfenv(f) == env, x)
local function make() return function() return v end end
local m1, m2 = make(), make()
setfenv(m1, { v = 1 })
setfenv(m2, { v = 2 })
print(m1(), m2(), v)
local function sandbox(code, env)
  local chunk = assert(loadstring(code))
  setfenv(chunk, env)
  return chunk()
end
local out = {}
sandbox("a = 1 b = 'two' function c() return a end", out)
print(out.a, out.b, out.c(), a, b, c)
out.a = 5
print(out.c())
print(pcall(sandbox, "print('x')", {}))
print(sandbox("return tostring(1) .. a", setmetatable({ a = "A" }, { __index = _G })))
local function level() setfenv(2, setmetatable({ who = "changed" }, { __index = _G })) end
local function caller() local before = who level() return before, who end
print(caller())
print(who)
print(caller())
local function inherit()
  setfenv(1, { y = 10, setfenv = setfenv })
  return function() return y end
end
print(inherit()(), y)
local g = setfenv(function() z = 1 return z end, env) print(g(), env.z, z)
print(pcall(function() setfenv(print, {}) end))
print(pcall(function() getfenv(100) end))
print(pcall(function() setfenv(5, {}) end))
print(pcall(function() setfenv(f) end))
print(pcall(function() getfenv(-1) end))
print(pcall(function() setfenv(f, 1) end))
local co = coroutine.create(function() return getfenv(0) == _G, getfenv(1) == _G end)
print(coroutine.resume(co))
local up = "up" local h = setfenv(function() return up, glob end, { glob = "g" }) print(h())
local proxy = setmetatable({}, { __index = _G, __newindex = function(_, k, v) rawset(_G, k, v .. "!") end })
setfenv(function() newglobal = "n" end, proxy)()
print(newglobal)
local calls = {}
local tracer = setmetatable({}, { __index = function(_, k) calls[#calls + 1] = k return _G[k] end })
setfenv(function() return type(math.floor(1.5)), tostring(nil) end, tracer)()
print(table.concat(calls, " "))
local nested = setfenv(function()
  local function inner() return q end
  return inner()
end, { q = "inherited" })
print(nested())
env.getfenv = getfenv
local lf = loadstring("return getfenv(1)")
print(lf() == _G)
setfenv(lf, env)
print(lf() == env)
setfenv(1, setmetatable({ here = "main chunk" }, { __index = _G }))
print(here, _G.here, getfenv(1) ~= _G)
fresh = 1
print(fresh, _G.fresh)
