-- math.random with no, one and two arguments.
-- quick: 100
local n = tonumber(arg and arg[1]) or 3000000
local random = math.random
math.randomseed(42)
local inside = 0
for _ = 1, n do
  if random() < 1 then inside = inside + 1 end
  if random(10) <= 10 then inside = inside + 1 end
  if random(5, 15) >= 5 then inside = inside + 1 end
end
print(inside)
