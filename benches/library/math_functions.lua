-- math.floor, sqrt, abs, max, min, fmod and sin on doubles.
-- quick: 100
local n = tonumber(arg and arg[1]) or 3000000
local floor, sqrt, abs, max, min, fmod, sin = math.floor, math.sqrt, math.abs, math.max, math.min, math.fmod, math.sin
local sum = 0
for i = 1, n do
  local x = i / 7
  sum = sum + floor(x) - sqrt(x) + abs(-x) + max(x, 3) - min(x, 5) + fmod(i, 7) + sin(x)
end
print(string.format("%.6g", sum))
