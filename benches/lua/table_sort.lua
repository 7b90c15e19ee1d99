-- table.sort of numbers and strings without a comparator.
-- quick: 300

local n = tonumber(arg and arg[1]) or 500000

local seed = 17
local function random()
  seed = (seed * 16807) % 2147483647
  return seed
end

local function checksum(list)
  local sum = 0
  for i, value in ipairs(list) do
    if type(value) == "string" then value = #value * 31 + value:byte(-1) end
    sum = (sum * 7 + value + i) % 1000000007
  end
  return sum
end

local numbers = {}
for i = 1, n do numbers[i] = random() end
table.sort(numbers)
print("numbers", numbers[1], numbers[n], checksum(numbers))

local repeated = {}
for i = 1, n do repeated[i] = random() % 100 end
table.sort(repeated)
print("repeated", repeated[1], repeated[n], checksum(repeated))

-- Zero padded, so that the order is the same in every locale.
local words = {}
for i = 1, n / 2 do words[i] = ("k%010d"):format(random()) end
table.sort(words)
print("words", words[1], words[#words], checksum(words))

table.sort(numbers)
print("sorted", checksum(numbers))
