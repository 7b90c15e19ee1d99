-- Metamethods of every kind: index functions and chains, newindex, call, arithmetic, comparison, concat, proxies.
-- quick: 100

local n = tonumber(arg and arg[1]) or 600000

local Complex = {}
Complex.__index = Complex
local function complex(re, im) return setmetatable({ re = re, im = im }, Complex) end
Complex.__add = function(a, b) return complex(a.re + b.re, a.im + b.im) end
Complex.__sub = function(a, b) return complex(a.re - b.re, a.im - b.im) end
Complex.__mul = function(a, b)
  if type(a) == "number" then return complex(a * b.re, a * b.im) end
  return complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)
end
Complex.__unm = function(a) return complex(-a.re, -a.im) end
Complex.__eq = function(a, b) return a.re == b.re and a.im == b.im end
Complex.__lt = function(a, b) return a.re < b.re or a.re == b.re and a.im < b.im end
Complex.__le = function(a, b) return not (b < a) end
Complex.__concat = function(a, b) return tostring(a) .. tostring(b) end
Complex.__tostring = function(a) return string.format("(%g,%g)", a.re, a.im) end
Complex.__call = function(self, scale) return scale * self end

local z, c, less = complex(0, 0), complex(-0.4, 0.2), 0
for i = 1, n do
  z = z * z + c
  if z < c then less = less + 1 end
  if z <= c and z ~= c then less = less + 2 end
  if i % 50 == 0 then z = z(0.5) end
end
print("complex", less, string.format("%.9f %.9f", z.re, z.im), complex(1, 2) .. -complex(3, 4))

local function counted_proxy(target)
  local reads, writes = 0, 0
  local proxy = setmetatable({}, {
    __index = function(_, key)
      reads = reads + 1
      return target[key]
    end,
    __newindex = function(_, key, value)
      writes = writes + 1
      target[key] = value
    end,
  })
  return proxy, function() return reads, writes end
end
local proxy, counts = counted_proxy { total = 0 }
for i = 1, n do
  proxy.total = proxy.total + i
  proxy[i % 10] = i
end
print("proxy", proxy.total, proxy[3], counts())

local chain = setmetatable({}, { __index = function(_, key) return #key end })
for level = 1, 8 do chain = setmetatable({ ["level" .. level] = level }, { __index = chain }) end
local sum = 0
for _ = 1, n do sum = sum + chain.level1 + chain.level8 + chain.missing end
print("chain", sum)

local defaults = setmetatable({}, { __index = function(t, key)
  local value = key * 2
  rawset(t, key, value)
  return value
end })
sum = 0
for i = 1, n * 2 do sum = sum + defaults[i % 1000] end
print("defaults", sum)

local Account = {}
Account.__index = Account
local Savings = setmetatable({}, { __index = Account })
Savings.__index = Savings
function Account:deposit(amount) self.balance = self.balance + amount return self end
function Account:get() return self.balance end
function Savings:interest() return self:deposit(self:get() % 100 / 10) end
local account = setmetatable({ balance = 0 }, Savings)
for i = 1, n do account:deposit(i % 7):interest() end
print("inherited", string.format("%.4f", account:get()))
