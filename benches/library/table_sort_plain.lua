-- table.sort without a comparator: numbers, strings.
-- quick: 1
local n = tonumber(arg and arg[1]) or 40
local seed = 1
local function random()
  seed = seed * 16807 % 2147483647
  return seed
end
local sum = 0
for _ = 1, n do
  local numbers, strings = {}, {}
  for i = 1, 4000 do
    numbers[i] = random()
    strings[i] = "k" .. numbers[i]
  end
  table.sort(numbers)
  table.sort(strings)
  sum = sum + numbers[1] + #strings[1]
end
print(sum)
