-- A zero step counts as negative: the loop runs, endlessly, while the variable is not below the limit.
local count = 0
for i = 1, 3, 0 do count = count + 1 if count == 5 then break end end
print(count)
for i = 3, 1, 0 do count = count + 100 break end
print(count)
for i = 1, 10, 3 do io.write(i, " ") end print()
for i = 10, 1, -4 do io.write(i, " ") end print()
for i = -3, 3, 1.5 do io.write(i, " ") end print()
for i = 1e15, 1e15 + 2 do io.write(string.format("%.0f ", i)) end print()
for i = -0.5, 0.5, 0.5 do io.write(i, " ") end print()
