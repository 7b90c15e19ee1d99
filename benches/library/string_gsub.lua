-- string.gsub with a template, a table and a function.
-- quick: 10
local n = tonumber(arg and arg[1]) or 15000
local text = ("the quick brown fox jumps over the lazy dog; "):rep(5)
local map = { quick = "slow", lazy = "eager" }
local sum = 0
for _ = 1, n do
  sum = sum + #text:gsub("o", "0") + #text:gsub("(%a+)", "<%1>") + #text:gsub("%a+", map)
  sum = sum + #text:gsub("%a+", function(word) return word == "fox" and "cat" or nil end)
end
print(sum)
