-- len, sub, upper, lower, rep, reverse, byte, char and negative or excessive indices.
local s = "hello" print(#s, s:len(), ("\0a\0"):len(), (""):len())
print(s:sub(2, 4), s:sub(2), s:sub(-3), s:sub(-3, -2), s:sub(0), s:sub(10), s:sub(4, 2), s:sub(-100, 100), s:sub(3, 3), s:sub(-1, 1), s:sub(2, -2), s:sub(1, 0), s:sub(0, 0))
print(("Hello World 123"):upper(), ("Hello World 123"):lower(), (""):upper(), ("x"):rep(0), ("x"):rep(-1), ("ab"):rep(3), (""):rep(100), ("a\0"):rep(2):byte(1, -1))
print(("abc"):reverse(), (""):reverse(), ("a\0b"):reverse():byte(1, -1))
print(("abc"):byte(), ("abc"):byte(2), ("abc"):byte(-1), ("abc"):byte(10), (""):byte())
print(("abc"):byte(1, -1))
print(("abc"):byte(0, 2))
print(("abc"):byte(3, 1))
print(select("#", ("abc"):byte(4, 5)))
print(string.char(), string.char(72, 105), string.char(0, 255):byte(1, 2))
print(("x"):rep("3"), ("12345"):sub("2", "3"), string.rep(12, 2), string.len(12345), string.sub(12345, 2, 3), string.upper(1e3))
print(s:sub(1.9, 3.2), s:sub(2 ^ 31), s:sub(-2 ^ 31, 2), s:sub(1, 2 ^ 40) == s)
print(("a,b"):len() == #"a,b", "a" .. "b" == "ab", ("x"):rep(1000) == ("xx"):rep(500), #("x"):rep(100000))
print("a" < "b", "a" < "B", "" < "a", "a" < "ab", "ab" < "b", "a\0" > "a", "a\0b" < "a\0c", "Z" < "a", "10" < "9", not ("a" < "a"), "a" <= "a")
local t = {}
t["a\0b"] = 1
t["a\0c"] = 2
print(t["a\0b"], t["a\0c"], t["a"])
local parts = {}
for i = 1, 10 do parts[i] = ("%c"):format(64 + i) end
print(table.concat(parts))
print(("test"):upper():lower():len(), ("%s=%s"):format("k", "v"), ("x"):byte() + 1)
local u = ""
for i = 0, 255 do u = u .. string.char(i) end
print(#u, u:byte(1), u:byte(128), u:byte(256), #u:upper(), u:upper():byte(98), u:lower():byte(66), #u:reverse(), u:reverse():byte(1))
print(pcall(function() string.rep("x") end))
print(pcall(function() string.sub() end))
print(pcall(function() string.sub("x") end))
print(pcall(function() string.byte("x", 1, 2, 3) return "extra arguments are ignored" end))
print(string.sub == ("").sub)
