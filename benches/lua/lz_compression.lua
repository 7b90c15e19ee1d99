-- Dictionary compression (LZ78 style) and run lengths, there and back.
-- quick: 300

local n = tonumber(arg and arg[1]) or 700000

local function sample(length, seed)
  local parts, size = {}, 0
  local phrases = { "the ", "quick ", "compression ", "of ", "text ", "works ", "because ", "words ", "repeat ", "aaaaaaa" }
  while size < length do
    seed = (seed * 16807) % 2147483647
    local phrase = phrases[seed % 10 + 1]
    parts[#parts + 1] = phrase
    size = size + #phrase
  end
  return table.concat(parts):sub(1, length)
end

local LIMIT = 4096

local function compress(text)
  local dictionary, size = {}, 256
  for i = 0, 255 do dictionary[string.char(i)] = i end
  local codes, current = {}, ""
  for i = 1, #text do
    local symbol = text:sub(i, i)
    local extended = current .. symbol
    if dictionary[extended] then
      current = extended
    else
      codes[#codes + 1] = dictionary[current]
      if size < LIMIT then
        dictionary[extended] = size
        size = size + 1
      end
      current = symbol
    end
  end
  if current ~= "" then codes[#codes + 1] = dictionary[current] end
  return codes
end

local function expand(codes)
  local dictionary, size = {}, 256
  for i = 0, 255 do dictionary[i] = string.char(i) end
  local previous = dictionary[codes[1]]
  local out = { previous }
  for i = 2, #codes do
    local code = codes[i]
    local entry = dictionary[code] or previous .. previous:sub(1, 1)
    out[#out + 1] = entry
    if size < LIMIT then
      dictionary[size] = previous .. entry:sub(1, 1)
      size = size + 1
    end
    previous = entry
  end
  return table.concat(out)
end

local function run_lengths(text)
  local out, i = {}, 1
  while i <= #text do
    local byte, j = text:byte(i), i
    while text:byte(j + 1) == byte and j - i < 254 do j = j + 1 end
    out[#out + 1] = string.char(j - i + 1, byte)
    i = j + 1
  end
  return table.concat(out)
end

local function from_runs(text)
  return (text:gsub("(.)(.)", function(count, symbol) return symbol:rep(count:byte()) end))
end

for round = 1, 2 do
  local text = sample(n, round)
  local codes = compress(text)
  assert(expand(codes) == text)
  local sum = 0
  for i, code in ipairs(codes) do sum = (sum * 3 + code + i) % 1000003 end
  local runs = run_lengths(text)
  assert(from_runs(runs) == text)
  print(#text, #codes, sum, #runs)
end
