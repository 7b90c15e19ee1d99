-- The operator .. on strings and numbers.
-- quick: 10
local n = tonumber(arg and arg[1]) or 1500000
local sum = 0
for i = 1, n do
  local name = "key" .. i % 1000
  sum = sum + #(name .. "=" .. i % 10 .. ";") + #("<" .. name .. ">")
end
print(sum)
