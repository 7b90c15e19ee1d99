-- Strings that look like numbers as keys, in arithmetic, comparison, concatenation and library calls.
local t = { [1] = "int", ["1"] = "str", [1.5] = "float", ["1.5"] = "fstr" }
print(t[1], t["1"], t[1.5], t["1.5"], t[1 .. ""], t["1" + 0], t[tonumber("1.5")], t[3 / 2])
print("10" + 5, "3" * "4", "2" ^ "3", "7" % "4", -"5", "1e1" * 1, "0x10" + 0, " 12 " + 0, "5" / 2)
print(10 == "10", "10" == 10 .. "", 0 == "0", "1" < "2", "10" < "9", tostring(10) == "10")
print(pcall(function() return "a" + 1 end))
print(pcall(function() return 1 < "2" end))
print(pcall(function() return "5" + {} end))
print(pcall(function() return -"x" end))
print(pcall(function() return "1,5" + 0 end))
print(("5"):rep(3) + 1, #"10" + 1, ("%d"):format("42"), ("x"):rep("2"), math.floor("3.9"), string.char("65"), ("abc"):sub("2"), select("2", "a", "b"), table.concat({ 1, "2", 3.5 }, "0"), tonumber("10", "8"), unpack({ 1, 2, 3 }, "2"))
local s = 0
for i = "1", "3" do s = s + i end
print(s)
for i = 1, "2" do io.write(i, " ") end
print()
local n = "5"
n = n + 1
print(n, type(n), type("5" .. 1), type("5" + 1))
print(1 .. "", 1.0 .. "", 1e3 .. "", 0.1 .. "", -0.5 .. "|" .. 2 ^ 40, 1 / 4 .. "")
local list = {}
list["x" .. 1] = 1
list["x" .. 1.0] = 2
list["x" .. 1.5] = 3
print(list.x1, list["x1.5"])
for _, v in ipairs { "1", "1.0", "01", "1e0", "0x1", " 1", "1 " } do
  io.write(tostring(tonumber(v) == 1), " ")
end
print()
print(rawequal("1", 1), rawequal("a" .. "b", "ab"), ("1" == "1.0"), "1" + 0 == "1.0" + 0)
