-- not under gc stress: shows when objects go. __gc of proxies, __mode tables: what is collected and what stays.
local collected = {}
local function proxy(name)
  local p = newproxy(true)
  getmetatable(p).__gc = function() collected[#collected + 1] = name end
  return p
end
local keep = proxy("kept") do local gone = proxy("gone") end
for i = 1, 3 do collectgarbage() end
print(table.concat(collected, " "), type(keep))
keep = nil
collectgarbage()
collectgarbage()
print(table.concat(collected, " "))
local wk = setmetatable({}, { __mode = "k" })
local key = {}
wk[key] = "live"
wk[{}] = "dead"
wk[1] = "number"
wk["s"] = "string"
collectgarbage() local n = 0 for k, v in pairs(wk) do n = n + 1 end print(n, wk[key], wk[1], wk.s)
local wv = setmetatable({}, { __mode = "v" })
local value = {}
wv.a = value
wv.b = {}
wv[1] = {}
wv[2] = value
wv.c = "string"
wv.d = 5
wv.f = print
wv.t = true
collectgarbage() print(wv.a == value, wv.b, wv[1], wv[2] == value, wv.c, wv.d, wv.f == print, wv.t)
local both = setmetatable({}, { __mode = "kv" })
both[key] = value
both[{}] = value
both[value] = {}
collectgarbage()
n = 0
for _ in pairs(both) do n = n + 1 end
print(n)
local strong = {}
strong[{}] = {}
collectgarbage()
n = 0
for _ in pairs(strong) do n = n + 1 end
print(n)
local mode = setmetatable({ {} }, { __mode = "x" }) collectgarbage() print(#mode)
local cache = setmetatable({}, { __mode = "v" })
for i = 1, 100 do cache[i] = { i } end
local held = cache[50]
collectgarbage()
n = 0
for _ in pairs(cache) do n = n + 1 end
print(n, held[1], cache[50] == held)
local fw = setmetatable({}, { __mode = "k" })
local f = function() end
fw[f] = 1
fw[function() return fw end] = 2
local co = coroutine.create(function() end)
fw[co] = 3
collectgarbage()
n = 0
for _ in pairs(fw) do n = n + 1 end
print(n)
co, f = nil collectgarbage() print(next(fw))
local later = setmetatable({}, {})
later[1] = {}
getmetatable(later).__mode = "v"
setmetatable(later, getmetatable(later))
collectgarbage()
print(later[1])
