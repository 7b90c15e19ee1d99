-- not under gc stress: each collection walks the whole deep stack. Deep recursion that is not a tail call, and stack overflow as a catchable error.
local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
print(depth(10), depth(1000), depth(15000))
local function sum(t, i) i = i or 1 if i > #t then return 0 end return t[i] + sum(t, i + 1) end
local t = {} for i = 1, 5000 do t[i] = i end
print(sum(t))
local function forever(n) return 1 + forever(n + 1) end
local ok, message = pcall(forever, 1)
print(ok, (message:match("stack overflow")))
local function again() local x = again() return x end
for i = 1, 3 do
  local ok, message = pcall(again)
  print(i, ok, type(message), message:find("stack overflow", 1, true) ~= nil)
end
local co = coroutine.create(function() return forever(1) end)
local ok, message = coroutine.resume(co)
print(ok, (message:match("stack overflow")), coroutine.status(co))
local function nested(n)
  if n == 0 then error("bottom", 0) end
  local ok, e = pcall(nested, n - 1)
  error(e, 0)
end
print(pcall(nested, 100))
local proxy = setmetatable({}, { __index = function(t, k)
  if k == 0 then return "done" end
  return t[k - 1]
end })
print(proxy[100])
print(depth(3000) + depth(2000))
