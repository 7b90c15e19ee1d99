-- not under gc stress: the collector looks at all of the coroutines that wait

-- Values both ways through coroutines that are already under way: none, few, and more than fit without a look.
local unpack, select = unpack, select

local function numbers(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

local echo = coroutine.wrap(function(...)
  local function again(...) return again(coroutine.yield(...)) end
  return again(...)
end)
for _, n in ipairs { 0, 1, 2, 7, 8, 9, 31, 32, 33, 200 } do
  local list = numbers(n)
  local function check(...)
    assert(select('#', ...) == n, n)
    for i = 1, n do assert(select(i, ...) == i) end
  end
  check(echo(unpack(list)))
  check(echo(unpack(list)))
end
print "values"

-- What a coroutine holds in its frames survives, however deep it yields.
local function deep(n)
  if n == 0 then return coroutine.yield("bottom") end
  local mine = "level " .. n
  local got = deep(n - 1)
  assert(mine == "level " .. n)
  return got
end
local co = coroutine.create(deep)
print(coroutine.resume(co, 200))
collectgarbage()
print(coroutine.status(co), coroutine.resume(co, "answer"))
print(coroutine.status(co), coroutine.resume(co))

-- Coroutines that were all started before resume one another in a chain.
local chain, depth = {}, 12000
for i = 1, depth do
  chain[i] = coroutine.create(function()
    coroutine.yield()
    if i == depth then return "end" end
    return select(2, assert(coroutine.resume(chain[i + 1])))
  end)
  coroutine.resume(chain[i])
end
local ok, message = coroutine.resume(chain[depth - 100])
print(ok, message)
ok, message = coroutine.resume(chain[1])
print(ok, message:sub(-16))

-- States as seen from inside.
local inner, outer
outer = coroutine.create(function()
  inner = coroutine.create(function()
    while true do coroutine.yield(coroutine.status(outer), coroutine.status(inner)) end
  end)
  for _ = 1, 3 do print(coroutine.resume(inner)) end
  print(coroutine.resume(outer))
  coroutine.yield(coroutine.status(inner))
end)
print(coroutine.resume(outer))
print(coroutine.resume(coroutine.running() or outer))
print(pcall(coroutine.yield))
print(pcall(coroutine.resume, 1))
print(pcall(coroutine.wrap(function() return coroutine.yield(1), error("oops", 0) end)))

-- A yield cannot cross a function of the library that calls back.
local sorter = coroutine.wrap(function()
  return pcall(table.sort, { 3, 2, 1 }, function(a, b) coroutine.yield() return a < b end)
end)
print(sorter())
