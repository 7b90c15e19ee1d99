-- file:write of strings and numbers, one and several at a time.
-- quick: 100
local n = tonumber(arg and arg[1]) or 500000
local name = os.tmpname()
local file = assert(io.open(name, "w"))
for i = 1, n do
  file:write("item ")
  file:write(i, "\t", i * 2, "\n")
end
local size = file:seek("end")
file:close()
os.remove(name)
print(size)
