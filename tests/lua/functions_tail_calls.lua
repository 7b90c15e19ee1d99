-- Proper tail calls: depth, results, arguments, mutual recursion, through methods and varargs.
local function down(n, acc) if n == 0 then return acc end return down(n - 1, acc + 1) end
print(down(200000, 0))
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
print(even(100001), odd(100001))
local function grow(n, ...)
  if n == 0 then return select("#", ...), ... end
  return grow(n - 1, ...)
end
print(grow(100000, 1, nil, 3))
local object = { n = 0 }
function object:step(k)
  if k == 0 then return self.n end
  self.n = self.n + 1
  return self:step(k - 1)
end
print(object:step(100000))
local function swap(a, b, k) if k == 0 then return a, b end return swap(b, a, k - 1) end
print(swap("x", "y", 100001))
local function more(a)
  if a then return (function(...) return select("#", ...), ... end)(a, nil, a) end
end
print(more(1))
local function state_machine(input)
  local at = 0
  local states = {}
  local function go(name) at = at + 1 return states[name](input:sub(at, at)) end
  function states.a(c)
    if c == "a" then return go("a") elseif c == "b" then return go("b") end
    return "end in a at " .. at
  end
  function states.b(c)
    if c == "b" then return go("b") elseif c == "a" then return go("a") end
    return "end in b at " .. at
  end
  return go("a")
end
print(state_machine(("ab"):rep(30000)), state_machine("aab"))
local function upvalues(n)
  local function inner(k) if k == 0 then return n end return inner(k - 1) end
  return inner(n)
end
print(upvalues(50000))
print(pcall(function() return error("in a tail call", 0) end))
local function not_tail(n) if n == 0 then return 0 end return (not_tail(n - 1)) end
print(not_tail(150))
print((function() return tostring(1), 2 end)())
local callable = setmetatable({}, { __call = function(self, n)
  if n == 0 then return "called" end
  return self(n - 1)
end })
print(callable(100))
print(select("#", (function() return end)()), (function() return nil end)())
