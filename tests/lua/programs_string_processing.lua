-- Text programs: word counts, CSV, templates, Caesar, run lengths, wrapping, parsing expressions, serialising.
local text = "the cat sat on the mat the end"
local counts, words = {}, {}
for w in text:gmatch("%a+") do
  if not counts[w] then words[#words + 1] = w end
  counts[w] = (counts[w] or 0) + 1
end
table.sort(words, function(a, b)
  if counts[a] ~= counts[b] then return counts[a] > counts[b] end
  return a < b
end)
for i = 1, 3 do io.write(words[i], "=", counts[words[i]], " ") end
print()
local function csv(line)
  local out, at = {}, 1
  while true do
    if line:sub(at, at) == '"' then
      local text, stop = "", at
      repeat
        local s, e, body = line:find('^"(.-)"', stop)
        text = text .. (stop > at and '"' or "") .. body
        stop = e + 1
      until line:sub(stop, stop) ~= '"'
      out[#out + 1] = text
      at = stop + 1
      if stop > #line then break end
    else
      local comma = line:find(",", at, true)
      if not comma then out[#out + 1] = line:sub(at) break end
      out[#out + 1] = line:sub(at, comma - 1)
      at = comma + 1
    end
  end
  return out
end
print(table.concat(csv('a,"b, c",,"say ""hi""",end'), "|"))
print((("Hello $name, you are ${age} years"):gsub("%$(%b{})", function(k) return ({ age = 42 })[k:sub(2, -2)] end):gsub("%$(%w+)", { name = "World" })))
local function caesar(s, k)
  return (s:gsub("%a", function(c)
    local base = c:match("%l") and 97 or 65
    return string.char((c:byte() - base + k) % 26 + base)
  end))
end
print(caesar("Hello, World!", 3), caesar(caesar("Hello, World!", 3), -3))
local function rle(s) return (s:gsub("(.)%1*", function(c) return c end)) end
print(#rle("aaabbc"))
local function wrap(s, w)
  local lines, line = {}, ""
  for word in s:gmatch("%S+") do
    if #line + #word + 1 > w and line ~= "" then
      lines[#lines + 1] = line
      line = word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end
print(wrap("the quick brown fox jumps over the lazy dog again and again", 16))
local function calc(s)
  local at = 1
  local expr
  local function peek() at = s:find("%S", at) or #s + 1 return s:sub(at, at) end
  local function num()
    if peek() == "(" then
      at = at + 1
      local v = expr()
      peek()
      at = at + 1
      return v
    elseif peek() == "-" then
      at = at + 1
      return -num()
    end
    local n = s:match("^%d+%.?%d*", at)
    at = at + #n
    return tonumber(n)
  end
  local function pow()
    local b = num()
    if peek() == "^" then at = at + 1 return b ^ pow() end
    return b
  end
  local function term()
    local v = pow()
    while true do
      local o = peek()
      if o == "*" then
        at = at + 1
        v = v * pow()
      elseif o == "/" then
        at = at + 1
        v = v / pow()
      else
        return v
      end
    end
  end
  function expr()
    local v = term()
    while true do
      local o = peek()
      if o == "+" then
        at = at + 1
        v = v + term()
      elseif o == "-" then
        at = at + 1
        v = v - term()
      else
        return v
      end
    end
  end
  return expr()
end
print(calc("1 + 2 * 3"), calc("(1+2)*3 - 4/2"), calc("2^3^2"), calc("-(2 + 3) * -2"), calc("10 / 4 - 0.5"))
local function ser(v, ind)
  ind = ind or ""
  if type(v) == "table" then
    local keys = {}
    for k in pairs(v) do keys[#keys + 1] = k end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    local o = {}
    for _, k in ipairs(keys) do
      o[#o + 1] = ind .. "  [" .. (type(k) == "string" and ("%q"):format(k) or tostring(k)) .. "] = " .. ser(v[k], ind .. "  ")
    end
    return "{\n" .. table.concat(o, ",\n") .. "\n" .. ind .. "}"
  end
  return type(v) == "string" and ("%q"):format(v) or tostring(v)
end
local s = ser { 1, "two", { x = true, y = { 3.5 } }, k = "a\"b\n" }
print(s)
local back = loadstring("return " .. s)()
print(back[2], back[3].y[1], back.k)
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local function unhex(s)
  return (s:gsub("%x%x", function(h) return string.char(tonumber(h, 16)) end))
end
print(hex("Lua\0\255"), unhex(hex("round trip")))
print(("www.example.com/a%20b?x=1&y=%41"):gsub("%%(%x%x)", function(h) return string.char(tonumber(h, 16)) end))
local q = {}
for k, v in ("x=1&y=2&x=3"):gmatch("(%w+)=(%w+)") do q[k] = (q[k] and q[k] .. "," or "") .. v end
print(q.x, q.y)
local function split(s, sep)
  local o = {}
  for p in (s .. sep):gmatch("(.-)" .. sep:gsub("%p", "%%%0")) do o[#o + 1] = p end
  return o
end
print(#split("a.b..c", "."), table.concat(split("a.b..c", "."), "|"), #split("", ","))
local function palin(s) s = s:lower():gsub("%W", "") return s == s:reverse() end
print(palin("A man, a plan, a canal: Panama"), palin("no"))
print(("%-10s|%10s|"):format("left", "right"), ("x"):rep(3, "unused"), ("title case words"):gsub("(%a)(%w*)", function(a, b) return a:upper() .. b end))
local cols = { { "a", 1 }, { "bbb", 22 } }
for _, r in ipairs(cols) do print(("%-5s%5d"):format(r[1], r[2])) end
