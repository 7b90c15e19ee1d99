-- Counts short words in a random DNA sequence, and prints frequencies in order.
-- quick: 500

local n = tonumber(arg and arg[1]) or 700000

local function sequence(length)
  local seed, parts, line = 42, {}, {}
  for i = 1, length do
    seed = (seed * 3877 + 29573) % 139968
    local p = seed / 139968
    line[#line + 1] = p < 0.3 and "a" or p < 0.5 and "c" or p < 0.7 and "g" or "t"
    if #line == 60 or i == length then
      parts[#parts + 1] = table.concat(line)
      line = {}
    end
  end
  return table.concat(parts)
end

local function count(text, width)
  local counts = {}
  for i = 1, #text - width + 1 do
    local word = text:sub(i, i + width - 1)
    counts[word] = (counts[word] or 0) + 1
  end
  return counts
end

local function print_frequencies(text, width)
  local counts, words, total = count(text, width), {}, 0
  for word, times in pairs(counts) do
    words[#words + 1] = word
    total = total + times
  end
  table.sort(words, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
  end)
  for i = 1, math.min(#words, 8) do
    print(string.format("%s %.3f", words[i]:upper(), counts[words[i]] * 100 / total))
  end
end

local text = sequence(n)
print_frequencies(text, 1)
print_frequencies(text, 2)
for _, word in ipairs { "gg", "ggt", "ggta", "ggtat", "ggtattc", "ggtattcaac" } do
  print(count(text, #word)[word] or 0, word:upper())
end
