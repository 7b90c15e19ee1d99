-- table.sort with a comparator written in Lua.
-- quick: 1
local n = tonumber(arg and arg[1]) or 40
local seed = 1
local function random()
  seed = seed * 16807 % 2147483647
  return seed
end
local sum = 0
for _ = 1, n do
  local items, numbers = {}, {}
  for i = 1, 3000 do
    numbers[i] = random()
    items[i] = { weight = numbers[i] }
  end
  table.sort(numbers, function(a, b) return a > b end)
  table.sort(items, function(a, b) return a.weight < b.weight end)
  sum = sum + numbers[1] + items[1].weight
end
print(sum)
