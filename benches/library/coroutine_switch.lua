-- coroutine.resume, yield and wrap.
-- quick: 100
local n = tonumber(arg and arg[1]) or 600000
local resume, yield = coroutine.resume, coroutine.yield
local function numbers()
  local i = 0
  while true do
    i = i + 1
    yield(i)
  end
end
local thread, wrapped, sum = coroutine.create(numbers), coroutine.wrap(numbers), 0
for _ = 1, n do
  local _, v = resume(thread)
  sum = sum + v + wrapped()
end
print(sum)
