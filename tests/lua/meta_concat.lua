-- __concat: order, associativity to the right, numbers and strings as partners.
local mt = { __concat = function(a, b)
  local function name(v) return type(v) == "table" and "<" .. v.n .. ">" or tostring(v) end
  return name(a) .. "|" .. name(b)
end }
local function c(n) return setmetatable({ n = n }, mt) end
print(c("a") .. c("b"))
print(c("a") .. "x")
print("x" .. c("a"))
print(1 .. c("a"))
print(c("a") .. 2)
print("x" .. "y" .. c("a"))
print(c("a") .. "x" .. "y")
print("p" .. c("a") .. "q")
print("1" .. 2 .. c("z") .. 3 .. "4")
print(nil .. c("a")) print(c("a") .. nil) print(c("a") .. true) print({ n = "plain" } .. c("m"))
local log = {}
local L = { __concat = function(a, b)
  log[#log + 1] = (type(a) == "table" and a.n or a) .. "+" .. (type(b) == "table" and b.n or b)
  return setmetatable({ n = "r" .. #log }, getmetatable(type(a) == "table" and a or b))
end }
local function l(n) return setmetatable({ n = n }, L) end
local r = l("a") .. "b" .. "c" .. l("d") .. "e"
print(r.n, table.concat(log, " "))
print(pcall(function() return {} .. "x" end))
print(pcall(function() return "x" .. {} end))
print(pcall(function() local u return "x" .. u end))
print(pcall(function() local t = {} return t.name .. "x" end))
local list = setmetatable({}, { __concat = function(a, b)
  local out = {}
  for _, v in ipairs(a) do out[#out + 1] = v end
  for _, v in ipairs(b) do out[#out + 1] = v end
  return out
end })
local joined = list .. { 1, 2 }
print(#joined, table.concat(joined, ","))
print(pcall(table.concat, { c("a") }))
local s = "" for i = 1, 5 do s = s .. i .. (i < 5 and "," or "") end print(s)
