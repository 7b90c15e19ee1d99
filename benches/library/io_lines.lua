-- io.lines and file:lines over a file of short lines.
-- quick: 100
local n = tonumber(arg and arg[1]) or 200000
local name = os.tmpname()
local file = assert(io.open(name, "w"))
for i = 1, n do file:write("line number ", i, " of the file\n") end
file:close()
local sum = 0
for _ = 1, 3 do
  for line in io.lines(name) do sum = sum + #line end
end
os.remove(name)
print(sum)
