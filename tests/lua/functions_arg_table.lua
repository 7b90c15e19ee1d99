-- The hidden arg table of 5.1 vararg functions that do not use `...`, and the script's arg table.
print(type(arg), arg[0], #arg)
local function uses_dots(...) return type(arg), select("#", ...) end
print(uses_dots(1, 2))
print(unpack({ 1, 2, 3 }, 2), unpack({ 1, 2, 3 }, 2, 3), unpack({}, 1, 2))
print(select("#", unpack({}, 1, 3)), select("#", unpack({})), select("#", unpack({ 1, nil, 3 }, 1, 3)))
print(unpack({ 1, 2 }, -1, 1))
print(pcall(function() return (unpack()) end))
print(pcall(function() return (unpack({}, 1, 1e8)) end))
print(unpack({ 1, 2, 3 }, 3, 1))
