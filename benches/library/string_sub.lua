-- string.sub: single bytes, prefixes, suffixes.
-- quick: 100
local n = tonumber(arg and arg[1]) or 2000000
local sub = string.sub
local text = "The quick brown fox jumps over the lazy dog"
local count = 0
for i = 1, n do
  local at = i % 43 + 1
  if sub(text, at, at) == "o" then count = count + 1 end
  if text:sub(1, 3) == "The" then count = count + 1 end
  if sub(text, -3) == "dog" then count = count + 1 end
end
print(count)
