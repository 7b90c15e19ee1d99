-- Counts words of a generated text, and indexes and ranks them.
-- quick: 300

local n = tonumber(arg and arg[1]) or 550000

local syllables = { "ka", "lo", "mi", "ne", "ru", "sha", "to", "vi", "wen", "xor", "ya", "zu" }

-- Words with small numbers are more frequent.
local function generate(count)
  local seed, words = 77, {}
  local function random(limit)
    seed = (seed * 16807) % 2147483647
    return seed % limit + 1
  end
  for i = 1, count do
    local rank = math.min(random(3000), random(3000), random(3000))
    local word = ""
    repeat
      word = word .. syllables[rank % 12 + 1]
      rank = math.floor(rank / 12)
    until rank == 0
    if i % 11 == 0 then word = word:sub(1, 1):upper() .. word:sub(2) end
    if i % 13 == 0 then word = word .. "." end
    words[i] = word
  end
  return table.concat(words, " ")
end

local text = generate(n)

local counts, first_at, order = {}, {}, {}
local position = 0
for word in text:gmatch("%a+") do
  position = position + 1
  word = word:lower()
  local count = counts[word]
  if count then
    counts[word] = count + 1
  else
    counts[word] = 1
    first_at[word] = position
    order[#order + 1] = word
  end
end

table.sort(order, function(a, b)
  if counts[a] ~= counts[b] then return counts[a] > counts[b] end
  return first_at[a] < first_at[b]
end)
print(position .. " words, " .. #order .. " different")
for i = 1, math.min(10, #order) do
  print(string.format("%2d %-10s %6d %4d", i, order[i], counts[order[i]], first_at[order[i]]))
end

local by_length, longest = {}, ""
for _, word in ipairs(order) do
  by_length[#word] = (by_length[#word] or 0) + counts[word]
  if #word > #longest then longest = word end
end
for length = 1, 12 do
  if by_length[length] then print(length, by_length[length]) end
end

local letters = {}
for i = 1, #text do
  local byte = text:byte(i)
  letters[byte] = (letters[byte] or 0) + 1
end
print(longest, letters[32], letters[("a"):byte()], letters[("."):byte()])
