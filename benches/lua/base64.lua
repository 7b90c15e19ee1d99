-- Base64 by arithmetic and by pattern replacement, and a checksum in arithmetic.
-- quick: 300

local n = tonumber(arg and arg[1]) or 150000

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local floor, char, byte = math.floor, string.char, string.byte

local letter, value_of = {}, {}
for i = 0, 63 do
  letter[i] = alphabet:sub(i + 1, i + 1)
  value_of[alphabet:byte(i + 1)] = i
end

local function encode(text)
  local out = {}
  for i = 1, #text - 2, 3 do
    local a, b, c = byte(text, i, i + 2)
    local word = a * 65536 + b * 256 + c
    local low = word % 4096
    local high = (word - low) / 4096
    out[#out + 1] = letter[floor(high / 64)] .. letter[high % 64] .. letter[floor(low / 64)] .. letter[low % 64]
  end
  local rest = #text % 3
  if rest == 1 then
    local a = byte(text, -1)
    out[#out + 1] = letter[floor(a / 4)] .. letter[a % 4 * 16] .. "=="
  elseif rest == 2 then
    local a, b = byte(text, -2, -1)
    local word = a * 1024 + b * 4
    out[#out + 1] = letter[floor(word / 4096)] .. letter[floor(word / 64) % 64] .. letter[word % 64] .. "="
  end
  return table.concat(out)
end

local function decode(text)
  local function group(a, b, c, d)
    local word = value_of[byte(a)] * 262144 + value_of[byte(b)] * 4096
    if c == "=" then return char(floor(word / 65536)) end
    word = word + value_of[byte(c)] * 64
    if d == "=" then return char(floor(word / 65536), floor(word / 256) % 256) end
    word = word + value_of[byte(d)]
    return char(floor(word / 65536), floor(word / 256) % 256, word % 256)
  end
  return (text:gsub("(.)(.)(.)(.)", group))
end

local function adler(text)
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + byte(text, i)) % 65521
    b = (b + a) % 65521
  end
  return b * 65536 + a
end

local function random_bytes(length, seed)
  local parts = {}
  for i = 1, length do
    seed = (seed * 16807) % 2147483647
    parts[i] = char(seed % 256)
  end
  return table.concat(parts)
end

for _, text in ipairs { "", "f", "fo", "foo", "foob", "fooba", "foobar", "\0\255\0" } do
  local encoded = encode(text)
  print(#text, encoded, decode(encoded) == text)
end
for round = 0, 5 do
  local text = random_bytes(n + round, round + 1)
  local encoded = encode(text)
  assert(decode(encoded) == text)
  print(#encoded, encoded:sub(-12), string.format("%.0f %.0f", adler(text), adler(encoded)))
end
