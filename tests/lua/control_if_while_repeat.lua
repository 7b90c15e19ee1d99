-- if, while, repeat, break, and conditions with side effects.
local function classify(n)
  if n < 0 then return "negative"
  elseif n == 0 then return "zero"
  elseif n < 10 then return "small"
  else return "large" end
end
print(classify(-1), classify(0), classify(5), classify(50))
local i = 0
while i < 3 do i = i + 1 io.write(i, " ") end print()
while true do i = i + 1 if i > 6 then break end io.write(i, " ") end print()
while false do print("never") end
while nil do print("never") end
repeat i = i - 1 until i <= 0
print(i)
repeat local done = true until done
repeat break until false
for a = 1, 3 do
  for b = 1, 3 do
    if b == 2 then break end
    io.write(a, ":", b, " ")
  end
end
print()
local calls = 0
local function count(v) calls = calls + 1 return v end
if count(false) or count(nil) then print("no") elseif count(0) then print("zero is true") end
print(calls)
if nil then elseif false then else print("else") end
if not nil and not false then print("not") end
local n = 0
repeat
  local k = n
  n = n + 1
  local stop = k >= 3
until stop
print(n)
local fs = {}
repeat
  local captured = #fs
  fs[#fs + 1] = function() return captured end
until captured == 2
print(fs[1](), fs[2](), fs[3]())
do break_me = 1 end
print((function() while true do return "from loop" end end)())
print((function() for i = 1, 10 do if i == 4 then return i, "four" end end end)())
