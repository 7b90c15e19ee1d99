-- Reverse complements of DNA records, by gsub with a table, by bytes, and back.
-- quick: 300

local n = tonumber(arg and arg[1]) or 500000

local codes = "ACGTUMRWSYKVHDBN"
local partners = "TGCAAKYWSRMBDHVN"

local complement, complement_byte = {}, {}
for i = 1, #codes do
  local code, partner = codes:sub(i, i), partners:sub(i, i)
  complement[code], complement[code:lower()] = partner, partner
  complement_byte[code:byte()], complement_byte[code:lower():byte()] = partner:byte(), partner:byte()
end

local function record(length, seed)
  local letters = {}
  for i = 1, length do
    seed = (seed * 16807) % 2147483647
    local k = seed % 15 + 1
    letters[i] = codes:sub(k, k)
    if seed % 3 == 0 then letters[i] = letters[i]:lower() end
  end
  return table.concat(letters)
end

local function by_table(text)
  return (text:reverse():gsub("%a", complement))
end

local function by_bytes(text)
  local parts, buffer = {}, {}
  for i = #text, 1, -1 do
    buffer[#buffer + 1] = complement_byte[text:byte(i)]
    if #buffer == 60 then
      parts[#parts + 1] = string.char(unpack(buffer))
      buffer = {}
    end
  end
  parts[#parts + 1] = string.char(unpack(buffer))
  return table.concat(parts)
end

local function folded(text)
  local lines = {}
  for i = 1, #text, 60 do lines[#lines + 1] = text:sub(i, i + 59) end
  return lines
end

local function hash(lines)
  local h = 0
  for _, line in ipairs(lines) do
    for i = 1, #line do h = (h * 31 + line:byte(i)) % 16777213 end
  end
  return h
end

for round = 1, 4 do
  local text = record(n, round)
  local reversed = by_table(text)
  assert(reversed == by_bytes(text))
  local lines = folded(reversed)
  print(#lines, lines[1], hash(lines))
  assert(by_table(reversed) == (text:upper():gsub("U", "T")))
end
