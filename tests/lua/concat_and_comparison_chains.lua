-- Long concatenations, numbers in them, chained comparisons, constant folding that must not change results.
print("a" .. 1 .. "b" .. 2.5 .. "c" .. -3 .. 1e20)
local t = {}
for i = 1, 50 do t[i] = i end
print(t[1] .. t[2] .. t[3] .. t[4] .. t[5] .. t[6] .. t[7] .. t[8] .. t[9] .. t[10])
local s = ""
for i = 1, 300 do s = s .. i end
print(#s, s:sub(-9))
print(("x" .. "y") .. ("z" .. "w"), "a" .. ("b" .. ("c" .. ("d"))))
print(1 .. "", 1.0 .. "", -0.5 .. "", 1e15 .. "", 1e14 .. "", 2 ^ 53 .. "", 1 / 0 .. "", 100 .. "")
print((1 < 2) == true, (1 < 2) ~= (2 < 1), 1 < 2 == not (2 <= 1))
print(pcall(function() return 1 < 2 < 3 end))
print(2 ^ 2 .. 3, 1 + 1 .. 1 + 1, -1 .. -1)
print("a" .. "b" == "ab", "a" .. "b" < "ac", #"a" .. "b", -"2" .. 3, "5" + 0 .. "x")
local n = 5
print(n .. "," .. n + 1 .. "," .. n * 2 .. "," .. n / 2)
print(("%s"):rep(3, "x") == "%s%s%s", ("a"):rep(3) .. "b")
print(0 / 0 ~= 0 / 0, 1 / 0 == 1 / 0, 2 .. "" == "2", 2 ^ 0.5 == math.sqrt(2), 5 % 3 == 2, -5 % 3 == 1)
print(1 and 2 .. 3, nil and 1 or 2 .. 3, false == nil, nil == nil, (nil or false) == false, 1 == 1 and 2 == 2 and 3 == 3, 1 == 2 or 3 == 3)
local a, b = 1, 2
print(a < b and a or b, a > b and a or b, (a < b) and (b < 3) and "ordered", not (a < b) or "or")
local x = a < b
print(x, not x, x == (a < b))
x = a == b
print(x)
x = a ~= b or nil
print(x)
x = (a > b) or nil
print(x)
x = a and b and nil
print(x)
x = a and (b or nil)
print(x)
local function r() return a < b, a == b, not a end
print(r())
print((a < b) and 1, (a > b) and 1, a >= b, a <= b)
local f = { a < b, a > b, k = a ~= b }
print(f[1], f[2], f.k)
print(type(a < b), tostring(a == b))
if (a < b) == (b > a) then print("equal truth") end
while not (a >= b) do a = a + 1 end
print(a)
