-- One array of millions of tables, of which any is replaced at any time.
-- quick: 1000
local size = tonumber(arg and arg[1]) or 8000000

local array = {}
for i = 1, size do array[i] = { i } end
local seed = 42
for i = 1, size / 2 do
  seed = seed * 16807 % 2147483647
  array[seed % size + 1] = { i }
end
local sum = 0
for i = 1, size do sum = sum + array[i][1] end
print(sum)
