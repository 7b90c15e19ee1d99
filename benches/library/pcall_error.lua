-- pcall of functions that return and of functions that throw.
-- quick: 100
local n = tonumber(arg and arg[1]) or 600000
local pcall, error = pcall, error
local function fine(x) return x + 1 end
local function broken() error("oh no", 0) end
local sum = 0
for i = 1, n do
  local _, v = pcall(fine, i)
  sum = sum + v
  if i % 4 == 0 and not pcall(broken) then sum = sum + 1 end
end
print(sum)
