-- Coroutines that pass a token round a ring, and many short-lived ones.
-- quick: 300

local n = tonumber(arg and arg[1]) or 2500000

local create, resume, yield, status, wrap =
  coroutine.create, coroutine.resume, coroutine.yield, coroutine.status, coroutine.wrap

local function ring(members, passes)
  local threads = {}
  for id = 1, members do
    threads[id] = create(function(token)
      local handled = 0
      while token > 0 do
        handled = handled + 1
        token = yield(token - 1, handled)
      end
      return 0, handled
    end)
  end
  local token, at, last = passes, 1, 0
  while token > 0 do
    local ok, value, handled = resume(threads[at], token)
    assert(ok)
    token, last = value, handled
    at = at % members + 1
  end
  return at, last
end

local function short_lived(count)
  local sum = 0
  for i = 1, count do
    local thread = create(function(a, b)
      local c = yield(a + b)
      return c * 2
    end)
    local _, first = resume(thread, i, 1)
    local _, second = resume(thread, first)
    sum = sum + second
    assert(status(thread) == "dead")
  end
  return sum
end

local function deep(depth)
  if depth == 0 then return yield("bottom") end
  return depth + deep(depth - 1)
end

local function deep_yields(count)
  local sum = 0
  for _ = 1, count do
    local f = wrap(deep)
    assert(f(40) == "bottom")
    sum = sum + f(2)
  end
  return sum
end

print("ring", ring(503, n))
print("short", short_lived(math.floor(n / 5)))
print("deep", deep_yields(math.floor(n / 40)))
