-- debug.getlocal numbers variables in the order in which they were declared
local function show()
  local number = 1
  while true do
    local name, value = debug.getlocal(2, number)
    if not name then
      break
    end
    io.write(name, "=", tostring(value), " ")
    number = number + 1
  end
  print()
end

local function f(first, second)
  local unused
  show()
  for i = 1, 2 do
    local inner = i * 10
    do
      local deepest = true
      show()
    end
    local shadow, first = "s", "new"
    show()
  end
  local last = 5
  show()
  return first, second, last
end
f("a", "b")
print((debug.getlocal(1, 1)), (debug.getlocal(1, 2)))
