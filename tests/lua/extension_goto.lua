-- `goto` and labels, which Lua 5.1 does not have: as in LuaJIT.

-- Out of nested loops, and to the end of a loop's body.
for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    if i == 3 then goto out end
    print(i, j)
    ::continue::
  end
end
::out::

-- Backwards.
do
  local n = 0
  ::again::
  n = n + 1
  if n < 1000 then goto again end
  print(n)
end

-- Each turn has variables of its own.
do
  local functions, i = {}, 1
  ::next::
  local captured = i
  functions[i] = function() captured = captured + 1 return captured end
  i = i + 1
  if i <= 3 then goto next end
  print(functions[1](), functions[1](), functions[2](), functions[3]())
end

-- A variable without value is nil again.
do
  local turns = 0
  ::top::
  local x
  turns = turns + 1
  if turns < 4 then
    if x ~= nil then print("kept", x) end
    x = turns
    goto top
  end
  print(turns, x)
end

-- What was captured in a block that is left stays.
do
  local get
  do
    local inner = 1
    get = function() return inner end
    inner = 2
    goto done
  end
  ::done::
  local other = "other"
  print(get(), other)
end

-- Labels at the end of a block are outside of the scope of its variables.
do
  goto skip
  local unused = 1
  ::first:: ::skip::
end

-- The innermost label of a name, though another one stands before it.
do
  local turns = 0
  ::a::
  turns = turns + 1
  do
    if turns == 1 then goto a end
    print("inner", turns)
    do goto a end
    print("not reached")
    ::a::
  end
  print("after", turns)
end

-- `repeat`: its condition sees the variables of the body.
do
  local i = 0
  repeat
    i = i + 1
    local odd = i % 2 == 1
    if odd then goto check end
    io.write(i, " ")
    ::check::
  until i >= 9
  print()
end

-- Where only a label can be reached from below.
do
  local steps = {}
  goto second
  ::first::
  steps[#steps + 1] = "first"
  goto third
  ::second::
  steps[#steps + 1] = "second"
  goto first
  ::third::
  print(table.concat(steps, " "))
end

-- A machine of states, run often.
local function collatz(n)
  local steps = 0
  ::test::
  if n == 1 then goto done end
  if n % 2 == 0 then goto even end
  n = 3 * n + 1
  steps = steps + 1
  ::even::
  n = n / 2
  steps = steps + 1
  goto test
  ::done::
  return steps
end
local longest, where = 0, 0
for i = 1, 2000 do
  local steps = collatz(i)
  if steps > longest then longest, where = steps, i end
end
print(longest, where)

-- In coroutines and through pcall.
local numbers = coroutine.wrap(function()
  local i = 0
  ::more::
  i = i + 1
  coroutine.yield(i)
  if i < 3 then goto more end
  return "end"
end)
print(numbers(), numbers(), numbers(), numbers())

-- The word is a name wherever it was one.
local goto = 2
goto = goto + 1
local t = { goto = goto, f = function(x) return x end }
function t.goto(x) return x end
print(goto, t.goto(4), t.f(goto))
do local goto = print
  goto "called"
  goto("called")
end

-- What is refused.
for _, source in ipairs {
  "goto nowhere",
  "do ::inside:: end goto inside",
  "::twice:: ::twice::",
  "::twice:: print() ::twice::",
  "goto over local x ::over:: print(x)",
  "repeat if y then goto over end local x ::over:: until x",
  "local function f() goto outside end ::outside::",
  "\n\nfor i = 1, 2 do\n goto outside\nend",
  "::a",
  "::a: :",
  "goto = 1 goto x y",
} do
  print((select(2, loadstring(source, "=t"))))
end

-- A dumped function keeps its labels.
local dumped = string.dump(function(n)
  local sum = 0
  ::more::
  sum, n = sum + n, n - 1
  if n > 0 then goto more end
  return sum
end)
print(loadstring(dumped)(100))
