-- Millions of strings; most that are made later die at once.
-- quick: 1000
local size = tonumber(arg and arg[1]) or 8000000

local strings = {}
for i = 1, size do strings[i] = "a string of some length, number " .. i end
local length = 0
for i = 1, size / 2 do
  local made = "another string, number " .. i
  length = length + #made
  if i % 16 == 0 then strings[i] = made end
end
for i = 1, size do length = length + #strings[i] end
print(length)
