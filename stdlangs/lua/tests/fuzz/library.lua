-- Calls functions of the libraries with arguments at random. Nothing that they are given may crash or hang them.
--
--     dglua library.lua SEED CALLS      prints each call and what came of it
--
-- Nothing that is printed depends on addresses, on the order of traversals or on the time, so that the output of
-- `lua5.1 library.lua SEED CALLS` can be compared.

local seed, calls, show = ...
seed, calls, show = tonumber(seed) or 1, tonumber(calls) or 1000, show or function(line) print(line) end

-- Chance: the same in every VM.

local state = seed % 2147483647
if state <= 0 then state = state + 2147483646 end

local function below(n)
  state = state * 16807 % 2147483647
  return state % n
end

local function pick(list) return list[below(#list) + 1] end

-- What is called: all functions of the libraries, except those that end the process, wait for input, reach files and other
-- processes, or answer what differs from run to run.

local excluded = {}
for name in ([[
  os.exit os.execute os.remove os.rename os.tmpname os.getenv os.clock os.time os.date os.setlocale os.difftime
  io.popen io.open io.lines io.read io.input io.output io.close io.tmpfile io.write io.stdin io.stdout io.stderr
  debug.debug debug.sethook debug.getregistry debug.setlocal debug.setupvalue debug.setmetatable debug.setfenv
  debug.traceback debug.getinfo debug.getlocal debug.gethook
  math.random math.randomseed dofile loadfile print collectgarbage gcinfo require module package.loadlib package.seeall
  next pairs ipairs newproxy setfenv getfenv table.foreach coroutine.running coroutine.wrap coroutine.yield
]]):gmatch("%S+") do excluded[name] = true end

local functions, names = {}, {}
local function add(name, value)
  if type(value) == "function" and not excluded[name] then functions[name] = value; names[#names + 1] = name end
end
for _, library in ipairs { "coroutine", "debug", "math", "os", "package", "string", "table", "io" } do
  for name, value in pairs(_G[library] or {}) do add(library .. "." .. name, value) end
end
for name, value in pairs(_G) do add(name, value) end
functions["string.dump"], functions["table.new"], functions["table.clear"] = nil, nil, nil
for index = #names, 1, -1 do
  if not functions[names[index]] then table.remove(names, index) end
end
table.sort(names)

-- Arguments.

local numbers = {
  0, 1, 2, 3, 5, 7, 10, 16, 36, 100, 255, 256, 1000, -1, -2, -3, -100, 0.5, -0.5, 1.5, 2.75, 1e15, 1e16, 1e100, -1e100,
  2 ^ 31, 2 ^ 31 - 1, -2 ^ 31, -2 ^ 31 - 1, 2 ^ 32, 2 ^ 52, 2 ^ 53, 2 ^ 63, -2 ^ 63, 2 ^ 64, 1e308, 5e-324, 1 / 0, -1 / 0, 0 / 0,
}
local pieces = {
  "", "a", "b", "ab", "abc", "hello world", " ", "\t\n", "\0", "a\0b", "%", "%%", "%d", "%s", "%5.2f", "%q", "%-5s|", "%x", "%c", "%i",
  "%g", "%e", "%05d", "%+d", "%.3s", "%99d", "%100d", "%.20f", "%#x", "%u", "%o", "%y", ".", ".*", ".-", ".+", ".?", "^", "$", "^a", "a$", "%a+",
  "%w*", "[", "]", "[a]", "[^a]", "[a-z]+", "[]]", "[]-a]", "[%a_]", "(", ")", "()", "(a)", "(a*)", "(.)", "((a)(b))", "%1", "%2", "%b()",
  "%bxy", "%b", "%f[%a]", "%f", "%f[", "%z", "x", "xyz", "10", "0x10", "1e5", " 12 ", "1e", "-0", "inf", "nan", "z", "\255", "\r\n",
  "return 1", "return ...", "x = ", "local a <", "for", "'", "[[", "--", "#", "@", "=", "*t", "*a", "count", "k", "v", "kv", "nil", ";",
}

local depth = 0
local value

local function text()
  local count, parts = below(4), {}
  for i = 1, count do parts[i] = pick(pieces) end
  return table.concat(parts)
end

local function plain_table()
  local t = {}
  for i = 1, below(6) do t[i] = value() end
  if below(4) == 0 then t.x = value() end
  return t
end

local events = {
  "__index", "__newindex", "__call", "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__unm", "__concat", "__len", "__eq", "__lt", "__le",
  "__tostring", "__metatable", "__mode",
}
local function table_with_metatable()
  local metatable = {}
  for i = 1, below(4) + 1 do metatable[pick(events)] = value() end
  local t = plain_table()
  pcall(setmetatable, t, metatable)
  return t
end

local callables = {
  function(...) return ... end,
  function() end,
  function() return true end,
  function() error("thrown") end,
  function() error({}) end,
  function(x, y) return x < y end,
  function(x, y) return type(x) < type(y) end,
  function(x) return x .. x end,
  function(...) return coroutine.yield(...) end,
  function() return "" end,
  function() return nil, 1 end,
  function(...) return select("#", ...) end,
  function(t) for i = 1, 4 do t[i] = nil end return t end,
  string.upper, tostring, pcall, type, rawget, math.floor, coroutine.yield, table.concat, select,
}

local makers = {
  function() return nil end,
  function() return below(2) == 0 end,
  function() return pick(numbers) end,
  function() return below(20) - 5 end,
  function() return pick(pieces) end,
  text,
  plain_table,
  table_with_metatable,
  function() return pick(callables) end,
  function() return coroutine.create(callables[below(13) + 1]) end,
  function() return newproxy(below(2) == 0) end,
}

function value()
  if depth > 2 then return pick(numbers) end
  depth = depth + 1
  local made = pick(makers)()
  depth = depth - 1
  return made
end

-- What functions most likely expect, a letter per argument: strings, numbers, small numbers, tables, functions, any.
local likely = {
  ["string.find"] = "ssnb", ["string.match"] = "ssn", ["string.gmatch"] = "ss", ["string.gsub"] = "ssan", ["string.rep"] = "si",
  ["string.format"] = "saaa", ["string.sub"] = "snn", ["string.byte"] = "snn", ["string.char"] = "iii", ["string.reverse"] = "s",
  ["table.concat"] = "tsii", ["table.insert"] = "tia", ["table.remove"] = "ti", ["table.sort"] = "tf", ["table.maxn"] = "t",
  ["table.foreachi"] = "tf", ["table.getn"] = "t", ["table.setn"] = "tn", unpack = "tii", select = "iaaa", tonumber = "si",
  pcall = "faa", xpcall = "ff", loadstring = "ss", load = "fs", rawget = "ta", rawset = "taa", setmetatable = "tt", error = "ai",
  ["coroutine.resume"] = "caa", ["coroutine.status"] = "c", ["coroutine.create"] = "f", ["io.type"] = "a", assert = "aa",
}
local kinds = {
  s = text, n = function() return pick(numbers) end, i = function() return below(12) - 3 end, t = plain_table,
  f = function() return pick(callables) end, a = value, b = function() return below(2) == 0 end,
  c = function() return coroutine.create(callables[below(13) + 1]) end,
}

local function arguments(name)
  local list, count = {}, 0
  local letters = likely[name]
  if letters and below(4) > 0 then
    count = below(#letters + 1)
    if below(2) == 0 then count = #letters end
    for i = 1, count do
      local kind = letters:sub(i, i)
      if below(12) == 0 then list[i] = value() else list[i] = kinds[kind]() end
    end
  else
    count = below(5)
    for i = 1, count do list[i] = value() end
  end
  -- So that nothing takes all memory or for ever.
  if name == "string.rep" and type(list[2]) == "number" and not (list[2] < 1000) then list[2] = 1000 end
  if name == "unpack" or name == "table.concat" then
    for i = 2, 4 do if type(list[i]) == "number" and math.abs(list[i]) > 1000 then list[i] = i end end
  end
  if name == "table.insert" and type(list[2]) == "number" and math.abs(list[2]) > 1000 then list[2] = 2 end
  if name == "load" and type(list[1]) == "function" then
    local reader, left = list[1], 5
    list[1] = function(...)
      left = left - 1
      if left > 0 then return reader(...) end
    end
  end
  if name == "table.concat" and type(list[4]) == "string" then list[4] = nil end
  return list, count
end

-- What is shown of values.

local function describe(x)
  local kind = type(x)
  if kind == "string" then
    local shown = (#x > 60 and x:sub(1, 60) or x):gsub("0x%x+", "ADDRESS")
    return ("%q"):format(shown):gsub("\n", "n")
  end
  if kind == "number" then
    if x ~= x then return "nan" end
    if x == 0 then return "0" end
    return ("%.14g"):format(x)
  end
  if kind == "nil" or kind == "boolean" then return tostring(x) end
  if kind == "table" then
    local parts = {}
    for i = 1, 6 do
      local element = rawget(x, i)
      parts[i] = type(element) == "table" and "table" or describe(element)
    end
    return "{" .. table.concat(parts, " ") .. "}"
  end
  return kind
end

local function describe_all(count, ...)
  local parts = {}
  for i = 1, count do parts[i] = describe((select(i, ...))) end
  return table.concat(parts, ", ")
end

local function outcome(...) return describe_all(select("#", ...), ...) end

for call = 1, calls do
  local name = pick(names)
  local list, count = arguments(name)
  local shown = describe_all(count, unpack(list, 1, count))
  local body = coroutine.create(function()
    return outcome(pcall(functions[name], unpack(list, 1, count)))
  end)
  local _, result = coroutine.resume(body)
  -- PUC Lua refuses some yields that we allow.
  if coroutine.status(body) == "suspended" or result:find("attempt to yield across", 1, true) then result = "yields" end
  show(call .. " " .. name .. "(" .. shown .. ") -> " .. tostring(result):gsub("0x%x+", "ADDRESS"))
end
