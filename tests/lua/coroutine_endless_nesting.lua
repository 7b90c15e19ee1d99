-- not under gc stress: thousands of coroutines wait for one another. Resuming without end is an error.
local depth = 0
local function f()
  depth = depth + 1
  local ok, message = coroutine.resume(coroutine.create(f))
  return message
end
print(f():find("C stack overflow", 1, true) ~= nil, depth > 150)
print(coroutine.resume(coroutine.create(function() return "still here" end)))
