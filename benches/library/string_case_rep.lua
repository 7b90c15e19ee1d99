-- string.upper, lower, reverse and rep.
-- quick: 10
local n = tonumber(arg and arg[1]) or 400000
local text = "The Quick Brown Fox Jumps Over The Lazy Dog"
local sum = 0
for i = 1, n do
  sum = sum + #text:upper() + #text:lower() + #text:reverse() + #("ab"):rep(i % 20)
end
print(sum)
