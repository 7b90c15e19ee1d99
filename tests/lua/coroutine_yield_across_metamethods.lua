-- Yields inside metamethods and iterators.
local y = coroutine.yield
local t = setmetatable({}, { __add = function(a, b) return y("add") end, __index = function(_, k) return y("index " .. k) end, __newindex = function(_, k, v) y("newindex " .. k) end, __call = function(_, x) return y("call " .. x) end, __concat = function() return y("concat") end, __lt = function() return y("lt") end, __eq = function() return y("eq") end, __unm = function() return y("unm") end })
local u = setmetatable({}, getmetatable(t))
local function run(f)
  local co = coroutine.create(f)
  local out, ok, v = {}, coroutine.resume(co)
  while coroutine.status(co) ~= "dead" do
    out[#out + 1] = tostring(v)
    ok, v = coroutine.resume(co, 7)
  end
  out[#out + 1] = tostring(ok) .. " " .. tostring(v)
  print(table.concat(out, ", "))
end
run(function() return t + 1 end)
run(function() return t.name end)
run(function() t.x = 5 return "set" end)
run(function() return t(3) end)
run(function() return t .. "s" end)
run(function() return -t end)
run(function() return t < u end)
run(function() return t == u end)
run(function() return t ~= u end)
run(function() if t < u then return "taken" end end)
run(function() return t.a + t.b end)
run(function() local r = {} r[1], r[2] = t.p, t.q return r[1] + r[2] end)
run(function()
  local s = 0
  for v in function() return y("iterator") and nil end do s = s + v end
  return s
end)
run(function()
  local n = 0
  for v in function(_, c) y("step") n = n + 1 if n < 3 then return n end end do y("body " .. v) end
  return n
end)
run(function() return ("x"):rep(3) .. t.tail end)
run(function() return t.first, t.second end)
run(function() return not (t < u) end)
run(function() local a = t.outer local f = function() return t.inner + a end return f() + 1 end)
