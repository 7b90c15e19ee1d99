-- print and io.write: separators, conversions, the global tostring, nil and holes, results.
print()
print(nil)
print(nil, nil)
print(1, "a", true, nil, 2.5)
print("")
print("a\tb", "c\nd")
print("nul\0byte" == "nul\0byte", #"nul\0byte")
io.write() io.write("a", 1, 2.5, "\n") io.write(1e15, " ", 1e100, " ", -0.5, "\n") io.write("x\n")
print(pcall(function() io.write(nil) end))
print(pcall(function() io.write({}) end))
print(pcall(function() io.write(true) end))
print(pcall(function() io.write("partial ", {}) end))
local original = tostring
function tostring(v) return "<" .. original(v) .. ">" end
print(1, "s", nil)
tostring = original
print(1)
tostring = nil
local missing = pcall(print, 1)
tostring = function() return 5 end
local number, text = pcall(print, 1)
tostring = function() return {} end
local bad, message = pcall(print, 1)
tostring = original
print(missing, number, bad, message)
print(select("#", print("returns nothing")))
print((print("nil in parentheses")))
local write = io.write
write("write ", "as ", "local\n")
io.stdout:write("method", " ", 7, "\n")
print(("x"):rep(5), ("-"):rep(3))
for i = 1, 3 do io.write(i, i < 3 and "," or "\n") end
print(-1, - 1, 2 ^ 10, 10 / 2, 7 % 4, 1e3)
print(#arg, ...)
