-- A table with millions of keys, some of which are removed and added all the time.
-- quick: 1000
local size = tonumber(arg and arg[1]) or 4000000

local map = {}
for i = 1, size do map[i * 7919 + 0.5] = { i } end
local sum = 0
for i = 1, size do
  local key = (i * 31 % size + 1) * 7919 + 0.5
  local value = map[key]
  if value then
    sum = sum + value[1]
    map[key] = i % 3 ~= 0 and { i } or nil
  else
    map[key] = { -i }
  end
end
print(sum)
