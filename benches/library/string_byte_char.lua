-- string.byte, string.char and string.len, as functions and methods.
-- quick: 100
local n = tonumber(arg and arg[1]) or 2500000
local byte, char = string.byte, string.char
local text = "The quick brown fox jumps over the lazy dog"
local sum = 0
for i = 1, n do
  local b = byte(text, i % #text + 1)
  sum = sum + b + byte(char(b)) + text:byte(3) + text:len()
end
print(sum)
