-- load: reads only as much as it needs, whatever the pieces; the reader may do what it likes.
local function pieces(text, size)
  local from = 1
  return function()
    local piece = text:sub(from, from + size - 1)
    from = from + size
    return piece
  end
end
local text = [==[
local t = { "a\
b", [[
long --]], 'x\065\10y', 0x1F, 3.5e-1, ... } -- comment
--[=[ a long
comment ]=] return #t, t[1] .. t[2] .. t[3], t[4], t[5], t[6]
]==]
for _, size in ipairs { 1, 2, 3, 7, 50, 1000 } do print(size, load(pieces(text, size), "=t")(9)) end
-- An error ends the reading.
for _, wrong in ipairs { "*a = 123", "x = = 1", "x = 'a\nb'", "goto 1 2 3 4", "x = 1e+ 5 6 7" } do
  local calls, reader = 0, pieces(wrong, 1)
  print(load(function() calls = calls + 1 return reader() end, "=wrong"))
  print(calls < #wrong)
end
-- What the reader throws is the answer, before any error of the text.
print(pcall(load, function() error("from the reader", 0) end))
print(type(select(3, pcall(load, function() error({}) end))))
local first = "x = = "
print(pcall(load, function() local piece = first if not piece then error("later", 0) end first = nil return piece end))
print(pcall(load, function() return {} end))
print(load(function() return nil end)())
local numbers = { "return ", 1, 2, nil }
local n = 0
print(load(function() n = n + 1 return numbers[n] end)())
-- Pieces of a dumped function, and of one that is cut.
local dumped = string.dump(function(...) return select("#", ...) end)
print(load(pieces(dumped, 5))(1, 2, 3))
print(load(pieces(dumped:sub(1, -2), 5), "=cut"))
-- A reader may load, but not without end.
print(load(pieces(tostring(load(pieces("return 'return 5'", 2))()), 3))())
local function nest(depth)
  local asked
  return load(function()
    if asked then return nil end
    asked = true
    local inner, message = nest(depth + 1)
    return inner and "return 1" or error(message, 0)
  end)
end
print(select(3, pcall(nest, 1)):match("C stack overflow"))
-- Garbage collected meanwhile does not matter.
local function collecting(text)
  local reader = pieces(text, 4)
  return function() collectgarbage() local garbage = {} for i = 1, 10 do garbage[i] = { i } end return reader() end
end
print(load(collecting("local a = { 'x', y = 'z' } return a[1] .. a.y .. ('q'):rep(3)"))())
