-- Constructors, the length operator, holes at the end, growth, shrinking, mixed keys.
local t = { 1, 2, 3, x = "a", ["y z"] = "b", [10] = "ten", [-1] = "minus", [1.5] = "f", [true] = "bool", 4, }
print(#t, t.x, t["y z"], t[10], t[-1], t[1.5], t[true], t[4])
print(#{ n = 1 }, #{}, #{ nil }, #{ 1, nil }, #{ (nil) }, #{ "a", "b" ;
"c" })
local function f() return 1, 2, 3 end
print(#{ f() }, #{ f(), f() }, #{ (f()) }, #{ f(), nil }, #{ x = f() }, ({ f(), x = 1 })[3])
print(({ [1] = "a", "b" })[1], ({ "b", [1] = "a" })[1] == nil)
local k = "dyn"
print(({ [k] = 1, [k .. "2"] = 2 }).dyn2)
local a = {}
for i = 1, 1000 do a[i] = i end
print(#a)
for i = 1000, 501, -1 do a[i] = nil end
print(#a)
a[#a] = nil
print(#a)
a[#a + 1] = "x"
print(#a, a[500])
local b = {}
for i = 100, 1, -1 do b[i] = i end
print(#b)
b = {}
b[1], b[2], b[4] = 1, 2, 4
b[4] = nil
print(#b)
local n = 0
for _ in pairs(a) do n = n + 1 end
print(n)
local m = {}
for i = 1, 200 do m["k" .. i] = i end
for i = 1, 200, 2 do m["k" .. i] = nil end
n = 0
for k, v in pairs(m) do n = n + v end
print(n)
for i = 1, 200 do m["k" .. i] = nil end
print(next(m))
m.z = 1
print(next(m))
local nest = { { { { "deep" } } } }
print(nest[1][1][1][1])
nest[1][1].x = { y = { z = 5 } }
print(nest[1][1].x.y.z)
local cyc = {}
cyc.self = cyc
print(cyc.self.self.self == cyc)
local keys = {}
local fk, tk, ck = function() end, {}, coroutine.create(function() end)
keys[fk], keys[tk], keys[ck], keys[print] = 1, 2, 3, 4
print(keys[fk], keys[tk], keys[ck], keys[print], keys[{}])
keys[0.1 + 0.2] = "sum"
print(keys[0.3], keys[0.1 + 0.2])
keys[1e300], keys[-1e300], keys[math.huge] = "b", "s", "inf"
print(keys[1e300], keys[-1e300], keys[1 / 0], keys[-math.huge])
local sp = {}
sp[1000000] = 1
sp[1] = 1
n = 0
for i in pairs(sp) do n = n + i end
print(n)
for i = 1, 3 do local fresh = {} fresh[i] = i print(#fresh == i or #fresh == 0, next(fresh)) end
local order = {}
for i, v in ipairs { 10, 20, 30 } do order[#order + 1] = i .. ":" .. v end
print(table.concat(order, " "))
local arr = { 1, 2, 3, 4, 5 }
for i, v in ipairs(arr) do if v == 3 then arr[4] = nil end order[i] = v end
print(#order, order[3])
local s = 0
for k, v in pairs { 5, 6, 7, a = 8, b = 9 } do s = s + v end
print(s)
local long = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55 }
print(#long, long[50], long[51], long[55])
