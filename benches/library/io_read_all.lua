-- file:read of everything and of lines.
-- quick: 100
local n = tonumber(arg and arg[1]) or 200000
local name = os.tmpname()
local file = assert(io.open(name, "w"))
file:write(("some text to be read, 32 bytes.\n"):rep(n))
file:close()
local sum = 0
for _ = 1, 10 do
  file = assert(io.open(name, "r"))
  sum = sum + #file:read("*a")
  file:close()
end
file = assert(io.open(name, "r"))
while true do
  local line = file:read("*l")
  if not line then break end
  sum = sum + #line
end
file:close()
os.remove(name)
print(sum)
