-- string.dump and what loads its result

-- a function that captures nothing
local add = loadstring(string.dump(function(a, b) return a + b end))
print(add(1, 2), add ~= nil)

-- captured variables are new, nil, and can be set through debug
local x, y = 10, 20
local counter = loadstring(string.dump(function(step)
  x = (x or 0) + step
  return x, y
end))
print(counter(1))
print(counter(2))
print(debug.getupvalue(counter, 1), debug.getupvalue(counter, 2), debug.getupvalue(counter, 3))
print(debug.setupvalue(counter, 2, "set"), counter(3))
print(x, y)

-- methods, varargs, nested functions, recursion
local object = {base = 100}
function object.part(...) return select("#", ...), ... end
function object:method(n) return self.base + n end
print(loadstring(string.dump(object.part))(nil, 2, nil))
print(loadstring(string.dump(object.method))({base = 5}, 6))
local function nest(n)
  local function inner() n = n + 1; return n end
  return inner
end
local made = loadstring(string.dump(nest))(41)
print(made(), made())
local function fact(n) if n < 2 then return 1 end return n * fact(n - 1) end
local lost = loadstring(string.dump(fact))
print(lost(1), pcall(lost, 2))
print(debug.setupvalue(lost, 1, lost), lost(10))

-- a whole chunk; dumping what was loaded from a dump
local chunk = assert(loadstring("local a, b = ... ; return a, b, ...", "=named"))
local again = loadstring(string.dump(loadstring(string.dump(chunk))))
print(again(1, 2, 3))

-- environment, name and lines
local where = string.dump(loadstring("\n\nreturn function()\n\n  error('here')\nend", "=source")())
setfenv(0, _G)
print(pcall(loadstring(where, "=ignored")))
print(debug.getinfo(loadstring(where), "S").linedefined, debug.getinfo(loadstring(where), "S").short_src)
print(getfenv(loadstring(where)) == _G)

-- text within
local odd = loadstring(string.dump(function() return "end", [[
function ( end]], --[[ end ]] 'a\0b' end))
print(odd())

-- the result is a string that begins with the mark of compiled chunks, and can be read in pieces
local bytes = string.dump(add)
print(bytes:sub(1, 4) == "\27Lua", type(bytes))
local position = 0
print(load(function() position = position + 1; return bytes:sub(position, position) ~= "" and bytes:sub(position, position) or nil end)(3, 4))

-- what cannot be dumped or loaded
print(pcall(string.dump, print))
print(pcall(string.dump))
print(pcall(string.dump, {}))
print(loadstring("\27Lua"))
print(loadstring("\27", "=x"))
print(loadstring(bytes:sub(1, 3) .. "x"))

-- in a file, behind a first line that is a comment
local path = os.tmpname()
local file = io.open(path, "wb")
file:write("# a comment\n", bytes)
file:close()
print(loadfile(path)(5, 6))
os.remove(path)
