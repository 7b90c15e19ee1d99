-- string.find and string.match with classes, captures, anchors.
-- quick: 10
local n = tonumber(arg and arg[1]) or 400000
local find, match = string.find, string.match
local sum = 0
for i = 1, n do
  local key, value = match("  name = some value here", "^%s*(%w+)%s*=%s*(.-)%s*$")
  local a, b = find("item 12345 costs 678", "%d+")
  sum = sum + #key + #value + a + b + #match("2026-11-24T15:30", "%d+%-%d+")
end
print(sum)
