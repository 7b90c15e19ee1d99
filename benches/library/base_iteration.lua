-- pairs, ipairs, next and unpack on small tables.
-- quick: 100
local n = tonumber(arg and arg[1]) or 500000
local pairs, ipairs, next, unpack = pairs, ipairs, next, unpack
local list, record = { 1, 2, 3, 4 }, { a = 1, b = 2, c = 3 }
local sum = 0
for _ = 1, n do
  for _, v in ipairs(list) do sum = sum + v end
  for _, v in pairs(record) do sum = sum + v end
  local k, v = next(list)
  local a, b, c, d = unpack(list)
  sum = sum + k + v + a + b + c + d
  if next(record) == nil then sum = 0 end
end
print(sum)
