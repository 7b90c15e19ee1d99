-- Large and deeply nested programs.
local n = 3000
local t = {}
for i = 1, n do t[i] = "'" .. i .. "'" end
print(#loadstring("return {" .. table.concat(t, ",") .. "}")())
for i = 1, n do t[i] = "k" .. i .. "=" .. i end
local r = loadstring("return {" .. table.concat(t, ";") .. "}")()
print(r.k1, r.k1500, r.k3000)
for i = 1, n do t[i] = "x" .. i .. " = " .. i + 0.5 end
loadstring(table.concat(t, "\n"))()
print(x1, x3000)
local s = {}
for i = 1, 180 do s[i] = "local a" .. i .. "=" .. i end
s[181] = "return a1 + a180"
print(loadstring(table.concat(s, " "))())
local c = {}
for i = 1, 190 do c[i] = '"' .. i .. '"' end
print(#loadstring("return " .. table.concat(c, ".."))())
c = {} for i = 1, 1000 do c[i] = i end print(loadstring("return " .. table.concat(c, "+"))())
print(loadstring("return " .. ("("):rep(150) .. "7" .. (")"):rep(150))())
print(loadstring(("do "):rep(150) .. "deep_global = 'deep' " .. ("end "):rep(150))() == nil and deep_global)
print(type(loadstring("return " .. ("{"):rep(150) .. ("}"):rep(150))()))
local f = loadstring("return " .. ("function() return "):rep(60) .. "'inner'" .. (" end"):rep(60))()
for i = 1, 59 do f = f() end
print(f())
local e = { "local x = ... if x == 0 then return 0" }
for i = 1, 500 do e[#e + 1] = ("elseif x == %d then return %d"):format(i, i * 2) end
e[#e + 1] = "end"
local pick = loadstring(table.concat(e, "\n"))
print(pick(0), pick(1), pick(500), pick(501))
local body = {}
for i = 1, 4000 do body[i] = "s = s + i" end
local long = loadstring("local s = 0 for i = 1, 3 do " .. table.concat(body, " ") .. " end return s")
print(long())
local while_long = loadstring("local s, i = 0, 0 while i < 3 do i = i + 1 " .. table.concat(body, " ") .. " end return s")
print(while_long())
local args = {}
for i = 1, 200 do args[i] = i end
print(select("#", loadstring("return " .. table.concat(args, ","))()))
print((loadstring("local function f(...) return select('#', ...) end return f(" .. table.concat(args, ",") .. ")")()))
local ups = {}
for i = 1, 60 do ups[i] = "u" .. i end
local decl = "local " .. table.concat(ups, ",") .. " = 1 "
print(loadstring(decl .. "return function() return " .. table.concat(ups, ",") .. " end")()())
print((select(2, loadstring("local a1" .. (function()
  local o = {}
  for i = 2, 61 do o[#o + 1] = ",a" .. i end
  return table.concat(o)
end)() .. " return function() return a1" .. (function()
  local o = {}
  for i = 2, 61 do o[#o + 1] = ",a" .. i end
  return table.concat(o)
end)() .. " end", "=u"))))
local ors = {}
for i = 1, 300 do ors[i] = "false" end
ors[301] = "'last'"
print(loadstring("return " .. table.concat(ors, " or "))())
local big = ("x"):rep(100000)
print(#loadstring("return '" .. big .. "'")(), #loadstring("return [[" .. big .. "]]")(), loadstring("-- " .. big .. "\nreturn 1")())
print(loadstring("return " .. ("not "):rep(101) .. "nil")())
