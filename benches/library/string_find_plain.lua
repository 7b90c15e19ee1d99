-- string.find of plain text in short and in long subjects.
-- quick: 10
local n = tonumber(arg and arg[1]) or 400000
local find = string.find
local long = ("abcdefghij "):rep(40) .. "needle" .. (" xyz"):rep(10)
local sum = 0
for i = 1, n do
  sum = sum + find("key=value", "=", 1, true) + find("hello world", "wor") + find(long, "needle", 1, true)
end
print(sum)
