-- tostring and tonumber on integers, fractions and strings.
-- quick: 10
local n = tonumber(arg and arg[1]) or 600000
local tostring, tonumber = tostring, tonumber
local sum = 0
for i = 1, n do
  sum = sum + tonumber(tostring(i)) + tonumber(tostring(i / 16)) + tonumber("0x1F") + #tostring(i / 3)
end
print(string.format("%.10g", sum))
