-- __newindex: function, table, chain; rawset; existing keys; tracking and read-only proxies.
local log = {}
local t = setmetatable({ old = 1 }, { __newindex = function(self, k, v)
  log[#log + 1] = tostring(k) .. "=" .. tostring(v)
  rawset(self, k, v)
end })
t.old = 2 t.new = 3 t.new = 4 t[1] = "a" t[1] = "b" t.gone = nil
print(table.concat(log, " "), t.old, t.new, t[1])
t.old = nil t.old = 5 print(log[#log], t.old)
local store = {} local p = setmetatable({}, { __newindex = store })
p.x = 1 p.y = 2 print(rawget(p, "x"), store.x, store.y, p.x)
local deep = {}
local q = setmetatable({}, { __newindex = setmetatable({}, { __newindex = setmetatable({}, { __newindex = deep }) }) })
q.k = "v" print(deep.k, q.k)
local ro = setmetatable({}, { __index = { a = 1 }, __newindex = function(_, k) error("read-only: " .. k, 2) end })
print(ro.a, pcall(function() ro.a = 2 end)) print(ro.a, pcall(function() ro.b = 2 end))
rawset(ro, "b", 3) print(ro.b) ro.b = 4 print(ro.b)
print(pcall(function() setmetatable({}, { __newindex = 5 }).x = 1 end))
print(pcall(function() local n = 5 n.x = 1 end)) print(pcall(function() local s = "s" s.x = 1 end))
local loop = {} setmetatable(loop, { __newindex = loop }) print(pcall(function() loop.x = 1 end))
local n = 0
local counting = setmetatable({}, { __newindex = function(s, k, v) n = n + 1 rawset(s, k, v) end })
for i = 1, 10 do counting[i] = i end for i = 1, 10 do counting[i] = -i end print(n, #counting)
counting[5] = nil counting[5] = 1 print(n)
local both = setmetatable({}, { __index = function(_, k) return "get " .. k end, __newindex = function(_, k, v) log = "set " .. k .. " " .. v end })
both.a = both.b print(log)
both[1] = 2 print(log) print(pcall(rawset, {}, nil, 1))
local tinsert = setmetatable({}, { __newindex = function() error("table.insert is raw") end })
table.insert(tinsert, 1)
print(tinsert[1])
local constructor = setmetatable({ 1, 2, x = 3 }, { __newindex = error })
print(#constructor, constructor.x)
local multi = setmetatable({}, { __newindex = function(s, k, v) rawset(s, k, (v or 0) * 2) end })
multi.a, multi.b = 1, 2
print(multi.a, multi.b)
local proxied = setmetatable({}, { __newindex = function(t, k, v) t = {} rawset(t, k, v) end })
proxied.z = 1
print(proxied.z)
