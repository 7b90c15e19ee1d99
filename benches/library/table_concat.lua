-- table.concat of strings and of numbers.
-- quick: 10
local n = tonumber(arg and arg[1]) or 6000
local words, numbers = {}, {}
for i = 1, 200 do words[i], numbers[i] = "word" .. i, i end
local sum = 0
for _ = 1, n do
  sum = sum + #table.concat(words) + #table.concat(words, ", ") + #table.concat(numbers, " ")
end
print(sum)
