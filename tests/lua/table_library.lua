-- insert, remove, concat, maxn, getn, foreach, foreachi.
local function show(t)
  local o = {}
  for i = 1, #t do o[i] = tostring(t[i]) end
  return "{" .. table.concat(o, ",") .. "}"
end
local t = {}
table.insert(t, "a")
table.insert(t, 1, "b")
table.insert(t, 2, "c")
table.insert(t, #t + 1, "d")
print(show(t))
print(table.remove(t), table.remove(t, 1), show(t))
print(table.remove(t, 1), table.remove(t), table.remove(t), #t)
print(table.remove({}), table.remove({}, 5), select("#", table.remove({})))
print(show { table.remove({ 1, 2, 3 }, 2), table.remove({ 1, 2, 3 }, 3) })
local r = { 1, 2, 3 }
print(table.remove(r, 10), show(r))
print(table.remove(r, 0), show(r))
print(pcall(function() table.insert({}) end))
print(pcall(function() table.insert(nil, 1) end))
print(pcall(function() table.insert({}, "x", 1) end))
print(pcall(function() table.insert({}, 1, 2, 3) end))
print(pcall(function() table.remove() end))
t = {}
table.insert(t, nil)
print(#t)
t = { 1, 2 }
table.insert(t, 5, "far")
print(t[5], t[3])
print(table.concat({}), table.concat({ 1 }), table.concat({ 1, 2, "x", 2.5 }), table.concat({ 1, 2, 3 }, ", "), table.concat({ 1, 2, 3 }, "-", 2), table.concat({ 1, 2, 3 }, "-", 2, 2), table.concat({ 1, 2, 3 }, "-", 3, 2) == "", table.concat({ "a", "b" }, ("|"):rep(3)))
print(pcall(function() table.concat({ 1, {}, 3 }) end))
print(pcall(function() table.concat({ 1, 2 }, ",", 1, 5) end))
print(pcall(function() table.concat({ true }) end))
print(pcall(function() table.concat() end))
print(pcall(function() table.concat({}, {}) end))
print(table.concat({ [0] = "z", "a" }, ",", 0), table.concat({ 1, 2 }, 0), table.concat({ [-1] = "m", [0] = "n" }, "", -1, 0))
print(table.maxn({}), table.maxn({ 1, 2, nil, 4 }), table.maxn({ [10] = 1, [2.5] = 1, x = 1 }), table.maxn({ [-5] = 1 }), table.getn({ 1, 2, 3 }), pcall(function() table.setn({}, 1) end))
local keys = {}
table.foreach({ a = 1, b = 2 }, function(k, v) keys[#keys + 1] = k .. v end)
table.sort(keys)
print(table.concat(keys, " "))
print(table.foreach({ 1, 2, 3 }, function(k, v) if v == 2 then return "found " .. k end end))
local s = 0
table.foreachi({ 1, 2, 3, nil, 5 }, function(i, v) s = s + (v or 0) end)
print(s)
print(table.foreachi({ 5, 6 }, function(i, v) if v == 6 then return i, v end end))
local q = {}
for i = 1, 100 do table.insert(q, 1, i) end
print(q[1], q[100], #q)
for i = 1, 50 do table.remove(q, 1) end
print(q[1], #q)
while #q > 0 do table.remove(q) end
print(#q, next(q))
local big = {}
for i = 1, 10000 do big[i] = "x" .. i end
print(#table.concat(big), #table.concat(big, ", "))
