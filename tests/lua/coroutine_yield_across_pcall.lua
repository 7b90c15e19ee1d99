-- Yields across pcall and xpcall, as resumable virtual machines allow them.
local co = coroutine.wrap(function()
  local ok, v = pcall(function() local x = coroutine.yield("in pcall") return x * 2 end)
  coroutine.yield(ok, v)
  return "end"
end)
print(co()) print(co(21)) print(co())
co = coroutine.wrap(function()
  return pcall(function() coroutine.yield(1) error("after yield", 0) end)
end)
print(co())
print(co())
co = coroutine.wrap(function()
  return pcall(pcall, function() coroutine.yield("two levels") error("deep", 0) end)
end)
print(co())
print(co())
co = coroutine.wrap(function()
  local r = {}
  for i = 1, 3 do
    r[#r + 1] = tostring(select(2, pcall(function()
      local v = coroutine.yield(i)
      if v == "bad" then error("e" .. i, 0) end
      return v
    end)))
  end
  return table.concat(r, " ")
end)
print(co(), co("a"), co("bad"), co("c"))
co = coroutine.wrap(function()
  return xpcall(function() coroutine.yield("x") error("handled", 0) end, function(m) return "<" .. m .. ">" end)
end)
print(co())
print(co())
co = coroutine.create(function() pcall(function() coroutine.yield() end) error("outside", 0) end)
print(coroutine.resume(co))
print(coroutine.resume(co))
print(coroutine.status(co))
local function try(f) local ok, e = pcall(f) if not ok then coroutine.yield("caught " .. e) end end
co = coroutine.wrap(function()
  try(function() error("1", 0) end)
  try(function() coroutine.yield("mid") error("2", 0) end)
  return "done"
end)
print(co(), co(), co(), co())
local function depth(n)
  if n == 0 then return coroutine.yield("bottom") end
  local ok, v = pcall(depth, n - 1)
  return v + 1
end
co = coroutine.wrap(depth)
print(co(50))
print(co(0))
