-- string.format of integers, floats and strings.
-- quick: 10
local n = tonumber(arg and arg[1]) or 400000
local format = string.format
local sum = 0
for i = 1, n do
  sum = sum + #format("%d: %s", i, "name") + #format("%5.2f|%-8s|%08x", i / 3, "ab", i) + #format("%g", i / 8)
end
print(sum)
