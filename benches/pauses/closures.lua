-- A list of closures with a variable each, whose first half is made anew.
-- quick: 1000
local size = tonumber(arg and arg[1]) or 4000000

local function cell(value, next)
  return function(set)
    if set then value = set end
    return value, next
  end
end

local first
for i = 1, size do first = cell(i, first) end
local middle = first
for _ = 1, size / 2 do
  local _, next = middle()
  middle = next
end
for _ = 1, 4 do
  first = middle
  for i = 1, size / 2 do first = cell(i, first) end
end
local sum, each = 0, first
while each do
  local value, next = each()
  sum = sum + value
  each = next
end
print(sum)
