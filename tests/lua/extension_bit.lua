-- The library `bit`, as in LuaJIT.

local bit = require "bit"
assert(bit == _G.bit and bit == package.loaded.bit)

print(bit.tobit(0), bit.tobit(0xffffffff), bit.tobit(0x80000000), bit.tobit(0x1234567890), bit.tobit(-1.5), bit.tobit("0x10"))
-- Numbers are rounded to even, and wrap.
print(bit.tobit(0.5), bit.tobit(1.5), bit.tobit(2.5), bit.tobit(-0.5), bit.tobit(2^31), bit.tobit(2^32 + 5), bit.tobit(-2^31 - 1))
print(bit.bnot(0), bit.bnot(-1), bit.bnot(0x12345678))
print(bit.band(0x12345678, 0xff), bit.band(7), bit.band(15, 6, 3), bit.bor(1, 2, 4, 8), bit.bor(0), bit.bxor(0xa5a5f0f0, 0xaa55ff00))
print(bit.lshift(1, 0), bit.lshift(1, 31), bit.lshift(1, 32), bit.lshift(1, 33), bit.lshift(0x87654321, 12), bit.lshift(1, -1))
print(bit.rshift(256, 8), bit.rshift(-256, 8), bit.rshift(-1, 31), bit.arshift(256, 8), bit.arshift(-256, 8), bit.arshift(-1, 31))
print(bit.rol(0x12345678, 12), bit.ror(0x12345678, 12), bit.rol(1, 32), bit.ror(1, 1))
print(bit.bswap(0x12345678), bit.bswap(0x78563412), bit.bswap(0x80))
print(bit.tohex(1), bit.tohex(-1), bit.tohex(-1, 4), bit.tohex(0xffffffff, -8), bit.tohex(0x21, 4), bit.tohex(0x87654321, 4))
print(bit.tohex(255, 1), bit.tohex(255, 0) == "", bit.tohex(255, 20), bit.tohex(171, -2), bit.tohex(171, -30))

for _, call in ipairs {
  function() local x = bit.tobit() end,
  function() local x = bit.band("x") end,
  function() local x = bit.bor(1, {}) end,
  function() local x = bit.lshift(1) end,
  function() local x = bit.tohex(1, "z") end,
} do
  print(select(2, pcall(call)))
end

-- A hash that needs all of 32 bits.
local hash = 0
for byte in ("the quick brown fox"):gmatch(".") do
  hash = bit.bxor(bit.rol(hash, 5), byte:byte())
end
print(hash, bit.tohex(hash))

-- Tables with room, and without entries.
print(table.new, table.clear)
local new, clear = require "table.new", require "table.clear"
print(table.new == new, table.clear == clear)
local t = new(10, 4)
print(next(t), #t)
for i = 1, 20 do t[i] = i end
t.x, t.y, t[2.5], t[t], t[true] = 1, 2, 3, 4, 5
clear(t)
print(next(t), #t, t.x, t[1], t[t])
t.x, t[1] = "x", "one"
print(t.x, t[1], #t)
local object = setmetatable({ a = 1 }, { __index = { a = "inherited" } })
clear(object)
print(object.a, rawget(object, "a"))
local class = { method = function() return "own" end }
class.__index = class
local instance = setmetatable({}, class)
print(instance.method())
clear(class)
print(pcall(function() return instance.method end))
print(pcall(clear, 1))
print(pcall(new, "x", 1))
print(pcall(new, 2 ^ 40, 2 ^ 40))
