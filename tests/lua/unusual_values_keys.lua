-- Tables keyed by booleans, functions, tables, coroutines, floats, huge and negative numbers, long and empty strings.
local f, tbl, co = function() end, {}, coroutine.create(function() end)
local t = { [true] = "t", [false] = "f", [f] = "fn", [tbl] = "tbl", [co] = "co", [print] = "print", [-1] = "neg", [0] = "zero", [2 ^ 53] = "big", [-2 ^ 53] = "nbig", [0.1] = "tenth", [1 / 0] = "inf", [-1 / 0] = "ninf", [""] = "empty", ["a b"] = "space", ["\0"] = "nul", [("k"):rep(300)] = "long", [io.stdout] = "file" }
print(t[true], t[false], t[f], t[tbl], t[co], t[print], t[-1], t[0], t[-0], t[2 ^ 53], t[-2 ^ 53], t[0.1], t[1 / 0], t[-1 / 0], t[""], t["a b"], t["\0"], t[("k"):rep(300)], t[io.stdout])
print(t[nil], t[0 / 0], t[{}], t[function() end], t[2], t["true"], t["0"])
local n = 0
for k, v in pairs(t) do n = n + 1 end
print(n)
t[true], t[f], t[""], t[2 ^ 53] = nil
n = 0
for k in pairs(t) do n = n + 1 end
print(n, t[true], t[false])
for _, k in ipairs { 1e15, 123456789, 0.5, -7, 2 ^ 31, 2 ^ 32, -2 ^ 31, 1e-10 } do
  t[k] = k
  if t[k] ~= k then print("lost", k) end
  t[k] = nil
  if t[k] ~= nil then print("kept", k) end
end
print(t[1e15])
local arr = {}
arr[3], arr[2], arr[1] = "c", "b", "a"
print(#arr, arr[1.0], arr[2 + 0.0], arr[2.5])
arr[4.0] = "d"
print(#arr, arr[4])
local dense = {}
for i = 1, 64 do dense[i] = i end
dense[65] = 65
dense[1e6] = "far"
print(#dense == 65, dense[1e6])
local s1, s2 = "con" .. "cat", table.concat { "con", "cat" }
local by = { [s1] = 1 }
print(by[s2], by.concat, s1 == s2)
local long1, long2 = ("x"):rep(1000) .. "a", ("x"):rep(1000) .. "a"
by[long1] = "L"
print(by[long2], long1 == long2, by[("x"):rep(1000) .. "b"])
local u = newproxy()
by[u] = "u"
print(by[u], by[newproxy()])
